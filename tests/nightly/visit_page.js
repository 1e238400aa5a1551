"use strict";
// Visits a page as test_report_in_browser.py asks for, and prints what it sees as JSON.
const { chromium } = require("playwright-core");

const [executablePath, file, folder] = process.argv.slice(2);
const args = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];
const DESKTOP = { width: 1280, height: 900 };
const VISITS = {
  desktop: { viewport: DESKTOP },
  dark: { viewport: DESKTOP, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 } },
  "without scripts": { viewport: DESKTOP, javaScriptEnabled: false },
  printed: { viewport: { width: 690, height: 1000 } },
};

// In the page.
function look() {
  const numbers = (colour) => colour.match(/[\d.]+/g).slice(0, 3).map(Number);
  const light = (colour) => {
    const [r, g, b] = numbers(colour).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = getComputedStyle(document.body).backgroundColor;
  const contrasts = [...document.querySelectorAll("p, td, th, small, a, dt, dd, li, .unknown, summary")]
    .map((item) => light(getComputedStyle(item).color))
    .map((one) => [one, light(background)].sort((a, b) => b - a))
    .map(([high, low]) => (high + 0.05) / (low + 0.05));
  return {
    background,
    contrast: Math.min(...contrasts),
    width: document.documentElement.scrollWidth,
    screen: innerWidth,
    images: document.querySelectorAll("img").length,
    rows: document.querySelectorAll("#repository-table tbody tr:not([hidden])").length,
    tools: !document.querySelector(".tools").hidden,
    count: document.querySelector(".tools output").textContent,
    teams: [...document.querySelectorAll(".tools option")].map((item) => item.value),
  };
}

async function use(page, seen) {
  const shown = async () => {
    const { rows, count } = await page.evaluate(look);
    return [rows, count];
  };
  await page.getByRole("searchbox", { name: "Search" }).fill("DATA immut");
  seen.firstSearch = await shown();
  await page.getByRole("searchbox", { name: "Search" }).fill("search");
  seen.searched = await shown();
  await page.getByRole("searchbox", { name: "Search" }).fill("");
  const hostile = seen.teams.find((name) => name.includes("script"));
  await page.getByRole("combobox", { name: "Team" }).selectOption(hostile);
  seen.team = await shown();
  await page.getByRole("combobox", { name: "Team" }).selectOption("");
  const values = () => page.$$eval("#repository-table td:nth-child(3)", (cells) =>
    cells.map((cell) => (cell.dataset.v === "" ? null : Number(cell.dataset.v))));
  const button = page.locator("#repository-table th button", { hasText: "Images" });
  await button.focus();
  await page.keyboard.press("Enter");
  seen.ascending = await values();
  await page.keyboard.press("Enter");
  seen.descending = await values();
  seen.sorted = await page.locator("#repository-table th", { hasText: "Images" })
    .getAttribute("aria-sort");
}

(async () => {
  const result = {};
  for (const [name, options] of Object.entries(VISITS)) {
    const context = await chromium.launchPersistentContext(`${folder}/profile-${name}`, {
      executablePath, args, ...options,
    });
    const page = await context.newPage();
    const messages = [];
    let requests = 0;
    page.on("console", (message) => messages.push(message.text()));
    page.on("pageerror", (error) => messages.push(error.message));
    page.on("dialog", (dialog) => messages.push(dialog.message()));
    page.on("request", () => { requests += 1; });
    await page.goto(`file://${file}`);
    if (name === "printed") await page.emulateMedia({ media: "print" });
    const seen = await page.evaluate(look);
    if (name === "desktop") await use(page, seen);
    if (name === "phone") seen.tree = await page.locator("body").ariaSnapshot();
    if (name === "printed") await page.pdf({ path: `${folder}/page.pdf`, format: "A4" });
    await page.screenshot({ path: `${folder}/${name}.png` });
    result[name] = { ...seen, messages, requests };
    await context.close();
  }
  process.stdout.write(JSON.stringify(result));
})();
