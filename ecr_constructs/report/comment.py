"""A review as a comment on a pull request.

The title has the severities, and the three lines below it what matters most. Each kind of change
has a section, which keeps entries however many changes of other kinds there are.
"""

from __future__ import annotations

import html
from collections import Counter
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

import ecr_constructs
from ecr_constructs.model.diagnostics import pluralize
from ecr_constructs.report.document import markdown
from ecr_constructs.report.escaping import code, cut, inline, visible
from ecr_constructs.report.mermaid import graph
from ecr_constructs.report.review import (
    MARKER,
    condition,
    findings,
    kinds,
    no_change,
    not_known_title,
    not_read,
    titled,
    unread,
)
from ecr_constructs.review.change import SEVERITIES
from ecr_constructs.review.groups import groups
from ecr_constructs.review.phrases import join_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ecr_constructs.review import Kind, Review
    from ecr_constructs.review.groups import Group
    from ecr_constructs.review.recipes.recipe import Recipe

# GitHub accepts 65,536 characters; this leaves room for a longer marker.
_LIMIT = 65_000
# For the titles of the sections, and what they say about entries that are left out.
_RESERVE = 2_000
_TITLE = "### ECR review"
_TOP, _TOP_LENGTH = 3, 300
_DETAILS, _LENGTH = 20, 1_000
# The length of an entry without its details, if there is no room for them.
_SHORT = 300
_PLACE = 200
_UNREAD = 20
_RECIPES_LENGTH, _MOST_RECIPES = 20_000, 10


def to_markdown(review: Review) -> str:
    """Return the comment: what matters in three lines, then everything, worst first."""
    if not review.changes:
        parts = [f"{MARKER}\n{_TITLE}\n{no_change(review)}", "\n".join(_unread_lines(review))]
        parts += _not_known_section(review)
        return "\n\n".join(filter(None, parts)) + "\n"
    entries = groups(review.changes)
    top = "\n".join(_top_line(group, entries) for group in _most_important(entries))
    counts = markdown([kinds(review)]).rstrip()
    end = [
        *_recipes(review),
        *_unread_section(review),
        *_not_known_section(review),
        _graph(review),
        _footer(),
    ]
    room = _LIMIT - _RESERVE - sum(map(len, (top, counts, *end)))
    sections = list(_sections(entries, room))
    left = sum(section.left for section in sections)
    parts = [
        f"{MARKER}\n{_TITLE}: {_worst(review)}\n{top}",
        counts,
        f"{findings(review)}{f' {not_read(review)}.' if review.unread else ''}",
        f"Not shown, as a comment has its limits: {pluralize(left, 'change')}. "
        "Run `ecr-constructs review` for all of them."
        if left
        else "",
        *(_folded(section.title, section.text) for section in sections),
        *end,
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _worst(review: Review) -> str:
    """Return the numbers of changes by severity, worst first: ``1 error and 2 notes``."""
    counts = Counter(change.severity for change in review.changes)
    return join_names(pluralize(counts[name], name) for name in SEVERITIES if counts[name])


def _footer() -> str:
    version = ecr_constructs.__version__
    return f"ecr-constructs {version}" if version != "unknown" else "ecr-constructs"


def _most_important(entries: Sequence[Group]) -> list[Group]:
    """Return the worst entry of each kind, then the next ones, as many as are at the top."""
    firsts = list({group.kind: group for group in reversed(entries)}.values())[::-1]
    rest = (group for group in entries if all(group is not first for first in firsts))
    return list(islice(chain(firsts, rest), _TOP))


def _top_line(group: Group, entries: Sequence[Group]) -> str:
    """Return one of the lines that sum up the review."""
    title = f"**{titled(group.kind)}** ({group.severity})"
    same = [other for other in entries if other.kind == group.kind]
    left = sum(len(other.changes) for other in same) - len(group.changes)
    more = f", and {left:,} more" if left and group is same[0] else ""
    sentence = group.summary
    if group.name is not None:
        # The title already names the kind.
        sentence = sentence.replace(f" is {group.kind}", "", 1)
    room = _TOP_LENGTH - len(title) - len(more)
    return f"- {title}: {_words(sentence, group, room)}{more}"


def _words(sentence: str, group: Group, most: int) -> str:
    """Return the sentence of a group in Markdown, after the condition of its changes."""
    when = visible(condition(group))
    shown = inline(cut(visible(sentence), max(most - len(when), 1)), group.name)
    return f"{inline(when)} {shown}" if when else shown


class _Section(NamedTuple):
    """The entries of one kind of changes that there is room for.

    Attributes:
        title: The kind, and the numbers of all changes and of those that are not shown.
        text: The entries, in Markdown.
        left: How many changes are not shown.
    """

    title: str
    text: str
    left: int


def _sections(entries: Iterable[Group], room: int) -> Iterator[_Section]:
    """Yield a section for each kind; the kinds share the room fairly."""
    by_kind: dict[Kind, list[Group]] = {}
    for group in entries:
        by_kind.setdefault(group.kind, []).append(group)
    wanted = {kind: _size(members, room) for kind, members in by_kind.items()}
    shares = _shares(wanted, room)
    spare = 0
    for kind, members in by_kind.items():
        lines = list(_fitting(members, shares[kind] + spare))
        spare += shares[kind] - sum(len(line) + 1 for line in lines)
        left = sum(len(group.changes) for group in members[len(lines) :])
        count = sum(len(group.changes) for group in members)
        title = f"{titled(kind)}: {count:,}{f' ({left:,} not shown)' if left else ''}"
        yield _Section(title, "\n".join(lines), left)


def _size(members: Iterable[Group], most: int) -> int:
    """Return the length of all entries; more than there is room for is not counted."""
    size = 0
    for group in members:
        size += len(_item(group)) + 1
        if size > most:
            break
    return size


def _shares(wanted: Mapping[Kind, int], room: int) -> dict[Kind, int]:
    """Return the room of each kind; what small sections leave is shared by the others."""
    shares: dict[Kind, int] = {}
    for number, kind in enumerate(sorted(wanted, key=lambda kind: wanted[kind])):
        shares[kind] = min(wanted[kind], room // (len(wanted) - number))
        room -= shares[kind]
    return shares


def _fitting(members: Iterable[Group], room: int) -> Iterator[str]:
    """Yield the worst entries, as long as there is room; without details, if need be."""
    for group in members:
        item = next((item for item in (_item(group), _short(group)) if len(item) < room), None)
        if item is None:
            return
        room -= len(item) + 1
        yield item


def _item(group: Group) -> str:
    details = list(filter(None, map(visible, group.details)))
    lines = [*details[:_DETAILS], *map(visible, group.members)]
    if len(details) > _DETAILS:
        lines.insert(_DETAILS, f"and {len(details) - _DETAILS:,} more")
    shown = (f"  - {inline(cut(line, _LENGTH))}" for line in lines)
    return "\n".join([f"{_line(group, _LENGTH)}{_place(group)}", *shown])


def _short(group: Group) -> str:
    return _line(group, _SHORT)


def _line(group: Group, most: int) -> str:
    return f"- **{group.severity}**: {_words(group.summary, group, most)}"


def _place(group: Group) -> str:
    if len(group.changes) > 1:
        return ""
    place = (code(cut(visible(name), _PLACE)) for name in group.changes[0].place if name)
    return f" ({', '.join(place)})"


def _folded(title: str, body: str, *, opened: bool = False) -> str:
    tag = "<details open>" if opened else "<details>"
    return f"{tag}\n<summary>{title}</summary>\n\n{body}\n\n</details>"


def _recipes(review: Review) -> Iterator[str]:
    """Yield a section for each recipe, as long as there is room for its commands."""
    room = _RECIPES_LENGTH
    for recipe in islice(review.recipes, _MOST_RECIPES):
        lines = [inline(recipe.outcome), ""] if recipe.outcome else []
        for number, step in enumerate(recipe.steps, start=1):
            lines.append(f"{number}. {inline(step.summary)}")
            if step.commands:
                commands = (f"   {visible(command)}" for command in step.commands)
                lines += ["", "   ```sh", *commands, "   ```", ""]
        lines += ["", *(f"- {inline(caution)}" for caution in recipe.cautions)]
        text = "\n".join(lines).rstrip()
        if len(text) > room:
            text = "Too long for a comment: run `ecr-constructs review` for its commands."
        room -= len(text)
        yield _folded(f"Recipe: {_title(recipe)}", text)


def _title(recipe: Recipe) -> str:
    """Return the title of a recipe in the summary of a section, which is HTML."""
    return html.escape(cut(visible(recipe.title), _PLACE)).replace("@", "&#64;")


def _unread_section(review: Review) -> Iterator[str]:
    """Yield what was not read, if anything, as a section that is open."""
    if review.unread:
        title = f"Not read: {pluralize(len(review.unread), 'part')}"
        yield _folded(title, "\n".join(_unread_lines(review)), opened=True)


def _unread_lines(review: Review) -> Iterator[str]:
    for part in islice(review.unread, _UNREAD):
        yield f"- {inline(cut(visible(unread(part)), _SHORT))}"
    if len(review.unread) > _UNREAD:
        yield f"- and {len(review.unread) - _UNREAD:,} more"


def _not_known_section(review: Review) -> Iterator[str]:
    """Yield where images may be in use that were not looked at."""
    if review.not_known:
        lines = [
            f"- {inline(cut(visible(str(item)), _SHORT))}" for item in review.not_known[:_UNREAD]
        ]
        if len(review.not_known) > _UNREAD:
            lines.append(f"- and {len(review.not_known) - _UNREAD:,} more")
        yield _folded(not_known_title(review), "\n".join(lines))


def _graph(review: Review) -> str:
    edges = review.replication
    changes = any(edge.state != "kept" for edge in edges)
    return _folded("Replication between registries", graph(edges), opened=changes) if edges else ""
