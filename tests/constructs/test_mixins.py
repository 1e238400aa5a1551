"""Mixins change the repositories of other people's code."""

from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms

from ecr_constructs import (
    EncryptWithKey,
    MakeTagsImmutable,
    PublicRepository,
    Repository,
    Retain,
    ScanOnPush,
    TagMutability,
)
from tests.support.constructs import (
    ACCOUNT,
    REGION,
    new_app,
    properties_of,
    rejects_value,
    repository_of,
    resources,
)
from tests.support.third_party import Service, everywhere, properties, repositories

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11112222-3333-4444-5555-666677778888"
SCANNED = {"ImageScanningConfiguration": {"ScanOnPush": True}}
ENCRYPTED = {"EncryptionConfiguration": {"EncryptionType": "KMS", "KmsKey": KEY}}
IMMUTABLE = {"ImageTagMutability": "IMMUTABLE"}


@pytest.mark.parametrize(
    ("mixin", "expected"),
    [
        pytest.param(MakeTagsImmutable, IMMUTABLE, id="immutable"),
        pytest.param(ScanOnPush, SCANNED, id="scanned"),
        pytest.param(lambda: EncryptWithKey(KEY), ENCRYPTED, id="encrypted"),
    ],
)
def test_a_mixin_reaches_every_repository(
    app: cdk.App, mixin: type[cdk.Mixin], expected: dict[str, object]
) -> None:
    """Those of stacks, nested stacks and stages have what the mixin says, and nothing more."""
    everywhere(app)
    cdk.Mixins.of(app).apply(mixin())

    assert expected == properties(app)


@pytest.mark.parametrize(
    ("mixin", "expected"),
    [
        pytest.param(MakeTagsImmutable, IMMUTABLE, id="immutable"),
        pytest.param(ScanOnPush, SCANNED, id="scanned"),
        pytest.param(lambda: EncryptWithKey(KEY), ENCRYPTED, id="encrypted"),
    ],
)
def test_a_mixin_reaches_an_l1(
    stack: cdk.Stack, mixin: type[cdk.Mixin], expected: dict[str, object]
) -> None:
    """An L1 is changed like the one inside an L2."""
    ecr.CfnRepository(stack, "Raw", repository_name="payments/api")
    cdk.Mixins.of(stack).apply(mixin())

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

    rendered = [resource.get("Properties") for resource in resources(stack, "AWS::ECR::Repository")]
    assert [SCANNED, None] == rendered


def test_what_comes_later_is_not_changed(stack: cdk.Stack) -> None:
    """A mixin changes what is there when it is applied."""
    cdk.Mixins.of(stack).apply(ScanOnPush())
    ecr.Repository(stack, "Late")

    assert "Properties" not in repository_of(stack)


def test_exceptions_of_a_repository_go(app: cdk.App) -> None:
    """A mixin applies what it says: no tag may move, whatever the repository excepted."""
    everywhere(
        app,
        image_tag_mutability=ecr.TagMutability.IMMUTABLE_WITH_EXCLUSION,
        image_tag_mutability_exclusion_filters=[
            ecr.ImageTagMutabilityExclusionFilter.wildcard("latest")
        ],
    )
    cdk.Mixins.of(app).apply(MakeTagsImmutable())

    assert IMMUTABLE == properties(app)


def test_tags_may_be_excepted(app: cdk.App) -> None:
    """The mixin has the exceptions that `TagMutability.immutable` has."""
    everywhere(app)
    cdk.Mixins.of(app).apply(MakeTagsImmutable(except_for=["latest"]))

    assert properties(app) == {
        "ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "ImageTagMutabilityExclusionFilters": [
            {
                "ImageTagMutabilityExclusionFilterType": "WILDCARD",
                "ImageTagMutabilityExclusionFilterValue": "latest",
            }
        ],
    }


def test_a_filter_that_ecr_rejects_raises() -> None:
    """A mixin judges what it is given where it is written."""
    with rejects_value("'*-*-*'"):
        MakeTagsImmutable(except_for=["*-*-*"])


def test_what_is_stated_may_be_kept(app: cdk.App) -> None:
    """With ``only_if_unset`` a repository keeps what its own code says."""
    everywhere(
        app,
        image_tag_mutability=ecr.TagMutability.MUTABLE,
        image_scan_on_push=False,
        encryption=ecr.RepositoryEncryption.KMS,
    )
    cdk.Mixins.of(app).apply(
        MakeTagsImmutable(only_if_unset=True),
        ScanOnPush(only_if_unset=True),
        EncryptWithKey(KEY, only_if_unset=True),
    )

    assert properties(app) == {
        "EncryptionConfiguration": {"EncryptionType": "KMS"},
        "ImageScanningConfiguration": {"ScanOnPush": False},
        "ImageTagMutability": "MUTABLE",
    }


def test_what_is_not_stated_is_set(app: cdk.App) -> None:
    """With ``only_if_unset`` a repository that says nothing is changed."""
    everywhere(app)
    cdk.Mixins.of(app).apply(
        MakeTagsImmutable(only_if_unset=True),
        ScanOnPush(only_if_unset=True),
        EncryptWithKey(KEY, only_if_unset=True),
    )

    assert {**ENCRYPTED, **IMMUTABLE, **SCANNED} == properties(app)


def test_a_repository_is_retained(app: cdk.App) -> None:
    """Neither a deletion nor a replacement takes the images along."""
    everywhere(app, removal_policy=cdk.RemovalPolicy.DESTROY, empty_on_delete=True)
    cdk.Mixins.of(app).apply(Retain())

    retained = {
        "Type": "AWS::ECR::Repository",
        "UpdateReplacePolicy": "Retain",
        "DeletionPolicy": "Retain",
    }
    assert [retained] * 3 == repositories(app)


def test_an_l1_is_retained(stack: cdk.Stack) -> None:
    """An L1 has no removal policy of its own: CloudFormation would delete it."""
    ecr.CfnRepository(stack, "Raw", empty_on_delete=True)
    cdk.Mixins.of(stack).apply(Retain())

    repository = repository_of(stack)
    assert ("Retain", "Retain") == (repository["DeletionPolicy"], repository["UpdateReplacePolicy"])
    assert "Properties" not in repository


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


def test_an_alias_is_no_key() -> None:
    """An alias would replace the repository at each deployment."""
    with rejects_value("alias/ecr/prod"):
        EncryptWithKey("alias/ecr/prod")


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

    rendered = properties_of(stack)
    assert ("IMMUTABLE", {"ScanOnPush": True}) == (
        rendered["ImageTagMutability"],
        rendered["ImageScanningConfiguration"],
    )


def test_an_escape_hatch_outlives_a_mixin(tmp_path: Path) -> None:
    """What is stated through ``add_property_override`` comes after the mixin."""
    stack = cdk.Stack(new_app(tmp_path), "Stack")
    raw = ecr.CfnRepository(stack, "Raw")
    raw.add_property_override("ImageTagMutability", "MUTABLE")
    cdk.Mixins.of(stack).apply(MakeTagsImmutable())

    assert {"ImageTagMutability": "MUTABLE"} == properties_of(stack)
