"""Text of any origin in a terminal or a log."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model.printable import printable
from ecr_constructs.report.document import Heading, Lines, Table, plain
from ecr_constructs.report.escaping import inline, workflow_command

INERT = {
    "\x1b[2J": r"\x1b[2J",
    "a\rb": r"a\rb",
    "a\nb": r"a\nb",
    "\x9b31m": r"\x9b31m",
    "\u202eabc": r"\u202eabc",
    "\u2066a\u2069": r"\u2066a\u2069",
    "a\u200bb": r"a\u200bb",
    "\ud800": r"\ud800",
    "\U000e0041": r"\U000e0041",
    "\x1b]8;;https://example.com\x1b\\x": r"\x1b]8;;https://example.com\x1b\x",
    "::error::x": r"\x3a:error::x",
    " ::add-mask::x": r" \x3a:add-mask::x",
    "a ##[error]x": r"a #\x23[error]x",
    "##vso[task.setvariable]x": r"#\x23vso[task.setvariable]x",
}
AS_IT_IS = ("a::b", "## title", "a\u00a0b", "é ü 日本 😀", r"\x1b", "")


@pytest.mark.parametrize(("text", "shown"), INERT.items())
def test_what_would_have_an_effect(text: str, shown: str) -> None:
    """An escape is shown in its place."""
    assert shown == printable(text)


@pytest.mark.parametrize("text", AS_IT_IS)
def test_what_is_shown_as_itself(text: str) -> None:
    """Text in any language."""
    assert text == printable(text)


@given(st.text())
def test_no_character_is_invisible(text: str) -> None:
    """Of any text, on one line, and twice the same."""
    shown = printable(text)

    assert all(char.isprintable() or unicodedata.category(char) == "Zs" for char in shown)
    assert not shown.lstrip().startswith("::")
    assert shown == printable(shown)


def test_every_part_of_a_report_is_inert() -> None:
    """A name in a heading, a line, a cell; a message and a name in an annotation."""
    bad = "\x1b[31m\n::error::x\u202e"
    text = plain([Heading(bad), Lines([bad]), Table(("name",), [(bad,)])])
    annotation = workflow_command("error", f"a\n{bad}", file=bad, title=bad)

    assert not {"\x1b", "\u202e"} & {*text, *annotation}
    assert not any(line.startswith("::") for line in text.splitlines())
    assert 1 == len(annotation.splitlines())


def test_words_of_punctuation() -> None:
    """A word of any length is taken apart in one step."""
    assert "a.b" == inline("a.b")
    assert 2 == inline("." * 100_000 + "`a").count("``")
