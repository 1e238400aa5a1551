"""One call with its pages: repeated while AWS throttles, and an error in place of an answer."""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING, Any

from ecr_constructs.live import LiveError
from ecr_constructs.live.collect.answers import answer_of, prepare
from ecr_constructs.live.collect.rate import Rates
from ecr_constructs.live.session import (
    BAD_CREDENTIALS,
    THROTTLED,
    AwsSession,
    BotoCoreError,
    ClientError,
    code_of,
    method_of,
    no_note,
    reason_of,
)
from ecr_constructs.snapshot.document import CallError, Record, now_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ecr_constructs.snapshot.plan import Call

# botocore repeats a request that fails for now; what is throttled for longer is repeated here.
_RETRIES = {"mode": "standard", "total_max_attempts": 4}
_ROUNDS = 8
_LONGEST_PAUSE_SECONDS = 30.0

_NOTE_SECONDS = 10.0
_TYPES: dict[str, type] = {"boolean": bool, "list": list, "string": str, "structure": dict}

NO_ANSWER = "NoAnswer"
"""The code of a call that nobody answers, or not AWS."""

UNKNOWN_OPERATION = "UnknownOperation"
"""The code of a call that the installed version of botocore does not have."""

PAGES_REPEAT = "PagesRepeat"
"""The code of a call whose next page is the same one again."""


class Caller:
    """Makes calls in one account and Region; several threads may use it.

    Attributes:
        session: The session that makes the clients.
    """

    def __init__(
        self,
        region: str | None = None,
        *,
        profile: str | None = None,
        credentials: Any = None,
        concurrency: int = 1,
        note: Callable[[str], None] = no_note,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        """Create no client yet.

        Args:
            region: The Region. Default: that of the environment or the profile.
            profile: The profile of the AWS CLI. Default: that of the environment.
            credentials: Those of `session.role_credentials`. Default: those of the environment.
            concurrency: The calls that are made at the same time. Default: 1.
            note: Is called with a line of text if AWS does not answer at once. Default: nothing.
            pause: Waits for some seconds. Default: it does.
        """
        self._note, self._pause = _spaced(note), pause
        self.session = AwsSession(
            region,
            profile=profile,
            note=self._note,
            credentials=credentials,
            retries=_RETRIES,
            # The parameters are those that AWS has named.
            parameter_validation=False,
            max_pool_connections=max(concurrency, 1),
        )
        prepare(self.session.core)
        self._rates = Rates()
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._answered: set[str] = set()
        self.session.core.register("before-send", self._wait)
        self.session.core.register("response-received", self._learn)

    def _wait(self, event_name: str, **_: Any) -> None:
        self._rates[_operation_of(event_name)].wait()

    def _learn(self, event_name: str, parsed_response: Any = None, **_: Any) -> None:
        rate = self._rates[_operation_of(event_name)]
        error = (parsed_response or {}).get("Error") or {}
        if error.get("Code") in THROTTLED:
            rate.throttled()
        else:
            rate.answered()

    def pages(self, call: Call) -> Iterator[Record]:
        """Yield the pages of a call; in place of one that is refused, its error.

        Raises:
            LiveError: ``aws-credentials``: they have expired or are not valid; ``aws-unreachable``
                or ``aws-answer-unreadable``: a service that has answered before does not answer,
                or what answers is not AWS. What was yielded until then is good.
        """
        operation, token = call.operation, None
        paging = operation.paging
        asked = dict(call.request)
        if paging is not None and paging.size:
            asked[paging.limit] = paging.size
        while True:
            if paging is not None and token is not None:
                asked[paging.token] = token
            output, error = self._answer(call, asked)
            following = output.get(paging.member) if paging and output is not None else None
            repeats = following is not None and following == token
            yield Record(
                operation.service,
                operation.name,
                call.request,
                now_text(),
                output,
                error,
                more=bool(following),
            )
            if repeats:
                error = CallError(PAGES_REPEAT, "the answer names itself as the next page")
                yield Record(
                    operation.service, operation.name, call.request, now_text(), error=error
                )
            if not following or repeats:
                return
            token = following

    def _answer(
        self, call: Call, asked: Mapping[str, Any]
    ) -> tuple[dict[str, Any] | None, CallError | None]:
        operation = call.operation
        for attempt in range(_ROUNDS):
            try:
                return self.ask(operation.service, operation.name, asked, call=call), None
            except ClientError as error:
                code = code_of(error)
                if code in BAD_CREDENTIALS:
                    raise self.session.rejected(error, "", service=operation.service) from None
                if code in THROTTLED and attempt + 1 < _ROUNDS:
                    self._pause_after(attempt, operation.action)
                    continue
                return None, CallError(code or NO_ANSWER, reason_of(error))
            except BotoCoreError as error:
                problem = self.session.failed(error)
            except LiveError as error:
                problem = error
            [diagnostic, *_] = problem.diagnostics
            if diagnostic.code == "aws-operation-unknown":
                return None, CallError(UNKNOWN_OPERATION, diagnostic.message)
            if diagnostic.code == "aws-credentials" or operation.service in self._must_answer:
                raise problem
            # App Runner, say, is not in every Region.
            return None, CallError(NO_ANSWER, diagnostic.message)
        raise AssertionError

    @property
    def _must_answer(self) -> set[str]:
        """Services whose silence means that the network has failed."""
        return self._answered | {"ecr", "sts", "organizations"}

    def _pause_after(self, attempt: int, action: str) -> None:
        seconds = min(_LONGEST_PAUSE_SECONDS, 2.0**attempt) * random.uniform(0.5, 1)  # noqa: S311 - no secret
        self._note(f"AWS throttles {action}, trying again in {seconds:.0f} seconds")
        self._pause(seconds)

    def ask(
        self, service: str, operation: str, asked: Mapping[str, Any], *, call: Call | None = None
    ) -> dict[str, Any]:
        """Return the answer of one request.

        Raises:
            LiveError: What answers is not AWS, or botocore does not have the operation.
            ClientError: AWS rejects it.
            BotoCoreError: Nobody answers.
        """
        client = self._client(service)
        method = method_of(client, service, operation)
        with self.session.readable(operation, service):
            response = method(**asked)
            answer = answer_of(response, call.operation.without if call else frozenset())
            if call and (member := call.operation.lists):
                # An empty object would read as: there is nothing.
                shape = client.meta.service_model.operation_model(operation).output_shape
                expected = _TYPES[shape.members[member].type_name]
                if not isinstance(answer.get(member), expected):
                    msg = f"it has no {member}"
                    raise TypeError(msg)
        self._answered.add(service)
        return answer

    def _client(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self.session.client(service)
            return self._clients[service]


def _operation_of(event_name: str) -> str:
    """Return the service and operation of an event: ``before-send.ecr.DescribeImages``."""
    return event_name.partition(".")[2]


def _spaced(note: Callable[[str], None]) -> Callable[[str], None]:
    """Return what hands on one note of all that are written within some seconds."""
    last = -_NOTE_SECONDS

    def spaced(text: str) -> None:
        nonlocal last
        if time.monotonic() - last >= _NOTE_SECONDS:
            last = time.monotonic()
            note(text)

    return spaced
