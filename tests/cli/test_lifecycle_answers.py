"""What ``lifecycle preview`` and ``check`` answer to the questions of a user."""

import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.session import get_session
from botocore.utils import parse_timestamp
from botocore.validate import ParamValidator

from tests.cli.conftest import AT, NOW, PREVIEW, Run, detail, images, write
from tests.support.rule_examples.build import rule

JSON = (*PREVIEW, "--format", "json")
CHECK = ("lifecycle", "check", "--policy", "policy.json", "--images", "images.json", *AT)
INDEX = "application/vnd.oci.image.index.v1+json"
OF_API = {"registryId": "111122223333", "repositoryName": "builds/app"}


def digest(digit: str) -> str:
    return f"sha256:{digit * 64}"


def pulled(days: float) -> dict[str, str]:
    return {"lastRecordedPullTime": (NOW - timedelta(days=days)).isoformat()}


def signed_and_multi_platform(*rules: Any) -> tuple[str, ...]:
    """Write an index of two platforms, a signature and ten builds; return the options."""
    write("policy.json", {"rules": list(rules)})
    builds = [detail(str(number), 9 - number / 2, f"b{number}", **OF_API) for number in range(1, 7)]
    images(
        detail("a", 10, "latest", imageManifestMediaType=INDEX, **OF_API),
        detail("b", 10.1, **OF_API),
        detail("c", 10.2, **OF_API),
        detail("d", 0.1, subjectManifestDigest=digest("a"), **OF_API),
        *builds,
    )
    children = [{"digest": digest(digit)} for digit in "bc"]
    manifest = {"imageId": {"imageDigest": digest("a")}, "imageManifest": ""}
    manifest["imageManifest"] = json.dumps({"manifests": children})
    write("manifests.json", {"images": [manifest]})
    return ("--manifests", "manifests.json")


KEEP_FIVE = rule(1, tagStatus="any", images=5)
UNTAGGED = rule(1, tagStatus="untagged", days=1)


# --- what ECR previews, and what follows --------------------------------------------------------


def test_what_follows_is_apart(run: Run) -> None:
    """The index and two builds go now; its children and its signature after it."""
    options = signed_and_multi_platform(rule(1, tagStatus="tagged", tagPatternList=["*"], images=4))
    done = run(*JSON, *options).json

    assert [["latest"], ["b1"], ["b2"]] == [item["imageTags"] for item in done["previewResults"]]
    assert [
        {
            "imageDigest": digest("d"),
            "imageTags": [],
            "action": {"type": "EXPIRE"},
            "after": digest("a"),
            "because": "SUBJECT_GONE",
            "appliedRulePriority": None,
            "withinHours": 48,
        }
    ] == done["followUps"]
    summary = done["summary"]
    assert (3, 1) == (summary["expiringImageTotalCount"], summary["followUpImageTotalCount"])


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_two_tables_and_two_counts(run: Run, form: str) -> None:
    """What is deleted now, and what is deleted after it."""
    options = signed_and_multi_platform(KEEP_FIVE)
    out = run(*PREVIEW, *options, "--format", form).out
    document = run(*JSON, *options).json

    assert "Deleted now: 3, deleted after them: 3; those that wait" in out
    for title in ("Deleted now: 3 images", "Deleted after them: 3 images"):
        assert title in out
    waiting = [line for line in out.splitlines() if "waits for the index" in line]
    assert 2 == len(waiting)
    assert [("INDEX_GONE", 1)] * 2 + [("SUBJECT_GONE", None)] == [
        (item["because"], item["appliedRulePriority"]) for item in document["followUps"]
    ]


def test_children_that_an_earlier_rule_selects_stay(run: Run) -> None:
    """A rule for untagged images locks them."""
    recent = rule(1, tagStatus="untagged", days=30)
    options = signed_and_multi_platform(recent, {**KEEP_FIVE, "rulePriority": 2})
    done = run(*JSON, *options).json

    listed = {item["imageDigest"] for item in done["previewResults"]}
    assert listed.isdisjoint({digest("b"), digest("c")})
    assert [digest("d")] == [item["imageDigest"] for item in done["followUps"]]


def test_archiving_has_the_same_two_parts(run: Run) -> None:
    options = signed_and_multi_platform(rule(1, "transition", tagStatus="any", images=5))
    out = run(*PREVIEW, *options).out

    assert "Archived now: 3, archived after them: 3" in out
    assert "Archived after them: 3 images" in out
    assert "deleted now" not in out.lower()


# The rules, and whether images are archived and deleted.
RESPONSES = {
    "deleted": [KEEP_FIVE],
    "archived": [rule(1, "transition", tagStatus="any", images=5)],
    "nothing": [rule(1, tagStatus="any", images=99)],
    "both": [
        rule(1, tagStatus="tagged", tagPatternList=["b*"], images=2),
        rule(2, "transition", tagStatus="any", images=1),
    ],
}


@pytest.mark.parametrize("name", RESPONSES)
def test_the_response_has_the_shape_of_the_service(run: Run, name: str) -> None:
    """``--format ecr`` has its members and no others; ``json`` has them and more."""
    options = signed_and_multi_platform(*RESPONSES[name])
    response = run(*PREVIEW, *options, "--format", "ecr").json
    document = run(*JSON, *options).json

    model = get_session().get_service_model("ecr")
    shape = model.operation_model("GetLifecyclePolicyPreview").output_shape
    assert shape.members.keys() - {"nextToken"} == response.keys()
    summary = model.shape_for("LifecyclePolicyPreviewSummary").members
    result = model.shape_for("LifecyclePolicyPreviewResult").members
    assert summary.keys() >= response["summary"].keys()
    assert "expiringImageTotalCount" in response["summary"]
    for item in response["previewResults"]:
        assert result.keys() >= item.keys()
        assert item.keys() >= result.keys() - {"imageTags"}
        item["imagePushedAt"] = parse_timestamp(item["imagePushedAt"])
        assert item.get("imageTags") != []
    assert not ParamValidator().validate(response, shape).has_errors()
    assert (OF_API, "COMPLETE") == (
        {key: response[key] for key in OF_API},
        response["status"],
    )
    assert {"rules": RESPONSES[name]} == json.loads(response["lifecyclePolicyText"])
    actions = [item["action"]["type"] for item in response["previewResults"]]
    assert actions.count("EXPIRE") == response["summary"]["expiringImageTotalCount"]
    archiving = response["summary"].get("transitioningImageTotalCounts", [])
    assert [actions.count("TRANSITION")] * ("TRANSITION" in actions) == [
        item["imageTotalCount"] for item in archiving
    ]
    assert response["summary"].items() <= document["summary"].items()
    for key in response.keys() - {"summary", "previewResults"}:
        assert response[key] == document[key]
    assert len(response["previewResults"]) == len(document["previewResults"])


def test_an_inventory_without_a_name_has_none_in_the_answer(run: Run) -> None:
    """What is unknown is left out."""
    assert {"registryId", "repositoryName"}.isdisjoint(run(*PREVIEW, "--format", "ecr").json)


# --- images in use ------------------------------------------------------------------------------

MANY = [detail(f"c{number:03}", 400 - number) for number in range(60)]
IN_USE = detail("9", 40, "sha-9", "prod", **pulled(0.04))
MONTH = rule(1, tagStatus="any", days=30)


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_an_image_in_use_is_the_first_row(run: Run, form: str) -> None:
    """Then tagged ones; sixty old untagged images do not hide them."""
    write("policy.json", {"rules": [MONTH]})
    images(*MANY, detail("8", 50, "v8"), IN_USE)
    out = run(*PREVIEW, "--format", form).out
    rows = [line for line in out.splitlines() if "identified by rule 1" in line]

    assert ["prod", "v8"] == [
        next(name for name in ("prod", "v8", "untagged") if name in row) for row in rows[:2]
    ]
    assert "2026-11-24" in rows[0]
    assert "… and 12 more images" in out
    assert "pulled in the last 7 days: 1 image: sha-9" in out


@pytest.mark.parametrize(("limit", "rows"), [("0", 62), ("3", 3)])
def test_the_number_of_rows_is_an_option(run: Run, limit: str, rows: int) -> None:
    write("policy.json", {"rules": [MONTH]})
    images(*MANY, detail("8", 50, "v8"), IN_USE)
    out = run(*PREVIEW, "--limit", limit).out

    assert rows == out.count("identified by rule 1")
    assert ("more images" in out) is (rows < 62)


def test_recent_pulls_are_in_the_json(run: Run) -> None:
    """Also those that are archived; with the time of the pull."""
    write("policy.json", {"rules": [MONTH]})
    images(*MANY[:2], IN_USE)
    done = run(*JSON).json

    pull = IN_USE["lastRecordedPullTime"]
    assert 7 == done["recentlyPulled"]["days"]
    assert [
        {
            "imageDigest": IN_USE["imageDigest"],
            "imageTags": ["sha-9", "prod"],
            "lastRecordedPullTime": pull,
            "action": {"type": "EXPIRE"},
            "rulePriority": 1,
        }
    ] == done["recentlyPulled"]["images"]
    explained = {item["imageDigest"]: item for item in done["explanations"]}
    assert pull == explained[IN_USE["imageDigest"]]["lastRecordedPullTime"]
    assert "lastRecordedPullTime" not in explained[MANY[0]["imageDigest"]]
    assert [] == run(*JSON, "--pulled-within", "0").json["recentlyPulled"]["images"]
    assert done["recentlyPulled"]["known"]


def test_unknown_pulls_are_said(run: Run) -> None:
    """An inventory without pull times does not say that nothing is in use."""
    unknown = "whether the images are in use is unknown"
    assert unknown in run(*PREVIEW).out
    assert not run(*JSON).json["recentlyPulled"]["known"]
    images(detail("c", 9), detail("a", 1, **pulled(1)))
    assert unknown not in run(*PREVIEW).out
    images(detail("a", 1))
    assert unknown not in run(*PREVIEW).out


def test_many_recent_pulls_are_counted(run: Run) -> None:
    write("policy.json", {"rules": [MONTH]})
    images(*(detail(str(n), 40 + n, f"v{n}", **pulled(n / 10)) for n in range(7)))

    assert "7 images: v0, v1, v2, v3, v4 and 2 more." in run(*PREVIEW).out


def test_a_change_shows_images_in_use_first(run: Run) -> None:
    write("old.json", {"rules": [rule(1, tagStatus="any", images=999)]})
    write("policy.json", {"rules": [MONTH]})
    images(*MANY, IN_USE)
    out = run(*PREVIEW, "--against", "old.json").out
    rows = [line for line in out.splitlines() if "kept " in line and "deleted " in line]

    assert "prod" in rows[0]


@pytest.mark.parametrize(
    ("days", "status", "findings"),
    [("7", 1, ["LC012"]), ("0", 0, [])],
)
def test_an_image_in_use_fails_the_check(
    run: Run, days: str, status: int, findings: list[str]
) -> None:
    """It is an error with images."""
    write("policy.json", {"rules": [rule(1, tagStatus="tagged", tagPatternList=["*"], images=1)]})
    images(detail("a", 40, "sha-9", "prod", **pulled(1)), detail("b", 1, "sha-10"))
    done = run(*CHECK, "--pulled-within", days, "--format", "json")

    assert status == done.status
    assert findings == [item["id"] for item in done.json["findings"]]


# --- why nothing, and why this ------------------------------------------------------------------


def test_why_nothing_is_deleted_is_said(run: Run) -> None:
    """Rule by rule, and how many images no rule selects."""
    old = rule(1, tagStatus="tagged", tagPatternList=["efcms-*"], days=30)
    write("policy.json", {"rules": [old, {**UNTAGGED, "rulePriority": 2}]})
    images(*(detail(str(number), 90 + number, f"web-{number}") for number in range(50)))
    out = run(*PREVIEW).out

    assert "Nothing is deleted or archived; the table of the rules says why." in out
    assert 2 == out.count("selects none of the 50 images")
    assert "No rule selects 50 images" in out
    done = run(*JSON).json
    assert [(1, 0, 0, 0), (2, 0, 0, 0)] == [
        (
            item["rulePriority"],
            item["selectedImageCount"],
            item["markedImageCount"],
            item["actedImageCount"],
        )
        for item in done["rules"]
    ]
    assert 50 == done["summary"]["unselectedImageTotalCount"]
    assert ["LC013", "LC014", "LC013"] == [
        item["id"] for item in run(*CHECK, "--format", "json").json["findings"]
    ]


def test_without_rules_there_is_nothing_to_explain(run: Run) -> None:
    """A repository without a policy keeps everything, which is said."""
    write("t.json", {"Resources": {"A": {"Type": "AWS::ECR::Repository", "Properties": {}}}})
    arguments = (*PREVIEW[:2], "--template", "t.json", *PREVIEW[4:])
    out = run(*arguments).out

    assert "no lifecycle policy" in out
    assert "Nothing is deleted" not in out
    assert "selects" not in out
    assert "no rule identifies it" in run(*arguments, "--explain", "stable").out


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_an_image_is_explained(run: Run, form: str) -> None:
    """By tag, digest or the beginning of a digest: each rule, and what comes later."""
    write("policy.json", {"rules": [rule(1, tagStatus="tagged", tagPatternList=["v*"], days=30)]})
    images(detail("a", 9, "v1"), detail("b", 90, **pulled(3)))
    out = run(*PREVIEW, "--explain", "v1", "--explain", "bbbb", "--format", form).out

    for words in (
        digest("a"),
        "It is kept",
        "From 2026-12-15 12:00 UTC: deleted by rule 1",
        "selects it and keeps it",
        digest("b"),
        "last pulled 2026-11-21",
        "the image has no tag",
    ):
        assert words in out
    assert "2 images:" not in out


def test_an_explanation_in_json(run: Run) -> None:
    """In addition to the whole document."""
    done = run(*JSON, "--explain", "v1.0").json
    [explained] = done["explained"]

    assert ("EXPIRED", 1) == (explained["outcome"], explained["rulePriority"])
    assert [(1, True, True, True), (2, False, False, False)] == [
        (item["rulePriority"], item["selects"], item["marks"], item["acts"])
        for item in explained["rules"]
    ]
    assert 5 == len(done["explanations"])


# The options, and the code of the error.
ERRORS = {
    "--explain nope": "image-unknown",
    "--limit -1": "limit-negative",
    "--pulled-within x": "arguments-invalid",
    "--pulled-within -1": "arguments-invalid",
    "--pulled-within 100000": "arguments-invalid",
    "--pulled-within 9999999999999999999999999999": "arguments-invalid",
}


def test_a_limit_of_any_length_shows_all(run: Run) -> None:
    """It is larger than what Python can count to in a list."""
    done = run(*PREVIEW, "--limit", "9" * 30)

    assert (0, run(*PREVIEW, "--limit", "0").out) == (done.status, done.out)


@pytest.mark.parametrize("options", ERRORS)
def test_errors(run: Run, options: str) -> None:
    done = run(*PREVIEW, *options.split())

    assert (2, "", [ERRORS[options]]) == (done.status, done.out, done.codes)


def test_two_images_with_one_beginning(run: Run) -> None:
    images(detail("a", 1), detail("aaab", 1))
    write(
        "images.json",
        {"imageDetails": [detail("a", 1), {**detail("b", 1), "imageDigest": "sha256:aaab"}]},
    )

    assert ["image-ambiguous"] == run(*PREVIEW, "--explain", "sha256:aaa").codes


def test_days_of_a_pull_are_not_for_templates(run: Run) -> None:
    write("t.json", {"Resources": {"A": {"Type": "AWS::ECR::Repository", "Properties": {}}}})

    assert ["option-needs-policy"] == run("check", "t.json", "--pulled-within", "0").codes
