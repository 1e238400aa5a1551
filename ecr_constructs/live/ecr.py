"""A repository of a live registry: its policy and its images. Nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ecr_constructs.live import LiveError
from ecr_constructs.live.connection import Connection
from ecr_constructs.live.session import Progress, no_progress
from ecr_constructs.model.lifecycle import Inventory, LifecyclePolicy
from ecr_constructs.model.validation import ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PAGE = 1000
_MANIFESTS_AT_ONCE = 100


class Repository:
    """A repository of a live registry.

    Args:
        name: Its name.
        region: Default: that of the environment or the profile.
        account: Default: the caller's.
        progress: Shows how far reading is. Default: nothing does.
        connection: The connection to its registry, instead of the other arguments. Default: a new
            one.

    Example:
        >>> Repository("payments/api", "eu-central-1").policy()  # doctest: +SKIP
        LifecyclePolicy()
    """

    def __init__(
        self,
        name: str,
        region: str | None = None,
        account: str | None = None,
        progress: Progress = no_progress,
        *,
        connection: Connection | None = None,
    ) -> None:
        """Create a client; it sends no request yet."""
        self.name = name
        self.connection = connection or Connection(region, account=account, progress=progress)
        self.progress = self.connection.progress
        self._policy: LifecyclePolicy | None = None

    def policy(self) -> LifecyclePolicy:
        """Return the repository's policy; without one it keeps every image.

        Raises:
            LiveError: ECR does not return it, or it is not one that this version can read.
        """
        if self._policy is None:
            with self.progress("reading the policy"):
                answer = self.ask("get_lifecycle_policy", absent="LifecyclePolicyNotFoundException")
            try:
                self._policy = (
                    LifecyclePolicy.from_json(answer["lifecyclePolicyText"])
                    if answer
                    else LifecyclePolicy()
                )
            except ValidationError as error:
                raise LiveError(
                    *(item.within(f"the policy of {self.name}") for item in error.diagnostics)
                ) from None
        return self._policy

    def inventory(
        self,
        policy: LifecyclePolicy,
        manifests: str | None = None,
        *,
        others: Sequence[LifecyclePolicy] = (),
        read_manifests: bool = True,
    ) -> Inventory:
        """Return all images, archived ones too, with what their indexes list.

        Reading a manifest may count as a pull. If the policy, the deployed policy or another one
        counts pulls, no manifest is read, so that reading does not change what the policy does.
        The same if the deployed policy cannot be read, or reading manifests is not allowed:
        `Inventory.unread_manifests` says why.

        Args:
            policy: The policy that is previewed.
            manifests: What `aws ecr batch-get-image` has printed, instead of ECR's manifests.
            others: Further policies that may count pulls. Default: none.
            read_manifests: Whether to read the manifests of indexes. Default: they are read.

        Raises:
            LiveError: ECR rejects a request, or lists images that contradict each other.
        """
        details: list[Any] = []
        with self.progress("reading images") as advance:
            request = {"maxResults": _PAGE, "filter": {"imageStatus": "ANY"}}
            for page in self.pages("describe_images", **request):
                details += page["imageDetails"]
                advance(len(page["imageDetails"]))
        try:
            listed = Inventory.from_describe_images({"imageDetails": details})
            inventory = Inventory(listed, repository_name=self.name, registry_id=listed.registry_id)
            if manifests is not None:
                return inventory.with_manifests(manifests)
            # An archived image cannot be pulled.
            digests = [
                image.digest for image in inventory if image.is_index and image.status == "ACTIVE"
            ]
            if not digests:
                return inventory
            reason = self._reason_not_to_read([policy, *others], read_manifests=read_manifests)
            if reason:
                return inventory.with_known({}, unread=dict.fromkeys(digests, reason))
            return inventory.with_manifests(self._index_manifests(digests))
        except ValidationError as error:
            raise LiveError(*(item.within(self.name) for item in error.diagnostics)) from None

    def _reason_not_to_read(
        self, policies: Sequence[LifecyclePolicy], *, read_manifests: bool
    ) -> str | None:
        """Return why no manifest may be read; None if nothing depends on pulls."""
        if not read_manifests:
            return "not read, as asked"
        if any(map(_counts_pulls, policies)):
            return "not read, because the policy counts pulls"
        try:
            deployed = self.policy()
        except LiveError as error:
            return f"not read, because the deployed policy is unknown: {error}"
        if _counts_pulls(deployed):
            return "not read, because the deployed policy counts pulls"
        return None

    def _index_manifests(self, digests: Sequence[str]) -> dict[str, Any]:
        images: list[Any] = []
        failures: list[Any] = []
        with self.progress("reading indexes", len(digests)) as advance:
            for first in range(0, len(digests), _MANIFESTS_AT_ONCE):
                chunk = digests[first : first + _MANIFESTS_AT_ONCE]
                image_ids = [{"imageDigest": digest} for digest in chunk]
                try:
                    answer = self.ask("batch_get_image", imageIds=image_ids)
                except LiveError as error:
                    if error.diagnostics[0].code != "access-denied":
                        raise
                    # It is the right to pull, which whoever audits rarely has.
                    failure = {"failureCode": "access denied", "failureReason": str(error)}
                    rest = digests[first:]
                    failures += ({"imageId": {"imageDigest": digest}, **failure} for digest in rest)
                    break
                assert answer
                images += answer["images"]
                failures += answer.get("failures") or []
                advance(len(chunk))
        return {"images": images, "failures": failures}

    def ask(self, operation: str, *, absent: str = "", **request: Any) -> dict[str, Any] | None:
        """Call an operation on this repository; return None for the error code `absent`."""
        return self.connection.call(
            operation, subject=self._subject, absent=absent, repositoryName=self.name, **request
        )

    def describe(self) -> dict[str, Any] | None:
        """Return the repository's settings, or None if it does not exist."""
        answer = self.connection.call(
            "describe_repositories",
            subject=self._subject,
            absent="RepositoryNotFoundException",
            repositoryNames=[self.name],
        )
        if answer is None:
            return None
        with self.connection.readable("describe_repositories"):
            settings: dict[str, Any] = dict(answer["repositories"][0])
        return settings

    def pages(self, operation: str, **request: Any) -> Iterator[dict[str, Any]]:
        """Yield the pages of an operation."""
        return self.connection.pages(
            operation, subject=self._subject, repositoryName=self.name, **request
        )

    @property
    def _subject(self) -> str:
        return f"the repository {self.name}"


def _counts_pulls(policy: LifecyclePolicy) -> bool:
    return any(rule.count_type == "sinceImagePulled" for rule in policy.rules)
