"""A graph of replication, for code hosts that draw Mermaid.

https://mermaid.js.org/syntax/flowchart.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ecr_constructs.model.diagnostics import pluralize
from ecr_constructs.report.escaping import cut, visible
from ecr_constructs.review.phrases import join_names, strip_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ecr_constructs.review.analyzers.replication import Edge, State

# More is unreadable, and Mermaid draws at most 50,000.
_MOST_CHARACTERS = 20_000
_LONGEST = 100
_SPECIAL = re.compile(r"[^A-Za-z0-9 ,./:*-]")
_ARROWS: dict[State, tuple[str, str, str]] = {
    "removed": ("-.->", "no longer: ", "stroke:#cf222e"),
    "added": ("==>", "new: ", "stroke:#1a7f37"),
    "kept": ("-->", "", ""),
}


def graph(edges: Sequence[Edge]) -> str:
    """Return a fenced graph of replication, most important first; the last may be left out."""
    lines: list[str] = []
    nodes: dict[str, str] = {}
    left = _MOST_CHARACTERS
    for number, edge in enumerate(edges):
        more = list(_lines(edge, number, nodes))
        left -= sum(map(len, more))
        if left < 0:
            omitted = f"{pluralize(len(edges) - number, 'line')} left out."
            return "\n".join((*_fenced(lines), "", omitted))
        lines += more
    return "\n".join(_fenced(lines))


def _fenced(lines: Sequence[str]) -> list[str]:
    return ["```mermaid", "graph LR", *(f"  {line}" for line in lines), "```"]


def _lines(edge: Edge, number: int, nodes: dict[str, str]) -> Iterator[str]:
    ends = []
    for name in (str(edge.source), str(edge.destination)):
        if name not in nodes:
            nodes[name] = f"n{len(nodes)}"
            yield f'{nodes[name]}["{_label(name)}"]'
        ends.append(nodes[name])
    arrow, label, style = _ARROWS[edge.state]
    prefixes = "everything" if "" in edge.prefixes else join_names(edge.prefixes)
    yield f'{ends[0]} {arrow}|"{_label(label + prefixes)}"| {ends[1]}'
    if style:
        yield f"linkStyle {number} {style}"


def _label(text: str) -> str:
    """Return a text as Mermaid's entities, so that none of it is syntax."""
    shown = cut(visible(strip_tokens(text)), _LONGEST)
    return _SPECIAL.sub(lambda match: f"#{ord(match[0])};", shown)
