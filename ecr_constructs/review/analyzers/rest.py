"""Report the changes that no other analyzer reports, with the values before and after."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple

from ecr_constructs.cloudformation.intrinsics import UNKNOWN
from ecr_constructs.cloudformation.resource_types import REPLICATION, REPOSITORY
from ecr_constructs.cloudformation.unread import unread_of
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.json_text import compact
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.review.change import Effect
from ecr_constructs.review.disclosure import concerns_ecr, shown
from ecr_constructs.review.loading import NESTED_STACK
from ecr_constructs.review.phrases import format_value, join_names
from ecr_constructs.review.spelling import is_same_spelling, parsed

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.change import Change
    from ecr_constructs.review.comparison import Comparison, Pair

_ATTRIBUTES = (
    *("DeletionPolicy", "UpdateReplacePolicy"),
    *("CreationPolicy", "UpdatePolicy"),
)
# The parts that are not read and may contain resources of ECR.
_CONTAINERS = ("module-not-read", "nested-stack-not-read", "stack-set-not-read")
# CDK's own record of versions.
_SILENT = ("AWS::CDK::Metadata",)
# How many differences of values the sentence and the details list.
_IN_SUMMARY, _IN_DETAILS = 3, 10
_LONGEST, _CONTEXT = 120, 30
_MARK = re.compile(r"\$\{Token\[[^\[\]]*\]\}")
# An attribute of a resource, or of the stack, differs from all other values.
_ATTRIBUTE = re.compile(r"\$\{Token\[(?:\d+\.\w+|AWS)\.[\w.]+\]\}", re.ASCII)
# Other analyzers compare the effect of these properties.
_SAME_EFFECT = {REPLICATION: ("ReplicationConfiguration", "replicates the same")}


def changes(comparison: Comparison, reported: Iterable[Change]) -> Iterator[Change]:
    """Yield the changes that are not among the reported ones."""
    handled: dict[tuple[str, str], set[str]] = defaultdict(set)
    for change in reported:
        handled[change.place].update(change.properties or ("",))
    for pair in comparison.pairs:
        if pair.type not in _SILENT:
            place = pair.stack, pair.resource.id
            yield from _changes(pair, handled.get(place, set()))


def _changes(pair: Pair, handled: set[str]) -> Iterator[Change]:
    if pair.before is None:
        if "" not in handled:
            yield _note(pair, f"is new{_settings(pair.resource)}", codes=("new",))
    elif pair.after is None:
        if not handled:
            yield _note(pair, "is removed", codes=("removed",))
    elif "" not in handled:
        values = {
            name: both
            for name, both in _changed(pair.before, pair.after, handled)
            if not is_same_spelling(pair.type, name, *both)
        }
        if values:
            yield _changed_values(pair, values)


def _note(pair: Pair, predicate: str, **effect: Any) -> Change:
    severity, clause = _unread_content(pair)
    return pair.change("other", severity, f"{pair.label} {predicate}{clause}", **effect)


def _unread_content(pair: Pair) -> tuple[Severity, str]:
    """Return the severity of a change, and a clause if the resource has others in it."""
    unread = unread_of(pair.resource.stack)
    if any(part.resource == pair.resource.id and part.code in _CONTAINERS for part in unread):
        return Severity.WARNING, "; the resources in it are not read"
    if pair.type == NESTED_STACK and any(map(_is_computed, _passed(pair))):
        return Severity.WARNING, "; what depends on its parameters may change"
    return Severity.NOTE, ""


def _passed(pair: Pair) -> Iterator[Any]:
    """Yield the parameters of a nested stack that differ, of both sides."""
    old, new = (values if isinstance(values, dict) else {} for values in pair.values("Parameters"))
    for name in sorted(old.keys() | new.keys(), key=str) if pair.sides else ():
        if old.get(name) != new.get(name):
            yield from (old.get(name), new.get(name))


def _is_computed(value: Any) -> bool:
    """Tell whether a parameter is not a literal, with which the nested stack is compared."""
    return isinstance(value, str) and is_unresolved(value)


def _settings(repository: Resource) -> str:
    """Return the settings of a new repository that cannot be changed, or are hard to change."""
    if repository.type != REPOSITORY:
        return ""
    settings = (
        repository.get("ImageTagMutability") or "MUTABLE",
        repository.get("EncryptionConfiguration", "EncryptionType") or "AES256",
    )
    unknown = ("tag mutability not known", "encryption not known")
    texts = [
        nothing if is_unresolved(value) else format_value(value)
        for value, nothing in zip(settings, unknown, strict=True)
    ]
    return f": {', '.join(texts)}"


def _changed(
    before: Resource, after: Resource, handled: Container[str]
) -> Iterator[tuple[str, tuple[Any, Any]]]:
    names = dict.fromkeys((*before.properties, *after.properties))
    for name in (name for name in names if name not in handled):
        if name.startswith("Fn::"):
            # A transform next to properties is reported with what is not read.
            continue
        values = before.get(name), after.get(name)
        written = before.written(name), after.written(name)
        is_same = values[0] == values[1]
        if is_same and written[0] != written[1] and UNKNOWN in compact(values[0]):
            # Nothing is known about a part of both, so what is written counts.
            values = written
        yield name, values
    for name in (name for name in _ATTRIBUTES if name not in handled):
        yield name, (before.setting(name), after.setting(name))
    if before.existence != after.existence and "Condition" not in handled:
        conditions = before.body.get("Condition"), after.body.get("Condition")
        expressions = compact(before.existence), compact(after.existence)
        yield "Condition", conditions if conditions[0] != conditions[1] else expressions


def _changed_values(pair: Pair, values: Mapping[str, tuple[Any, Any]]) -> Change:
    """Return the change of properties; values are shown if the type concerns ECR."""
    sentence = f"{join_names(values)} {'changes' if len(values) == 1 else 'change'}"
    if not concerns_ecr(pair.type):
        severity, clause = _unread_content(pair)
        summary, code = f"{pair.label}: {sentence}{clause}", f"changed {', '.join(values)}"
        return pair.change("other", severity, summary, codes=(code,))
    differences = [
        difference for name, both in values.items() for difference in _differences(name, *both)
    ]
    phrases = list(dict.fromkeys(difference.phrase for difference in differences))
    details: list[str] = []
    if len(phrases) <= _IN_SUMMARY:
        sentence = "; ".join(phrases)
    else:
        more = len(phrases) - _IN_DETAILS
        details = [f"{phrase}." for phrase in phrases[:_IN_DETAILS]]
        details += [f"… and {more:,} more differences."] if more > 0 else []
    effect = _effect(pair, values)
    codes = [f"changed {', '.join(values)}", *effect[:1]]
    sentence += "".join(effect[1:])
    return pair.change(
        "other",
        Severity.NOTE,
        f"{pair.label}: {sentence}",
        **Effect(
            before=shown({name: before for name, (before, _) in values.items()}),
            after=shown({name: after for name, (_, after) in values.items()}),
            details=tuple(details),
            properties=tuple(values),
            codes=tuple(codes),
        ),
    )


def _effect(pair: Pair, values: Mapping[str, tuple[Any, Any]]) -> tuple[str, ...]:
    """Return whether a changed policy still has the same effect: a code and a clause."""
    name, effect = _SAME_EFFECT.get(pair.type, ("", ""))
    if name not in values:
        return ()
    subject = name if len(values) > 1 else "it"
    if _is_known(*values[name]):
        return "same-effect", f"; {subject} {effect} as before"
    return "effect-unknown", f"; it is not known whether {subject} {effect} as before"


class _Difference(NamedTuple):
    """One difference between two values of a property."""

    name: str
    path: str
    before: Any
    after: Any

    @property
    def phrase(self) -> str:
        """The difference in words."""
        verb = "changes" if _is_known(self.before, self.after) else "may change"
        before, after = _texts(self.before, self.after)
        if before == after:
            return f"{self.path} {verb} ({before})"
        return f"{self.path} {verb} from {before} to {after}"


def _is_known(before: Any, after: Any) -> bool:
    """Tell whether two values are known, except for equal parts."""
    old, new = ({*_MARK.findall(compact(value))} for value in (before, after))
    return UNKNOWN not in old | new and all(map(_ATTRIBUTE.fullmatch, old ^ new))


def _texts(before: Any, after: Any) -> tuple[str, str]:
    """Return two values for a sentence; of long values the part that differs."""
    texts = [
        value if value is None or isinstance(value, str) else compact(value)
        for value in (shown(before), shown(after))
    ]
    present = [text for text in texts if text is not None]
    if len(present) == len(texts) and max(map(len, present)) > _LONGEST:
        equal = takewhile(lambda letters: letters[0] == letters[1], zip(*present, strict=False))
        skipped = sum(1 for _ in equal) - _CONTEXT
        texts = [f"…{text[skipped:]}" for text in present] if skipped > 0 else texts
    old, new = map(format_value, texts)
    return old, new


def _differences(name: str, before: Any, after: Any) -> Iterator[_Difference]:
    values = {name: before}, {name: after}
    without_secrets = tuple(map(shown, values))
    if without_secrets == values:
        for path, old, new in _leaves(name, before, after):
            yield _Difference(name, path, old, new)
    else:
        old, new = (value[name] for value in without_secrets)
        yield _Difference(name, name, old, new)


def _leaves(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield the innermost values that differ, with their paths."""
    old, new = _members(before), _members(after)
    if old is not None and new is not None:
        for key in dict.fromkeys((*old, *new)):
            yield from _leaves(f"{path}.{key}", old.get(key), new.get(key))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _list_leaves(path, before, after)
    elif before != after:
        yield path, before, after


def _list_leaves(path: str, before: list[Any], after: list[Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield the items that only one list has; a single one on both sides has changed."""
    old, new = _beyond(before, after), _beyond(after, before)
    if len(old) == len(new) == 1:
        [(_, was), (index, becomes)] = *old, *new
        yield from _leaves(f"{path}[{index}]", was, becomes)
    else:
        yield from ((f"{path}[{index}]", item, None) for index, item in old)
        yield from ((f"{path}[{index}]", None, item) for index, item in new)


def _beyond(items: list[Any], others: list[Any]) -> list[tuple[int, Any]]:
    """Return the items of a list that another one does not have, with their indexes."""
    left = Counter(map(_canonical, others))
    beyond = []
    for index, item in enumerate(items):
        text = _canonical(item)
        left[text] -= 1
        if left[text] < 0:
            beyond.append((index, item))
    return beyond


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=repr)


def _members(value: Any) -> dict[str, Any] | None:
    """Return the members of an object, or those of a list of tags by the tag's key."""
    match parsed(value):
        case dict() as members:
            return {str(key): member for key, member in members.items()}
        case [_, *_] as items:
            keys = [_tag(item) for item in items]
            if None not in keys and len({*keys}) == len(keys):
                return dict(zip(map(str, keys), (item["Value"] for item in items), strict=True))
    return None


def _tag(item: Any) -> str | None:
    match item:
        case {"Key": str(key), "Value": _} if len(item) == len(("Key", "Value")):
            return key
    return None
