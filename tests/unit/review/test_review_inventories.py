"""Inventories of many repositories: how they are read, and whose they are."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.checks import Template
from ecr_constructs.cloudformation.errors import CheckError
from ecr_constructs.cloudformation.graph import Resource, TemplateSet
from ecr_constructs.model.lifecycle import Image, Inventory
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


def digests(inventories: Inventories) -> dict[RepositoryId, list[str]]:
    """Return the images of each repository."""
    return {
        key: [image.digest for image in inventory]
        for key, inventory in inventories.of_repositories.items()
    }


# --- reading ----------------------------------------------------------------------------------


def test_each_image_tells_its_repository_however_files_are_laid_out(tmp_path: Path) -> None:
    """Files of one repository are joined, and those of one file are told apart."""
    write(tmp_path / "a.json", entry("sha256:1"), entry("sha256:2", "payments/web"))
    write(tmp_path / "pages" / "b.json", entry("sha256:3"))

    assert {
        RepositoryId("payments/api", PROD[0]): ["sha256:1", "sha256:3"],
        RepositoryId("payments/web", PROD[0]): ["sha256:2"],
    } == digests(read_inventories(tmp_path))


def test_the_first_folder_that_is_called_as_a_region_tells_the_region(tmp_path: Path) -> None:
    """Whatever stands before it; a repository may be called so too."""
    write(tmp_path / "prod" / "eu-central-1" / "us-east-1" / "a.json", entry("sha256:1"))
    write(tmp_path / "us-gov-west-1" / "b.json", entry("sha256:2", registryId=None))

    assert {
        RepositoryId("payments/api", *PROD): ["sha256:1"],
        RepositoryId("payments/api", None, "us-gov-west-1"): ["sha256:2"],
    } == digests(read_inventories(tmp_path))


def test_manifests_beside_tell_what_an_index_lists(tmp_path: Path) -> None:
    """They are known by the digest, so that their file may have any place."""
    write(tmp_path / "api.json", entry("sha256:1", imageManifestMediaType=INDEX))
    manifest = json.dumps({"manifests": [{"digest": "sha256:2"}]})
    image = {"imageId": {"imageDigest": "sha256:1"}, "imageManifest": manifest}
    write(tmp_path / "other" / "api.manifests.json", image, key="images")
    [inventory] = read_inventories(tmp_path).of_repositories.values()

    assert [("sha256:2",)] == [image.references for image in inventory]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "{}",
            (
                'a.json: must be {"imageDetails": […]} as `aws ecr describe-images` prints it, '
                "got an object with no key"
            ),
        ),
        ("[", "a.json: not JSON: "),
        (
            json.dumps({"imageDetails": [{**entry("sha256:1"), "repositoryName": None}]}),
            "a.json: imageDetails[0]: repositoryName and registryId must be texts, got None and",
        ),
        (
            json.dumps({"imageDetails": [entry("sha256:1", registryId=7)]}),
            "repositoryName and registryId must be texts, got 'payments/api' and 7",
        ),
        (json.dumps({"imageDetails": [7]}), "imageDetails[0]: must be a JSON object, got a number"),
        (
            json.dumps({"imageDetails": [entry("sha256:1"), entry("sha256:1", imageTags=["v1"])]}),
            "a.json: sha256:1: is listed twice with different content",
        ),
    ],
    ids=["another document", "no JSON", "no name", "no account", "no image", "two moments"],
)
def test_a_file_that_is_something_else_is_named(tmp_path: Path, text: str, reason: str) -> None:
    """One line says which file, what is there and what should be."""
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    with pytest.raises(CheckError) as error:
        read_inventories(tmp_path)

    assert reason in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_without_inventories_is_refused(tmp_path: Path) -> None:
    """Silence would look like safety."""
    with pytest.raises(CheckError, match="holds no inventory; write there what `aws ecr"):
        read_inventories(tmp_path / "nowhere")


# --- whose they are ---------------------------------------------------------------------------


def repositories(*places: Place, definition: Json = API) -> list[Resource]:
    """Return one repository in stacks of several environments."""
    templates = [
        Template(str(number), {"Resources": {"Api": definition, "Other": NAMELESS}}, *place)
        for number, place in enumerate(places)
    ]
    return [stack.resources["Api"] for stack in TemplateSet(templates).stacks]


def owners(known: list[RepositoryId], *places: Place) -> list[bool]:
    """Tell of each repository whether one of the inventories is its own."""
    inventories = Inventories(dict.fromkeys(known, IMAGES))
    return [inventories.of(repository_) is IMAGES for repository_ in repositories(*places)]


def at(account: str | None = None, region: str | None = None) -> RepositoryId:
    """Return the repository of a registry."""
    return RepositoryId("payments/api", account, region)


@pytest.mark.parametrize(
    ("known", "places", "expected"),
    [
        ([at(*PROD)], [DEV, PROD], [False, True]),
        ([at(PROD[0])], [DEV, PROD], [False, True]),
        ([at(PROD[0])], [PROD, WEST], [False, False]),
        ([at(*PROD), at(*WEST)], [PROD, WEST], [True, True]),
        ([at(*PROD), at(PROD[0])], [PROD], [True]),
        ([at()], [PROD], [True]),
        ([at()], [DEV, PROD], [False, False]),
        ([at(*PROD)], [(None, None)], [True]),
        ([at(*PROD), at(*DEV)], [(None, None)], [False]),
        ([at(*PROD)], [(None, None), (None, "eu-central-1")], [False, False]),
        ([RepositoryId("payments/web")], [PROD], [False]),
    ],
    ids=[
        "the account tells",
        "the account alone tells",
        "two Regions",
        "two Regions, two inventories",
        "what fits exactly",
        "the only one",
        "one for two",
        "an unknown stack",
        "two for one",
        "two unknown stacks",
        "another name",
    ],
)
def test_an_inventory_is_never_guessed_to_be_a_repositorys(
    known: list[RepositoryId], places: list[Place], expected: list[bool]
) -> None:
    """Production's images are not judged by development's policy."""
    assert expected == owners(known, *places)


def test_a_repository_without_a_known_name_has_no_inventory() -> None:
    """CloudFormation makes a name up."""
    [repository] = repositories(PROD, definition=NAMELESS)

    assert Inventories({at(*PROD): IMAGES}).of(repository) is None


def test_the_reason_why_there_is_no_inventory_is_told() -> None:
    """Unless nobody gave any, or there is one."""
    here, there = repositories(PROD, WEST)

    assert Inventories().reason(here) is None
    assert Inventories({at(*PROD): IMAGES}).reason(here) is None
    assert "The affected images are unknown: there is no inventory of the repository." == (
        Inventories({RepositoryId("payments/web"): IMAGES}).reason(here)
    )
    reason = Inventories({at(PROD[0]): IMAGES}).reason(there)
    assert reason is not None
    assert reason.startswith(
        "The affected images are unknown: the inventory of payments/api may belong to"
    )
