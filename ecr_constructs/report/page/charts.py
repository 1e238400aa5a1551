"""Pictures as SVG. Labels are HTML around them, so that they keep their size on a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.report.escaping import cut
from ecr_constructs.report.page.markup import Markup, element, join

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_WIDTH, _HEIGHT = 900, 240
_SPARK_WIDTH, _SPARK_HEIGHT = 90, 18
_NODE_WIDTH, _NODE_HEIGHT, _ROW = 250, 52, 84
_GRAPH_WIDTH = 760
_LONGEST = 46
# Their halves are whole numbers, too.
_STEPS = (1, 2, 4, 6, 8, 10)
_LEAST = 2


def axis_end(value: int) -> int:
    """Return a round and even number that is at least a value."""
    value = max(value, _LEAST)
    power = 10 ** (len(str(value)) - 1)
    rounded: int = next(step * power for step in _STEPS if step * power >= value)
    return rounded


def area(
    values: Sequence[int],
    *,
    title: str,
    subtitle: str,
    show: Callable[[int], str],
    days: Sequence[str],
    tone: str,
) -> Markup:
    """Return the picture of a quantity over days, with its values as a table.

    Args:
        values: The quantity at the end of each day.
        title: What it is.
        subtitle: What it says, in a sentence.
        show: Formats a value.
        days: The days as text.
        tone: The class of its colour.
    """
    top = axis_end(max(values))
    line = _points(values, top, _WIDTH, _HEIGHT)
    grid = join(
        element("line", x1=0, x2=_WIDTH, y1=y, y2=y, class_="grid")
        for y in (0, _HEIGHT / 2, _HEIGHT)
    )
    picture = element(
        "svg",
        grid,
        element("polygon", points=f"0,{_HEIGHT} {line} {_WIDTH},{_HEIGHT}", class_="fill"),
        element("polyline", points=line, class_="line"),
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        preserveAspectRatio="none",
        role="img",
        aria_label=f"{title}: {subtitle}",
    )
    y_labels = element(
        "div",
        *(element("span", show(value)) for value in (top, top // 2, 0)),
        class_="y",
        aria_hidden="true",
    )
    picked = (0, len(days) // 3, 2 * len(days) // 3, len(days) - 1)
    x_labels = element(
        "div", *(element("span", days[day]) for day in picked), class_="x", aria_hidden="true"
    )
    last = len(values) - 1
    rows = [(days[day], values[day]) for day in dict.fromkeys((*range(0, last, 7), last))]
    return element(
        "figure",
        element("figcaption", element("strong", title), element("span", subtitle)),
        element("div", y_labels, picture, x_labels, class_=f"plot {tone}"),
        element(
            "details",
            element("summary", "As a table"),
            element(
                "table",
                element(
                    "thead",
                    element("tr", element("th", "day", scope="col"), _number("th", title, "col")),
                ),
                element(
                    "tbody",
                    *(
                        element("tr", element("td", day), _number("td", show(value)))
                        for day, value in rows
                    ),
                ),
            ),
        ),
    )


def _number(name: str, value: str, scope: str | None = None) -> Markup:
    return element(name, value, class_="n", scope=scope)


def _points(values: Sequence[int], top: int, width: int, height: int) -> str:
    step = width / (len(values) - 1)
    return " ".join(
        f"{number * step:.5g},{height - value / top * height:.5g}"
        for number, value in enumerate(values)
    )


def spark(values: Sequence[int]) -> Markup:
    """Return a small picture of a quantity over days; the number is next to it."""
    if len(set(values)) == 1:
        return Markup()
    # Days on which nothing changes are left out: a thousand pictures are in one page.
    last = len(values) - 1
    turns = [
        number
        for number in range(len(values))
        if number in (0, last)
        or values[number] != values[number - 1]
        or values[number] != values[number + 1]
    ]
    top, step = values[0], _SPARK_WIDTH / last
    points = " ".join(
        f"{number * step:.3g},{(1 - values[number] / top) * (_SPARK_HEIGHT - 2) + 1:.3g}"
        for number in turns
    )
    return element(
        "svg",
        element("polyline", points=points, class_="line"),
        viewBox=f"0 0 {_SPARK_WIDTH} {_SPARK_HEIGHT}",
        class_="spark",
        aria_hidden="true",
    )


def bars(rows: Sequence[tuple[str, int, str]]) -> Markup:
    """Return horizontal bars: label, length, and what the length means."""
    longest = max((length for _, length, _ in rows), default=0) or 1
    return element(
        "ul",
        *(
            element(
                "li",
                element("span", label, class_="label"),
                element("span", words, class_="value"),
                element(
                    "svg",
                    element("rect", width=f"{length / longest * 100:.4g}", height=8, rx=1),
                    viewBox="0 0 100 8",
                    preserveAspectRatio="none",
                    aria_hidden="true",
                ),
            )
            for label, length, words in rows
        ),
        class_="bars",
    )


def graph(edges: Sequence[tuple[str, str, str]]) -> Markup:
    """Return the picture of arrows between registries: source, destination, label."""
    sources = list(dict.fromkeys(source for source, _, _ in edges))
    targets = list(dict.fromkeys(target for _, target, _ in edges))
    height = max(len(sources), len(targets)) * _ROW + 8
    left = {name: _centre(number, len(sources), height) for number, name in enumerate(sources)}
    right = {name: _centre(number, len(targets), height) for number, name in enumerate(targets)}
    arrows = []
    for source, target, label in edges:
        start, end = left[source], right[target]
        x1, x2 = _NODE_WIDTH + 4, _GRAPH_WIDTH - _NODE_WIDTH - 12
        middle = (x1 + x2) / 2
        path = f"M{x1},{start:g} C{middle:g},{start:g} {middle:g},{end:g} {x2},{end:g}"
        shown = cut(label, _LONGEST)
        # On the other side of the line than the arrow comes from.
        y = end - 9 if end <= start else end + 18
        arrows += [
            element("path", d=path, class_="arrow", marker_end="url(#head)"),
            element("text", shown, x=x2 - 10, y=f"{y:g}", class_="edge"),
        ]
    marker = element(
        "marker",
        element("path", d="M0,0 L8,4 L0,8 z", class_="head"),
        id="head",
        viewBox="0 0 8 8",
        refX=7,
        refY=4,
        markerWidth=8,
        markerHeight=8,
        orient="auto",
    )
    nodes = [_node(name, 2, y) for name, y in left.items()]
    nodes += [_node(name, _GRAPH_WIDTH - _NODE_WIDTH - 2, y) for name, y in right.items()]
    return element(
        "svg",
        element("defs", marker),
        *arrows,
        *nodes,
        viewBox=f"0 0 {_GRAPH_WIDTH} {height:g}",
        class_="graph",
        role="img",
        aria_label="Replication: "
        + "; ".join(f"{source} to {target}, {label}" for source, target, label in edges),
    )


def _centre(number: int, many: int, height: float) -> float:
    return height * (number + 0.5) / many


def _node(name: str, x: float, y: float) -> Markup:
    account, _, region = name.partition("/")
    middle = x + _NODE_WIDTH / 2
    return element(
        "g",
        element(
            "rect",
            x=x,
            y=f"{y - _NODE_HEIGHT / 2:g}",
            width=_NODE_WIDTH,
            height=_NODE_HEIGHT,
            rx=6,
            class_="node",
        ),
        element("text", cut(region, 28), x=middle, y=f"{y - 3:g}", class_="name"),
        element("text", cut(account, 28), x=middle, y=f"{y + 15:g}", class_="account"),
    )
