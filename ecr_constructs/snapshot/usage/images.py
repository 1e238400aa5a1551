"""The images of all registries of some snapshots, as ECR listed them.

A snapshot can have a million images, of which a question concerns few: the entries stay as they
are, and are indexed by repository on demand.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.lifecycle import Inventory, LifecyclePolicy
from ecr_constructs.model.lifecycle.image import INDEX_MEDIA_TYPES
from ecr_constructs.model.lifecycle.inventory_documents import manifests_of
from ecr_constructs.model.members import objects, text, texts
from ecr_constructs.model.not_known import NotKnown
from ecr_constructs.model.validation import ValidationError
from ecr_constructs.snapshot import SnapshotError
from ecr_constructs.snapshot.merging import merged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ecr_constructs.model.registry_id import RegistryId
    from ecr_constructs.snapshot.document import Answer, Snapshot

Entry = dict[str, Any]
"""An image as DescribeImages answers it."""

ANY_STATUS = {"imageStatus": "ANY"}
# Where cosign puts signatures, attestations and SBOMs of an image.
# https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
_COSIGN_PREFIX = "sha256-"
_COSIGN = re.compile(r"sha256-([0-9a-f]{64})(?:\.(?:sig|att|sbom))?")


@dataclass(frozen=True)
class RepositoryImages:
    """The images of a repository.

    Attributes:
        registry: Its account and Region.
        name: Its name.
        snapshot: What is known about the registry.
    """

    registry: RegistryId
    name: str
    snapshot: Snapshot

    def __str__(self) -> str:
        """Return ``111122223333/eu-central-1/payments/api``."""
        return f"{self.registry}/{self.name}"

    @cached_property
    def answer(self) -> Answer:
        """What is known about its images."""
        request = {"repositoryName": self.name, "filter": ANY_STATUS}
        return self.snapshot.answer("DescribeImages", request)

    @cached_property
    def entries(self) -> Sequence[Entry]:
        """The images."""
        entries = self.answer.items("imageDetails")
        if not all(
            isinstance(entry, dict) and isinstance(entry.get("imageDigest"), str)
            for entry in entries
        ):
            raise _malformed(self, "an image has no digest")
        return entries

    @cached_property
    def by_digest(self) -> Mapping[str, Entry]:
        """The images by digest."""
        return {str(entry["imageDigest"]): entry for entry in self.entries}

    @cached_property
    def by_tag(self) -> Mapping[str, Entry]:
        """The images by tag."""
        return {tag: entry for entry in self.entries for tag in tags_of(entry)}

    @cached_property
    def children(self) -> Mapping[str, Sequence[str]]:
        """The images that an index lists, by its digest; only of manifests that were read."""
        return {digest: item.references for digest, item in self._manifests.items()}

    @cached_property
    def _manifests(self) -> Mapping[str, Any]:
        documents = {}
        for answer in self.snapshot.answers("BatchGetImage"):
            if answer.request.get("repositoryName") == self.name:
                for page in answer.pages:
                    try:
                        documents.update(manifests_of(page).by_digest)
                    except ValidationError as error:
                        raise _malformed(self, str(error.diagnostics[0])) from None
        return documents

    @cached_property
    def referrers(self) -> Mapping[str, Sequence[str]]:
        """The digests of signatures, SBOMs and the like, by that of their subject."""
        referrers: defaultdict[str, list[str]] = defaultdict(list)
        for entry in self.entries:
            subject = entry.get("subjectManifestDigest")
            if isinstance(subject, str):
                referrers[subject].append(str(entry["imageDigest"]))
            for tag in tags_of(entry):
                if tag.startswith(_COSIGN_PREFIX) and (match := _COSIGN.fullmatch(tag)):
                    referrers[f"sha256:{match[1]}"].append(str(entry["imageDigest"]))
        return referrers

    def inventory(self) -> Inventory:
        """Return the images for a simulation.

        Raises:
            SnapshotError: ``snapshot-content``: an image is not as ECR lists it.
        """
        try:
            details = {"imageDetails": [*self.entries]}
            inventory = Inventory.from_describe_images(details)
            return Inventory(
                inventory, repository_name=self.name, registry_id=self.registry.account
            ).with_known(self._manifests)
        except ValidationError as error:
            raise _malformed(self, str(error.diagnostics[0])) from None

    def policy(self) -> tuple[LifecyclePolicy | None, str]:
        """Return its lifecycle policy, or None and why it is not known."""
        answer = self.snapshot.answer("GetLifecyclePolicy", {"repositoryName": self.name})
        if answer.state == "absent":
            return LifecyclePolicy(), ""
        if not answer.is_known:
            return None, answer.reason
        try:
            return LifecyclePolicy.from_json(str(answer.value("lifecyclePolicyText"))), ""
        except ValidationError as error:
            return None, f"not readable: {error.diagnostics[0].code}"


def tags_of(entry: Entry) -> Sequence[str]:
    """Return the tags of an image."""
    return texts(entry.get("imageTags"))


def is_index(entry: Entry) -> bool:
    """Return whether an image is an index of others."""
    return text(entry, "imageManifestMediaType") in INDEX_MEDIA_TYPES


def is_archived(entry: Entry) -> bool:
    """Return whether an image cannot be pulled, because it is in the archive or on its way out."""
    return entry.get("imageStatus") in ("ARCHIVED", "ACTIVATING")


def _malformed(repository: RepositoryImages, why: str) -> SnapshotError:
    message = f"{repository.snapshot.name}: images of {repository}: {why}"
    return SnapshotError(Diagnostic("snapshot-content", message))


class Images:
    """The images of all registries of some snapshots.

    Attributes:
        snapshots: The snapshots, one for each registry.
        not_known: The registries and repositories whose images are not known.

    Example:
        >>> [*Images([]).repositories]
        []
    """

    def __init__(self, snapshots: Iterable[Snapshot]) -> None:
        """Join the snapshots of each registry."""
        self.snapshots = merged(snapshots)
        self._snapshots = {snapshot.registry: snapshot for snapshot in self.snapshots}
        self._repositories: dict[tuple[RegistryId, str], RepositoryImages] = {}
        self.not_known: list[NotKnown] = []
        for registry, snapshot in self._snapshots.items():
            listed = snapshot.answer("DescribeRepositories")
            names = {
                text(item, "repositoryName"): None for item in objects(listed.items("repositories"))
            }
            for answer in snapshot.answers("DescribeImages"):
                names[text(answer.request, "repositoryName")] = None
            if snapshot.finished is None:
                self.not_known.append(NotKnown(str(registry), "", "interrupted", "snapshot"))
            if not listed.is_known:
                self.not_known.append(
                    NotKnown(str(registry), "DescribeRepositories", listed.reason)
                )
            for name in filter(None, names):
                repository = RepositoryImages(registry, name, snapshot)
                if repository.answer.state == "absent":
                    continue
                self._repositories[registry, name] = repository
                if not repository.answer.is_known:
                    reason = repository.answer.reason
                    self.not_known.append(NotKnown(str(repository), "DescribeImages", reason))

    @property
    def repositories(self) -> Iterator[RepositoryImages]:
        """Yield the repositories."""
        yield from self._repositories.values()

    def snapshot(self, registry: RegistryId) -> Snapshot | None:
        """Return the snapshot of a registry; None if there is none."""
        return self._snapshots.get(registry)

    def repository(self, registry: RegistryId, name: str) -> RepositoryImages | None:
        """Return a repository; None if it is not there, or the registry is not known."""
        return self._repositories.get((registry, name))

    def are_repositories_known(self, registry: RegistryId) -> bool:
        """Return whether a repository that is not there does not exist."""
        snapshot = self._snapshots.get(registry)
        return snapshot is not None and snapshot.answer("DescribeRepositories").is_known
