"""The examples that run images: validated, then deployed without unsupported types."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from ecr_constructs.model.repository_policy import PULL_ACTIONS, PUSH_ACTIONS
from local_aws import images
from tests.support.validators import linted, validated
from tests.support.workloads import WORKLOADS, Workload, synthesize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from local_aws.process import LocalAws

REGION = "eu-central-1"
IMAGE = images.image("a release")
DIGEST = IMAGE.digest
# CDK says twice what a role's users depend on.
FALSE_ALARM = "W3005"
LOGIN = {"AwsSolutions-IAM5[Resource::*]": "GetAuthorizationToken knows no resource."}
ADD_ONS = "arn:<AWS::Partition>:ecr:<AWS::Region>:602401143452:repository/*"
PROJECT = "arn:<AWS::Partition>:{}:eu-central-1:111122223333"
BY_CDK = "CDK writes this for artifacts, logs and reports of the pipeline's own."
REASONS: dict[str, dict[str, str]] = {
    "app_runner": LOGIN,
    "ecs_fargate": LOGIN,
    "eks": LOGIN
    | {
        "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/"
        f"{policy}]": "EKS documents it for this role, and it holds nothing of ECR."
        for policy in (
            "AmazonEKSClusterPolicy",
            "AmazonEKSWorkerNodePolicy",
            "AmazonEKS_CNI_Policy",
        )
    }
    | {f"AwsSolutions-IAM5[Resource::{ADD_ONS}]": "The add-ons of AWS, in an account of AWS's."},
    "lambda_image": {},
    "pipeline": LOGIN
    | {
        f"AwsSolutions-IAM5[{what}]": BY_CDK
        for what in (
            "Action::kms:GenerateDataKey*",
            "Action::kms:ReEncrypt*",
            "Action::s3:Abort*",
            "Action::s3:DeleteObject*",
            "Action::s3:GetBucket*",
            "Action::s3:GetObject*",
            "Action::s3:List*",
            "Resource::<PipelineArtifactsBucket22248F97.Arn>/*",
            f"Resource::{PROJECT.format('codebuild')}:report-group/<Build45A36621>-*",
            f"Resource::{PROJECT.format('logs')}:log-group:/aws/codebuild/<Build45A36621>:*",
        )
    }
    | {"AwsSolutions-S1": "Who reads artifacts is in CloudTrail."},
}
# What the embedded AWS does not have.
NOT_EMBEDDED = {
    "app_runner": {"AWS::AppRunner::Service"},
    "ecs_fargate": {"AWS::EC2::FlowLog", "AWS::EC2::SecurityGroupIngress"},
    "eks": {"AWS::EC2::EIP", "AWS::EC2::FlowLog", "AWS::EC2::NatGateway"},
    "lambda_image": set[str](),
    "pipeline": {"AWS::CodePipeline::Pipeline"},
}


@pytest.fixture(scope="module")
def workloads(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Workload]:
    """All of them, pinned to a digest."""
    return {
        name: synthesize(name, tmp_path_factory.mktemp(name), image=DIGEST) for name in WORKLOADS
    }


@pytest.fixture(params=WORKLOADS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_validators_find_nothing(workloads: dict[str, Workload], name: str) -> None:
    """cfn-lint and CloudFormation's own validator have no finding in any stack."""
    texts = [json.dumps(template) for template in workloads[name].templates.values()]
    findings = [
        finding for text in texts for finding in (*linted(text, [REGION]), *validated(text, REGION))
    ]

    assert [] == [finding for finding in findings if not finding.startswith(FALSE_ALARM)]


@pytest.mark.parametrize("name", WORKLOADS)
def test_what_is_broken_has_a_reason(workloads: dict[str, Workload], name: str) -> None:
    """Every finding of cdk-nag has a reason, every reason a finding; our checks find nothing."""
    assert REASONS[name].keys() == workloads[name].broken


def statements(workload: Workload) -> Iterator[tuple[str, list[str]]]:
    """Yield resource and actions of each statement about ECR of all roles."""
    for policy in workload.resources("AWS::IAM::Policy"):
        for statement in policy["PolicyDocument"]["Statement"]:
            listed = statement["Action"]
            actions = [listed] if isinstance(listed, str) else listed
            if any(action.startswith(("ecr:", "*")) for action in actions):
                yield json.dumps(statement["Resource"]), actions


@pytest.mark.parametrize(
    ("name", "actions"),
    [
        ("app_runner", {*PULL_ACTIONS, "ecr:DescribeImages"}),
        ("ecs_fargate", {*PULL_ACTIONS}),
        ("eks", {*PULL_ACTIONS}),
        ("lambda_image", set()),
        ("pipeline", {*PUSH_ACTIONS}),
    ],
)
def test_roles_may_do_what_the_workload_needs(
    workloads: dict[str, Workload], name: str, actions: set[str]
) -> None:
    """With the example's own repository, and nothing more; with all others, only log in."""
    allowed: dict[str, set[str]] = {}
    for where, granted in statements(workloads[name]):
        allowed.setdefault(where, set()).update(granted)

    login = allowed.pop('"*"', set())
    elsewhere = [allowed.pop(where) for where in [*allowed] if "602401143452" in where]
    assert (login or {"ecr:GetAuthorizationToken"}) == {"ecr:GetAuthorizationToken"}
    assert ([actions] if actions else []) == [*allowed.values()]
    assert elsewhere == [{"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}] * (name == "eks")


def test_lambda_is_admitted_for_functions_of_the_account(workloads: dict[str, Workload]) -> None:
    """The repository policy lets Lambda pull for functions of this account, not for anybody's."""
    [repository] = workloads["lambda_image"].resources("AWS::ECR::Repository")
    [statement] = repository["RepositoryPolicyText"]["Statement"]

    assert {"Service": "lambda.amazonaws.com"} == statement["Principal"]
    assert "aws:SourceArn" in json.dumps(statement["Condition"])


PINNED: dict[str, tuple[str, Callable[[dict[str, Any]], Any]]] = {
    "app_runner": (
        "AWS::AppRunner::Service",
        lambda service: service["SourceConfiguration"]["ImageRepository"]["ImageIdentifier"],
    ),
    "ecs_fargate": (
        "AWS::ECS::TaskDefinition",
        lambda task: task["ContainerDefinitions"][0]["Image"],
    ),
    "lambda_image": ("AWS::Lambda::Function", lambda function: function["Code"]["ImageUri"]),
}


@pytest.mark.parametrize("name", PINNED)
@pytest.mark.parametrize(("image", "end"), [(DIGEST, f"@{DIGEST}"), (None, ":v1.0.0")])
def test_the_image_is_pinned(
    workloads: dict[str, Workload], tmp_path: Path, name: str, image: str | None, end: str
) -> None:
    """By digest if there is one, otherwise by an immutable tag."""
    workload = workloads[name] if image else synthesize(name, tmp_path)
    resource_type, shown = PINNED[name]

    [resource] = workload.resources(resource_type)

    assert json.dumps(shown(resource)).rstrip('"]}').endswith(end)
    [repository] = workload.resources("AWS::ECR::Repository")
    assert repository["ImageTagMutability"] == "IMMUTABLE"


@dataclass(frozen=True)
class Deployed:
    """An example in an account of its own.

    Attributes:
        account: The account's id.
        missing: The types of resources that were left out.
    """

    account: str
    missing: set[str]


@pytest.fixture(scope="module")
def deployed(
    local_aws: LocalAws, new_account: Callable[[], str], workloads: dict[str, Workload]
) -> dict[str, Deployed]:
    """All of them: the repositories first, then the image, then what runs it."""
    examples = {}
    for name, workload in workloads.items():
        account, missing = new_account(), set()
        cloudformation = local_aws.client("cloudformation", account=account, region=REGION)
        for stack, template in workload.templates.items():
            unknown = _unrecognized(cloudformation, template)
            missing |= unknown
            body = json.dumps(_without(template, unknown))
            cloudformation.create_stack(StackName=stack, TemplateBody=body)
            cloudformation.get_waiter("stack_create_complete").wait(
                StackName=stack, WaiterConfig={"Delay": 0.2, "MaxAttempts": 300}
            )
            for resource in template["Resources"].values():
                if resource["Type"] == "AWS::ECR::Repository":
                    reference = f"{resource['Properties']['RepositoryName']}:v1.0.0"
                    local_aws.registry(account, REGION).push(reference, IMAGE)
        examples[name] = Deployed(account, missing)
    return examples


def test_a_workload_is_deployed(deployed: dict[str, Deployed], name: str) -> None:
    """Its stacks exist, without the types that the embedded AWS lacks."""
    assert NOT_EMBEDDED[name] == deployed[name].missing


def test_ecs_and_lambda_run_what_was_pushed(
    local_aws: LocalAws, deployed: dict[str, Deployed]
) -> None:
    """The task definition and the function name the digest that is in the repository."""
    accounts = {
        name: {"account": example.account, "region": REGION} for name, example in deployed.items()
    }
    ecs = local_aws.client("ecs", **accounts["ecs_fargate"])
    functions = local_aws.client("lambda", **accounts["lambda_image"])

    [family] = ecs.list_task_definitions()["taskDefinitionArns"]
    task = ecs.describe_task_definition(taskDefinition=family)["taskDefinition"]
    [function] = functions.list_functions()["Functions"]
    code = functions.get_function(FunctionName=function["FunctionName"])["Code"]

    host = f"{{}}.dkr.ecr.{REGION}.amazonaws.com"
    home = {name: host.format(example.account) for name, example in deployed.items()}
    assert [f"{home['ecs_fargate']}/payments/api@{DIGEST}"] == [
        container["image"] for container in task["containerDefinitions"]
    ]
    assert f"{home['lambda_image']}/payments/fraud-scoring@{DIGEST}" == code["ImageUri"]


def _unrecognized(cloudformation: Any, template: dict[str, Any]) -> set[str]:
    """Return the types of a template that the embedded AWS does not know."""
    try:
        cloudformation.validate_template(TemplateBody=json.dumps(template))
    except ClientError as error:
        return set(re.findall(r"AWS::\w+::\w+", str(error)))
    return set()


def _without(template: dict[str, Any], types: set[str]) -> dict[str, Any]:
    """Leave resources of some types out, what refers to them, and the order of the rest."""
    resources = {
        key: {member: value for member, value in resource.items() if member != "DependsOn"}
        for key, resource in template["Resources"].items()
    }
    gone = {key for key, resource in resources.items() if resource["Type"] in types}
    while gone:
        resources = {key: resource for key, resource in resources.items() if key not in gone}
        gone = {
            key
            for key, resource in resources.items()
            if any(
                f'"{name}"' in json.dumps(resource)
                for name in template["Resources"].keys() - resources
            )
        }
    return template | {"Resources": resources}
