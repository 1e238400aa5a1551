"""Untrusted text in Markdown and in workflow commands, where it must have no effect.

It stays readable. https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from ecr_constructs.model.printable import printable

MAY_LINK = re.compile(
    r"""
      @                                     # a mention, or an e-mail address
    | [#!&~$]\w                             # an issue, merge request, epic, label, snippet
    | %["\w]                                # a milestone of GitLab
    | (?<![a-z0-9])g[hl]-\d                 # GH-1 and GL-1, also behind a slash or a hyphen
    | www\. | ://                           # addresses
    | :[\w+-]+:                             # an emoji
    | (?<![a-z0-9])[0-9a-f]{7,}(?![a-z0-9]) # a commit, also with an ellipsis or in a path
    """,
    re.IGNORECASE | re.VERBOSE | re.ASCII,
)
"""What code hosts turn into links, mentions or pictures outside code spans.

https://github.github.com/gfm/#autolinks-extension-
https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls
https://docs.gitlab.com/user/markdown/#gitlab-specific-references
"""

# Unicode categories that are invisible: control, format, surrogate, private use, separators.
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
# Punctuation around a word.
_BEFORE, _AFTER = "(\"'", ")\"'.,:;"
# Characters that mean nothing to Markdown; a colon only in a time of day.
_PLAIN = re.compile(r"""(?:[^\W_]|[-'"%/.,;()…\u2013]|(?<=\d):(?=\d))*""")
# At the beginning of a line, these would begin a list or be a horizontal rule.
_ITEM = re.compile(r"-+|\d+[.)]")


def visible(text: str) -> str:
    """Return a text on one line, with U+FFFD in place of each invisible character."""
    line = " ".join(text.split())
    return "".join("\ufffd" if unicodedata.category(char) in _UNSEEN else char for char in line)


def cut(text: str, most: int) -> str:
    """Return a text shortened to a number of characters."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def code(text: str) -> str:
    """Return a text as a code span.

    Markdown, HTML, mentions and references have no effect inside one.
    https://spec.commonmark.org/0.31.2/#code-spans
    """
    text = visible(text)
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    padding = " " if longest else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def inline(text: str, name: str | None = None) -> str:
    """Return a sentence in which every word that might be markup is a code span.

    A name is a code span in any case, if the sentence begins with it.
    """
    sentence, subject = visible(text), visible(name or "")
    if subject and sentence.startswith(subject):
        rest = _words(sentence.removeprefix(subject))
        # Adjacent code spans would merge.
        if not rest.startswith("`"):
            return code(subject) + rest
    first, space, rest = sentence.partition(" ")
    if _ITEM.fullmatch(first):
        return f"{code(first)}{space}{_words(rest)}"
    return _words(sentence)


def _words(text: str) -> str:
    return " ".join(map(_word, text.split(" ")))


def _word(word: str) -> str:
    rest = word.lstrip(_BEFORE)
    inner = rest.rstrip(_AFTER)
    before, after = word[: len(word) - len(rest)], rest[len(inner) :]
    if _PLAIN.fullmatch(inner) and not MAY_LINK.search(word):
        return word
    return f"{before}{code(inner)}{after}"


Command = Literal["error", "warning", "notice"]


def workflow_command(command: Command, message: str, **properties: str) -> str:
    """Return a command that annotates a line or a run of GitHub Actions."""
    listed = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in properties.items())
    return f"::{command} {listed}::{_escaped(message)}"


def _escaped(value: str, more: str = "") -> str:
    value = "\n".join(map(printable, value.split("\n")))
    for special in ("%", "\n", *more):
        value = value.replace(special, f"%{ord(special):02X}")
    return value
