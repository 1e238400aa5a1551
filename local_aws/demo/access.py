"""Who may pull, read from a repository policy."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_PULLS = {"ecr:BatchGetImage", "ecr:*", "*"}
_ROOT = re.compile(r"arn:[^:]+:iam::(\d{12}):root")


def who_may_pull(policy_text: str | None) -> tuple[str, ...]:
    """Say who may pull: organizations, accounts, roles.

    Args:
        policy_text: The repository policy as ECR returns it, or None without one: the account's
            own roles then may, if IAM allows them to.
    """
    statements = _listed(json.loads(policy_text)["Statement"]) if policy_text else []
    named = [
        who
        for statement in statements
        if statement["Effect"] == "Allow" and _PULLS & set(_listed(statement["Action"]))
        for who in _named(statement)
    ]
    return tuple(dict.fromkeys(named)) or ("this account",)


def _named(statement: dict[str, Any]) -> Iterator[str]:
    condition = statement.get("Condition", {})
    organizations = condition.get("StringEquals", {}).get("aws:PrincipalOrgID")
    if organizations:
        yield from (f"organization {each}" for each in _listed(organizations))
        return
    principal = statement["Principal"]
    kinds = principal if isinstance(principal, dict) else {"AWS": principal}
    for each in (each for given in kinds.values() for each in _listed(given)):
        root = _ROOT.fullmatch(each)
        yield f"account {root[1]}" if root else each


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
