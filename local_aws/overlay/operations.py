"""The table of ECR operations, and the dispatcher that puts it before ministack's."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

from ministack.core.responses import (
    error_response_json,
    get_account_id,
    get_region,
    json_response,
    request_scope,
)
from ministack.services import ecr

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Members = dict[str, Any]
    Operation = Callable[[Members], Members]
    HttpAnswer = tuple[int, dict[str, str], bytes]

OPERATIONS: dict[str, Operation] = {}
DEFAULT_PAGE = 100
# ministack answers them without storing anything; clients use the registry's own protocol.
_NOT_EMULATED = {
    *("BatchCheckLayerAvailability", "CompleteLayerUpload", "GetDownloadUrlForLayer"),
    *("InitiateLayerUpload", "UploadLayerPart"),
}

_stock = ecr.handle_request
_last_instant = 0.0


class RejectedError(Exception):
    """An answer that ECR gives as an error; `code` is an exception of ECR's API model."""

    def __init__(self, message: str, code: str) -> None:
        """Keep the code apart; CloudFormation shows the message only."""
        super().__init__(message)
        self.code = code


def operation(
    name: str, table: dict[str, Operation] = OPERATIONS
) -> Callable[[Operation], Operation]:
    """Register the decorated function as the operation `name`."""

    def register(function: Operation) -> Operation:
        table[name] = function
        return function

    return register


def page(members: Members, name: str, items: Sequence[Any]) -> Members:
    """Return one page of `items` under `name`, with a token when more follow."""
    start = int(base64.b64decode(members.get("nextToken") or b"MA=="))
    end = start + members.get("maxResults", DEFAULT_PAGE)
    more = {"nextToken": base64.b64encode(str(end).encode()).decode()} if end < len(items) else {}
    return {name: list(items[start:end]), **more}


def now() -> float:
    """Return the time in seconds since the epoch, to the millisecond, never the same twice.

    Two pushes in one test must have an order: a lifecycle policy counts by it.
    """
    global _last_instant  # noqa: PLW0603
    _last_instant = round(max(time.time(), _last_instant + 0.001), 3)
    return _last_instant


def target(headers: dict[str, str]) -> str:
    """Return the name of the operation that a request asks for."""
    return headers.get("x-amz-target", "").rpartition(".")[2]


def rejected(code: str, message: str) -> HttpAnswer:
    """Return an error of the API as JSON."""
    answer: HttpAnswer = error_response_json(code, message)
    return answer


def answered(function: Operation | None, headers: dict[str, str], body: bytes) -> HttpAnswer:
    """Return the answer of an operation, in the registry that the request names."""
    if function is None:
        return rejected("InvalidAction", f"Unknown action: {target(headers)}")
    members = json.loads(body or b"{}")
    with request_scope(members.get("registryId") or get_account_id(), get_region()):
        try:
            answer: HttpAnswer = json_response(function(members))
        except RejectedError as rejection:
            return rejected(rejection.code, str(rejection))
        return answer


async def handle_request(
    method: str, path: str, headers: dict[str, str], body: bytes, query: Members
) -> HttpAnswer:
    """Answer an ECR API request from the table, or else from ministack."""
    name = target(headers)
    if name in OPERATIONS or name in _NOT_EMULATED:
        return answered(OPERATIONS.get(name), headers, body)
    stock: HttpAnswer = await _stock(method, path, headers, body, query)
    return stock
