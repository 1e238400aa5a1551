"""Text of other people inside a line of Markdown, where it must do nothing but be read."""

from __future__ import annotations

import re
import unicodedata

# Characters that are seen as they are: neither control, nor format, nor half of a pair.
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
_EDGES = re.compile(r"""([("']*)(.*?)([)"'.,:;…]*)""", re.DOTALL)
_PLAIN = re.compile(r"""(?:[^\W_]|[-'"%/.,;()…\u2013])*""")
# What would begin a list, or be a line across, at the beginning of a line.
_ITEM = re.compile(r"-+|\d+[.)]")
# What code hosts make links of, though it is made of plain characters: GH-1, addresses, commits.
_LINKED = re.compile(r"gh-\d.*|.*www.*|[0-9a-f]{7,}", re.IGNORECASE)


def visible(text: str) -> str:
    """Return a text on one line, with a mark in place of each character that is not seen."""
    words = " ".join(text.split())
    return "".join("\ufffd" if unicodedata.category(each) in _UNSEEN else each for each in words)


def cut(text: str, most: int) -> str:
    """Return a text of at most some characters."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def code(text: str) -> str:
    """Return a text as a code span.

    There, neither Markdown, nor HTML, nor a mention, nor a reference to an issue is anything.
    https://spec.commonmark.org/0.31.2/#code-spans
    """
    text = visible(text)
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    padding = " " if longest else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def inline(text: str, name: str | None = None) -> str:
    """Return a sentence in which every word that might be markup is a code span.

    Args:
        text: The sentence.
        name: A name that is a code span in any case, if the sentence begins with it.
    """
    sentence, subject = visible(text), visible(name or "")
    if subject and sentence.startswith(subject):
        rest = _words(sentence.removeprefix(subject))
        # Two code spans side by side would be none.
        if not rest.startswith("`"):
            return code(subject) + rest
    first, space, others = sentence.partition(" ")
    if _ITEM.fullmatch(first):
        return f"{code(first)}{space}{_words(others)}"
    return _words(sentence)


def _words(text: str) -> str:
    return " ".join(map(_word, text.split(" ")))


def _word(word: str) -> str:
    match = _EDGES.fullmatch(word)
    assert match is not None
    before, inner, after = match.groups()
    if _PLAIN.fullmatch(inner) and not _LINKED.fullmatch(inner):
        return word
    return f"{before}{code(inner)}{after}"
