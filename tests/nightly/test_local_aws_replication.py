"""Replication in the embedded ECR: what a push copies, and where it does not."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from local_aws import LocalAwsError, images
from local_aws.images import Artifact
from local_aws.process import LocalAws
from tests.support.embedded_aws import Place

HOME, AWAY, THIRD = "eu-central-1", "eu-west-1", "us-east-1"


class Source(Place):
    """An account with the repository `app/a`, and the registries it replicates to."""

    def push(self, artifact: Artifact, tag: str = "v1") -> str:
        """Push to `app/a` at home."""
        return self.registry().push(f"app/a:{tag}", artifact)

    def replicate(self, to: str = AWAY, account: str = "", source: str = HOME, **rule: Any) -> None:
        """Replicate to a Region, by default of the own account."""
        rule["destinations"] = [{"registryId": account or self.account, "region": to}]
        self.at(source).ecr.put_replication_configuration(
            replicationConfiguration={"rules": [rule]}
        )

    def names(self, region: str = AWAY) -> list[str]:
        """Return the repositories of a Region."""
        repositories = self.at(region).ecr.describe_repositories()["repositories"]
        return [repository["repositoryName"] for repository in repositories]

    def images(self, region: str = AWAY) -> list[dict[str, Any]]:
        """Return the images of `app/a` in a Region."""
        return list(self.at(region).ecr.describe_images(repositoryName="app/a")["imageDetails"])

    def status(self) -> list[tuple[str, str | None]]:
        """Return how the replication of `app/a:v1` went."""
        answer = self.ecr.describe_image_replication_status(
            repositoryName="app/a", imageId={"imageTag": "v1"}
        )
        return [(item["status"], item.get("failureCode")) for item in answer["replicationStatuses"]]


@pytest.fixture
def source(local_aws: LocalAws, new_account: Callable[[], str]) -> Source:
    source = Source(local_aws, new_account())
    source.ecr.create_repository(repositoryName="app/a")
    return source


def test_a_push_is_copied_with_all_it_needs(source: Source) -> None:
    """The index, its children, their layers and the tag are at the destination."""
    source.replicate()
    source.push(images.index(1))

    assert source.at(AWAY).registry().pull("app/a", "v1") == images.index(1)
    assert source.status() == [("COMPLETE", None)]


def test_only_what_is_pushed_after_the_rule_is_copied(source: Source) -> None:
    """An image from before stays where it is."""
    source.push(images.image(1), "old")
    source.replicate()
    source.push(images.image(2), "new")

    (copied,) = source.images()
    assert copied["imageTags"] == ["new"]


@pytest.mark.parametrize(("prefix", "copied"), [("app", True), ("ap", True), ("web", False)])
def test_a_prefix_chooses_the_repositories(source: Source, *, prefix: str, copied: bool) -> None:
    """A filter is a prefix of the name, not of its path."""
    chosen = [{"filter": prefix, "filterType": "PREFIX_MATCH"}]
    source.replicate(repositoryFilters=chosen)
    source.push(images.image(1))

    assert source.names() == (["app/a"] if copied else [])


def test_a_replica_without_a_template_has_the_defaults_of_ecr(source: Source) -> None:
    """Nothing but the image travels."""
    source.ecr.put_image_tag_mutability(repositoryName="app/a", imageTagMutability="IMMUTABLE")
    source.replicate()
    source.push(images.image(1))

    (replica,) = source.at(AWAY).ecr.describe_repositories()["repositories"]
    assert replica["imageTagMutability"] == "MUTABLE"
    assert replica["encryptionConfiguration"] == {"encryptionType": "AES256"}


def test_the_longest_prefix_shapes_the_replica(source: Source) -> None:
    """Mutability, encryption, policies and tags are the template's."""
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    lifecycle = json.dumps({"rules": [], "padding": "." * 100})
    exclusion = [{"filterType": "WILDCARD", "filter": "latest"}]
    for prefix, mutability in (("ROOT", "MUTABLE"), ("app", "IMMUTABLE_WITH_EXCLUSION")):
        source.at(AWAY).ecr.create_repository_creation_template(
            prefix=prefix,
            appliedFor=["REPLICATION"],
            imageTagMutability=mutability,
            imageTagMutabilityExclusionFilters=exclusion,
            encryptionConfiguration={"encryptionType": "KMS"},
            repositoryPolicy=policy,
            lifecyclePolicy=lifecycle,
            resourceTags=[{"Key": "team", "Value": "app"}],
        )
    source.replicate()
    source.push(images.image(1))

    (replica,) = source.at(AWAY).ecr.describe_repositories()["repositories"]
    assert replica["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert replica["imageTagMutabilityExclusionFilters"] == exclusion
    assert replica["encryptionConfiguration"]["encryptionType"] == "KMS"
    name = {"repositoryName": "app/a"}
    assert source.at(AWAY).ecr.get_repository_policy(**name)["policyText"] == policy
    assert source.at(AWAY).ecr.get_lifecycle_policy(**name)["lifecyclePolicyText"] == lifecycle
    tags = source.at(AWAY).ecr.list_tags_for_resource(resourceArn=replica["repositoryArn"])["tags"]
    assert tags == [{"Key": "team", "Value": "app"}]


def test_a_moved_tag_is_dropped_at_an_immutable_destination(source: Source) -> None:
    """The tag stays at the first image there, and the status says so."""
    source.at(AWAY).ecr.create_repository(repositoryName="app/a", imageTagMutability="IMMUTABLE")
    source.replicate()
    first = source.push(images.image(1))
    source.push(images.image(2))

    assert source.at(AWAY).registry().manifest("app/a", "v1").digest == first
    assert source.status() == [("FAILED", "ImageTagAlreadyExists")]


def test_a_replica_is_not_replicated(source: Source) -> None:
    """There are no chains."""
    source.replicate()
    source.replicate(THIRD, source=AWAY)
    source.push(images.image(1))

    assert source.names(THIRD) == []


@pytest.mark.parametrize("enabled", [True, False])
def test_a_deletion_is_replicated_where_the_rule_says_so(source: Source, *, enabled: bool) -> None:
    """By default a deleted image lives on at the destination."""
    source.replicate(deleteReplication={"enabled": enabled})
    source.push(images.image(1))
    source.ecr.batch_delete_image(repositoryName="app/a", imageIds=[{"imageTag": "v1"}])

    assert len(source.images()) == (0 if enabled else 1)


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
    source: Source,
    new_account: Callable[[], str],
    *,
    actions: list[str],
    exists: bool,
    expected: tuple[str, str | None],
) -> None:
    """Its registry policy must allow the source to replicate, and to create a repository."""
    other = source.at(HOME, new_account())
    if exists:
        other.ecr.create_repository(repositoryName="app/a")
    if actions:
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{source.account}:root"},
            "Action": actions,
            "Resource": f"arn:aws:ecr:{HOME}:{other.account}:repository/*",
        }
        other.ecr.put_registry_policy(
            policyText=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        )
    source.replicate(HOME, other.account)
    source.push(images.image(1))

    assert source.status() == [expected]
    if expected[0] == "COMPLETE":
        assert other.registry().pull("app/a", "v1") == images.image(1)
    else:
        with pytest.raises(LocalAwsError, match="_UNKNOWN"):
            other.registry().pull("app/a", "v1")


ROLE = "role/aws-service-role/replication.ecr.amazonaws.com/AWSServiceRoleForECRReplication"


@pytest.mark.parametrize(("role", "expected"), [(ROLE, "COMPLETE"), ("role/Developer", "FAILED")])
def test_the_replication_role_copies(
    source: Source, new_account: Callable[[], str], role: str, expected: str
) -> None:
    """A policy may admit this role of the source account only."""
    other = source.at(HOME, new_account())
    other.ecr.create_repository(repositoryName="app/a")
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{source.account}:root"},
        "Action": "ecr:ReplicateImage",
        "Resource": f"arn:aws:ecr:{HOME}:{other.account}:repository/*",
        "Condition": {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{source.account}:{role}"}},
    }
    other.ecr.put_registry_policy(
        policyText=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    source.replicate(HOME, other.account)
    source.push(images.image(1))

    assert [status for status, _ in source.status()] == [expected]
