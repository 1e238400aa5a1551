"""RepositoryCreationTemplate: what it renders, its role, and who owns a prefix."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from ecr_constructs import Encryption, LifecyclePolicy, LifecycleRule, TagMutability
from ecr_constructs.constructs.creation_template import RepositoryCreationTemplate
from tests.support.constructs import (
    ACCOUNT,
    ENV,
    ORGANIZATION,
    OTHER_ACCOUNT,
    children,
    resources,
    template,
)

TYPE = "AWS::ECR::RepositoryCreationTemplate"
KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
UNTAGGED = (
    '{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged",'
    '"countType":"sinceImagePushed","countUnit":"days","countNumber":14},'
    '"action":{"type":"expire"}}]}'
)


def define(scope: cdk.Stack, **keywords: Any) -> RepositoryCreationTemplate:
    """Define a template for replicas of payments, but for what a test says."""
    settings = {"prefix": "payments", "applied_for": ["REPLICATION"], **keywords}
    return RepositoryCreationTemplate(scope, "Template", **settings)


def properties(stack: cdk.Stack) -> dict[str, Any]:
    """Return the properties of the one template that a stack synthesizes."""
    [found] = resources(stack, TYPE)
    return dict(found["Properties"])


def role_for(resource: str, *more: dict[str, Any]) -> dict[str, Any]:
    """Return the role of a template whose repositories are named."""
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {
                "Statement": [
                    {
                        "Action": "sts:AssumeRole",
                        "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}},
                        "Effect": "Allow",
                        "Principal": {"Service": "ecr.amazonaws.com"},
                    }
                ],
                "Version": "2012-10-17",
            },
            "Description": "Lets Amazon ECR create the repositories of the template payments",
            "Policies": [
                {
                    "PolicyDocument": {
                        "Statement": [
                            {
                                "Action": [
                                    "ecr:CreateRepository",
                                    "ecr:ReplicateImage",
                                    "ecr:TagResource",
                                ],
                                "Effect": "Allow",
                                "Resource": resource,
                            },
                            *more,
                        ],
                        "Version": "2012-10-17",
                    },
                    "PolicyName": "Create",
                }
            ],
        },
    }


def test_defaults(stack: cdk.Stack) -> None:
    """Immutable, and cleaned of untagged images; neither encryption nor a role is rendered."""
    define(stack)

    assert {
        "Template576A9730": {
            "Type": TYPE,
            "Properties": {
                "AppliedFor": ["REPLICATION"],
                "ImageTagMutability": "IMMUTABLE",
                "LifecyclePolicy": UNTAGGED,
                "Prefix": "payments",
            },
        }
    } == template(stack)["Resources"]


def test_defaults_of_caches(stack: cdk.Stack) -> None:
    """Mutable, and nothing is deleted: in a cache untagged images are in use."""
    define(stack, applied_for=["PULL_THROUGH_CACHE"])

    assert {
        "AppliedFor": ["PULL_THROUGH_CACHE"],
        "ImageTagMutability": "MUTABLE",
        "Prefix": "payments",
    } == properties(stack)


KEYWORDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "for the rest": ({"prefix": "ROOT"}, {"Prefix": "ROOT"}),
    "every occasion": (
        {
            "applied_for": ["REPLICATION", "PULL_THROUGH_CACHE", "CREATE_ON_PUSH"],
            "tag_mutability": TagMutability.immutable(),
            "lifecycle": LifecyclePolicy(LifecycleRule.expire(after_days=365)),
        },
        {
            "AppliedFor": ["CREATE_ON_PUSH", "PULL_THROUGH_CACHE", "REPLICATION"],
            "LifecyclePolicy": (
                '{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any",'
                '"countType":"sinceImagePushed","countUnit":"days","countNumber":365},'
                '"action":{"type":"expire"}}]}'
            ),
        },
    ),
    "a description": ({"description": "Replicas"}, {"Description": "Replicas"}),
    "exceptions": (
        {"tag_mutability": TagMutability.immutable(except_for=["latest"])},
        {
            "ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "ImageTagMutabilityExclusionFilters": [
                {
                    "ImageTagMutabilityExclusionFilterType": "WILDCARD",
                    "ImageTagMutabilityExclusionFilterValue": "latest",
                }
            ],
        },
    ),
    "an organization": (
        {"pull_organizations": [ORGANIZATION]},
        {
            "RepositoryPolicy": (
                '{"Statement":[{"Action":["ecr:BatchCheckLayerAvailability","ecr:BatchGetImage",'
                '"ecr:GetDownloadUrlForLayer"],"Condition":{"StringEquals":{"aws:PrincipalOrgID":'
                '"o-abcdefghij"}},"Effect":"Allow","Principal":{"AWS":"*"}}],'
                '"Version":"2012-10-17"}'
            )
        },
    ),
}


@pytest.mark.parametrize(("keywords", "changed"), KEYWORDS.values(), ids=KEYWORDS)
def test_keywords(stack: cdk.Stack, keywords: dict[str, Any], changed: dict[str, Any]) -> None:
    """Each keyword changes its own properties and no other."""
    define(stack, **keywords)

    assert {
        "AppliedFor": ["REPLICATION"],
        "ImageTagMutability": "IMMUTABLE",
        "LifecyclePolicy": UNTAGGED,
        "Prefix": "payments",
        **changed,
    } == properties(stack)


def test_keeping_all_renders_no_lifecycle_policy(stack: cdk.Stack) -> None:
    """A policy without rules is no policy."""
    define(stack, lifecycle=LifecyclePolicy())

    assert "LifecyclePolicy" not in properties(stack)


def test_tags_come_with_a_role(stack: cdk.Stack) -> None:
    """ECR tags with a role that is limited to the prefix, and is there before the template."""
    made = define(stack, tags={"team": "payments"})

    assert isinstance(made.role, iam.Role)
    [role] = resources(stack, "AWS::IAM::Role")
    assert role_for("arn:aws:ecr:eu-central-1:111122223333:repository/payments/*") == role
    assert [{"Key": "team", "Value": "payments"}] == properties(stack)["ResourceTags"]
    assert {"Fn::GetAtt": ["TemplateRole17D80861", "Arn"]} == properties(stack)["CustomRoleArn"]


def test_a_key_comes_with_a_role(stack: cdk.Stack) -> None:
    """The role may use the one key; the template names it by its ARN."""
    define(stack, encryption=Encryption.customer_managed(KEY))

    [role] = resources(stack, "AWS::IAM::Role")
    of_key = {
        "Action": ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"],
        "Effect": "Allow",
        "Resource": KEY,
    }
    assert role_for("arn:aws:ecr:eu-central-1:111122223333:repository/payments/*", of_key) == role
    assert {"EncryptionType": "KMS", "KmsKey": KEY} == (
        properties(stack)["EncryptionConfiguration"]
    )


def test_a_key_of_the_app(stack: cdk.Stack) -> None:
    """A key that the app defines is named by reference, in the template and in the role."""
    define(stack, encryption=Encryption.customer_managed(kms.Key(stack, "Key")))

    key = {"Fn::GetAtt": ["Key961B73FD", "Arn"]}
    assert key == properties(stack)["EncryptionConfiguration"]["KmsKey"]
    [role] = resources(stack, "AWS::IAM::Role")
    [_, of_key] = role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    assert key == of_key["Resource"]


def test_a_given_role_is_used_as_it_is(stack: cdk.Stack) -> None:
    """A role that is given is named, and gets no policy."""
    arn = f"arn:aws:iam::{ACCOUNT}:role/maker"
    role = iam.Role.from_role_arn(stack, "Maker", arn)
    made = define(stack, tags={"team": "payments"}, role=role)

    assert role is made.role
    assert arn == properties(stack)["CustomRoleArn"]
    assert {"Template576A9730"} == set(template(stack)["Resources"])


def test_agnostic_stacks(app: cdk.App) -> None:
    """Where account and Region are not known the role and the policy refer to them."""
    stack = cdk.Stack(app, "Agnostic")
    define(stack, tags={"team": "payments"}, pull_accounts=[OTHER_ACCOUNT])

    [role] = resources(stack, "AWS::IAM::Role")
    trust = role["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]
    assert {"Ref": "AWS::AccountId"} == (
        trust["Condition"]["StringEqualsIfExists"]["aws:SourceAccount"]
    )
    policy = json.dumps(properties(stack)["RepositoryPolicy"])
    assert '{"Ref": "AWS::Partition"}' in policy
    assert OTHER_ACCOUNT in policy


def test_deploy_time_values_pass(stack: cdk.Stack) -> None:
    """Parameters are rendered as references wherever they stand."""
    text = cdk.CfnParameter(stack, "Text").value_as_string
    number = cdk.CfnParameter(stack, "Number", type="Number").value_as_number
    define(
        stack,
        prefix=text,
        description=text,
        tags={"team": text},
        lifecycle=LifecyclePolicy(LifecycleRule.keep_last(number)),  # type: ignore[arg-type]
    )

    found = properties(stack)
    assert [{"Ref": "Text"}] * 3 == [
        found["Prefix"],
        found["Description"],
        found["ResourceTags"][0]["Value"],
    ]
    assert {"Ref": "Number"} in found["LifecyclePolicy"]["Fn::Join"][1]


@pytest.mark.parametrize("other", ["payments", "payments/"])
def test_a_prefix_has_one_owner(app: cdk.App, stack: cdk.Stack, other: str) -> None:
    """A second template for a prefix is refused, in another stack of the same place too."""
    define(stack)
    second = cdk.Stack(app, "Second", env=ENV)

    with pytest.raises(
        ValueError,
        match=r"'Stack/Template' and 'Second/Template' both define the creation template for "
        r"'payments' of aws://111122223333/eu-central-1",
    ):
        define(second, prefix=other)

    assert [] == children(second)


def test_other_prefixes_and_places_are_free(app: cdk.App, stack: cdk.Stack) -> None:
    """Another prefix, Region or account has a template of its own."""
    define(stack)
    for name, environment in {
        "Region": cdk.Environment(account=ACCOUNT, region="eu-west-1"),
        "Account": cdk.Environment(account=OTHER_ACCOUNT, region="eu-central-1"),
    }.items():
        define(cdk.Stack(app, name, env=environment))

    RepositoryCreationTemplate(stack, "Below", prefix="payments/x", applied_for=["REPLICATION"])


def test_agnostic_stacks_are_warned(app: cdk.App) -> None:
    """Two stacks of unknown place may be different places."""
    for name in ("One", "Two"):
        define(cdk.Stack(app, name))

    messages = app.synth().get_stack_by_name("Two").messages
    assert "both define the creation template" in str(messages[0].entry.data)


FOREIGN = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a prefix": ({"prefix": "Payments"}, "must be ROOT, or the beginning of a repository name"),
    "an account": ({"pull_accounts": ["4444"]}, "'4444': an account id has 12 digits"),
    "dual layer": ({"encryption": Encryption.dual_layer()}, "exists only in the AWS GovCloud"),
    "a key": (
        {"encryption": Encryption.customer_managed(FOREIGN)},
        "the key must be in the repository's Region",
    ),
    "a cache": (
        {
            "applied_for": ["PULL_THROUGH_CACHE"],
            "lifecycle": LifecyclePolicy(LifecycleRule.expire_untagged(after_days=14)),
        },
        "a pull through cache keeps images that were pulled by digest untagged",
    ),
}


@pytest.mark.parametrize(("keywords", "fault"), REFUSED.values(), ids=REFUSED)
def test_refuses_before_the_tree_is_touched(
    stack: cdk.Stack, keywords: dict[str, Any], fault: str
) -> None:
    """A refused template leaves no trace: neither a construct nor a claim to its prefix."""
    with pytest.raises(ValueError, match=fault):
        define(stack, **keywords)

    assert [] == children(stack)
    RepositoryCreationTemplate(stack, "Sound", prefix="payments", applied_for=["REPLICATION"])


@pytest.mark.parametrize(
    ("arn", "fault"),
    [
        (f"arn:aws:iam::{ACCOUNT}:role/ecr/maker", "has a path, which ECR rejects"),
        (f"arn:aws:iam::{OTHER_ACCOUNT}:role/maker", "must be in the registry's account"),
    ],
    ids=["a path", "another account"],
)
def test_refuses_roles(stack: cdk.Stack, arn: str, fault: str) -> None:
    """A role that ECR refuses is named, and no template is left behind."""
    role = iam.Role.from_role_arn(stack, "Maker", arn)

    with pytest.raises(ValueError, match=fault):
        define(stack, role=role)

    assert "Template" not in children(stack)
