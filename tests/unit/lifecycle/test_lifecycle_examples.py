"""The lifecycle policies that AWS publishes in the Amazon ECR User Guide."""

import json
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs import LifecyclePolicy

EXAMPLES = json.loads(
    (Path(__file__).parents[2] / "support" / "data" / "lifecycle-examples.json").read_text()
)
POLICIES = {case["id"]: case["policy"] for case in EXAMPLES["cases"] if "policy" in case}


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_published_policy_is_read_and_written_as_it_is(policy: dict[str, Any]) -> None:
    """A policy that AWS publishes is accepted, and written with the same content."""
    assert policy == json.loads(LifecyclePolicy.from_json(json.dumps(policy)).to_json())


def test_all_published_policies_are_here() -> None:
    """The file holds eighteen policies, so none was lost by a change of its shape."""
    assert len(POLICIES) == 18
