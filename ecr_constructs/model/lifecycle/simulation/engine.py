"""Simulate a lifecycle policy on an inventory, image by image."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.lifecycle.image import Image
from ecr_constructs.model.lifecycle.inventory import Inventory
from ecr_constructs.model.lifecycle.rule import HasRules
from ecr_constructs.model.lifecycle.simulation import bits
from ecr_constructs.model.lifecycle.simulation.evaluation import (
    Assumption,
    Evaluation,
    EvaluationOptions,
    TieOrder,
    assumptions_of,
)
from ecr_constructs.model.lifecycle.simulation.explanation import explain
from ecr_constructs.model.lifecycle.simulation.in_use import pulled_since
from ecr_constructs.model.lifecycle.simulation.inputs import input_assumptions
from ecr_constructs.model.lifecycle.simulation.ranking import Ranking
from ecr_constructs.model.lifecycle.simulation.relations import ARCHIVE, EXPIRE
from ecr_constructs.model.lifecycle.simulation.rule_effects import (
    RuleEffect,
    RuleStep,
    rule_effects,
    rule_steps,
    unselected,
)
from ecr_constructs.model.lifecycle.simulation.waiting import HOURS_PER_EVALUATION, Reason
from ecr_constructs.model.tokens import is_list_mark, is_unresolved
from ecr_constructs.model.validation import raise_if_invalid, reject


class Bytes(NamedTuple):
    """The size of layers that no remaining image shares: certainly, and perhaps."""

    at_least: int
    at_most: int


def in_units(size: int) -> str:
    """Format a number of bytes: ``3.4 GB``."""
    value, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:  # noqa: PLR2004
            break
        value, unit = value / 1000, larger
    return f"{value:.1f} {unit}" if unit != "B" else f"{size} B"


def bytes_of(images: Sequence[Image], ranks: int) -> Bytes:
    """Return the storage that only the images with these ranks use.

    Without manifests it is at most the sum of their sizes. With the manifests of all images it is
    exact.
    """
    sizes: dict[str, int] = {}
    unknown_size = 0
    for rank in bits.members(ranks):
        image = images[rank]
        if image.blobs is not None:
            sizes.update((blob.digest, blob.size_bytes) for blob in image.blobs)
        elif not image.is_index:
            # An index has no layers; the size that ECR reports is that of its largest child.
            unknown_size += image.size_bytes
    remaining = [images[rank].blobs for rank in bits.members(bits.below(len(images)) & ~ranks)]
    shared = {blob.digest for blobs in remaining for blob in blobs or ()}
    freed = sum(size for digest, size in sizes.items() if digest not in shared)
    return Bytes(0 if None in remaining else freed, freed + unknown_size)


class Fate(Enum):
    """The outcome of an image: deleted, archived or kept."""

    EXPIRED = "expired"
    ARCHIVED = "archived"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one image, with its rule and its reason.

    Attributes:
        image: The image.
        fate: Whether it is deleted, archived or kept.
        rule_priority: The rule that identified it first, whether or not it acts. For a referrer
            that follows its subject, the rule that acts on the subject. None if there is none.
        follows: The digest of the subject that it follows.
    """

    image: Image
    fate: Fate
    rule_priority: int | None
    follows: str | None
    _evaluation: Evaluation = field(repr=False, compare=False)

    @property
    def reason(self) -> str:
        """The reason for the outcome, in one sentence."""
        return explain(self._evaluation, self._evaluation.ranking.ranks[self.image.digest])


class PreviewResult(NamedTuple):
    """An image that ECR acts on now, as GetLifecyclePolicyPreview lists it."""

    image: Image
    fate: Fate
    rule_priority: int


class FollowUp(NamedTuple):
    """An image that is deleted or archived after others, which ECR's preview does not list.

    Attributes:
        image: The image.
        fate: Whether it is deleted or archived.
        after: The digest of the index that lists it, or of the subject that it refers to.
        because: Whether it waits for an index (``INDEX_GONE``), and a rule acts on it then, or
            follows its subject (``SUBJECT_GONE``).
        rule_priority: The rule that acts on it; None if it follows its subject.
        within_hours: The latest time, in hours from now: 24 for each evaluation by ECR.
    """

    image: Image
    fate: Fate
    after: str
    because: Reason
    rule_priority: int | None
    within_hours: int


_FATES = {0: Fate.KEPT, EXPIRE: Fate.EXPIRED, ARCHIVE: Fate.ARCHIVED}


class Simulation:
    """A lifecycle policy applied to an inventory at one instant.

    The outcome of an image is computed only on access.

    Attributes:
        policy: The policy.
        inventory: The images.
        now: The instant, in UTC.
        options: The assumptions about undocumented behaviour.

    Example:
        >>> from datetime import UTC, datetime
        >>> from ecr_constructs import LifecyclePolicy, LifecycleRule
        >>> from ecr_constructs.model.lifecycle import Image
        >>> old = Image(digest="sha256:a", pushed_at=datetime(2026, 1, 1, tzinfo=UTC))
        >>> policy = LifecyclePolicy(LifecycleRule.expire(after_days=30))
        >>> simulation = policy.simulate([old], now=datetime(2026, 6, 1, tzinfo=UTC))
        >>> [outcome.image.digest for outcome in simulation.expired]
        ['sha256:a']
    """

    def __init__(
        self, policy: HasRules, inventory: Inventory, now: datetime, options: EvaluationOptions
    ) -> None:
        """Evaluate the policy."""
        self.policy = policy
        self.inventory = inventory
        self.now = now
        self.options = options
        ranking = Ranking(inventory, now, later_is_newer=options.ties is TieOrder.LISTED)
        self.evaluation = Evaluation(policy.rules, ranking, options)

    @property
    def outcomes(self) -> Iterator[Outcome]:
        """The outcome of each image, in the order of the inventory."""
        return map(self._outcome, self.evaluation.ranking.ranks_as_listed)

    @cached_property
    def expired(self) -> tuple[Outcome, ...]:
        """The images that are deleted, oldest first."""
        return self._outcomes(self.evaluation.resolution.expired)

    @cached_property
    def archived(self) -> tuple[Outcome, ...]:
        """The images that are moved to the archive, oldest first."""
        return self._outcomes(self.evaluation.resolution.archived)

    @cached_property
    def kept(self) -> tuple[Outcome, ...]:
        """The images that stay in their storage class, oldest first."""
        expired, archived = self.evaluation.resolution
        return self._outcomes(self.evaluation.ranking.all & ~expired & ~archived)

    @cached_property
    def preview_results(self) -> tuple[PreviewResult, ...]:
        """The images that ECR acts on now, in the order of the inventory.

        They are those of ECR's own preview. `follow_ups` are not among them, except for an image
        that is archived now and deleted with its subject later, which is in both.
        """
        evaluation, now = self.evaluation, self.evaluation.immediate
        fates = {
            rank: fate
            for fate, ranks in ((Fate.EXPIRED, now.expired), (Fate.ARCHIVED, now.archived))
            for rank in bits.members(ranks)
        }
        return tuple(
            PreviewResult(evaluation.ranking.images[rank], fates[rank], self._acting_rule(rank))
            for rank in evaluation.ranking.ranks_as_listed
            if rank in fates
        )

    @cached_property
    def follow_ups(self) -> tuple[FollowUp, ...]:
        """The images that are deleted or archived after others, oldest first."""
        evaluation = self.evaluation
        images = evaluation.ranking.images
        return tuple(
            FollowUp(
                images[rank],
                _FATES[evaluation.actions[rank]],
                images[wait.after].digest,
                wait.because,
                self._acting_rule(rank) if wait.because == "INDEX_GONE" else None,
                wait.evaluations * HOURS_PER_EVALUATION,
            )
            for rank, wait in sorted(evaluation.waits.items(), reverse=True)
        )

    def _acting_rule(self, rank: int) -> int:
        priority = self.evaluation.acting_results[rank].rule.rule_priority
        assert priority is not None
        return priority

    def pulled_within(self, days: float) -> tuple[Outcome, ...]:
        """Return the images that are deleted or archived although they were pulled lately.

        Args:
            days: The age of the last recorded pull, at most.

        Returns:
            Deleted images before archived ones, then tagged ones first, then the last pull first.
        """
        expired, archived = self.evaluation.resolution
        pulled = pulled_since(self.evaluation.ranking, days)
        return tuple(
            self._outcome(rank)
            for ranks in (expired & pulled, archived & pulled)
            for rank in self.by_attention(ranks, days)
        )

    @property
    def has_pull_times(self) -> bool:
        """Whether any image has a recorded pull; otherwise which are in use is unknown."""
        return any(image.last_recorded_pull_time for image in self.inventory)

    def by_attention(self, ranks: int, days: float) -> list[int]:
        """Sort a set of ranks: images pulled within some days, then tagged ones, then oldest."""
        images, pulled = self.evaluation.ranking.images, pulled_since(self.evaluation.ranking, days)

        def position(rank: int) -> tuple[bool, bool, float, int]:
            image, is_pulled = images[rank], bool(pulled >> rank & 1)
            last_pull = image.last_recorded_pull_time if is_pulled else None
            latest_first = -last_pull.timestamp() if last_pull else 0.0
            return not is_pulled, not image.tags, latest_first, -rank

        return sorted(bits.members(ranks), key=position)

    def find(self, name: str) -> Outcome:
        """Return the outcome of the image with a tag, a digest, or the beginning of a digest.

        Raises:
            ValidationError: ``image-unknown`` or ``image-ambiguous``.
        """
        digest = name.rpartition("@")[2]
        index = self.inventory.holders.get(name)
        if index is not None:
            return self._outcome(self.evaluation.ranking.ranks_as_listed[index])
        if digest in self.evaluation.ranking.ranks:
            return self.outcome(digest)
        shortened = digest.removeprefix("sha256:")
        matches = [
            image.digest
            for image in self.inventory
            if shortened and image.digest.removeprefix("sha256:").startswith(shortened)
        ]
        if len(matches) > 1:
            message = f"is the beginning of {len(matches):,} digests"
            reject("image", name, "image-ambiguous", message, path=name, remedy="give more of it")
        return self.outcome(matches[0] if matches else name)

    @property
    def counts(self) -> Counter[Fate]:
        """The number of images of each fate."""
        expired, archived = map(int.bit_count, self.evaluation.resolution)
        kept = len(self.inventory) - expired - archived
        return Counter({Fate.EXPIRED: expired, Fate.ARCHIVED: archived, Fate.KEPT: kept})

    @cached_property
    def expired_bytes(self) -> Bytes:
        """The storage that the deletions free, as a range, because images share layers."""
        return self._bytes(self.evaluation.resolution.expired)

    @cached_property
    def archived_bytes(self) -> Bytes:
        """The storage that moves to the archive, as a range, because images share layers."""
        return self._bytes(self.evaluation.resolution.archived)

    @cached_property
    def rule_effects(self) -> tuple[RuleEffect, ...]:
        """How many images each rule selects, marks and acts on, in the order of priority."""
        return rule_effects(self.evaluation)

    @cached_property
    def unselected_count(self) -> int:
        """The number of images that no rule selects and that do not go with another image."""
        return unselected(self.evaluation).bit_count()

    def rule_steps(self, digest: str) -> tuple[RuleStep, ...]:
        """Return what each rule does to one image, in the order of priority.

        Raises:
            ValidationError: ``image-unknown``: the inventory has no such image.
        """
        self.outcome(digest)
        return rule_steps(self.evaluation, self.evaluation.ranking.ranks[digest])

    @cached_property
    def assumptions(self) -> tuple[Assumption, ...]:
        """The assumptions about undocumented behaviour or missing data that change the result."""
        about_input = input_assumptions(self.inventory, self.policy.rules)
        return (*about_input, *assumptions_of(self.evaluation))

    def outcome(self, digest: str) -> Outcome:
        """Return the outcome of one image.

        Raises:
            ValidationError: ``image-unknown``: the inventory has no such image.
        """
        rank = self.evaluation.ranking.ranks.get(digest)
        if rank is None:
            message = f"is not one of the {len(self.inventory):,} images of the inventory"
            remedy = "give a tag or a digest that describe-images lists"
            reject("image", digest, "image-unknown", message, path=digest, remedy=remedy)
        return self._outcome(rank)

    def _outcomes(self, ranks: int) -> tuple[Outcome, ...]:
        return tuple(map(self._outcome, bits.members(ranks)))[::-1]

    def _outcome(self, rank: int) -> Outcome:
        evaluation = self.evaluation
        image, root = evaluation.ranking.images[rank], evaluation.root_image(rank)
        result = evaluation.deciding_result(root)
        return Outcome(
            image,
            _FATES[evaluation.actions[rank]],
            result.rule.rule_priority if result else None,
            image.subject if root != rank else None,
            evaluation,
        )

    def _bytes(self, ranks: int) -> Bytes:
        return bytes_of(self.evaluation.ranking.images, ranks)


def simulate(
    policy: HasRules, images: Iterable[Image], now: datetime | None, options: EvaluationOptions
) -> Simulation:
    """Apply a policy; see `LifecyclePolicy.simulate`."""
    raise_if_invalid("lifecycle policy to simulate", policy.to_json(), _deploy_time_errors(policy))
    inventory = images if isinstance(images, Inventory) else Inventory(images)
    return Simulation(policy, inventory, in_utc(now), options)


def in_utc(now: datetime | None) -> datetime:
    """Return an instant that has a time zone in UTC; None is the current time."""
    if now is None:
        return datetime.now(UTC)
    if now.tzinfo is None:
        message = f"has no time zone: {now!r}"
        remedy = "write now.replace(tzinfo=UTC) if it is UTC"
        reject("instant", now, "instant-zone", message, path="now", remedy=remedy)
    return now.astimezone(UTC)


def _deploy_time_errors(policy: HasRules) -> Iterator[Diagnostic]:
    for index, rule in enumerate(policy.rules):
        for name in ("count_number", "tag_pattern_list", "tag_prefix_list"):
            value = getattr(rule, name)
            values = value if isinstance(value, tuple) else [value]
            if any(is_unresolved(item) or is_list_mark(item) for item in values):
                yield Diagnostic(
                    "value-unresolved",
                    f"of rule {rule.rule_priority} is a deploy-time value",
                    f"rules[{index}].{name}",
                    "simulate the policy of the deployed template",
                )
