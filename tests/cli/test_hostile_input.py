"""Input that is broken, or made to hang, crash or deceive: an answer, or one line and status 2."""

import json
import os
import re
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.checks import load
from ecr_constructs.checks.testing import assert_no_findings
from ecr_constructs.cli.main import command, main
from ecr_constructs.cloudformation.errors import TemplateError
from ecr_constructs.environment.loading import load_environments
from ecr_constructs.environment.source import EnvironmentFileError
from ecr_constructs.model.lifecycle.policy import DRY_RUN_METADATA
from ecr_constructs.model.names import check_repository_name
from ecr_constructs.model.validation import ValidationError
from tests.cli.conftest import AT, ROOT, Run, detail, images, write
from tests.support import processes
from tests.support.rule_examples.build import repository, rule

DIGITS = "9" * 5_000
ENVIRONMENT = """
account: "111122223333"
region: eu-central-1
profile: development
teams:
  payments:
    repositories:
      - payments/api
"""


@pytest.fixture(autouse=True)
def _in_folder(folder: Path) -> None:
    assert folder == Path.cwd()


# --- hangs --------------------------------------------------------------------------------------


def allowing(action: str) -> dict[str, Any]:
    """Return a template with a repository whose policy allows an action."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Action": action,
    }
    policy = {"RepositoryPolicyText": {"Statement": [statement]}}
    return {"Resources": {"A": repository(**policy)}}


def test_an_action_of_wildcards(run: Run) -> None:
    """It matches no action, which is an error of the policy."""
    write("t.template.json", allowing("ecr:" + "*?" * 12 + "!"))
    write("base/x.template.json", {"Resources": {}})
    write("head/x.template.json", allowing("ecr:" + "*?" * 12 + "!"))

    assert "ECR204" in {
        finding["rule"]
        for finding in run("check", "t.template.json", "--format", "json").json["findings"]
    }
    assert 1 == run("review", "--base", "base", "--head", "head").status


def test_a_filter_of_wildcards(run: Run) -> None:
    """On a name that repeats what is between them."""
    rules = [
        {
            "ScanFrequency": "SCAN_ON_PUSH",
            "RepositoryFilters": [{"FilterType": "WILDCARD", "Filter": "*a" * 8 + "*b"}],
        }
    ]
    scanning = {
        "Type": "AWS::ECR::RegistryScanningConfiguration",
        "Properties": {"ScanType": "BASIC", "Rules": rules},
    }
    write("base/x.template.json", {"Resources": {}})
    resources = {"S": scanning, "R": repository(RepositoryName="a" * 250)}
    write("head/x.template.json", {"Resources": resources})

    assert 0 == run("review", "--base", "base", "--head", "head").status


def test_tags_that_somebody_pushed(run: Run) -> None:
    """Valid tags, and a pattern that ECR accepts; every tenth tag matches."""
    write("p.json", {"rules": [rule(1, tagStatus="tagged", tagPatternList=["*a*a*a*0"], images=1)]})
    images(*(detail(str(number), number + 1, f"{'a' * 110}0b{number}") for number in range(200)))

    result = run(
        *("lifecycle", "preview", "--policy", "p.json", "--images", "images.json"),
        *(*AT, "--format", "json"),
    )
    assert 19 == len(result.json["previewResults"])


# --- numbers, names and characters --------------------------------------------------------------

FILES: dict[str, tuple[Any, str, str]] = {
    "a name of digits": (
        f'{{"Resources": {{"A": {{"Properties": {DIGITS}}}}}}}',
        "check x.json",
        "number-too-long",
    ),
    "a template with digits, in a folder": (
        f'{{"Resources": {{"A": {{"Properties": {DIGITS}}}}}}}',
        "review --base . --head .",
        "number-too-long",
    ),
    "a policy of digits": (
        f'{{"rules": [{DIGITS}]}}',
        f"lifecycle preview --policy x.json --images images.json {' '.join(AT)}",
        "json-syntax",
    ),
    "an inventory of digits": (
        f'{{"imageDetails": [{DIGITS}]}}',
        f"lifecycle preview --policy policy.json --images x.json {' '.join(AT)}",
        "json-syntax",
    ),
    "a baseline of digits": (
        f'{{"findings": [{DIGITS}]}}',
        "check policy.json --config x.json",
        "option-needs-templates",
    ),
    "nesting": ("[" * 100_000, "check x.json", "template-too-large"),
    "half of a pair": (r'{"Resources": {"A": "\ud800"}}', "check x.json", "template-not-unicode"),
    "infinity": ('{"Resources": {"A": 1e999}}', "check x.json", "number-too-long"),
    "another encoding": (b'{"Resources": "\xe4"}', "check x.json", "file-encoding"),
    "a NUL": ("\0", "check x.json", "template-not-json"),
    "an environment of digits": (
        ENVIRONMENT.replace('"111122223333"', f"0x{'f' * 5_000}"),
        "push-commands payments/api --environment x.json",
        "yaml-invalid",
    ),
    "an environment with ESC": (
        ENVIRONMENT + "# \x1b[0m",
        "push-commands payments/api --environment x.json",
        "yaml-invalid",
    ),
}


@pytest.mark.parametrize(("content", "words", "code"), FILES.values(), ids=FILES)
def test_a_hostile_file_is_one_line(run: Run, content: Any, words: str, code: str) -> None:
    """None of it is in the line as itself."""
    Path("x.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    result = run(*words.split())

    assert (2, [code]) == (result.status, result.codes)
    assert result.err.rstrip("\n").isprintable()
    assert len(result.err) < 1_000


@pytest.mark.parametrize(
    "name", ["pipe", "/dev/zero", "loop", "a" * 5_000, "closed/x.json", "socket.json"]
)
def test_what_is_not_a_file(run: Run, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever option names it."""
    monkeypatch.setattr("ecr_constructs.cloudformation.reading._WAIT_FOR_WRITER", 0.01)
    os.mkfifo("pipe")
    Path("loop").symlink_to("loop")
    write("t.json", {"Resources": {}})
    for words in (
        f"check {name}",
        f"check t.json --config {name}",
        f"check t.json --baseline {name}",
        f"lifecycle check --policy {name}",
        f"check policy.json --images {name}",
        f"push-commands a --environment {name}",
        f"review --base {name} --head {name}",
    ):
        result = run(*words.split())
        assert 2 == result.status, words
        assert result.codes[0] in ("file-kind", "file-unreadable", "baseline-missing"), words


LEVELS = "abcdefghijklmnopqr"
BROKEN = {
    "a control character": (ENVIRONMENT + "# \x1b[0mpasted", "yaml-invalid"),
    "a number in place of text": (
        ENVIRONMENT.replace('"111122223333"', f"0x{'f' * 5_000}"),
        "yaml-invalid",
    ),
    "aliases": (
        "a: &a [1, 1]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in pairwise(LEVELS)),
        "yaml-invalid",
    ),
    "another encoding": (ENVIRONMENT.encode() + b"# \xff", "file-unreadable"),
    "a name with an escape": (
        ENVIRONMENT.replace("payments/api", r'"payments/\e[0m"'),
        "repository-name-characters",
    ),
}


@pytest.mark.parametrize(("content", "code"), BROKEN.values(), ids=BROKEN)
def test_a_hostile_environment_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, content: Any, code: str
) -> None:
    """The app says file and problem, on lines that can be shown."""
    monkeypatch.setattr("ecr_constructs.cloudformation.parsing._MAX_NODES", 10_000)
    file = folder / "environments" / "dev.yaml"
    file.parent.mkdir()
    file.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(EnvironmentFileError) as caught:
        load_environments(file.parent)
    assert code in {problem.code for problem in caught.value.diagnostics}
    for line in str(caught.value).splitlines():
        assert line.isprintable()
        assert "dev.yaml" in line


# --- what is printed ----------------------------------------------------------------------------

BAD = "A\x1b[31m\n::error::x\u202e##[error]y"


@pytest.mark.parametrize("form", ["text", "github", "markdown"])
def test_names_and_values_of_a_file_are_inert(run: Run, form: str) -> None:
    """Logical ids, keys, names, values, file names, reasons: of templates, policies and tags."""
    bad = repository(RepositoryName=BAD, LifecyclePolicy={"LifecyclePolicyText": BAD}, **{BAD: BAD})
    bad["Metadata"] = {"ecr-constructs": {"suppress": [{"rule": "ECR012", "reason": BAD}]}}
    bad[BAD] = BAD
    name = "::error::\x1b\n.template.json"
    write(f"head/{name}", {"Resources": {BAD: bad}, BAD: BAD})
    write("base/x.template.json", {"Resources": {}})
    write("p.json", {"rules": [rule(1, tagStatus="tagged", tagPatternList=[BAD], images=1)]})
    images(detail("a", 1, BAD), detail("b", 2, BAD + "2"))
    preview = ("lifecycle", "preview", "--policy", "policy.json", "--images", "images.json", *AT)
    results = [
        run("check", "head", "--format", form),
        run("check", f"head/{name}", "--format", form),
        run("review", "--base", "base", "--head", "head", "--format", form),
        run("check", "p.json", "--format", form),
        run("check", BAD),
    ]
    if form != "github":
        results.append(run(*preview, "--format", form))

    for status, out, err in results:
        assert 3 != status
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", out + err)
        lines = (out + err).splitlines()
        assert not [line for line in lines if line.lstrip().startswith("::error::x")]
        assert not [line for line in lines if "##[error]y" in line and form != "markdown"]


def test_other_lines_of_a_command_are_inert(run: Run) -> None:
    """A baseline that is written, a policy that is rendered only on paper, one image explained."""
    dry_run = {DRY_RUN_METADATA: json.dumps({"rules": [rule(1, days=7)]})}
    write("t.json", {"Resources": {"A": {**repository(RepositoryName=BAD), "Metadata": dry_run}}})
    images(detail("a", 1, BAD))
    preview = ("lifecycle", "preview", "--images", "images.json", *AT)
    results = [
        run("check", "t.json", "--write-baseline", "b\x1b[31m.json"),
        run(*preview, "--policy", "t.json"),
        run(*preview, "--policy", "policy.json", "--explain", BAD),
        run(*preview, "--policy", "policy.json", "--explain", BAD, "--format", "markdown"),
    ]

    assert [0, 0, 0, 0] == [result.status for result in results]
    assert "x/y" not in results[3].out
    for _, out, err in results:
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", out + err)
    heading = next(line for line in results[3].out.splitlines() if line.startswith("###"))
    assert "`" in heading


def test_errors_of_the_library_are_inert(folder: Path) -> None:
    """Python prints the message of an error as it is; its diagnostics keep the values."""
    write("t.json", {"Resources": {"A": repository(RepositoryName=BAD, **{BAD: BAD})}})
    with pytest.raises(AssertionError) as failed:
        assert_no_findings(load([folder / "t.json"])[0])
    with pytest.raises(ValidationError) as rejected:
        check_repository_name(BAD)
    with pytest.raises(TemplateError) as unreadable:
        load([f"{folder}/{BAD}"])

    for error in (failed, rejected, unreadable):
        assert all(line.isprintable() for line in str(error.value).split("\n"))
        assert "\\x1b[31m" in str(error.value)


# --- how it ends --------------------------------------------------------------------------------


def test_an_error_of_ours_is_not_a_verdict(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Status 3, one line that can be reported, and the traceback for who asks for it."""

    def fail(*_: Any) -> None:
        message = f"a\n\x1b{'x' * 1_000}"
        raise LookupError(message)

    monkeypatch.setattr("ecr_constructs.cli.check.read_inputs", fail)
    result = run("check", "x.json")
    assert (3, "", ["internal-error"]) == (result.status, result.out, result.codes)
    assert "LookupError" in result.err
    assert result.err.rstrip("\n").isprintable()
    assert len(result.err) < 1_000

    monkeypatch.setenv("ECR_CONSTRUCTS_DEBUG", "1")
    result = run("check", "x.json")
    assert result.err.startswith("Traceback")


ENDINGS: dict[str, tuple[BaseException, str]] = {
    "no memory": (MemoryError(), "memory-exhausted"),
    "no space": (OSError(28, "No space left on device"), "output-unwritable"),
    "a file": (OSError(13, "Permission denied", "x.json"), "file-inaccessible"),
}


@pytest.mark.parametrize(("error", "code"), ENDINGS.values(), ids=ENDINGS)
def test_what_the_machine_lacks(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: str
) -> None:
    """Status 2, as for everything that the user can change."""

    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr("ecr_constructs.cli.check.read_inputs", fail)
    result = run("check", "x.json")
    assert (2, [code]) == (result.status, result.codes)


def test_streams_that_are_closed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python has None in their place."""
    monkeypatch.setattr(sys, "stdin", None)
    assert 2 == main(["check", "-"])
    assert "[file-unreadable]" in capsys.readouterr().err

    monkeypatch.setattr(sys, "stdout", None)
    assert 2 == main(["check", "policy.json"])
    assert "[output-unwritable]" in capsys.readouterr().err

    monkeypatch.setattr(sys, "stderr", None)
    assert 2 == main(["check", "policy.json"])


@pytest.mark.parametrize("words", ["check policy.json", "--help"])
@pytest.mark.parametrize("redirection", [">/dev/full", ">&-", ">/dev/full 2>&1"])
def test_a_full_disk_and_closed_streams(words: str, redirection: str) -> None:
    """A process, as it is the interpreter that complains at its end."""
    line = f'"{sys.executable}" -m ecr_constructs {words} {redirection}'
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = processes.run(["/bin/sh", "-c", line], Path.cwd(), env=environment)

    assert 2 == done.returncode
    assert "Traceback" not in done.stdout
    assert "Exception" not in done.stdout


@pytest.mark.parametrize(
    ("error", "status"),
    [(SystemExit(2), 2), (SystemExit(None), 0), (KeyboardInterrupt(), 130), (OSError(28, "x"), 2)],
    ids=["arguments", "help", "an interruption", "a full disk"],
)
def test_the_status_of_the_process(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int
) -> None:
    """Whatever happens outside of a command."""
    ended: list[int] = []

    def fail() -> int:
        raise error

    monkeypatch.setattr("ecr_constructs.cli.main.main", fail)
    monkeypatch.setattr("os._exit", ended.append)
    command()

    assert [status] == ended


def test_an_unwritable_file_leaves_nothing(run: Run) -> None:
    """A full device, a folder that is not there, one that is closed, a name that is too long."""
    write("t.json", {"Resources": {}})
    before = sorted(Path.cwd().iterdir())
    for name in ("/dev/full", "none/x", "/proc/x", "a" * 5_000, "."):
        assert ["file-unwritable"] == run("check", "t.json", "--output", f"json={name}").codes
    assert before == sorted(Path.cwd().iterdir())


def test_a_baseline_of_names_that_no_file_has(run: Run) -> None:
    """They are stale or not, and no crash."""
    write("t.json", {"Resources": {}})
    entry = {"rule": "ECR012", "template": "a\0b", "resource": "A", "path": ""}
    names = ["a\0b", "a" * 5_000, "../" * 50, "loop"]
    entries = [{**entry, "template": name} for name in names]
    write("b.json", json.dumps({"version": 1, "findings": entries}))

    assert 0 == run("check", "t.json", "--baseline", "b.json").status
