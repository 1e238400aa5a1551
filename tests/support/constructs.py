"""Apps for tests, and readers of their templates."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
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
# What AWS documents for clients, in words of their own rather than the library's.
PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
UPLOAD = [f"ecr:{verb}" for verb in ("CompleteLayerUpload", "InitiateLayerUpload", "PutImage")]
PUSH = [*PULL[:2], *UPLOAD, "ecr:UploadLayerPart"]
PULL_PUSH = sorted({*PULL, *PUSH})

Template = dict[str, Any]


def new_app(outdir: Path) -> cdk.App:
    """Return an app with the feature flags of cdk.json that writes to a folder of its own."""
    return cdk.App(
        analytics_reporting=False,
        # It costs 20 ms and megabytes an app; tests/nightly/test_example_validators.py validates.
        builtin_cloud_formation_validation=False,
        context=CONTEXT,
        outdir=str(outdir),
        # A third of a small synthesis; no test reads tree.json.
        tree_metadata=False,
    )


def synth(app: cdk.App) -> dict[str, Template]:
    """Synthesize an app, again if need be; return its templates by file name, nested stacks too."""
    folder = Path(app.synth(force=True).directory)
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


def root(account: str, partition: str = "aws") -> str:
    """Return the ARN that stands for a whole account."""
    return f"arn:{partition}:iam::{account}:root"


def allow(
    actions: str | list[str], resource: Any = None, *, condition: Any = None, **principal: Any
) -> dict[str, Any]:
    """Return an allowing statement as it is rendered."""
    parts = {"Resource": resource, "Condition": condition, "Principal": principal}
    stated = {name: part for name, part in parts.items() if part}
    return {"Action": actions, "Effect": "Allow", **stated}


def within(organization: str) -> dict[str, Any]:
    """Return the condition that a principal belongs to an organization."""
    return {"StringEquals": {"aws:PrincipalOrgID": organization}}


def signing_profile(name: str) -> str:
    """Return the ARN of a signing profile of the account and Region."""
    return f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/{name}"


def exclusions(*filters: str) -> dict[str, Any]:
    """Return the exceptions of a tag mutability as they are rendered."""
    kind, value = (f"ImageTagMutabilityExclusionFilter{part}" for part in ("Type", "Value"))
    rendered = [{kind: "WILDCARD", value: item} for item in filters]
    return {"ImageTagMutabilityExclusionFilters": rendered}


def role_of(stack: Construct, construct_id: str = "Role") -> iam.Role:
    """Return a new role of a stack."""
    return iam.Role(stack, construct_id, assumed_by=iam.AccountRootPrincipal())


def existing_role(
    stack: Construct, name: str = "own", account: str = ACCOUNT, *, mutable: bool = True
) -> iam.IRole:
    """Return a role that the app does not define."""
    arn = f"arn:aws:iam::{account}:role/{name}"
    return iam.Role.from_role_arn(stack, name, arn, mutable=mutable)


def far_role(stack: Construct, name: str = "deployer") -> iam.IRole:
    """Return a role of another account that the app does not define."""
    return existing_role(stack, name, OTHER_ACCOUNT)


def function_of(stack: Construct, repository: ecr.IRepository) -> None:
    """Run an image as a Lambda function."""
    code = lambda_.DockerImageCode.from_ecr(repository, tag_or_digest="1.0")
    lambda_.DockerImageFunction(stack, "Function", code=code)


def project_of(stack: Construct, repository: ecr.IRepository) -> None:
    """Build in an image."""
    image = codebuild.LinuxBuildImage.from_ecr_repository(repository, "1.0")
    environment = codebuild.BuildEnvironment(build_image=image)
    spec = codebuild.BuildSpec.from_object({"version": "0.2"})
    codebuild.Project(stack, "Build", build_spec=spec, environment=environment)


def parameter(stack: cdk.Stack, construct_id: str = "Text") -> str:
    """Return the value of a new text parameter."""
    return cdk.CfnParameter(stack, construct_id).value_as_string


def number_parameter(stack: cdk.Stack) -> Any:
    """Return the value of a new number parameter."""
    return cdk.CfnParameter(stack, "Number", type="Number").value_as_number


def list_parameter(stack: cdk.Stack) -> Any:
    """Return the value of a new list parameter, which cannot be taken apart."""
    return cdk.CfnParameter(stack, "Names", type="CommaDelimitedList").value_as_list


def in_order(first: Callable[[], object], second: Callable[[], object], *, late: bool) -> None:
    """Call two functions, in the opposite order if the first is late."""
    for step in (second, first) if late else (first, second):
        step()


def children(scope: Construct) -> list[str]:
    """Return the ids of the constructs directly below another."""
    return [child.node.id for child in scope.node.children]
