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

_stock = ecr.handle_request
_last_instant = 0.0


class RejectedError(Exception):
    """An answer that ECR gives as an error.

    Args:
        code: The name of the exception in ECR's API model.
        message: What ECR says.
    """

    def __init__(self, code: str, message: str) -> None:
        """Keep the code apart; CloudFormation shows the message only."""
        super().__init__(message)
        self.code = code


def operation(name: str) -> Callable[[Operation], Operation]:
    """Register the decorated function as the ECR operation `name`."""

    def register(function: Operation) -> Operation:
        OPERATIONS[name] = function
        return function

    return register


def page(members: Members, name: str, items: Sequence[Any]) -> Members:
    """Answer one page of `items` under `name`, with a token when more follow.

    Args:
        members: The request: `maxResults` defaults to 100, `nextToken` to the first page.
        name: The member that carries the page.
        items: All items, in a stable order.
    """
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


def succeeded(members: Members) -> HttpAnswer:
    """Return the answer of an operation as JSON."""
    answer: HttpAnswer = json_response(members)
    return answer


def rejected(code: str, message: str) -> HttpAnswer:
    """Return an error of the API as JSON."""
    answer: HttpAnswer = error_response_json(code, message)
    return answer


async def handle_request(
    method: str, path: str, headers: dict[str, str], body: bytes, query: Members
) -> HttpAnswer:
    """Answer an ECR API request from the table, or else from ministack."""
    answer = OPERATIONS.get(headers.get("x-amz-target", "").rpartition(".")[2])
    if answer is None:
        stock: HttpAnswer = await _stock(method, path, headers, body, query)
        return stock
    members = json.loads(body or b"{}")
    with request_scope(members.get("registryId") or get_account_id(), get_region()):
        try:
            return succeeded(answer(members))
        except RejectedError as refusal:
            return rejected(refusal.code, str(refusal))
