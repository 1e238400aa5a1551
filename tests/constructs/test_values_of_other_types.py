"""Values of other types that are accepted, and what only looks like a value."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_signer as signer
from aws_cdk import aws_sns as sns

import ecr_constructs as ours
from ecr_constructs.model.references import AnyRole, arn_of
from tests.support.constructs import (
    ACCOUNT,
    OTHER_ACCOUNT,
    children,
    lifecycle_of,
    properties_of,
    resources,
    role_of,
    signing_profile,
    statements_of,
    warnings_of,
)
from tests.support.errors import rejects

PROFILE = signing_profile("release")


class Word(StrEnum):
    """Strings, as an app or botocore's stubs define them."""

    HIGH = "HIGH"
    NAME = "payments/api"


# --- values whose meaning is plain ---------------------------------------------------------------


def test_stock_values_are_converted(stack: cdk.Stack) -> None:
    """What an app wrote for `ecr.Repository` means the same here."""
    rule = ecr.LifecycleRule(max_image_count=3, tag_status=ecr.TagStatus.ANY)
    ours.RepositoryDefaults(expire_untagged_after_days=cdk.Duration.days(3))
    ours.Repository(stack, "One", lifecycle=rule)  # type: ignore[arg-type]
    assert [3] == [item["selection"]["countNumber"] for item in lifecycle_of(stack)]
    stack.node.try_remove_child("One")
    ours.Repository(
        stack,
        "Repository",
        tag_mutability=ecr.TagMutability.MUTABLE,  # type: ignore[arg-type]
        encryption=ecr.RepositoryEncryption.KMS,  # type: ignore[arg-type]
        lifecycle=[rule],  # type: ignore[arg-type]
    )

    properties = properties_of(stack)
    assert ("MUTABLE", {"EncryptionType": "KMS"}) == (
        properties["ImageTagMutability"],
        properties["EncryptionConfiguration"],
    )
    [rendered] = lifecycle_of(stack)
    assert (3, "imageCountMoreThan") == (
        rendered["selection"]["countNumber"],
        rendered["selection"]["countType"],
    )


@pytest.mark.parametrize("kind", [kms.Key, kms.CfnKey])
def test_a_key_is_an_encryption(stack: cdk.Stack, kind: Any) -> None:
    """A key in place of the encryption is the key to encrypt with, of whichever class."""
    policy: dict[str, Any] = {"key_policy": {}} if kind is kms.CfnKey else {}
    ours.Repository(stack, "Repository", encryption=kind(stack, "Key", **policy))

    assert "KMS" == properties_of(stack)["EncryptionConfiguration"]["EncryptionType"]
    assert "Fn::GetAtt" in properties_of(stack)["EncryptionConfiguration"]["KmsKey"]


def test_an_l1_key_of_another_region_is_rejected(stack: cdk.Stack) -> None:
    far = cdk.Stack(
        cdk.App.of(stack), "Far", env=cdk.Environment(account=ACCOUNT, region="eu-west-1")
    )
    key = kms.CfnKey(far, "Key", key_policy={})

    with rejects("encryption-key-region"):
        ours.Repository(stack, "Repository", encryption=ours.Encryption.customer_managed(key))

    assert [] == children(stack)


STOCK_RULES: dict[str, tuple[ecr.LifecycleRule, dict[str, Any]]] = {
    "a count": (ecr.LifecycleRule(max_image_count=3), {"tag_status": "any", "count_number": 3}),
    "an age": (
        ecr.LifecycleRule(max_image_age=cdk.Duration.days(3), tag_status=ecr.TagStatus.UNTAGGED),
        {"tag_status": "untagged", "count_type": "sinceImagePushed", "count_number": 3},
    ),
    "prefixes": (
        ecr.LifecycleRule(max_image_count=1, tag_prefix_list=["v"], rule_priority=7),
        {"tag_status": "tagged", "tag_prefix_list": ("v",), "rule_priority": 7},
    ),
    "patterns": (
        ecr.LifecycleRule(max_image_count=1, tag_pattern_list=["v*"], description="releases"),
        {"tag_pattern_list": ("v*",), "description": "releases"},
    ),
}


@pytest.mark.parametrize(("rule", "expected"), STOCK_RULES.values(), ids=STOCK_RULES)
def test_stock_rules_are_converted(rule: Any, expected: dict[str, Any]) -> None:
    """A rule of CDK selects and counts the same images."""
    [converted] = ours.LifecyclePolicy().with_rules(rule).rules

    assert expected == {name: getattr(converted, name) for name in expected}


def test_the_keywords_of_cdk_add_a_rule(stack: cdk.Stack) -> None:
    """``add_lifecycle_rule`` takes what `ecr.Repository.add_lifecycle_rule` takes."""
    repository = ours.Repository(stack, "Repository")
    repository.add_lifecycle_rule(max_image_age=cdk.Duration.days(30))

    assert ["untagged", "any"] == [rule["selection"]["tagStatus"] for rule in lifecycle_of(stack)]
    with rejects("max_image_count: wrong-type"):
        repository.add_lifecycle_rule(max_image_count="5")  # type: ignore[arg-type]
    with rejects("lifecycle-rule-count"):
        repository.add_lifecycle_rule(tag_status=ecr.TagStatus.ANY)


CONVERTED: dict[str, tuple[Callable[[], Any], Any]] = {
    "a duration": (
        lambda: ours.LifecycleRule.expire(after_days=cdk.Duration.days(7)).count_number,
        7,
    ),
    "a duration of hours": (
        lambda: ours.LifecycleRule.expire(after_days=cdk.Duration.hours(48)).count_number,
        2,
    ),
    "a duration as a count": (
        lambda: (
            ours.LifecycleRule(
                tag_status="any",
                count_type="sinceImagePushed",
                count_number=cdk.Duration.days(7),  # type: ignore[arg-type]
            ).count_number
        ),
        7,
    ),
    "a stock status": (
        lambda: (
            ours.LifecycleRule(
                tag_status=ecr.TagStatus.UNTAGGED,  # type: ignore[arg-type]
                count_type="imageCountMoreThan",
                count_number=1,
            ).tag_status
        ),
        "untagged",
    ),
    "a generator": (
        lambda: (
            ours.TagMutability.immutable(
                except_for=(name for name in ["a", "b"])  # type: ignore[arg-type]
            ).except_for
        ),
        ("a", "b"),
    ),
    "a set": (
        lambda: (
            ours.TagMutability.immutable(
                except_for={"c", "b", "a"}  # type: ignore[arg-type]
            ).except_for
        ),
        ("a", "b", "c"),
    ),
    "keys of a mapping": (
        lambda: (
            ours.TagMutability.immutable(
                except_for={"b": 1, "a": 2}.keys()  # type: ignore[arg-type]
            ).except_for
        ),
        ("a", "b"),
    ),
    "members": (
        lambda: ours.TagMutability.immutable(except_for=[Word.HIGH]).except_for,
        ("HIGH",),
    ),
    "a generator of rules": (
        lambda: len(ours.LifecyclePolicy(ours.LifecycleRule.keep_last(n) for n in [3]).rules),  # type: ignore[arg-type]
        1,
    ),
    "a list of rules": (
        lambda: len(ours.LifecyclePolicy([ours.LifecycleRule.keep_last(3)]).rules),  # type: ignore[arg-type]
        1,
    ),
}


@pytest.mark.parametrize(("make", "expected"), CONVERTED.values(), ids=CONVERTED)
def test_plain_values_are_converted(make: Callable[[], Any], expected: Any) -> None:
    """A value of another type with one meaning is accepted."""
    assert expected == make()


def test_a_principal_of_a_class_of_its_own(stack: cdk.Stack) -> None:
    """Whatever has a principal is granted to, however it has it."""

    class Job:
        def __init__(self) -> None:
            self.grant_principal = iam.AccountPrincipal(OTHER_ACCOUNT)

    job: Any = Job()
    ours.Repository(stack, "Repository").grant_pull(job)

    [statement] = statements_of(stack)
    assert OTHER_ACCOUNT in str(statement["Principal"])


def test_members_become_their_values(stack: cdk.Stack) -> None:
    """A member of an enumeration of strings renders as its value."""
    ours.Repository(stack, "Repository", repository_name=Word.NAME)
    ours.ScanAlerts(stack, "Alerts", severity=Word.HIGH)  # type: ignore[arg-type]

    assert "payments/api" == properties_of(stack)["RepositoryName"]


def test_a_forecast_takes_a_duration() -> None:
    """Its length is limited as that of a number of days is."""
    policy, now = ours.LifecyclePolicy(), datetime(2026, 1, 1, tzinfo=UTC)
    assert {} == policy.forecast([], days=cdk.Duration.days(3), now=now).days

    for days in (0, cdk.Duration.days(0)):
        with pytest.raises(ValueError, match="days"):
            policy.forecast([], days=days, now=now)


# --- the keyword of CDK --------------------------------------------------------------------------


def test_both_names_of_the_id_are_taken(stack: cdk.Stack) -> None:
    """``id`` is CDK's name, ``construct_id`` that of the templates of ``cdk init``."""
    ours.Repository(scope=stack, id="A")
    ours.Repository.from_repository_name(stack, id="C", repository_name="a/b")
    ours.RegistryKey(scope=stack, id="E", alias="alias/e")
    untyped: Any = ours
    untyped.Repository(scope=stack, construct_id="B")
    untyped.Repository.from_repository_name(stack, construct_id="D", repository_name="a/b")
    untyped.Registry(construct_id="F", scope=stack)

    assert ["A", "C", "E", "B", "D", "F"] == children(stack)


# --- topics, profiles, roles ---------------------------------------------------------------------


def test_an_l1_topic_is_notified(stack: cdk.Stack) -> None:
    """An L1 topic is taken; its policy is another resource, so there is a warning."""
    topic = sns.CfnTopic(stack, "Topic")
    alerts = ours.ScanAlerts(stack, "Alerts", topic=topic)
    ours.UsageAlarms(stack, "Alarms", topic=topic)

    arns = [
        target["Arn"]
        for rule in resources(stack, "AWS::Events::Rule")
        for target in rule["Properties"]["Targets"]
    ]
    assert [{"Ref": "Topic"}] * 2 == arns
    assert ["ecr-constructs:topicPolicy"] * 2 == warnings_of(stack)
    assert {"Ref": "Topic"} == stack.resolve(alerts.topic.topic_arn)


@pytest.mark.parametrize("kind", ["L2", "L1", "ARN"])
def test_profiles_sign(stack: cdk.Stack, kind: str) -> None:
    """A signing profile is taken as a construct or by its ARN."""
    stock: Any = signer
    profiles: dict[str, Callable[[], Any]] = {
        "L2": lambda: stock.SigningProfile(
            stack, "Profile", platform=stock.Platform.NOTATION_OCI_SHA384_ECDSA
        ),
        "L1": lambda: signer.CfnSigningProfile(stack, "Profile", platform_id="P"),
        "ARN": lambda: PROFILE,
    }
    profile = profiles[kind]()
    ours.Registry(stack, "Registry").sign(profile)

    [rule] = properties_of(stack, "AWS::ECR::SigningConfiguration")["Rules"]
    assert rule["SigningProfileArn"] == stack.resolve(arn_of(profile, "signing_profile"))


def test_a_profile_is_of_any_region_where_the_region_is_unknown() -> None:
    ours.Registry(cdk.Stack(), "Registry").sign(PROFILE)


def test_pulls_of_constructs_are_not_recorded(stack: cdk.Stack) -> None:
    """Roles and users are taken as constructs, L1 and L2."""
    registry = ours.Registry(stack, "Registry")
    registry.exclude_from_pull_time("Role", role_of(stack))
    registry.exclude_from_pull_time("User", iam.User(stack, "U"))
    registry.exclude_from_pull_time(
        "L1", iam.CfnRole(stack, "CfnRole", assume_role_policy_document={})
    )
    registry.exclude_from_pull_time("L1User", iam.CfnUser(stack, "CfnUser"))

    exclusions = resources(stack, "AWS::ECR::PullTimeUpdateExclusion")
    assert ["Fn::GetAtt"] * 4 == [
        next(iter(exclusion["Properties"]["PrincipalArn"])) for exclusion in exclusions
    ]


def test_roles_of_templates_and_upstreams(stack: cdk.Stack) -> None:
    """A role is taken as a construct, L1 or L2, or by its ARN."""
    arn = f"arn:aws:iam::{ACCOUNT}:role/create"
    role = iam.CfnRole(stack, "CfnRole", assume_role_policy_document={})
    roles: dict[str, AnyRole] = {"a": arn, "b": role, "c": role_of(stack)}
    for prefix, given in roles.items():
        ours.RepositoryCreationTemplate(
            stack, prefix, prefix=prefix, applied_for=["REPLICATION"], role=given
        )
    ours.PullThroughCache(
        stack,
        "Cache",
        upstream=ours.Upstream.ecr(account=ACCOUNT, region="eu-west-1", role=role),
    )

    templates = resources(stack, "AWS::ECR::RepositoryCreationTemplate")
    arns = {
        item["Properties"]["Prefix"]: item["Properties"].get("CustomRoleArn") for item in templates
    }
    assert (arn, ["CfnRole", "Arn"]) == (arns["a"], arns["b"]["Fn::GetAtt"])
    [rule] = resources(stack, "AWS::ECR::PullThroughCacheRule")
    assert {"Fn::GetAtt": ["CfnRole", "Arn"]} == rule["Properties"]["CustomRoleArn"]


def test_an_l1_secret_logs_in(stack: cdk.Stack) -> None:
    secret = secretsmanager.CfnSecret(stack, "Secret", name="ecr-pullthroughcache/hub")
    ours.PullThroughCache(stack, "Cache", upstream=ours.Upstream.docker_hub(secret))

    [rule] = resources(stack, "AWS::ECR::PullThroughCacheRule")
    assert {"Ref": "Secret"} == rule["Properties"]["CredentialArn"]


def test_regions_of_every_partition_are_imported(stack: cdk.Stack) -> None:
    for index, (partition, region) in enumerate(
        {
            "aws": "eu-central-1",
            "aws-cn": "cn-north-1",
            "aws-us-gov": "us-gov-west-1",
            "aws-iso": "us-iso-east-1",
            "aws-eusc": "eusc-de-east-1",
        }.items()
    ):
        arn = f"arn:{partition}:ecr:{region}:{ACCOUNT}:repository/shop/web"
        imported = ours.Repository.from_repository_arn(stack, f"R{index}", arn)
        assert "shop/web" == imported.repository_name
