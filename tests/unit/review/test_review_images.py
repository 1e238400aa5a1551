"""Which images a change deletes, archives and spares."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ecr_constructs.model.lifecycle import Image, Inventory
from ecr_constructs.review import Change, Inventories, RepositoryId, review
from ecr_constructs.review.analyzers import images
from ecr_constructs.review.analyzers.images import MOST_IMAGES
from tests.support.compared import sides
from tests.support.reviewing import changes_of
from tests.support.rule_examples.build import HOME, policy_text, repository, resource, rule

Json = Any
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
API = RepositoryId("payments/api", *HOME)
YEAR = rule(9, tagStatus="any", days=365)
UNTAGGED = rule(2, tagStatus="untagged", days=900)
SHIELD = rule(1, tagStatus="tagged", tagPatternList=["v*"], images=999_999)


def image(number: int, *tags: str, days: int = 400, **more: Any) -> Image:
    """Return an image that was pushed some days ago."""
    pushed = NOW - timedelta(days=days, minutes=-number)
    return Image(digest=f"sha256:{number:064x}", tags=tags, pushed_at=pushed, **more)


RELEASES = Inventory(
    [
        image(1, "v1.2.0", size_bytes=200_000_000),
        image(2, "v1.3.0", "stable", size_bytes=300_000_000),
        image(3, "v2.0.0", days=10, size_bytes=400_000_000),
        image(4, "pr-7", size_bytes=500_000_000),
    ]
)


def with_rules(*rules: Json, **properties: Any) -> Json:
    """Return a repository with lifecycle rules."""
    return repository(*rules, RepositoryName="payments/api", **properties)


def taken(before: Json, after: Json, inventory: Inventory = RELEASES) -> list[Change]:
    """Return the changes of images."""
    inventories = Inventories({API: inventory})
    return changes_of(
        images.changes, {"Api": before}, {"Api": after}, inventories=inventories, now=NOW
    )


def test_images_that_the_change_deletes_are_told() -> None:
    """What the policy before deleted too is not the change's."""
    [change] = taken(with_rules(SHIELD, YEAR), with_rules(UNTAGGED, YEAR))

    assert (
        "images-deleted",
        "error",
        "payments/api: 2 images will be deleted (up to 500.0 MB): v1.2.0 and v1.3.0",
    ) == (change.kind, change.severity, change.summary)
    assert {"action": "EXPIRE"} == change.after
    assert {
        "imageCount": 2,
        "bytes": {"atLeast": 0, "atMost": 500_000_000},
        "images": [
            {
                "imageDigest": f"sha256:{1:064x}",
                "imageTags": ["v1.2.0"],
                "imagePushedAt": "2025-10-20T12:01:00+00:00",
                "imageSizeInBytes": 200_000_000,
                "reason": "identified by rule 9, which deletes what was pushed more than 365 days "
                "ago; it was pushed 399 days ago",
            },
            {
                "imageDigest": f"sha256:{2:064x}",
                "imageTags": ["v1.3.0", "stable"],
                "imagePushedAt": "2025-10-20T12:02:00+00:00",
                "imageSizeInBytes": 300_000_000,
                "reason": "identified by rule 9, which deletes what was pushed more than 365 days "
                "ago; it was pushed 399 days ago",
            },
        ],
        "more": 0,
    } == json.loads(json.dumps(change.before))
    assert change.details == (
        "Rule 9 (delete images 365 days after their push): 2 images.",
        "Based on 4 images at 2026-11-24 12:00 UTC.",
    )
    assert ("Api", "payments/api", ("LifecyclePolicy",)) == (
        change.resource,
        change.repository,
        change.properties,
    )


def test_a_change_taken_back_spares_what_it_would_have_deleted() -> None:
    """The images stay, which is a note."""
    [change] = taken(with_rules(YEAR), with_rules(SHIELD, YEAR))

    assert ("lifecycle", "note", 2) == (
        change.kind,
        change.severity,
        change.before["imageCount"],
    )
    assert {"action": "KEEP"} == change.after


def test_images_that_the_change_archives_can_be_restored() -> None:
    """They are not deleted, but cannot be pulled as they are."""
    archive = rule(9, "transition", tagStatus="any", days=365)
    [change] = taken(with_rules(SHIELD, archive), with_rules(archive))

    assert ("lifecycle", "warning") == (change.kind, change.severity)
    assert "2 images will be archived" in change.summary
    assert {"action": "TRANSITION"} == change.after


def test_what_was_to_be_deleted_and_is_archived_is_spared() -> None:
    """It goes less far than before."""
    [change] = taken(with_rules(YEAR), with_rules(rule(9, "transition", tagStatus="any", days=365)))

    assert "note" == change.severity
    assert "3 images will be kept instead of deleted or archived" in change.summary


def test_tagged_images_stand_before_untagged_ones_and_many_are_cut() -> None:
    """The releases are read even if most of what goes is untagged; the rest is counted."""
    many = Inventory([*(image(n) for n in range(100)), image(200, "v1"), image(201, "v2")])
    [change] = taken(with_rules(SHIELD), with_rules(YEAR), many)

    assert change.summary.endswith("102 images will be deleted (0 B): v1, v2 and 100 more")
    assert (102, MOST_IMAGES, 52) == (
        change.before["imageCount"],
        len(change.before["images"]),
        change.before["more"],
    )
    assert [["v1"], ["v2"], []] == [entry["imageTags"] for entry in change.before["images"][:3]]


def test_an_untagged_image_is_called_by_its_digest() -> None:
    """There is nothing else to call it by."""
    [change] = taken(with_rules(SHIELD), with_rules(YEAR), Inventory([image(10)]))

    assert change.summary.endswith("1 image will be deleted (0 B): sha256:000000000000")


def test_assumptions_of_the_simulation_are_said() -> None:
    """What an index lists is not known, and untagged images are said to go."""
    index = image(
        1, "v1", days=1, media_type="application/vnd.oci.image.index.v1+json", size_bytes=1
    )
    [change] = taken(with_rules(SHIELD), with_rules(YEAR), Inventory([index, image(2)]))

    [assumed] = [detail for detail in change.details if "Assumption" in detail]
    assert assumed.startswith("Assumption: The images that 1 index lists are unknown.")


def test_deletions_that_are_replicated_are_said_to_be_so() -> None:
    """The images go in the replicas too."""
    goal = {"RegistryId": HOME[0], "Region": "eu-west-1"}
    copying = resource(
        "AWS::ECR::ReplicationConfiguration",
        {
            "ReplicationConfiguration": {
                "Rules": [
                    {"Destinations": [goal], "DeleteReplication": {"Enabled": True}},
                    {"Destinations": [{**goal, "Region": "us-east-1"}]},
                ]
            }
        },
    )
    base, head = (
        {"Api": api, "Copying": copying} for api in (with_rules(SHIELD, YEAR), with_rules(YEAR))
    )
    inventories = Inventories({API: RELEASES})
    [change] = changes_of(images.changes, base, head, inventories=inventories, now=NOW)

    expected = "Replication also deletes them in 111122223333/eu-west-1."
    assert expected == change.details[-1]


def test_a_policy_before_that_is_not_known_is_taken_to_keep_everything() -> None:
    """What the change deletes may have gone before; that is said."""
    unknown = repository(
        RepositoryName="payments/api", LifecyclePolicy={"LifecyclePolicyText": {"Ref": "Policy"}}
    )
    [change] = taken(unknown, with_rules(YEAR))

    assert "3 images will be deleted" in change.summary
    assert "The images that the previous policy deletes are unknown." == change.details[-1]


UNKNOWN_TAGS = with_rules(
    LifecyclePolicy={
        "LifecyclePolicyText": {
            "Fn::Sub": policy_text(rule(1, tagStatus="tagged", tagPatternList=["${Tag}"], days=1))
        }
    }
)
UNJUDGED = {
    "the same policy": with_rules(SHIELD, YEAR, ImageTagMutability="MUTABLE"),
    "a replaced repository": with_rules(YEAR, EncryptionConfiguration={"EncryptionType": "KMS"}),
    "a policy that ECR refuses": with_rules(rule(0, tagStatus="any", days=1)),
    "a policy that is known later": UNKNOWN_TAGS,
    "another policy that does the same": with_rules(SHIELD, {**YEAR, "rulePriority": 8}),
}


@pytest.mark.parametrize("after", UNJUDGED.values(), ids=list(UNJUDGED))
def test_nothing_is_said_where_no_image_goes_or_it_is_not_known(after: Json) -> None:
    """A repository that is replaced begins without images; the old one keeps its policy."""
    assert [] == taken(with_rules(SHIELD, YEAR), after)


def test_a_whole_review_says_that_there_is_no_inventory() -> None:
    """If others are given, silence about this one would look like safety."""
    base, head = sides({"Api": with_rules(SHIELD, YEAR)}, {"Api": with_rules(YEAR)})
    inventories = Inventories({RepositoryId("payments/web", *HOME): RELEASES})
    all_changes = review(base, head, inventories=inventories).changes
    [change] = [change for change in all_changes if change.kind == "lifecycle"]

    expected = "The affected images are unknown: there is no inventory of the repository."
    assert (expected,) == change.details


def test_a_whole_review_tells_policy_and_images() -> None:
    """Both are told, and the number of images that a removal leaves behind."""
    inventories = Inventories({API: RELEASES})
    base, head = sides({"Api": with_rules(SHIELD, YEAR)}, {"Api": with_rules(YEAR)})
    all_changes = review(base, head, inventories=inventories, now=NOW).changes
    changes = [change for change in all_changes if change.kind != "finding"]
    gone = review(*sides({"Api": with_rules(YEAR)}, {}), inventories=inventories).changes

    assert ["images-deleted", "lifecycle"] == [change.kind for change in changes]
    assert () == changes[1].details
    assert "its 4 images are left in" in gone[0].summary
