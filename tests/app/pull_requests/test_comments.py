"""What reviewers read on each pull request."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

import ecr_constructs
from ecr_constructs.report.comment import to_markdown
from ecr_constructs.review import Review, load_sides, read_inventories, review
from scripts import picture
from tests.app.pull_requests.apps import PULL_REQUESTS
from tests.app.pull_requests.conftest import Sides
from tests.support.constructs import ACCOUNT, REGION

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MEGABYTE = 1_000_000


class _Comment(SingleFileSnapshotExtension):
    """Keeps a comment as Markdown."""

    _write_mode = WriteMode.TEXT
    file_extension = "md"


@pytest.fixture
def comments(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(_Comment)


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return inventories of two repositories: a release and a build every ten days."""
    folder = tmp_path_factory.mktemp("images") / REGION
    folder.mkdir()
    for name in ("payments/api", "payments/server"):
        details = [
            {
                "registryId": ACCOUNT,
                "repositoryName": name,
                "imageDigest": f"sha256:{number:064x}",
                "imageTags": [f"v1.{number}.0" if number % 2 else f"build-{number}"],
                "imageSizeInBytes": 50 * MEGABYTE,
                "imagePushedAt": (NOW - timedelta(days=10 * (24 - number))).isoformat(),
            }
            for number in range(24)
        ]
        text = json.dumps({"imageDetails": details})
        (folder / f"{name.replace('/', '-')}.json").write_text(text, encoding="utf-8")
    return folder.parent


@pytest.fixture(scope="session")
def reviews(sides: Sides, images: Path) -> dict[str, Review]:
    """Return the reviews of all pull requests."""
    inventories = read_inventories(images)
    return {
        name: review(*load_sides(*folders), inventories=inventories, now=NOW)
        for name, folders in sides.items()
    }


@pytest.mark.parametrize("name", PULL_REQUESTS)
def test_comment(
    name: str, reviews: dict[str, Review], sides: Sides, comments: SnapshotAssertion
) -> None:
    """The comment is the one that was reviewed."""
    version = f"ecr-constructs {ecr_constructs.__version__}\n"
    comment = to_markdown(reviews[name]).replace(version, "ecr-constructs\n")
    # Recipes name the cloud assembly of base, as it was given.
    assert comments == comment.replace(str(sides[name][0]), "base/cdk.out")


def test_the_worst_says_so_in_three_lines(reviews: dict[str, Review]) -> None:
    """Not deployable; these images deleted; open to every AWS account."""
    _, title, replaced, deleted, opened, *_ = to_markdown(reviews["the_worst"]).splitlines()

    assert title.startswith("### ECR review: ")
    assert replaced.startswith("- **Replaced** (error): `payments/api`")
    assert "cannot be deployed" in replaced
    assert deleted.startswith("- **Images deleted** (error): `payments/server`")
    assert "v1.1.0" in deleted
    assert opened.startswith("- **Access widened** (error): `payments/server`")
    assert "every AWS account" in opened


@pytest.mark.parametrize("name", PULL_REQUESTS)
def test_nothing_changes_from_a_side_to_itself(name: str, sides: Sides) -> None:
    """Head over head is no change, and says nothing else."""
    _, head = sides[name]

    comment = to_markdown(review(*load_sides(head, head)))
    assert ["### ECR review", "No change."] == comment.splitlines()[1:]


def test_the_picture_is_of_the_comment() -> None:
    """What the README shows is what the command writes; `make update` draws it."""
    comment = picture.COMMENT.read_text(encoding="utf-8")

    assert picture.picture(comment) == picture.PICTURE.read_text(encoding="utf-8")
