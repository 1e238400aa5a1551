"""Which statements of a policy are understood here, and what becomes of the others.

Nothing is guessed: an Allow under an unknown condition does not count, and a Deny
under one always does. So it is with NotPrincipal.
"""

# ruff: noqa: SLF001 - ministack offers its stores and handlers by private names only

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from ministack.core import iam_evaluator as evaluator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ministack.core.iam_evaluator import ParsedStatement

    from local_aws.overlay.operations import Members

_KEYS = {
    *("aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:requestedregion"),
    *("aws:resourceaccount", "aws:securetransport"),
}
_TAG_KEYS = ("aws:principaltag/", "aws:resourcetag/", "ecr:resourcetag/")


def certain(
    statements: Iterable[ParsedStatement], action: str, doubts: set[str]
) -> Iterator[ParsedStatement]:
    """Yield the statements about an action that count.

    Args:
        statements: A policy's.
        action: The action.
        doubts: Takes the conditions that are not understood.
    """
    for statement in statements:
        if not evaluator._action_matches(action, statement.actions, statement.not_actions):
            continue
        unknown = set(_unknown(statement.conditions))
        doubts |= unknown
        if not unknown:
            yield statement
        elif statement.effect == "Deny":
            yield replace(statement, conditions={})


def certain_of_resource(text: str | None, action: str, doubts: set[str]) -> Iterator[Members]:
    """Yield the statements of a resource's policy that count, services left out.

    Args:
        text: The policy as it is stored, if there is one.
        action: The action.
        doubts: Takes what is not understood.
    """
    statements = json.loads(text)["Statement"] if text else []
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal", {})
        if "NotPrincipal" in statement:
            doubts.add("NotPrincipal")
            if statement["Effect"] == "Deny":
                yield {**statement, "Principal": "*", "Condition": {}}
        elif principal == "*" or "AWS" in principal:
            parsed = evaluator.parse_policy_document({"Statement": statement})
            for counting in certain(parsed, action, doubts):
                yield {**statement, "Condition": counting.conditions}


def _unknown(conditions: Members) -> Iterator[str]:
    for operator, tests in conditions.items():
        name = operator.lower().rpartition(":")[2].removesuffix("ifexists")
        if name != "null" and name not in evaluator._CONDITION_OPS:
            yield operator
        yield from (
            key
            for key in tests
            if key.lower() not in _KEYS and not key.lower().startswith(_TAG_KEYS)
        )
