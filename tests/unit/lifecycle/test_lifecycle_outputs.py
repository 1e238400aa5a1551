"""What users have instead of whole pages of one repository: each is read, or its remedy named."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ecr_constructs import Inventory, LifecyclePolicy, LifecycleRule
from ecr_constructs.model.lifecycle.aws_output import failure_of
from ecr_constructs.model.validation import ValidationError
from tests.support.errors import rejection_test, rejects

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def detail(digest: str, name: str | None = "shop/cart", **members: Any) -> dict[str, Any]:
    source = {"repositoryName": name, "registryId": "210987654321"} if name else {}
    return {**source, "imageDigest": digest, "imagePushedAt": "2026-10-01T00:00:00Z", **members}


def page(*entries: Any, **members: Any) -> dict[str, Any]:
    return {"imageDetails": list(entries), **members}


def lines(*values: Any) -> str:
    return "\n".join(map(json.dumps, values))


A, B = detail("a"), detail("b")
CAPITALS = {
    "ImageDetails": [{"ImageDigest": "a", "ImagePushedAt": "2026-10-01T00:00:00Z"}],
    "NextToken": None,
}
READ = {
    "a list of images": json.dumps([A, B]),
    "images in a row": lines(A, B),
    "lists in a row": lines([A], [B]),
    "a list of lists": json.dumps([[A], [B]]),
    "a list of pages": json.dumps([page(A), page(B)]),
    "a page and an image": lines(page(A), B),
    "pages out of order": lines(page(B), page(A, nextToken="2")),
    "an empty last page": lines(page(A, B, nextToken="2"), page()),
    "a tag like the key": json.dumps(page({**A, "imageTags": ["imageDetails"]}, B)),
    "an empty token": json.dumps(page(A, B, nextToken="")),
    "a whole number with a fraction": json.dumps(page(detail("a", imageSizeInBytes=2e9), B)),
    "keys with capitals": lines(CAPITALS, page(B)),
    "an image with capitals": lines(CAPITALS["ImageDetails"], page(B)),
}


@pytest.mark.parametrize("text", READ.values(), ids=READ)
def test_reads_images_in_other_forms(text: str) -> None:
    """As --query, jq and the SDKs write them."""
    inventory = Inventory.from_describe_images(text)

    assert {"a", "b"} == {image.digest for image in inventory}
    assert inventory.complete


def test_a_whole_number_with_a_fraction_is_a_size() -> None:
    [image] = Inventory.from_describe_images(page(detail("a", imageSizeInBytes=52341234.0)))

    assert (52341234, int) == (image.size_bytes, type(image.size_bytes))


def test_no_image_is_an_inventory() -> None:
    """A new repository."""
    for output in ("[]", '{"imageDetails": []}'):
        assert (0, None) == (
            len(Inventory.from_describe_images(output)),
            Inventory.from_describe_images(output).repository_name,
        )


def test_knows_its_repository() -> None:
    """Every image names it."""
    inventory = Inventory.from_describe_images(page(A, detail("c", None)))
    again = inventory.with_manifests({"images": []})

    for item in (inventory, again):
        assert ("shop/cart", "210987654321") == (item.repository_name, item.registry_id)


INCOMPLETE = {
    "an SDK's page": page(A, nextToken="x"),
    "the AWS CLI's --max-items": page(A, NextToken="x"),
    "the first two pages": lines(page(A, nextToken="2"), page(B, nextToken="3")),
    "an empty page": page(nextToken="x"),
    "an empty page with a token at the end": lines(page(A, nextToken="2"), page(nextToken="3")),
    "capitals": {**CAPITALS, "NextToken": "x"},
}


@pytest.mark.parametrize("output", INCOMPLETE.values(), ids=INCOMPLETE)
def test_a_token_means_that_images_are_missing(output: Any) -> None:
    """Which is rejected, or an assumption of the result."""
    with rejects("inventory-incomplete"):
        Inventory.from_describe_images(output)
    inventory = Inventory.from_describe_images(output, allow_incomplete=True)

    assert not inventory.complete
    assert not inventory.with_manifests({"images": []}).complete
    policy = LifecyclePolicy(LifecycleRule.keep_last(100))
    assert ["inventoryIncomplete"] == [
        assumption.id for assumption in policy.simulate(inventory, now=NOW).assumptions
    ]


OTHER, FOREIGN = detail("c", "shop/web"), detail("d", registryId="111122223333")
SEVERAL: dict[str, tuple[Any, ...]] = {
    "two repositories": (page(A, OTHER), "inventory-repositories"),
    "two repositories in two pages": (lines(page(A), page(OTHER)), "inventory-repositories"),
    "many": (page(*(detail("x", f"r{n}") for n in range(9))), "inventory-repositories"),
    "two registries": (page(A, FOREIGN), "inventory-registries"),
    "an account as number": (
        page(detail("a", registryId=210987654321)),
        "imageDetails[0]: inventory-malformed",
    ),
}
test_rejects_images_of_several_repositories = rejection_test(
    lambda output: Inventory.from_describe_images(output) and None, SEVERAL
)


def test_one_of_several_repositories_is_chosen() -> None:
    """And only its pages must be complete."""
    output = lines(page(A, B), page(OTHER, nextToken="2"))
    chosen = Inventory.from_describe_images(output, repository="shop/cart")

    assert (2, "shop/cart") == (len(chosen), chosen.repository_name)
    with rejects("inventory-incomplete"):
        Inventory.from_describe_images(output, repository="shop/web")
    with rejects("inventory-repository-unknown"):
        Inventory.from_describe_images(output, repository="shop/api")
    with rejects("inventory-repository-unknown"):
        Inventory.from_describe_images(page(detail("a", None)), repository="shop/api")
    empty = Inventory.from_describe_images(page(), repository="shop/cart")
    assert (0, "shop/cart") == (len(empty), empty.repository_name)


FAILED = "An error occurred (RepositoryNotFoundException) when calling the DescribeImages operation"
# A text that is no JSON, and words that its error contains.
TEXTS = {
    "yaml": ("imageDetails:\n- imageDigest: a\n", "--output json"),
    "a stream of yaml": ("- imageDetails:\n  - imageDigest: a\n", "--output json"),
    "text": ("IMAGEDETAILS\tapplication/vnd\tsha256:a\n", "--output json"),
    "tags as text": ("sha256:a\tsha256:b\n", "--output json"),
    "a table": ("-----\n|DescribeImages|\n+----+\n", "--output json"),
    "an error of the AWS CLI": (f"\n{FAILED}: gone\n", FAILED),
    "no credentials": ("Unable to locate credentials. You can configure", "credentials"),
    "an error of a later version": ("aws: [ERROR]: An error occurred", "is an error of"),
    "an error of the arguments": ("aws: error: argument command: Invalid choice", "is an error of"),
    "an error between pages": (f'{{"imageDetails": []}}\n{FAILED}: x', FAILED),
    "a key twice": ('{"imageDetails": [], "imageDetails": []}', "duplicate key"),
    "a key twice in a list": ('[{"imageDetails": [], "imageDetails": []}]', "duplicate key"),
    "JavaScript": ("{'imageDetails': []}", "line 1, column 2"),
    "usage": ("usage: aws [options] <command>\n", "usage: aws"),
    "an error with control characters": ("An error occurred \x1b[31m", "An error occurred  [31m"),
    "HTML": ("<html><body>Sign in</body></html>", "HTML"),
    "nothing": ("", "describe-images"),
    "a long number": ("9" * 5_000, "too long"),
    "broken at its end": ('{"imageDetails": []}\nTraceback', "line 2"),
    "text of Python": ("Traceback (most recent call last):", "Traceback"),
}


@pytest.mark.parametrize(("text", "words"), TEXTS.values(), ids=TEXTS)
def test_what_is_no_json_is_named(text: str, words: str) -> None:
    """With what to do."""
    with pytest.raises(ValidationError) as caught:
        Inventory.from_describe_images(text)

    [error] = caught.value.diagnostics
    assert error.code == "json-syntax"
    assert words in str(error)


# A document of another command, and words of the remedy.
DOCUMENTS = {
    "list-images": ({"imageIds": []}, "describe-images"),
    "describe-repositories": ({"repositories": []}, "describe-images"),
    "get-lifecycle-policy": ({"lifecyclePolicyText": "{}"}, "--policy"),
    "a policy": ({"rules": []}, "--policy"),
    "batch-get-image": ({"images": []}, "--manifests"),
    "another projection": ({"digests": []}, "--query"),
    "null": (None, "--query"),
    "tags": (["v1", "v2"], "--query"),
    "columns": ([["sha256:a", "v1"]], "--query"),
    "a page of null": ({"imageDetails": None}, "--query"),
    "a page of an object": ({"imageDetails": {"0": A}}, "--query"),
    "no time": ([{"imageDigest": "a"}], "--query"),
}


@pytest.mark.parametrize(("value", "words"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_another_document_has_a_remedy(value: Any, words: str) -> None:
    """It names the command that prints images."""
    with pytest.raises(ValidationError) as caught:
        Inventory.from_describe_images(json.dumps(value))

    [error] = caught.value.diagnostics
    assert error.code == "inventory-malformed"
    assert words in error.remedy


def test_images_given_as_manifests_are_named() -> None:
    with pytest.raises(ValidationError) as caught:
        Inventory().with_manifests(page(A))

    assert "--images" in caught.value.diagnostics[0].remedy


def test_a_failure_of_the_aws_cli_is_its_first_line() -> None:
    assert failure_of("{}") is None
    assert failure_of(f"\n{FAILED}: x\nmore") == f"{FAILED}: x"


# --- manifests that could not be read, and times of pulls that were left out ----------------------

INDEX = "application/vnd.oci.image.index.v1+json"


def failure(digest: str, code: str, reason: str | None = "why") -> dict[str, Any]:
    return {"imageId": {"imageDigest": digest}, "failureCode": code, "failureReason": reason}


def test_failures_of_batch_get_image_are_an_assumption() -> None:
    """Those of images that are not in the inventory, and of images that were read, are not."""
    inventory = Inventory.from_describe_images(
        page(detail("a", imageManifestMediaType=INDEX), B, detail("c"))
    )
    failures = [failure("a", "KmsError"), failure("b", "ImageNotFound", None), failure("x", "x")]
    read = {"imageId": {"imageDigest": "c"}, "imageManifest": "{}"}
    output = {"images": [read], "failures": [*failures, failure("c", "KmsError")]}
    inventory = inventory.with_manifests(output)

    assert {"a": "KmsError: why", "b": "ImageNotFound"} == inventory.unread_manifests
    rule = LifecycleRule.expire_untagged(after_days=1)
    by_id = {item.id: item for item in LifecyclePolicy(rule).simulate(inventory).assumptions}
    assert "KmsError (1), ImageNotFound (1)" in by_id["manifestsUnread"].sentence
    assert () == LifecyclePolicy().simulate(inventory).assumptions
    later = inventory.with_manifests({"images": [{**read, "imageId": {"imageDigest": "a"}}]})
    assert {"b": "ImageNotFound"} == later.unread_manifests


FAILURES: dict[str, tuple[Any, ...]] = {
    "a text": ("none", "failures: inventory-malformed"),
    "a number": ([7], "failures[0]: inventory-malformed"),
    "no digest": ([{"imageId": {}}], "failures[0].imageId.imageDigest: inventory-malformed"),
}
test_rejects_malformed_failures = rejection_test(
    lambda failures: Inventory().with_manifests({"images": [], "failures": failures}) and None,
    FAILURES,
)


def test_a_long_number_in_a_manifest_is_rejected() -> None:
    """Python limits the digits of a number."""
    text = f'{{"size": {"9" * 5_000}}}'
    entry = {"imageId": {"imageDigest": "a"}, "imageManifest": text}
    with rejects("images[0].imageManifest: inventory-malformed"):
        Inventory().with_manifests({"images": [entry]})


PULLED = "2026-11-01T00:00:00Z"


@pytest.mark.parametrize(
    ("images", "is_assumed"),
    [
        ([detail("a", None)], True),
        ([detail("a", None, lastRecordedPullTime=PULLED), detail("b", None)], False),
        ([A], False),
        ([], False),
    ],
    ids=["left out", "one pull", "no pull", "no image"],
)
def test_pull_times_that_may_be_left_out_are_an_assumption(
    images: list[Any], *, is_assumed: bool
) -> None:
    """Without the name of the repository, --query left out members."""
    inventory = Inventory.from_describe_images(page(*images)).with_manifests({"images": []})
    policy = LifecyclePolicy(LifecycleRule.archive(not_pulled_for_days=30))
    later = NOW + timedelta(days=1)

    ids = {assumption.id for assumption in policy.simulate(inventory, now=later).assumptions}
    assert ("pullTimesUnlisted" in ids) is is_assumed
    ages = LifecyclePolicy(LifecycleRule.expire(after_days=500)).simulate(inventory, now=later)
    assert () == ages.assumptions
