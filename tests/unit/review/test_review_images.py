"""Which images a change deletes, archives and spares."""

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


def taken(
    before: Json, after: Json, inventory: Inventory = RELEASES, **beside: Json
) -> list[Change]:
    """Return the changes of images."""
    inventories = Inventories({API: inventory})
    base, head = ({"Api": repository_, **beside} for repository_ in (before, after))
    return changes_of(images.changes, base, head, inventories=inventories, now=NOW)


ARCHIVE = rule(9, "transition", tagStatus="any", days=365)
# The rules before and after, and kind, severity, number and action of the images.
CASES: dict[str, tuple[list[Json], list[Json], tuple[str, str, int, str]]] = {
    # The images that the policy before deleted too are not in it.
    "deleted": ([SHIELD, YEAR], [UNTAGGED, YEAR], ("images-deleted", "error", 2, "EXPIRE")),
    "spared": ([YEAR], [SHIELD, YEAR], ("lifecycle", "note", 2, "KEEP")),
    # Archived images can be restored, but not pulled.
    "archived": ([SHIELD, ARCHIVE], [ARCHIVE], ("lifecycle", "warning", 2, "TRANSITION")),
    "archived instead of deleted": ([YEAR], [ARCHIVE], ("lifecycle", "note", 3, "TRANSITION")),
}


@pytest.mark.parametrize("case", CASES)
def test_images_with_another_outcome_are_counted(case: str) -> None:
    """Each outcome has its own severity."""
    before, after, expected = CASES[case]
    [item] = taken(with_rules(*before), with_rules(*after))

    assert expected == (item.kind, item.severity, item.before["imageCount"], item.after["action"])
    assert f"{expected[2]} images" in item.summary
    assert ("Api", "payments/api") == (item.resource, item.repository)
    assert ("LifecyclePolicy",) == item.properties


def test_images_are_listed() -> None:
    """With their sizes, the rule that acts on them, and the number of images considered."""
    [change] = taken(with_rules(SHIELD, YEAR), with_rules(UNTAGGED, YEAR))
    listed = change.before.pop("images")
    by_rule, basis = change.details

    size = {"atLeast": 0, "atMost": 500_000_000}
    counts = {"imageCount": 2, "followUpImageCount": 0, "recentlyPulledImageCount": 0}
    assert {**counts, "bytes": size, "more": 0} == change.before
    assert "(up to 500.0 MB): v1.2.0 and v1.3.0" in change.summary
    assert [
        {
            "imageDigest": f"sha256:{1:064x}",
            "imageTags": ["v1.2.0"],
            "imagePushedAt": "2025-10-20T12:01:00+00:00",
            "imageSizeInBytes": 200_000_000,
        },
        {
            "imageDigest": f"sha256:{2:064x}",
            "imageTags": ["v1.3.0", "stable"],
            "imagePushedAt": "2025-10-20T12:02:00+00:00",
            "imageSizeInBytes": 300_000_000,
        },
    ] == [{key: image[key] for key in image if key != "reason"} for image in listed]
    assert all("rule 9" in image["reason"] for image in listed)
    assert by_rule.startswith("Rule 9 (")
    assert "2 images" in by_rule
    assert "4 images at 2026-11-24 12:00 UTC" in basis


def test_tagged_images_come_before_untagged_ones() -> None:
    """Releases are listed even if most images are untagged; the rest is counted."""
    many = Inventory([*(image(n) for n in range(100)), image(200, "v1"), image(201, "v2")])
    [change] = taken(with_rules(SHIELD), with_rules(YEAR), many)

    assert change.summary.endswith("v1, v2 and 100 more")
    listed = change.before["images"]
    assert (102, 52) == (change.before["imageCount"], change.before["more"])
    assert MOST_IMAGES == len(listed)
    assert [["v1"], ["v2"], []] == [entry["imageTags"] for entry in listed[:3]]


def test_images_in_use_come_first() -> None:
    """They are the first that are named and listed, and a detail of their own."""
    pulled = [
        image(number, f"run-{number}", last_recorded_pull_time=NOW - timedelta(days=number / 10))
        for number in (3, 1, 2, 4)
    ]
    many = Inventory([*(image(n, f"b{n}") for n in range(10, 80)), *pulled])
    [change] = taken(with_rules(SHIELD), with_rules(YEAR), many)

    assert change.summary.endswith("run-1, run-2 and 72 more")
    assert change.details[0].endswith("run-1, run-2 and 2 more.")
    assert (4, 74) == (change.before["recentlyPulledImageCount"], change.before["imageCount"])
    first, *_ = change.before["images"]
    assert (NOW - timedelta(days=0.1)).isoformat() == first["lastRecordedPullTime"]


def test_images_that_follow_are_counted() -> None:
    """The children of an index and a signature are deleted later."""
    inventory = Inventory(
        [
            image(1, "v1", references=(f"sha256:{2:064x}",)),
            image(2),
            image(3, days=1, subject=f"sha256:{1:064x}"),
        ]
    )
    [change] = taken(with_rules(SHIELD), with_rules(YEAR), inventory)

    assert (3, 2) == (change.before["imageCount"], change.before["followUpImageCount"])
    assert any(detail.startswith("2 images of these only after") for detail in change.details)


def test_untagged_image_is_named_by_its_digest() -> None:
    """It has no other name."""
    [change] = taken(with_rules(SHIELD), with_rules(YEAR), Inventory([image(10)]))

    assert change.summary.endswith(": sha256:000000000000")


def test_assumptions_of_the_simulation_are_listed() -> None:
    """The images of an index are unknown."""
    index = image(
        1, "v1", days=1, media_type="application/vnd.oci.image.index.v1+json", size_bytes=1
    )
    [change] = taken(with_rules(SHIELD), with_rules(YEAR), Inventory([index, image(2)]))

    assert 1 == sum(detail.startswith("Assumption: ") for detail in change.details)


def test_replicated_deletions_are_named() -> None:
    """The images are deleted in the replicas too."""
    goal = {"RegistryId": HOME[0], "Region": "eu-west-1"}
    rules = [
        {"Destinations": [goal], "DeleteReplication": {"Enabled": True}},
        {"Destinations": [{**goal, "Region": "us-east-1"}]},
    ]
    copying = resource(
        "AWS::ECR::ReplicationConfiguration", {"ReplicationConfiguration": {"Rules": rules}}
    )
    [change] = taken(with_rules(SHIELD, YEAR), with_rules(YEAR), Copying=copying)

    assert "111122223333/eu-west-1" in change.details[-1]
    assert "us-east-1" not in change.details[-1]


def test_unknown_policy_is_assumed_to_keep_everything() -> None:
    """It may have deleted the same images; the change says so."""
    unknown = with_rules(LifecyclePolicy={"LifecyclePolicyText": {"Ref": "Policy"}})
    [change], [certain] = (
        taken(before, with_rules(YEAR)) for before in (unknown, with_rules(SHIELD, UNTAGGED))
    )

    assert 3 == change.before["imageCount"]
    assert len(certain.details) + 1 == len(change.details)


TAGGED = policy_text(rule(1, tagStatus="tagged", tagPatternList=["${Tag}"], days=1))
NO_CHANGE = {
    "the same policy": with_rules(SHIELD, YEAR, ImageTagMutability="MUTABLE"),
    # A replacement begins without images; the old repository keeps its policy.
    "a replaced repository": with_rules(YEAR, EncryptionConfiguration={"EncryptionType": "KMS"}),
    "a policy that ECR rejects": with_rules(rule(0, tagStatus="any", days=1)),
    "an unknown policy": with_rules(LifecyclePolicy={"LifecyclePolicyText": {"Fn::Sub": TAGGED}}),
    "another policy with the same effect": with_rules(SHIELD, {**YEAR, "rulePriority": 8}),
}


@pytest.mark.parametrize("case", NO_CHANGE)
def test_no_image_has_another_outcome(case: str) -> None:
    """Or its outcome is unknown."""
    assert [] == taken(with_rules(SHIELD, YEAR), NO_CHANGE[case])


def test_review_reports_a_missing_inventory() -> None:
    """If there are others: no line would look like safety."""
    base, head = sides({"Api": with_rules(SHIELD, YEAR)}, {"Api": with_rules(YEAR)})
    inventories = Inventories({RepositoryId("payments/web", *HOME): RELEASES})
    all_changes = review(base, head, inventories=inventories).changes
    [change] = [change for change in all_changes if change.kind == "lifecycle"]

    assert ("unprotected v*", "unknown-images") == change.codes
    assert 1 == len(change.details)


def test_review_reports_policy_and_images() -> None:
    """And the number of images that a removal leaves behind."""
    inventories = Inventories({API: RELEASES})
    base, head = sides({"Api": with_rules(SHIELD, YEAR)}, {"Api": with_rules(YEAR)})
    all_changes = review(base, head, inventories=inventories, now=NOW).changes
    changes = [change for change in all_changes if change.kind != "finding"]
    gone = review(*sides({"Api": with_rules(YEAR)}, {}), inventories=inventories).changes

    assert ["images-deleted", "lifecycle"] == [change.kind for change in changes]
    assert () == changes[1].details
    assert "4 images" in gone[0].summary
