"""Trust policies that accept tokens of an OIDC provider."""

import re
from collections.abc import Iterator

from ecr_constructs.cloudformation.conditions import bare
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.iam_policy import Condition, Statement, policies_of
from ecr_constructs.cloudformation.intrinsics import UNKNOWN


def trusting(role: Resource, issuer: re.Pattern[str]) -> Iterator[Statement]:
    """Yield the statements of a role that accept tokens of an issuer.

    Args:
        role: The role.
        issuer: A pattern for the end of the lowercase URL of the issuer.
    """
    for policy in policies_of(role):
        for statement in policy.statements if policy.kind == "trust" else ():
            federated = [value for kind, value in statement.principals if kind == "Federated"]
            provided = any(_is_of(role, principal, issuer) for principal in federated)
            named = any(issuer.search(_issuer_of(test)) for test in statement.conditions)
            if statement.allows and (provided or (federated and named)):
                yield statement


def tests(statement: Statement, claim: str) -> list[Condition]:
    """Return the conditions that require specific values of a claim."""
    return [
        test
        for test in statement.conditions
        if (test.key.lower().endswith(f":{claim}") or test.key == UNKNOWN)
        and bare(test.operator) in ("stringequals", "stringlike", "stringequalsignorecase")
        and not test.operator.lower().startswith("forallvalues:")
    ]


def taken_literally(test: Condition, value: str) -> bool:
    """Tell whether a value has wildcards that its operator treats as literal text."""
    return bare(test.operator) != "stringlike" and ("*" in value or "?" in value)


def _is_of(role: Resource, principal: str, issuer: re.Pattern[str]) -> bool:
    provider = role.assembly.referred_to(principal)
    url = provider.get("Url") if provider is not None else None
    return any(isinstance(name, str) and issuer.search(name.lower()) for name in (principal, url))


def _issuer_of(condition: Condition) -> str:
    return condition.key.lower().partition(":")[0]
