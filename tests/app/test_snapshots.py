"""The templates of the shipped environments, one readable file for each stack."""

import json
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from tests.app.conftest import Templates

SNAPSHOTS = Path(__file__).parent / "__snapshots__" / Path(__file__).stem


class TemplateFile(JSONSnapshotExtension):
    """Keeps a snapshot as ``test_template[Prod-EuWest1-Payments].template.json``."""

    file_extension = "template.json"


def readable(template: dict[str, Any]) -> dict[str, Any]:
    """Return the template without bootstrap's check, lifecycle policies as JSON, not as text."""
    readable = {key: template[key] for key in template if key not in ("Parameters", "Rules")}
    for resource in readable["Resources"].values():
        properties = resource.get("Properties", {})
        policy = properties.get("LifecyclePolicy")
        if isinstance(policy, dict):
            policy["LifecyclePolicyText"] = json.loads(policy["LifecyclePolicyText"])
        # A creation template has both policies as text.
        for name in ("LifecyclePolicy", "RepositoryPolicy"):
            if isinstance(properties.get(name), str):
                properties[name] = json.loads(properties[name])
    return readable


@pytest.fixture
def stored(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(TemplateFile)


def test_template(templates: Templates, stored: SnapshotAssertion) -> None:
    """Each stack of each environment synthesizes to the template that was reviewed."""
    for path, template in sorted(templates.items()):
        assert stored(name=path.replace("/", "-")) == readable(template)


def test_every_stored_template_has_a_stack(templates: Templates) -> None:
    """A stack that is gone takes its snapshot along."""
    names = (path.replace("/", "-") for path in templates)
    expected = {f"test_template[{name}].template.json" for name in names}
    assert expected == {path.name for path in SNAPSHOTS.iterdir()}
