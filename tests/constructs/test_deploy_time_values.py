"""Values that are known only at deploy time, wherever a construct takes a value."""

import json
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ecr_constructs import (
    CiPushRole,
    Encryption,
    GitLabCi,
    LifecyclePolicy,
    LifecycleRule,
    PullThroughCredential,
    Registry,
    RegistryKey,
    Repository,
    RepositoryCreationTemplate,
    ScanAlerts,
    TagMutability,
)
from tests.support.constructs import (
    ACCOUNT,
    ENV,
    OTHER_ACCOUNT,
    OTHER_REGION,
    REPOSITORY,
    identity_statements,
    parameter,
    properties_of,
    role_of,
    template,
)
from tests.support.errors import rejects

REF = {"Ref": "Text"}
REF_ACCOUNT = {"Fn::Join": ["", ["arn:aws:iam::", REF, ":root"]]}
ACCOUNTS = {"AWS": [REF_ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root"]}
TEMPLATE = "AWS::ECR::RepositoryCreationTemplate"
REPLICATION, POLICY = "AWS::ECR::ReplicationConfiguration", "AWS::ECR::RegistryPolicy"
Define = Callable[[cdk.Stack, str], object]


def repository(keywords: Callable[[str], dict[str, Any]]) -> Define:
    """Define a repository with the value."""
    return lambda stack, text: Repository(stack, "It", **keywords(text))


def creation_template(keywords: Callable[[str], dict[str, Any]]) -> Define:
    """Define a creation template with the value."""
    sound = {"prefix": "payments", "applied_for": ["REPLICATION"]}
    return lambda stack, text: RepositoryCreationTemplate(
        stack, "It", **{**sound, **keywords(text)}
    )


def registry(use: Callable[[Registry, str], object]) -> Define:
    """Define a registry and use it."""
    return lambda stack, text: use(Registry(stack, "Registry"), text)


def statement(text: str) -> iam.PolicyStatement:
    """Return a statement that has the value everywhere."""
    return iam.PolicyStatement(
        actions=["ecr:ReplicateImage"],
        principals=[iam.ArnPrincipal(text)],
        resources=[text],
        conditions={"StringEquals": {"aws:PrincipalOrgID": text}},
    )


# What is defined with a text parameter, and what is rendered where.
TEXTS: list[tuple[Define, str, str, Any]] = [
    (repository(lambda text: {"repository_name": text}), REPOSITORY, "RepositoryName", REF),
    (
        repository(lambda text: {"tags": {"team": text}}),
        REPOSITORY,
        "Tags",
        [{"Key": "team", "Value": REF}],
    ),
    (
        repository(lambda text: {"pull_accounts": [text, ACCOUNT]}),
        REPOSITORY,
        "RepositoryPolicyText.Statement.0.Principal",
        ACCOUNTS,
    ),
    (
        repository(lambda text: {"push_accounts": [text, ACCOUNT]}),
        REPOSITORY,
        "RepositoryPolicyText.Statement.0.Principal",
        ACCOUNTS,
    ),
    (
        repository(lambda text: {"pull_principals": [text]}),
        REPOSITORY,
        "RepositoryPolicyText.Statement.0.Principal",
        {"AWS": REF},
    ),
    (
        repository(lambda text: {"push_principals": [text]}),
        REPOSITORY,
        "RepositoryPolicyText.Statement.0.Principal",
        {"AWS": REF},
    ),
    (
        repository(lambda text: {"pull_organizations": [text]}),
        REPOSITORY,
        "RepositoryPolicyText.Statement.0.Condition.StringEquals",
        {"aws:PrincipalOrgID": REF},
    ),
    (
        repository(lambda text: {"encryption": Encryption.customer_managed(text)}),
        REPOSITORY,
        "EncryptionConfiguration",
        {"EncryptionType": "KMS", "KmsKey": REF},
    ),
    (
        repository(lambda text: {"tag_mutability": TagMutability.immutable(except_for=[text])}),
        REPOSITORY,
        "ImageTagMutabilityExclusionFilters.0",
        {
            "ImageTagMutabilityExclusionFilterType": "WILDCARD",
            "ImageTagMutabilityExclusionFilterValue": REF,
        },
    ),
    (creation_template(lambda text: {"prefix": text}), TEMPLATE, "Prefix", REF),
    (creation_template(lambda text: {"description": text}), TEMPLATE, "Description", REF),
    (
        creation_template(lambda text: {"tags": {"team": text}}),
        TEMPLATE,
        "ResourceTags.0.Value",
        REF,
    ),
    (
        lambda stack, text: PullThroughCredential(stack, "It", name="hub", username=text),
        "AWS::SecretsManager::Secret",
        "GenerateSecretString.SecretStringTemplate",
        {"Fn::Join": ["", ['{"username":"', REF, '"}']]},
    ),
    (lambda stack, text: RegistryKey(stack, "It", alias=text), "AWS::KMS::Alias", "AliasName", REF),
    (
        lambda stack, text: ScanAlerts(stack, "It", emails=[text]),
        "AWS::SNS::Subscription",
        "Endpoint",
        REF,
    ),
    (
        lambda stack, text: CiPushRole(
            stack,
            "It",
            ci=GitLabCi(project="a/b", tags=["v*"]),
            repositories=[Repository(stack, "Api")],
            role_name=text,
        ),
        "AWS::IAM::Role",
        "RoleName",
        REF,
    ),
    (
        registry(lambda r, text: r.replicate(to_regions=[text, "eu-west-1"])),
        REPLICATION,
        "ReplicationConfiguration.Rules.0.Destinations",
        [{"Region": region, "RegistryId": ACCOUNT} for region in (REF, "eu-west-1")],
    ),
    # Even with this registry's own Region.
    (
        registry(lambda r, text: r.replicate(to_accounts={text: ["eu-central-1"]})),
        REPLICATION,
        "ReplicationConfiguration.Rules.0.Destinations",
        [{"Region": "eu-central-1", "RegistryId": REF}],
    ),
    (
        registry(lambda r, text: r.replicate(to_regions=["eu-west-1"], prefixes=[text])),
        REPLICATION,
        "ReplicationConfiguration.Rules.0.RepositoryFilters",
        [{"Filter": REF, "FilterType": "PREFIX_MATCH"}],
    ),
    (
        registry(lambda r, text: r.allow_replication_from([text], prefixes=["payments/"])),
        POLICY,
        "PolicyText.Statement.0.Principal.AWS",
        REF_ACCOUNT,
    ),
    (
        registry(lambda r, text: r.allow_create_on_push([OTHER_ACCOUNT], prefixes=[text])),
        POLICY,
        "PolicyText.Statement.0.Resource",
        {"Fn::Join": ["", [f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/", REF, "*"]]},
    ),
    (
        registry(lambda r, text: r.add_to_registry_policy(statement(text))),
        POLICY,
        "PolicyText.Statement.0",
        {
            "Action": "ecr:ReplicateImage",
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": REF}},
            "Effect": "Allow",
            "Principal": {"AWS": REF},
            "Resource": REF,
        },
    ),
    (
        registry(lambda r, text: r.scan_basic(on_push=[text])),
        "AWS::ECR::RegistryScanningConfiguration",
        "Rules.0.RepositoryFilters",
        [{"Filter": REF, "FilterType": "WILDCARD"}],
    ),
    (
        registry(lambda r, text: r.sign(text, filters=[text])),
        "AWS::ECR::SigningConfiguration",
        "Rules.0",
        {
            "RepositoryFilters": [{"Filter": REF, "FilterType": "WILDCARD_MATCH"}],
            "SigningProfileArn": REF,
        },
    ),
    (
        registry(lambda r, text: r.exclude_from_pull_time("Scanner", text)),
        "AWS::ECR::PullTimeUpdateExclusion",
        "PrincipalArn",
        REF,
    ),
]


@pytest.mark.parametrize(
    ("define", "resource_type", "path", "expected"),
    [pytest.param(*case, id=f"{case[1].rpartition(':')[2]}.{case[2]}") for case in TEXTS],
)
def test_a_text_may_be_a_parameter(
    stack: cdk.Stack, define: Define, resource_type: str, path: str, expected: Any
) -> None:
    """The reference is rendered where the value belongs."""
    define(stack, parameter(stack))

    value: Any = properties_of(stack, resource_type)
    for step in path.split("."):
        value = value[int(step) if step.isdigit() else step]
    assert expected == value


def test_who_pushes_may_sign_with_a_profile_of_deploy_time(stack: cdk.Stack) -> None:
    """Neither the profile nor the signed repositories need be known."""
    Repository(stack, "Api", repository_name="payments/api").grant_push(role_of(stack))
    text = parameter(stack)
    Registry(stack, "Registry").sign(text, filters=[text])

    assert {"Action": "signer:SignPayload", "Effect": "Allow", "Resource": REF} in (
        identity_statements(stack)
    )


def test_an_agnostic_registry_does_not_replicate_to_itself(app: cdk.App) -> None:
    """Its own Region is rejected even while it is unknown."""
    stack = cdk.Stack(app, "Agnostic")

    with rejects("replication-destination-is-source"):
        Registry(stack, "Registry").replicate(to_regions=[stack.region])


LISTS: dict[str, Callable[[Registry, Any], object]] = {
    "to_regions": lambda r, names: r.replicate(to_regions=names),
    f"to_accounts['{OTHER_ACCOUNT}']": lambda r, names: r.replicate(
        to_accounts={OTHER_ACCOUNT: names}
    ),
    "prefixes": lambda r, names: r.replicate(to_regions=["eu-west-1"], prefixes=names),
    "accounts": lambda r, names: r.allow_replication_from(names, prefixes=["payments/"]),
    "prefixes ": lambda r, names: r.allow_create_on_push([OTHER_ACCOUNT], prefixes=names),
    "on_push": lambda r, names: r.scan_basic(on_push=names),
    "continuous": lambda r, names: r.scan_enhanced(continuous=names),
    "filters": lambda r, names: r.sign("arn", filters=names),
}


@pytest.mark.parametrize(("path", "ask"), LISTS.items(), ids=LISTS)
def test_lists_of_deploy_time_length_are_rejected(
    stack: cdk.Stack, path: str, ask: Callable[[Registry, Any], object]
) -> None:
    """A parameter that is a list cannot be taken apart: each value must be named."""
    names = cdk.CfnParameter(stack, "Names", type="CommaDelimitedList").value_as_list

    with rejects(f"{path.strip()}: list-unresolved"):
        ask(Registry(stack, "Registry"), names)


def number(stack: cdk.Stack) -> Any:
    """Return the value of a number parameter."""
    return cdk.CfnParameter(stack, "Number", type="Number").value_as_number


def substituted(value: Any, **parameters: str) -> str:
    """Return what CloudFormation makes of a text with references to parameters."""
    if isinstance(value, dict) and "Ref" in value:
        return parameters[value["Ref"]]
    if isinstance(value, dict):
        separator, parts = value["Fn::Join"]
        return str(separator).join(substituted(part, **parameters) for part in parts)
    return str(value)


def lifecycle_rules(stack: cdk.Stack, **parameters: str) -> list[dict[str, Any]]:
    """Return the rules of the one repository after the deployment."""
    text = properties_of(stack)["LifecyclePolicy"]["LifecyclePolicyText"]
    rules: list[dict[str, Any]] = json.loads(substituted(text, **parameters))["rules"]
    return rules


def test_lifecycle_numbers_and_texts(stack: cdk.Stack) -> None:
    """Counts, patterns and descriptions may be parameters; the text is valid JSON then."""
    rule = LifecycleRule.keep_last(
        number(stack), tag_patterns=[parameter(stack)], description=f"Keep {stack.region}"
    )
    Repository(stack, "Api", lifecycle=LifecyclePolicy(rule))

    expected = LifecycleRule.keep_last(7, tag_patterns=["v*"], description="Keep eu-central-1")
    assert LifecyclePolicy(expected).to_dict()["rules"] == (
        lifecycle_rules(stack, Text="v*", Number="7")
    )


def test_a_number_in_one_of_several_rules(stack: cdk.Stack) -> None:
    """A rule with a deploy-time number stands next to others, and more can be added."""
    rules = [
        LifecycleRule.expire(after_days=number(stack)),
        LifecycleRule.expire_untagged(after_days=3),
    ]
    repository = Repository(stack, "Api", lifecycle=LifecyclePolicy(*rules))
    repository.add_lifecycle_rule(LifecycleRule.keep_last(5, tag_patterns=["v*"]))

    assert [3, 5, 9] == [
        rule["selection"]["countNumber"] for rule in lifecycle_rules(stack, Number="9")
    ]


def test_a_number_of_a_creation_template(stack: cdk.Stack) -> None:
    """Its lifecycle policy takes one too."""
    lifecycle = LifecyclePolicy(LifecycleRule.keep_last(number(stack)))
    RepositoryCreationTemplate(
        stack, "It", prefix="a1", applied_for=["REPLICATION"], lifecycle=lifecycle
    )

    assert {"Ref": "Number"} in (properties_of(stack, TEMPLATE)["LifecyclePolicy"]["Fn::Join"][1])


def test_outputs_of_a_repository_with_a_name_of_deploy_time(stack: cdk.Stack) -> None:
    """CloudFormation returns its name and its ARN."""
    repository = Repository(stack, "Api", repository_name=parameter(stack))
    cdk.CfnOutput(stack, "Arn", value=repository.repository_arn)
    cdk.CfnOutput(stack, "Name", value=repository.repository_name)

    outputs = template(stack)["Outputs"]
    assert [{"Fn::GetAtt": ["ApiF70053CD", "Arn"]}, {"Ref": "ApiF70053CD"}] == [
        outputs[item]["Value"] for item in ("Arn", "Name")
    ]


@pytest.mark.parametrize("region", [ENV.region, OTHER_REGION])
def test_a_name_is_generated_only_if_another_region_needs_it(
    app: cdk.App, stack: cdk.Stack, region: str
) -> None:
    """A stack of the same account and Region refers to the repository without a name."""
    repository = Repository(stack, "Api", repository_name=cdk.PhysicalName.GENERATE_IF_NEEDED)
    other = cdk.Stack(app, "Other", env=cdk.Environment(account=ACCOUNT, region=region))
    cdk.CfnOutput(other, "Arn", value=repository.repository_arn)

    name = properties_of(stack).get("RepositoryName")
    assert (region == OTHER_REGION) == (name is not None)
    if name:
        assert (
            f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/{name}"
            == (template(other)["Outputs"]["Arn"]["Value"])
        )
