"use strict";
// The page is complete without this: it adds a search, a choice of team, and sorting.
(() => {
  const tools = document.querySelector(".tools");
  const tables = [...document.querySelectorAll("table.cards")];
  const roles = { TABLE: "table", THEAD: "rowgroup", TBODY: "rowgroup", TR: "row", TD: "cell" };

  function valueOf(row, column) {
    const cell = row.cells[column];
    return cell.dataset.v ?? cell.textContent.trim();
  }

  function compare(one, other, direction) {
    const numbers = [Number(one), Number(other)];
    // What is not known is below everything, in both directions.
    if (one === "" || other === "") return (one === "") - (other === "");
    if (!numbers.some(Number.isNaN)) return direction * (numbers[0] - numbers[1]);
    return direction * (one < other ? -1 : Number(one > other));
  }

  function sort(table, header) {
    const descending = header.getAttribute("aria-sort") === "ascending";
    const column = header.cellIndex;
    const rows = [...table.tBodies[0].rows].map((row) => [valueOf(row, column), row]);
    rows.sort((one, other) => compare(one[0], other[0], descending ? -1 : 1));
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", descending ? "descending" : "ascending");
    table.tBodies[0].append(...rows.map((pair) => pair[1]));
  }

  for (const table of tables) {
    // Cells that a style shows as blocks are no longer cells to every screen reader.
    for (const part of [table, ...table.querySelectorAll("thead, tbody, tr, td")]) {
      part.setAttribute("role", roles[part.tagName]);
    }
    for (const header of table.tHead.rows[0].cells) {
      header.setAttribute("role", "columnheader");
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      button.addEventListener("click", () => sort(table, header));
      header.append(button);
    }
    for (const header of table.querySelectorAll("tbody th")) {
      header.setAttribute("role", "rowheader");
    }
  }

  if (!tools) return;
  const search = tools.querySelector("input");
  const team = tools.querySelector("select");
  const count = tools.querySelector("output");
  const rows = [...document.querySelector("#repository-table").tBodies[0].rows];
  const texts = rows.map((row) => row.textContent.toLowerCase());

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, number) => {
      const fits = words.every((word) => texts[number].includes(word));
      row.hidden = !fits || (team.value !== "" && row.dataset.team !== team.value);
      shown += Number(!row.hidden);
    });
    count.textContent = `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")}`;
  }

  search.addEventListener("input", filter);
  team.addEventListener("change", filter);
  tools.hidden = false;
  filter();
})();
