"""Repository: its defaults, and what each keyword renders."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from constructs import Construct

from ecr_constructs import (
    Encryption,
    LifecyclePolicy,
    LifecycleRule,
    Repository,
    TagMutability,
)
from tests.support.constructs import ENV, lifecycle_of, properties_of, repository_of, template

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
DEFAULTS: dict[str, Any] = {
    "ImageScanningConfiguration": {"ScanOnPush": True},
    "ImageTagMutability": "IMMUTABLE",
    "LifecyclePolicy": {
        "LifecyclePolicyText": (
            '{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged",'
            '"countType":"sinceImagePushed","countUnit":"days","countNumber":14},'
            '"action":{"type":"expire"}}]}'
        )
    },
}
RETAINED = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
DESTROYED = {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"}


def filters(*values: str) -> list[dict[str, str]]:
    """Return exclusion filters as CloudFormation spells them."""
    return [
        {
            "ImageTagMutabilityExclusionFilterType": "WILDCARD",
            "ImageTagMutabilityExclusionFilterValue": value,
        }
        for value in values
    ]


def encrypted(encryption_type: str, key: str | None = None) -> dict[str, Any]:
    """Return an encryption property as CloudFormation spells it."""
    key_property = {} if key is None else {"KmsKey": key}
    return {"EncryptionConfiguration": {"EncryptionType": encryption_type, **key_property}}


def test_defaults(stack: cdk.Stack) -> None:
    """Immutable, scanned, cleaned of untagged images, retained; encryption is not rendered."""
    Repository(stack, "Api")

    assert {
        "Type": "AWS::ECR::Repository",
        "Properties": DEFAULTS,
        **RETAINED,
    } == repository_of(stack)


KEYWORDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a name": ({"repository_name": "payments/api"}, {"RepositoryName": "payments/api"}),
    "a name CDK's own class rejects": (
        {"repository_name": "a--b"},
        {"RepositoryName": "a--b"},
    ),
    "no scan": ({"scan_on_push": False}, {"ImageScanningConfiguration": {"ScanOnPush": False}}),
    "immutable": ({"tag_mutability": TagMutability.immutable()}, {}),
    "mutable": (
        {"tag_mutability": TagMutability.mutable()},
        {"ImageTagMutability": "MUTABLE"},
    ),
    "immutable but": (
        {"tag_mutability": TagMutability.immutable(except_for=["latest", "cache-*"])},
        {
            "ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "ImageTagMutabilityExclusionFilters": filters("latest", "cache-*"),
        },
    ),
    "mutable but": (
        {"tag_mutability": TagMutability.mutable(except_for=["v*"])},
        {
            "ImageTagMutability": "MUTABLE_WITH_EXCLUSION",
            "ImageTagMutabilityExclusionFilters": filters("v*"),
        },
    ),
    "AES-256": ({"encryption": Encryption.aes256()}, {}),
    "an AWS managed key": ({"encryption": Encryption.aws_managed()}, encrypted("KMS")),
    "a key ARN": ({"encryption": Encryption.customer_managed(KEY)}, encrypted("KMS", KEY)),
    "tags": (
        {"tags": {"team": "payments", "cost-center": "7"}},
        {
            "Tags": [
                {"Key": "cost-center", "Value": "7"},
                {"Key": "team", "Value": "payments"},
            ]
        },
    ),
    "no tags": ({"tags": {}}, {}),
    "a lifecycle": (
        {"lifecycle": LifecyclePolicy(LifecycleRule.expire(after_days=90))},
        {
            "LifecyclePolicy": {
                "LifecyclePolicyText": (
                    '{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any",'
                    '"countType":"sinceImagePushed","countUnit":"days","countNumber":90},'
                    '"action":{"type":"expire"}}]}'
                )
            }
        },
    ),
}


@pytest.mark.parametrize(("keywords", "changed"), KEYWORDS.values(), ids=KEYWORDS)
def test_keyword(stack: cdk.Stack, keywords: dict[str, Any], changed: dict[str, Any]) -> None:
    """A keyword changes the properties it speaks of and no other."""
    Repository(stack, "Api", **keywords)

    assert {**DEFAULTS, **changed} == properties_of(stack)


def test_dual_layer_in_govcloud(app: cdk.App) -> None:
    """Dual-layer encryption renders where it exists."""
    stack = cdk.Stack(
        app, "Gov", env=cdk.Environment(account="111122223333", region="us-gov-west-1")
    )
    Repository(stack, "Api", encryption=Encryption.dual_layer())

    assert {**DEFAULTS, **encrypted("KMS_DSSE")} == properties_of(stack)


def test_a_key_is_rendered_as_its_arn(stack: cdk.Stack) -> None:
    """A key of the same app is referred to by its ARN."""
    key = kms.Key(stack, "Key")
    Repository(stack, "Api", encryption=Encryption.customer_managed(key))

    logical_id = stack.get_logical_id(key.node.default_child)  # type: ignore[arg-type]
    assert {"EncryptionType": "KMS", "KmsKey": {"Fn::GetAtt": [logical_id, "Arn"]}} == (
        properties_of(stack)["EncryptionConfiguration"]
    )


def test_an_empty_lifecycle_renders_nothing(stack: cdk.Stack) -> None:
    """A policy without rules keeps every image: there is no lifecycle property."""
    Repository(stack, "Api", lifecycle=LifecyclePolicy())

    assert {key: DEFAULTS[key] for key in DEFAULTS if key != "LifecyclePolicy"} == (
        properties_of(stack)
    )


@pytest.mark.parametrize(
    ("removal_policy", "expected"),
    [
        (cdk.RemovalPolicy.RETAIN, RETAINED),
        (cdk.RemovalPolicy.DESTROY, DESTROYED),
        (
            cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
            {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"},
        ),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_removal_policy(
    stack: cdk.Stack, removal_policy: cdk.RemovalPolicy, expected: dict[str, str]
) -> None:
    """A removal policy says what becomes of the repository, and changes no property."""
    Repository(stack, "Api", removal_policy=removal_policy)

    assert {"Type": "AWS::ECR::Repository", "Properties": DEFAULTS, **expected} == (
        repository_of(stack)
    )


def test_empty_on_delete(stack: cdk.Stack) -> None:
    """A repository that is to be destroyed may take its images along."""
    Repository(stack, "Api", removal_policy=cdk.RemovalPolicy.DESTROY, empty_on_delete=True)

    assert {
        "Type": "AWS::ECR::Repository",
        "Properties": {**DEFAULTS, "EmptyOnDelete": True},
        **DESTROYED,
    } == repository_of(stack)


def test_logical_ids_are_pinned(stack: cdk.Stack) -> None:
    """A changed logical id replaces the repository, so it never changes."""
    Repository(stack, "Api")
    Repository(Construct(stack, "Payments"), "Api")

    assert {"ApiF70053CD", "PaymentsApiF48D305F"} == set(template(stack)["Resources"])


def test_two_stacks_share_nothing(app: cdk.App) -> None:
    """The default policy is one value for all, and no repository changes another's."""
    first, second = cdk.Stack(app, "First", env=ENV), cdk.Stack(app, "Second", env=ENV)
    Repository(first, "Api").add_lifecycle_rule(LifecycleRule.expire(after_days=90))
    Repository(second, "Api")

    assert (2, 1) == (len(lifecycle_of(first)), len(lifecycle_of(second)))
