"""A review as text and as annotations; tests/cli/test_formats.py has their words."""

from dataclasses import replace

import pytest

from ecr_constructs.cli import output
from ecr_constructs.cli.output import print_blocks
from ecr_constructs.cloudformation.unread import Unread
from ecr_constructs.model.diagnostics import pluralize
from ecr_constructs.report.comment import to_markdown
from ecr_constructs.report.document import plain
from ecr_constructs.report.review import blocks, kinds, to_github, to_json
from ecr_constructs.review import Change
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
    commands = to_github(reviewed([note(1), WHOLE, WORST])).splitlines()[:3]

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

    first, *_ = to_github(reviewed([evil])).splitlines()
    assert first == (
        "::error title=Replaced%3A a%2Cb%3Ac%0A\\x3a%3Aerror%3A%3Ad::"
        "100%25%0A\\x3a:set-output name=x::y\\r::stop-commands::z"
    )


PARTS = (
    Unread("transform", "Prod.json", "", "the transform X is not expanded", line=3),
    Unread("module", "Prod.json", "Api", "modules are not read", ("Properties", "Tags", 0)),
)


@pytest.mark.parametrize("changes", [[], [WORST]])
@pytest.mark.parametrize("count", [1, 2])
def test_what_was_not_read_is_shown(changes: list[Change], count: int) -> None:
    """In every format, with its number; without changes it is not "No change."."""
    review = replace(reviewed(changes), unread=PARTS[:count])
    shown = [plain(blocks(review)), to_markdown(review), to_github(review)]

    for text in (text.replace("`", "") for text in shown):
        assert "No change." not in text
        assert f"{pluralize(count, 'part')}" in text
        assert f"Prod.json:3: {PARTS[0].message}" in text
        assert (f"Prod.json Api: {PARTS[1].message}" in text) == (count > 1)
    notices = [line for line in shown[2].splitlines() if line.startswith("::notice")]
    assert len(notices) == count
    assert notices[0].startswith("::notice title=Not read%3A transform::")


def test_json_of_what_was_not_read() -> None:
    """With the code, the place and the number."""
    document = to_json(replace(reviewed([]), unread=PARTS))

    assert document["summary"]["notRead"] == len(PARTS)
    assert [
        ("transform", "Prod.json", "", "", 3, PARTS[0].message),
        ("module", "Prod.json", "Api", "Properties.Tags[0]", None, PARTS[1].message),
    ] == [tuple(part.values()) for part in document["notRead"]]


def test_long_list_of_what_was_not_read() -> None:
    """The comment counts the rest."""
    review = replace(reviewed([WORST]), unread=PARTS[:1] * 3_000)

    assert "\n- and 2,980 more\n" in to_markdown(review)
    assert len(to_markdown(review)) < 10_000


def test_kinds_are_counted() -> None:
    """A table has the number of changes of each kind by severity."""
    changes = [note(1), note(2), WORST, WHOLE]
    table = [
        ("Replaced", "1", "", ""),
        ("Finding", "", "1", ""),
        ("Other", "", "", "2"),
    ]

    assert table == kinds(reviewed(changes)).rows
    assert "\n| Other |  |  | 2 |\n" in to_markdown(reviewed(changes))
    assert "\nkind " in plain(blocks(reviewed(changes)))
    assert "\nkind " in to_github(reviewed(changes))
