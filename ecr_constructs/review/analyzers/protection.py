"""What a deletion or a replacement would take along that it would not have taken before."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from ecr_constructs.cloudformation.resource_types import KEY, PUBLIC_REPOSITORY, REPOSITORY
from ecr_constructs.review.change import Change
from ecr_constructs.review.deletion_outcome import Attribute, empties, fate_of, is_retained
from ecr_constructs.review.phrases import join_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.comparison import Comparison, Pair

_WHEN: dict[Attribute, str] = {
    "DeletionPolicy": "its stack is deleted",
    "UpdateReplacePolicy": "it is replaced",
}


def changes(comparison: Comparison) -> Iterator[Change]:
    """Yield what is less protected against deletion than it was, and what is more."""
    for pair in comparison.of_type(REPOSITORY, PUBLIC_REPOSITORY, KEY):
        if pair.sides is None:
            continue
        before, after = pair.sides
        if weakened := _open_to(after) - _open_to(before):
            yield _change(pair, before, after, weakened)
        elif strengthened := _open_to(before) - _open_to(after):
            yield Change(
                kind="strengthened",
                severity="note",
                stack=pair.stack,
                resource=after.id,
                repository=pair.name,
                summary=f"{pair.called} is better protected ({join_names(_names(strengthened))})",
                before=_settings(before),
                after=_settings(after),
                properties=_names(strengthened),
            )


def _open_to(resource: Resource) -> frozenset[tuple[Attribute, bool]]:
    """Return on which occasions a resource goes, and whether its images go with it."""
    return frozenset(
        (attribute, emptied)
        for attribute in get_args(Attribute)
        if not is_retained(resource, attribute)
        for emptied in {False, empties(resource)}
    )


def _change(
    pair: Pair, before: Resource, after: Resource, weakened: frozenset[tuple[Attribute, bool]]
) -> Change:
    occasions = [each for each in _WHEN if any(each == name for name, _ in weakened)]
    fate = fate_of(after, occasions[0])
    return Change(
        kind="unprotected",
        severity="error" if fate.is_lost else "warning",
        stack=pair.stack,
        resource=after.id,
        repository=pair.name,
        summary=f"{pair.called} is no longer protected when "
        f"{' or '.join(_WHEN[each] for each in occasions)}: {fate.phrase}",
        before=_settings(before),
        after=_settings(after),
        properties=_names(weakened),
    )


def _names(occasions: frozenset[tuple[Attribute, bool]]) -> tuple[str, ...]:
    emptied = ["EmptyOnDelete"] if any(emptied for _, emptied in occasions) else []
    return (*sorted({name for name, _ in occasions}), *emptied)


def _settings(resource: Resource) -> dict[str, object]:
    return {
        **{name: resource.body.get(name) for name in get_args(Attribute)},
        "EmptyOnDelete": empties(resource),
    }
