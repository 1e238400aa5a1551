"""Repository: its defaults, what each keyword renders, its lifecycle policy and its access."""

import traceback
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from ecr_constructs import Encryption, LifecyclePolicy, LifecycleRule, Repository, TagMutability
from ecr_constructs.model.validation import ValidationError
from tests.support.constructs import (
    ACCOUNT,
    ENV,
    ORGANIZATION,
    OTHER_ACCOUNT,
    PULL,
    PULL_PUSH,
    THIRD_ACCOUNT,
    allow,
    children,
    exclusions,
    lifecycle_of,
    properties_of,
    repository_of,
    root,
    statements_of,
    template,
    within,
)
from tests.support.errors import rejects

REST = LifecycleRule.expire(after_days=90)
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
RETAINED = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
DESTROYED = {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"}


def encrypted(encryption_type: str, key: str | None = None) -> dict[str, Any]:
    """Return an encryption property as CloudFormation spells it."""
    key_property = {} if key is None else {"KmsKey": key}
    return {"EncryptionConfiguration": {"EncryptionType": encryption_type, **key_property}}


KEYWORDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a name": ({"repository_name": "payments/api"}, {"RepositoryName": "payments/api"}),
    "a name CDK's own class rejects": ({"repository_name": "a--b"}, {"RepositoryName": "a--b"}),
    "no scan": ({"scan_on_push": False}, {"ImageScanningConfiguration": {"ScanOnPush": False}}),
    "immutable": ({"tag_mutability": TagMutability.immutable()}, {}),
    "mutable": ({"tag_mutability": TagMutability.mutable()}, {"ImageTagMutability": "MUTABLE"}),
    "immutable but": (
        {"tag_mutability": TagMutability.immutable(except_for=["latest", "cache-*"])},
        {"ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION", **exclusions("latest", "cache-*")},
    ),
    "mutable but": (
        {"tag_mutability": TagMutability.mutable(except_for=["v*"])},
        {"ImageTagMutability": "MUTABLE_WITH_EXCLUSION", **exclusions("v*")},
    ),
    "AES-256": ({"encryption": Encryption.aes256()}, {}),
    "an AWS managed key": ({"encryption": Encryption.aws_managed()}, encrypted("KMS")),
    "a key ARN": ({"encryption": Encryption.customer_managed(KEY)}, encrypted("KMS", KEY)),
    "tags": (
        {"tags": {"team": "payments", "cost-center": "7"}},
        {"Tags": [{"Key": "cost-center", "Value": "7"}, {"Key": "team", "Value": "payments"}]},
    ),
    "no tags": ({"tags": {}}, {}),
    # A policy without rules keeps every image: there is no lifecycle property.
    "no lifecycle": ({"lifecycle": LifecyclePolicy()}, {"LifecyclePolicy": None}),
    "a lifecycle": (
        {"lifecycle": LifecyclePolicy(REST)},
        {"LifecyclePolicy": {"LifecyclePolicyText": LifecyclePolicy(REST).to_json()}},
    ),
}


@pytest.mark.parametrize(("keywords", "changed"), KEYWORDS.values(), ids=KEYWORDS)
def test_keyword(stack: cdk.Stack, keywords: dict[str, Any], changed: dict[str, Any]) -> None:
    """A keyword changes the properties it speaks of and no other; None is not rendered."""
    Repository(stack, "Api", **keywords)

    expected = {**DEFAULTS, **changed}
    assert {key: value for key, value in expected.items() if value} == properties_of(stack)


def test_dual_layer_in_govcloud(app: cdk.App) -> None:
    """Dual-layer encryption renders where it exists."""
    env = cdk.Environment(account=ACCOUNT, region="us-gov-west-1")
    stack = cdk.Stack(app, "Gov", env=env)
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


REMOVALS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "retained": ({}, RETAINED),
    "destroyed": ({"removal_policy": cdk.RemovalPolicy.DESTROY}, DESTROYED),
    "retained even when its creation is rolled back": (
        {"removal_policy": cdk.RemovalPolicy.RETAIN},
        {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"},
    ),
    "emptied": (
        {"removal_policy": cdk.RemovalPolicy.DESTROY, "empty_on_delete": True},
        {**DESTROYED, "Properties": {**DEFAULTS, "EmptyOnDelete": True}},
    ),
}


@pytest.mark.parametrize(("keywords", "expected"), REMOVALS.values(), ids=REMOVALS)
def test_removal(stack: cdk.Stack, keywords: dict[str, Any], expected: dict[str, Any]) -> None:
    """A removal policy says what becomes of the repository, and changes no property."""
    Repository(stack, "Api", **keywords)

    assert {"Type": "AWS::ECR::Repository", "Properties": DEFAULTS, **expected} == (
        repository_of(stack)
    )


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


# --- errors -----------------------------------------------------------------------------------


def test_raises_in_the_callers_frame(stack: cdk.Stack) -> None:
    """The traceback begins at the caller's line and ends here: Node was never asked."""
    with pytest.raises(ValidationError) as caught:
        Repository(stack, "Api", repository_name="Payments")

    files = [frame.filename for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert __file__ == files[0]
    assert [] == [file for file in files if "jsii/_kernel" in file]


def test_an_unknown_region_is_not_judged(app: cdk.App) -> None:
    """In a stack without a Region nothing is known about the key's, so it passes."""
    stack = cdk.Stack(app, "Agnostic")
    far_key = KEY.replace("eu-central-1", "eu-west-1")
    Repository(stack, "Api", encryption=Encryption.customer_managed(far_key))

    assert ["Api"] == children(stack)


def test_a_statement_added_later_must_say_who(stack: cdk.Stack) -> None:
    """A statement without a principal is rejected whenever it comes."""
    repository = Repository(stack, "Api")

    with rejects("principals: statement-without-principal"):
        repository.add_to_resource_policy(iam.PolicyStatement(actions=["ecr:BatchGetImage"]))


# --- lifecycle --------------------------------------------------------------------------------

DEFAULT = LifecycleRule.expire_untagged(after_days=14)
UNTAGGED = LifecycleRule.expire_untagged(after_days=3)
RELEASES = LifecycleRule.keep_last(100, tag_patterns=["v*"])
ARCHIVED = LifecycleRule(
    tag_status="untagged",
    storage_class="archive",
    count_type="sinceImageTransitioned",
    count_number=90,
)


ADDITIONS: dict[str, tuple[list[LifecycleRule] | None, list[LifecycleRule], list[LifecycleRule]]]
ADDITIONS = {
    "nothing": (None, [], [DEFAULT]),
    "one to the default": (None, [RELEASES], [DEFAULT, RELEASES]),
    "two to the default": (None, [RELEASES, REST], [DEFAULT, RELEASES, REST]),
    "untagged takes the default's place": (None, [UNTAGGED], [UNTAGGED]),
    "untagged before others": (None, [UNTAGGED, RELEASES], [UNTAGGED, RELEASES]),
    # A rule for archived images is about another storage class.
    "archived does not take the default's place": (None, [ARCHIVED], [DEFAULT, ARCHIVED]),
    "any stays last": ([REST], [RELEASES], [RELEASES, REST]),
    "any stays last of three": ([REST, RELEASES], [UNTAGGED], [RELEASES, UNTAGGED, REST]),
    "to an empty policy": ([], [UNTAGGED], [UNTAGGED]),
}


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "one by one"])
@pytest.mark.parametrize(("given", "added", "expected"), ADDITIONS.values(), ids=ADDITIONS)
def test_adds_rules(
    stack: cdk.Stack,
    given: list[LifecycleRule] | None,
    added: list[LifecycleRule],
    expected: list[LifecycleRule],
    *,
    at_once: bool,
) -> None:
    """Added rules follow those that are there, whether they come together or one by one."""
    lifecycle = None if given is None else LifecyclePolicy(*given)
    repository = Repository(stack, "Api", lifecycle=lifecycle)
    for rules in [added] if at_once else [[rule] for rule in added]:
        repository.add_lifecycle_rule(*rules)

    assert LifecyclePolicy(*expected).to_dict()["rules"] == lifecycle_of(stack)


def test_a_late_rule_for_untagged_images_takes_the_defaults_place(stack: cdk.Stack) -> None:
    """The default rule makes way whenever a rule for untagged images comes."""
    repository = Repository(stack, "Api")
    repository.add_lifecycle_rule(RELEASES)
    repository.add_lifecycle_rule(UNTAGGED)

    assert LifecyclePolicy(RELEASES, UNTAGGED).to_dict()["rules"] == lifecycle_of(stack)


@pytest.mark.parametrize("rule", [UNTAGGED, DEFAULT], ids=["another", "the default"])
def test_a_rejected_rule_changes_nothing(stack: cdk.Stack, rule: LifecycleRule) -> None:
    """A policy that was given stays, even if it is equal to the default, as compact text."""
    policy = LifecyclePolicy(rule, RELEASES, REST)
    repository = Repository(stack, "Api", lifecycle=policy)

    with rejects("rules: untagged-duplicate"):
        repository.add_lifecycle_rule(UNTAGGED)
    assert {"LifecyclePolicyText": policy.to_json()} == properties_of(stack)["LifecyclePolicy"]


# --- policy -----------------------------------------------------------------------------------

ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/deployer"
UNIT = f"{ORGANIZATION}/r-ab12/ou-ab12-11111111/*"


def describing(account: str, **more: Any) -> iam.PolicyStatement:
    """Return a statement that lets an account describe images."""
    return iam.PolicyStatement(
        actions=["ecr:DescribeImages"], principals=[iam.AccountPrincipal(account)], **more
    )


WITHIN = allow(PULL, AWS="*", condition=within(ORGANIZATION))
BELOW = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": UNIT}}
OTHER, THIRD = root(OTHER_ACCOUNT), root(THIRD_ACCOUNT)
DESCRIBING = ["ecr:DescribeImages"]
DESCRIBE = allow(DESCRIBING[0], AWS=THIRD)
EVERYTHING: dict[str, Any] = {
    "pull_organizations": [ORGANIZATION],
    "pull_accounts": [OTHER_ACCOUNT],
    "push_accounts": [THIRD_ACCOUNT],
}
ACCESS: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "an account may pull": ({"pull_accounts": [OTHER_ACCOUNT]}, [allow(PULL, AWS=OTHER)]),
    "an account may push": ({"push_accounts": [OTHER_ACCOUNT]}, [allow(PULL_PUSH, AWS=OTHER)]),
    "a role may pull": ({"pull_principals": [ROLE]}, [allow(PULL, AWS=ROLE)]),
    "a role may push": ({"push_principals": [ROLE]}, [allow(PULL_PUSH, AWS=ROLE)]),
    "an organization may pull": ({"pull_organizations": [ORGANIZATION]}, [WITHIN]),
    "an organizational unit may pull": (
        {"pull_organizational_units": [UNIT]},
        [allow(PULL, AWS="*", condition=BELOW)],
    ),
    # The order of a list means nothing, nor does a repetition.
    "accounts may pull": (
        {"pull_accounts": [THIRD_ACCOUNT, OTHER_ACCOUNT, THIRD_ACCOUNT]},
        [allow(PULL, AWS=[OTHER, THIRD])],
    ),
    # Statements of the caller's own follow those that the keywords make.
    "a statement": (
        {
            "pull_accounts": [OTHER_ACCOUNT],
            "policy_statements": [describing(THIRD_ACCOUNT, sid="Describe")],
        },
        [allow(PULL, AWS=OTHER), {**DESCRIBE, "Sid": "Describe"}],
    ),
    "everything": (EVERYTHING, [WITHIN, allow(PULL, AWS=OTHER), allow(PULL_PUSH, AWS=THIRD)]),
}


@pytest.mark.parametrize(("keywords", "statements"), ACCESS.values(), ids=ACCESS)
def test_access(
    stack: cdk.Stack, keywords: dict[str, Any], statements: list[dict[str, Any]]
) -> None:
    """Access for others becomes one statement for each kind."""
    Repository(stack, "Api", **keywords)

    assert {"Version": "2012-10-17", "Statement": statements} == (
        properties_of(stack)["RepositoryPolicyText"]
    )


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("us-gov-west-1", "aws-us-gov"),
        ("cn-north-1", "aws-cn"),
        # Where the Region is not known, CloudFormation fills in the partition.
        (None, {"Ref": "AWS::Partition"}),
    ],
)
def test_accounts_are_of_the_stacks_partition(
    app: cdk.App, region: str | None, partition: Any
) -> None:
    """The ARN of an account carries the partition of the repository's Region."""
    env = cdk.Environment(account=ACCOUNT, region=region) if region else None
    stack = cdk.Stack(app, "Far", env=env)
    Repository(stack, "Api", pull_accounts=[OTHER_ACCOUNT])

    arn: Any = {"Fn::Join": ["", ["arn:", partition, f":iam::{OTHER_ACCOUNT}:root"]]}
    assert [allow(PULL, AWS=root(OTHER_ACCOUNT, partition) if region else arn)] == (
        statements_of(stack)
    )


# Access that the keywords give, a later grant to a third account, and the statements.
LATER: dict[str, tuple[dict[str, Any], list[str], list[dict[str, Any]]]] = {
    "behind what stands there": (EVERYTHING, DESCRIBING, [*ACCESS["everything"][1], DESCRIBE]),
    "of the same joins": (
        *({"pull_accounts": [OTHER_ACCOUNT]}, PULL),
        [allow(PULL, AWS=[OTHER, THIRD])],
    ),
    # An account that is named twice keeps its statement.
    "beside a pusher that pulls": (
        *({"pull_accounts": [OTHER_ACCOUNT], "push_accounts": [OTHER_ACCOUNT]}, DESCRIBING),
        [allow(PULL_PUSH, AWS=OTHER), DESCRIBE],
    ),
}


@pytest.mark.parametrize(("keywords", "actions", "statements"), LATER.values(), ids=LATER)
def test_a_later_grant_leaves_the_earlier_statements_as_they_are(
    stack: cdk.Stack, keywords: dict[str, Any], actions: list[str], statements: list[dict[str, Any]]
) -> None:
    """It is added behind them, or joins the statement of the same actions."""
    repository = Repository(stack, "Api", **keywords)
    repository.grant(iam.AccountPrincipal(THIRD_ACCOUNT), *actions)

    assert statements == statements_of(stack)


INVALID: dict[str, dict[str, Any]] = {
    "resources: statement-with-resource": {"resources": ["*"]},
    "actions: statement-without-action": {"actions": []},
    "principals: statement-without-principal": {"principals": []},
}


@pytest.mark.parametrize(("code", "changes"), INVALID.items(), ids=INVALID)
def test_rejects_a_statement_that_ecr_rejects(
    stack: cdk.Stack, code: str, changes: dict[str, Any]
) -> None:
    """Every fault raises where the statement is added, and nothing of it is rendered."""
    parts = {"actions": DESCRIBING, "principals": [iam.AccountPrincipal(OTHER_ACCOUNT)]}
    repository = Repository(stack, "Api")
    with rejects(code):
        repository.add_to_resource_policy(iam.PolicyStatement(**{**parts, **changes}))

    assert "RepositoryPolicyText" not in properties_of(stack)


def test_a_grant_can_be_waited_for(stack: cdk.Stack) -> None:
    """What needs the grant can depend on it, which fails with CDK's own repository."""
    later = cdk.CfnResource(stack, "Later", type="AWS::SNS::Topic")
    repository = Repository(stack, "Api")
    repository.grant_pull(iam.AccountPrincipal(OTHER_ACCOUNT)).apply_before(later)

    assert ["ApiF70053CD"] == template(stack)["Resources"]["Later"]["DependsOn"]
