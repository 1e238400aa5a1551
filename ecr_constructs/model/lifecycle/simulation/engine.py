"""What a lifecycle policy does to an inventory, image by image."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING

from ecr_constructs.model.lifecycle.inventory import Inventory
from ecr_constructs.model.lifecycle.simulation import bits
from ecr_constructs.model.lifecycle.simulation.assumptions import Assumption, assumptions_of
from ecr_constructs.model.lifecycle.simulation.evaluation import Evaluation
from ecr_constructs.model.lifecycle.simulation.explanation import explain
from ecr_constructs.model.lifecycle.simulation.options import DEFAULT, Readings
from ecr_constructs.model.lifecycle.simulation.ranking import Ranking
from ecr_constructs.model.lifecycle.simulation.relations import ARCHIVE, EXPIRE
from ecr_constructs.model.lifecycle.simulation.storage import Bytes, bytes_of
from ecr_constructs.model.tokens import is_list_mark, is_unresolved
from ecr_constructs.model.validation import raise_if_invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ecr_constructs.model.lifecycle.image import Image
    from ecr_constructs.model.lifecycle.policy import LifecyclePolicy


class Fate(Enum):
    """What becomes of an image."""

    EXPIRED = "expired"
    ARCHIVED = "archived"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of one image, by which rule, and why.

    Attributes:
        image: The image.
        fate: What becomes of it.
        rule_priority: The rule that identified it first, whether or not it acts; of an image
            that goes with the one it refers to, the rule that acts on that one. None if there
            is no such rule.
        follows: The digest of the image that it goes with, because it refers to it.
    """

    image: Image
    fate: Fate
    rule_priority: int | None
    follows: str | None
    _evaluation: Evaluation = field(repr=False, compare=False)

    @property
    def reason(self) -> str:
        """Why, in one sentence."""
        return explain(self._evaluation, self._evaluation.ranking.ranks[self.image.digest])


_FATES = {0: Fate.KEPT, EXPIRE: Fate.EXPIRED, ARCHIVE: Fate.ARCHIVED}


class Simulation:
    """A lifecycle policy applied to an inventory at one instant.

    Nothing is worked out for an image before it is asked for.

    Attributes:
        policy: The policy.
        inventory: The images.
        now: The instant, in UTC.
        readings: The answers to what AWS does not document.
    """

    def __init__(
        self, policy: LifecyclePolicy, inventory: Inventory, now: datetime, readings: Readings
    ) -> None:
        """Evaluate the policy."""
        self.policy = policy
        self.inventory = inventory
        self.now = now
        self.readings = readings
        self.evaluation = Evaluation(policy.rules, Ranking(inventory, now, readings.ties), readings)

    @property
    def outcomes(self) -> Iterator[Outcome]:
        """What becomes of each image, in the order in which the inventory lists them."""
        return map(self._outcome, self.evaluation.ranking.rank_of_place)

    @cached_property
    def expired(self) -> tuple[Outcome, ...]:
        """What is deleted, oldest first."""
        return self._outcomes(self.evaluation.settled.expired)

    @cached_property
    def archived(self) -> tuple[Outcome, ...]:
        """What is moved to the archive, oldest first."""
        return self._outcomes(self.evaluation.settled.archived)

    @cached_property
    def kept(self) -> tuple[Outcome, ...]:
        """What stays where it is, oldest first."""
        settled = self.evaluation.settled
        return self._outcomes(self.evaluation.ranking.all & ~settled.expired & ~settled.archived)

    @property
    def counts(self) -> Counter[Fate]:
        """How many images there are of each fate."""
        settled = self.evaluation.settled
        expired, archived = settled.expired.bit_count(), settled.archived.bit_count()
        kept = len(self.inventory) - expired - archived
        return Counter({Fate.EXPIRED: expired, Fate.ARCHIVED: archived, Fate.KEPT: kept})

    @cached_property
    def expired_bytes(self) -> Bytes:
        """How much storage the deletions free, as a range: images share layers."""
        return self._bytes(self.evaluation.settled.expired)

    @cached_property
    def archived_bytes(self) -> Bytes:
        """How much moves to the archive, as a range: images share layers."""
        return self._bytes(self.evaluation.settled.archived)

    @cached_property
    def assumptions(self) -> tuple[Assumption, ...]:
        """What this result rests on that AWS does not document or the inventory does not tell.

        Only what makes a difference: each other reading is tried.
        """
        return tuple(assumptions_of(self.evaluation))

    def outcome(self, digest: str) -> Outcome:
        """Return what becomes of one image.

        Raises:
            ValueError: The inventory has no such image.
        """
        rank = self.evaluation.ranking.ranks.get(digest)
        if rank is None:
            msg = f"the inventory has no image {digest!r}; it has {len(self.inventory):,} others"
            raise ValueError(msg)
        return self._outcome(rank)

    def _outcomes(self, ranks: int) -> tuple[Outcome, ...]:
        return tuple(map(self._outcome, bits.members(ranks)))[::-1]

    def _outcome(self, rank: int) -> Outcome:
        evaluation = self.evaluation
        image, leader = evaluation.ranking.images[rank], evaluation.leader(rank)
        owner = evaluation.owner(leader)
        return Outcome(
            image,
            _FATES[evaluation.deeds[rank]],
            owner.rule.rule_priority if owner else None,
            image.subject if leader != rank else None,
            evaluation,
        )

    def _bytes(self, ranks: int) -> Bytes:
        return bytes_of(self.evaluation.ranking.images, ranks)


def simulate(
    policy: LifecyclePolicy,
    images: Iterable[Image],
    now: datetime | None = None,
    readings: Readings = DEFAULT,
) -> Simulation:
    """Apply a policy; see `LifecyclePolicy.simulate`."""
    raise_if_invalid("lifecycle policy to simulate", policy.to_json(), _deploy_time_errors(policy))
    inventory = images if isinstance(images, Inventory) else Inventory(images)
    return Simulation(policy, inventory, in_utc(now), readings)


def in_utc(now: datetime | None) -> datetime:
    """Return an instant in UTC; None is this instant.

    Raises:
        ValueError: It has no zone.
    """
    if now is None:
        return datetime.now(UTC)
    if now.tzinfo is None:
        msg = f"now must have a zone, got {now!r}; write now.replace(tzinfo=UTC) if it is UTC"
        raise ValueError(msg)
    return now.astimezone(UTC)


def _deploy_time_errors(policy: LifecyclePolicy) -> Iterator[str]:
    for rule in policy.rules:
        for name in ("count_number", "tag_pattern_list", "tag_prefix_list"):
            value = getattr(rule, name)
            values = value if isinstance(value, tuple) else [value]
            if any(is_unresolved(each) or is_list_mark(each) for each in values):
                yield (
                    f"rule {rule.rule_priority}: {name} is known only at deploy time; take the "
                    "policy of the synthesized template"
                )
