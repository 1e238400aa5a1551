"""A review for people at a terminal."""

import pytest

from ecr_constructs.cli import output
from ecr_constructs.cli.output import print_blocks
from ecr_constructs.report.document import plain
from ecr_constructs.report.review import blocks
from tests.unit.review.changes import change, note, reviewed


def test_the_worst_comes_first_with_what_it_means() -> None:
    """Below each change stands what to do, of which kind it is, and where."""
    worst = change(details=("The deployment fails.", "Take it back."))
    whole = change(kind="finding", severity="warning", resource="", summary="ECR901: no reason")

    assert plain(blocks(reviewed([note(1), whole, worst]))) == (
        "1 error\n"
        "-------\n"
        "\n"
        "payments/api is replaced (EncryptionConfiguration): its images are left behind\n"
        "    The deployment fails.\n"
        "    Take it back.\n"
        "    [replaced] Prod/Payments Api\n"
        "\n"
        "1 warning\n"
        "---------\n"
        "\n"
        "ECR901: no reason\n"
        "    [finding] Prod/Payments\n"
        "\n"
        "1 note\n"
        "------\n"
        "\n"
        "batch/job-00001 is new: IMMUTABLE, AES256\n"
        "    [other] Prod/Payments Job00001\n"
        "\n"
        "1 error, 1 warning, 1 note. Findings of check: 1 new, 2 known, 3 gone.\n"
    )


def test_no_control_character_reaches_the_terminal() -> None:
    """A name of a template can neither colour nor clear a terminal, nor begin a line."""
    evil = change(summary="a\x1b[2Jb\nc\u202ed", details=("x\x07\r\ny",), resource="Api\x00")

    shown = plain(blocks(reviewed([evil])))
    assert "a\ufffd[2Jb c\ufffdd\n    x\ufffd y\n    [replaced] Prod/Payments Api\ufffd\n" in shown


def test_a_terminal_has_colours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Errors are red, warnings yellow; without rich it is plain."""
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
