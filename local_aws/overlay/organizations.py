"""AWS Organizations: the organization of an account, and the accounts in it.

They are those that the server was started with. The first account of each manages it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack import app
from ministack.core.responses import get_account_id

from local_aws.overlay import authorization
from local_aws.overlay.operations import (
    RejectedError,
    answered,
    now,
    operation,
    page,
    target,
)

if TYPE_CHECKING:
    from local_aws.overlay.operations import HttpAnswer, Members, Operation

# A page of ListAccounts without MaxResults.
_PAGE = 20
_OPERATIONS: dict[str, Operation] = {}
_STARTED = now()


def _members() -> tuple[str, list[str]]:
    """Return the organization of the caller, and its accounts; the first manages it."""
    organization = authorization.ORGANIZATIONS.get(get_account_id())
    if organization is None:
        message = "Your account is not a member of an organization."
        raise RejectedError(message, "AWSOrganizationsNotInUseException")
    accounts = [
        account
        for account, identifier in authorization.ORGANIZATIONS.items()
        if identifier == organization
    ]
    return organization, accounts


def _arn(kind: str, organization: str, manager: str, account: str = "") -> str:
    path = "/".join(filter(None, (kind, organization, account)))
    return f"arn:aws:organizations::{manager}:{path}"


def _email(account: str) -> str:
    return f"{account}@example.com"


@operation("DescribeOrganization", _OPERATIONS)
def describe_organization(_: Members) -> Members:
    """Describe the organization of the caller's account."""
    organization, (manager, *_others) = _members()
    return {
        "Organization": {
            "Id": organization,
            "Arn": _arn("organization", organization, manager),
            "FeatureSet": "ALL",
            "MasterAccountArn": _arn("account", organization, manager, manager),
            "MasterAccountId": manager,
            "MasterAccountEmail": _email(manager),
        }
    }


@operation("ListAccounts", _OPERATIONS)
def list_accounts(members: Members) -> Members:
    """List the accounts of an organization to the one that manages it."""
    organization, accounts = _members()
    manager = accounts[0]
    if get_account_id() != manager:
        message = "You don't have permissions to access this resource."
        raise RejectedError(message, "AccessDeniedException")
    described = [
        {
            "Id": account,
            "Arn": _arn("account", organization, manager, account),
            "Email": _email(account),
            "Name": account,
            "Status": "ACTIVE",
            "State": "ACTIVE",
            "JoinedMethod": "INVITED" if account == manager else "CREATED",
            "JoinedTimestamp": _STARTED,
        }
        for account in accounts
    ]
    token, size = members.get("NextToken"), members.get("MaxResults", _PAGE)
    request = {"maxResults": size, **({"nextToken": token} if token else {})}
    shown = page(request, "Accounts", described)
    following = {"NextToken": shown.pop("nextToken")} if "nextToken" in shown else {}
    return {**shown, **following}


async def _handle(
    _: str, __: str, headers: dict[str, str], body: bytes, ___: Members
) -> HttpAnswer:
    return answered(_OPERATIONS.get(target(headers)), headers, body)


def install() -> None:
    """Add the service."""
    app.SERVICE_HANDLERS["organizations"] = _handle
