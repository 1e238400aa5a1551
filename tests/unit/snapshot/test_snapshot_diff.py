"""Two snapshots of a registry: same, different, or not known; never equal without being asked."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.report.document import plain
from ecr_constructs.report.snapshot import difference_blocks, difference_document
from ecr_constructs.snapshot import SnapshotError
from ecr_constructs.snapshot.diff import Difference, compare
from ecr_constructs.snapshot.document import CallError, Header, NotAsked, Record, Snapshot
from ecr_constructs.snapshot.files import lines_of
from tests.cli.conftest import Run
from tests.cli.conftest import run as run  # noqa: PLC0414 - a fixture
from tests.support.snapshots import ACCOUNT, AT, REGION, repository, without
from tests.support.snapshots import registry as whole_registry

REPOSITORIES = ("repositories", "images")


def record(
    operation: str,
    request: Mapping[str, Any] | None,
    output: Mapping[str, Any] | str,
    service: str = "ecr",
) -> Record:
    """Return a page, or an error by its code."""
    if isinstance(output, str):
        return Record(service, operation, request or {}, AT, error=CallError(output))
    return Record(service, operation, request or {}, AT, output)


def image(digest: str, *tags: str, **members: Any) -> dict[str, Any]:
    """Return an image of DescribeImages."""
    return {"imageDigest": digest, "imageTags": [*tags], **members}


def registry(
    repositories: Mapping[str, Sequence[Mapping[str, Any]]], **others: Any
) -> list[Record]:
    """Return the records of repositories with images; `others` replaces answers by operation."""
    made = [repository(name, images=images) for name, images in repositories.items()]
    operations = {"DescribeRepositories", "BatchGetRepositoryScanningConfiguration"}
    records = [item for item in whole_registry(*made) if item.operation in operations]
    records += [record for _, about in made for record in about]
    return [
        record(item.operation, item.request, others[item.operation])
        if item.operation in others
        else item
        for item in records
    ]


def snapshot(
    records: Sequence[Record], sources: Sequence[str] = REPOSITORIES, region: str = REGION
) -> Snapshot:
    """Return a snapshot."""
    header = Header(ACCOUNT, region, "arn", AT, sources, [NotAsked("ecs", "not selected")])
    return Snapshot(header, records, finished=AT)


def difference(before: Sequence[Record], after: Sequence[Record]) -> Difference:
    """Compare the records of two snapshots."""
    return compare(snapshot(before), snapshot(after))


BASE = {"api": [image("sha256:1", "v1"), image("sha256:2", "v2")], "web": []}


def test_equal() -> None:
    """The order of entries, times of evaluation and of pulls are no difference."""
    pulled = "2026-11-01T00:00:00Z"
    other = {
        "web": [],
        "api": [image("sha256:2", "v2", lastRecordedPullTime=pulled), image("sha256:1", "v1")],
    }
    result = difference(registry(BASE), registry(other))

    assert result.is_equal
    assert 10 == result.same


def test_pages_are_one_answer() -> None:
    """However AWS cuts them."""
    request = {"repositoryName": "api", "filter": {"imageStatus": "ANY"}}
    [whole] = [item for item in registry(BASE) if item.request == request]
    pages = [item for item in registry(BASE) if item.request != request]
    assert whole.output is not None
    for number, entry in enumerate(whole.output["imageDetails"]):
        page = {"imageDetails": [entry], "nextToken": str(number)}
        pages.append(Record("ecr", "DescribeImages", request, AT, page, more=number == 0))

    assert 1 < len(whole.output["imageDetails"])
    assert difference(registry(BASE), pages).is_equal


def test_images() -> None:
    """New and gone ones, tags that moved, and what else changed."""
    other = {
        "api": [image("sha256:2", "v1", imageStatus="ARCHIVED"), image("sha256:3", "v3")],
        "web": [],
    }
    result = difference(registry(BASE), registry(other))
    [images] = result.images

    assert ("api", ["sha256:3"], ["sha256:1"]) == (images.repository, images.new, images.gone)
    assert [
        ("v1", "sha256:1", "sha256:2"),
        ("v2", "sha256:2", None),
        ("v3", None, "sha256:3"),
    ] == images.moved
    [change] = images.changes
    assert ("sha256:2.imageStatus", None, "ARCHIVED") == (change.path, change.before, change.after)
    text = plain(difference_blocks(result))
    assert "tag v1: sha256:1 → sha256:2" in text
    assert "ARCHIVED" in text
    document = difference_document(result)
    assert not document["equal"]
    assert "v1" == document["images"][0]["tagsMoved"][0]["tag"]


def test_a_repository_that_is_gone() -> None:
    """What nobody asks about it any more is known, since the list of repositories is complete."""
    result = difference(registry(BASE), registry({"api": BASE["api"]}))

    assert not result.unknown
    names = ["BatchGetRepositoryScanningConfiguration", "DescribeRepositories"]
    assert names == [call.operation for call in result.different]
    [change] = result.different[1].changes
    assert "repositories[web]" == change.path
    assert change.after is None


def test_a_repository_with_images_that_is_new() -> None:
    """Its images are new."""
    result = difference(registry({}), registry(BASE))
    [images] = result.images

    assert ["sha256:1", "sha256:2"] == images.new
    assert not result.unknown


def test_policies_are_compared_as_json() -> None:
    """White space and the order of members and statements are no difference."""
    statements = [{"Sid": "a", "Effect": "Allow"}, {"Sid": "b", "Effect": "Deny"}]
    texts = [
        json.dumps({"Version": "2012", "Statement": statements}),
        json.dumps({"Statement": statements[::-1], "Version": "2012"}, indent=2),
        json.dumps({"Version": "2012", "Statement": statements[:1]}),
        "{",
    ]
    sides = [registry(BASE, GetRepositoryPolicy={"policyText": text}) for text in texts]

    assert difference(sides[0], sides[1]).is_equal
    [change] = difference(sides[0], sides[2]).different[0].changes
    assert "policyText.Statement[b]" == change.path
    assert "policyText" == difference(sides[0], sides[3]).different[0].changes[0].path
    assert 1 == len(difference(sides[0], registry(BASE)).different[0].changes)


def test_lists_without_names() -> None:
    """Their entries are counted."""
    sides = [
        registry(BASE, ListTagsForResource={"tags": tags})
        for tags in ([1, 1, 2], [2, 1, 1], [1, 2], [{"Key": "a", "Value": "1"}, {"Value": "2"}])
    ]

    assert difference(sides[0], sides[1]).is_equal
    assert ["tags[]"] == [
        change.path for change in difference(sides[0], sides[2]).different[0].changes
    ]
    assert difference(sides[3], sides[3]).is_equal


def test_numbers_and_truths_differ() -> None:
    """1 is not true."""
    sides = [registry(BASE, ListTagsForResource={"x": value}) for value in (1, True)]

    assert difference(*sides).different


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize(
    "operation",
    ["GetRepositoryPolicy", "DescribeImages", "BatchGetRepositoryScanningConfiguration"],
)
def test_what_is_refused_is_never_equal(side: str, operation: str) -> None:
    """On one side or on both."""
    good, bad = registry(BASE), registry(BASE, **{operation: "AccessDeniedException"})
    pair = (bad, good) if side == "before" else (good, bad)
    result = difference(*pair)

    assert not result.is_equal
    assert {(operation, side, "refused: AccessDeniedException")} == {
        (item.operation, item.side, item.reason) for item in result.unknown
    }
    assert {"before", "after"} == {item.side for item in difference(bad, bad).unknown}
    assert "Not known" in plain(difference_blocks(result))


def test_an_interrupted_snapshot_is_never_equal() -> None:
    """Calls that are missing on both sides are not known."""
    operation = "BatchGetRepositoryScanningConfiguration"
    part = without(registry(BASE), operation)[:3]
    result = difference(part, part)

    assert not result.is_equal
    assert (operation, "not-asked") in [(item.operation, item.reason) for item in result.unknown]
    request = {"repositoryName": "web"}
    assert ("GetLifecyclePolicy", request) in [
        (item.operation, item.request) for item in result.unknown
    ]


def test_repositories_that_are_refused() -> None:
    """Then nothing is known about the images of one that the other side has."""
    denied = [record("DescribeRepositories", None, "AccessDeniedException")]
    result = difference(registry(BASE), denied)

    assert not result.different
    assert not result.images
    assert ("DescribeImages", "after", "not-asked") in [
        (item.operation, item.side, item.reason) for item in result.unknown
    ]


def test_a_source_that_only_one_side_has() -> None:
    """Is one entry, however many calls it makes."""
    extra = [
        record("ListClusters", None, {"clusterArns": ["c"]}, "ecs"),
        record("ListTasks", {"cluster": "c", "desiredStatus": "RUNNING"}, {"taskArns": []}, "ecs"),
    ]
    after = snapshot([*registry(BASE), *extra], (*REPOSITORIES, "ecs"))
    result = compare(snapshot(registry(BASE)), after)
    sources = [(item.source, item.side, item.reason) for item in result.unknown]

    assert ("ecs", "before", "not selected") in sources
    assert 1 == sum(source == "ecs" and reason == "not selected" for source, _, reason in sources)


def test_what_has_no_table() -> None:
    """Kubernetes and AWS Config are compared too, and a side without them is not known."""
    pods = [record("List", {"cluster": "c"}, {"items": []}, "kubernetes")]
    sources = (*REPOSITORIES, "kubernetes")
    both = compare(
        snapshot([*registry(BASE), *pods], sources), snapshot([*registry(BASE), *pods], sources)
    )
    one = compare(snapshot([*registry(BASE), *pods], sources), snapshot(registry(BASE), sources))

    assert both.is_equal
    assert ["not-asked"] == [item.reason for item in one.unknown]


def test_other_registries() -> None:
    """Cannot be compared."""
    with pytest.raises(SnapshotError) as caught:
        compare(snapshot([]), snapshot([], region="eu-west-1"))

    assert "snapshot-registry-other" == caught.value.diagnostics[0].code


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)


def write(name: str, value: Snapshot) -> str:
    """Write a file."""
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(lines_of(value)), encoding="utf-8")
    return name


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_the_command(run: Run, form: str) -> None:
    """Its exit status says whether everything is known and the same."""
    same = write("a/1.jsonl", snapshot(registry(BASE)))
    other = write("b/1.jsonl", snapshot(registry({"api": []})))
    write("b/2.jsonl", snapshot([], (), "eu-west-1"))

    assert 0 == run("snapshot", "--diff", same, same, "--format", form).status
    assert 1 == run("snapshot", "--diff", same, other, "--format", form).status
    result = run("snapshot", "--diff", "a", "b", "--format", form)
    assert 1 == result.status
    assert "111122223333/eu-west-1" in result.out
    assert 1 == run("snapshot", "--diff", "b", "a", "--format", form).status
    if form == "json":
        assert ["before"] == [item["side"] for item in result.json["notKnown"]]
        assert not result.json["equal"]


def test_files_that_cannot_be_compared(run: Run) -> None:
    """Two of one registry, or none."""
    file = write("a/1.jsonl", snapshot(registry(BASE)))
    write("a/2.jsonl", snapshot(registry(BASE)))

    assert ["snapshot-duplicate"] == run("snapshot", "--diff", "a", file).codes
    assert ["snapshot-unreadable"] == run("snapshot", "--diff", file, "none.json").codes
