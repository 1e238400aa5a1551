"""Apps for tests, and readers of their templates."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Annotations, Match
from constructs import Construct

ROOT = Path(__file__).parents[2]
CONTEXT = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]

ACCOUNT, OTHER_ACCOUNT, THIRD_ACCOUNT = "111122223333", "444455556666", "777788889999"
REGION, OTHER_REGION = "eu-central-1", "eu-west-1"
ENV = cdk.Environment(account=ACCOUNT, region=REGION)
ELSEWHERE = {
    "another Region": cdk.Environment(account=ACCOUNT, region=OTHER_REGION),
    "another account": cdk.Environment(account=OTHER_ACCOUNT, region=REGION),
}
ORGANIZATION = "o-abcdefghij"
REPOSITORY = "AWS::ECR::Repository"

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
    rendered = template(stack).get("Resources", {}).values()
    return [item for item in rendered if item["Type"] == resource_type]


def of_type(rendered: Template, resource_type: str) -> dict[str, dict[str, Any]]:
    """Return the properties of a template's resources of a type by logical id."""
    return {
        logical_id: resource.get("Properties", {})
        for logical_id, resource in rendered["Resources"].items()
        if resource["Type"] == resource_type
    }


def repository_of(stack: cdk.Stack) -> dict[str, Any]:
    """Return the one repository that a stack synthesizes."""
    [repository] = resources(stack, REPOSITORY)
    return repository


def properties_of(stack: cdk.Stack, resource_type: str = REPOSITORY) -> dict[str, Any]:
    """Return the properties of the one resource of a type that a stack synthesizes."""
    [resource] = resources(stack, resource_type)
    properties: dict[str, Any] = resource["Properties"]
    return properties


def statements_of(stack: cdk.Stack) -> list[dict[str, Any]]:
    """Return the statements of the one repository's policy."""
    statements: list[dict[str, Any]] = properties_of(stack)["RepositoryPolicyText"]["Statement"]
    return statements


def identity_statements(stack: cdk.Stack) -> list[dict[str, Any]]:
    """Return the statements of the one policy that the roles of a stack have."""
    document = properties_of(stack, "AWS::IAM::Policy")["PolicyDocument"]
    statements: list[dict[str, Any]] = document["Statement"]
    return statements


def lifecycle_of(stack: cdk.Stack) -> list[dict[str, Any]]:
    """Return the lifecycle rules of the one repository."""
    text = properties_of(stack)["LifecyclePolicy"]["LifecyclePolicyText"]
    rules: list[dict[str, Any]] = json.loads(text)["rules"]
    return rules


def warnings_of(stack: cdk.Stack) -> list[str]:
    """Return the ids of the warnings of a stack, those with which a user acknowledges them."""
    entries = Annotations.from_stack(stack).find_warning("*", Match.any_value())
    return [str(item.entry.data).rpartition("[ack: ")[2].removesuffix("]") for item in entries]


def role_of(stack: Construct, construct_id: str = "Role") -> iam.Role:
    """Return a new role of a stack."""
    return iam.Role(stack, construct_id, assumed_by=iam.AccountRootPrincipal())


def parameter(stack: cdk.Stack, construct_id: str = "Text") -> str:
    """Return the value of a new text parameter."""
    return cdk.CfnParameter(stack, construct_id).value_as_string


def in_order(first: Callable[[], object], second: Callable[[], object], *, late: bool) -> None:
    """Call two functions, in the opposite order if the first is late."""
    for step in (second, first) if late else (first, second):
        step()


def children(scope: Construct) -> list[str]:
    """Return the ids of the constructs directly below another."""
    return [child.node.id for child in scope.node.children]
