"""Clients of AWS's services: settings, retries, and what each failure means."""

from __future__ import annotations

import os
import re
import threading
from contextlib import contextmanager, nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from ecr_constructs.live import LiveError
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.extras import install_remedy
from ecr_constructs.model.partitions import known_region_errors

try:
    import boto3
    from botocore import xform_name
    from botocore.config import Config
    from botocore.credentials import (
        AssumeRoleCredentialFetcher,
        DeferredRefreshableCredentials,
    )
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
        UnknownServiceError,
    )
    from botocore.loaders import create_loader
    from botocore.parsers import ResponseParserError
    from botocore.session import Session
except ModuleNotFoundError:
    message, remedy = "--live needs boto3, which is not installed", install_remedy("cli")
    raise LiveError(Diagnostic("boto3-missing", message, remedy=remedy)) from None

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

# Other modules import the errors from here, where a missing boto3 is one of ours.
__all__ = (
    "BAD_CREDENTIALS",
    "DENIED",
    "THROTTLED",
    "UNREADABLE",
    "AwsSession",
    "BotoCoreError",
    "ClientError",
    "Progress",
    "code_of",
    "method_of",
    "no_note",
    "no_progress",
    "reason_of",
    "role_credentials",
    "title",
    "xform_name",
)

DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
# As botocore.retries has them, and those of ECS and Lambda.
THROTTLED = (
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RateExceeded",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
)
BAD_CREDENTIALS = (
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "RequestExpired",
    "UnrecognizedClientException",
)
_OF_STS = ("AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity")
# A Deny, or a policy that only limits, outweighs every Allow of the caller.
_LIMIT = re.compile(
    r"explicit deny|service control policy|resource control policy|permissions boundary|"
    r"session policy|VPC endpoint policy",
    re.IGNORECASE,
)
# Exponential backoff, up to 20 seconds between attempts, of a request that is throttled.
_RETRIES: Any = {"mode": "standard", "total_max_attempts": 8}
# A request that nobody answers ends after at most half a minute. The time of a connection is for
# each address of the host.
_CONNECT_SECONDS = 3
_READ_SECONDS = 10
_ATTEMPTS_WITHOUT_ANSWER = 2
# A throttled request, or one that fails for now, is repeated without a word at first.
_ATTEMPTS_IN_SILENCE = 3
_FAILED = 400
_SETTINGS: dict[type[Exception], str] = {
    NoRegionError: "give --region, or set AWS_REGION",
    ProfileNotFound: "`aws configure list-profiles` lists the profiles",
}
# botocore raises these for a body that is not what the API describes.
UNREADABLE = (
    ResponseParserError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


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


class AwsSession:
    """Clients of the services of one Region, with the same settings, and a judgement of failures.

    Attributes:
        region: The Region. None: boto3 finds none.
        core: botocore's session.

    Example:
        >>> AwsSession("eu-central-1").region
        'eu-central-1'
    """

    def __init__(
        self,
        region: str | None = None,
        *,
        profile: str | None = None,
        note: Callable[[str], None] = no_note,
        credentials: Any = None,
        **settings: Any,
    ) -> None:
        """Create no client yet.

        Args:
            region: The Region. Default: AWS_REGION, AWS_DEFAULT_REGION, or that of the profile.
            profile: The profile of the AWS CLI. Default: that of the environment.
            note: Is called with a line of text if AWS does not answer at once. Default: nothing.
            credentials: Those of `role_credentials`. Default: those of the environment.
            **settings: Further ones of botocore's ``Config``.

        Raises:
            LiveError: There is no such profile, or a setting is not valid.
        """
        self._note, self._lock = note, threading.Lock()
        self._profile = profile or os.environ.get("AWS_PROFILE")
        timeouts = {"connect_timeout": _CONNECT_SECONDS, "read_timeout": _READ_SECONDS}
        config = Config(**{"retries": _RETRIES, **timeouts, **settings})
        with self._configured():
            self.core = Session(profile=profile)
            folder = self.core.get_config_variable("data_path")
            self.core.register_component("data_loader", _loader(folder))
            if credentials is not None:
                self.core.register_component("credential_provider", _Provider(credentials))
            # It applies to the requests for credentials, too.
            self.core.set_default_client_config(config)
            self._boto3 = boto3.Session(
                botocore_session=self.core,
                # botocore reads AWS_DEFAULT_REGION only; Lambda, ECS and CloudShell set this one.
                region_name=region or os.environ.get("AWS_REGION") or None,
            )
            self.region = self._boto3.region_name
            self._boto3.events.register_first("needs-retry.*", self._limit_retries)

    def client(self, service: str) -> Any:
        """Return boto3's client of a service.

        Raises:
            LiveError: There is no Region, or a setting is not valid; ``aws-operation-unknown``:
                this version of botocore does not have the service.
        """
        with self._configured():
            try:
                # It is slow, and not safe in several threads.
                with self._lock:
                    return self._boto3.client(service)
            except UnknownServiceError:
                raise _unknown(service) from None

    def create_client(self, service: str, **settings: Any) -> Any:
        """Return botocore's client of a service in this Region."""
        with self._lock:
            return self.core.create_client(service, region_name=self.region, **settings)

    @contextmanager
    def _configured(self) -> Iterator[None]:
        try:
            yield
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
        """Tell that AWS has not answered, and end what nobody answers."""
        if caught_exception is not None:
            if attempts >= _ATTEMPTS_WITHOUT_ANSWER:
                raise caught_exception
            self._note(f"no answer yet, trying again: {caught_exception}")
        elif response and response[0].status_code >= _FAILED and attempts == _ATTEMPTS_IN_SILENCE:
            self._note(f"HTTP status {response[0].status_code} again, trying for up to a minute")

    @contextmanager
    def readable(self, operation: str, service: str = "ecr") -> Iterator[None]:
        """Turn the errors of reading an answer into one that says that it is not AWS's."""
        try:
            yield
        except (BotoCoreError, ClientError):
            raise
        except UNREADABLE as error:
            message = (
                f"the answer to {operation} is not {title(service)}'s: {type(error).__name__}: "
                f"{error}; a proxy or a login page may have answered instead"
            )
            remedy = "check AWS_ENDPOINT_URL, HTTPS_PROXY and the network"
            raise LiveError(
                Diagnostic("aws-answer-unreadable", " ".join(message.split()), remedy=remedy)
            ) from None

    @property
    def _region_errors(self) -> Iterator[Diagnostic]:
        """A problem if the Region is not known, with one that is like it."""
        return known_region_errors(self.region) if self.region else iter(())

    def _login(self) -> str:
        profile = f" --profile {self._profile}" if self._profile else ""
        return f"run `aws sso login{profile}`"

    def failed(self, error: BotoCoreError) -> LiveError:
        """Return the error of a request that has no answer."""
        if remedy := _SETTINGS.get(type(error)):
            return LiveError(Diagnostic("aws-not-configured", _words(error), remedy=remedy))
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

    def rejected(
        self,
        error: ClientError,
        subject: str,
        *,
        service: str = "ecr",
        remedies: Mapping[str, str] | None = None,
    ) -> LiveError:
        """Return the error of a request that AWS rejects.

        Args:
            error: botocore's error.
            subject: What the request is about: ``the repository payments/api``.
            service: The service, as IAM names it in an action.
            remedies: What to do, for further error codes. Default: nothing is known of them.
        """
        code, action = code_of(error), f"{service}:{error.operation_name}"
        if error.operation_name in _OF_STS:
            # A role is assumed before the service is asked.
            action, subject = f"sts:{error.operation_name}", "the role"
        reason = reason_of(error)
        kind, message = "aws-rejected", f"{action}: {code}: {reason}"
        remedy = (remedies or {}).get(code, "")
        if code in DENIED:
            kind, message = "access-denied", f"access denied: {reason or action}"
            remedy = f"allow {action} on {subject}"
            if _LIMIT.search(reason):
                remedy = (
                    f"an Allow of {action} does not help against it; change that policy, or use "
                    "another role"
                )
        elif code in THROTTLED:
            kind = "throttled"
            message, remedy = f"{title(service)} keeps throttling {action}", "try later"
        elif code in BAD_CREDENTIALS:
            kind = "aws-credentials"
            remedy = f"renew the credentials; with IAM Identity Center, {self._login()}"
        elif code.isdigit():
            message = f"{action}: HTTP status {code}, which is not an answer of {title(service)}"
            remedy = "check AWS_ENDPOINT_URL, HTTPS_PROXY and the network"
        return LiveError(Diagnostic(kind, message, remedy=remedy))


@cache
def _loader(folder: str | None) -> Any:
    """Return the reader of botocore's descriptions of services, which keeps what it has read."""
    return create_loader(folder)


def title(service: str) -> str:
    """Return the name of a service in messages."""
    return "ECR" if service == "ecr" else f"AWS {service}"


def _words(error: Exception) -> str:
    """Return botocore's message as a predicate in one line."""
    return " ".join(str(error).split()).rstrip(".")


def code_of(error: ClientError) -> str:
    """Return the code of an error that AWS answers."""
    return str(error.response.get("Error", {}).get("Code") or "")


def reason_of(error: ClientError) -> str:
    """Return the message of an error that AWS answers, in one line."""
    return " ".join(str(error.response.get("Error", {}).get("Message") or "").split())


def role_credentials(
    source: AwsSession, arn: str, *, session_name: str, external_id: str = ""
) -> Any:
    """Return the credentials of a role, which are renewed before they expire.

    Args:
        source: Has the credentials that may assume the role.
        arn: The role.
        session_name: The name of the session in logs.
        external_id: What the trust policy asks for. Default: nothing.

    Raises:
        LiveError: ``aws-credentials``: there are none.
    """
    credentials = source.core.get_credentials()
    if credentials is None:
        raise source.failed(NoCredentialsError())
    arguments = {"RoleSessionName": session_name}
    if external_id:
        arguments["ExternalId"] = external_id
    fetcher = AssumeRoleCredentialFetcher(
        source.create_client, credentials, arn, extra_args=arguments
    )
    return DeferredRefreshableCredentials(fetcher.fetch_credentials, method="assume-role")


class _Provider:
    """Gives a session of botocore these credentials, and looks for no others."""

    def __init__(self, credentials: Any) -> None:
        """Take the credentials."""
        self._credentials = credentials

    def load_credentials(self) -> Any:
        """Return the credentials."""
        return self._credentials


def method_of(client: Any, service: str, operation: str) -> Any:
    """Return the method of a client that calls an operation.

    Raises:
        LiveError: ``aws-operation-unknown``: this version of botocore does not have it.
    """
    method = getattr(client, xform_name(operation), None)
    if method is None:
        name = f"{service}:{operation}"
        raise _unknown(name)
    return method


def _unknown(name: str) -> LiveError:
    message = f"the installed botocore does not know {name}"
    return LiveError(Diagnostic("aws-operation-unknown", message, remedy="install a later boto3"))
