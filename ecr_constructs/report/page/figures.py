"""The numbers of a page: what each repository holds, and what its lifecycle policy leaves of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from ecr_constructs.model.lifecycle import Inventory, LifecyclePolicy
from ecr_constructs.model.lifecycle.inventory_documents import instant
from ecr_constructs.model.lifecycle.simulation.engine import Fate
from ecr_constructs.model.not_known import NotKnown
from ecr_constructs.model.validation import ValidationError
from ecr_constructs.snapshot.registry_view import RegistryView

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ecr_constructs.model.lifecycle.image import Image
    from ecr_constructs.model.registry_id import RegistryId
    from ecr_constructs.snapshot.document import Snapshot
    from ecr_constructs.snapshot.registry_view import RepositoryView

DAYS = 90
"""The length of the forecast."""

MOST_IMAGES = 20_000
"""A forecast of more images takes minutes; ECR's quota is 20,000 images in a repository."""

NO_TEAM = "no team"
# Their missing answers are noted where they are read.
_OF_REPOSITORIES = (
    *("DescribeImages", "GetLifecyclePolicy", "GetRepositoryPolicy", "ListTagsForResource"),
    *("DescribeRepositories", "DescribeRegistry", "GetRegistryScanningConfiguration"),
    "BatchGetRepositoryScanningConfiguration",
)
_IMAGES = {"filter": {"imageStatus": "ANY"}}


class Left(NamedTuple):
    """What is left at the end of each day, from today on.

    Attributes:
        images: The images.
        size: Their size in bytes, at most: images share layers.
    """

    images: tuple[int, ...]
    size: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Contents:
    """The images of a repository.

    Attributes:
        images: How many there are.
        untagged: How many have no tag.
        archived: How many are in the archive.
        size: Their size in bytes, at most.
        last_push: The day of the last push; empty: there was none.
        last_pull: The day of the last pull; empty: none was recorded.
    """

    images: int
    untagged: int
    archived: int
    size: int
    last_push: str
    last_pull: str


@dataclass(frozen=True, slots=True)
class RepositoryFigures:
    """One repository.

    Attributes:
        view: Its settings.
        registry: Its account and Region.
        team: The value of its tag; None: its tags are not known.
        contents: Its images; None: they are not known.
        rules: How many rules its lifecycle policy has; None: that is not known.
        left: What the policy leaves; None: that is not known.
    """

    view: RepositoryView
    registry: RegistryId
    team: str | None
    contents: Contents | None
    rules: int | None
    left: Left | None

    @property
    def leaving(self) -> int | None:
        """How many images the policy deletes within the forecast."""
        return None if self.left is None else self.left.images[0] - self.left.images[-1]


@dataclass(frozen=True, slots=True)
class Gap:
    """Calls of one operation whose answers are missing for the same reason.

    Attributes:
        source: The service or source.
        operation: The operation; empty: the source as a whole.
        reason: Why.
        subjects: What they are about.
    """

    source: str
    operation: str
    reason: str
    subjects: tuple[str, ...]


@dataclass
class Figures:
    """All registries of a page.

    Attributes:
        snapshots: The snapshots, by registry.
        team_tag: The key of the tag that names a team.
        repositories: The repositories, by name.
        gaps: What is not known.
    """

    snapshots: Sequence[Snapshot]
    team_tag: str
    repositories: list[RepositoryFigures] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read the snapshots."""
        missing: list[NotKnown] = []
        for snapshot in self.snapshots:
            registry = RegistryView(snapshot)
            missing += _missing_in(snapshot, registry)
            for view in registry.repositories.value.values():
                reader = _Reader(view, instant(snapshot.header.started), self.team_tag)
                self.repositories.append(reader.figures())
                missing += reader.missing
        self.repositories.sort(key=lambda item: (item.view.name, item.registry))
        self.gaps = list(_grouped(missing))

    @property
    def now(self) -> datetime:
        """When the first of the snapshots was made."""
        return min(instant(snapshot.header.started) for snapshot in self.snapshots)

    @property
    def teams(self) -> Mapping[str, Sequence[RepositoryFigures]]:
        """The repositories by team, the team with the most storage first."""
        teams: dict[str, list[RepositoryFigures]] = defaultdict(list)
        for repository in self.repositories:
            teams["not known" if repository.team is None else repository.team].append(repository)
        order = sorted(teams, key=lambda name: (-size_of(teams[name]), name))
        return {name: teams[name] for name in order}

    @property
    def left(self) -> Left:
        """What the policies leave in all repositories of which that is known."""
        lefts = [item.left for item in self.repositories if item.left is not None]
        images = [sum(day) for day in zip(*(left.images for left in lefts), strict=True)]
        sizes = [sum(day) for day in zip(*(left.size for left in lefts), strict=True)]
        return Left(tuple(images or [0] * (DAYS + 1)), tuple(sizes or [0] * (DAYS + 1)))


def size_of(repositories: Iterable[RepositoryFigures]) -> int:
    """Return the size of the images of repositories, as far as they are known."""
    return sum(item.contents.size for item in repositories if item.contents is not None)


def images_of(repositories: Iterable[RepositoryFigures]) -> int:
    """Return the number of images of repositories, as far as they are known."""
    return sum(item.contents.images for item in repositories if item.contents is not None)


class _Reader:
    """Reads one repository, and notes what is missing."""

    def __init__(self, view: RepositoryView, now: datetime, team_tag: str) -> None:
        self._view, self._now, self._team_tag = view, now, team_tag
        self.missing: list[NotKnown] = []

    def figures(self) -> RepositoryFigures:
        view = self._view
        tags = view.tags
        unknown = (
            view.policy.not_known,
            tags.not_known,
            view.registry.frequency_of(view.name).not_known,
        )
        self.missing += (item for item in unknown if item is not None)
        named = [
            value for key, value in tags.value.items() if key.lower() == self._team_tag.lower()
        ]
        team = named[0] or NO_TEAM if named else NO_TEAM if tags.not_known is None else None
        inventory = self._inventory()
        policy = self._lifecycle()
        return RepositoryFigures(
            view,
            view.registry.id,
            team,
            None if inventory is None else _contents(inventory),
            None if policy is None else len(policy.rules),
            self._left(inventory, policy),
        )

    def _miss(self, operation: str, reason: str) -> None:
        self.missing.append(NotKnown(self._view.name, operation, reason))

    def _inventory(self) -> Inventory | None:
        request = {"repositoryName": self._view.name, **_IMAGES}
        answer = self._view.registry.snapshot.answer("DescribeImages", request)
        if not answer.is_known:
            self._miss("DescribeImages", answer.reason)
            return None
        try:
            return Inventory.from_describe_images({"imageDetails": answer.items("imageDetails")})
        except ValidationError as error:
            self._miss("DescribeImages", _unreadable(error))
            return None

    def _lifecycle(self) -> LifecyclePolicy | None:
        """Return the lifecycle policy, one without rules if there is none."""
        setting = self._view.lifecycle
        if setting.not_known is not None:
            self.missing.append(setting.not_known)
            return None
        if setting.value is None:
            return LifecyclePolicy()
        try:
            return LifecyclePolicy.from_json(setting.value)
        except ValidationError as error:
            self._miss("GetLifecyclePolicy", _unreadable(error))
            return None

    def _left(self, inventory: Inventory | None, policy: LifecyclePolicy | None) -> Left | None:
        if inventory is None or policy is None:
            return None
        images = {image.digest: _size(image) for image in inventory}
        total = sum(images.values())
        if not policy.rules:
            return Left((len(images),) * (DAYS + 1), (total,) * (DAYS + 1))
        if len(images) > MOST_IMAGES:
            self._miss("forecast", f"more than {MOST_IMAGES:,} images")
            return None
        counts, sizes = [0] * (DAYS + 1), [0] * (DAYS + 1)
        for event in policy.forecast(inventory, days=DAYS, now=self._now).events:
            if event.fate is Fate.EXPIRED:
                day = max((event.at - self._now) // timedelta(days=1), 0) + 1
                counts[day] += 1
                sizes[day] += images[event.image.digest]
        return Left(tuple(_falling(len(images), counts)), tuple(_falling(total, sizes)))


def _unreadable(error: ValidationError) -> str:
    diagnostic = error.diagnostics[0]
    return f"cannot be read: {' '.join(filter(None, (diagnostic.path, diagnostic.message)))}"


def _falling(start: int, gone: Sequence[int]) -> Iterator[int]:
    """Yield what is left now, and at the end of each day."""
    for number in gone:
        start -= number
        yield start


def _size(image: Image) -> int:
    """Return the size that counts: an index has no layers."""
    return 0 if image.is_index else image.size_bytes


def _contents(inventory: Inventory) -> Contents:
    images = inventory.images
    pulls = [image.last_recorded_pull_time for image in images]
    return Contents(
        len(images),
        sum(not image.tags for image in images),
        sum(image.status == "ARCHIVED" for image in images),
        sum(map(_size, images)),
        max((image.pushed_at.date().isoformat() for image in images), default=""),
        max((pull.date().isoformat() for pull in pulls if pull is not None), default=""),
    )


def _missing_in(snapshot: Snapshot, registry: RegistryView) -> Iterator[NotKnown]:
    """Yield what is not known of a registry as a whole."""
    name = registry.name
    if snapshot.finished is None:
        yield NotKnown(name, "", "the snapshot was interrupted: calls are missing", "snapshot")
    for source in snapshot.header.not_asked:
        yield NotKnown(name, "", source.reason, source.source)
    for setting in (registry.repositories, registry.replication, registry.scanning):
        if setting.not_known is not None:
            yield setting.not_known
    for service, operation, answer in snapshot.unanswered:
        if service != "ecr" or operation not in _OF_REPOSITORIES:
            values = [str(value) for value in answer.request.values()]
            subject = ", ".join(values) or name
            yield NotKnown(subject, operation, answer.reason, service)


def _grouped(missing: Iterable[NotKnown]) -> Iterator[Gap]:
    groups: dict[tuple[str, str, str], dict[str, None]] = defaultdict(dict)
    for item in missing:
        groups[item.source, item.operation, item.reason][item.subject] = None
    for (source, operation, reason), subjects in sorted(groups.items()):
        yield Gap(source, operation, reason, tuple(subjects))
