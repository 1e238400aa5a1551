"""What is copied to other registries from now on, and what no longer is.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ecr_constructs.cloudformation.lifecycle import policy_of
from ecr_constructs.cloudformation.replication_config import rules_of, source_of
from ecr_constructs.cloudformation.resource_types import REPLICATION, REPOSITORY
from ecr_constructs.review.analyzers.lifecycle_rules import takes_any
from ecr_constructs.review.analyzers.replicas import lacking
from ecr_constructs.review.analyzers.replication_scope import NOTHING, Reach, beyond, touches
from ecr_constructs.review.change import Change, Severity
from ecr_constructs.review.phrases import but_for, join_names
from ecr_constructs.review.subjects import subject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ecr_constructs.cloudformation.resource import Resource
    from ecr_constructs.model.replication import Destination
    from ecr_constructs.review.comparison import Comparison, Pair

_STAY = "images pushed from now on are no longer copied; those that are there stay"


def changes(comparison: Comparison) -> Iterator[Change]:
    """Yield what starts, stops, or is replicated otherwise."""
    for pair in comparison.of_type(REPLICATION):
        before, after = (
            Reach.of(rules_of(each) if each else ()) for each in (pair.before, pair.after)
        )
        for goal in sorted({*before.copies, *after.copies}):
            found = _Goal(pair, goal, _Extent.of(before, goal), _Extent.of(after, goal))
            yield from _copies(found)
            yield from _deletions(found)
    for pair in comparison.of_type(REPOSITORY):
        yield from _renamed(pair)


@dataclass(frozen=True, slots=True)
class _Extent:
    """What is replicated to one destination, by the beginnings of the repositories' names."""

    copies: frozenset[str]
    deletions: frozenset[str]

    @classmethod
    def of(cls, reach: Reach, goal: Destination) -> _Extent:
        return cls(reach.copies.get(goal, NOTHING), reach.deletions.get(goal, NOTHING))

    def described(self, goal: Destination) -> dict[str, Any] | None:
        """Return it as JSON; None if nothing is replicated."""
        if not self.copies:
            return None
        return {
            "destination": str(goal),
            "repositories": _patterns(self.copies),
            "deletions": _patterns(self.deletions),
        }


@dataclass(frozen=True, slots=True)
class _Goal:
    """A destination, and what is replicated to it before and after."""

    pair: Pair
    goal: Destination
    old: _Extent
    new: _Extent

    @property
    def where(self) -> str:
        return _called(self.goal, self.pair.resource)

    def repositories(
        self, within: Iterable[str], without: Iterable[str] = ()
    ) -> dict[str, Resource]:
        """Return the repositories of this app with some prefixes and without others, by name."""
        resource, wanted, unwanted = self.pair.resource, tuple(within), tuple(without)
        return {
            name: each
            for each in resource.assembly.in_registry_of(resource, REPOSITORY)
            if (name := each.text("RepositoryName"))
            and name.startswith(wanted)
            and not name.startswith(unwanted)
        }

    def change(self, severity: Severity, said: str, details: Iterable[str]) -> Change:
        return Change(
            kind="replication",
            severity=severity,
            stack=self.pair.stack,
            resource=self.pair.resource.id,
            summary=f"{subject(self.pair)}: {said}",
            before=self.old.described(self.goal),
            after=self.new.described(self.goal),
            details=tuple(details),
            # Of what comes or goes, everything is said.
            properties=("ReplicationConfiguration",) if self.pair.sides else (),
        )


def _copies(goal: _Goal) -> Iterator[Change]:
    lost = beyond(goal.old.copies, goal.new.copies)
    gained = beyond(goal.new.copies, goal.old.copies)
    if lost:
        said = f"replication to {goal.where} stops ({_words(lost)})"
        if goal.new.copies:
            kept = [each for each in goal.new.copies if each.startswith(tuple(lost))]
            said = f"{_words(lost)} are no longer replicated to {goal.where}"
            said += but_for(_patterns(kept))
        yield goal.change(
            "warning",
            f"{said}: {_STAY}",
            _of_this_app(goal.repositories(lost, goal.new.copies)),
        )
    if gained:
        said = f"replication to {goal.where} starts ({_words(gained)})"
        if goal.old.copies:
            said = f"{_words(gained)} are replicated to {goal.where} too"
        yield goal.change("note", said, _begun(goal, gained))


def _begun(goal: _Goal, gained: Sequence[str]) -> Iterator[str]:
    found = goal.repositories(gained, goal.old.copies)
    yield from _of_this_app(found)
    yield "Only images that are pushed from now on are copied."
    if any(touches(each, goal.new.deletions) for each in gained):
        yield "What is deleted here is deleted there too."
    yield from lacking(found, goal.goal)


def _deletions(goal: _Goal) -> Iterator[Change]:
    """Yield whose deletions are replicated, of what was copied before and is."""
    old, new = goal.old, goal.new
    on, off = (
        [each for each in found if touches(each, old.copies) and touches(each, new.copies)]
        for found in (beyond(new.deletions, old.deletions), beyond(old.deletions, new.deletions))
    )
    if on:
        policies = [policy_of(each).policy for each in goal.repositories(on).values()]
        expires = any(policy is not None and takes_any(policy) for policy in policies)
        said = "what is deleted here, by hand or by a lifecycle policy, is deleted there too"
        yield goal.change(
            "error" if expires else "warning",
            f"deletions in {_words(on)} are replicated to {goal.where}: {said}",
            (),
        )
    if off:
        said = f"deletions in {_words(off)} are no longer replicated to {goal.where}"
        yield goal.change("note", said, ())


def _renamed(pair: Pair) -> Iterator[Change]:
    """Yield where a repository is no longer copied to, or is, because of its new name."""
    if pair.sides is None:
        return
    old, new = (each.text("RepositoryName") for each in pair.sides)
    if old is None or new is None or old == new:
        return
    before, after = map(Reach.at, pair.sides)
    # What the rules take away or give is said of them.
    lost = before.goals(old) - before.goals(new) - after.goals(new)
    gained = after.goals(new) - after.goals(old) - before.goals(old)
    severities: tuple[tuple[Severity, str, set[Destination]], ...] = (
        ("warning", f"under its new name it is no longer replicated to {{}}: {_STAY}", lost),
        ("note", "under its new name it is replicated to {}", gained),
    )
    for severity, said, goals in severities:
        if goals:
            where = join_names(_called(each, pair.sides[1]) for each in sorted(goals))
            yield Change(
                kind="replication",
                severity=severity,
                stack=pair.stack,
                resource=pair.resource.id,
                repository=new,
                summary=f"{new}: {said.format(where)}",
                before={"repository": old, "destinations": _listed(before.goals(old))},
                after={"repository": new, "destinations": _listed(after.goals(new))},
                properties=("RepositoryName",),
            )


def _called(goal: Destination, source: Resource) -> str:
    """Return a destination's Region, with its account if that is another one."""
    return goal.region if goal.account == source_of(source).account else str(goal)


def _listed(goals: Iterable[Destination]) -> list[str]:
    return [str(each) for each in sorted(goals)]


def _patterns(prefixes: Iterable[str]) -> list[str]:
    return [f"{each}*" for each in sorted(prefixes)]


def _words(prefixes: Sequence[str]) -> str:
    return (
        "all repositories" if "" in prefixes else f"repositories {join_names(_patterns(prefixes))}"
    )


def _of_this_app(repositories: Mapping[str, Resource]) -> Iterator[str]:
    if repositories:
        yield f"Of this app these are: {join_names(repositories)}."
