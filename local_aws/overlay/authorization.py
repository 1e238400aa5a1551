"""Who may do what in ECR: the deployed policies, evaluated before a request is answered.

The root of an account may do everything within it. A role or a user needs a policy of its own, or
one of the repository or registry that names it; across accounts both sides must allow. Deny wins,
and permissions boundaries and session policies limit. ministack decides; this is its input.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

Nothing is guessed: an Allow under a condition that is not supported does not count, and a Deny
under one always does. So it is with NotPrincipal.

ministack gives every web identity the role that it asks for. Here issuer, audience, subject and
expiry must be what the role asks for; the signature is not verified, because the keys of an issuer
are on the internet.
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
"""

# ruff: noqa: SLF001 - ministack offers its stores and handlers by private names only

from __future__ import annotations

import json
import logging
import secrets
import time
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from ministack.core import iam_evaluator as evaluator
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.core.router import extract_access_key_id
from ministack.services import cognito, ecr, iam, sts

from local_aws.overlay import operations, registry

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from ministack.core.iam_evaluator import (
        AuthError,
        EvalContext,
        EvalResult,
        ParsedStatement,
        PrincipalInfo,
    )

    from local_aws.overlay.operations import HttpAnswer, Members

ORGANIZATIONS: dict[str, str] = {}
"""The organization of each account that is in one, as configured at the start of the server."""

# What the root of an account may do, if the other account allows it.
_EVERYTHING = evaluator.parse_policy_document(
    {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
)
_KEYS = {
    *("aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:requestedregion"),
    *("aws:resourceaccount", "aws:securetransport"),
}
# An operation that another action allows.
_ACTIONS = {"ListImageReferrers": "BatchGetImage"}
_TAG_KEYS = ("aws:principaltag/", "aws:resourcetag/", "ecr:resourcetag/")
_WEB_IDENTITY = "AssumeRoleWithWebIdentity"
_stock_sts = sts.handle_request
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who signed a request."""

    access_key: str
    account: str


CALLER: ContextVar[Caller] = ContextVar("caller")
"""Who signed the request to ECR's API that is being answered."""


async def handle_request(
    method: str, path: str, headers: dict[str, str], body: bytes, query: Members
) -> HttpAnswer:
    """Answer a request to ECR's API, if its caller may make it."""
    caller = Caller(extract_access_key_id(headers, query), get_account_id())
    CALLER.set(caller)
    name, members = operations.target(headers), json.loads(body or b"{}")
    with request_scope(members.get("registryId") or caller.account, get_region()):
        for repository in _repositories(name, members):
            if message := denial(caller, f"ecr:{_ACTIONS.get(name, name)}", repository):
                return operations.rejected("AccessDeniedException", message)
    return await operations.handle_request(method, path, headers, body, query)


def _repositories(name: str, members: Members) -> list[str | None]:
    """Return the repositories that a request is about; `*` means all of them."""
    arn = members.get("resourceArn", "").partition(":repository/")[2]
    every = "*" if name == "DescribeRepositories" else None
    return members.get("repositoryNames") or [members.get("repositoryName") or arn or every]


def denial(caller: Caller, action: str, name: str | None) -> str | None:
    """Return why AWS denies an action, with the conditions that are not supported, or None.

    An action on the registry has no repository's name.
    """
    principal = _principal(caller)
    if isinstance(principal, evaluator.AuthError):
        return str(principal.message)
    return _denial(principal, action, name)


def denial_of_role(role_arn: str, action: str, name: str) -> str | None:
    """Return why AWS denies an action on a repository to the sessions of a role, or None.

    A role that does not exist here is not judged: the workloads of a test need none.
    """
    account, role_name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    if iam._roles.get_scoped(account, None, role_name) is None:
        return None
    with request_scope(account, get_region()):
        principal = evaluator.PrincipalInfo(
            arn=f"arn:aws:sts::{account}:assumed-role/{role_name}/task",
            type="AssumedRole",
            account=account,
            policies=evaluator._gather_role_policies(role_name, account),
            limits=evaluator._permissions_boundary(iam._roles, role_name, account),
        )
    return _denial(principal, action, name)


def admits_service(
    service: str, action: str, name: str, keys: Mapping[str, str], *, policy: str | None = None
) -> bool:
    """Tell whether the policies of a repository and its registry allow an AWS service an action.

    Args:
        service: Its principal, such as lambda.amazonaws.com.
        action: An action of ECR.
        name: The repository.
        keys: The condition keys that the service sends, in lower case, and their values.
        policy: The policy of the repository; by default the one that it has.
    """
    statements = [
        counting
        for text in (policy or ecr._repo_policies.get(name), registry.setting("policyText"))
        for counting in _certain_of_resource(
            text, action, set(), keys=_KEYS | keys.keys(), services=True
        )
    ]
    context = evaluator.EvalContext(
        principal_arn=service,
        principal_type="Service",
        principal_account="",
        action=action,
        resource_arn=ecr._repo_arn(name),
        region=get_region(),
        secure_transport=True,
        service_context=dict(keys),
    )
    document = {"Statement": statements}
    decided = evaluator.evaluate_resource_policy(document, context, service=service)
    return bool(decided.decision == "Allow")


def principal_arn(caller: Caller) -> str:
    """Return the user or role that calls, as policies name it; empty for the root of an account."""
    principal = _principal(caller)
    if isinstance(principal, evaluator.AuthError) or principal.policies is None:
        return ""
    return _policy_arn(principal)


def _principal(caller: Caller) -> PrincipalInfo | AuthError:
    with request_scope(caller.account, get_region()):
        return evaluator.resolve_principal(caller.access_key, caller.account)


def _policy_arn(principal: PrincipalInfo) -> str:
    # Policies name the role, not its session.
    role_name = evaluator._role_name_from_assumed_arn(principal.arn)
    role = iam._roles.get_scoped(principal.account, None, role_name)
    return str(role["Arn"] if role else principal.arn)


def _denial(principal: PrincipalInfo, action: str, name: str | None) -> str | None:
    if principal.policies is None and principal.account == get_account_id():
        return None
    context, doubts = _context(principal, action, name), set[str]()
    policies = [_EVERYTHING] if principal.policies is None else principal.policies
    policies, *limits = (
        [list(_certain(document, action, doubts)) for document in layer]
        for layer in (policies, *principal.limits)
    )
    identity = evaluator.evaluate(context, policies, *limits)
    resource = {"Statement": _resource_policy(action, name, doubts)}
    decided = evaluator.combine_resource_policy(
        identity, context, resource, get_account_id(), limits=tuple(limits)
    )
    if decided.decision == "Allow":
        return None
    message = _in_words(principal, context, identity, decided)
    if doubts:
        message += f" (unknown here: {', '.join(sorted(doubts))})"
    _log.warning("%s", message)
    return message


def _resource_policy(action: str, name: str | None, doubts: set[str]) -> list[Members]:
    """Return the statements of the repository and of its registry, which count alike."""
    if name is None:
        return []
    return [
        statement
        for text in (ecr._repo_policies.get(name), registry.setting("policyText"))
        for statement in _certain_of_resource(text, action, doubts)
    ]


def _context(principal: PrincipalInfo, action: str, name: str | None) -> EvalContext:
    tags = ecr._repositories.get(name, {}).get("tags", [])
    return evaluator.EvalContext(
        principal_arn=_policy_arn(principal),
        principal_type=principal.type,
        principal_account=principal.account,
        action=action,
        resource_arn=ecr._repo_arn(name) if name else "*",
        region=get_region(),
        # AWS is reached in no other way.
        secure_transport=True,
        principal_keys={
            **principal.keys,
            "aws:principalorgid": ORGANIZATIONS.get(principal.account),
            **{
                f"{service}:resourcetag/{tag['Key']}".lower(): tag["Value"]
                for service in ("aws", "ecr")
                for tag in tags
            },
        },
    )


def _in_words(
    principal: PrincipalInfo, context: EvalContext, identity: EvalResult, decided: EvalResult
) -> str:
    asked = f"{context.action} on resource: {context.resource_arn}"
    by_resource = identity.decision == "Allow" or decided.resource_policy_arn
    kind = "resource" if by_resource else "identity"
    reason = f"because no {kind}-based policy allows the {context.action} action"
    if decided.decision == "Deny":
        reason = f"with an explicit deny in a policy of the {kind}"
    return f"User: {principal.arn} is not authorized to perform: {asked} {reason}"


def _certain(
    statements: Iterable[ParsedStatement],
    action: str,
    doubts: set[str],
    keys: Collection[str] = _KEYS,
) -> Iterator[ParsedStatement]:
    """Yield the statements about an action that count; add what is not supported to `doubts`."""
    for statement in statements:
        if not evaluator._action_matches(action, statement.actions, statement.not_actions):
            continue
        unknown = set(_unknown(statement.conditions, keys))
        doubts |= unknown
        if not unknown:
            yield statement
        elif statement.effect == "Deny":
            yield replace(statement, conditions={})


def _certain_of_resource(
    text: str | None,
    action: str,
    doubts: set[str],
    *,
    keys: Collection[str] = _KEYS,
    services: bool = False,
) -> Iterator[Members]:
    """Yield the statements of a resource's policy that count; those of services if asked for."""
    statements = json.loads(text)["Statement"] if text else []
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal", {})
        if "NotPrincipal" in statement:
            doubts.add("NotPrincipal")
            if statement["Effect"] == "Deny":
                yield {**statement, "Principal": "*", "Condition": {}}
        elif principal == "*" or "AWS" in principal or services:
            parsed = evaluator.parse_policy_document({"Statement": statement})
            for counting in _certain(parsed, action, doubts, keys):
                yield {**statement, "Condition": counting.conditions}


def _unknown(conditions: Members, keys: Collection[str]) -> Iterator[str]:
    for operator, tests in conditions.items():
        name = operator.lower().rpartition(":")[2].removesuffix("ifexists")
        if name != "null" and name not in evaluator._CONDITION_OPS:
            yield operator
        yield from (
            key
            for key in tests
            if key.lower() not in keys and not key.lower().startswith(_TAG_KEYS)
        )


async def handle_sts(
    method: str, path: str, headers: dict[str, str], body: bytes, query: Members
) -> HttpAnswer:
    """Answer a request to STS, if its web identity may assume the role that it names."""
    is_json = "amz-json" in headers.get("content-type", "")
    asked = json.loads(body) if is_json else {**query, **parse_qs(body.decode())}
    asked = {name: value[0] if isinstance(value, list) else value for name, value in asked.items()}
    if _WEB_IDENTITY in (operations.target(headers), asked.get("Action")):
        problem = _token_problem(asked["RoleArn"], asked["WebIdentityToken"])
        denied: HttpAnswer | None = (
            sts._error(400, *problem, ns="sts")
            if problem
            else sts._web_identity_trust_denied(asked["RoleArn"], asked, is_json)
        )
        if denied:
            return denied
    answer: HttpAnswer = await _stock_sts(method, path, headers, body, query)
    return answer


def _token_problem(role_arn: str, token: str) -> tuple[str, str] | None:
    """Return code and message for a token that the account of the role does not accept."""
    try:
        claims = cognito._decode_id_token_unverified(token)
        issuer, audience = claims["iss"], claims["aud"]
        is_expired = claims["exp"] < time.time()
    except (ValueError, KeyError, TypeError):
        return "InvalidIdentityToken", "The web identity token is no token with iss, aud, exp"
    arn, _ = sts._web_identity_principal(token, "", role_arn)
    provider = iam._oidc_providers.get_scoped(role_arn.split(":")[4], None, arn)
    if provider is None:
        message = f"No OpenIDConnect provider found in your account for {issuer}"
        return "InvalidIdentityToken", message
    if audience not in provider["ClientIDList"]:
        return "InvalidIdentityToken", "Incorrect token audience"
    return ("ExpiredTokenException", "Token expired") if is_expired else None


def install(secret: str) -> None:
    """Put authorization before ECR's API, and the validation of tokens before STS."""
    sts._gen_session_token = lambda: f"{secret}.{secrets.token_urlsafe(32)}"
    ecr.handle_request = handle_request
    sts.handle_request = handle_sts
