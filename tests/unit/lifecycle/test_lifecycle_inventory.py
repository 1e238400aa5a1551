"""Inventories as the AWS CLI prints them, and what is wrong with other files."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from ecr_constructs.model.lifecycle import Image, Inventory
from ecr_constructs.model.lifecycle.image import Blob

PUSHED = datetime(2026, 1, 31, 22, 59, 59, 500000, tzinfo=UTC)


def detail(digest: str = "sha256:a", **members: Any) -> dict[str, Any]:
    return {"imageDigest": digest, "imagePushedAt": "2026-01-31T22:59:59.5Z", **members}


def read(*details: Any) -> Inventory:
    return Inventory.from_describe_images(json.dumps({"imageDetails": list(details)}))


@pytest.mark.parametrize(
    "time",
    [
        "2026-01-31T22:59:59.5Z",
        "2026-01-31T22:59:59.500000+00:00",
        "2026-02-01T00:59:59.500+02:00",
        1769900399.5,
        PUSHED,
    ],
)
def test_times_are_read_as_either_cli_prints_them(time: Any) -> None:
    """Version 1 prints seconds, version 2 ISO 8601, boto3 gives datetimes."""
    (image,) = Inventory.from_describe_images({"imageDetails": [detail(imagePushedAt=time)]})

    assert (PUSHED, UTC) == (image.pushed_at, image.pushed_at.tzinfo)


def test_every_member_is_read() -> None:
    """Whatever a policy looks at."""
    (image,) = read(
        detail(
            imageTags=["v1", "latest"],
            imageSizeInBytes=12,
            imageStatus="ARCHIVED",
            lastRecordedPullTime=1769900400,
            lastArchivedAt=1769900401,
            lastActivatedAt=1769900402,
            imageManifestMediaType="type",
            subjectManifestDigest="sha256:b",
        )
    )

    instants = [datetime.fromtimestamp(1769900400 + n, UTC) for n in range(3)]
    assert image == Image(
        digest="sha256:a",
        tags=("v1", "latest"),
        pushed_at=PUSHED,
        size_bytes=12,
        status="ARCHIVED",
        last_recorded_pull_time=instants[0],
        last_archived_at=instants[1],
        last_activated_at=instants[2],
        media_type="type",
        subject="sha256:b",
    )


def pages(*digests: str) -> list[str]:
    return [json.dumps({"imageDetails": [detail(digest)]}, indent=2) for digest in digests]


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(pages("a", "b")),
        "".join(pages("a", "b")),
        f"  {pages('a')[0]}\n\n{pages('b')[0]}\n",
        f"[{', '.join(pages('a', 'b'))}]",
        json.dumps({"imageDetails": [detail("a"), detail("b")], "nextToken": "more"}),
        "\n".join(pages("a", "b", "a")),
    ],
)
def test_pages_come_in_many_ways(text: str) -> None:
    """One after the other, as a list, as one; an image that is in two of them is one."""
    assert ["a", "b"] == [image.digest for image in Inventory.from_describe_images(text)]


def test_an_image_is_found_by_digest() -> None:
    """Or is not."""
    inventory = read(detail("a"))

    assert inventory.images[0] is inventory.get("a")
    assert (None, 1, True) == (inventory.get("b"), len(inventory), bool(inventory))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty; expected what `aws ecr describe-images` prints"),
        ("  \n", "is empty"),
        ("{", "not JSON: Expecting property name enclosed in double quotes at line 1, column 2"),
        ('{"imageDetails": []}\n\nx', "not JSON: Expecting value at line 3, column 1"),
        ("[" * 100_000, "nested too deeply; expected what"),
        ("7", 'expected {"imageDetails": […]} as `aws ecr describe-images` prints it, got a num'),
        ("[1, 2]", 'page 1: expected {"imageDetails": […]} as'),
        ("{}", "got an object with no key"),
        ('{"images": []}', "got an object with 'images'"),
        ('{"imageDetails": 1}', "got imageDetails that is a number"),
        ('{"imageDetails": [1]}', "imageDetails[0] must be a JSON object, got a number"),
        (
            '{"imageDetails": []} {"imageDetails": [null]}',
            "page 2: imageDetails[0] must be a JSON object, got null",
        ),
    ],
)
def test_what_is_no_inventory_is_refused(text: str, said: str) -> None:
    """With the place, what is there, and what is expected."""
    with pytest.raises(ValueError, match=r"^") as refusal:
        Inventory.from_describe_images(text)
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"imageDigest": None}, "imageDigest is missing; it is what an image is known by"),
        ({"imageDigest": 7}, "imageDigest must be text, got 7"),
        ({"imagePushedAt": None}, "imagePushedAt is missing; without it no age is known"),
        (
            {"imagePushedAt": "yesterday"},
            "ISO 8601 with a zone, such as 2026-11-24T12:00:00+00:00, or seconds since 1970, got",
        ),
        (
            {"imagePushedAt": "2026-01-01T00:00:00"},
            "has no zone: '2026-01-01T00:00:00'; write 2026-01-01T00:00:00Z if it is UTC",
        ),
        ({"imagePushedAt": 1769900399500}, "got 1769900399500: milliseconds, perhaps?"),
        ({"imagePushedAt": float("nan")}, "got nan: milliseconds, perhaps?"),
        ({"imagePushedAt": "0001-01-01T00:00:00+14:00"}, "got '0001-01-01T00:00:00+14:00'"),
        ({"imagePushedAt": True}, "got True"),
        ({"imageTags": "v1"}, "imageTags must be a list of texts, got 'v1'"),
        ({"imageTags": [1]}, "imageTags must be a list of texts, got [1]"),
        ({"imageSizeInBytes": -1}, "imageSizeInBytes must be a whole number of at least 0, got -1"),
        ({"imageSizeInBytes": 1.5}, "got 1.5"),
        ({"imageSizeInBytes": True}, "got True"),
        ({"imageStatus": "GONE"}, "imageStatus must be one of ACTIVE, ARCHIVED, ACTIVATING, got"),
        ({"imageStatus": "ARCHIVED"}, "lastArchivedAt is missing; an image that is ARCHIVED has"),
        ({"lastRecordedPullTime": "x"}, "lastRecordedPullTime must be ISO 8601"),
        ({"subjectManifestDigest": []}, "subjectManifestDigest must be text, got []"),
    ],
)
def test_a_malformed_image_is_refused(members: dict[str, Any], said: str) -> None:
    """With its place in the file."""
    with pytest.raises(ValueError, match=r"^imageDetails\[1\]\.") as refusal:
        read(detail("sha256:b"), detail(**members))
    assert said in str(refusal.value)


def test_pages_of_different_times_are_refused() -> None:
    """A digest with two contents, a tag at two images."""
    with pytest.raises(ValueError, match="sha256:a stands twice and differs; the pages were read"):
        read(detail(imageTags=["v1"]), detail(imageTags=["v2"]))
    with pytest.raises(ValueError, match="the tag 'v1' stands at sha256:a and at sha256:b, but it"):
        read(detail(imageTags=["v1"]), detail("sha256:b", imageTags=["v1"]))


# --- manifests ----------------------------------------------------------------------------------


def fetched(digest: str, manifest: Any, **members: Any) -> dict[str, Any]:
    text = manifest if isinstance(manifest, str) else json.dumps(manifest)
    return {"imageId": {"imageDigest": digest}, "imageManifest": text, **members}


def test_manifests_tell_of_each_other() -> None:
    """What an index lists, what a signature refers to, which layers there are."""
    inventory = read(detail("index"), detail("image"), detail("other"))
    output = {
        "images": [
            fetched("index", {"mediaType": "list", "manifests": [{"digest": "image"}]}),
            fetched(
                "image",
                {
                    "config": {"digest": "c", "size": 1},
                    "layers": [{"digest": "l", "size": 2}],
                    "subject": {"digest": "s"},
                },
                imageManifestMediaType="image type",
            ),
            fetched("elsewhere", {}),
        ],
        "failures": [],
    }
    index, image, other = inventory.with_manifests(output)

    assert (("image",), (), "list", True) == (
        index.references,
        index.blobs,
        index.media_type,
        index.is_index,
    )
    assert ((), (Blob("c", 1), Blob("l", 2)), "s", "image type") == (
        image.references,
        image.blobs,
        image.subject,
        image.media_type,
    )
    assert (None, None) == (other.references, other.blobs)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (7, "images[0] must be a JSON object, got a number"),
        ({}, "images[0].imageId.imageDigest must be text, got None"),
        ({"imageId": {"imageDigest": "a"}}, "images[0].imageManifest must be the text of a JSON"),
        (fetched("a", "{"), "images[0].imageManifest must be the text of a JSON object, got '{…'"),
        (fetched("a", "[1]"), "images[0].imageManifest must be the text of a JSON object"),
        (fetched("a", {"manifests": [1]}), "images[0].imageManifest must be an image or index man"),
        (fetched("a", {"layers": [{}]}), "got one with layers"),
        (fetched("a", {"subject": "x"}), "got one with subject"),
        (fetched("a", {"config": {"digest": "a", "size": "x"}}), "got one with config"),
    ],
)
def test_malformed_manifests_are_refused(entry: Any, said: str) -> None:
    """With the place."""
    with pytest.raises(ValueError, match=r"^") as refusal:
        read(detail("a")).with_manifests({"images": [entry]})
    assert said in str(refusal.value)


def test_a_hundred_thousand_images_are_read() -> None:
    """As many as a repository may hold."""
    output = {"imageDetails": [detail(f"sha256:{n}", imageTags=[f"v{n}"]) for n in range(100_000)]}

    assert len(Inventory.from_describe_images(output)) == 100_000
