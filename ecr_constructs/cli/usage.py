"""Who uses images: the arguments of the commands that say it, and what others judge by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.snapshots import add_snapshots, chosen_snapshots, given_snapshots
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.lifecycle import Inventory, LifecyclePolicy
from ecr_constructs.review import Inventories, RepositoryId
from ecr_constructs.snapshot.usage.in_use import in_use
from ecr_constructs.snapshot.usage.references import REVISIONS
from ecr_constructs.snapshot.usage.workloads import SOURCES

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from ecr_constructs.model.lifecycle.simulation.image_uses import ImageUses
    from ecr_constructs.model.not_known import NotKnown
    from ecr_constructs.snapshot.usage.images import RepositoryImages
    from ecr_constructs.snapshot.usage.in_use import InUse


_LIVE = ("registry", "repositories", "images", "workloads", "inspector")


def add_usage(parser: argparse.ArgumentParser) -> None:
    """Add the snapshots, and how the references of workloads count."""
    add_snapshots(parser, "images and workloads")
    parser.add_argument(
        "--revisions",
        type=int,
        default=REVISIONS,
        metavar="N",
        help="how many former revisions of a workload count as ones that a rollback returns to; "
        "default: %(default)s",
    )
    parser.add_argument(
        "--ignore",
        action="append",
        default=[],
        choices=SOURCES,
        metavar="SERVICE",
        help="a service that certainly uses no image: what the snapshot does not know of it is "
        "left out; may be repeated: " + ", ".join(SOURCES),
    )


def usage_of(options: argparse.Namespace, *, asks_aws: bool = False) -> InUse:
    """Join the images of snapshots with the workloads that use them.

    Args:
        options: The options of `add_usage`.
        asks_aws: As for `chosen_snapshots`.

    Raises:
        CommandError: ``revisions-negative``; or as `chosen_snapshots`.
    """
    if options.revisions < 0:
        message = f"--revisions must be at least 0, got {options.revisions}"
        raise CommandError(Diagnostic("revisions-negative", message))
    snapshots = chosen_snapshots(options, _LIVE, asks_aws=asks_aws)
    return in_use(snapshots, revisions=options.revisions, ignored=options.ignore)


class RepositoryUses(NamedTuple):
    """Who uses the images of one repository.

    Attributes:
        by_digest: The users, by digest.
        not_known: What was not looked at.
    """

    by_digest: ImageUses
    not_known: Sequence[NotKnown]


class Usage:
    """Who uses the images of some snapshots."""

    def __init__(self, names: Sequence[str]) -> None:
        """Read the snapshots of ``--in-use``."""
        self.result = in_use(given_snapshots(names))

    def of(self, images: RepositoryImages) -> RepositoryUses:
        """Return who uses the images of a repository."""
        return RepositoryUses(self.result.users_of(images), self.result.not_known)

    def named(
        self, name: str | None, account: str | None = None, region: str | None = None
    ) -> RepositoryUses:
        """Return who uses the images of a repository that was read elsewhere."""
        return self.of(self._only(name, account, region))

    def repository(
        self, name: str | None
    ) -> tuple[RepositoryImages, Callable[[], LifecyclePolicy]]:
        """Return a repository of the snapshots, and what reads its policy.

        Args:
            name: ``payments/api``, or ``111122223333/eu-central-1/payments/api`` if several
                registries have it. None: the only one.

        Raises:
            CommandError: There is no such repository, or there are several; or its images are not
                all known.
        """
        images = self._only(name)
        if not images.answer.is_known:
            message = f"the images of {images} are not known: {images.answer.reason}"
            raise CommandError(Diagnostic("inventory-incomplete", message))

        def policy() -> LifecyclePolicy:
            stored, reason = images.policy()
            if stored is None:
                message = f"the lifecycle policy of {images} is not known: {reason}"
                remedy = "give --policy"
                raise CommandError(Diagnostic("policy-not-known", message, remedy=remedy))
            return stored

        return images, policy

    def _only(
        self, name: str | None, account: str | None = None, region: str | None = None
    ) -> RepositoryImages:
        matches = [
            images
            for images in self.result.images.repositories
            if name in (None, images.name, str(images))
            and account in (None, images.registry.account)
            and region in (None, images.registry.region)
        ]
        if len(matches) == 1:
            return matches[0]
        what = "a repository" if name is None else f"the repository {name}"
        if not matches:
            message = f"the snapshots of --in-use do not have {what}"
            raise CommandError(Diagnostic("repository-unknown", message))
        message = f"the snapshots of --in-use have {what} {len(matches):,} times"
        remedy = f"write --repository {matches[0]}"
        raise CommandError(Diagnostic("repository-ambiguous", message, remedy=remedy))


def inventories_in_use(names: Sequence[str], given: Inventories | None) -> Inventories:
    """Return the images of snapshots and who uses them, for a review.

    Args:
        names: The snapshots of ``--in-use``.
        given: Inventories that outweigh those of the snapshots. None: there are none.
    """
    result = in_use(given_snapshots(names))
    repositories = {
        RepositoryId(images.name, *images.registry): images
        for images in result.images.repositories
        if images.answer.is_known
    }
    inventories = _Inventories(repositories, given.of_repositories if given else {})
    uses = {}
    for key in inventories:
        matches = [repositories[key]] if key in repositories else _matching(key, repositories)
        if len(matches) == 1 and (users := result.users_of(matches[0])):
            uses[key] = users
    return Inventories(inventories, uses, tuple(result.not_known))


def _matching(
    key: RepositoryId, repositories: Mapping[RepositoryId, RepositoryImages]
) -> list[RepositoryImages]:
    return [images for other, images in repositories.items() if other.may_be(key)]


class _Inventories(Mapping[RepositoryId, Inventory]):
    """The inventories of many repositories, of which a review needs few."""

    def __init__(
        self,
        repositories: Mapping[RepositoryId, RepositoryImages],
        given: Mapping[RepositoryId, Inventory],
    ) -> None:
        """Leave out the repositories whose inventory is given."""
        self._inventories = dict(given)
        self._repositories = {
            key: images
            for key, images in repositories.items()
            if not any(other.may_be(key) for other in given)
        }
        self._keys = [*given, *self._repositories]

    def __getitem__(self, key: RepositoryId) -> Inventory:
        """Return an inventory; it is read when it is first asked for."""
        if key not in self._inventories:
            self._inventories[key] = self._repositories[key].inventory()
        return self._inventories[key]

    def __iter__(self) -> Iterator[RepositoryId]:
        """Yield the repositories."""
        return iter(self._keys)

    def __len__(self) -> int:
        """Count the repositories."""
        return len(self._keys)
