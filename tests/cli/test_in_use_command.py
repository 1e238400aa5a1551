"""``in-use``, ``find`` and ``protect``: arguments, a live account, and what is left out."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.snapshot.files import json_of
from tests.cli.conftest import Run
from tests.support.aws_environment import aws_environment
from tests.support.fake_account import FakeAccount, pages
from tests.support.snapshots import cut, refused, registry, replaced, repository, snapshot
from tests.support.workload_answers import (
    INDEX,
    definition,
    digest,
    ecs,
    image,
    nothing,
    task,
    uri,
)

IMAGES = [image("a", "v1"), image("b", "v2")]
CLUSTER = "arn:aws:ecs:eu-central-1:111122223333:cluster/prod"
TASK = task("1", [{"image": uri("api:v1"), "imageDigest": digest("a")}])


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAccount]:
    """Return an account with a repository, of which a task runs an image."""
    with FakeAccount() as fake:
        aws_environment(monkeypatch, fake.url)
        arn = "arn:aws:ecr:eu-central-1:111122223333:repository/api"
        described = [{"repositoryName": "api", "repositoryArn": arn}]
        details = [{**item, "imagePushedAt": 1_790_000_000} for item in IMAGES]
        fake.data = {
            "ecr:DescribeRepositories": pages("repositories", described),
            "ecr:DescribeImages": pages("imageDetails", details),
            "ecs:ListClusters": pages("clusterArns", [CLUSTER]),
            "ecs:ListTasks": pages("taskArns", [TASK["taskArn"]]),
            "ecs:DescribeTasks": {"tasks": [TASK]},
        }
        yield fake


def test_a_live_account(run: Run, account: FakeAccount) -> None:
    """Images and workloads are read at once; what is denied is not known."""
    done = run("in-use", "--live", "--format", "json", "--ignore", "lambda")

    assert account.operations()
    [used] = done.json["images"]
    assert (0, digest("a")) == (done.status, used["imageDigest"])
    denied = {item["source"] for item in done.json["notKnown"]}
    assert {"ecs", "kubernetes", "batch"} <= denied
    assert "lambda" not in denied


@pytest.fixture
def file(tmp_path: Path) -> Any:
    """Return a function that writes a snapshot, and returns the arguments that name it."""

    def write(*records: Any, **header: Any) -> list[str]:
        path = tmp_path / "snapshot.json"
        path.write_text(json_of(snapshot(*records, **header)), "utf-8")
        return ["--snapshot", str(path)]

    return write


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--limit", "-1"], "limit-negative"),
        (["--revisions", "-1"], "revisions-negative"),
        (["--region", "eu-west-1"], "argument-without-live"),
        (["--profile", "p"], "argument-without-live"),
        (["--days", "0"], "days-out-of-range"),
        (["--live"], "arguments-invalid"),
        (["--ignore", "nothing"], "arguments-invalid"),
    ],
)
def test_wrong_arguments(run: Run, file: Any, arguments: list[str], code: str) -> None:
    """An error is one line."""
    content = file(registry(repository("api", images=IMAGES)), ecs(TASK))

    done = run("in-use", *content, *arguments)

    assert (2, 1) == (done.status, done.err.count("\n"))
    assert f"[{code}]" in done.err


def test_what_is_left_out(run: Run, file: Any) -> None:
    """The text says how much it leaves out: rows, other registries, old revisions, parts."""
    images = [
        *(image(str(number), pushed=f"2026-10-{number + 1:02}") for number in range(9)),
        image("index", "v1", imageManifestMediaType=INDEX),
        image("other", *(f"t{number}" for number in range(5))),
    ]
    tasks = [
        task(str(number), [{"image": uri("api:v1")}, {"image": "nginx"}], group=f"g{number}")
        for number in range(5)
    ]
    definitions = [definition(number, uri("api:v1")) for number in range(1, 9)]
    content = file(registry(repository("api", images=images)), ecs(*tasks, definitions=definitions))

    text = run("in-use", *content, "--limit", "1").out

    for part in (
        "5 references to images outside",
        "4 older revisions",
        "9 further images may be in use",
        "and 6 more",
        "t0, t1, t2 and 2 more",
        "*: resolved by the tag of today",
    ):
        assert part in text
    assert "t0, t1, t2 and 2 more" in run("in-use", *content, "--limit", "0").out


def test_an_empty_registry(run: Run, file: Any) -> None:
    """Without images there is nothing to show but what is not known."""
    done = run("in-use", *file(registry(), nothing()))

    assert 0 == done.status
    assert "0 images in use" in done.out
    assert "not elsewhere" in done.out
    assert "No use found" not in done.out


def test_workloads_of_many_places(run: Run, file: Any) -> None:
    """Where workloads were read is said by name, of the first ones; a rejected call is no look."""
    content = file(refused("ListFunctions", {"FunctionVersion": "ALL"}, service="lambda"))
    assert "Workloads were read nowhere." in run("in-use", *content).out
    folder = Path(content[1]).parent / "many"
    folder.mkdir()
    for number in range(12):
        made = snapshot(nothing(), account=f"{number:012}")
        (folder / f"{number}.json").write_text(json_of(made), "utf-8")

    text = run("in-use", "--snapshot", str(folder)).out

    assert "/eu-central-1 and 2 more, and not elsewhere" in text


def test_all_images_in_use(run: Run, file: Any) -> None:
    """Without an unused image, there is no table of them."""
    content = file(registry(repository("api", images=IMAGES[:1])), ecs(TASK), nothing("ecs"))

    assert "No use found in what was looked at: 0 of 1 image" in run("in-use", *content).out


def test_a_plan_by_tags_of_today(run: Run, file: Any) -> None:
    """A tag says which image is pulled today, not which one runs."""
    tasks = ecs(task("1", [{"image": uri("api:v1")}]))
    content = file(registry(repository("api", images=IMAGES)), tasks, nothing("ecs"))

    done = run("protect", *content, "--environment", "prod")
    assert "1 image by the tag of today only" in done.out
    done = run("protect", *content, "--environment", "prod", "--format", "json")
    assert 1 == done.json["resolvedByTagCount"]


def test_a_plan_without_steps(run: Run, file: Any) -> None:
    """Nothing is in use, and nothing is done."""
    content = file(registry(repository("api", images=IMAGES)), nothing())
    done = run("protect", *content, "--environment", "prod", "--apply")

    assert (0, True) == (done.status, "Applied: 0 images" in done.out)


@pytest.mark.parametrize(
    ("operation", "output"),
    [
        ("DescribeImages", {"imageDetails": [{"imageTags": ["v1"]}]}),
        ("DescribeImages", {"imageDetails": ["v1"]}),
        ("BatchGetImage", {"images": [{"imageId": {"imageDigest": 1}}]}),
        ("DescribeImages", {"imageDetails": [{"imageDigest": digest("a"), "imageTags": ["v1"]}]}),
    ],
)
def test_snapshots_that_nobody_wrote(run: Run, tmp_path: Path, operation: str, output: Any) -> None:
    """What ECR does not answer is an error that names the snapshot."""
    made = snapshot(
        registry(repository("api", images=[image("a", "v1", imageManifestMediaType=INDEX)])),
        ecs(TASK),
    )
    document = json.loads(json_of(made))
    request: dict[str, Any] = {"repositoryName": "api"}
    if operation == "DescribeImages":
        request |= {"filter": {"imageStatus": "ANY"}}
        document["records"] = [
            item for item in document["records"] if item["operation"] != operation
        ]
    record = {"service": "ecr", "operation": operation, "request": request, "at": ""}
    document["records"].append({**record, "output": output})
    (tmp_path / "made.json").write_text(json.dumps(document), "utf-8")

    done = run("find", "v1", "--snapshot", str(tmp_path / "made.json"))

    assert 2 == done.status
    assert "[snapshot-content]" in done.err


def test_several_snapshots_of_a_registry(run: Run, tmp_path: Path) -> None:
    """Of each operation the latest answers count: an older file does not bring a task back."""
    old = snapshot(registry(repository("api", images=IMAGES)), ecs(TASK))
    new = snapshot(ecs(), nothing("ecs"), finished=None)
    folder = tmp_path / "snapshots"
    folder.mkdir()
    for name, made, day in (("old", old, "01"), ("new", new, "02")):
        document = json.loads(json_of(made))
        document["started"] = f"2026-11-{day}T00:00:00Z"
        (folder / f"{name}.json").write_text(json.dumps(document), "utf-8")

    done = run("in-use", "--snapshot", str(folder), "--format", "json")

    assert "" == done.err
    assert 2 == done.json["summary"]["imageCount"]
    assert ["interrupted"] == [item["reason"] for item in done.json["notKnown"]]
    # DescribeTasks is that of the older file: nothing else asked for it.
    assert 1 == done.json["summary"]["inUseCount"]


def test_registries_that_are_not_known(run: Run, file: Any) -> None:
    """References into a registry without a snapshot, or whose repositories are not listed."""
    containers = [
        {"image": uri("web:v1")},
        {"image": uri("api:v1", account="444455556666")},
        {"image": uri("api:v0"), "imageDigest": digest("x")},
        {"image": uri("api:v0")},
        {"image": uri("api:v2"), "imageDigest": digest("a")},
    ]
    _, about = repository("api", images=IMAGES)
    about = [item for item in about if item.operation != "GetRepositoryPolicy"]
    about = replaced(about, "DescribeImages", cut)
    content = file(refused("DescribeRepositories"), about, ecs(task("1", containers)))

    done = run("in-use", *content, "--format", "json")

    assert ["tag-moved"] == [item["code"] for item in done.json["dangling"]]
    not_known = {(item["operation"], item["subject"]) for item in done.json["notKnown"]}
    assert {
        ("", "444455556666/eu-central-1"),
        ("DescribeImages", "111122223333/eu-central-1/web"),
        ("DescribeImages", "111122223333/eu-central-1/api"),
        ("DescribeRepositories", "111122223333/eu-central-1"),
    } <= not_known


@pytest.mark.parametrize("policy", [None, "refused", "{", {"Statement": "x"}])
def test_repository_policies(run: Run, file: Any, policy: Any) -> None:
    """A policy that is not known rejects nobody for certain."""
    stored = None if policy == "refused" else policy
    description, about = repository("api", images=IMAGES, policy=stored)
    if policy == "refused":
        about = [item for item in about if item.operation != "GetRepositoryPolicy"]
        about.append(refused("GetRepositoryPolicy", {"repositoryName": "api"}))
    owner = snapshot(registry((description, about)))
    content = file(ecs(TASK), account="444455556666")
    path = Path(content[1]).with_name("owner.json")
    path.write_text(json_of(owner), "utf-8")

    done = run("in-use", *content, "--snapshot", str(path), "--format", "json")

    codes = [item["code"] for item in done.json["dangling"]]
    reasons = [
        item["reason"]
        for item in done.json["notKnown"]
        if item["operation"] == "GetRepositoryPolicy"
    ]
    expected: dict[Any, tuple[list[str], list[str]]] = {
        "refused": ([], ["refused: AccessDeniedException"]),
        "{": ([], ["not readable"]),
    }
    assert expected.get(str(policy), (["pull-rejected"], [])) == (codes, reasons)


def test_a_live_policy_and_images_in_use(run: Run, account: FakeAccount, file: Any) -> None:
    """Policy and images come from ECR, and who uses them from the snapshot."""
    rule = {
        "rulePriority": 4,
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1},
        "action": {"type": "expire"},
    }
    account.data["ecr:GetLifecyclePolicy"] = {"lifecyclePolicyText": json.dumps({"rules": [rule]})}
    [_, snapshot_file] = file(registry(repository("api", images=IMAGES)), ecs(TASK), nothing("ecs"))
    arguments = ["--live", "api", "--in-use", snapshot_file, "--format", "json"]

    done = run("lifecycle", "preview", *arguments)

    # Both were pushed at the same time, and the later one in the list is the newer.
    assert (1, [4]) == (
        done.status,
        [item["rulePriority"] for item in done.json["inUse"]["conflicts"]],
    )
    several = run("lifecycle", "preview", "--live", "api", "--live", "web", *arguments[2:])
    assert 2 == several.status
