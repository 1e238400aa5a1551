"""Apps for tests, and readers of their templates."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

ROOT = Path(__file__).parents[2]
CONTEXT = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]

ACCOUNT, OTHER_ACCOUNT, THIRD_ACCOUNT = "111122223333", "444455556666", "777788889999"
REGION, OTHER_REGION = "eu-central-1", "eu-west-1"
ENV = cdk.Environment(account=ACCOUNT, region=REGION)
ORGANIZATION = "o-abcdefghij"

Template = dict[str, Any]


def new_app(outdir: Path) -> cdk.App:
    """Return an app with the feature flags of cdk.json that writes to a folder of its own."""
    return cdk.App(
        analytics_reporting=False,
        # It costs 20 ms and megabytes an app; tests/integration/test_validators.py validates.
        builtin_cloud_formation_validation=False,
        context=CONTEXT,
        outdir=str(outdir),
    )


def synth(app: cdk.App) -> dict[str, Template]:
    """Synthesize an app and return every template by file name, nested stacks too."""
    folder = Path(app.synth().directory)
    return {
        path.name: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.rglob("*.template.json"))
    }


def template(stack: cdk.Stack) -> Template:
    """Synthesize the app of a stack and return the stack's template."""
    app = stack.node.root
    assert isinstance(app, cdk.App)
    return synth(app)[stack.template_file]


def resources(stack: cdk.Stack, resource_type: str) -> list[dict[str, Any]]:
    """Return the resources of a type that a stack synthesizes."""
    rendered = template(stack)["Resources"].values()
    return [item for item in rendered if item["Type"] == resource_type]


def repository_of(stack: cdk.Stack) -> dict[str, Any]:
    """Return the one repository that a stack synthesizes."""
    [repository] = resources(stack, "AWS::ECR::Repository")
    return repository


def properties_of(stack: cdk.Stack) -> dict[str, Any]:
    """Return the properties of the one repository that a stack synthesizes."""
    properties: dict[str, Any] = repository_of(stack)["Properties"]
    return properties


def statements_of(stack: cdk.Stack) -> list[dict[str, Any]]:
    """Return the statements of the one repository's policy."""
    statements: list[dict[str, Any]] = properties_of(stack)["RepositoryPolicyText"]["Statement"]
    return statements


def lifecycle_of(stack: cdk.Stack) -> list[dict[str, Any]]:
    """Return the lifecycle rules of the one repository."""
    text = properties_of(stack)["LifecyclePolicy"]["LifecyclePolicyText"]
    rules: list[dict[str, Any]] = json.loads(text)["rules"]
    return rules


@contextmanager
def rejects_value(*values: str) -> Iterator[None]:
    """Expect an error of the model that names these values; the model's tests assert its codes."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the values tell which
        yield
    assert [] == [value for value in values if value not in str(caught.value)]


def children(scope: cdk.Stack) -> list[str]:
    """Return the ids of the constructs directly below a stack."""
    return [child.node.id for child in scope.node.children]
