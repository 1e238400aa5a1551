"""RepositoryCreationTemplate: what it renders, its role, and who owns a prefix."""

import json
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from ecr_constructs import (
    Encryption,
    LifecyclePolicy,
    LifecycleRule,
    PullThroughCache,
    RepositoryCreationTemplate,
    RoleOptions,
    TagMutability,
    Upstream,
)
from tests.support.constructs import (
    ACCOUNT,
    ORGANIZATION,
    OTHER_ACCOUNT,
    PULL,
    allow,
    exclusions,
    existing_role,
    properties_of,
    template,
    within,
)
from tests.support.errors import rejects

TYPE, ROLE = "AWS::ECR::RepositoryCreationTemplate", "AWS::IAM::Role"
KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
DEFAULTS: dict[str, Any] = {
    "AppliedFor": ["REPLICATION"],
    "ImageTagMutability": "IMMUTABLE",
    "LifecyclePolicy": LifecyclePolicy(LifecycleRule.expire_untagged(after_days=14)).to_json(),
    "Prefix": "payments",
}
KEPT = {"LifecyclePolicy": None}
EXPIRE = LifecyclePolicy(LifecycleRule.expire(after_days=365))


def define(scope: cdk.Stack, **keywords: Any) -> RepositoryCreationTemplate:
    """Define a template for replicas of payments, but for what a test says."""
    settings = {"prefix": "payments", "applied_for": ["REPLICATION"], **keywords}
    return RepositoryCreationTemplate(scope, "Template", **settings)


def role_for(*more: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of the role that ECR assumes for repositories below ``payments/``."""
    create = ["ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource"]
    below = f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/payments/*"
    condition = {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}
    trust = allow("sts:AssumeRole", Service="ecr.amazonaws.com", condition=condition)
    statements = [allow(create, below), *more]
    document = {"Statement": statements, "Version": "2012-10-17"}
    return {
        "AssumeRolePolicyDocument": {"Statement": [trust], "Version": "2012-10-17"},
        "Description": "Lets Amazon ECR create the repositories of the template payments",
        "Policies": [{"PolicyDocument": document, "PolicyName": "Create"}],
    }


def test_defaults(stack: cdk.Stack) -> None:
    """Immutable, and cleaned of untagged images; neither encryption nor a role is rendered."""
    define(stack)

    assert {"Template576A9730": {"Type": TYPE, "Properties": DEFAULTS}} == (
        template(stack)["Resources"]
    )


ORGANIZED: dict[str, Any] = {
    "Statement": [allow(PULL, AWS="*", condition=within(ORGANIZATION))],
    "Version": "2012-10-17",
}
KEYWORDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "for the rest": ({"prefix": "ROOT"}, {"Prefix": "ROOT"}),
    "every occasion": (
        {
            "applied_for": ["REPLICATION", "PULL_THROUGH_CACHE", "CREATE_ON_PUSH"],
            "tag_mutability": TagMutability.immutable(),
            "lifecycle": EXPIRE,
        },
        {
            "AppliedFor": ["CREATE_ON_PUSH", "PULL_THROUGH_CACHE", "REPLICATION"],
            "LifecyclePolicy": EXPIRE.to_json(),
        },
    ),
    # In a cache untagged images are in use.
    "a cache": (
        {"applied_for": ["PULL_THROUGH_CACHE"]},
        {"AppliedFor": ["PULL_THROUGH_CACHE"], "ImageTagMutability": "MUTABLE", **KEPT},
    ),
    "all images": ({"lifecycle": LifecyclePolicy()}, KEPT),
    "a description": ({"description": "Replicas"}, {"Description": "Replicas"}),
    "exceptions": (
        {"tag_mutability": TagMutability.immutable(except_for=["latest"])},
        {"ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION", **exclusions("latest")},
    ),
    "an organization": (
        {"pull_organizations": [ORGANIZATION]},
        {"RepositoryPolicy": json.dumps(ORGANIZED, separators=(",", ":"), sort_keys=True)},
    ),
}


@pytest.mark.parametrize(("keywords", "changed"), KEYWORDS.values(), ids=KEYWORDS)
def test_keywords(stack: cdk.Stack, keywords: dict[str, Any], changed: dict[str, Any]) -> None:
    """Each keyword changes its own properties and no other; None is not rendered."""
    define(stack, **keywords)

    expected = {**DEFAULTS, **changed}
    assert {key: value for key, value in expected.items() if value} == properties_of(stack, TYPE)


def test_tags_come_with_a_role(stack: cdk.Stack) -> None:
    """ECR tags with a role that is limited to the prefix, and is there before the template."""
    made = define(stack, tags={"team": "payments"})

    assert isinstance(made.role, iam.Role)
    assert role_for() == properties_of(stack, ROLE)
    assert [{"Key": "team", "Value": "payments"}] == properties_of(stack, TYPE)["ResourceTags"]
    assert {"Fn::GetAtt": ["TemplateRole17D80861", "Arn"]} == properties_of(stack, TYPE)[
        "CustomRoleArn"
    ]


@pytest.mark.parametrize("of_app", [False, True], ids=["by ARN", "by reference"])
def test_a_key_comes_with_a_role(stack: cdk.Stack, *, of_app: bool) -> None:
    """The role may use the one key, which the template names too."""
    key = kms.Key(stack, "Key") if of_app else KEY
    define(stack, encryption=Encryption.customer_managed(key))

    rendered = {"Fn::GetAtt": ["Key961B73FD", "Arn"]} if of_app else KEY
    of_key = allow(["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"], rendered)
    assert role_for(of_key) == properties_of(stack, ROLE)
    assert {"EncryptionType": "KMS", "KmsKey": rendered} == (
        properties_of(stack, TYPE)["EncryptionConfiguration"]
    )


def test_a_given_role_is_used_as_it_is(stack: cdk.Stack) -> None:
    """A role that is given is named, and gets no policy."""
    role = existing_role(stack, "maker")
    made = define(stack, tags={"team": "payments"}, role=role)

    assert role is made.role
    assert f"arn:aws:iam::{ACCOUNT}:role/maker" == properties_of(stack, TYPE)["CustomRoleArn"]
    assert {"Template576A9730"} == set(template(stack)["Resources"])


def test_agnostic_stacks(app: cdk.App) -> None:
    """Where account and Region are not known the role and the policy refer to them."""
    stack = cdk.Stack(app, "Agnostic")
    define(stack, tags={"team": "payments"}, pull_accounts=[OTHER_ACCOUNT])

    [trust] = properties_of(stack, ROLE)["AssumeRolePolicyDocument"]["Statement"]
    assert {"Ref": "AWS::AccountId"} == (
        trust["Condition"]["StringEqualsIfExists"]["aws:SourceAccount"]
    )
    policy = json.dumps(properties_of(stack, TYPE)["RepositoryPolicy"])
    assert '{"Ref": "AWS::Partition"}' in policy
    assert OTHER_ACCOUNT in policy


# --- who else may pull: statements, Lambda, CodeBuild ------------------------------------------

LAMBDA = "lambda.amazonaws.com"
TIME = {"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}


def policy_of(stack: cdk.Stack) -> list[dict[str, Any]]:
    """Return the statements of the policy that created repositories have."""
    text = properties_of(stack, TYPE)["RepositoryPolicy"]
    statements: list[dict[str, Any]] = json.loads(text)["Statement"]
    return statements


def functions_of(account: str, name: str = "*") -> dict[str, Any]:
    """Return the condition that Lambda acts for functions of an account."""
    arn = f"arn:aws:lambda:eu-central-1:{account}:function:{name}"
    arns = arn if name == "*" else [arn, f"{arn}:*"]
    return {
        "ArnLike": {"aws:SourceArn": arns},
        "StringEqualsIfExists": {"aws:SourceAccount": account},
    }


def deny() -> iam.PolicyStatement:
    """Return a statement that denies."""
    return iam.PolicyStatement(
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=["ecr:PutImage"],
        conditions=TIME,
    )


DENIED = {**allow("ecr:PutImage", AWS="*", condition=TIME), "Effect": "Deny"}
ROOT = f"arn:aws:iam::{OTHER_ACCOUNT}:root"
ADMITTING: dict[str, tuple[Callable[[Any], object], list[dict[str, Any]]]] = {
    "Lambda": (
        lambda made: made.grant_pull_to_lambda(),
        [allow(PULL, Service=LAMBDA, condition=functions_of(ACCOUNT))],
    ),
    "Lambda, twice": (
        lambda made: (made.grant_pull_to_lambda(), made.grant_pull_to_lambda()),
        [allow(PULL, Service=LAMBDA, condition=functions_of(ACCOUNT))],
    ),
    "Lambda of another account, and that account": (
        lambda made: made.grant_pull_to_lambda(account=OTHER_ACCOUNT, functions=["api"]),
        [
            allow(PULL, Service=LAMBDA, condition=functions_of(OTHER_ACCOUNT, "api")),
            allow(PULL, AWS=ROOT),
        ],
    ),
    "CodeBuild": (
        lambda made: made.grant_pull_to_code_build(projects=["build"]),
        [
            allow(
                PULL,
                Service="codebuild.amazonaws.com",
                condition={
                    "ArnLike": {
                        "aws:SourceArn": f"arn:aws:codebuild:eu-central-1:{ACCOUNT}:project/build"
                    },
                    "StringEquals": {"aws:SourceAccount": ACCOUNT},
                },
            )
        ],
    ),
    "a denial": (lambda made: made.add_to_repository_policy(deny()), [DENIED]),
}
CREATORS: dict[str, Callable[..., Any]] = {
    "template": define,
    "cache": lambda scope, **more: PullThroughCache(
        scope, "Cache", upstream=Upstream.quay(), **more
    ),
}


@pytest.mark.parametrize("create", CREATORS.values(), ids=CREATORS)
@pytest.mark.parametrize(("ask_for", "expected"), ADMITTING.values(), ids=ADMITTING)
def test_who_else_may_pull(
    stack: cdk.Stack,
    ask_for: Callable[[Any], object],
    expected: list[dict[str, Any]],
    create: Callable[..., Any],
) -> None:
    """A template and a cache admit the same, next to what the keywords say."""
    made = create(stack, pull_organizations=[ORGANIZATION], policy_statements=[deny()])
    ask_for(made)

    before = [*ORGANIZED["Statement"], DENIED]
    assert [*before, *(item for item in expected if item != DENIED)] == policy_of(stack)
    assert policy_of(stack) == made.repository_statements


def test_agnostic_stacks_admit_lambda(app: cdk.App) -> None:
    """The condition refers to the account and the Region of the deployment."""
    stack = cdk.Stack(app, "Agnostic")
    define(stack).grant_pull_to_lambda()

    policy = json.dumps(properties_of(stack, TYPE)["RepositoryPolicy"])
    assert all(f'{{"Ref": "AWS::{name}"}}' in policy for name in ("AccountId", "Region"))


NO_STATEMENT: dict[str, tuple[Callable[[Any], object], str]] = {
    "resources": (
        lambda made: made.add_to_repository_policy(
            iam.PolicyStatement(principals=[iam.AnyPrincipal()], actions=["ecr:*"], resources=["*"])
        ),
        "resources: statement-with-resource",
    ),
    "no actions": (
        lambda made: made.add_to_repository_policy(
            iam.PolicyStatement(principals=[iam.AnyPrincipal()])
        ),
        "actions: statement-without-action",
    ),
    "too long": (
        lambda made: made.grant_pull_to_lambda(functions=[f"{n:0100}" for n in range(100)]),
        "repository-policy-length",
    ),
    "a name": (
        lambda made: made.grant_pull_to_lambda(functions=["a:b"]),
        "functions[0]: source-name-format",
    ),
    "an account": (
        lambda made: made.grant_pull_to_lambda(account="1"),
        "account: account-id-format",
    ),
    "an account as a number": (
        lambda made: made.grant_pull_to_lambda(account=123456789012),
        "account: account-id-is-number",
    ),
    "a project": (
        lambda made: made.grant_pull_to_code_build(projects=["a/b"]),
        "projects[0]: source-name-format",
    ),
}


@pytest.mark.parametrize("create", CREATORS.values(), ids=CREATORS)
@pytest.mark.parametrize(("ask_for", "problem"), NO_STATEMENT.values(), ids=NO_STATEMENT)
def test_what_the_policy_rejects(
    stack: cdk.Stack, ask_for: Callable[[Any], object], problem: str, create: Callable[..., Any]
) -> None:
    """What ECR would reject at the next creation raises, and changes nothing."""
    made = create(stack)
    with rejects(problem):
        ask_for(made)

    assert "RepositoryPolicy" not in properties_of(stack, TYPE)


def test_the_name_and_the_boundary_of_the_role(stack: cdk.Stack) -> None:
    """They are those of the role that the template defines."""
    boundary = iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", "limits")
    options = RoleOptions(role_name="ecr-create", permissions_boundary=boundary, path="/")
    define(stack, tags={"team": "payments"}, role_options=options)

    role = properties_of(stack, ROLE)
    assert ("ecr-create", "/") == (role["RoleName"], role["Path"])
    assert "policy/limits" in str(role["PermissionsBoundary"])
