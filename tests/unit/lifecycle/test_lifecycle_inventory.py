"""Inventories in the output of the AWS CLI, and the errors of other input."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from ecr_constructs.model.lifecycle import Image, Inventory
from ecr_constructs.model.lifecycle.image import Blob
from ecr_constructs.model.validation import ValidationError
from tests.support.errors import by_code, rejection_test

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
def test_formats_of_times(time: Any) -> None:
    """Version 1 of the AWS CLI prints seconds, version 2 ISO 8601; boto3 returns datetimes."""
    (image,) = Inventory.from_describe_images({"imageDetails": [detail(imagePushedAt=time)]})

    assert (PUSHED, UTC) == (image.pushed_at, image.pushed_at.tzinfo)


NAIVE = PUSHED.replace(tzinfo=None)
WRONG_IMAGES: dict[str, tuple[Any, ...]] = {
    "a push without a zone": ({"pushed_at": NAIVE}, "pushed_at: image-time"),
    "a push as text": ({"pushed_at": "2026-01-31"}, "pushed_at: image-time"),
    "no push": ({"pushed_at": None}, "pushed_at: image-time"),
    "a pull without a zone": (
        {"last_recorded_pull_time": NAIVE},
        "last_recorded_pull_time: image-time",
    ),
    "a text for tags": ({"tags": "v1"}, "tags: list-is-string"),
    "a list of tags": ({"tags": ["v1"]},),
}
test_images = rejection_test(
    lambda members: Inventory([Image(**{"digest": "a", "pushed_at": PUSHED, **members})]) and None,
    WRONG_IMAGES,
)
test_other_than_images = rejection_test(
    lambda images: Inventory(images) and None,
    {
        "texts": (["sha256:a"], "images[0]: wrong-type"),
        "a set of texts": ({"sha256:a"}, "images[0]: wrong-type"),
    },
)


def test_reads_every_member() -> None:
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
        json.dumps({"imageDetails": [detail("a"), detail("b")], "nextToken": None}),
        "\n".join(pages("a", "b", "a")),
    ],
)
def test_formats_of_pages(text: str) -> None:
    """Pages may be concatenated, a list, or one; duplicates of an image count once."""
    assert ["a", "b"] == [image.digest for image in Inventory.from_describe_images(text)]


def test_get_by_digest() -> None:
    inventory = read(detail("a"))

    assert inventory.images[0] is inventory.get("a")
    assert (None, 1, True) == (inventory.get("b"), len(inventory), bool(inventory))


MALFORMED = {
    "json-syntax": ["", "  \n", "{", '{"imageDetails": []}\n\nx', "[" * 100_000],
    "inventory-malformed": ["7", "{}", '{"images": []}', '{"imageDetails": 1}'],
    "page 1: inventory-malformed": ["[1, 2]"],
    "imageDetails[0]: inventory-malformed": ['{"imageDetails": [1]}'],
    "page 2: imageDetails[0]: inventory-malformed": [
        '{"imageDetails": []} {"imageDetails": [null]}'
    ],
}
test_rejects_other_documents = rejection_test(Inventory.from_describe_images, by_code(MALFORMED))


def test_describes_another_document() -> None:
    """The error contains the expected and the actual document."""
    with pytest.raises(ValidationError) as caught:
        Inventory.from_describe_images('{"images": []}')

    [error] = caught.value.diagnostics
    assert error.message == (
        'must be {"imageDetails": […]} as `aws ecr describe-images` prints it, got an object with '
        "'images'"
    )


EARLIEST = "0001-01-01T00:00:00+14:00"
# For each key the values that are malformed, and those that are not instants.
MEMBERS: list[tuple[str, list[Any], list[Any]]] = [
    ("imageDigest", [None, 7], []),
    ("imagePushedAt", [None], ["yesterday", 1769900399500, True, EARLIEST]),
    ("imageTags", ["v1", [1]], []),
    ("imageSizeInBytes", [-1, 1.5, True], []),
    ("imageStatus", ["GONE"], []),
    ("lastRecordedPullTime", [], ["x"]),
    ("subjectManifestDigest", [[]], []),
]
IMAGES: dict[str, tuple[Any, ...]] = {
    f"{key}: {value}": ({**detail(), key: value}, f"imageDetails[1].{key}: {code}")
    for key, malformed, no_instants in MEMBERS
    for code, values in (("inventory-malformed", malformed), ("instant-format", no_instants))
    for value in values
} | {
    "no zone": (
        detail(imagePushedAt="2026-01-01T00:00:00"),
        "imageDetails[1].imagePushedAt: instant-zone",
    ),
    "archived without a time": (
        detail(imageStatus="ARCHIVED"),
        "imageDetails[1].lastArchivedAt: inventory-malformed",
    ),
}
test_rejects_a_malformed_image = rejection_test(
    lambda image: read(detail("sha256:b"), image), IMAGES
)
TAGGED = detail(imageTags=["v1"])
# Pages that were read at different times describe an image or a tag differently.
PAGES: dict[str, tuple[Any, ...]] = {
    "an image": ((TAGGED, detail(imageTags=["v2"])), "sha256:a: image-conflict"),
    "a tag": ((TAGGED, detail("sha256:b", imageTags=["v1"])), "sha256:a: tag-conflict"),
}
test_rejects_contradicting_pages = rejection_test(read, PAGES)


# --- manifests ----------------------------------------------------------------------------------


def fetched(digest: str, manifest: Any, **members: Any) -> dict[str, Any]:
    text = manifest if isinstance(manifest, str) else json.dumps(manifest)
    return {"imageId": {"imageDigest": digest}, "imageManifest": text, **members}


def test_reads_manifests() -> None:
    """Manifests contain the children of an index, the subject of a signature, and layers."""
    inventory = read(detail("index"), detail("image"), detail("other"))
    layers = {"config": {"digest": "c", "size": 1}, "layers": [{"digest": "l", "size": 2}]}
    images = [
        fetched("index", {"mediaType": "list", "manifests": [{"digest": "image"}]}),
        fetched(
            "image", layers | {"subject": {"digest": "s"}}, imageManifestMediaType="image type"
        ),
        fetched("elsewhere", {}),
    ]
    index, image, other = inventory.with_manifests({"images": images, "failures": []})

    assert (("image",), ()) == (index.references, index.blobs)
    assert ("list", True) == (index.media_type, index.is_index)
    assert ((), (Blob("c", 1), Blob("l", 2))) == (image.references, image.blobs)
    assert ("s", "image type") == (image.subject, image.media_type)
    assert (None, None) == (other.references, other.blobs)


MANIFESTS: dict[str, list[Any]] = {
    "images[0]: inventory-malformed": [7],
    "images[0].imageId.imageDigest: inventory-malformed": [{}],
    "images[0].imageManifest: inventory-malformed": [
        {"imageId": {"imageDigest": "a"}},
        fetched("a", "{"),
        fetched("a", "[1]"),
        fetched("a", {"manifests": [1]}),
        fetched("a", {"layers": [{}]}),
        fetched("a", {"subject": "x"}),
        fetched("a", {"config": {"digest": "a", "size": "x"}}),
    ],
}
test_rejects_malformed_manifests = rejection_test(
    lambda entry: read(detail("a")).with_manifests({"images": [entry]}), by_code(MANIFESTS)
)


def test_reads_many_images() -> None:
    output = {"imageDetails": [detail(f"sha256:{n}", imageTags=[f"v{n}"]) for n in range(20_000)]}

    assert len(Inventory.from_describe_images(output)) == 20_000
