"""The templates that the shipped environments come to, one readable file for each stack."""

import json
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from tests.stacks.conftest import Templates

SNAPSHOTS = Path(__file__).parent / "__snapshots__" / Path(__file__).stem


class _TemplateFile(JSONSnapshotExtension):
    """Keeps a snapshot as ``test_template[<stack name>].template.json``."""

    file_extension = "template.json"


def _readable(template: dict[str, Any]) -> dict[str, Any]:
    """Return the template without bootstrap's check, lifecycle policies as JSON, not as text."""
    readable = {key: template[key] for key in template if key not in ("Parameters", "Rules")}
    for resource in readable["Resources"].values():
        policy = resource.get("Properties", {}).get("LifecyclePolicy")
        if policy:
            policy["LifecyclePolicyText"] = json.loads(policy["LifecyclePolicyText"])
    return readable


@pytest.fixture
def stored(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(_TemplateFile)


def test_template(templates: Templates, stored: SnapshotAssertion) -> None:
    """Each stack of each environment synthesizes to the template that was reviewed."""
    for name, template in sorted(templates.items()):
        assert stored(name=name) == _readable(template)


def test_every_stored_template_has_a_stack(templates: Templates) -> None:
    """A stack that is gone takes its snapshot along."""
    expected = {f"test_template[{name}].template.json" for name in templates}
    assert expected == {path.name for path in SNAPSHOTS.iterdir()}
