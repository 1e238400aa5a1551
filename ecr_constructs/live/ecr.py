"""A repository of a live registry: its policy and its images. Nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.files import read_text
from ecr_constructs.cli.progress import progress
from ecr_constructs.model.lifecycle import Inventory, LifecyclePolicy

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
except ModuleNotFoundError:
    message = "--live needs boto3, which is not installed: pip install 'ecr-constructs[cli]'"
    raise CommandError(message) from None

if TYPE_CHECKING:
    from collections.abc import Iterator

_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
_THROTTLED = ("ThrottlingException", "Throttling", "RateExceeded", "TooManyRequestsException")
# Exponential backoff, up to 20 seconds between attempts.
_RETRIES = {"mode": "standard", "total_max_attempts": 8}
_PAGE = 1000
_MANIFESTS_AT_ONCE = 100


class Repository:
    """A repository.

    Args:
        name: Its name.
        region: Default: that of the environment or the profile.
        account: Default: the caller's.
    """

    def __init__(self, name: str, region: str | None, account: str | None = None) -> None:
        """Keep a client; nothing is asked yet."""
        self.name = name
        self._registry = {"registryId": account} if account else {}
        try:
            self.client = boto3.Session(region_name=region).client(
                "ecr", config=Config(retries=_RETRIES)
            )
        except (BotoCoreError, ValueError) as error:
            raise CommandError(str(error)) from None

    def policy(self) -> LifecyclePolicy:
        """Return the repository's policy; without one it keeps every image.

        Raises:
            CommandError: It cannot be read.
        """
        answer = self.ask("get_lifecycle_policy", absent="LifecyclePolicyNotFoundException")
        if answer is None:
            return LifecyclePolicy()
        try:
            return LifecyclePolicy.from_json(answer["lifecyclePolicyText"])
        except ValueError as error:
            msg = f"the policy of {self.name} is not understood: {error}"
            raise CommandError(msg) from None

    def inventory(self, policy: LifecyclePolicy, manifests: str | None = None) -> Inventory:
        """Return all images, archived ones too, with what their indexes list.

        Reading a manifest may count as a pull. If the policy looks at pulls, none is read, so
        that looking at it does not change what it does.

        Args:
            policy: The policy that will be applied.
            manifests: A file of manifests, instead of reading them.

        Raises:
            CommandError: They cannot be read.
        """
        details: list[Any] = []
        with progress("reading images") as advance:
            request = {"maxResults": _PAGE, "filter": {"imageStatus": "ANY"}}
            for page in self.pages("describe_images", **request):
                details += page["imageDetails"]
                advance(len(page["imageDetails"]))
        try:
            inventory = Inventory.from_describe_images({"imageDetails": details})
            if manifests is not None:
                return inventory.with_manifests(read_text(manifests))
            if any(rule.count_type == "sinceImagePulled" for rule in policy.rules):
                return inventory
            return inventory.with_manifests({"images": self._index_manifests(inventory)})
        except ValueError as error:
            msg = f"{self.name}: {error}"
            raise CommandError(msg) from None

    def _index_manifests(self, inventory: Inventory) -> list[Any]:
        # An archived image cannot be pulled.
        digests = [
            image.digest for image in inventory if image.is_index and image.status == "ACTIVE"
        ]
        found: list[Any] = []
        with progress("reading indexes", len(digests)) as advance:
            for first in range(0, len(digests), _MANIFESTS_AT_ONCE):
                chunk = digests[first : first + _MANIFESTS_AT_ONCE]
                image_ids = [{"imageDigest": digest} for digest in chunk]
                answer = self.ask("batch_get_image", imageIds=image_ids)
                assert answer
                found += answer["images"]
                advance(len(chunk))
        return found

    def ask(self, operation: str, *, absent: str = "", **request: Any) -> dict[str, Any] | None:
        """Call an operation on this repository.

        Args:
            operation: The method of the client.
            absent: The error code that means that there is none.
            request: The members of the request besides the repository.

        Returns:
            The answer, or None for the code `absent`.

        Raises:
            CommandError: ECR refuses, or cannot be reached.
        """
        return self._call(operation, absent, repositoryName=self.name, **request)

    def describe(self) -> dict[str, Any] | None:
        """Return the repository's settings, or None if there is no such repository.

        Raises:
            CommandError: ECR refuses, or cannot be reached.
        """
        absent = "RepositoryNotFoundException"
        answer = self._call("describe_repositories", absent, repositoryNames=[self.name])
        return answer and answer["repositories"][0]

    def _call(self, operation: str, absent: str, **request: Any) -> dict[str, Any] | None:
        try:
            answer: dict[str, Any] = getattr(self.client, operation)(**self._registry, **request)
        except ClientError as error:
            if error.response["Error"]["Code"] == absent:
                return None
            raise self._refused(error) from None
        except BotoCoreError as error:
            raise CommandError(str(error)) from None
        return answer

    def pages(self, operation: str, **request: Any) -> Iterator[dict[str, Any]]:
        """Yield the pages of an operation.

        Raises:
            CommandError: ECR refuses, or cannot be reached.
        """
        token: dict[str, Any] = {}
        while True:
            page = self.ask(operation, **request, **token)
            assert page
            yield page
            if not page.get("nextToken"):
                return
            token = {"nextToken": page["nextToken"]}

    def _refused(self, error: ClientError) -> CommandError:
        code, said = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        action = f"ecr:{error.operation_name}"
        if code in _DENIED:
            return CommandError(f"access denied: allow {action} on the repository {self.name}")
        if code in _THROTTLED:
            return CommandError(f"ECR throttles {action}, again and again; try later")
        if code == "LifecyclePolicyPreviewInProgressException":
            return CommandError(
                f"a preview of {self.name} that somebody else started is running; it is left "
                "alone, try again when it is complete"
            )
        return CommandError(f"{action}: {code}: {said}")
