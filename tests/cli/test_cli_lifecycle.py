"""``ecr-constructs lifecycle`` on files: what it prints, and how it ends."""

import io
import json
import runpy
import shlex
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ecr_constructs.cli.main import main
from ecr_constructs.cli.output import progress

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
AT = ["--now", "2026-11-24T12:00:00Z"]
ROOT = Path(__file__).parent.parent.parent
SNAPSHOTS = ROOT / "tests/app/__snapshots__/test_snapshots"
KEEP_ONE: dict[str, Any] = {
    "rulePriority": 1,
    "selection": {
        "tagStatus": "tagged",
        "tagPatternList": ["v*"],
        "countType": "imageCountMoreThan",
        "countNumber": 1,
    },
    "action": {"type": "expire"},
}
UNTAGGED: dict[str, Any] = {
    "rulePriority": 2,
    "selection": {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": 7,
    },
    "action": {"type": "expire"},
}
ARCHIVE = {
    "rulePriority": 3,
    "selection": {
        "tagStatus": "any",
        "countType": "sinceImagePulled",
        "countUnit": "days",
        "countNumber": 30,
    },
    "action": {"type": "transition", "targetStorageClass": "archive"},
}


class Result(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command of ``lifecycle`` in this process."""

    def run(*arguments: str) -> Result:
        try:
            status = main(["lifecycle", *arguments])
        except SystemExit as error:
            status = int(error.code or 0)
        return Result(status, *capsys.readouterr())

    return run


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a policy and an inventory."""
    monkeypatch.chdir(tmp_path)
    write("policy.json", {"rules": [KEEP_ONE, UNTAGGED]})
    write("images.json", {"imageDetails": DETAILS})
    return tmp_path


def write(name: str, content: Any) -> None:
    Path(name).write_text(json.dumps(content), encoding="utf-8")


def detail(digit: str, days: float, *tags: str, **members: Any) -> dict[str, Any]:
    return {
        "imageDigest": f"sha256:{digit * 64}",
        "imageTags": list(tags),
        "imagePushedAt": (NOW - timedelta(days=days)).isoformat(),
        "imageSizeInBytes": 1_500_000,
        **members,
    }


DETAILS = [
    detail("a", 40, "v1.0"),
    detail("b", 10, "v1.1", "stable", "latest", "prod"),
    detail("c", 9),
    detail("d", 3),
    detail("e", 50, "main-7"),
]
PREVIEW = ("preview", "--policy", "policy.json", "--images", "images.json", *AT)


def template(**resources: Any) -> None:
    write("template.json", {"Resources": {"Odd": 7, **resources}})


def repository(policy: Any, **properties: Any) -> dict[str, Any]:
    given = {"LifecyclePolicy": policy} if policy else {}
    return {"Type": "AWS::ECR::Repository", "Properties": {**given, **properties}}


# --- preview ------------------------------------------------------------------------------------


def test_preview_as_json(run: Run) -> None:
    """The shape of GetLifecyclePolicyPreview, and more."""
    write("images.json", {"imageDetails": [DETAILS[0], DETAILS[1]]})
    result = run(*PREVIEW, "--format", "json")

    assert (0, "") == (result.status, result.err)
    digest = f"sha256:{'a' * 64}"
    reason = "identified by rule 1, which keeps the newest 1; this is number"
    assert json.loads(result.out) == {
        "previewResults": [
            {
                "imageTags": ["v1.0"],
                "imageDigest": digest,
                "imagePushedAt": "2026-10-15T12:00:00+00:00",
                "action": {"type": "EXPIRE"},
                "appliedRulePriority": 1,
                "storageClass": "STANDARD",
            }
        ],
        "summary": {
            "evaluatedAt": "2026-11-24T12:00:00+00:00",
            "imageTotalCount": 2,
            "expiringImageTotalCount": 1,
            "transitioningImageTotalCounts": [],
            "expiringBytes": {"atLeast": 0, "atMost": 1_500_000},
            "transitioningBytes": {"atLeast": 0, "atMost": 0},
        },
        "explanations": [
            {
                "imageDigest": digest,
                "imageTags": ["v1.0"],
                "outcome": "EXPIRED",
                "rulePriority": 1,
                "reason": f"{reason} 2",
            },
            {
                "imageDigest": f"sha256:{'b' * 64}",
                "imageTags": ["v1.1", "stable", "latest", "prod"],
                "outcome": "KEPT",
                "rulePriority": 1,
                "reason": f"{reason} 1",
            },
        ],
        "assumptions": [],
        "forecast": {
            "until": "2027-02-22T12:00:00+00:00",
            "days": [{"date": "2026-11-24", "expiringImageCount": 1, "transitioningImageCount": 0}],
            "images": [
                {
                    "imageDigest": digest,
                    "imageTags": ["v1.0"],
                    "from": "2026-11-24T12:00:00+00:00",
                    "action": {"type": "EXPIRE"},
                    "appliedRulePriority": 1,
                }
            ],
            "remainingImageCount": 1,
        },
    }


def test_transitions_are_counted_by_target(run: Run) -> None:
    """As ECR counts them."""
    write("policy.json", {"rules": [ARCHIVE]})
    document = json.loads(run(*PREVIEW, "--format", "json").out)

    counts = document["summary"]["transitioningImageTotalCounts"]
    assert [{"targetStorageClass": "ARCHIVE", "imageTotalCount": 2}] == counts
    action = {"type": "TRANSITION", "targetStorageClass": "ARCHIVE"}
    assert action == document["previewResults"][0]["action"]
    assert "Archiving moves 0 B to 3.0 MB, as images share layers." in run(*PREVIEW).out


def test_against_shows_only_what_changes(run: Run) -> None:
    """What the old policy does to the same image, and the new one."""
    write("old.json", {"rules": [{**UNTAGGED, "rulePriority": 7}, {**ARCHIVE, "rulePriority": 9}]})
    text = run(*PREVIEW, "--against", "old.json").out
    document = json.loads(run(*PREVIEW, "--against", "old.json", "--format", "json").out)

    assert "What changes: 2 images" in text
    assert (
        "2026-10-15  sha256:aaaaaaaaaaaa  v1.0    archived  deleted  identified by rule 1" in text
    )
    assert "2026-10-05  sha256:eeeeeeeeeeee  main-7  archived  kept     no rule" in text
    assert [
        (change["before"]["action"], change["after"]["action"]) for change in document["changes"]
    ] == [("TRANSITION", "EXPIRE"), ("TRANSITION", "KEEP")]
    assert [1] == [
        preview_result["appliedRulePriority"] for preview_result in document["previewResults"]
    ]
    same = json.loads(run(*PREVIEW, "--against", "policy.json", "--format", "json").out)
    assert [] == same["changes"]
    assert "What changes: 0 images" in run(*PREVIEW, "--against", "policy.json").out


def test_manifests_tell_what_an_index_lists(run: Run) -> None:
    """With them it stays; without them the result rests on an assumption."""
    index = "application/vnd.oci.image.index.v1+json"
    write(
        "images.json",
        {"imageDetails": [detail("a", 9, "x", imageManifestMediaType=index), detail("b", 9)]},
    )
    manifest = json.dumps({"manifests": [{"digest": f"sha256:{'b' * 64}"}]})
    identity = {"imageDigest": f"sha256:{'a' * 64}"}
    write("manifests.json", {"images": [{"imageId": identity, "imageManifest": manifest}]})

    without = run(*PREVIEW).out
    assert "2 images: 1 deleted" in without
    assert "This rests on assumptions" in without
    with_manifests = run(*PREVIEW, "--manifests", "manifests.json").out
    assert "2 images: 0 deleted" in with_manifests
    assert "assumptions" not in with_manifests


def test_sizes_are_readable(run: Run) -> None:
    """And exact where the manifests of all images are known."""
    manifest = json.dumps({"layers": [{"digest": "layer", "size": 999}]})
    images = [
        {"imageId": {"imageDigest": item["imageDigest"]}, "imageManifest": manifest}
        for item in DETAILS[:1]
    ]
    write("images.json", {"imageDetails": [DETAILS[0], detail("f", 1, "v9", imageSizeInBytes=0)]})
    write("manifests.json", {"images": images})
    assert "frees 0 B to 999 B, as" in run(*PREVIEW, "--manifests", "manifests.json").out
    kept = json.dumps({"layers": []})
    images.append({"imageId": {"imageDigest": f"sha256:{'f' * 64}"}, "imageManifest": kept})
    write("manifests.json", {"images": images})
    assert "frees 999 B.\n" in run(*PREVIEW, "--manifests", "manifests.json").out
    write(
        "images.json",
        {
            "imageDetails": [
                detail("a", 40, "v1", imageSizeInBytes=9 * 10**15),
                detail("b", 1, "v2"),
            ]
        },
    )
    assert "frees 0 B to 9000.0 TB, as" in run(*PREVIEW).out


def test_long_lists_are_cut_in_text_only(run: Run) -> None:
    """JSON has all."""
    details = [
        {**detail("0", n, f"v{n}"), "imageDigest": f"sha256:{n:064}"} for n in range(60, 121)
    ]
    untagged = [{**detail("0", 7 - n / 7), "imageDigest": f"sha256:f{n:063}"} for n in range(49)]
    write("images.json", {"imageDetails": details + untagged})
    write(
        "long.json",
        {"rules": [{**UNTAGGED, "selection": {**UNTAGGED["selection"], "countNumber": 60}}]},
    )
    assert "… and 10 more images; --format json has all" in run(*PREVIEW).out
    many = run(*PREVIEW, "--against", "long.json", "--format", "markdown").out
    assert "\n… and 10 more images; --format json has all" in many
    document = json.loads(run(*PREVIEW, "--format", "json").out)
    assert len(document["previewResults"]) == 60
    days = [{**detail("0", 7 - n), "imageDigest": f"sha256:f{n:063}"} for n in range(1, 41)]
    write("images.json", {"imageDetails": days})
    assert "… and 9 more days; --format json has all" in run(*PREVIEW).out


def test_the_forecast_goes_as_far_as_asked(run: Run) -> None:
    """In days."""
    assert "Until 2026-11-25" in run(*PREVIEW, "--days", "1").out
    assert "days: must be at least 1" in run(*PREVIEW, "--days", "0").err


# --- check --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "message", "priority"),
    [
        ('{"rules": [{"rulePriority": 4}]}', "rules[0].selection: is missing.", 4),
        ('{"rules": [{"rulePriority": true}]}', "rules[0].rulePriority: must be a whole", None),
        ('{"rules": [7]}', "rules[0]: must be a JSON object, got a number.", None),
        ("7", "must be a JSON object", None),
        ('{"rules": []}', "rules: must hold 1 to 50 rules, holds 0.", None),
        ("{", "not JSON: Expecting property name", None),
        ("rules: [", "not JSON: Expecting value", None),
        ("[" * 100_000, "not a lifecycle policy: nested too deeply", None),
        (
            json.dumps({"rules": [{**UNTAGGED, "description": "x" * 31_000}]}),
            "the policy may be 30,720 characters long, is 31,1",
            None,
        ),
    ],
)
def test_a_policy_that_ecr_refuses(
    run: Run, policy: str, message: str, priority: int | None
) -> None:
    """It is checked with status 1, and cannot be previewed."""
    Path("policy.json").write_text(policy, encoding="utf-8")
    checked = run("check", "--policy", "policy.json", "--format", "json")
    previewed = run(*PREVIEW)

    document = json.loads(checked.out)
    assert (1, False) == (checked.status, document["valid"])
    assert any(
        message in finding["message"]
        and priority == finding["rulePriority"]
        and finding["id"] == "LC000"
        for finding in document["findings"]
    )
    assert (2, "", 1) == (previewed.status, previewed.out, previewed.err.count("\n"))
    assert message.rstrip(".") in previewed.err
    assert "ECR rejects this policy" in run("check", "--policy", "policy.json").out


TEXT = {"LifecyclePolicyText": json.dumps({"rules": [UNTAGGED, ARCHIVE]})}
CACHE = {"Type": "AWS::ECR::PullThroughCacheRule", "Properties": {"EcrRepositoryPrefix": "quay"}}
CREATION = {
    "Prefix": "hub",
    "LifecyclePolicy": TEXT["LifecyclePolicyText"],
    "AppliedFor": ["PULL_THROUGH_CACHE"],
}


@pytest.mark.parametrize(
    ("content", "options", "findings", "status"),
    [
        ({"rules": [ARCHIVE]}, [], [("LC008", "warning", 3)], 0),
        ({"rules": [ARCHIVE]}, ["--fail-on", "info"], [("LC008", "warning", 3)], 1),
        ({"rules": [ARCHIVE]}, ["--fail-on", "warning"], [("LC008", "warning", 3)], 1),
        ({"rules": [ARCHIVE]}, ["--fail-on", "error"], [("LC008", "warning", 3)], 0),
        ({"rules": [UNTAGGED]}, ["--pull-through-cache"], [("LC006", "error", 2)], 1),
        ({"lifecyclePolicyText": json.dumps({"rules": [UNTAGGED]})}, [], [], 0),
        (
            {
                "Resources": {
                    "Api": repository(TEXT, RepositoryName="quay/api"),
                    "Cache": CACHE,
                    "Scanner": {"Type": "AWS::ECR::PullTimeUpdateExclusion"},
                }
            },
            [],
            [("LC006", "error", 2)],
            1,
        ),
        (
            {
                "Resources": {
                    "Net": {"Type": "AWS::ECR::RepositoryCreationTemplate", "Properties": CREATION}
                }
            },
            [],
            [("LC006", "error", 2), ("LC008", "warning", 3)],
            1,
        ),
    ],
    ids=[
        *("a policy", "info", "warning", "error", "with a cache", "the AWS CLI"),
        *("a template's cache and exclusions", "a creation template"),
    ],
)
def test_what_check_finds(
    run: Run, content: Any, options: list[str], findings: list[Any], status: int
) -> None:
    """Each finding has four keys; the context is that of the options or of the template."""
    write("given.json", content)
    result = run("check", "--policy", "given.json", "--format", "json", *options)

    document = json.loads(result.out)
    assert (status, True) == (result.status, document["valid"])
    assert findings == [
        (finding["id"], finding["severity"], finding["rulePriority"])
        for finding in document["findings"]
    ]
    for finding in document["findings"]:
        assert {"id", "severity", "message", "rulePriority"} == set(finding)


def test_check_with_images(run: Run) -> None:
    """Findings are then about them."""
    rule = {**KEEP_ONE, "selection": {**KEEP_ONE["selection"], "tagPatternList": ["rel-*"]}}
    last = {**KEEP_ONE["selection"], "tagPatternList": ["*"]}
    write("policy.json", {"rules": [rule, {**KEEP_ONE, "rulePriority": 2, "selection": last}]})
    result = run(
        "check", "--policy", "policy.json", "--images", "images.json", *AT, "--format", "json"
    )

    assert (1, ["LC004"]) == (
        result.status,
        [finding["id"] for finding in json.loads(result.out)["findings"]],
    )


# --- where a policy comes from ------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--policy", "--template"])
@pytest.mark.parametrize(
    "where", [["--repository", "payments/api"], ["--repository", "paymentsapi2825C1CC"]]
)
def test_a_policy_may_come_from_a_snapshot(run: Run, option: str, where: list[str]) -> None:
    """As committed: the repository by name or by logical id."""
    snapshot = next(path for path in sorted(SNAPSHOTS.iterdir()) if "Dev" in path.name)
    result = run("check", option, str(snapshot), *where)

    assert result.status == 0
    assert result.out.startswith("1. delete untagged images 3 days after their push\n2. keep the")
    assert result.out.endswith(", payments/api: ECR accepts this policy; 1 finding.\n")


def test_a_repository_without_a_policy_keeps_every_image(run: Run) -> None:
    """Which can be previewed, and checked."""
    template(Api=repository(None))

    checked = run("check", "--template", "template.json")
    assert (0, True) == (checked.status, checked.out.startswith("keep every image\n"))
    previewed = run("preview", "--template", "template.json", "--images", "images.json", *AT)
    assert previewed.out == (
        "5 images: 0 deleted, 0 archived, 5 kept on 2026-11-24 12:00 UTC, or within 24 hours.\n"
    )


@pytest.mark.parametrize(
    ("resources", "asked", "said"),
    [
        ({}, [], "template.json defines several repositories; it defines none"),
        (
            {"A": repository(TEXT), "B": repository(TEXT, RepositoryName={"Ref": "x"})},
            [],
            "defines several repositories; it defines A, B; choose one with --repository",
        ),
        ({"A": repository(TEXT)}, ["--repository", "x"], "defines no repository x; it defines A"),
        (
            {"A": repository({"LifecyclePolicyText": {"Fn::ImportValue": "policy"}})},
            [],
            "A: the lifecycle policy is known only at deploy time; give the deployed policy",
        ),
        ({"A": repository({"Fn::If": []})}, [], "is known only at deploy time"),
    ],
)
def test_a_template_that_does_not_tell(
    run: Run, resources: Any, asked: list[str], said: str
) -> None:
    """One line, exit status 2."""
    template(**resources)
    result = run("check", "--template", "template.json", *asked)

    assert (2, "", 1) == (result.status, result.out, result.err.count("\n"))
    assert said in result.err


# --- what is wrong with arguments and files -----------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check"], "check: --policy or --template is required"),
        (["check", "--policy", "policy.json", "--manifests", "x"], "give --images too"),
        (["check", "--policy", "a", "--template", "b"], "not allowed with argument --policy"),
        (["preview", "--images", "images.json"], "--policy or --template is required, unless"),
        (["preview", "--policy", "policy.json"], "--images or --live is required"),
        ([*PREVIEW, "--region", "eu-west-1"], "--region needs --live"),
        ([*PREVIEW, "--service-preview"], "--service-preview needs --live"),
        (["preview", "--live", "x", "--service-preview", *AT], "leave out --now"),
        (["preview", "--live", "x", "--images", "y"], "not allowed with argument --live"),
        ([*PREVIEW, "--now", "noon"], "argument --now: must be ISO 8601 with a zone"),
        ([*PREVIEW, "--now", "2026-01-01T00:00"], "has no time zone: '2026-01-01T00:00'; write"),
        ([*PREVIEW, "--format", "xml"], "invalid choice: 'xml'"),
        (["check", "--policy", "missing"], "cannot read missing: No such file or directory"),
        (["check", "--policy", "."], ". holds no template"),
        (
            [*PREVIEW[:4], "policy.json"],
            'must be {"imageDetails": […]} as',
        ),
        (
            [*PREVIEW, "--manifests", "policy.json"],
            'must be {"images": […]} as',
        ),
        (["review"], "invalid choice: 'review'"),
    ],
)
def test_one_line_says_what_is_wrong(run: Run, arguments: list[str], said: str) -> None:
    """On standard error, with exit status 2."""
    result = run(*arguments)

    assert (2, "", 1) == (result.status, result.out, result.err.count("\n"))
    assert said in result.err


def test_a_file_that_cannot_be_an_inventory(run: Run) -> None:
    """The error names the first byte that is not text, or what differs in two pages."""
    Path("images.json").write_bytes('{"imageDetails": "ä"}'.encode("latin-1"))
    assert "cannot read images.json: not UTF-8 at byte 18; save it" in run(*PREVIEW).err

    write("images.json", {"imageDetails": [detail("a", 1, "v1"), detail("a", 2, "v1")]})
    result = run(*PREVIEW)
    assert (2, 1) == (result.status, result.err.count("\n"))
    assert "images.json: Invalid inventory (value: 2 images): sha256:aa" in result.err


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_other_encodings_are_read(run: Run, encoding: str) -> None:
    """As Windows writes them."""
    expected = run(*PREVIEW)
    for name in ("policy.json", "images.json"):
        Path(name).write_text(Path(name).read_text(encoding="utf-8"), encoding=encoding)

    assert expected == run(*PREVIEW)


def test_standard_input_is_read(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As ``-``; errors call it by name."""
    expected = run(*PREVIEW)

    def piped(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    piped(Path("images.json").read_bytes())
    assert expected == run(*PREVIEW[:4], "-", *AT)
    piped(b"{}")
    assert "standard input: Invalid inventory" in run(*PREVIEW[:4], "-", *AT).err
    piped(b"{}")
    assert (
        "standard input is not a lifecycle policy"
        in run("preview", "--policy", "-", *PREVIEW[3:]).err
    )


# --- terminals ----------------------------------------------------------------------------------


class Terminal(io.StringIO):
    """What says of itself that it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.fixture
def on_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs a command whose standard output is a terminal; gives what is seen there."""
    monkeypatch.setenv("COLUMNS", "200")

    def see(*arguments: str) -> str:
        terminal = Terminal()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", terminal)
            assert 0 == run(*arguments).status
        return terminal.getvalue()

    return see


def test_a_terminal_gets_the_same_in_colour(on_terminal: Callable[..., str]) -> None:
    """Tags are shown as they are, not as markup."""
    write("images.json", {"imageDetails": [detail("a", 40, "v1", "[red]"), detail("b", 4, "v2")]})
    out = on_terminal(*PREVIEW)

    assert "2 images: 1 deleted, 0 archived, 1 kept" in out
    assert "sha256:aaaaaaaaaaaa" in out
    assert "v1, [red]" in out
    assert "\x1b[31m█" in out

    many = [{**detail("0", 50 + n, f"v{n}"), "imageDigest": f"sha256:{n:064}"} for n in range(60)]
    days = [{**detail("0", 6 - n), "imageDigest": f"sha256:f{n:063}"} for n in range(40)]
    write("images.json", {"imageDetails": many + days})
    out = on_terminal(*PREVIEW)
    assert "… and 9 more images; --format json has all" in out
    assert "… and 10 more days; --format json has all" in out


def test_without_rich_a_terminal_gets_plain_text(
    on_terminal: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is optional."""
    monkeypatch.delitem(sys.modules, "ecr_constructs.report.terminal", raising=False)
    monkeypatch.setitem(sys.modules, "rich", None)

    assert on_terminal(*PREVIEW).startswith("5 images: 2 deleted")


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


def test_the_forecast_of_many_images_shows_a_bar(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of few it is there at once."""
    for many, seen in ((0, True), (10_000, False)):
        terminal = Terminal()
        with monkeypatch.context() as patch:
            patch.setattr("ecr_constructs.cli.lifecycle_preview._MANY", many)
            patch.setattr(sys, "stderr", terminal)
            assert 0 == run(*PREVIEW).status
        assert seen == ("looking ahead" in terminal.getvalue())


def test_without_boto3_live_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line."""
    monkeypatch.setitem(sys.modules, "boto3", None)
    monkeypatch.delitem(sys.modules, "ecr_constructs.live.ecr", raising=False)
    monkeypatch.delattr("ecr_constructs.live.ecr", raising=False)

    assert run("preview", "--live", "api").err == (
        "ecr-constructs lifecycle preview: --live needs boto3, which is not installed: pip "
        "install 'ecr-constructs[cli]'\n"
    )


# --- as a process -------------------------------------------------------------------------------

LOADED = """
import sys
from ecr_constructs.cli.main import main
main(["lifecycle", *sys.argv[1:]])
heavy = ("aws_cdk", "boto3", "botocore", "constructs", "jsii", "pydantic", "rich", "yaml")
sys.exit(" ".join(name for name in heavy if name in sys.modules))
"""


def absolute(folder: Path) -> list[str]:
    """Return the arguments of a preview from any folder."""
    return [str(folder / item) if item.endswith(".json") else item for item in PREVIEW]


def test_nothing_heavy_is_loaded(folder: Path) -> None:
    """No Node, no CDK, no boto3, no rich: the command is there at once."""
    command = [sys.executable, "-c", LOADED, *absolute(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)

    assert "" == done.stderr.strip()


def test_the_module_is_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``python -m ecr_constructs``; imported, it does nothing."""
    monkeypatch.setattr(sys, "argv", ["ecr-constructs", "lifecycle", "check"])
    runpy.run_module("ecr_constructs", run_name="ecr_constructs.__main__")
    with pytest.raises(SystemExit, match="2"):
        runpy.run_module("ecr_constructs", run_name="__main__")

    assert "ecr-constructs lifecycle check: --policy or --template is required\n" == (
        capsys.readouterr().err
    )


def test_a_reader_that_has_seen_enough(folder: Path) -> None:
    """Such as ``head``: no traceback."""
    details = [{**detail("a", n), "imageDigest": f"sha256:{n:064}"} for n in range(2000)]
    write("images.json", {"imageDetails": details})
    command = [sys.executable, "-m", "ecr_constructs", "lifecycle", *absolute(folder)]
    done = subprocess.run(
        ["/bin/sh", "-c", f"{shlex.join(command)} --format json | head -1"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )

    assert ("{\n", "") == (done.stdout, done.stderr)


def test_ctrl_c_is_no_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The status is that of a shell."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ecr_constructs.cli.lifecycle_check.read_policy", interrupt)

    assert Result(130, "", "") == run("check", "--policy", "policy.json")


def test_a_broken_pipe_in_this_process(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard output is put out of the way, so that Python does not complain at exit."""
    moved: list[tuple[int, int]] = []

    def broken(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("ecr_constructs.cli.lifecycle_check.read_policy", broken)
    monkeypatch.setattr("os.dup2", lambda one, other: moved.append((one, other)))
    monkeypatch.setattr(sys.stdout, "fileno", lambda: 1)

    assert 2 == run("check", "--policy", "policy.json").status
    assert [1] == [other for _, other in moved]
