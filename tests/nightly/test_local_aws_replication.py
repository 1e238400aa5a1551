"""Replication in the embedded ECR: what a push copies, and where it does not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from local_aws import LocalAwsError, images

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_aws.process import LocalAws
    from local_aws.registry import Registry

HOME, AWAY, THIRD = "eu-central-1", "eu-west-1", "us-east-1"


@pytest.fixture
def account(local_aws: LocalAws, new_account: Callable[[], str]) -> str:
    account = new_account()
    local_aws.client("ecr", account=account, region=HOME).create_repository(repositoryName="app/a")
    return account


@pytest.fixture
def ecr(local_aws: LocalAws, account: str) -> Callable[..., Any]:
    """Gives the client of a Region, by default of the test's own account."""
    return lambda region, of=account: local_aws.client("ecr", account=of, region=region)


@pytest.fixture
def registry(local_aws: LocalAws, account: str) -> Callable[..., Registry]:
    """Gives the registry of a Region, by default of the test's own account."""
    return lambda region, of=account: local_aws.registry(of, region)


def replicate(ecr: Any, *places: tuple[str, str], **rule: Any) -> None:
    destinations = [{"registryId": account, "region": region} for account, region in places]
    ecr.put_replication_configuration(
        replicationConfiguration={"rules": [{"destinations": destinations, **rule}]}
    )


def status(ecr: Any, tag: str) -> list[tuple[str, str | None]]:
    answer = ecr.describe_image_replication_status(
        repositoryName="app/a", imageId={"imageTag": tag}
    )
    return [(item["status"], item.get("failureCode")) for item in answer["replicationStatuses"]]


def test_a_push_is_copied_with_all_it_needs(
    account: str, ecr: Callable[..., Any], registry: Callable[..., Registry]
) -> None:
    """The index, its children, their layers and the tag are at the destination."""
    replicate(ecr(HOME), (account, AWAY))
    registry(HOME).push("app/a:v1", images.index(1))

    assert registry(AWAY).pull("app/a", "v1") == images.index(1)
    assert status(ecr(HOME), "v1") == [("COMPLETE", None)]


def test_only_what_is_pushed_after_the_rule_is_copied(
    account: str, ecr: Callable[..., Any], registry: Callable[..., Registry]
) -> None:
    """An image from before stays where it is."""
    registry(HOME).push("app/a:old", images.image(1))
    replicate(ecr(HOME), (account, AWAY))
    registry(HOME).push("app/a:new", images.image(2))

    (copied,) = ecr(AWAY).describe_images(repositoryName="app/a")["imageDetails"]
    assert copied["imageTags"] == ["new"]


@pytest.mark.parametrize(("prefix", "copied"), [("app", True), ("ap", True), ("web", False)])
def test_a_prefix_chooses_the_repositories(
    account: str,
    ecr: Callable[..., Any],
    registry: Callable[..., Registry],
    *,
    prefix: str,
    copied: bool,
) -> None:
    """A filter is a prefix of the name, not of its path."""
    chosen = [{"filter": prefix, "filterType": "PREFIX_MATCH"}]
    replicate(ecr(HOME), (account, AWAY), repositoryFilters=chosen)
    registry(HOME).push("app/a:v1", images.image(1))

    names = [item["repositoryName"] for item in ecr(AWAY).describe_repositories()["repositories"]]
    assert names == (["app/a"] if copied else [])


def test_a_replica_without_a_template_has_the_defaults_of_ecr(
    account: str, ecr: Callable[..., Any], registry: Callable[..., Registry]
) -> None:
    """Nothing but the image travels."""
    ecr(HOME).put_image_tag_mutability(repositoryName="app/a", imageTagMutability="IMMUTABLE")
    replicate(ecr(HOME), (account, AWAY))
    registry(HOME).push("app/a:v1", images.image(1))

    (replica,) = ecr(AWAY).describe_repositories()["repositories"]
    assert replica["imageTagMutability"] == "MUTABLE"
    assert replica["encryptionConfiguration"] == {"encryptionType": "AES256"}


def test_the_longest_prefix_shapes_the_replica(
    account: str, ecr: Callable[..., Any], registry: Callable[..., Registry]
) -> None:
    """Mutability, encryption, policies and tags are the template's."""
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    lifecycle = json.dumps({"rules": [], "padding": "." * 100})
    exclusion = [{"filterType": "WILDCARD", "filter": "latest"}]
    for prefix, mutability in (("ROOT", "MUTABLE"), ("app", "IMMUTABLE_WITH_EXCLUSION")):
        ecr(AWAY).create_repository_creation_template(
            prefix=prefix,
            appliedFor=["REPLICATION"],
            imageTagMutability=mutability,
            imageTagMutabilityExclusionFilters=exclusion,
            encryptionConfiguration={"encryptionType": "KMS"},
            repositoryPolicy=policy,
            lifecyclePolicy=lifecycle,
            resourceTags=[{"Key": "team", "Value": "app"}],
        )
    replicate(ecr(HOME), (account, AWAY))
    registry(HOME).push("app/a:v1", images.image(1))

    (replica,) = ecr(AWAY).describe_repositories()["repositories"]
    assert replica["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert replica["imageTagMutabilityExclusionFilters"] == exclusion
    assert replica["encryptionConfiguration"]["encryptionType"] == "KMS"
    name = {"repositoryName": "app/a"}
    assert ecr(AWAY).get_repository_policy(**name)["policyText"] == policy
    assert ecr(AWAY).get_lifecycle_policy(**name)["lifecyclePolicyText"] == lifecycle
    tags = ecr(AWAY).list_tags_for_resource(resourceArn=replica["repositoryArn"])["tags"]
    assert tags == [{"Key": "team", "Value": "app"}]


def test_a_moved_tag_is_dropped_at_an_immutable_destination(
    account: str, ecr: Callable[..., Any], registry: Callable[..., Registry]
) -> None:
    """The tag stays at the first image there, and the status says so."""
    ecr(AWAY).create_repository(repositoryName="app/a", imageTagMutability="IMMUTABLE")
    replicate(ecr(HOME), (account, AWAY))
    first = registry(HOME).push("app/a:v1", images.image(1))
    registry(HOME).push("app/a:v1", images.image(2))

    assert registry(AWAY).manifest("app/a", "v1").digest == first
    assert status(ecr(HOME), "v1") == [("FAILED", "ImageTagAlreadyExists")]


def test_a_replica_is_not_replicated(
    account: str, ecr: Callable[..., Any], registry: Callable[..., Registry]
) -> None:
    """There are no chains."""
    replicate(ecr(HOME), (account, AWAY))
    replicate(ecr(AWAY), (account, THIRD))
    registry(HOME).push("app/a:v1", images.image(1))

    assert ecr(THIRD).describe_repositories()["repositories"] == []


@pytest.mark.parametrize("enabled", [True, False])
def test_a_deletion_is_replicated_where_the_rule_says_so(
    account: str, ecr: Callable[..., Any], registry: Callable[..., Registry], enabled: bool
) -> None:
    """By default a deleted image lives on at the destination."""
    replicate(ecr(HOME), (account, AWAY), deleteReplication={"enabled": enabled})
    registry(HOME).push("app/a:v1", images.image(1))
    ecr(HOME).batch_delete_image(repositoryName="app/a", imageIds=[{"imageTag": "v1"}])

    left = ecr(AWAY).describe_images(repositoryName="app/a")["imageDetails"]
    assert len(left) == (0 if enabled else 1)


@pytest.mark.parametrize(
    ("actions", "exists", "expected"),
    [
        ([], True, ("FAILED", "AccessDenied")),
        (["ecr:ReplicateImage"], False, ("FAILED", "AccessDenied")),
        (["ecr:ReplicateImage"], True, ("COMPLETE", None)),
        (["ecr:ReplicateImage", "ecr:CreateRepository"], False, ("COMPLETE", None)),
    ],
)
def test_another_account_must_admit_the_copy(
    account: str,
    new_account: Callable[[], str],
    ecr: Callable[..., Any],
    registry: Callable[..., Registry],
    *,
    actions: list[str],
    exists: bool,
    expected: tuple[str, str | None],
) -> None:
    """Its registry policy must let the source replicate, and create what is not there."""
    other = new_account()
    if exists:
        ecr(HOME, other).create_repository(repositoryName="app/a")
    if actions:
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
            "Action": actions,
            "Resource": f"arn:aws:ecr:{HOME}:{other}:repository/*",
        }
        ecr(HOME, other).put_registry_policy(
            policyText=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        )
    replicate(ecr(HOME), (other, HOME))
    registry(HOME).push("app/a:v1", images.image(1))

    assert status(ecr(HOME), "v1") == [expected]
    if expected[0] == "COMPLETE":
        assert registry(HOME, other).pull("app/a", "v1") == images.image(1)
    else:
        with pytest.raises(LocalAwsError, match="_UNKNOWN"):
            registry(HOME, other).pull("app/a", "v1")
