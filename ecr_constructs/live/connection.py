"""Calls of ECR's API: settings, retries, and what each failure means. Nothing is changed."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager, nullcontext
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Protocol

from ecr_constructs.live import LiveError
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.extras import install_remedy
from ecr_constructs.model.partitions import known_region_errors

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        CredentialRetrievalError,
        NoCredentialsError,
        NoRegionError,
        PartialCredentialsError,
        ProfileNotFound,
        SSOError,
        TokenRetrievalError,
    )
    from botocore.parsers import ResponseParserError
    from botocore.session import Session
except ModuleNotFoundError:
    message, remedy = "--live needs boto3, which is not installed", install_remedy("cli")
    raise LiveError(Diagnostic("boto3-missing", message, remedy=remedy)) from None

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
_THROTTLED = ("ThrottlingException", "Throttling", "RateExceeded", "TooManyRequestsException")
_OF_STS = ("AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity")
_BAD_CREDENTIALS = (
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "UnrecognizedClientException",
)
# A Deny, or a policy that only limits, outweighs every Allow of the caller.
_LIMIT = re.compile(
    r"explicit deny|service control policy|resource control policy|permissions boundary|"
    r"session policy|VPC endpoint policy",
    re.IGNORECASE,
)
# Exponential backoff, up to 20 seconds between attempts, of a request that ECR throttles.
_RETRIES: Any = {"mode": "standard", "total_max_attempts": 8}
# A request that nobody answers ends after at most half a minute. The time of a connection is for
# each address of the host.
_CONNECT_SECONDS = 3
_READ_SECONDS = 10
_ATTEMPTS_WITHOUT_ANSWER = 2
# A throttled request, or one that fails for now, is repeated without a word at first.
_ATTEMPTS_IN_SILENCE = 3
_FAILED = 400
# The member without which an answer is not ECR's, and its type.
_MEMBERS: dict[str, tuple[str, type]] = {
    "batch_get_image": ("images", list),
    "describe_images": ("imageDetails", list),
    "describe_repositories": ("repositories", list),
    "get_lifecycle_policy": ("lifecyclePolicyText", str),
    "get_lifecycle_policy_preview": ("status", str),
}
_SETTINGS: dict[type[Exception], str] = {
    NoRegionError: "give --region, or set AWS_REGION",
    ProfileNotFound: "`aws configure list-profiles` lists the profiles",
}
# botocore raises these for a body that is not what the API describes.
_UNREADABLE = (
    ResponseParserError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


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


def no_note(text: str) -> None:
    """Write nothing."""
    del text


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
        self._note = note
        self._profile = profile or os.environ.get("AWS_PROFILE")
        self._registry = {"registryId": account} if account else {}
        config = Config(
            retries=_RETRIES, connect_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS
        )
        try:
            core = Session(profile=profile)
            # It applies to the requests for credentials, too.
            core.set_default_client_config(config)
            session = boto3.Session(
                botocore_session=core,
                # botocore reads AWS_DEFAULT_REGION only; Lambda, ECS and CloudShell set this one.
                region_name=region or os.environ.get("AWS_REGION") or None,
            )
            self.region = session.region_name
            session.events.register_first("needs-retry.*", self._limit_retries)
            self.client = session.client("ecr")
        except (BotoCoreError, ValueError) as error:
            remedy = _SETTINGS.get(type(error), "")
            problem = Diagnostic("aws-not-configured", _words(error), remedy=remedy)
            raise LiveError(problem) from None

    def _limit_retries(
        self,
        attempts: int,
        response: tuple[Any, Any] | None = None,
        caught_exception: Exception | None = None,
        **_: Any,
    ) -> None:
        """Tell that ECR has not answered, and end what nobody answers."""
        if caught_exception is not None:
            if attempts >= _ATTEMPTS_WITHOUT_ANSWER:
                raise caught_exception
            self._note(f"no answer yet, trying again: {caught_exception}")
        elif response and response[0].status_code >= _FAILED and attempts == _ATTEMPTS_IN_SILENCE:
            self._note(f"HTTP status {response[0].status_code} again, trying for up to a minute")

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
            if _code_of(error) == absent:
                return None
            raise self._rejected(error, subject) from None
        except BotoCoreError as error:
            raise self._failed(error) from None
        else:
            return dict(answer)

    @contextmanager
    def readable(self, operation: str) -> Iterator[None]:
        """Turn the errors of reading an answer into one that says that it is not ECR's."""
        try:
            yield
        except (BotoCoreError, ClientError):
            raise
        except _UNREADABLE as error:
            message = (
                f"the answer to {operation} is not ECR's: {type(error).__name__}: {error}; a proxy "
                "or a login page may have answered instead"
            )
            remedy = "check AWS_ENDPOINT_URL, HTTPS_PROXY and the network"
            raise LiveError(
                Diagnostic("aws-answer-unreadable", " ".join(message.split()), remedy=remedy)
            ) from None

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

    @property
    def _region_errors(self) -> Iterator[Diagnostic]:
        """A problem if the Region is not known, with one that is like it."""
        return known_region_errors(self.region) if self.region else iter(())

    def _login(self) -> str:
        profile = f" --profile {self._profile}" if self._profile else ""
        return f"run `aws sso login{profile}`"

    def _failed(self, error: BotoCoreError) -> LiveError:
        if isinstance(error, SSOError | TokenRetrievalError):
            return LiveError(Diagnostic("aws-credentials", _words(error), remedy=self._login()))
        if isinstance(
            error, NoCredentialsError | PartialCredentialsError | CredentialRetrievalError
        ):
            remedy = "give --profile, set AWS_PROFILE, or run `aws configure` or `aws sso login`"
            return LiveError(Diagnostic("aws-credentials", _words(error), remedy=remedy))
        message = _words(error)
        # A Region that does not exist has no host.
        doubts = "".join(f": {item.message}; {item.remedy}" for item in self._region_errors)
        remedy = (
            f"check the Region ({self.region}{doubts}), AWS_ENDPOINT_URL, HTTPS_PROXY and the "
            "network"
        )
        return LiveError(Diagnostic("aws-unreachable", message, remedy=remedy))

    def _rejected(self, error: ClientError, subject: str) -> LiveError:
        code, action = _code_of(error), f"ecr:{error.operation_name}"
        if error.operation_name in _OF_STS:
            # A profile assumes a role before ECR is asked.
            action, subject = f"sts:{error.operation_name}", "the role of the profile"
        reason = " ".join(str(error.response["Error"].get("Message") or "").split())
        if code == "LifecyclePolicyPreviewInProgressException":
            return preview_in_progress(subject)
        kind, message, remedy = "aws-rejected", f"{action}: {code}: {reason}", ""
        if code in _DENIED:
            kind, message = "access-denied", f"access denied: {reason or action}"
            remedy = f"allow {action} on {subject}"
            if _LIMIT.search(reason):
                remedy = (
                    f"an Allow of {action} does not help against it; change that policy, or use "
                    "another role"
                )
        elif code in _THROTTLED:
            kind, message, remedy = "throttled", f"ECR keeps throttling {action}", "try later"
        elif code in _BAD_CREDENTIALS:
            kind = "aws-credentials"
            remedy = f"renew the credentials; with IAM Identity Center, {self._login()}"
        elif code == "RepositoryNotFoundException":
            remedy = (
                f"it was looked for{self._place}; give --region, --account or --profile of the "
                "registry that has it"
            )
        elif code.isdigit():
            message = f"{action}: HTTP status {code}, which is not an answer of ECR"
            remedy = "check AWS_ENDPOINT_URL, HTTPS_PROXY and the network"
        return LiveError(Diagnostic(kind, message, remedy=remedy))


def _words(error: Exception) -> str:
    """Return botocore's message as a predicate in one line."""
    return " ".join(str(error).split()).rstrip(".")


def _code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code") or "")
