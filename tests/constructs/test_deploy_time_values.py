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
    allow,
    identity_statements,
    list_parameter,
    number_parameter,
    of_type,
    parameter,
    properties_of,
    role_of,
    root,
    statements_of,
    template,
    within,
)
from tests.support.errors import rejects

REF = {"Ref": "Text"}
OWN = f"arn:aws:iam::{ACCOUNT}:role/own"
RULE = "ECR::ReplicationConfiguration ReplicationConfiguration.Rules.0"
STATEMENT = "ECR::RegistryPolicy PolicyText.Statement.0"
FILTER = "ExclusionFilters.0.ImageTagMutabilityExclusionFilterValue"
TEMPLATE = "AWS::ECR::RepositoryCreationTemplate"
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


def push_role(stack: cdk.Stack, text: str) -> CiPushRole:
    """Define a role of CI with the name."""
    ci, repositories = GitLabCi(project="a/b", tags=["v*"]), [Repository(stack, "Api")]
    return CiPushRole(stack, "It", ci=ci, repositories=repositories, role_name=text)


# Where a text parameter is rendered, and what is defined with it.
TEXTS: dict[str, Define] = {
    "ECR::Repository RepositoryName": repository(lambda text: {"repository_name": text}),
    "ECR::Repository Tags.0.Value": repository(lambda text: {"tags": {"team": text}}),
    "ECR::Repository EncryptionConfiguration.KmsKey": repository(
        lambda text: {"encryption": Encryption.customer_managed(text)}
    ),
    f"ECR::Repository ImageTagMutability{FILTER}": repository(
        lambda text: {"tag_mutability": TagMutability.immutable(except_for=[text])}
    ),
    "ECR::RepositoryCreationTemplate Prefix": creation_template(lambda text: {"prefix": text}),
    "ECR::RepositoryCreationTemplate Description": creation_template(
        lambda text: {"description": text}
    ),
    "ECR::RepositoryCreationTemplate ResourceTags.0.Value": creation_template(
        lambda text: {"tags": {"team": text}}
    ),
    "SecretsManager::Secret GenerateSecretString.SecretStringTemplate": lambda stack, text: (
        PullThroughCredential(stack, "It", name="hub", username=text)
    ),
    "KMS::Alias AliasName": lambda stack, text: RegistryKey(stack, "It", alias=text),
    "SNS::Subscription Endpoint": lambda stack, text: ScanAlerts(stack, "It", emails=[text]),
    "IAM::Role RoleName": push_role,
    f"{RULE}.Destinations.0.Region": registry(
        lambda r, text: r.replicate(to_regions=[text, "eu-west-1"])
    ),
    # Even with this registry's own Region.
    f"{RULE}.Destinations.0.RegistryId": registry(
        lambda r, text: r.replicate(to_accounts={text: ["eu-central-1"]})
    ),
    f"{RULE}.RepositoryFilters.0.Filter": registry(
        lambda r, text: r.replicate(to_regions=["eu-west-1"], prefixes=[text])
    ),
    f"{STATEMENT}.Principal.AWS": registry(
        lambda r, text: r.allow_replication_from([text], prefixes=["payments/"])
    ),
    f"{STATEMENT}.Resource": registry(
        lambda r, text: r.allow_create_on_push([OTHER_ACCOUNT], prefixes=[text])
    ),
    "ECR::RegistryScanningConfiguration Rules.0.RepositoryFilters.0.Filter": registry(
        lambda r, text: r.scan_basic(on_push=[text])
    ),
    "ECR::SigningConfiguration Rules.0.SigningProfileArn": registry(lambda r, text: r.sign(text)),
    "ECR::SigningConfiguration Rules.0.RepositoryFilters.0.Filter": registry(
        lambda r, text: r.sign(text, filters=[text])
    ),
    "ECR::PullTimeUpdateExclusion PrincipalArn": registry(
        lambda r, text: r.exclude_from_pull_time("Scanner", text)
    ),
}
# Values of which the text is only a part.
JOINED: dict[str, list[Any]] = {
    "SecretsManager::Secret GenerateSecretString.SecretStringTemplate": [
        *('{"username":"', REF, '"}')
    ],
    f"{STATEMENT}.Principal.AWS": ["arn:aws:iam::", REF, ":root"],
    f"{STATEMENT}.Resource": [f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/", REF, "*"],
}


@pytest.mark.parametrize(("where", "define"), TEXTS.items(), ids=TEXTS)
def test_a_text_may_be_a_parameter(stack: cdk.Stack, where: str, define: Define) -> None:
    """The reference is rendered where the value belongs."""
    define(stack, parameter(stack))

    resource_type, path = where.split()
    value: Any = properties_of(stack, f"AWS::{resource_type}")
    for step in path.split("."):
        value = value[int(step) if step.isdigit() else step]
    assert value == ({"Fn::Join": ["", JOINED[where]]} if where in JOINED else REF)


@pytest.mark.parametrize("kind", ["pull", "push"])
def test_accounts_and_principals(stack: cdk.Stack, kind: str) -> None:
    """A repository policy has references next to what is known."""
    access: dict[str, Any] = {f"{kind}_accounts": [parameter(stack)], f"{kind}_principals": [OWN]}
    Repository(stack, "Accounts", **access)
    access = {f"{kind}_accounts": [ACCOUNT], f"{kind}_principals": [parameter(stack, "Arn")]}
    Repository(stack, "Principals", **access)

    account = {"Fn::Join": ["", ["arn:aws:iam::", REF, ":root"]]}
    repositories = of_type(template(stack), "AWS::ECR::Repository").values()
    principals = [
        statement["Principal"]["AWS"]
        for repository in repositories
        for statement in repository["RepositoryPolicyText"]["Statement"]
    ]
    assert [[account, OWN], [{"Ref": "Arn"}, root(ACCOUNT)]] == principals


def test_policies(stack: cdk.Stack) -> None:
    """An organization, and every part of a statement of one's own, may be a parameter."""
    text = parameter(stack)
    Repository(stack, "Api", pull_organizations=[text])
    statement = iam.PolicyStatement(
        actions=["ecr:ReplicateImage"],
        principals=[iam.ArnPrincipal(text)],
        resources=[text],
        conditions=within(text),
    )
    Registry(stack, "Registry").add_to_registry_policy(statement)

    condition: Any = {"StringEquals": {"aws:PrincipalOrgID": REF}}
    assert [condition] == [statement["Condition"] for statement in statements_of(stack)]
    rendered = properties_of(stack, "AWS::ECR::RegistryPolicy")["PolicyText"]["Statement"]
    assert [allow("ecr:ReplicateImage", REF, condition=condition, AWS=REF)] == rendered


def test_who_pushes_may_sign_with_a_profile_of_deploy_time(stack: cdk.Stack) -> None:
    """Neither the profile nor the signed repositories need be known."""
    Repository(stack, "Api", repository_name="payments/api").grant_push(role_of(stack))
    text = parameter(stack)
    Registry(stack, "Registry").sign(text, filters=[text])

    assert allow("signer:SignPayload", REF) in identity_statements(stack)


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
    with rejects(f"{path.strip()}: list-unresolved"):
        ask(Registry(stack, "Registry"), list_parameter(stack))


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
    count, patterns = number_parameter(stack), [parameter(stack)]
    rule = LifecycleRule.keep_last(count, tag_patterns=patterns, description=f"Keep {stack.region}")
    Repository(stack, "Api", lifecycle=LifecyclePolicy(rule))

    expected = LifecycleRule.keep_last(7, tag_patterns=["v*"], description="Keep eu-central-1")
    assert LifecyclePolicy(expected).to_dict()["rules"] == (
        lifecycle_rules(stack, Text="v*", Number="7")
    )


def test_a_number_in_one_of_several_rules(stack: cdk.Stack) -> None:
    """A rule with a deploy-time number stands next to others, and more can be added."""
    late = LifecycleRule.expire(after_days=number_parameter(stack))
    lifecycle = LifecyclePolicy(late, LifecycleRule.expire_untagged(after_days=3))
    repository = Repository(stack, "Api", lifecycle=lifecycle)
    repository.add_lifecycle_rule(LifecycleRule.keep_last(5, tag_patterns=["v*"]))

    assert [3, 5, 9] == [
        rule["selection"]["countNumber"] for rule in lifecycle_rules(stack, Number="9")
    ]


def test_a_number_of_a_creation_template(stack: cdk.Stack) -> None:
    """Its lifecycle policy takes one too."""
    lifecycle = LifecyclePolicy(LifecycleRule.keep_last(number_parameter(stack)))
    creation_template(lambda _: {"lifecycle": lifecycle})(stack, "")

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
        arn = f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/{name}"
        assert arn == template(other)["Outputs"]["Arn"]["Value"]
