"""AWS managed policies, as far as they decide about images, keys and roles.

`scripts.managed_policies` writes them.
https://docs.aws.amazon.com/aws-managed-policy/latest/reference/about-managed-policy-reference.html
"""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

_ARN = re.compile(r"arn:[^:]+:iam::aws:policy/(?P<name>.+)", re.DOTALL)


@cache
def _policies() -> dict[str, list[dict[str, Any]]]:
    path = Path(__file__).with_name("managed_policies.json")
    content: dict[str, list[dict[str, Any]]] = json.loads(path.read_text(encoding="utf-8"))
    return content


@cache
def _paths() -> dict[str, str]:
    return {name.rpartition("/")[2]: name for name in _policies()}


def managed_policy_arn(name: str) -> str | None:
    """Return the ARN of the AWS managed policy with a name, or None."""
    path = _paths().get(name)
    return f"arn:aws:iam::aws:policy/{path}" if path else None


def managed_statements(arn: str) -> Sequence[Mapping[str, Any]] | None:
    """Return the statements of an AWS managed policy that may decide about images.

    None if the ARN is not that of a known AWS managed policy.
    """
    match = _ARN.fullmatch(arn)
    return _policies().get(match["name"]) if match else None
