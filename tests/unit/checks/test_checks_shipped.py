"""The stacks that this project ships, as their snapshots hold them."""

import json
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.checks import Template, check

SNAPSHOTS = sorted((Path(__file__).parents[2] / "app" / "__snapshots__").rglob("*.json"))


def deployed(snapshot: Path) -> dict[str, Any]:
    """Return the template of a snapshot, whose policies were parsed to be readable."""
    body: dict[str, Any] = json.loads(snapshot.read_text(encoding="utf-8"))
    for resource in body["Resources"].values():
        properties = resource.get("Properties", {})
        policy = properties.get("LifecyclePolicy", {})
        if "LifecyclePolicyText" in policy:
            policy["LifecyclePolicyText"] = json.dumps(policy["LifecyclePolicyText"])
        elif policy:
            properties["LifecyclePolicy"] = json.dumps(policy)
        if isinstance(properties.get("RepositoryPolicy"), dict):
            properties["RepositoryPolicy"] = json.dumps(properties["RepositoryPolicy"])
    return body


@pytest.mark.parametrize("path", SNAPSHOTS, ids=lambda path: path.name.partition(".")[0])
def test_the_shipped_stacks_have_no_error(path: Path) -> None:
    """Nothing that we ship is refused, loses images or opens access."""
    findings = check([Template(path.name, deployed(path))])
    assert [] == [
        f"{item.rule} {item.resource} {item.message}"
        for item in findings
        if item.severity == "error"
    ]


def test_there_are_shipped_stacks() -> None:
    """The snapshots are found."""
    assert len(SNAPSHOTS) > 10
