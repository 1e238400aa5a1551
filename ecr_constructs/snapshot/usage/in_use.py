"""Join images with the workloads that use them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.lifecycle.simulation.image_uses import ImageUser
from ecr_constructs.model.not_known import NotKnown
from ecr_constructs.snapshot.usage.images import (
    Entry,
    Images,
    RepositoryImages,
    is_archived,
    is_index,
    tags_of,
)
from ecr_constructs.snapshot.usage.pull_access import accounts_of, rejection
from ecr_constructs.snapshot.usage.references import REVISIONS, STATES, Reference
from ecr_constructs.snapshot.usage.workloads import SOURCES, read_workloads

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from ecr_constructs.model.registry_id import RegistryId
    from ecr_constructs.snapshot.document import Snapshot


class Use(NamedTuple):
    """A reference, and how its image was found.

    Attributes:
        reference: The reference.
        by_tag: Whether the tag of today decided: the digest that runs may be another.
    """

    reference: Reference
    by_tag: bool


@dataclass(slots=True)
class UsedImage:
    """An image that workloads use.

    Attributes:
        repository: Its repository.
        entry: The image as DescribeImages answers it.
        uses: Who uses it.
        children: The images that it lists. None: it is an index whose manifest was not read.
        referrers: Its signatures, SBOMs and the like.
    """

    repository: RepositoryImages
    entry: Entry
    uses: list[Use] = field(default_factory=list)
    children: Sequence[str] | None = ()
    referrers: Sequence[str] = ()

    @property
    def digest(self) -> str:
        """Its digest."""
        return str(self.entry["imageDigest"])


@dataclass(frozen=True, slots=True)
class Dangling:
    """A reference that fails at the next start, or is about to mean something else.

    Attributes:
        code: What is wrong: ``image-gone``, ``tag-gone``, ``repository-gone``,
            ``image-archived``, ``pull-rejected``, ``reported-broken`` or ``tag-moved``.
        severity: An error if it runs, a warning if it starts next or in a rollback, a note if
            nothing fails.
        reference: The reference.
        sentence: What is wrong, after the image.
    """

    code: str
    severity: Severity
    reference: Reference
    sentence: str


@dataclass(frozen=True, slots=True)
class InUse:
    """What runs which image, as far as it is known.

    Attributes:
        images: The images of the snapshots.
        used: The used images, by repository and digest.
        dangling: References that fail, worst first.
        not_known: What was not looked at: an image may be in use there.
        looked_at: The registries whose workloads were read.
        elsewhere: How many references to images of other kinds of registries there are.
        older: How many older revisions did not count.
    """

    images: Images
    used: Mapping[tuple[RegistryId, str], Mapping[str, UsedImage]]
    dangling: Sequence[Dangling]
    not_known: Sequence[NotKnown]
    looked_at: Sequence[RegistryId]
    elsewhere: int
    older: int

    def of(self, repository: RepositoryImages) -> Mapping[str, UsedImage]:
        """Return the used images of a repository, by digest."""
        return self.used.get((repository.registry, repository.name), {})

    def users_of(self, repository: RepositoryImages) -> dict[str, tuple[ImageUser, ...]]:
        """Return who uses each image of a repository, by digest, as policies are judged by it."""
        return {
            digest: tuple(_user(use.reference) for use in ranked(image.uses))
            for digest, image in self.of(repository).items()
        }

    def without_use(self, repository: RepositoryImages) -> tuple[list[Entry], int]:
        """Return the images of a repository that nothing uses in what was looked at.

        Returns:
            The images; and how many others may be parts of used indexes, or indexes of used
            parts, whose manifests were not read.
        """
        used = self.of(repository)
        if not used:
            return [*repository.entries], 0
        covered = set(used)
        for image in used.values():
            covered.update(image.children or (), image.referrers)
            for child in image.children or ():
                covered.update(repository.referrers.get(child, ()))
        is_part_unknown = any(image.children is None for image in used.values())
        children = repository.children
        is_parent_unknown = any(not is_index(image.entry) for image in used.values())
        rest, unclear = [], 0
        for entry in repository.entries:
            digest = entry["imageDigest"]
            if digest in covered:
                continue
            if is_index(entry):
                listed = children.get(digest)
                if listed is not None and not covered.isdisjoint(listed):
                    continue
                may_be_part = listed is None and is_parent_unknown
            else:
                may_be_part = is_part_unknown and not tags_of(entry)
            if may_be_part:
                unclear += 1
            else:
                rest.append(entry)
        return rest, unclear


def in_use(
    snapshots: Iterable[Snapshot], *, revisions: int = REVISIONS, ignored: Collection[str] = ()
) -> InUse:
    """Return who uses which image of some snapshots.

    Args:
        snapshots: The snapshots: of the registries, and of the accounts whose workloads pull.
        revisions: How many former revisions of a workload count as ones that a rollback returns
            to.
        ignored: The services that certainly use no image: what is missing of them is not said.

    Example:
        >>> in_use([]).dangling
        []
    """
    join = _Join(Images(snapshots))
    for snapshot in join.images.snapshots:
        reading = read_workloads(snapshot, revisions, ignored)
        join.not_known.update(reading.not_known)
        join.elsewhere += reading.elsewhere
        join.older += reading.older
        for reference in reading.references:
            join.add(reference)
        answered = {record.service for record in snapshot.records if record.output is not None}
        if answered & {*SOURCES}:
            join.looked_at.append(snapshot.registry)
    join.find_relations()
    join.find_other_accounts()
    join.dangling.sort(
        key=lambda item: (-item.severity.rank, str(item.reference.image), item.reference.user)
    )
    return InUse(
        join.images,
        join.used,
        join.dangling,
        [*join.images.not_known, *join.not_known],
        join.looked_at,
        join.elsewhere,
        join.older,
    )


class _Join:
    """Resolves references one by one."""

    def __init__(self, images: Images) -> None:
        self.images = images
        self.used: defaultdict[tuple[RegistryId, str], dict[str, UsedImage]] = defaultdict(dict)
        self.dangling: list[Dangling] = []
        self.not_known: dict[NotKnown, None] = {}
        self.looked_at: list[RegistryId] = []
        self.elsewhere = 0
        self.older = 0

    def add(self, reference: Reference) -> None:
        image = reference.image
        if reference.problem:
            sentence = f"{reference.user.service} says {reference.problem}"
            self._dangle("reported-broken", reference, sentence)
        repository = self.images.repository(image.registry, image.repository)
        if repository is None:
            self._no_repository(reference)
            return
        is_rejected, doubt = rejection(repository, reference.user)
        if is_rejected:
            account = reference.user.registry.account
            sentence = f"its repository policy does not allow the account {account} to pull"
            self._dangle("pull-rejected", reference, sentence)
        elif doubt:
            self._doubt("ecr", "GetRepositoryPolicy", str(repository), doubt)
        if image.digest is None:
            self._by_tag(repository, reference)
        else:
            self._by_digest(repository, reference, image.digest)

    def _by_digest(self, repository: RepositoryImages, reference: Reference, digest: str) -> None:
        entry = repository.by_digest.get(digest)
        if entry is None:
            if repository.answer.is_known:
                self._dangle("image-gone", reference, "it is not in the repository")
            return
        self._use(repository, entry, reference, by_tag=False)
        tag = reference.image.tag
        if tag is None:
            return
        holder = repository.by_tag.get(tag)
        if holder is entry:
            return
        if holder is None:
            if repository.answer.is_known and not self._is_cached(repository):
                sentence = (
                    f"it runs by digest; the tag {tag}, which a new deployment takes, is gone"
                )
                self._dangle("tag-gone", reference, sentence, fails=False)
            return
        listed = repository.children.get(str(holder["imageDigest"]))
        if is_index(holder) and (listed is None or digest in listed):
            # The tag is that of the index of which a platform runs, or may be it.
            self._use(repository, holder, reference, by_tag=True)
            return
        sentence = f"the tag {tag} is now that of {short(holder)}, which a new deployment takes"
        self._dangle("tag-moved", reference, sentence, fails=False)

    def _by_tag(self, repository: RepositoryImages, reference: Reference) -> None:
        tag = reference.image.tag or ""
        entry = repository.by_tag.get(tag)
        if entry is not None:
            self._use(repository, entry, reference, by_tag=True)
        elif repository.answer.is_known and not self._is_cached(repository):
            self._dangle("tag-gone", reference, f"no image has the tag {tag}")

    def _use(
        self, repository: RepositoryImages, entry: Entry, reference: Reference, *, by_tag: bool
    ) -> None:
        images = self.used[repository.registry, repository.name]
        image = images.setdefault(str(entry["imageDigest"]), UsedImage(repository, entry))
        image.uses.append(Use(reference, by_tag))
        if is_archived(entry):
            status = entry["imageStatus"]
            sentence = f"it is {status}, and cannot be pulled before it is restored"
            self._dangle("image-archived", reference, sentence)

    def _no_repository(self, reference: Reference) -> None:
        image = reference.image
        snapshot = self.images.snapshot(image.registry)
        if snapshot is None:
            self._doubt("ecr", "", str(image.registry), "no snapshot of this registry")
        elif self.images.are_repositories_known(image.registry):
            if not self._is_below_cache(snapshot, image.repository):
                self._dangle("repository-gone", reference, "there is no such repository")
        else:
            name = f"{image.registry}/{image.repository}"
            self._doubt("ecr", "DescribeImages", name, "not-asked")

    def _is_cached(self, repository: RepositoryImages) -> bool:
        return self._is_below_cache(repository.snapshot, repository.name)

    def _is_below_cache(self, snapshot: Snapshot, name: str) -> bool:
        """Return whether ECR may fetch a tag from an upstream registry when it is pulled."""
        answer = snapshot.answer("DescribePullThroughCacheRules")
        if not answer.is_known:
            self._doubt(
                "ecr", "DescribePullThroughCacheRules", str(snapshot.registry), answer.reason
            )
            return True
        prefixes = (str(rule.get("ecrRepositoryPrefix")) for rule in answer.items(_CACHES))
        return any(prefix == "ROOT" or name.startswith(f"{prefix}/") for prefix in prefixes)

    def _dangle(
        self, code: str, reference: Reference, sentence: str, *, fails: bool = True
    ) -> None:
        severity = Severity.NOTE
        if fails:
            severity = Severity.ERROR if reference.state == "running" else Severity.WARNING
        self.dangling.append(Dangling(code, severity, reference, sentence))

    def _doubt(self, source: str, operation: str, subject: str, reason: str) -> None:
        self.not_known[NotKnown(subject, operation, reason, source)] = None

    def find_relations(self) -> None:
        """Add the parts and the referrers of used images."""
        for images in self.used.values():
            for digest, image in images.items():
                repository = image.repository
                if is_index(image.entry):
                    image.children = repository.children.get(digest)
                    if image.children is None:
                        reason = f"which images {short(image.entry)} lists was not read"
                        self._doubt("ecr", "BatchGetImage", str(repository), reason)
                image.referrers = repository.referrers.get(digest, ())

    def find_other_accounts(self) -> None:
        """Add the accounts that may pull and whose workloads were not looked at."""
        looked_at = {registry.account for registry in self.looked_at}
        missing: defaultdict[str, list[str]] = defaultdict(list)
        for repository in self.images.repositories:
            for account in {*accounts_of(repository)} - looked_at:
                missing[account].append(repository.name)
        for account, names in sorted(missing.items()):
            subject = "any account" if account == "*" else account
            more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
            reason = f"may pull {names[0]}{more}, and no snapshot has its workloads"
            self._doubt("workloads", "", subject, reason)


_CACHES = "pullThroughCacheRules"
_SHORT = 19


def short(entry: Entry) -> str:
    """Return a tag of an image, or the beginning of its digest."""
    tags = tags_of(entry)
    return tags[0] if tags else str(entry["imageDigest"])[:_SHORT]


def ranked(uses: Iterable[Use]) -> list[Use]:
    """Return uses, those that run first, then the most numerous."""
    return sorted(
        uses,
        key=lambda use: (
            STATES.index(use.reference.state),
            -use.reference.count,
            use.reference.user,
        ),
    )


def _user(reference: Reference) -> ImageUser:
    name = reference.user.counted(reference.count)
    return ImageUser(name, reference.state, reference.count)
