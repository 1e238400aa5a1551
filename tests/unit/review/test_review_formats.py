"""A review as text and as annotations; tests/cli/test_formats.py has their words."""

import pytest

from ecr_constructs.cli import output
from ecr_constructs.cli.output import print_blocks
from ecr_constructs.report.document import plain
from ecr_constructs.report.review import blocks, to_github
from tests.unit.review.changes import change, note, reviewed

WORST = change(details=("The deployment fails.", "Revert it."))
# A finding in a template as a whole.
WHOLE = change(
    kind="finding", severity="warning", resource="", repository=None, summary="ECR901: x"
)


def test_worst_change_comes_first() -> None:
    """Below each change are its details, its kind and its place."""
    lines = plain(blocks(reviewed([note(1), WHOLE, WORST]))).splitlines()

    titles = ["1 error", "1 warning", "1 note"]
    assert titles == [line for line in lines if line in titles]
    assert [
        WORST.summary,
        "    The deployment fails.",
        "    Revert it.",
        "    [replaced] Prod/Payments Api",
    ] == lines[3:7]
    assert "    [finding] Prod/Payments" in lines


def test_no_control_character_reaches_the_terminal() -> None:
    """A name in a template can neither colour nor clear a terminal, nor begin a line."""
    evil = change(summary="a\x1b[2Jb\nc\u202ed", details=("x\x07\r\ny",), resource="Api\x00")

    shown = plain(blocks(reviewed([evil])))
    assert "a\ufffd[2Jb c\ufffdd\n    x\ufffd y\n    [replaced] Prod/Payments Api\ufffd\n" in shown


def test_terminal_has_colours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Errors are red, warnings yellow; without rich the text is plain."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    print_blocks("text", blocks(reviewed([change(), note(1, severity="warning")])))
    coloured = capsys.readouterr().out
    assert "\x1b[1;31m1 error\x1b[0m" in coloured
    assert "\x1b[1;33m1 warning\x1b[0m" in coloured

    monkeypatch.setattr(output, "_terminal", lambda: None)
    print_blocks("text", blocks(reviewed([change()])))
    assert "1 error\n-------\n" in capsys.readouterr().out


def test_each_change_is_an_annotation() -> None:
    """The worst first, since GitHub shows ten of a severity."""
    *commands, _ = to_github(reviewed([note(1), WHOLE, WORST])).splitlines()

    assert [
        f"::error title=Replaced%3A payments/api::{'%0A'.join((WORST.summary, *WORST.details))}",
        "::warning title=Finding%3A Prod/Payments::ECR901: x",
        f"::notice title=Other%3A batch/job-00001::{note(1).summary}",
    ] == commands


def test_change_is_one_command() -> None:
    """Nothing in a template begins a command of its own, or ends a property."""
    evil = change(
        summary="100%\n::set-output name=x::y\r::stop-commands::z", repository="a,b:c\n::error::d"
    )

    first, _ = to_github(reviewed([evil])).splitlines()
    assert first == (
        "::error title=Replaced%3A a%2Cb%3Ac%0A%3A%3Aerror%3A%3Ad::"
        "100%25%0A::set-output name=x::y%0D::stop-commands::z"
    )
