"""Values that are known only at deploy time, wherever a Registry takes a value."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ecr_constructs import Registry, Repository
from ecr_constructs.model.validation import ValidationError
from tests.support.constructs import OTHER_ACCOUNT, rejects_value, resources
from tests.support.errors import codes

REF = {"Ref": "Text"}


@pytest.fixture
def text(stack: cdk.Stack) -> str:
    """Return the value of a text parameter."""
    return cdk.CfnParameter(stack, "Text").value_as_string


@pytest.fixture
def registry(stack: cdk.Stack) -> Registry:
    """Return the registry of the stack."""
    return Registry(stack, "Registry")


def properties(stack: cdk.Stack, name: str) -> dict[str, Any]:
    """Return the properties of the one resource of a type."""
    [resource] = resources(stack, f"AWS::ECR::{name}")
    rendered: dict[str, Any] = resource["Properties"]
    return rendered


def replication_rule(stack: cdk.Stack) -> dict[str, Any]:
    """Return the one replication rule."""
    [rule] = properties(stack, "ReplicationConfiguration")["ReplicationConfiguration"]["Rules"]
    rendered: dict[str, Any] = rule
    return rendered


def test_destination_region(stack: cdk.Stack, registry: Registry, text: str) -> None:
    """A Region may be a parameter, next to one that is known."""
    registry.replicate(to_regions=[text, "eu-west-1"])

    assert ["eu-west-1", REF] == sorted(
        (rule["Region"] for rule in replication_rule(stack)["Destinations"]), key=str
    )


def test_destination_account(stack: cdk.Stack, registry: Registry, text: str) -> None:
    """An account may be a parameter, even with this registry's own Region."""
    registry.replicate(to_accounts={text: ["eu-central-1"]})

    assert [{"Region": "eu-central-1", "RegistryId": REF}] == (
        replication_rule(stack)["Destinations"]
    )


def test_replication_prefix(stack: cdk.Stack, registry: Registry, text: str) -> None:
    """A prefix may be a parameter."""
    registry.replicate(to_regions=["eu-west-1"], prefixes=[text])

    assert [{"Filter": REF, "FilterType": "PREFIX_MATCH"}] == (
        replication_rule(stack)["RepositoryFilters"]
    )


def test_policy(stack: cdk.Stack, registry: Registry, text: str) -> None:
    """Accounts and prefixes of the registry policy may be parameters."""
    registry.allow_replication_from([text], prefixes=["payments/"])
    registry.allow_create_on_push([OTHER_ACCOUNT], prefixes=[text])

    first, second = properties(stack, "RegistryPolicy")["PolicyText"]["Statement"]
    assert {"AWS": {"Fn::Join": ["", ["arn:aws:iam::", REF, ":root"]]}} == first["Principal"]
    arn = "arn:aws:ecr:eu-central-1:111122223333:repository/"
    assert {"Fn::Join": ["", [arn, REF, "*"]]} == second["Resource"]


def test_policy_statement(stack: cdk.Stack, registry: Registry, text: str) -> None:
    """A statement of one's own may hold parameters."""
    registry.add_to_registry_policy(
        iam.PolicyStatement(
            actions=["ecr:ReplicateImage"],
            principals=[iam.ArnPrincipal(text)],
            resources=[text],
            conditions={"StringEquals": {"aws:PrincipalOrgID": text}},
        )
    )

    [statement] = properties(stack, "RegistryPolicy")["PolicyText"]["Statement"]
    assert ({"AWS": REF}, REF) == (statement["Principal"], statement["Resource"])
    assert {"StringEquals": {"aws:PrincipalOrgID": REF}} == statement["Condition"]


def test_scanning(stack: cdk.Stack, registry: Registry, text: str) -> None:
    """A filter may be a parameter."""
    registry.scan_basic(on_push=[text])

    [rule] = properties(stack, "RegistryScanningConfiguration")["Rules"]
    assert [{"Filter": REF, "FilterType": "WILDCARD"}] == rule["RepositoryFilters"]


def test_signing(stack: cdk.Stack, registry: Registry, text: str) -> None:
    """A profile and a filter may be parameters; whoever pushes may sign with that profile."""
    role = iam.Role(stack, "Role", assumed_by=iam.AccountRootPrincipal())
    Repository(stack, "Api", repository_name="payments/api").grant_push(role)
    registry.sign(text, filters=[text])

    [rule] = properties(stack, "SigningConfiguration")["Rules"]
    assert REF == rule["SigningProfileArn"]
    assert [{"Filter": REF, "FilterType": "WILDCARD_MATCH"}] == rule["RepositoryFilters"]
    [policy] = resources(stack, "AWS::IAM::Policy")
    assert {"Action": "signer:SignPayload", "Effect": "Allow", "Resource": REF} in (
        policy["Properties"]["PolicyDocument"]["Statement"]
    )


def test_exclusion(stack: cdk.Stack, registry: Registry, text: str) -> None:
    """A principal's ARN may be a parameter."""
    registry.exclude_from_pull_time("Scanner", text)

    assert {"PrincipalArn": REF} == properties(stack, "PullTimeUpdateExclusion")


def test_an_agnostic_registry_does_not_replicate_to_itself(app: cdk.App) -> None:
    """Its own Region is rejected even while it is unknown."""
    stack = cdk.Stack(app, "Agnostic")

    with rejects_value("itself"):
        Registry(stack, "Registry").replicate(to_regions=[stack.region])


@pytest.mark.parametrize(
    "ask",
    [
        lambda registry, names: registry.replicate(to_regions=names),
        lambda registry, names: registry.replicate(to_accounts={OTHER_ACCOUNT: names}),
        lambda registry, names: registry.replicate(to_regions=["eu-west-1"], prefixes=names),
        lambda registry, names: registry.allow_replication_from(names, prefixes=["payments/"]),
        lambda registry, names: registry.allow_create_on_push([OTHER_ACCOUNT], prefixes=names),
        lambda registry, names: registry.scan_basic(on_push=names),
        lambda registry, names: registry.scan_enhanced(continuous=names),
        lambda registry, names: registry.sign("arn", filters=names),
    ],
    ids=["Regions", "account", "prefixes", "accounts", "create", "basic", "enhanced", "sign"],
)
def test_lists_of_deploy_time_length_are_rejected(
    stack: cdk.Stack, registry: Registry, ask: Any
) -> None:
    """A parameter that is a list cannot be taken apart: each value must be named."""
    names = cdk.CfnParameter(stack, "Names", type="CommaDelimitedList").value_as_list

    with pytest.raises(ValidationError) as caught:
        ask(registry, names)

    assert ["list-unresolved"] == [code for _, code in codes(caught.value)]
