"""Report which images a lifecycle policy change deletes, archives or spares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ecr_constructs.cloudformation.lifecycle import policy_of
from ecr_constructs.cloudformation.replication_config import rules_of
from ecr_constructs.cloudformation.resource_types import REPLICATION, REPOSITORY
from ecr_constructs.model.diagnostics import Severity, pluralize
from ecr_constructs.model.lifecycle import LifecyclePolicy
from ecr_constructs.model.lifecycle.rule import rule_in_words
from ecr_constructs.model.lifecycle.simulation import bits
from ecr_constructs.model.lifecycle.simulation.engine import bytes_of, in_units, in_utc
from ecr_constructs.model.lifecycle.simulation.explanation import short
from ecr_constructs.model.lifecycle.simulation.in_use import PULLED_WITHIN_DAYS, pulled_since
from ecr_constructs.model.lifecycle.simulation.preview import action_of
from ecr_constructs.model.names import covers
from ecr_constructs.review.phrases import join_names, subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.model.lifecycle import Inventory, Outcome, Simulation
    from ecr_constructs.model.lifecycle.image import Image
    from ecr_constructs.review.change import Change, Kind
    from ecr_constructs.review.comparison import Comparison, Pair

MOST_IMAGES = 50
"""How many images `before` of a change lists; it counts the others."""
_NAMED = 3


class _Group(NamedTuple):
    """Images with the same outcome, as a set of ranks."""

    kind: Kind
    severity: Severity
    verb: str
    ranks: int


def changes(comparison: Comparison) -> Iterator[Change]:
    """Yield the images that only one of both policies deletes or archives."""
    now = in_utc(comparison.now)
    for pair in comparison.of_type(REPOSITORY):
        # A replacement has no images, and the old repository keeps its policy.
        if pair.sides is None or pair.sides[1] in comparison.replacements:
            continue
        inventory = comparison.inventories.of(pair.sides[1])
        old, new = pair.values("LifecyclePolicy")
        if inventory is not None and old != new:
            yield from _changes(pair, inventory, now)


def _changes(pair: Pair, inventory: Inventory, now: datetime) -> Iterator[Change]:
    assert pair.sides is not None
    before, after = (
        _simulated(policy_of(repository).policy, inventory, now) for repository in pair.sides
    )
    if after is None:
        return
    # An unknown policy is assumed to keep every image.
    base = before or _simulated(LifecyclePolicy(), inventory, now)
    assert base is not None
    for group in _groups(base, after):
        if group.ranks:
            details = _details(pair.sides[1], after, group)
            if before is None:
                details.append("The images that the previous policy deletes are unknown.")
            yield _change(pair, after, group, details)


def _simulated(
    policy: LifecyclePolicy | None, inventory: Inventory, now: datetime
) -> Simulation | None:
    return None if policy is None else policy.simulate(inventory, now=now)


def _groups(before: Simulation, after: Simulation) -> Iterator[_Group]:
    # Both rank the same images at the same instant.
    (was_deleted, was_archived), (deleted, archived) = (
        simulation.evaluation.resolution for simulation in (before, after)
    )
    yield _Group("images-deleted", Severity.ERROR, "will be deleted", deleted & ~was_deleted)
    newly = archived & ~was_archived & ~was_deleted
    yield _Group("lifecycle", Severity.WARNING, "will be archived", newly)
    spared = (was_deleted & ~deleted) | (was_archived & ~archived & ~deleted)
    yield _Group("lifecycle", Severity.NOTE, "will be kept instead of deleted or archived", spared)


def _change(pair: Pair, after: Simulation, group: _Group, details: list[str]) -> Change:
    images = after.evaluation.ranking.images
    ranks = after.by_attention(group.ranks, PULLED_WITHIN_DAYS)
    outcomes = [after.outcome(images[rank].digest) for rank in ranks[:MOST_IMAGES]]
    size = bytes_of(images, group.ranks)
    named = _named([images[rank] for rank in ranks])
    count = pluralize(len(ranks), "image")
    most = in_units(size.at_most)
    about = most if size.at_least == size.at_most else f"up to {most}"
    return pair.change(
        group.kind,
        group.severity,
        f"{subject(pair)}: {count} {group.verb} ({about}): {named}",
        before={
            "imageCount": len(ranks),
            "followUpImageCount": _waiting(after, group.ranks).bit_count(),
            "recentlyPulledImageCount": _pulled(after, group.ranks).bit_count(),
            "bytes": {"atLeast": size.at_least, "atMost": size.at_most},
            "images": [_described(outcome) for outcome in outcomes],
            "more": len(ranks) - len(outcomes),
        },
        after={"action": action_of(outcomes[0])},
        details=tuple(details),
        properties=("LifecyclePolicy",),
    )


def _named(images: Sequence[Image]) -> str:
    names = [image.tags[0] if image.tags else short(image.digest) for image in images[:_NAMED]]
    if len(images) > _NAMED:
        names[-1] = f"{len(images) - _NAMED + 1:,} more"
    return join_names(names)


def _described(outcome: Outcome) -> dict[str, Any]:
    image, pulled = outcome.image, outcome.image.last_recorded_pull_time
    return {
        "imageDigest": image.digest,
        "imageTags": list(image.tags),
        "imagePushedAt": image.pushed_at.isoformat(),
        **({"lastRecordedPullTime": pulled.isoformat()} if pulled else {}),
        "imageSizeInBytes": image.size_bytes,
        "reason": outcome.reason,
    }


def _details(repository: Resource, after: Simulation, group: _Group) -> list[str]:
    details = [
        f"Based on {pluralize(len(after.inventory), 'image')} at {after.now:%Y-%m-%d %H:%M} UTC."
    ]
    if group.severity == Severity.NOTE:
        return details
    details = [*_pulled_lately(after, group), *_by_rule(after, group.ranks), *details]
    if waiting := _waiting(after, group.ranks).bit_count():
        hours = max(item.within_hours for item in after.follow_ups)
        details.append(
            f"{pluralize(waiting, 'image')} of these only after an index or a subject, within "
            f"{hours} hours."
        )
    details += [f"Assumption: {assumption.sentence}" for assumption in after.assumptions]
    followers = _followers(repository) if group.kind == "images-deleted" else []
    if followers:
        details.append(f"Replication also deletes them in {join_names(followers)}.")
    return details


def _waiting(after: Simulation, ranks: int) -> int:
    """Return those of the images that are deleted or archived after others."""
    return ranks & bits.from_members(after.evaluation.waits, len(after.inventory))


def _pulled(after: Simulation, ranks: int) -> int:
    return ranks & pulled_since(after.evaluation.ranking, PULLED_WITHIN_DAYS)


def _pulled_lately(after: Simulation, group: _Group) -> Iterator[str]:
    """Yield which images were pulled lately: they are probably in use."""
    if pulled := _pulled(after, group.ranks):
        images = after.evaluation.ranking.images
        names = _named([images[rank] for rank in after.by_attention(pulled, PULLED_WITHIN_DAYS)])
        days = pluralize(PULLED_WITHIN_DAYS, "day")
        yield f"Pulled in the last {days}, so probably in use: {names}."


def _by_rule(after: Simulation, ranks: int) -> Iterator[str]:
    """Yield how many of the images each rule acts on."""
    for result in after.evaluation.results:
        if count := (result.acted & ranks).bit_count():
            rule = result.rule
            yield f"Rule {rule.rule_priority} ({rule_in_words(rule)}): {pluralize(count, 'image')}."


def _followers(repository: Resource) -> list[str]:
    """Return the registries that deletions are replicated to."""
    name = repository.text("RepositoryName") or ""
    destinations = {
        destination
        for configuration in repository.assembly.in_registry_of(repository, REPLICATION)
        for rule in rules_of(configuration)
        if rule.replicate_deletions and covers(rule.prefixes, name)
        for destination in rule.destinations
    }
    return [str(destination) for destination in sorted(destinations)]
