"""Policy and use: an image that runs and that a policy deletes is an error, before it happens."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.cli.main import main
from ecr_constructs.snapshot.document import Snapshot
from ecr_constructs.snapshot.files import json_of
from tests.support.snapshots import AT, refused, registry, repository, snapshot
from tests.support.workload_answers import digest, ecs, image, nothing, revision, service, task, uri


def policy(days: int, action: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return a policy that deletes images some days after their push."""
    selection = {
        "tagStatus": "any",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": days,
    }
    rule = {"rulePriority": 2, "selection": selection, "action": action or {"type": "expire"}}
    return {"rules": [rule]}


ABSENT = "absent"
IMAGES = [image("old", "v1.4.0", pushed="2026-10-01"), image("new", "v2", pushed="2026-11-20")]
TASKS = [
    task(str(number), [{"image": uri("api:v1.4.0"), "imageDigest": digest("old")}])
    for number in range(11)
]


def made(lifecycle: Any = None, *, tasks: Sequence[Any] = TASKS, **more: Any) -> Snapshot:
    """Return a snapshot of the repository ``api``, whose oldest image runs."""
    return snapshot(
        registry(repository("api", images=IMAGES, lifecycle=lifecycle)),
        ecs(*tasks, **more),
        nothing("ecs"),
    )


@pytest.fixture
def preview(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Return what runs a preview, and returns its status and its conflicts."""

    def run(content: Snapshot, *arguments: str) -> tuple[int, Any]:
        file = tmp_path / "snapshot.json"
        file.write_text(json_of(content), "utf-8")
        common = ["--in-use", str(file), "--now", AT, "--format", "json"]
        status = main(["lifecycle", "preview", *common, *arguments])
        output = capsys.readouterr()
        return status, json.loads(output.out)["inUse"] if output.out else output.err

    return run


def write(folder: Path, content: Any, name: str = "policy.json") -> str:
    """Write JSON to a file, and return its name."""
    (folder / name).write_text(json.dumps(content), "utf-8")
    return str(folder / name)


def test_the_policy_of_the_snapshot(preview: Any) -> None:
    """Images and policy of the snapshot: what a rule deletes now, and 11 tasks run."""
    status, document = preview(made(policy(30)))

    [conflict] = document["conflicts"]
    assert (1, "image-in-use", "error", 2, True) == (
        status,
        conflict["code"],
        conflict["severity"],
        conflict["rulePriority"],
        conflict["now"],
    )
    assert [("11 ecs tasks of prod/api (revision 12)", "running", 11)] == [
        (user["name"], user["state"], user["count"]) for user in conflict["users"]
    ]
    assert [] == document["notKnown"]


@pytest.mark.parametrize(("days", "start"), [(30, "2026-11-27"), (60, "2026-11-30"), (300, None)])
def test_another_policy(preview: Any, tmp_path: Path, days: int, start: str | None) -> None:
    """A policy in a file: what it deletes later is an error, too, as far as is looked ahead."""
    file = write(tmp_path, policy(days))

    status, document = preview(made(), "--policy", file, "--repository", "api")

    assert [start] if start else [] == [item["from"][:10] for item in document["conflicts"]]
    assert int(start is not None) == status


def test_archiving(preview: Any, tmp_path: Path) -> None:
    """An archived image cannot be pulled."""
    action = {"type": "transition", "targetStorageClass": "archive"}
    status, document = preview(made(), "--policy", write(tmp_path, policy(30, action)))

    assert (1, ["TRANSITION"]) == (status, [item["action"] for item in document["conflicts"]])


def test_rollbacks(preview: Any) -> None:
    """What only a rollback returns to is a warning."""
    revisions = [
        revision(12, [{"image": uri("api:v2"), "imageDigest": digest("new")}]),
        revision(11, [{"image": uri("api:v1.4.0"), "imageDigest": digest("old")}]),
    ]
    content = made(policy(30), tasks=(), services=[service()], revisions=revisions)

    status, document = preview(content, "--days", "5")

    assert (0, ["warning"]) == (status, [item["severity"] for item in document["conflicts"]])


def test_images_of_a_file(preview: Any, tmp_path: Path) -> None:
    """Images can come from another file; the snapshot says who uses them."""
    details = [{**item, "repositoryName": "api", "registryId": "111122223333"} for item in IMAGES]
    images = write(tmp_path, {"imageDetails": details}, "images.json")
    file = write(tmp_path, policy(30))

    status, document = preview(made(), "--policy", file, "--images", images)

    assert (1, 1) == (status, len(document["conflicts"]))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--repository", "web"], "repository-unknown"),
        (["--in-use", ""], "argument-empty"),
        (["--format", "ecr"], "format-ecr-only"),
    ],
)
def test_wrong_arguments(preview: Any, arguments: list[str], code: str) -> None:
    """Errors end in one line and exit status 2."""
    content = made(policy(30))
    # The last --format counts.
    status, error = preview(content, *arguments)
    assert 2 == status
    assert code in error


def test_several_registries(preview: Any, tmp_path: Path) -> None:
    """A repository of several registries is chosen by its account and Region."""
    other = snapshot(
        registry(repository("api", images=IMAGES, region="eu-west-1")), region="eu-west-1"
    )
    (tmp_path / "other.json").write_text(json_of(other), "utf-8")
    more = ["--in-use", str(tmp_path / "other.json"), "--repository"]

    assert "repository-ambiguous" in preview(made(policy(30)), *more, "api")[1]
    status, _ = preview(made(policy(30)), *more, "111122223333/eu-central-1/api")
    assert 1 == status


def test_what_is_not_known(preview: Any) -> None:
    """Without all images, or without the policy, there is no preview."""
    description, about = repository("api", images=IMAGES)
    request = {"repositoryName": "api"}
    for operation, code in (
        ("GetLifecyclePolicy", "policy-not-known"),
        ("DescribeImages", "inventory-incomplete"),
    ):
        records = [record for record in about if record.operation != operation]
        if operation == "GetLifecyclePolicy":
            records.append(refused(operation, request))
        content = snapshot(registry((description, records)), nothing())
        assert code in preview(content)[1]


def test_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """People read the sentence first, and what was not looked at."""
    content = snapshot(
        registry(repository("api", images=IMAGES, lifecycle=policy(30))), ecs(*TASKS)
    )
    file = tmp_path / "snapshot.json"
    file.write_text(json_of(content), "utf-8")

    assert 1 == main(["lifecycle", "preview", "--in-use", str(file), "--now", AT])
    text = capsys.readouterr().out
    assert "rule 2 deletes v1.4.0 now, which 11 ecs tasks of prod/api (revision 12) use" in text
    assert "ListFunctions" in text

    file.write_text(json_of(made(policy(900))), "utf-8")
    assert 0 == main(["lifecycle", "preview", "--in-use", str(file), "--now", AT])


def template(lifecycle: Any) -> dict[str, Any]:
    """Return a template of the repository, or without it."""
    if lifecycle == ABSENT:
        topic = {"Type": "AWS::SNS::Topic", "Properties": {}}
        return {"Resources": {"Topic": topic}}
    properties: dict[str, Any] = {"RepositoryName": "api"}
    if lifecycle:
        properties["LifecyclePolicy"] = {"LifecyclePolicyText": json.dumps(lifecycle)}
    resource = {"Type": "AWS::ECR::Repository", "DeletionPolicy": "Retain"}
    return {"Resources": {"Api": {**resource, "Properties": properties}}}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, policy(30), ["error"]),
        # A new repository has no images.
        (ABSENT, policy(30), []),
        # It would be deleted earlier than it would have been.
        (policy(80), policy(60), ["error"]),
        # The new policy is not the reason.
        (policy(30), policy(29), []),
        (policy(30), policy(60), []),
        (policy(30), policy(30), []),
        (policy(30), None, []),
        ({"rules": "${Token}"}, policy(30), ["error"]),
        (policy(30), {"rules": [{}]}, []),
    ],
)
def test_review(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    before: Any,
    after: Any,
    expected: list[str],
) -> None:
    """A pull request that makes a policy delete what runs, or earlier than before."""
    for side, lifecycle in (("base", before), ("head", after)):
        (tmp_path / side).mkdir()
        write(tmp_path / side, template(lifecycle), "Prod.template.json")
    (tmp_path / "snapshot.json").write_text(json_of(made()), "utf-8")
    arguments = ["--base", str(tmp_path / "base"), "--head", str(tmp_path / "head"), "--now", AT]
    arguments += ["--in-use", str(tmp_path / "snapshot.json")]

    status = main(["review", *arguments, "--format", "json", "--fail-on", "image-in-use"])

    document = json.loads(capsys.readouterr().out)
    changes = [item for item in document["changes"] if item["kind"] == "image-in-use"]
    assert expected == [item["severity"] for item in changes]
    assert ["image-in-use"] * len(expected) == [item["after"]["code"] for item in changes]
    assert (int(bool(expected)), []) == (status, document["notKnown"])


@pytest.mark.parametrize("form", ["text", "markdown", "github"])
@pytest.mark.parametrize("days", [30, 60])
def test_what_a_review_does_not_know(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str, days: int
) -> None:
    """Every format says where images may be in use, whether or not anything changes."""
    for side, lifecycle in (("base", policy(30)), ("head", policy(days))):
        (tmp_path / side).mkdir()
        write(tmp_path / side, template(lifecycle), "Prod.template.json")
    content = snapshot(
        registry(repository("api")),
        ecs(*(task(str(n), [{"image": uri("X")}], group=f"g{n}") for n in range(25))),
    )
    (tmp_path / "snapshot.json").write_text(json_of(content), "utf-8")
    arguments = ["--base", str(tmp_path / "base"), "--head", str(tmp_path / "head")]
    arguments += ["--in-use", str(tmp_path / "snapshot.json"), "--format", form]

    main(["review", *arguments, "--fail-on", "never"])

    assert "not an image reference" in capsys.readouterr().out


def test_a_review_of_given_images(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Inventories outweigh the images of snapshots, and the snapshots say who uses them."""
    for side, lifecycle in (("base", None), ("head", policy(30))):
        (tmp_path / side).mkdir()
        write(tmp_path / side, template(lifecycle), "Prod.template.json")
    (tmp_path / "images").mkdir()
    details = [{**IMAGES[0], "repositoryName": "api", "registryId": "111122223333"}]
    write(tmp_path / "images", {"imageDetails": details})
    (tmp_path / "snapshot.json").write_text(json_of(made()), "utf-8")
    arguments = ["--base", str(tmp_path / "base"), "--head", str(tmp_path / "head"), "--now", AT]
    arguments += ["--in-use", str(tmp_path / "snapshot.json"), "--images", str(tmp_path / "images")]

    assert 1 == main(["review", *arguments, "--format", "json"])

    kinds = [item["kind"] for item in json.loads(capsys.readouterr().out)["changes"]]
    assert ["image-in-use", "images-deleted"] == kinds[:2]


def test_in_use_looks_at_policies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --days, in-use says what the policies of all repositories delete."""
    file = tmp_path / "snapshot.json"
    file.write_text(json_of(made(policy(30))), "utf-8")
    arguments = ["in-use", "--snapshot", str(file), "--now", AT, "--days", "5"]

    assert 1 == main(arguments)
    assert "error: 111122223333/eu-central-1/api: rule 2 deletes" in capsys.readouterr().out
    assert 1 == main([*arguments, "--format", "json"])
    document = json.loads(capsys.readouterr().out)
    assert ["api"] == [item["repositoryName"] for item in document["conflicts"]]

    description, about = repository("api", images=IMAGES)
    for operation in ("GetLifecyclePolicy", "DescribeImages"):
        records = [
            replace(record, more=True) if record.operation == operation else record
            for record in about
        ]
        if operation == "GetLifecyclePolicy":
            request = {"repositoryName": "api"}
            records = [record for record in about if record.operation != operation]
            records.append(refused(operation, request))
        content = snapshot(registry((description, records)), ecs(*TASKS), nothing("ecs"))
        file.write_text(json_of(content), "utf-8")
        assert 0 == main([*arguments, "--format", "json"])
        document = json.loads(capsys.readouterr().out)
        assert operation in {item["operation"] for item in document["notKnown"]}
