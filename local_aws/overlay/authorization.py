"""Who may do what in ECR: the deployed policies, evaluated before a request is answered.

The root of an account may do everything within it. A role or a user needs a policy of its own, or
one of the repository or registry that names it; across accounts both sides must allow. Deny wins,
and permissions boundaries and session policies limit. ministack decides; this is its input.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

# ruff: noqa: SLF001 - ministack offers its stores and handlers by private names only

from __future__ import annotations

import logging
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ministack.core import iam_evaluator as evaluator
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import ecr, iam

from local_aws.overlay import conditions, registry

if TYPE_CHECKING:
    from ministack.core.iam_evaluator import EvalContext, EvalResult, PrincipalInfo

    from local_aws.overlay.operations import Members

ORGANIZATIONS: dict[str, str] = {}
"""The organization of each account that is in one, as configured at the start of the server."""

# What the root of an account may do, if the other account lets it.
_EVERYTHING = evaluator.parse_policy_document(
    {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who signed a request."""

    access_key: str
    account: str


CALLER: ContextVar[Caller] = ContextVar("caller")
"""Who signed the request to ECR's API that is being answered."""


def refusal(caller: Caller, action: str, name: str | None) -> str | None:
    """Say why a caller may not do something in the registry of this account and Region.

    Args:
        caller: Who.
        action: What: ``ecr:PutImage``.
        name: With which repository; None if with none.

    Returns:
        What AWS says, with the conditions that are not understood; None if it is allowed.
    """
    with request_scope(caller.account, get_region()):
        principal = evaluator.resolve_principal(caller.access_key, caller.account)
    if isinstance(principal, evaluator.AuthError):
        return str(principal.message)
    if principal.policies is None and principal.account == get_account_id():
        return None
    context, doubts = _context(principal, action, name), set[str]()
    policies = [_EVERYTHING] if principal.policies is None else principal.policies
    policies, *limits = (
        [list(conditions.certain(document, action, doubts)) for document in layer]
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
        for text in (ecr._repo_policies.get(name), registry.policy())
        for statement in conditions.certain_of_resource(text, action, doubts)
    ]


def _context(principal: PrincipalInfo, action: str, name: str | None) -> EvalContext:
    # Policies name the role, not its session.
    role_name = evaluator._role_name_from_assumed_arn(principal.arn)
    role = iam._roles.get_scoped(principal.account, None, role_name)
    tags = ecr._repositories.get(name, {}).get("tags", [])
    return evaluator.EvalContext(
        principal_arn=role["Arn"] if role else principal.arn,
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
