"""Plan the tags that keep images in use, whatever a lifecycle policy says of them otherwise.

A tag names one digest: each image has its own, ``in-use-prod-0123456789ab``. A rule before all
others keeps what has such a tag. When an image is no longer in use, the tag is replaced by one
that has the last day of a grace time in it, ``in-use-prod-0123456789ab-until-20261204``, so that
nothing but the registry has to remember it. An image whose last tag is removed is deleted at once,
so it gets another tag first, which no rule keeps: ``was-in-use-prod-0123456789ab``.
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from ecr_constructs.model.lifecycle import Inventory
from ecr_constructs.model.lifecycle.in_use_tags import PREFIX
from ecr_constructs.model.validation import reject
from ecr_constructs.snapshot.usage.images import is_archived, tags_of
from ecr_constructs.snapshot.usage.policy_conflicts import PolicyConflicts, policy_conflicts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ecr_constructs.model.lifecycle.simulation.image_uses import ImageUser
    from ecr_constructs.snapshot.usage.images import Entry, RepositoryImages
    from ecr_constructs.snapshot.usage.in_use import InUse

GRACE_DAYS = 7
"""How many days an image keeps its tag after its last use was seen, by default."""

Action = Literal["put", "keep", "start-grace", "wait", "release", "hold", "archived"]
ACTIONS: tuple[Action, ...] = (
    "put",
    "start-grace",
    "release",
    "hold",
    "archived",
    "wait",
    "keep",
)
"""What is done with an image, those that need attention first."""

_ENVIRONMENT = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_MOST = 40
_SHORT, _WHOLE = 12, 64
_NOT_OF_USE = ("BatchGetImage",)


@dataclass(frozen=True, slots=True)
class Step:
    """What is done with the tags of one image.

    Attributes:
        action: ``put``: it is in use and gets a tag; ``keep``: it has one; ``start-grace``: it is
            no longer in use, and the grace time starts; ``wait``: it has not ended; ``release``:
            it has; ``hold``: it would start or end, but not everything is known; ``archived``: it
            is in use, and in the archive, where tags do not help.
        repository: The repository.
        digest: The image.
        put: The tags that it gets.
        remove: The tags that it loses, after that.
        users: Who uses it.
    """

    action: Action
    repository: RepositoryImages
    digest: str
    put: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    users: Sequence[ImageUser] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps that protect the images in use.

    Attributes:
        environment: The name in the tags.
        steps: The steps.
        after: The images in use that lifecycle policies delete even with the tags, because no rule
            keeps these.
    """

    environment: str
    steps: Sequence[Step]
    after: PolicyConflicts


def plan_protection(
    result: InUse,
    environment: str,
    *,
    grace_days: int = GRACE_DAYS,
    now: datetime | None = None,
    accept_not_known: bool = False,
    days: int = 365,
) -> Plan:
    """Return the tags that images get and lose.

    Args:
        result: Who uses which image.
        environment: The name in the tags: each environment puts and removes its own.
        grace_days: How many days an image keeps its tag after its last use was seen.
        now: The instant. Default: now.
        accept_not_known: Whether tags are removed although images may be in use where nothing was
            looked at.
        days: How far the lifecycle policies are looked ahead.

    Raises:
        ValidationError: ``environment-name`` or ``grace-days``: a value is not valid.
    """
    if not _ENVIRONMENT.fullmatch(environment) or len(environment) > _MOST:
        message = f"must be lower-case letters, digits and hyphens, at most {_MOST}, like 'prod'"
        reject("environment", environment, "environment-name", message)
    instant = now or datetime.now(UTC)
    try:
        last_day = instant.date() + timedelta(days=grace_days)
    except OverflowError:
        last_day = date.min
    if last_day < instant.date():
        message = "must be a number of days, at least 0"
        reject("grace time", grace_days, "grace-days", message)
    is_known = accept_not_known or all(item.operation in _NOT_OF_USE for item in result.not_known)
    planner = _Planner(environment, instant.date(), last_day, is_known)
    steps: list[Step] = []
    of_repositories: dict[str, list[Step]] = {}
    for repository in result.images.repositories:
        of_repository = [*planner.steps(repository, result.users_of(repository))]
        of_repositories[str(repository)] = of_repository
        steps += of_repository
    steps.sort(key=lambda step: ACTIONS.index(step.action))

    def changed(repository: RepositoryImages, inventory: Inventory) -> Inventory:
        return with_tags(inventory, of_repositories[str(repository)])

    after = policy_conflicts(result, days=days, now=instant, changed=changed)
    return Plan(environment, steps, after)


def with_tags(inventory: Inventory, steps: Sequence[Step]) -> Inventory:
    """Return the images of a repository as they are after some steps."""
    changes = {step.digest: step for step in steps}

    def tags(digest: str, present: tuple[str, ...]) -> tuple[str, ...]:
        step = changes.get(digest)
        if step is None:
            return present
        kept = (tag for tag in (*present, *step.put) if tag not in step.remove)
        return tuple(dict.fromkeys(kept))

    return Inventory(
        (replace(image, tags=tags(image.digest, image.tags)) for image in inventory),
        repository_name=inventory.repository_name,
        registry_id=inventory.registry_id,
        unread_manifests=inventory.unread_manifests,
    )


@dataclass(frozen=True, slots=True)
class _Planner:
    """Decides about the tags of one environment."""

    environment: str
    today: date
    last_day: date
    is_known: bool

    def steps(
        self, repository: RepositoryImages, users: Mapping[str, Sequence[ImageUser]]
    ) -> Iterator[Step]:
        shorts = Counter(digest[7 : 7 + _SHORT] for digest in repository.by_digest)
        own = re.compile(
            rf"{PREFIX}{re.escape(self.environment)}-(?P<digits>[0-9a-f]{{{_SHORT},{_WHOLE}}})"
            r"(?:-until-(?P<day>[0-9]{8}))?"
        )
        for digest, entry in repository.by_digest.items():
            present = {tag: match for tag in tags_of(entry) if (match := own.fullmatch(tag))}
            if not present and digest not in users:
                continue
            digits = digest[7:]
            short = digits[:_SHORT] if shorts[digits[:_SHORT]] == 1 else digits
            step = Step("keep", repository, digest, users=users.get(digest, ()))
            if digest in users:
                yield self._in_use(step, entry, short, present)
            else:
                yield self._unused(step, entry, short, present)

    def _in_use(
        self, step: Step, entry: Entry, short: str, present: Mapping[str, re.Match[str]]
    ) -> Step:
        if is_archived(entry):
            return replace(step, action="archived")
        ending = tuple(tag for tag, match in present.items() if match["day"])
        put = () if len(ending) < len(present) else (f"{PREFIX}{self.environment}-{short}",)
        if not put and not ending:
            return step
        return replace(step, action="put", put=put, remove=ending)

    def _unused(
        self, step: Step, entry: Entry, short: str, present: Mapping[str, re.Match[str]]
    ) -> Step:
        days = [day for match in present.values() if (day := _day(match["day"]))]
        if days and max(days) >= self.today:
            return replace(step, action="wait")
        if not self.is_known or is_archived(entry):
            return replace(step, action="hold")
        removed = tuple(present)
        if not days and self.last_day > self.today:
            tag = f"{PREFIX}{self.environment}-{short}-until-{self.last_day:%Y%m%d}"
            return replace(step, action="start-grace", put=(tag,), remove=removed)
        put = () if len(tags_of(entry)) > len(present) else (released_tag(self.environment, short),)
        return replace(step, action="release", put=put, remove=removed)


def released_tag(environment: str, short: str) -> str:
    """Return the tag that an image gets so that it does not lose its last one."""
    return f"was-{PREFIX}{environment}-{short}"


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        # Nobody but this program writes such a tag; it ends at once.
        return None
