"""ECR's API: who calls, and whether the caller may."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.core.router import extract_access_key_id
from ministack.services import ecr

from local_aws.overlay import authorization, operations

if TYPE_CHECKING:
    from local_aws.overlay.operations import HttpAnswer, Members


async def handle_request(
    method: str, path: str, headers: dict[str, str], body: bytes, query: Members
) -> HttpAnswer:
    """Answer a request, if its caller may make it."""
    caller = authorization.Caller(extract_access_key_id(headers, query), get_account_id())
    authorization.CALLER.set(caller)
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    members = json.loads(body or b"{}")
    with request_scope(members.get("registryId") or caller.account, get_region()):
        for name in _names(operation, members):
            if message := authorization.refusal(caller, f"ecr:{operation}", name):
                return operations.rejected("AccessDeniedException", message)
    return await operations.handle_request(method, path, headers, body, query)


def _names(operation: str, members: Members) -> list[str | None]:
    """Return the repositories that a request is about; `*` means all of them."""
    arn = members.get("resourceArn", "").partition(":repository/")[2]
    every = "*" if operation == "DescribeRepositories" else None
    return members.get("repositoryNames") or [members.get("repositoryName") or arn or every]


def install() -> None:
    """Put it in the place of ministack's."""
    ecr.handle_request = handle_request
