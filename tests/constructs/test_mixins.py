"""Mixins change the repositories of other code, and `RepositoryDefaults` defines them so."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms

from ecr_constructs import (
    EncryptWithKey,
    ExpireUntagged,
    LifecyclePolicy,
    LifecycleRule,
    MakeTagsImmutable,
    PublicRepository,
    Repository,
    RepositoryDefaults,
    Retain,
    ScanOnPush,
    TagMutability,
)
from tests.support.constructs import (
    ACCOUNT,
    CONTEXT,
    ENV,
    REGION,
    REPOSITORY,
    exclusions,
    lifecycle_of,
    number_parameter,
    parameter,
    properties_of,
    repository_of,
    resources,
    template,
    warnings_of,
)
from tests.support.errors import rejects
from tests.support.third_party import Service, everywhere, properties, repositories

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11112222-3333-4444-5555-666677778888"
SCANNED = {"ImageScanningConfiguration": {"ScanOnPush": True}}
ENCRYPTED = {"EncryptionConfiguration": {"EncryptionType": "KMS", "KmsKey": KEY}}
IMMUTABLE = {"ImageTagMutability": "IMMUTABLE"}
RETAINED = {
    "Type": REPOSITORY,
    "UpdateReplacePolicy": "Retain",
    "DeletionPolicy": "RetainExceptOnCreate",
}
UNLESS_SET: list[cdk.Mixin] = [
    MakeTagsImmutable(only_if_unset=True),
    ScanOnPush(only_if_unset=True),
    EncryptWithKey(KEY, only_if_unset=True),
]
KEEP = LifecycleRule.keep_last(100)
EXPIRE = LifecycleRule.expire_untagged(after_days=7)
EXPIRE_LATE = LifecycleRule.expire_untagged(after_days=90)
PROTECT = LifecycleRule.protect("v*")
PULLS = LifecycleRule.keep_last(5, tag_prefixes=["pr-"])
# About another storage class.
ARCHIVED = LifecycleRule(
    tag_status="untagged",
    storage_class="archive",
    count_type="sinceImageTransitioned",
    count_number=365,
)


def expiring(*rules: LifecycleRule) -> dict[str, Any]:
    """Return the lifecycle property as `tests.support.third_party` parses it."""
    return {"LifecyclePolicy": {"LifecyclePolicyText": LifecyclePolicy(*rules)}}


# Properties of a repository of CDK's own class, mixins, and the properties that are rendered.
APPLIED: dict[str, tuple[dict[str, Any], list[cdk.Mixin], dict[str, Any]]] = {
    "immutable": ({}, [MakeTagsImmutable()], IMMUTABLE),
    "scanned": ({}, [ScanOnPush()], SCANNED),
    "encrypted": ({}, [EncryptWithKey(KEY)], ENCRYPTED),
    "expired": ({}, [ExpireUntagged(after_days=7)], expiring(EXPIRE)),
    "expired twice": (
        {},
        [ExpireUntagged(after_days=7), ExpireUntagged(after_days=1)],
        expiring(EXPIRE),
    ),
    "exceptions of the mixin": (
        {},
        [MakeTagsImmutable(except_for=["latest"])],
        {"ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION", **exclusions("latest")},
    ),
    "exceptions of the repository": (
        {
            "image_tag_mutability": ecr.TagMutability.IMMUTABLE_WITH_EXCLUSION,
            "image_tag_mutability_exclusion_filters": [
                ecr.ImageTagMutabilityExclusionFilter.wildcard("latest")
            ],
        },
        [MakeTagsImmutable()],
        IMMUTABLE,
    ),
    "what is stated, kept": (
        {
            "image_tag_mutability": ecr.TagMutability.MUTABLE,
            "image_scan_on_push": False,
            "encryption": ecr.RepositoryEncryption.KMS,
        },
        UNLESS_SET,
        {
            "EncryptionConfiguration": {"EncryptionType": "KMS"},
            "ImageScanningConfiguration": {"ScanOnPush": False},
            "ImageTagMutability": "MUTABLE",
        },
    ),
    "what is not stated, set": ({}, UNLESS_SET, {**ENCRYPTED, **IMMUTABLE, **SCANNED}),
}


@pytest.mark.parametrize(("stated", "mixins", "expected"), APPLIED.values(), ids=APPLIED)
def test_mixins_reach_every_repository(
    app: cdk.App, stated: dict[str, Any], mixins: list[cdk.Mixin], expected: dict[str, Any]
) -> None:
    """Those of stacks, nested stacks and stages have what the mixin says, and nothing more."""
    everywhere(app, **stated)
    cdk.Mixins.of(app).apply(*mixins)

    assert expected == properties(app)


@pytest.mark.parametrize("name", ["immutable", "scanned", "encrypted"])
def test_a_mixin_reaches_an_l1(stack: cdk.Stack, name: str) -> None:
    """An L1 is changed like the one inside an L2."""
    _, mixins, expected = APPLIED[name]
    ecr.CfnRepository(stack, "Raw", repository_name="payments/api")
    cdk.Mixins.of(stack).apply(*mixins)

    assert {"RepositoryName": "payments/api", **expected} == properties_of(stack)


def test_a_mixin_leaves_other_resources(stack: cdk.Stack) -> None:
    """What is no private repository is passed by."""
    PublicRepository(cdk.Stack(stack, "Public", env={"region": "us-east-1"}), "Tools")
    kms.Key(stack, "Key")
    before = stack.node.find_all()
    applied = cdk.Mixins.of(stack).apply(MakeTagsImmutable(), ScanOnPush(), Retain())

    assert [] == applied.report
    assert len(before) == len(stack.node.find_all())


def test_a_selector_narrows_a_mixin(stack: cdk.Stack) -> None:
    """CDK's selectors say which repositories are meant."""
    ecr.Repository(stack, "Web")
    ecr.Repository(stack, "Sandbox")
    selector = cdk.ConstructSelector.by_path("*/Web/**")
    cdk.Mixins.of(stack, selector).apply(ScanOnPush())

    rendered = [resource.get("Properties") for resource in resources(stack, REPOSITORY)]
    assert [SCANNED, None] == rendered


def test_what_comes_later_is_not_changed(stack: cdk.Stack) -> None:
    """A mixin changes what is there when it is applied."""
    cdk.Mixins.of(stack).apply(ScanOnPush())
    ecr.Repository(stack, "Late")

    assert "Properties" not in repository_of(stack)


def test_a_repository_is_retained(app: cdk.App) -> None:
    """Neither a deletion nor a replacement takes the images along."""
    everywhere(app, removal_policy=cdk.RemovalPolicy.DESTROY, empty_on_delete=True)
    cdk.Mixins.of(app).apply(Retain())

    assert [RETAINED] * 3 == repositories(app)


def test_an_l1_is_retained(stack: cdk.Stack) -> None:
    """An L1 has no removal policy of its own: CloudFormation would delete it."""
    ecr.CfnRepository(stack, "Raw", empty_on_delete=True)
    cdk.Mixins.of(stack).apply(Retain())

    assert repository_of(stack) == RETAINED


@pytest.mark.filterwarnings("ignore")  # auto_delete_images is deprecated, and in use
def test_a_function_may_not_empty_what_is_retained(stack: cdk.Stack) -> None:
    """CDK's function for ``auto_delete_images`` empties only what has its tag."""
    ecr.Repository(stack, "Web", auto_delete_images=True, removal_policy=cdk.RemovalPolicy.DESTROY)
    cdk.Mixins.of(stack).apply(Retain())

    assert "Tags" not in repository_of(stack).get("Properties", {})


def test_a_key_of_the_app_encrypts(stack: cdk.Stack) -> None:
    """A key that the app defines is referred to by its ARN."""
    Service(stack, "Service")
    key = kms.Key(stack, "Key")
    cdk.Mixins.of(stack).apply(EncryptWithKey(key))

    rendered = properties_of(stack)["EncryptionConfiguration"]["KmsKey"]["Fn::GetAtt"]
    assert stack.get_logical_id(key.node.default_child) == rendered[0]  # type: ignore[arg-type]


def test_a_key_of_an_unknown_region_encrypts(app: cdk.App) -> None:
    """Where the key's Region is known only at deploy time, it cannot be judged."""
    stack = cdk.Stack(app, "Agnostic")
    ecr.CfnRepository(stack, "Raw")
    cdk.Mixins.of(stack).apply(EncryptWithKey(kms.Key(stack, "Key")))

    assert "KMS" == properties_of(stack)["EncryptionConfiguration"]["EncryptionType"]


def test_rejects_what_ecr_rejects() -> None:
    """A mixin raises where it is written."""
    with rejects("encryption-key-is-alias"):
        EncryptWithKey("alias/ecr/prod")
    with rejects("except_for[0]: mutability-filter-wildcards"):
        MakeTagsImmutable(except_for=["*-*-*"])
    with rejects("selection.countNumber: number-too-small"):
        ExpireUntagged(after_days=0)
    with rejects("selection.countNumber: number-too-small"):
        RepositoryDefaults(expire_untagged_after_days=0)


def test_a_key_of_another_region_raises(app: cdk.App) -> None:
    """CDK passes the error of a mixin on as a RuntimeError."""
    stack = cdk.Stack(app, "Far", env=cdk.Environment(account=ACCOUNT, region="us-east-1"))
    ecr.Repository(stack, "Web")

    with pytest.raises(RuntimeError, match="us-east-1"):
        cdk.Mixins.of(app).apply(EncryptWithKey(KEY))


def test_a_repository_of_ours_takes_mixins(stack: cdk.Stack) -> None:
    """`Repository` is changed like any other."""
    Repository(stack, "Api", tag_mutability=TagMutability.mutable(), scan_on_push=False)
    cdk.Mixins.of(stack).apply(MakeTagsImmutable(), ScanOnPush())

    assert {**IMMUTABLE, **SCANNED}.items() <= properties_of(stack).items()


def test_an_escape_hatch_outlives_a_mixin(stack: cdk.Stack) -> None:
    """What is stated through ``add_property_override`` comes after the mixin."""
    raw = ecr.CfnRepository(stack, "Raw")
    raw.add_property_override("ImageTagMutability", "MUTABLE")
    cdk.Mixins.of(stack).apply(MakeTagsImmutable())

    assert {"ImageTagMutability": "MUTABLE"} == properties_of(stack)


# --- lifecycle policies -----------------------------------------------------------------------


def raw(stack: cdk.Stack, text: str) -> ecr.CfnRepository:
    """Define an L1 with a lifecycle policy."""
    policy = ecr.CfnRepository.LifecyclePolicyProperty(lifecycle_policy_text=text)
    return ecr.CfnRepository(stack, "Raw", lifecycle_policy=policy)


def rules(*of: LifecycleRule) -> list[dict[str, Any]]:
    """Return rules as they are rendered."""
    result: list[dict[str, Any]] = LifecyclePolicy(*of).to_dict()["rules"]
    return result


# The rules of an L1, and what they become.
EXPIRED: dict[str, tuple[list[LifecycleRule], list[LifecycleRule]]] = {
    # A rule for any image must be the last one, so the others are numbered anew.
    "rules stay": ([PROTECT, KEEP], [PROTECT, EXPIRE, KEEP]),
    # ECR accepts one.
    "a rule for untagged images stays": ([EXPIRE_LATE], [EXPIRE_LATE]),
    "archived images are another matter": ([ARCHIVED], [ARCHIVED, EXPIRE]),
}


@pytest.mark.parametrize(("before", "after"), EXPIRED.values(), ids=EXPIRED)
def test_a_rule_joins_the_policy(
    stack: cdk.Stack, before: list[LifecycleRule], after: list[LifecycleRule]
) -> None:
    """The rules that are there stay, whatever white space the text has."""
    raw(stack, json.dumps(LifecyclePolicy(*before).to_dict(), indent=2))
    cdk.Mixins.of(stack).apply(ExpireUntagged(after_days=7))

    assert rules(*after) == lifecycle_of(stack)


def test_a_repository_without_policy_has_one(stack: cdk.Stack) -> None:
    """The rule is the policy."""
    ecr.CfnRepository(stack, "Raw")
    cdk.Mixins.of(stack).apply(ExpireUntagged(after_days=7))

    assert rules(EXPIRE) == lifecycle_of(stack)


LATER: dict[str, tuple[dict[str, Any], dict[str, Any], list[LifecycleRule]]] = {
    "another rule": (
        {"lifecycle_rules": [ecr.LifecycleRule(max_image_count=100)]},
        {"tag_prefix_list": ["pr-"], "max_image_count": 5},
        [PULLS, EXPIRE, KEEP],
    ),
    "a rule for untagged images": (
        {},
        {"tag_status": ecr.TagStatus.UNTAGGED, "max_image_age": cdk.Duration.days(90)},
        [EXPIRE_LATE],
    ),
}


@pytest.mark.parametrize(("stated", "later", "expected"), LATER.values(), ids=LATER)
def test_rules_that_are_added_later_stay(
    app: cdk.App, stated: dict[str, Any], later: dict[str, Any], expected: list[LifecycleRule]
) -> None:
    """An L2 renders its rules at synthesis, those that come after the mixin too."""
    everywhere(app, **stated)
    cdk.Mixins.of(app).apply(ExpireUntagged(after_days=7))
    for item in app.node.find_all():
        if isinstance(item, ecr.Repository):
            item.add_lifecycle_rule(**later)

    assert expiring(*expected) == properties(app)


def test_a_policy_keeps_its_registry(stack: cdk.Stack) -> None:
    """What else the lifecycle property holds is rendered as before."""
    kept = ecr.LifecycleRule(max_image_count=100)
    ecr.Repository(stack, "Web", lifecycle_registry_id=ACCOUNT, lifecycle_rules=[kept])
    cdk.Mixins.of(stack).apply(ExpireUntagged(after_days=7))

    assert rules(EXPIRE, KEEP) == lifecycle_of(stack)
    assert ACCOUNT == properties_of(stack)["LifecyclePolicy"]["RegistryId"]


FULL = [LifecycleRule.protect(f"v{number}") for number in range(50)]


@pytest.mark.parametrize(
    "text",
    ['{"rules":[', '{"rules":[{"rulePriority":0}]}', LifecyclePolicy(*FULL).to_json()],
    ids=["no JSON", "no policy", "full"],
)
def test_a_policy_that_takes_no_rule_is_left(stack: cdk.Stack, text: str) -> None:
    """It stays as it is, and the repository's stack is warned."""
    raw(stack, text)
    cdk.Mixins.of(stack).apply(ExpireUntagged(after_days=7))

    assert text == properties_of(stack)["LifecyclePolicy"]["LifecyclePolicyText"]
    assert ["ecr-constructs:lifecycleUnread"] == warnings_of(stack)


def test_a_policy_of_deploy_time_is_left(stack: cdk.Stack) -> None:
    """A text, a whole property or a number that is known only then cannot be added to."""
    raw(stack, parameter(stack))
    either = cdk.Fn.condition_if("Never", cdk.Aws.NO_VALUE, cdk.Aws.NO_VALUE)
    ecr.CfnRepository(stack, "Conditional", lifecycle_policy=either)
    cdk.CfnCondition(stack, "Never", expression=cdk.Fn.condition_equals("a", "b"))
    rule = ecr.LifecycleRule(max_image_count=number_parameter(stack))
    ecr.Repository(stack, "Web", lifecycle_rules=[rule])
    cdk.Mixins.of(stack).apply(ExpireUntagged(after_days=7))

    rendered = template(stack)["Resources"]
    assert [
        {"LifecyclePolicyText": {"Ref": "Text"}},
        {"Fn::If": ["Never", {"Ref": "AWS::NoValue"}, {"Ref": "AWS::NoValue"}]},
    ] == [rendered[item]["Properties"]["LifecyclePolicy"] for item in ("Raw", "Conditional")]
    assert ["ecr-constructs:lifecycleUnread"] * 3 == warnings_of(stack)


def test_days_may_be_known_only_at_deploy_time(stack: cdk.Stack) -> None:
    """The rule takes a parameter, next to rules that are there."""
    raw(stack, LifecyclePolicy(KEEP).to_json())
    cdk.Mixins.of(stack).apply(ExpireUntagged(after_days=number_parameter(stack)))

    text = properties_of(stack)["LifecyclePolicy"]["LifecyclePolicyText"]
    assert {"Ref": "Number"} in text["Fn::Join"][1]


def test_a_repository_of_ours_keeps_both(stack: cdk.Stack) -> None:
    """`Repository` numbers its rules itself, those that are added later too."""
    repository = Repository(stack, "Api", lifecycle=LifecyclePolicy(KEEP))
    cdk.Mixins.of(stack).apply(ExpireUntagged(after_days=7))
    repository.add_lifecycle_rule(PULLS)

    assert rules(EXPIRE, PULLS, KEEP) == lifecycle_of(stack)


# --- defaults ---------------------------------------------------------------------------------


def default_app(folder: Path, **settings: Any) -> cdk.App:
    """Return an app whose repositories have our defaults."""
    return cdk.App(
        analytics_reporting=False,
        context=CONTEXT,
        outdir=str(folder / "cdk.out"),
        property_injectors=[RepositoryDefaults(**settings)],
    )


DEFAULTS = {**IMMUTABLE, **SCANNED, **expiring(LifecycleRule.expire_untagged(after_days=14))}
# Settings of the defaults, what a repository states, and what it renders.
STATED: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "nothing": ({}, {}, DEFAULTS),
    "untagged images stay": ({"expire_untagged_after_days": None}, {}, {**IMMUTABLE, **SCANNED}),
    "one property": (
        {},
        {"repository_name": "payments/api", "image_scan_on_push": None},
        {**DEFAULTS, "RepositoryName": "payments/api"},
    ),
    "everything": (
        {},
        {
            "image_tag_mutability": ecr.TagMutability.MUTABLE,
            "image_scan_on_push": False,
            "lifecycle_rules": [ecr.LifecycleRule(max_image_count=100)],
        },
        {
            "ImageScanningConfiguration": {"ScanOnPush": False},
            "ImageTagMutability": "MUTABLE",
            **expiring(KEEP),
        },
    ),
}


@pytest.mark.parametrize(("settings", "stated", "expected"), STATED.values(), ids=STATED)
def test_each_default_makes_way_for_what_a_repository_states(
    tmp_path: Path, settings: dict[str, Any], stated: dict[str, Any], expected: dict[str, Any]
) -> None:
    """What a repository leaves out is filled in next to what it says."""
    app = default_app(tmp_path, **settings)
    everywhere(app, **stated)

    assert expected == properties(app)


def test_every_repository_has_our_defaults(tmp_path: Path) -> None:
    """Those of stacks, nested stacks and stages are what a bare `Repository` is."""
    app = default_app(tmp_path)
    everywhere(app)
    Repository(cdk.Stack(app, "Ours"), "Api")

    first, *others = repositories(app)
    assert [first] * 3 == others


def test_a_removal_policy_stays(tmp_path: Path) -> None:
    """A repository that may be deleted is deleted."""
    app = default_app(tmp_path)
    everywhere(app, removal_policy=cdk.RemovalPolicy.DESTROY)

    assert {"Delete"} == {repository["DeletionPolicy"] for repository in repositories(app)}


def test_a_stack_may_have_defaults(tmp_path: Path) -> None:
    """A stack hands them to what is below it, and to nothing else."""
    app = cdk.App(outdir=str(tmp_path))
    defaults = RepositoryDefaults(expire_untagged_after_days=3)
    ecr.Repository(cdk.Stack(app, "With", property_injectors=[defaults]), "Web")
    ecr.Repository(cdk.Stack(app, "Without"), "Web")

    changed, unchanged = repositories(app)
    assert "Properties" not in unchanged
    text = changed["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"]
    assert LifecyclePolicy(LifecycleRule.expire_untagged(after_days=3)) == text


def test_an_l1_is_not_changed(tmp_path: Path) -> None:
    """CDK calls no injectors for it."""
    stack = cdk.Stack(default_app(tmp_path), "Stack", env=ENV)
    ecr.CfnRepository(stack, "Raw")

    assert {"Type": "AWS::ECR::Repository"} == repository_of(stack)
