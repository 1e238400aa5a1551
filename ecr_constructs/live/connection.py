"""Calls of ECR's API by name, for one registry."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from ecr_constructs.live import LiveError
from ecr_constructs.live.session import (
    AwsSession,
    BotoCoreError,
    ClientError,
    Progress,
    code_of,
    no_note,
    no_progress,
)
from ecr_constructs.model.diagnostics import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

# The member without which an answer is not ECR's, and its type.
_MEMBERS: dict[str, tuple[str, type]] = {
    "batch_get_image": ("images", list),
    "describe_images": ("imageDetails", list),
    "describe_repositories": ("repositories", list),
    "get_lifecycle_policy": ("lifecyclePolicyText", str),
    "get_lifecycle_policy_preview": ("status", str),
}


def preview_in_progress(repository: str) -> LiveError:
    """Return the error of a preview that another process started."""
    message, remedy = f"another preview of {repository} is running", "try again when it is complete"
    return LiveError(Diagnostic("preview-in-progress", message, remedy=remedy))


class Connection:
    """The registry of an account in a Region, as the caller may read it.

    Attributes:
        region: The Region. None: boto3 finds none.
        client: boto3's client.

    Example:
        >>> Connection("eu-central-1").region
        'eu-central-1'
    """

    def __init__(
        self,
        region: str | None = None,
        *,
        account: str | None = None,
        profile: str | None = None,
        progress: Progress = no_progress,
        note: Callable[[str], None] = no_note,
    ) -> None:
        """Create a client; it sends no request yet.

        Args:
            region: The Region. Default: AWS_REGION, AWS_DEFAULT_REGION, or that of the profile.
            account: The account. Default: the caller's.
            profile: The profile of the AWS CLI. Default: that of the environment.
            progress: Shows how far reading is. Default: nothing does.
            note: Is called with a line of text if ECR does not answer at once. Default: nothing.

        Raises:
            LiveError: There is no Region, no such profile, or a setting is not valid.
        """
        self.progress = progress
        self._registry = {"registryId": account} if account else {}
        self._session = AwsSession(region, profile=profile, note=note)
        self.region = self._session.region
        self.client = self._session.client("ecr")

    def call(
        self, operation: str, *, subject: str, absent: str = "", **request: Any
    ) -> dict[str, Any] | None:
        """Call an operation; return None for the error code `absent`.

        Args:
            operation: Its name in boto3.
            subject: What it is about, for errors: ``the repository payments/api``.
            absent: An error code that is an answer.
            **request: Its parameters.

        Raises:
            LiveError: ECR rejects it, does not answer, or what answers is not ECR.
        """
        try:
            with self.readable(operation):
                answer: Any = getattr(self.client, operation)(**self._registry, **request)
                if operation in _MEMBERS:
                    member, kind = _MEMBERS[operation]
                    if not isinstance(answer[member], kind):
                        raise TypeError(member)
        except ClientError as error:
            if code_of(error) == absent:
                return None
            raise self._rejected(error, subject) from None
        except BotoCoreError as error:
            raise self._session.failed(error) from None
        else:
            return dict(answer)

    def readable(self, operation: str) -> AbstractContextManager[None]:
        """Turn the errors of reading an answer into one that says that it is not ECR's."""
        return self._session.readable(operation)

    def pages(self, operation: str, *, subject: str, **request: Any) -> Iterator[dict[str, Any]]:
        """Yield the pages of an operation.

        Raises:
            LiveError: As for `call`, or a page repeats itself.
        """
        token: str | None = None
        while True:
            more = {} if token is None else {"nextToken": token}
            page = self.call(operation, subject=subject, **request, **more)
            assert page is not None
            yield page
            following = page.get("nextToken")
            if not following:
                return
            if following == token:
                message = f"the answer to {operation} is not ECR's: its pages do not end"
                raise LiveError(Diagnostic("aws-answer-unreadable", message))
            token = following

    def repository_names(self, patterns: Sequence[str]) -> list[str]:
        """Return the repositories that patterns match, in the order of their names.

        Args:
            patterns: Names, and patterns in which `*` matches any characters.

        Raises:
            LiveError: A pattern matches none, or as for `call`.
        """
        names = {pattern for pattern in patterns if "*" not in pattern}
        wild = [pattern for pattern in patterns if "*" in pattern]
        if not wild:
            return sorted(names)
        operation = "describe_repositories"
        with self.progress("reading repositories") as advance, self.readable(operation):
            existing: list[str] = []
            for page in self.pages(operation, subject="the registry", maxResults=1000):
                existing += (item["repositoryName"] for item in page["repositories"])
                advance(len(page["repositories"]))
            for pattern in wild:
                matches = [name for name in existing if fnmatchcase(name, pattern)]
                if not matches:
                    message = f"no repository matches {pattern!r}{self._place}"
                    raise LiveError(Diagnostic("repository-unknown", message))
                names.update(matches)
        return sorted(names)

    @property
    def _place(self) -> str:
        account = self._registry.get("registryId")
        return f" in {self.region}" + (f" of the account {account}" if account else "")

    def _rejected(self, error: ClientError, subject: str) -> LiveError:
        if code_of(error) == "LifecyclePolicyPreviewInProgressException":
            return preview_in_progress(subject)
        elsewhere = (
            f"it was looked for{self._place}; give --region, --account or --profile of the "
            "registry that has it"
        )
        remedies = {"RepositoryNotFoundException": elsewhere}
        return self._session.rejected(error, subject, remedies=remedies)
