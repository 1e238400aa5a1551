"""Tables for people: colours on a terminal, Markdown elsewhere."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table as RichTable

from benchmarks.figures import Row, Spread, Table

PLAIN_WIDTH = 140
VERDICTS = {True: "met", False: "MISSED", None: ""}
STYLES = {True: "green", False: "bold red", None: ""}


def show(tables: Sequence[Table], console: Console) -> None:
    """Print tables."""
    for table in tables:
        console.print(f"\n{table.title}\n", style="bold", markup=False, highlight=False)
        console.print(_rendered(table, plain=not console.is_terminal))


def make_console() -> Console:
    """Return a console for standard output; a pipe has no width of its own."""
    console = Console()
    return console if console.is_terminal else Console(width=PLAIN_WIDTH)


def _rendered(table: Table, *, plain: bool) -> RichTable:
    first = table.rows[0]
    ours = next(iter(first.measured))
    rendered = RichTable(box=box.MARKDOWN if plain else box.SIMPLE_HEAD)
    rendered.add_column("figure")
    rendered.add_column(ours, justify="right")
    for name in first.against:
        rendered.add_column(f"against {name}", justify="right")
    rendered.add_column("budget", justify="right")
    rendered.add_column("")
    for row in table.rows:
        rendered.add_row(
            row.figure,
            _quantity(row.measured[ours], row.unit),
            *(_compared(spread, row) for spread in row.against.values()),
            _budget(row),
            VERDICTS[row.met],
            style=STYLES[row.met],
        )
    return rendered


def _quantity(value: float, unit: str) -> str:
    if unit == "s":
        return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.2f} ms"
    if unit == "bytes":
        return f"{value / 1e6:.1f} MB" if value >= 1e6 else f"{value / 1e3:.1f} kB"
    return f"{value:.0f}"


def _compared(spread: Spread, row: Row) -> str:
    median = _value(spread.median, row.compared_in)
    if spread.low == spread.high:
        return median
    return f"{median} ({_number(spread.low, row)}-{_number(spread.high, row)})"


def _number(value: float, row: Row) -> str:
    return _value(value, row.compared_in).split()[0].rstrip("x")


def _value(value: float, compared_in: str) -> str:
    return {"ratio": f"{value:.2f}x", "ms": f"{value:.1f} ms", "count": f"{value:.0f}"}[compared_in]


def _budget(row: Row) -> str:
    return f"<= {_value(row.budget.limit, row.compared_in)}" if row.budget else ""
