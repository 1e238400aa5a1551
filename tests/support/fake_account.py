"""A loopback endpoint of AWS accounts: data of a test as answers, pages, and faults at any call."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from tests.support.loopback import Loopback, LoopbackHandler
from tests.support.service_models import model

CLOSE, HTML = "close", b"<html>Sign in</html>"
_SIGNED = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/")
# Where the client's name is not that of the signature.
_CLIENTS = {"bedrock-agentcore": "bedrock-agentcore-control", "cleanrooms-ml": "cleanroomsml"}


class Request(NamedTuple):
    """What was asked for: by which key, where, and with which parameters."""

    key: str
    region: str
    operation: str
    parameters: Mapping[str, Any]


# The members of an answer, the code of an error, `CLOSE`, or bytes that are not AWS's, also with a
# status.
Answer = Any
Data = Callable[[Request], Answer]


def pages(member: str, items: Sequence[Any], token: str = "nextToken") -> Data:  # noqa: S107
    """Return the answers of an operation that has pages of two entries."""
    size = 2

    def answer(request: Request) -> Answer:
        first = int(request.parameters.get(token) or 0)
        following = {token: str(first + size)} if first + size < len(items) else {}
        return {member: [*items[first : first + size]], **following}

    return answer


class FakeAccount(Loopback):
    """Answers from `data`, by operation such as ``ecr:DescribeImages``, until the block ends.

    What is not in `data` is denied. `fault` is given each request and its number, and may return
    another answer.
    """

    def __init__(self, account: str = "111122223333") -> None:
        """Bind a free port."""
        for service in ("sts", "ecr"):
            # Reading it takes longer than a client waits.
            model(service)
        self.account = account
        self.data: dict[str, Answer | Data] = {}
        self.fault: Callable[[int, Request], Answer | None] = lambda _, __: None
        self.requests: list[Request] = []
        self._lock = threading.Lock()
        super().__init__(self._handler())

    def operations(self) -> list[str]:
        """Return the operations that were asked for."""
        return [request.operation for request in self.requests]

    def answer(self, request: Request) -> Answer:
        """Return the answer to a request."""
        with self._lock:
            self.requests.append(request)
            number = len(self.requests)
        fault = self.fault(number, request)
        if fault is not None:
            return fault
        value = self.data.get(request.operation, "AccessDeniedException")
        if request.operation == "sts:GetCallerIdentity" and request.operation not in self.data:
            account = request.key.removeprefix("role-") if "role-" in request.key else self.account
            return {"Account": account, "Arn": f"arn:aws:iam::{account}:user/tests", "UserId": "U"}
        if request.operation == "sts:AssumeRole" and request.operation not in self.data:
            account = str(request.parameters["RoleArn"]).split(":")[4]
            return {
                "Credentials": {
                    "AccessKeyId": f"role-{account}",
                    "SecretAccessKey": "secret",
                    "SessionToken": "token",
                    "Expiration": "2099-01-01T00:00:00Z",
                }
            }
        return value(request) if callable(value) else value

    def _handler(self) -> type[LoopbackHandler]:
        fake = self

        class Handler(LoopbackHandler):
            protocol_version = "HTTP/1.1"

            def respond(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length).decode()
                signed = _SIGNED.search(self.headers["Authorization"])
                assert signed is not None
                key, region, name = signed.groups()
                service = _CLIENTS.get(name, name)
                operation, parameters = _asked(service, self, body)
                answer = fake.answer(Request(key, region, f"{service}:{operation}", parameters))
                if answer == CLOSE:
                    self.close_connection = True
                    return
                self.send(*_sent(service, operation, answer))

        return Handler


def _asked(
    service: str, request: BaseHTTPRequestHandler, body: str
) -> tuple[str, Mapping[str, Any]]:
    """Return the operation and its parameters."""
    if target := request.headers.get("X-Amz-Target"):
        return target.rpartition(".")[2], json.loads(body)
    if "Action=" in body:
        form = {name: values[0] for name, values in parse_qs(body).items()}
        return form.pop("Action"), form
    url = urlsplit(request.path)
    for name in model(service).operation_names:
        http = model(service).operation_model(name).http
        path = re.sub(
            r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(urlsplit(http["requestUri"]).path)
        )
        match = re.fullmatch(path.rstrip("/"), url.path.rstrip("/"))
        if match and http["method"] == request.command:
            query = {key: values[0] for key, values in parse_qs(url.query).items()}
            values = {key: unquote(value) for key, value in match.groupdict().items()}
            return name, {**query, **values, **(json.loads(body) if body else {})}
    raise AssertionError(request.path)


def _sent(service: str, operation: str, answer: Answer) -> tuple[int, bytes]:
    if isinstance(answer, bytes):
        return 200, answer
    if isinstance(answer, tuple):
        return answer
    is_xml = model(service).metadata["protocol"] == "query"
    status = 400 if isinstance(answer, str) else 200
    if isinstance(answer, str):
        if is_xml:
            text = f"<ErrorResponse><Error><Code>{answer}</Code><Message>It says.</Message></Error>"
            return status, f"{text}</ErrorResponse>".encode()
        return status, json.dumps({"__type": answer, "message": "It says."}).encode()
    if is_xml:
        shape = model(service).operation_model(operation).output_shape
        content = "".join(_elements(answer, shape))
        inner = f"<{operation}Result>{content}</{operation}Result>"
        return status, f"<{operation}Response>{inner}</{operation}Response>".encode()
    return status, json.dumps(answer).encode()


def _elements(value: Any, shape: Any) -> Iterator[str]:
    """Yield the XML of the members of a value."""
    match value:
        case dict():
            for name, item in value.items():
                yield f"<{name}>{''.join(_elements(item, shape.members[name]))}</{name}>"
        case list():
            for item in value:
                yield f"<member>{''.join(_elements(item, shape.member))}</member>"
        case _:
            yield escape(str(value).lower() if isinstance(value, bool) else str(value))
