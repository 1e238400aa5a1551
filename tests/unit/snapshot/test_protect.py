"""Protect: tags for images in use, a grace time after the last use, and no image lost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ecr_constructs import LifecyclePolicy
from ecr_constructs.cli.main import main
from ecr_constructs.live import LiveError
from ecr_constructs.live.connection import Connection
from ecr_constructs.live.in_use_tags import TaggedRepository
from ecr_constructs.model.lifecycle.in_use_tags import protect_in_use
from ecr_constructs.model.lifecycle.simulation.image_uses import use_conflicts
from ecr_constructs.model.validation import ValidationError
from ecr_constructs.snapshot.document import Record, Snapshot
from ecr_constructs.snapshot.files import json_of
from ecr_constructs.snapshot.usage.in_use import in_use
from ecr_constructs.snapshot.usage.protect import Plan, plan_protection, with_tags
from tests.support.aws_environment import aws_environment
from tests.support.fake_ecr import FakeEcr
from tests.support.snapshots import AT, refused, registry, repository, snapshot
from tests.support.strategies import policies
from tests.support.workload_answers import digest, ecs, image, nothing, task, uri

NOW = datetime(2026, 11, 28, 1, tzinfo=UTC)
SHORT = digest("a")[7:19]
TAG = f"in-use-prod-{SHORT}"
TAG_OF_B = f"in-use-prod-{digest('b')[7:19]}"
WAS = f"was-in-use-prod-{SHORT}"
EXPIRE = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {
                "tagStatus": "any",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 1,
            },
            "action": {"type": "expire"},
        }
    ]
}


def made(
    images: Sequence[Any], used: Sequence[str] = (), *more: Any, lifecycle: Any = None
) -> Snapshot:
    """Return a snapshot of a repository, of whose images a task runs some."""
    containers = [{"image": uri("api"), "imageDigest": digest(name)} for name in used]
    return snapshot(
        registry(repository("api", images=images, lifecycle=lifecycle)),
        ecs(task("1", containers)),
        *(more or (nothing("ecs"),)),
    )


def steps(plan: Plan) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Return the action and the tags of each step."""
    return [(step.action, step.put, step.remove) for step in plan.steps]


def until(day: str) -> str:
    """Return the tag of an image in its grace time."""
    return f"{TAG}-until-{day}"


@pytest.mark.parametrize(
    ("tags", "used", "expected"),
    [
        (["v1"], True, [("put", (TAG,), ())]),
        (["v1", TAG], True, [("keep", (), ())]),
        (["v1", until("20261130")], True, [("put", (TAG,), (until("20261130"),))]),
        (["v1", TAG, until("20261130")], True, [("put", (), (until("20261130"),))]),
        (["v1"], False, []),
        (["v1", TAG], False, [("start-grace", (until("20261205"),), (TAG,))]),
        ([TAG], False, [("start-grace", (until("20261205"),), (TAG,))]),
        (["v1", until("20261128")], False, [("wait", (), ())]),
        (["v1", until("20261127")], False, [("release", (), (until("20261127"),))]),
        # Without another tag, ECR would delete the image at once.
        ([until("20261127")], False, [("release", (WAS,), (until("20261127"),))]),
        (["v1", TAG, until("20261127")], False, [("release", (), (TAG, until("20261127")))]),
        # Not a day.
        (
            ["v1", until("20269999")],
            False,
            [("start-grace", (until("20261205"),), (until("20269999"),))],
        ),
        # Tags of others.
        (["v1", f"in-use-dev-{SHORT}", "in-use-prod", "in-use-prod-x"], False, []),
    ],
)
def test_steps(tags: list[str], used: bool, expected: Any) -> None:
    """What an image gets and loses, by its tags and its use."""
    result = in_use([made([image("a", *tags)], ["a"] * used)])

    assert expected == steps(plan_protection(result, "prod", now=NOW))


def test_without_grace() -> None:
    """Without a grace time, the tag goes at once."""
    result = in_use([made([image("a", TAG, "v1")])])

    plan = plan_protection(result, "prod", now=NOW, grace_days=0)

    assert [("release", (), (TAG,))] == steps(plan)


def test_not_everything_is_known() -> None:
    """Nothing is removed while an image may be in use where nothing was looked at."""
    images = [image("a", TAG, "v1"), image("b", "v2")]
    result = in_use([made(images, ["b"], [])])

    assert ["put", "hold"] == [
        action for action, *_ in steps(plan_protection(result, "prod", now=NOW))
    ]
    plan = plan_protection(result, "prod", now=NOW, accept_not_known=True)
    assert ["put", "start-grace"] == [action for action, *_ in steps(plan)]


def test_an_archived_image() -> None:
    """Tags do not bring an image back from the archive."""
    archived = {"imageStatus": "ARCHIVED", "lastArchivedAt": "2026-11-02T00:00:00Z"}
    images = [
        image("a", "v1", **archived),
        image("b", TAG_OF_B, **archived),
    ]
    result = in_use([made(images, ["a"])])

    assert ["hold", "archived"] == [
        action for action, *_ in steps(plan_protection(result, "prod", now=NOW))
    ]


def test_digests_that_begin_alike() -> None:
    """A tag names one digest, also if two begin alike."""
    images = [
        {**image("a"), "imageDigest": f"sha256:{'0' * 12}{number}{'0' * 51}"} for number in (1, 2)
    ]
    containers = [{"image": f"{uri('api')}@{item['imageDigest']}"} for item in images]
    result = in_use(
        [
            snapshot(
                registry(repository("api", images=images)),
                ecs(task("1", containers)),
                nothing("ecs"),
            )
        ]
    )

    tags = [tag for _, put, _ in steps(plan_protection(result, "prod", now=NOW)) for tag in put]

    assert 2 == len({*tags})


def test_a_policy_that_does_not_keep_the_tags() -> None:
    """The plan says which images a policy deletes in spite of their tags, or that it is unknown."""
    content = made([image("a", "v1")], ["a"], lifecycle=EXPIRE)
    plan = plan_protection(in_use([content]), "prod", now=NOW)
    assert [1] == [item.event.rule_priority for _, item in plan.after.conflicts]

    protecting = protected(LifecyclePolicy.from_json(json.dumps(EXPIRE))).to_dict()
    content = made([image("a", "v1"), image("b")], ["a"], lifecycle=protecting)
    assert [] == plan_protection(in_use([content]), "prod", now=NOW).after.conflicts

    description, about = repository("api", images=[image("a", "v1")])
    about = [record for record in about if record.operation != "GetLifecyclePolicy"]
    about.append(refused("GetLifecyclePolicy", {"repositoryName": "api"}))
    container = {"image": uri("api:v1")}
    content = snapshot(registry((description, about)), ecs(task("1", [container])))
    plan = plan_protection(in_use([content]), "prod", now=NOW)
    assert ["refused: AccessDeniedException"] == [item.reason for item in plan.after.not_known]


def protected(policy: LifecyclePolicy) -> LifecyclePolicy:
    """Return a policy that keeps images in use first."""
    rules = (replace(rule, rule_priority=None) for rule in policy.rules)
    return LifecyclePolicy(protect_in_use(), *rules)


@pytest.mark.parametrize(
    ("name", "days", "code"),
    [
        ("Prod", 7, "environment-name"),
        ("p" * 41, 7, "environment-name"),
        ("prod", -1, "grace-days"),
        ("prod", 10**9, "grace-days"),
    ],
)
def test_wrong_values(name: str, days: int, code: str) -> None:
    """Values are checked."""
    with pytest.raises(ValidationError) as caught:
        plan_protection(in_use([]), name, grace_days=days, now=NOW)
    assert [code] == [item.code for item in caught.value.diagnostics]


TAGS = ("v1", "v2", "main", "abc", "a", "b-1")


@given(policies(), st.data())
def test_no_policy_deletes_what_is_protected(policy: LifecyclePolicy, data: st.DataObject) -> None:
    """After the plan, no policy that keeps the tags first deletes an image in use."""
    assume(len(policy.rules) < 50)
    owners = data.draw(st.lists(st.integers(0, 9), min_size=len(TAGS), max_size=len(TAGS)))
    days = data.draw(st.lists(st.integers(1, 28), min_size=10, max_size=10))
    used = data.draw(st.lists(st.integers(0, 9), unique=True))
    images = [
        image(
            str(number),
            *(tag for tag, owner in zip(TAGS, owners, strict=True) if owner == number),
            pushed=f"2025-01-{days[number]:02}",
        )
        for number in range(10)
    ]
    containers = [{"image": uri("api"), "imageDigest": digest(str(number))} for number in used]
    request = {"repositoryName": "api", "filter": {"imageStatus": "ANY"}}
    records = [
        Record("ecr", "DescribeImages", request, AT, {"imageDetails": images}),
        Record("ecs", "DescribeTasks", {}, AT, {"tasks": [task("1", containers)]}),
    ]
    result = in_use([Snapshot(snapshot().header, records)])
    [api] = result.images.repositories
    plan = plan_protection(result, "prod", now=NOW)

    tagged = with_tags(api.inventory(), plan.steps)
    forecast = protected(policy).forecast(tagged, days=10_000, now=NOW)

    assert [] == [*use_conflicts(forecast, result.users_of(api))]
    assert {digest(str(number)) for number in used} == {*result.users_of(api)}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Write a snapshot of two images, of which one runs, and return its file."""
    images = [image("a", "v1"), image("b", TAG_OF_B)]
    (tmp_path / "made.json").write_text(json_of(made(images, ["a"], lifecycle=EXPIRE)), "utf-8")
    return tmp_path / "made.json"


def test_the_command(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The plan for people, and as JSON; an image that is deleted in spite of it fails."""
    arguments = ["protect", "--snapshot", str(files), "--environment", "prod"]
    arguments += ["--now", NOW.isoformat()]

    assert 1 == main(arguments)
    text = capsys.readouterr().out
    assert f"+{TAG}" in text
    assert "counts as a pull" in text
    assert "protect_in_use: true" in text

    assert 1 == main([*arguments, "--format", "json"])
    document = json.loads(capsys.readouterr().out)
    assert [
        ("put", [TAG]),
        ("start-grace", [f"{TAG_OF_B}-until-20261205"]),
    ] == [(step["action"], step["put"]) for step in document["steps"]]
    assert ["image-in-use"] == [item["code"] for item in document["conflicts"]]
    assert document["applied"] is False


@pytest.mark.parametrize(
    "arguments", [["--limit", "-1"], ["--grace-days", "-1"], ["--revisions", "-1"]]
)
def test_wrong_arguments(files: Path, arguments: list[str]) -> None:
    """Errors end with exit status 2."""
    common = ["protect", "--snapshot", str(files), "--environment", "prod"]
    assert 2 == main([*common, *arguments])


MANIFEST = {
    "imageId": {"imageDigest": digest("a")},
    "imageManifest": "{}",
    "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
}
FAILURE = {"failureCode": "ImageNotFound", "failureReason": "gone"}


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return an ECR that gives the answers of a test."""
    with FakeEcr() as server:
        aws_environment(monkeypatch, server.url)
        yield server


def listed(*tags: str) -> dict[str, Any]:
    """Return what ECR answers about an image with some tags."""
    return {"imageDetails": [{"imageDigest": digest("a"), "imageTags": [*tags]}]}


def operations(server: FakeEcr) -> list[str]:
    """Return what was asked for."""
    return [request.operation for request in server.requests]


def change(put: Sequence[str], remove: Sequence[str]) -> list[str]:
    """Change the tags of an image."""
    connection = Connection("eu-central-1", account="111122223333")
    return TaggedRepository("api", connection).change(digest("a"), put, remove, WAS)


def test_putting_a_tag(fake: FakeEcr) -> None:
    """A tag that is there already is no error."""
    fake.answers = {
        "BatchGetImage": {"images": [MANIFEST]},
        "PutImage": "ImageAlreadyExistsException",
    }

    assert [] == change([TAG], [])
    assert ["BatchGetImage", "PutImage"] == operations(fake)


def test_removing_a_tag(fake: FakeEcr) -> None:
    """Only tags that the image still has are removed; the last one only after another is there."""
    fake.answers = {
        "DescribeImages": listed("v1", TAG),
        "BatchDeleteImage": {"imageIds": [], "failures": []},
    }
    assert [TAG] == change([], [TAG, until("20261127")])
    assert ["DescribeImages", "BatchDeleteImage"] == operations(fake)

    fake.requests.clear()
    fake.answers |= {
        "DescribeImages": [listed(TAG), listed(TAG, WAS)],
        "BatchGetImage": {"images": [{"imageManifest": "{}"}]},
        "PutImage": {"image": {}},
    }
    assert [TAG] == change([], [TAG])
    assert operations(fake) == [
        *("DescribeImages", "BatchGetImage", "PutImage", "DescribeImages", "BatchDeleteImage"),
    ]

    fake.requests.clear()
    fake.answers["DescribeImages"] = {"imageDetails": []}
    assert [] == change([], [TAG])
    assert ["DescribeImages"] == operations(fake)


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"BatchGetImage": {"images": [], "failures": [FAILURE]}}, "image-failure"),
        ({"BatchGetImage": {"images": []}}, "image-gone"),
        (
            {
                "BatchGetImage": {"images": [MANIFEST]},
                "PutImage": {"image": {}},
                "DescribeImages": listed(TAG),
            },
            "last-tag",
        ),
    ],
)
def test_tags_that_cannot_be_changed(fake: FakeEcr, answers: Any, code: str) -> None:
    """The image stays as it is, and the error says why."""
    fake.answers = answers

    with pytest.raises(LiveError) as caught:
        change([TAG], [TAG])

    assert [code] == [item.code for item in caught.value.diagnostics]
    assert "BatchDeleteImage" not in operations(fake)


def test_a_plan_that_cannot_be_applied(
    fake: FakeEcr, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Errors of one image do not hide the others; the command says how many failed."""
    fake.answers = {"BatchGetImage": [{"images": []}, {"images": [MANIFEST]}], "*": {}}
    fake.answers |= {"DescribeImages": listed("v1", "x"), "PutImage": {"image": {}}}
    arguments = ["protect", "--snapshot", str(files), "--environment", "prod", "--apply"]

    assert 2 == main([*arguments, "--format", "json"])

    output = capsys.readouterr()
    errors = [step["error"] for step in json.loads(output.out)["steps"]]
    assert [True, False] == ["image-gone" in str(error) for error in errors]
    assert "[protect-incomplete]" in output.err

    assert 1 == main(arguments)
    text = capsys.readouterr().out
    assert f"+{TAG}" in text
    assert "FAILED" not in text

    fake.answers["BatchGetImage"] = [{"images": []}, {"images": [MANIFEST]}]
    assert 2 == main(arguments)
    output = capsys.readouterr()
    assert 1 == output.out.count("FAILED")
    assert "[protect-incomplete]" in output.err
