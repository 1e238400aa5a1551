"""Trust policies that let the tokens of an OIDC provider in."""

import re
from collections.abc import Iterator

from ecr_constructs.cloudformation.conditions import bare
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.iam_policy import Condition, Statement, policies_of
from ecr_constructs.cloudformation.intrinsics import UNKNOWN


def trusting(role: Resource, issuer: re.Pattern[str]) -> Iterator[Statement]:
    """Yield the statements of a role that let an issuer's tokens in.

    Args:
        role: The role.
        issuer: What the end of the issuer's URL looks like, in lowercase.
    """
    for policy in policies_of(role):
        for statement in policy.statements if policy.kind == "trust" else ():
            federated = [value for kind, value in statement.principals if kind == "Federated"]
            provided = any(_is_of(role, each, issuer) for each in federated)
            named = any(issuer.search(_issuer_of(each)) for each in statement.conditions)
            if statement.allows and (provided or (federated and named)):
                yield statement


def tests(statement: Statement, claim: str) -> list[Condition]:
    """Return the conditions that demand certain values of a claim."""
    return [
        each
        for each in statement.conditions
        if (each.key.lower().endswith(f":{claim}") or each.key == UNKNOWN)
        and bare(each.operator) in ("stringequals", "stringlike", "stringequalsignorecase")
        and not each.operator.lower().startswith("forallvalues:")
    ]


def taken_literally(test: Condition, value: str) -> bool:
    """Tell whether a value has wildcards that its operator does not know."""
    return bare(test.operator) != "stringlike" and ("*" in value or "?" in value)


def _is_of(role: Resource, principal: str, issuer: re.Pattern[str]) -> bool:
    provider = role.assembly.referred_to(principal)
    url = provider.get("Url") if provider is not None else None
    return any(isinstance(each, str) and issuer.search(each.lower()) for each in (principal, url))


def _issuer_of(condition: Condition) -> str:
    return condition.key.lower().partition(":")[0]
