"""`RepositoryDefaults` gives the repositories of other people's code the defaults of ours."""

from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr

from ecr_constructs import LifecyclePolicy, LifecycleRule, Repository, RepositoryDefaults
from tests.support.constructs import CONTEXT, ENV, properties_of, rejects_value, repository_of
from tests.support.third_party import Service, everywhere, properties, repositories


@pytest.fixture
def app(tmp_path: Path) -> cdk.App:
    """An app whose repositories have our defaults."""
    return cdk.App(
        analytics_reporting=False,
        context=CONTEXT,
        outdir=str(tmp_path / "cdk.out"),
        property_injectors=[RepositoryDefaults()],
    )


def test_every_repository_has_our_defaults(app: cdk.App) -> None:
    """Those of stacks, nested stacks and stages are what a bare `Repository` is."""
    everywhere(app)
    Repository(cdk.Stack(app, "Ours"), "Api")

    first, *others = repositories(app)
    assert [first] * 3 == others


def test_what_a_repository_states_stays(app: cdk.App) -> None:
    """Each default makes way for what the repository's own code says."""
    everywhere(
        app,
        image_tag_mutability=ecr.TagMutability.MUTABLE,
        image_scan_on_push=False,
        removal_policy=cdk.RemovalPolicy.DESTROY,
        lifecycle_rules=[ecr.LifecycleRule(max_image_count=100)],
    )

    repository, *_ = repositories(app)
    assert "Delete" == repository["DeletionPolicy"]
    assert properties(app) == {
        "ImageScanningConfiguration": {"ScanOnPush": False},
        "ImageTagMutability": "MUTABLE",
        "LifecyclePolicy": {"LifecyclePolicyText": LifecyclePolicy(LifecycleRule.keep_last(100))},
    }


def test_a_repository_may_say_the_other_half(app: cdk.App) -> None:
    """What a repository leaves out is filled in next to what it says."""
    stack = cdk.Stack(app, "Stack")
    Service(stack, "Service", repository_name="payments/api", image_scan_on_push=None)

    rendered = properties_of(stack)
    assert ("payments/api", {"ScanOnPush": True}) == (
        rendered["RepositoryName"],
        rendered["ImageScanningConfiguration"],
    )


def test_untagged_images_may_stay(tmp_path: Path) -> None:
    """Without a number of days no lifecycle policy is rendered."""
    app = cdk.App(
        outdir=str(tmp_path),
        property_injectors=[RepositoryDefaults(expire_untagged_after_days=None)],
    )
    everywhere(app)

    assert "LifecyclePolicy" not in properties(app)


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


def test_neither_an_l1_nor_ours_is_changed(app: cdk.App) -> None:
    """CDK passes them by."""
    stack = cdk.Stack(app, "Stack", env=ENV)
    ecr.CfnRepository(stack, "Raw")

    assert {"Type": "AWS::ECR::Repository"} == repository_of(stack)


def test_less_than_a_day_is_rejected() -> None:
    """What ECR would reject raises where it is written."""
    with rejects_value("0"):
        RepositoryDefaults(expire_untagged_after_days=0)
