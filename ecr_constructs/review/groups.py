"""Put equal changes of several resources together, so that a reader sees them as one."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from ecr_constructs.cloudformation.resource_types import (
    ALIAS,
    CACHE,
    CREATION_TEMPLATE,
    KEY,
    PUBLIC_REPOSITORY,
    REPOSITORY,
)
from ecr_constructs.model.diagnostics import pluralize
from ecr_constructs.review.change import KINDS, SEVERITIES
from ecr_constructs.review.phrases import join_names, strip_tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ecr_constructs.model.diagnostics import Severity
    from ecr_constructs.review.change import Change, Kind

# What a group consists of: by the words before a name, or by the resource type.
_NOUNS = {
    "registry": "registries",
    "role": "roles",
    "user": "users",
    "group": "groups",
    REPOSITORY: "repositories",
    PUBLIC_REPOSITORY: "public repositories",
    CREATION_TEMPLATE: "creation templates",
    CACHE: "pull through cache rules",
    KEY: "keys",
    ALIAS: "key aliases",
}
_NAMED_BY_SENTENCE = ("registry", "role", "user", "group")
# The name that a sentence begins with, after words that classify it.
_SUBJECT = re.compile(
    r"(?:(?P<words>registry|role|user|group|key|creation template|repositories created under"
    r"|ECR\d{3}|[A-Za-z]\w*(?:::\w+)+) )?(?P<name>\S+?)(?=:? |$)",
    re.ASCII,
)
_KEPT_WORDS = re.compile(r"repositories created under|ECR\d{3}", re.ASCII)
_WORD = re.compile(r"[\w/-]+(?:\.[\w/-]+)*")
# The names of a resource in `before` and `after`.
_NAME_KEYS = ("stack", "resource", "repository", "name", "RepositoryName")
# The sentences of these kinds hold all that differs, unless they are cut.
_SAYING_ALL = ("other", "access-widened", "access-narrowed")
# How many names, and how many lines of names, a group lists.
_NAMES, _LINES = 15, 6
# More stacks are summed up by their stages.
_STACKS = 3


@dataclass(frozen=True, slots=True)
class Group:
    """Changes that differ in nothing except the resources that they affect.

    Attributes:
        changes: The changes, in the order of their stacks; one, unless several are equal.
        summary: One sentence about all of them.
        details: Further sentences: consequences and remedies.
        members: The names of the affected resources by stack, a line for stacks with the same
            names; none for a single change.
        name: The name that the sentence begins with: the repository of a single change.
    """

    changes: tuple[Change, ...]
    summary: str
    details: tuple[str, ...]
    members: tuple[str, ...] = ()
    name: str | None = None

    @property
    def kind(self) -> Kind:
        """The kind of all changes."""
        return self.changes[0].kind

    @property
    def severity(self) -> Severity:
        """The severity of all changes."""
        return self.changes[0].severity

    @property
    def when(self) -> str | None:
        """The deployments that the changes are limited to."""
        return self.changes[0].when

    @property
    def label(self) -> str:
        """The affected resource, or their number."""
        first = self.changes[0]
        if len(self.changes) == 1:
            return first.repository or first.resource or first.stack
        return _count(self.changes)


def groups(changes: Iterable[Change]) -> list[Group]:
    """Return the groups of changes, worst first; of one kind and severity, the largest first."""
    equal: dict[tuple[Any, ...], list[Change]] = defaultdict(list)
    for change in changes:
        equal[_key(change)].append(change)
    return sorted((_group(tuple(members)) for members in equal.values()), key=_order)


def _order(group: Group) -> tuple[int, int, int]:
    worst = SEVERITIES.index(group.severity), KINDS.index(group.kind)
    return *worst, -len(group.changes)


class _Sentence(NamedTuple):
    """A summary in three parts: ``creation template``, ``web``, ``: it no longer applies …``."""

    words: str
    name: str
    rest: str


def _sentence(change: Change) -> _Sentence:
    match = _SUBJECT.match(change.summary)
    if match and (
        match["name"] in (change.repository, change.resource)
        or match["words"] in _NAMED_BY_SENTENCE
    ):
        return _Sentence(match["words"] or "", match["name"], change.summary[match.end() :])
    return _Sentence("", "", change.summary)


def _key(change: Change) -> tuple[Any, ...]:
    """Return what equal changes have in common: all texts, without the names of the resource."""
    sentence = _sentence(change)
    names = (
        *(sentence.name, change.repository, change.resource, change.stack),
        *_former(change),
    )
    marks: dict[str, str] = {}
    for number, name in enumerate(names):
        # No template has this character in a name.
        marks.setdefault(name or "", f"\ufffc{number}")
    texts = [sentence.rest, *change.sentences]
    if change.kind not in _SAYING_ALL or any("…" in text for text in texts):
        # The sentences leave out a part of the values.
        texts.append(json.dumps((change.before, change.after), default=repr))
    neutral = [
        _WORD.sub(lambda word: marks.get(word[0], word[0]), strip_tokens(text)) for text in texts
    ]
    return (
        *(change.kind, change.severity, change.type, change.when, bool(sentence.name)),
        *(sentence.words, *neutral),
    )


def _former(change: Change) -> Iterator[str]:
    """Yield the names of the resource on both sides, if it moves."""
    for side in (change.before, change.after):
        if isinstance(side, dict):
            yield from (side[key] for key in _NAME_KEYS if isinstance(side.get(key), str))


def _group(changes: tuple[Change, ...]) -> Group:
    first = changes[0]
    if len(changes) == 1:
        return Group(changes, first.summary, first.sentences, name=first.repository)
    words, _, rest = _sentence(first)
    members = f"{_count(changes)}{_places(changes)}"
    if _KEPT_WORDS.fullmatch(words) and not members.startswith(words):
        members = f"{words}{':' if words.startswith('ECR') else ''} {members}"
    if {strip_tokens(_sentence(change).rest) for change in changes} != {strip_tokens(rest)}:
        summary = f"{members}, for instance: {first.summary}"
    elif rest.startswith(":") or not _sentence(first).name:
        summary = f"{members}: {rest.removeprefix(':').lstrip()}"
    else:
        summary = f"{members}: each{rest}"
    return Group(changes, summary, tuple(_details(changes)), tuple(_members(changes)))


def _details(changes: Sequence[Change]) -> Iterator[str]:
    """Yield the details; one that names a resource is an example."""
    for number, detail in enumerate(changes[0].sentences):
        others = {strip_tokens(change.sentences[number]) for change in changes}
        yield detail if len(others) == 1 else f"{_name(changes[0])}, for instance: {detail}"


def _name(change: Change) -> str:
    return _sentence(change).name or change.repository or change.resource or change.stack


def _count(changes: Sequence[Change]) -> str:
    """Return ``11 repositories``, or the name that all have in common."""
    names = {_name(change) for change in changes}
    sentence = _sentence(changes[0])
    if len(names) == 1:
        return f"{sentence.words} {names.pop()}".lstrip()
    of_type = f"resources of type {changes[0].type}" if changes[0].type else "resources"
    noun = _NOUNS.get(sentence.words) or _NOUNS.get(changes[0].type, of_type)
    return f"{len(names):,} {noun}"


def _places(changes: Sequence[Change]) -> str:
    """Return `` in Prod/Payments``; many stacks are summed up by their stages."""
    stacks = list(dict.fromkeys(change.stack for change in changes if change.stack))
    if len(stacks) > _STACKS:
        stages = list(dict.fromkeys(stack.rpartition("/")[0] or stack for stack in stacks))
        stacks = sorted(stages, key=len) if len(stages) < len(stacks) else stacks
    return f" in {join_names(stacks)}" if stacks else ""


def _members(changes: Sequence[Change]) -> Iterator[str]:
    """Yield the names by stack; stacks with the same names share a line."""
    of_stack: dict[str, list[str]] = {}
    for change in changes:
        of_stack.setdefault(change.stack, []).append(_name(change))
    stacks_of: dict[tuple[str, ...], list[str]] = {}
    for stack, members in of_stack.items():
        stacks_of.setdefault(tuple(sorted({*members})), []).append(stack)
    if len({*map(_name, changes)}) == 1 and len(of_stack) <= _STACKS:
        # The summary has them.
        return
    for names, stacks in islice(stacks_of.items(), _LINES):
        where = f" in {join_names(stacks)}" if any(stacks) else ""
        yield f"{join_names(names, _NAMES)}{where}"
    if left := list(stacks_of.values())[_LINES:]:
        yield f"and others in {pluralize(sum(map(len, left)), 'more stack')}"
