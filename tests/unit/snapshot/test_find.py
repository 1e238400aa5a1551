"""Find: where an image is, who uses it, and what takes it or took it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.cli.main import main
from ecr_constructs.model.validation import ValidationError
from ecr_constructs.snapshot import SnapshotError
from ecr_constructs.snapshot.document import Record, Snapshot
from ecr_constructs.snapshot.files import json_of
from ecr_constructs.snapshot.usage.deletions import read_deletions
from ecr_constructs.snapshot.usage.find import MOST_FORECASTS, find, read_query
from ecr_constructs.snapshot.usage.in_use import in_use
from tests.support.snapshots import (
    ACCOUNT,
    AT,
    REGION,
    cut,
    refused,
    registry,
    replaced,
    repository,
    snapshot,
)
from tests.support.workload_answers import digest, ecs, image, nothing, task, uri

POLICY = {
    "rules": [
        {
            "rulePriority": 2,
            "selection": {
                "tagStatus": "tagged",
                "tagPatternList": ["v*"],
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 30,
            },
            "action": {"type": "expire"},
        }
    ]
}
IMAGES = [image("one", "v1", pushed="2026-11-20"), image("two", "v2"), image("kept", "main")]
HOME = snapshot(
    registry(repository("payments/api", images=IMAGES, lifecycle=POLICY)),
    ecs(
        task("1", [{"image": uri("payments/api:v1"), "imageDigest": digest("one")}]),
        task("2", [{"image": uri("payments/api:v0"), "imageDigest": digest("gone")}]),
    ),
    nothing("ecs"),
)
AWAY = snapshot(
    registry(repository("payments/api", images=[image("one", "v1")], region="eu-west-1")),
    region="eu-west-1",
)
EVENT: dict[str, Any] = {
    "eventTime": "2026-11-25T03:00:00Z",
    "eventSource": "ecr.amazonaws.com",
    "eventName": "PolicyExecutionEvent",
    "awsRegion": REGION,
    "recipientAccountId": ACCOUNT,
    "serviceEventDetails": {
        "repositoryName": "payments/api",
        "lifecycleEventPolicy": {
            "lifecycleEventRules": [{"rulePriority": 2, "action": "expire"}],
        },
        "lifecycleEventImageActions": [
            {
                "lifecycleEventImage": {"digest": digest("gone"), "tagList": ["v0"]},
                "rulePriority": 2,
            }
        ],
    },
}
CALL: dict[str, Any] = {
    "eventTime": "2026-11-26T03:00:00Z",
    "eventSource": "ecr.amazonaws.com",
    "eventName": "BatchDeleteImage",
    "awsRegion": REGION,
    "recipientAccountId": ACCOUNT,
    "userIdentity": {"arn": "arn:aws:iam::111122223333:user/me"},
    "requestParameters": {"repositoryName": "payments/api"},
    "responseElements": {
        "imageIds": [{"imageDigest": digest("gone"), "imageTag": "v0"}],
    },
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Write the snapshots of two Regions, and return their folder."""
    for number, made in enumerate((HOME, AWAY)):
        (tmp_path / f"{number}.json").write_text(json_of(made), "utf-8")
    return tmp_path


def printed(capsys: pytest.CaptureFixture[str], status: int, *arguments: str) -> Any:
    """Run the command, and return its JSON."""
    assert status == main(["find", *arguments, "--now", AT, "--format", "json"])
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    "name",
    [
        "v1",
        digest("one"),
        digest("one")[:20],
        digest("one").removeprefix("sha256:")[:8],
        "payments/api:v1",
        f"payments/api@{digest('one')}",
        uri("payments/api:v1"),
        uri(f"payments/api:v1@{digest('one')}"),
    ],
)
def test_all_places(files: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """However an image is named: its places, its users, and the rule that takes it."""
    document = printed(capsys, 0, name, "--snapshot", str(files))

    home, away = document["places"]
    assert [REGION, "eu-west-1"] == [home["region"], away["region"]]
    assert [("prod/api", "12")] == [(user["name"], user["revision"]) for user in home["users"]]
    assert [("2026-12-20T00:00:00+00:00", "EXPIRE", 2)] == [
        (item["from"], item["action"], item["rulePriority"]) for item in home["lifecycle"]["events"]
    ]
    # The replica has no policy.
    assert ([], "2027-11-27T23:05:00+00:00") == (
        away["lifecycle"]["events"],
        away["lifecycle"]["until"],
    )


def test_text(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The report for people."""
    assert 0 == main(["find", "v1", "--snapshot", str(files), "--now", AT])

    text = capsys.readouterr().out
    assert "rule 2 deletes it from 2026-12-20 00:00 UTC on" in text
    assert "used by ecs task prod/api (revision 12)" in text


def test_what_deleted_an_image(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An image that is gone: who still refers to it, and what deleted it."""
    trail = files / "trail.log"
    trail.write_text(json.dumps({"Records": [EVENT, CALL]}), "utf-8")

    for name in ("v0", digest("gone"), "payments/api:v0"):
        arguments = [name, "--snapshot", str(files), "--cloudtrail", str(trail)]
        document = printed(capsys, 1, *arguments)
        assert ["image-gone"] == [item["code"] for item in document["dangling"]]
        assert [(None, "arn:aws:iam::111122223333:user/me"), (2, None)] == [
            (item["rulePriority"], item["principal"]) for item in document["deletions"]
        ]

    arguments = ["v0", "--snapshot", str(files), "--cloudtrail", str(trail)]
    assert 1 == main(["find", *arguments])
    text = capsys.readouterr().out
    assert "rule 2 of the lifecycle policy deleted" in text
    assert "v0 is in no repository that was looked at" in text


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "a b",
        "-x",
        "sha256:abc",
        "sha256:XYZ123",
        "Payments/Api:v1",
        "payments/api",
        uri("Api:v1"),
    ],
)
def test_names_that_mean_nothing(bad: str) -> None:
    """A name that is neither an image nor a tag is an error."""
    with pytest.raises(ValidationError) as caught:
        read_query(bad)
    assert {"image-query", "image-uri"} >= {item.code for item in caught.value.diagnostics}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--days", "0"], "days-out-of-range"),
        (["--revisions", "-1"], "revisions-negative"),
        (["--snapshot", ""], "argument-empty"),
        (["--cloudtrail", "absent.json"], "cloudtrail-unreadable"),
    ],
)
def test_wrong_arguments(
    files: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: str
) -> None:
    """Errors end in one line and exit status 2."""
    assert 2 == main(["find", "v1", "--snapshot", str(files), *arguments])
    assert f"[{code}]" in capsys.readouterr().err


def test_events_of_cloudtrail(tmp_path: Path) -> None:
    """A log file, the output of the CLI, a list or one event; failures and previews are none."""
    file = tmp_path / "events.json"
    looked_up = {"Events": [{"CloudTrailEvent": json.dumps(EVENT)}, {"CloudTrailEvent": "{"}]}
    others = [
        {**EVENT, "eventName": "DryRunEvent"},
        {**CALL, "errorCode": "AccessDenied"},
        {**CALL, "eventSource": "other.amazonaws.com"},
    ]
    for content in (EVENT, [EVENT], {"Records": [EVENT, *others]}, looked_up):
        file.write_text(json.dumps(content), "utf-8")
        assert [(digest("gone"), ("v0",), 2, "expire")] == [
            (item.digest, item.tags, item.rule_priority, item.action)
            for item in read_deletions(file)
        ]
    file.write_text('{"Records": []}', "utf-8")
    assert [] == read_deletions(file)
    for text, code in (('{"a": 1}', "cloudtrail-format"), ("{", "cloudtrail-unreadable")):
        file.write_text(text, "utf-8")
        with pytest.raises(SnapshotError) as caught:
            read_deletions(file)
        assert [code] == [item.code for item in caught.value.diagnostics]


def places(made: Snapshot) -> list[tuple[str, bool]]:
    """Return for each place of ``v1`` why nothing is known of its policy, and whether it is."""
    answer = find(read_query("v1"), in_use([made]))
    return [
        (place.not_known, place.until is not None)
        for items in answer.places.values()
        for place in items
    ]


def test_forecasts_that_are_not_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the policy, or with a part of the images, nothing is said about the future."""
    description, about = repository("api", images=[image("one", "v1")])
    kept = [record for record in about if record.operation != "GetLifecyclePolicy"]
    policy = {"repositoryName": "api", "registryId": ACCOUNT, "lifecyclePolicyText": "{}"}
    cases = {
        "refused: AccessDeniedException": refused("GetLifecyclePolicy", {"repositoryName": "api"}),
        "not readable: rules-missing": Record(
            "ecr", "GetLifecyclePolicy", {"repositoryName": "api"}, AT, policy
        ),
    }
    made = snapshot(registry((description, [*kept, cases["refused: AccessDeniedException"]])))
    (tmp_path / "made.json").write_text(json_of(made), "utf-8")
    assert 0 == main(["find", "v1", "--snapshot", str(tmp_path / "made.json")])
    assert "is not known: refused: AccessDeniedException" in capsys.readouterr().out
    for record in cases.values():
        [(reason, is_known)] = places(snapshot(registry((description, [*kept, record]))))
        assert reason
        assert not is_known

    pages = replaced(about, "DescribeImages", cut)
    assert [("partial", False)] == places(snapshot(registry((description, pages))))


def test_many_places() -> None:
    """Each forecast takes the images of a repository: the first places have one."""
    made = snapshot(
        registry(*(repository(f"team{n}/api", images=[image("one", "v1")]) for n in range(12)))
    )

    assert [True] * MOST_FORECASTS + [False] * 2 == [is_known for _, is_known in places(made)]
