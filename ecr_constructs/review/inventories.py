"""Read the images of many repositories, and match them to the repositories of an app."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from ecr_constructs.cloudformation.errors import CheckError
from ecr_constructs.cloudformation.reading import (
    INVENTORY_MAX_BYTES,
    files_below,
    is_folder,
    text_of,
    unreadable,
)
from ecr_constructs.cloudformation.resource_types import REPOSITORY
from ecr_constructs.model.lifecycle import Inventory
from ecr_constructs.model.lifecycle.aws_output import DESCRIBE_IMAGES
from ecr_constructs.model.lifecycle.inventory_documents import (
    Listing,
    Manifest,
    Source,
    listing_of,
    manifests_of,
)
from ecr_constructs.model.validation import ValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.model.lifecycle.simulation.image_uses import ImageUses
    from ecr_constructs.model.not_known import NotKnown

_MANIFESTS = ".manifests.json"
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]+")


class RepositoryId(NamedTuple):
    """A repository in AWS.

    Attributes:
        name: Its name.
        account: Its account. Default: unknown.
        region: Its Region. Default: unknown.

    Example:
        >>> RepositoryId("web", "111122223333").may_be(RepositoryId("web", region="eu-west-1"))
        True
    """

    name: str
    account: str | None = None
    region: str | None = None

    def may_be(self, other: RepositoryId) -> bool:
        """Tell whether both may be the same: no value that both have differs."""
        return self.name == other.name and all(
            own == theirs or None in (own, theirs)
            for own, theirs in zip(self[1:], other[1:], strict=True)
        )


@dataclass(frozen=True, slots=True)
class Inventories:
    """The images of repositories.

    Repositories in several accounts and Regions may have the same name, with other images and
    policies. An inventory belongs to a repository if account and Region are equal. If one of them
    is unknown, it belongs only if no other inventory and no other repository could match.

    Attributes:
        of_repositories: The inventories. Default: none.
        uses: Who uses which image, by repository. Default: it was not looked at.
        not_known: What was not looked at for it. Default: nothing.
    """

    of_repositories: Mapping[RepositoryId, Inventory] = field(default_factory=dict)
    uses: Mapping[RepositoryId, ImageUses] = field(default_factory=dict)
    not_known: Sequence[NotKnown] = ()

    def of(self, repository: Resource) -> Inventory | None:
        """Return the inventory of a repository; None unless exactly one matches."""
        candidates = self._candidates(repository)
        return self.of_repositories[candidates[0]] if len(candidates) == 1 else None

    def uses_of(self, repository: Resource) -> ImageUses:
        """Return who uses which image of a repository; nobody unless exactly one matches."""
        candidates = self._candidates(repository)
        return self.uses.get(candidates[0], {}) if len(candidates) == 1 else {}

    def reason(self, repository: Resource) -> str | None:
        """Return why the affected images are unknown; None if known, or without inventories."""
        if not self.of_repositories or self.of(repository) is not None:
            return None
        name = repository.text("RepositoryName")
        if any(repository_id.name == name for repository_id in self.of_repositories):
            return (
                f"The affected images are unknown: the inventory of {name} may belong to another "
                "account or Region. Put it into a folder named after its Region, and synthesize "
                "for explicit accounts and Regions."
            )
        return "The affected images are unknown: there is no inventory of the repository."

    def _candidates(self, repository: Resource) -> Sequence[RepositoryId]:
        name = repository.text("RepositoryName")
        if not self.of_repositories or name is None:
            return ()
        own = _id_of(repository, name)
        if own in self.of_repositories:
            return (own,)
        matches = [candidate for candidate in self.of_repositories if own.may_be(candidate)]
        others = _named(repository)[name] - {own}
        # An inventory that another repository matches too is ambiguous.
        shared = any(candidate.may_be(sibling) for candidate in matches for sibling in others)
        return () if shared else matches


def _id_of(repository: Resource, name: str) -> RepositoryId:
    return RepositoryId(name, repository.stack.account, repository.stack.region)


def _named(repository: Resource) -> Mapping[str, set[RepositoryId]]:
    """Return the repositories of one side, by name."""
    memo = repository.assembly.memo
    if "repositories by name" not in memo:
        by_name: defaultdict[str, set[RepositoryId]] = defaultdict(set)
        for resource in repository.assembly.of_type(REPOSITORY):
            if (name := resource.text("RepositoryName")) is not None:
                by_name[name].add(_id_of(resource, name))
        memo["repositories by name"] = by_name
    named: Mapping[str, set[RepositoryId]] = memo["repositories by name"]
    return named


def read_inventories(folder: str | Path) -> Inventories:
    """Read the output of ``aws ecr describe-images`` for any number of repositories.

    Every ``.json`` file below the folder is read, whatever its name: each image names its
    repository and account. The Region is that of the first folder on the path whose name is a
    Region (``images/eu-central-1/payments/api.json``), otherwise unknown. Files and pages of the
    same repository are joined. A file that ends in ``.manifests.json`` holds the output of
    ``aws ecr batch-get-image``: which images an index lists, and which layers they share.

    Args:
        folder: The folder.

    Raises:
        CheckError: A file cannot be read or is not an inventory, or there is none.
    """
    top = Path(folder)
    files = sorted(files_below(top, (".json",), _raise)) if is_folder(top) else []
    if not files:
        command = DESCRIBE_IMAGES.command
        msg = f"{top} holds no inventory; write there what `{command}` prints, as NAME.json"
        raise CheckError(msg, code="inventory-missing", path=top)
    listings: defaultdict[str | None, Listing] = defaultdict(Listing)
    files_of: dict[RepositoryId, Path] = {}
    manifests: dict[str, Manifest] = {}
    unread: dict[str, str] = {}
    for file in files:
        text = text_of(file, most=INVENTORY_MAX_BYTES)
        try:
            if file.name.endswith(_MANIFESTS):
                answers = manifests_of(text)
                manifests |= answers.by_digest
                unread |= answers.failures
                continue
            region, listing = _region(file.relative_to(top)), listing_of(text, require_name=True)
            listings[region].add(listing)
            for source in (*listing.images, *listing.continued):
                files_of[_repository(source, region)] = file
        except ValidationError as error:
            raise _unreadable(file, error) from error
    inventories = {}
    for region, listing in listings.items():
        for source in (*listing.images, *listing.incomplete):
            key = _repository(source, region)
            if source in listing.incomplete:
                message = (
                    f"{files_of[key]}: the last page of {key.name} has a nextToken: images are "
                    "missing; leave out --max-items and --no-paginate"
                )
                raise CheckError(message, code="inventory-incomplete", path=files_of[key])
            try:
                inventory = Inventory(
                    listing.images[source],
                    repository_name=source.name,
                    registry_id=source.registry_id,
                )
                inventories[key] = inventory.with_known(manifests, unread=unread)
            except ValidationError as error:
                raise _unreadable(files_of[key], error) from error
    return Inventories(inventories)


def _repository(source: Source, region: str | None) -> RepositoryId:
    # Only an empty page does not name its repository.
    return RepositoryId(source.name or "a repository", source.registry_id, region)


def _raise(error: OSError) -> NoReturn:
    raise unreadable(error)


def _region(path: Path) -> str | None:
    return next(filter(_REGION.fullmatch, path.parent.parts), None)


def _unreadable(file: Path, error: ValidationError) -> CheckError:
    message = f"{file}: {'; '.join(map(str, error.diagnostics))}"
    return CheckError(message, code="inventory-invalid", path=file)
