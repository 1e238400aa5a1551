"""A repository of a live registry: its policy and its images. Nothing is changed."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

from ecr_constructs.live import LiveError
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.extras import install_remedy
from ecr_constructs.model.lifecycle import Inventory, LifecyclePolicy
from ecr_constructs.model.validation import ValidationError

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
except ModuleNotFoundError:
    message, remedy = "--live needs boto3, which is not installed", install_remedy("cli")
    raise LiveError(Diagnostic("boto3-missing", message, remedy=remedy)) from None

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
_THROTTLED = ("ThrottlingException", "Throttling", "RateExceeded", "TooManyRequestsException")
# Exponential backoff, up to 20 seconds between attempts.
_RETRIES = {"mode": "standard", "total_max_attempts": 8}
_PAGE = 1000
_MANIFESTS_AT_ONCE = 100


def preview_in_progress(repository: str) -> LiveError:
    """Return the error of a preview that another process started."""
    message, remedy = f"another preview of {repository} is running", "try again when it is complete"
    return LiveError(Diagnostic("preview-in-progress", message, remedy=remedy))


class Progress(Protocol):
    """Shows how far something is, while a block runs."""

    def __call__(
        self, description: str, total: int | None = None
    ) -> AbstractContextManager[Callable[[int], None]]:
        """Return the block, which is given what to call with the amount done since the last call.

        The total is how much there is to do, if known.
        """


def no_progress(
    description: str, total: int | None = None
) -> AbstractContextManager[Callable[[int], None]]:
    """Show nothing."""
    del description, total
    return nullcontext(lambda _: None)


class Repository:
    """A repository of a live registry.

    Args:
        name: Its name.
        region: Default: that of the environment or the profile.
        account: Default: the caller's.
        progress: Shows how far reading is. Default: nothing does.

    Example:
        >>> Repository("payments/api", "eu-central-1").policy()  # doctest: +SKIP
        LifecyclePolicy()
    """

    def __init__(
        self,
        name: str,
        region: str | None,
        account: str | None = None,
        progress: Progress = no_progress,
    ) -> None:
        """Create a client; it sends no request yet."""
        self.name = name
        self.progress = progress
        self._registry = {"registryId": account} if account else {}
        try:
            self.client = boto3.Session(region_name=region).client(
                "ecr", config=Config(retries=_RETRIES)
            )
        except (BotoCoreError, ValueError) as error:
            raise LiveError(Diagnostic("aws-not-configured", str(error))) from None

    def policy(self) -> LifecyclePolicy:
        """Return the repository's policy; without one it keeps every image."""
        answer = self.ask("get_lifecycle_policy", absent="LifecyclePolicyNotFoundException")
        if answer is None:
            return LifecyclePolicy()
        try:
            return LifecyclePolicy.from_json(answer["lifecyclePolicyText"])
        except ValidationError as error:
            raise LiveError(
                *(item.within(f"the policy of {self.name}") for item in error.diagnostics)
            ) from None

    def inventory(self, policy: LifecyclePolicy, manifests: str | None = None) -> Inventory:
        """Return all images, archived ones too, with what their indexes list.

        Reading a manifest may count as a pull. If the policy counts pulls, no manifest is read,
        so that a preview does not change what the policy does.

        Instead of ECR's manifests, what `aws ecr batch-get-image` has printed may be given.
        """
        details: list[Any] = []
        with self.progress("reading images") as advance:
            request = {"maxResults": _PAGE, "filter": {"imageStatus": "ANY"}}
            for page in self.pages("describe_images", **request):
                details += page["imageDetails"]
                advance(len(page["imageDetails"]))
        try:
            inventory = Inventory.from_describe_images({"imageDetails": details})
            if manifests is not None:
                return inventory.with_manifests(manifests)
            if any(rule.count_type == "sinceImagePulled" for rule in policy.rules):
                return inventory
            return inventory.with_manifests({"images": self._index_manifests(inventory)})
        except ValidationError as error:
            raise LiveError(*(item.within(self.name) for item in error.diagnostics)) from None

    def _index_manifests(self, inventory: Inventory) -> list[Any]:
        # An archived image cannot be pulled.
        digests = [
            image.digest for image in inventory if image.is_index and image.status == "ACTIVE"
        ]
        images: list[Any] = []
        with self.progress("reading indexes", len(digests)) as advance:
            for first in range(0, len(digests), _MANIFESTS_AT_ONCE):
                chunk = digests[first : first + _MANIFESTS_AT_ONCE]
                image_ids = [{"imageDigest": digest} for digest in chunk]
                answer = self.ask("batch_get_image", imageIds=image_ids)
                assert answer
                images += answer["images"]
                advance(len(chunk))
        return images

    def ask(self, operation: str, *, absent: str = "", **request: Any) -> dict[str, Any] | None:
        """Call an operation on this repository; return None for the error code `absent`."""
        return self._call(operation, absent, repositoryName=self.name, **request)

    def describe(self) -> dict[str, Any] | None:
        """Return the repository's settings, or None if it does not exist."""
        absent = "RepositoryNotFoundException"
        answer = self._call("describe_repositories", absent, repositoryNames=[self.name])
        return answer and answer["repositories"][0]

    def _call(self, operation: str, absent: str, **request: Any) -> dict[str, Any] | None:
        try:
            answer: dict[str, Any] = getattr(self.client, operation)(**self._registry, **request)
        except ClientError as error:
            if error.response["Error"]["Code"] == absent:
                return None
            raise self._rejected(error) from None
        except BotoCoreError as error:
            raise LiveError(Diagnostic("aws-unreachable", str(error))) from None
        return answer

    def pages(self, operation: str, **request: Any) -> Iterator[dict[str, Any]]:
        """Yield the pages of an operation."""
        token: dict[str, Any] = {}
        while True:
            page = self.ask(operation, **request, **token)
            assert page
            yield page
            if not page.get("nextToken"):
                return
            token = {"nextToken": page["nextToken"]}

    def _rejected(self, error: ClientError) -> LiveError:
        code = error.response["Error"]["Code"]
        action = f"ecr:{error.operation_name}"
        if code == "LifecyclePolicyPreviewInProgressException":
            return preview_in_progress(self.name)
        problem = Diagnostic(
            "aws-rejected", f"{action}: {code}: {error.response['Error'].get('Message', '')}"
        )
        if code in _DENIED:
            message = f"access denied: allow {action} on the repository {self.name}"
            problem = Diagnostic("access-denied", message)
        elif code in _THROTTLED:
            problem = Diagnostic("throttled", f"ECR keeps throttling {action}", remedy="try later")
        return LiveError(problem)
