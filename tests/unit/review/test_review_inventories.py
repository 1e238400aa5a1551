"""Inventories of many repositories: how they are read, and which repository each belongs to."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.checks import Template
from ecr_constructs.cloudformation.errors import CheckError
from ecr_constructs.cloudformation.graph import Resource, TemplateSet
from ecr_constructs.model.lifecycle import Image, Inventory
from ecr_constructs.model.validation import ValidationError
from ecr_constructs.review import Inventories, RepositoryId, read_inventories
from tests.support.compared import API

Json = Any
Place = tuple[str | None, str | None]

INDEX = "application/vnd.oci.image.index.v1+json"
DEV, PROD = ("111111111111", "eu-central-1"), ("222222222222", "eu-central-1")
WEST = (PROD[0], "eu-west-1")
NAMELESS = {**API, "Properties": {"RepositoryName": {"Ref": "Name"}}}
IMAGES = Inventory([Image(digest="sha256:1", pushed_at=datetime(2026, 11, 1, tzinfo=UTC))])


def entry(digest: str, name: str = "payments/api", **more: Any) -> Json:
    """Return an image as it is described."""
    return {
        "registryId": PROD[0],
        "repositoryName": name,
        "imageDigest": digest,
        "imagePushedAt": "2026-11-01T12:00:00+00:00",
        **more,
    }


def write(path: Path, *entries: Json, key: str = "imageDetails") -> None:
    """Write a page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({key: entries}), encoding="utf-8")


# --- reading ----------------------------------------------------------------------------------


def at(account: str | None = None, region: str | None = None, *, name: str = "api") -> RepositoryId:
    """Return the repository of a registry."""
    return RepositoryId(f"payments/{name}", account, region)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"a.json": [entry("1"), entry("2", "payments/web")], "pages/b.json": [entry("3")]},
            {at(PROD[0]): ["1", "3"], at(PROD[0], name="web"): ["2"]},
        ),
        (
            {
                "prod/eu-central-1/us-east-1/a.json": [entry("1")],
                "us-gov-west-1/b.json": [entry("2", registryId=None)],
            },
            {at(*PROD): ["1"], at(None, "us-gov-west-1"): ["2"]},
        ),
    ],
    ids=["files and pages", "the first folder named after a Region"],
)
def test_images_name_their_repository(
    tmp_path: Path, files: dict[str, Json], expected: dict[RepositoryId, list[str]]
) -> None:
    """Files of one repository are joined; the folder gives the Region."""
    for name, entries in files.items():
        write(tmp_path / name, *entries)

    assert expected == {
        key: [image.digest for image in inventory]
        for key, inventory in read_inventories(tmp_path).of_repositories.items()
    }


def test_manifests_have_the_images_of_an_index(tmp_path: Path) -> None:
    """They are matched by digest, so their file may be in any folder."""
    write(tmp_path / "api.json", entry("sha256:1", imageManifestMediaType=INDEX))
    manifest = json.dumps({"manifests": [{"digest": "sha256:2"}]})
    image = {"imageId": {"imageDigest": "sha256:1"}, "imageManifest": manifest}
    write(tmp_path / "other" / "api.manifests.json", image, key="images")
    [inventory] = read_inventories(tmp_path).of_repositories.values()

    assert [("sha256:2",)] == [image.references for image in inventory]


def page(*entries: Any) -> str:
    """Return the text of a file."""
    return json.dumps({"imageDetails": entries})


@pytest.mark.parametrize(
    ("text", "code", "path"),
    [
        ("{}", "inventory-malformed", ""),
        ("[", "json-syntax", ""),
        (page(entry("1", repositoryName=None)), "inventory-malformed", "imageDetails[0]"),
        (page(entry("1", registryId=7)), "inventory-malformed", "imageDetails[0]"),
        (page(7), "inventory-malformed", "imageDetails[0]"),
        (page(entry("1"), entry("1", imageTags=["v1"])), "image-conflict", "1"),
    ],
    ids=["another document", "no JSON", "no name", "no account", "no image", "two moments"],
)
def test_malformed_file_is_named(tmp_path: Path, text: str, code: str, path: str) -> None:
    """The error is one line with the file, the place in it and the problem."""
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    with pytest.raises(CheckError) as error:
        read_inventories(tmp_path)
    cause = error.value.__cause__
    assert isinstance(cause, ValidationError)
    [diagnostic] = cause.diagnostics

    assert (code, path) == (diagnostic.code, diagnostic.path)
    assert str(error.value).startswith(f"{tmp_path / 'a.json'}: {path}")
    assert "\n" not in str(error.value)


def test_pages_of_several_files_are_complete_together(tmp_path: Path) -> None:
    """Without the last one images are missing, which is an error."""
    first = json.dumps({"imageDetails": [entry("sha256:1")], "nextToken": "2"})
    (tmp_path / "1.json").write_text(first, encoding="utf-8")
    with pytest.raises(CheckError) as error:
        read_inventories(tmp_path)

    assert "inventory-incomplete" == error.value.code
    write(tmp_path / "2.json", entry("sha256:2"))
    [inventory] = read_inventories(tmp_path).of_repositories.values()
    assert 2 == len(inventory)
    (tmp_path / "0.json").write_text('{"imageDetails": [], "nextToken": "2"}', encoding="utf-8")
    with pytest.raises(CheckError) as error:
        read_inventories(tmp_path)
    assert "inventory-incomplete" == error.value.code


def test_manifests_that_ecr_did_not_return_are_known(tmp_path: Path) -> None:
    """The inventory says why."""
    write(tmp_path / "api.json", entry("sha256:1", imageManifestMediaType=INDEX))
    failure = {"imageId": {"imageDigest": "sha256:1"}, "failureCode": "KmsError"}
    document = json.dumps({"images": [], "failures": [failure]})
    (tmp_path / "api.manifests.json").write_text(document, encoding="utf-8")
    [inventory] = read_inventories(tmp_path).of_repositories.values()

    assert {"sha256:1": "KmsError"} == inventory.unread_manifests


def test_folder_without_inventories_is_rejected(tmp_path: Path) -> None:
    """No inventory would look like no loss."""
    with pytest.raises(CheckError, match=f"{tmp_path / 'nowhere'} holds no inventory"):
        read_inventories(tmp_path / "nowhere")


# --- the repository of an inventory -----------------------------------------------------------


def repositories(*places: Place, definition: Json = API) -> list[Resource]:
    """Return one repository in stacks of several environments."""
    templates = [
        Template(str(number), {"Resources": {"Api": definition, "Other": NAMELESS}}, *place)
        for number, place in enumerate(places)
    ]
    return [stack.resources["Api"] for stack in TemplateSet(templates).stacks]


def owners(inventories_of: list[RepositoryId], *places: Place) -> list[bool]:
    """Tell of each repository whether one of the inventories is its own."""
    inventories = Inventories(dict.fromkeys(inventories_of, IMAGES))
    return [inventories.of(repository_) is IMAGES for repository_ in repositories(*places)]


OWNERS: dict[str, tuple[list[RepositoryId], list[Place], list[bool]]] = {
    "the account tells": ([at(*PROD)], [DEV, PROD], [False, True]),
    "the account alone tells": ([at(PROD[0])], [DEV, PROD], [False, True]),
    "two Regions": ([at(PROD[0])], [PROD, WEST], [False, False]),
    "two Regions, two inventories": ([at(*PROD), at(*WEST)], [PROD, WEST], [True, True]),
    "what fits exactly": ([at(*PROD), at(PROD[0])], [PROD], [True]),
    "the only one": ([at()], [PROD], [True]),
    "one for two": ([at()], [DEV, PROD], [False, False]),
    "an unknown stack": ([at(*PROD)], [(None, None)], [True]),
    "two for one": ([at(*PROD), at(*DEV)], [(None, None)], [False]),
    "two unknown stacks": ([at(*PROD)], [(None, None), (None, "eu-central-1")], [False, False]),
    "another name": ([at(name="web")], [PROD], [False]),
}


@pytest.mark.parametrize("case", OWNERS)
def test_ambiguous_inventory_belongs_to_no_repository(case: str) -> None:
    """Images of production are not simulated with the policy of development."""
    inventories, places, expected = OWNERS[case]
    assert expected == owners(inventories, *places)


def test_repository_of_unknown_name_has_no_inventory() -> None:
    """CloudFormation generates the name."""
    [repository] = repositories(PROD, definition=NAMELESS)

    assert Inventories({at(*PROD): IMAGES}).of(repository) is None


def test_reason_for_a_missing_inventory() -> None:
    """None without any inventories, or if there is one."""
    here, there = repositories(PROD, WEST)
    missing = Inventories({RepositoryId("payments/web"): IMAGES}).reason(here)
    ambiguous = Inventories({at(PROD[0]): IMAGES}).reason(there)

    assert Inventories().reason(here) is None
    assert Inventories({at(*PROD): IMAGES}).reason(here) is None
    assert missing is not None
    assert "payments/api" not in missing
    assert ambiguous is not None
    assert "payments/api may belong to another account or Region" in ambiguous
