"""``ecr-constructs lifecycle preview`` on files."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.cli.output import progress
from tests.cli.conftest import (
    ARCHIVE,
    AT,
    DETAILS,
    KEEP_ONE,
    PREVIEW,
    UNTAGGED,
    Run,
    Terminal,
    detail,
    images,
    write,
)
from tests.support.rule_examples.build import ABSENT, repository, rule

JSON = (*PREVIEW, "--format", "json")


def manifests(**content: Any) -> str:
    """Write the manifests of images, by the digit of their digests."""
    listed = [
        {"imageId": {"imageDigest": f"sha256:{digit * 64}"}, "imageManifest": json.dumps(manifest)}
        for digit, manifest in content.items()
    ]
    return write("manifests.json", {"images": listed})


def test_transitions_are_counted_by_target(run: Run) -> None:
    """As ECR counts them."""
    write("policy.json", {"rules": [ARCHIVE]})
    document = run(*JSON).json

    counts = document["summary"]["transitioningImageTotalCounts"]
    assert [{"targetStorageClass": "ARCHIVE", "imageTotalCount": 2}] == counts
    assert {"atLeast": 0, "atMost": 3_000_000} == document["summary"]["transitioningBytes"]
    action = {"type": "TRANSITION", "targetStorageClass": "ARCHIVE"}
    assert action == document["previewResults"][0]["action"]
    assert "Archiving moves 0 B to 3.0 MB" in run(*PREVIEW).out


def test_without_events_there_is_no_forecast(run: Run) -> None:
    """Nothing is left to be drawn."""
    write("policy.json", {"rules": [rule(1, tagStatus="any", images=100)]})

    assert [] == run(*JSON).json["forecast"]["days"]
    assert "left then" not in run(*PREVIEW).out


def test_against_shows_only_what_changes(run: Run) -> None:
    """What the old policy does to the same image, and the new one."""
    old = [{**UNTAGGED, "rulePriority": 7}, {**ARCHIVE, "rulePriority": 9}]
    write("old.json", {"rules": old})
    document = run(*JSON, "--against", "old.json").json

    assert [("TRANSITION", "EXPIRE"), ("TRANSITION", "KEEP")] == [
        (change["before"]["action"], change["after"]["action"]) for change in document["changes"]
    ]
    assert 2 == len(document["explanations"])
    assert [1, 2] == [item["appliedRulePriority"] for item in document["previewResults"]]
    assert [] == run(*JSON, "--against", "policy.json").json["changes"]
    for policy, count in (("old.json", 2), ("policy.json", 0)):
        assert f"What changes: {count} images" in run(*PREVIEW, "--against", policy).out


def test_manifests_tell_what_an_index_lists(run: Run) -> None:
    """With them it stays; without them the result rests on an assumption."""
    index = "application/vnd.oci.image.index.v1+json"
    images(detail("a", 9, "x", imageManifestMediaType=index), detail("b", 9))
    manifests(a={"manifests": [{"digest": f"sha256:{'b' * 64}"}]})

    without = run(*JSON).json
    with_manifests = run(*JSON, "--manifests", "manifests.json").json
    assert [1, 0] == [
        document["summary"]["expiringImageTotalCount"] for document in (without, with_manifests)
    ]
    assert without["assumptions"]
    assert [] == with_manifests["assumptions"]
    assert "This rests on assumptions" in run(*PREVIEW).out


LAYER = {"layers": [{"digest": "layer", "size": 999}]}
LARGE = detail("a", 40, "v1", imageSizeInBytes=9 * 10**15)
SIZES = {
    "some manifests": ([DETAILS[0]], {"a": LAYER}, "0 B to 999 B, as"),
    "all manifests": ([DETAILS[0]], {"a": LAYER, "f": {"layers": []}}, "999 B.\n"),
    "terabytes": ([LARGE], {}, "0 B to 9000.0 TB, as"),
}


@pytest.mark.parametrize(("details", "content", "frees"), SIZES.values(), ids=SIZES)
def test_sizes_are_readable(run: Run, details: list[Any], content: Any, frees: str) -> None:
    """And exact where the manifests of all images are known."""
    images(*details, detail("f", 1, "v9", imageSizeInBytes=0))
    file = manifests(**content)

    assert f"frees {frees}" in run(*PREVIEW, *(["--manifests", file] if content else [])).out


def test_long_lists_are_cut_in_text_only(run: Run) -> None:
    """JSON has all."""
    tagged = [detail(str(number), number, f"v{number}") for number in range(60, 121)]
    images(*tagged, *(detail(f"f{number:03}", 7 - number / 7) for number in range(49)))
    write("long.json", {"rules": [rule(2, tagStatus="untagged", days=60)]})

    assert "… and 10 more images; --format json has all" in run(*PREVIEW).out
    many = run(*PREVIEW, "--against", "long.json", "--format", "markdown").out
    assert "\n… and 10 more images; --format json has all" in many
    assert 60 == len(run(*JSON).json["previewResults"])
    images(*(detail(f"f{number:03}", 7 - number) for number in range(1, 41)))
    assert "… and 9 more days; --format json has all" in run(*PREVIEW).out


def test_the_forecast_goes_as_far_as_asked(run: Run) -> None:
    """In days."""
    assert "2026-11-25T12:00:00+00:00" == run(*JSON, "--days", "1").json["forecast"]["until"]


def test_a_repository_without_a_policy_keeps_every_image(run: Run) -> None:
    """Which can be previewed, and checked."""
    write("t.json", {"Resources": {"Odd": 7, "Api": repository(LifecyclePolicy=ABSENT)}})

    checked = run("lifecycle", "check", "--template", "t.json")
    assert (0, True) == (checked.status, checked.out.startswith("keep every image\n"))
    previewed = run(*PREVIEW[:2], "--template", "t.json", *PREVIEW[4:], "--format", "json").json
    assert (0, 5) == (
        previewed["summary"]["expiringImageTotalCount"],
        previewed["forecast"]["remainingImageCount"],
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_other_encodings_are_read(run: Run, encoding: str) -> None:
    """As Windows writes them."""
    expected = run(*PREVIEW)
    for name in ("policy.json", "images.json"):
        Path(name).write_text(Path(name).read_text(encoding="utf-8"), encoding=encoding)

    assert expected == run(*PREVIEW)


def test_standard_input_is_read(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As ``-``."""
    expected = run(*PREVIEW)
    piped = io.TextIOWrapper(io.BytesIO(Path("images.json").read_bytes()))
    monkeypatch.setattr(sys, "stdin", piped)

    assert expected == run(*PREVIEW[:5], "-", *AT)


# --- terminals ----------------------------------------------------------------------------------


def test_a_terminal_gets_the_same_in_colour(on_terminal: Callable[..., str]) -> None:
    """Tags are shown as they are, not as markup."""
    images(detail("a", 40, "v1", "[red]"), detail("b", 4, "v2"))
    out = on_terminal(*PREVIEW)
    for shown in ("2 images: 1 deleted", "sha256:aaaaaaaaaaaa", "v1, [red]", "\x1b[31m█"):
        assert shown in out

    many = [detail(str(number), 50 + number, f"v{number}") for number in range(60)]
    images(*many, *(detail(f"f{number:03}", 6 - number) for number in range(40)))
    out = on_terminal(*PREVIEW)
    assert "… and 9 more images; --format json has all" in out
    assert "… and 10 more days; --format json has all" in out


def test_without_rich_a_terminal_gets_plain_text(
    run: Run, on_terminal: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is optional."""
    monkeypatch.delitem(sys.modules, "ecr_constructs.report.terminal", raising=False)
    monkeypatch.setitem(sys.modules, "rich", None)

    assert run(*PREVIEW).out == on_terminal(*PREVIEW)


def test_long_work_shows_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """On standard error; it is gone in the end."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with progress("reading", 10) as advance:
        advance(4)

    assert "reading" in terminal.getvalue()


@pytest.mark.parametrize("stream", [Terminal(), io.StringIO()], ids=["no rich", "no terminal"])
def test_there_may_be_no_bar(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without rich, and without a terminal."""
    monkeypatch.setitem(sys.modules, "rich", None)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    monkeypatch.setattr(sys, "stderr", stream)
    with progress("reading", 10) as advance:
        advance(4)

    assert "" == stream.getvalue()


@pytest.mark.parametrize(("many", "shown"), [(0, True), (10_000, False)])
def test_the_forecast_of_many_images_shows_a_bar(
    on_terminal: Callable[..., str], monkeypatch: pytest.MonkeyPatch, many: int, shown: bool
) -> None:
    """Of few it is there at once."""
    monkeypatch.setattr("ecr_constructs.cli.lifecycle._MANY", many)

    assert shown == ("looking ahead" in on_terminal(*PREVIEW, stream="stderr"))


@pytest.mark.parametrize(
    ("name", "is_noted"), [("staging/api", True), ("payments/api", False), (ABSENT, False)]
)
def test_a_policy_of_a_template_may_be_tried_on_other_images(
    run: Run, name: Any, *, is_noted: bool
) -> None:
    """Those of another stage; a line says so."""
    resource = repository(UNTAGGED, RepositoryName=name)
    write("policy.json", {"Resources": {"Api": resource}})
    images(detail("a", 90, repositoryName="payments/api"))
    result = run(*JSON)

    assert (0, 1) == (result.status, len(result.json["previewResults"]))
    assert is_noted == bool(result.err)


DRY_RUN = "ecr-constructs:lifecycleDryRun"
UNTAGGED_TEXT = json.dumps({"rules": [UNTAGGED]})


def dry_run(text: Any, **properties: Any) -> dict[str, Any]:
    """Return a template whose repository has a policy that is not enabled."""
    resource = repository(LifecyclePolicy=ABSENT, **properties)
    return {"Resources": {"Api": {**resource, "Metadata": {DRY_RUN: text}}}}


def test_a_dry_run_is_previewed(run: Run) -> None:
    """The template renders no policy, and the preview is that of the enabled one."""
    write("policy.json", {"rules": [UNTAGGED]})
    expected = run(*JSON).json
    write("policy.json", dry_run(UNTAGGED_TEXT))
    result = run(*JSON)

    assert expected["previewResults"] == result.json["previewResults"] != []
    assert "dry run" in result.err


def test_a_rendered_policy_counts_more_than_a_dry_run(run: Run) -> None:
    """ECR gets it."""
    body = dry_run(UNTAGGED_TEXT)
    text = json.dumps({"rules": [KEEP_ONE]})
    body["Resources"]["Api"]["Properties"]["LifecyclePolicy"] = {"LifecyclePolicyText": text}
    write("policy.json", body)
    result = run(*JSON)

    assert ("", 1) == (result.err, result.json["previewResults"][0]["appliedRulePriority"])


def test_a_dry_run_that_only_the_deployment_knows(run: Run) -> None:
    """It cannot be previewed, as a rendered one."""
    write("policy.json", dry_run({"Fn::Join": ["", ["{", {"Ref": "Days"}]]}))

    result = run(*PREVIEW)
    assert 2 == result.status
    assert "policy-unresolved" in result.err
