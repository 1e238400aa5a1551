"""Draw a review's comment as a code host shows it: ``python -m scripts.picture``.

The comment is the one that the tests hold the command to, so the picture is of the real thing.
Text is laid out with the widths of Helvetica, and each piece is told how wide to be, so that it
looks the same with any font.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token

ROOT = Path(__file__).parent.parent
_SNAPSHOTS = ROOT / "tests" / "app" / "pull_requests" / "__snapshots__" / "test_comments"
COMMENT = _SNAPSHOTS / "test_comment[the_worst].md"
PICTURE = ROOT / "docs" / "guides" / "review-comment.svg"

_WIDTH, _MARGIN, _SIZE, _LINE = 860, 24, 14.0, 22
_GAP, _GAP_INSIDE, _INDENT = 10, 2, 18
_CODE_SIZE, _CODE_WIDTH = 12.5, 0.602
_TITLE_SIZE = 17.0
# The columns of a table.
_FIRST_COLUMN, _COLUMN = 170.0, 90.0
_SUMMARY = re.compile(r"<details(?P<open> open)?>\s*<summary>(?P<title>.*)</summary>")
# Widths in thousandths of the font's size, of Helvetica; what is not here is as wide as a letter.
_WIDTHS = {
    **dict.fromkeys("ijl'|", 222),
    **dict.fromkeys(" .,:;!/ft[]\\I", 278),
    **dict.fromkeys("()r-`", 333),
    **dict.fromkeys('"', 355),
    **dict.fromkeys("csxvykzJ", 500),
    **dict.fromkeys("FTZ", 611),
    **dict.fromkeys("ABEKPSVXY&", 667),
    **dict.fromkeys("CDHNRUw", 722),
    **dict.fromkeys("GOQ", 778),
    **dict.fromkeys("mM", 833),
    **dict.fromkeys("W%@", 944),
}
_LETTER = 556
_STYLE = """
text { font: 14px -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1f2328 }
.strong { font-weight: 600 }
.title { font-size: 17px; font-weight: 600 }
.code { font: 12.5px ui-monospace, Menlo, Consolas, monospace }
.quiet { fill: #59636e }
.back { fill: #ffffff; stroke: #d1d9e0 }
.head { fill: #f6f8fa; stroke: #d1d9e0 }
.span { fill: #eff1f3 }
"""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A word, the space before it, or a cell of a table, in one style."""

    text: str
    style: str = ""
    column: float = 0.0

    @property
    def length(self) -> float:
        """The width of the text."""
        if self.style == "code":
            return len(self.text) * _CODE_SIZE * _CODE_WIDTH
        wide = 1.06 if self.style in ("strong", "title") else 1.0
        size = _TITLE_SIZE if self.style == "title" else _SIZE
        return sum(_WIDTHS.get(letter, _LETTER) for letter in self.text) / 1000 * size * wide

    @property
    def width(self) -> float:
        """The distance to the next piece."""
        return max(self.length, self.column)


@dataclass(frozen=True, slots=True)
class _Block:
    """A paragraph, an item of a list, a row of a table, or the title of a closed section."""

    pieces: Sequence[_Piece]
    bullet: str = ""
    gap: int = _GAP


def picture(comment: str) -> str:
    """Return the picture of a comment in Markdown."""
    drawn: list[str] = []
    baseline = 44 + _LINE + 8.0
    for block in _blocks(comment):
        left = _MARGIN + (_INDENT if block.bullet else 0)
        if block.bullet:
            drawn.append(_text(_MARGIN, baseline, _Piece(block.bullet)))
        for line in _lines(block.pieces, _WIDTH - left - _MARGIN):
            drawn += _drawn(line, left, baseline)
            baseline += _LINE
        baseline += block.gap
    height = round(baseline)
    edge, head = _WIDTH - 1, _WIDTH - 13
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
                f'viewBox="0 0 {_WIDTH} {height}" role="img">'
            ),
            "<title>The comment of ecr-constructs review on a pull request</title>",
            f"<style>{_STYLE}</style>",
            f'<rect class="back" x="0.5" y="0.5" width="{edge}" height="{height - 1}" rx="6"/>',
            f'<path class="head" d="M0.5 6.5a6 6 0 0 1 6-6h{head}a6 6 0 0 1 6 6v33.5h-{edge}z"/>',
            _text(_MARGIN, 25, _Piece("ci", "strong")),
            _text(_MARGIN + 20, 25, _Piece("commented", "quiet")),
            *drawn,
            "</svg>\n",
        ]
    )


def _blocks(comment: str) -> Iterator[_Block]:
    """Yield the visible parts of a comment with all sections closed."""
    tokens = MarkdownIt("commonmark").enable("table").parse(comment)
    closed, in_list = False, False
    for number, token in enumerate(tokens):
        before = tokens[number - 1].type
        if token.type == "html_block":
            if match := _SUMMARY.search(token.content):
                closed = match["open"] is None
                yield _Block([*_words(match["title"], "strong")], "▸" if closed else "▾")
            elif "</details>" in token.content:
                closed = False
        elif token.type in ("bullet_list_open", "bullet_list_close"):
            in_list = token.type == "bullet_list_open"
        elif block := _title_or_row(tokens, number):
            yield block
        elif token.type == "inline" and not closed and before not in ("th_open", "td_open"):
            in_between = in_list and tokens[number + 3].type != "bullet_list_close"
            bullet = "•" if in_list else ""
            yield _Block([*_inline(token)], bullet, _GAP_INSIDE if in_between else _GAP)


def _title_or_row(tokens: Sequence[Token], number: int) -> _Block | None:
    """Return a title, a row of a table, or the space below a table."""
    if tokens[number].type == "tr_open":
        return _Block([*_row(tokens, number)], gap=_GAP_INSIDE)
    if tokens[number].type == "table_close":
        return _Block([], gap=_GAP - _LINE)
    if tokens[number - 1].type == "heading_open":
        return _Block([*_words(tokens[number].content, "title")])
    return None


def _row(tokens: Sequence[Token], start: int) -> Iterator[_Piece]:
    """Yield the cells of a row of a table."""
    cells = takewhile(lambda token: token.type != "tr_close", tokens[start:])
    texts = [token.content for token in cells if token.type == "inline"]
    style = "strong" if tokens[start + 1].type == "th_open" else ""
    for number, text in enumerate(texts):
        # A word keeps an empty cell from being cut off.
        yield _Piece(text or "\u00a0", style, _COLUMN if number else _FIRST_COLUMN)


def _inline(token: Token) -> Iterator[_Piece]:
    style = ""
    for child in token.children or ():
        if child.type == "strong_open":
            style = "strong"
        elif child.type == "strong_close":
            style = ""
        elif child.type == "code_inline":
            yield _Piece(child.content, "code")
        else:
            yield from _words(child.content or " ", style)


def _words(text: str, style: str) -> Iterator[_Piece]:
    yield from (_Piece(word, style) for word in re.findall(r"\s+|\S+", text))


def _lines(pieces: Sequence[_Piece], room: float) -> Iterator[list[_Piece]]:
    line: list[_Piece] = []
    for piece in pieces:
        if line and sum(part.width for part in line) + piece.width > room:
            yield line
            line = []
        if line or piece.text.strip():
            line.append(piece)
    yield line


def _drawn(line: Sequence[_Piece], left: float, baseline: float) -> Iterator[str]:
    x = left
    for piece in line:
        if piece.style == "code":
            yield (
                f'<rect class="span" x="{x - 2:.1f}" y="{baseline - 14:.1f}" '
                f'width="{piece.width + 4:.1f}" height="19" rx="4"/>'
            )
        if piece.text.strip():
            yield _text(x, baseline, piece)
        x += piece.width


def _text(x: float, y: float, piece: _Piece) -> str:
    style = f' class="{piece.style}"' if piece.style else ""
    return (
        f'<text{style} x="{x:.1f}" y="{y:.1f}" textLength="{piece.length:.1f}">'
        f"{escape(piece.text)}</text>"
    )


if __name__ == "__main__":
    PICTURE.write_text(picture(COMMENT.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote {PICTURE.relative_to(ROOT)}")
