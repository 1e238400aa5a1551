"""A review as a comment on a pull request; tests/app/pull_requests has whole comments."""

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ecr_constructs.cloudformation.unread import Unread
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.report.comment import to_markdown
from ecr_constructs.report.document import Lines, Table, markdown
from ecr_constructs.report.escaping import MAY_LINK, cut, inline, visible
from ecr_constructs.report.review import MARKER, titled
from ecr_constructs.review import Change, Review
from ecr_constructs.review.analyzers.findings import Counts
from ecr_constructs.review.analyzers.replication import Edge, State
from ecr_constructs.review.change import KINDS
from tests.support.effort import examples
from tests.unit.review.changes import change, note, reviewed

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
LIMIT = 65_536
HERE, THERE = (RegistryId("111122223333", region) for region in ("eu-central-1", "eu-west-1"))


def test_worst_changes_are_summed_up() -> None:
    """A line for each kind at the top, then a closed section for each kind."""
    changes = [
        change(),
        change(resource="Web", repository="web", summary="web is replaced (RepositoryName): gone"),
        change(kind="access-widened", repository=None, summary="everyone in o-*", details=("x",)),
        note(1),
    ]
    marker, title, *top = to_markdown(reviewed(changes)).splitlines()

    assert (MARKER, "### ECR review: 3 errors and 1 note") == (marker, title)
    assert top[0].startswith("- **Replaced** (error): `payments/api` (EncryptionConfiguration)")
    assert top[0].endswith(", and 1 more")
    assert "- **Access widened** (error): everyone in `o-*`" == top[1]
    assert top[2].startswith("- **Other** (note): `batch/job-00001` ")
    assert "" == top[3]
    assert ["Replaced: 2", "Access widened: 1", "Other: 1"] == [
        line.removeprefix("<summary>").removesuffix("</summary>")
        for line in top
        if line.startswith("<summary>")
    ]
    assert "- **error**: everyone in `o-*` (`Prod/Payments`, `Api`)\n  - x" in "\n".join(top)


def test_no_change() -> None:
    """Only the marker is left, by which an earlier comment is found."""
    review = Review((), Counts(0, 5, 0), (Edge(HERE, THERE, ("",), "kept"),))
    assert f"{MARKER}\n### ECR review\nNo change.\n" == to_markdown(review)


@pytest.mark.parametrize(("state", "tag"), [("kept", "<details>"), ("added", "<details open>")])
def test_replication_is_drawn(state: State, tag: str) -> None:
    """The graph is open if replication changes."""
    edge = Edge(HERE, THERE, ("payments/",), state)
    comment = to_markdown(reviewed([change()], [edge]))

    assert f"\n\n{tag}\n<summary>Replication between registries</summary>\n" in comment
    [fence] = [token for token in PARSER.parse(comment) if token.type == "fence"]
    assert "mermaid" == fence.info
    assert "payments/" in fence.content


def test_lines_at_the_top_are_short() -> None:
    """A long sentence is cut; it is whole in its section."""
    long = change(summary=f"payments/api is replaced ({'Property, ' * 60}): lost")
    rest = [change(resource=f"R{number}", severity="warning") for number in range(9)]
    comment = to_markdown(reviewed([long, *rest]))

    line = comment.splitlines()[2]
    assert line.endswith("…, and 9 more")
    assert 250 < len(line) <= 310
    assert "): lost" in comment


# --- what does not fit ---


def many(kind: str, count: int, **fields: Any) -> list[Change]:
    """Return changes that are not equal, so that each is an entry."""
    return [
        change(kind=kind, resource=f"R{number}", details=(f"{number} {'x ' * 200}",), **fields)
        for number in range(count)
    ]


def sections(comment: str) -> dict[str, tuple[int, int, int]]:
    """Return the numbers of changes and of hidden ones, and of the entries of each section."""
    pattern = (
        r"<summary>([^:]+): ([\d,]+)(?: \(([\d,]+) not shown\))?</summary>\n\n(.*?)\n\n</details>"
    )
    return {
        title: (
            int(count.replace(",", "")),
            int((left or "0").replace(",", "")),
            len(re.findall("^- ", text, re.MULTILINE)),
        )
        for title, count, left, text in re.findall(pattern, comment, re.DOTALL)
    }


def test_each_kind_keeps_entries() -> None:
    """However many worse changes there are; the worst entries of a kind are shown."""
    changes = [
        *many("replaced", 900),
        *many("access-widened", 900, severity="warning"),
        change(kind="lifecycle", severity="warning", summary="payments/api: fewer are kept"),
        *many("other", 900, severity="note"),
    ]
    comment = to_markdown(reviewed(changes))
    shown = sections(comment)

    assert 60_000 < len(comment) <= LIMIT
    assert ["Replaced", "Access widened", "Lifecycle", "Other"] == list(shown)
    assert (1, 0, 1) == shown.pop("Lifecycle")
    for count, left, entries in shown.values():
        assert (900, 900) == (count, left + entries)
        assert entries >= 40
    left = sum(left for _, left, _ in shown.values())
    assert f": {left:,} changes. " in comment
    assert "| Lifecycle |  | 1 |  |" in comment


def test_an_entry_without_room_loses_its_details() -> None:
    """A long entry does not leave its kind without one."""
    greedy = [
        change(kind=kind, details=tuple(f"{number} {'y' * 990}" for number in range(20)))
        for kind in KINDS
    ]
    shown = sections(to_markdown(reviewed(greedy)))

    assert dict.fromkeys(map(titled, KINDS), (1, 0, 1)) == shown


def test_one_change_does_not_push_out_the_others() -> None:
    """Very many or long details are cut."""
    greedy = change(details=tuple(f"image {number} {'y' * 5000}" for number in range(100)))
    comment = to_markdown(reviewed([greedy, note(1)]))

    assert "  - and 80 more\n" in comment
    assert "not shown" not in comment
    assert len(comment) < 25_000


@settings(max_examples=examples(20))
@given(st.lists(st.integers(0, 4000), max_size=30), st.integers(0, 400))
def test_the_limit_is_kept(sizes: list[int], edges: int) -> None:
    """Whatever the changes, a code host accepts the comment."""
    changes = [
        change(summary="`" * size, resource="<" * size, details=("@" * size,) * 30)
        for size in sizes
    ]
    drawn = [
        Edge(HERE, RegistryId('"' * 200, str(number)), ("é" * 9,), "kept")
        for number in range(edges)
    ]
    assert len(to_markdown(reviewed(changes, drawn))) <= LIMIT


# --- what is in it is only read ---

ATTACKS = [
    "@octocat and @org/team",
    "fixes #1, org/repo#2, GH-3 and 0123abc",
    "<img src=x onerror=alert(1)> </details> <!-- x",
    "`code` ``` ~~~ \\` ``",
    "a | b || c",
    "line\n\n# heading\n- item\n\n/close",
    "[link](https://x.test) ![image](y) https://x.test www.x.test (www.x.test",
    "*a* _b_ __c__ ~~d~~ \\*e\\*",
    "&lt; &amp; &#64;octocat",
    ":tada: :rocket:",
    f"{MARKER}",
    "\u202eabc\u2066 \x00\x1b[31m \ud800",
    "| --- | --- |",
    "- item",
    "1. item",
    "2) item",
    "---",
    "=== x",
    "> quoted",
    "+ item",
    "10.",
    "000000`<A>",
    "0123abc… x-0123abc release/0123abc (0123abc); é0123abc",
    "infra/GH-12 GL-3 gh-1… %12 %v1",
]
TEXTS = (
    st.text().filter(visible)
    | st.sampled_from(ATTACKS)
    | st.lists(st.sampled_from(ATTACKS), min_size=1).map(" ".join)
)


def parts(comment: str) -> list[Token]:
    return [child for token in PARSER.parse(comment) for child in (token.children or [])]


def lines_of(comment: str) -> list[str]:
    """Return what is read in each line of the comment."""
    return [
        "".join(child.content for child in token.children or [])
        for token in PARSER.parse(comment)
        if token.type == "inline"
    ]


def attacked(text: str) -> Change:
    return change(summary=text, stack=text, resource=text, repository=text[:9], details=(text,))


@pytest.mark.parametrize("text", ATTACKS)
@pytest.mark.parametrize("before", ["", "x ", "(", '"'])
def test_attacks(text: str, before: str) -> None:
    """Neither Markdown, HTML, mentions, references nor quick actions are in a comment."""
    only_read(before + text)


def test_a_blank_detail_is_no_line() -> None:
    """An item without words would make a heading of the one above."""
    blank = change(details=("", " \n", "Take it back."))
    assert to_markdown(reviewed([change(details=("Take it back.",))])) == to_markdown(
        reviewed([blank])
    )


LINKS = ["@ada", "#1", "GH-12", "GL-3", "0123abc", "0" * 64, "www.x", "a://b", ":tada:", "%1", "!7"]
GLUE = st.sampled_from(["", " ", "…", "-", "/", "(", ")", ".", ",", ";", '"', "'", "x", "é", "7"])


@pytest.mark.parametrize("link", LINKS)
def test_what_may_become_a_link(link: str) -> None:
    """The definition covers mentions, references, commits, addresses and emoji."""
    assert MAY_LINK.search(link)
    assert inline(link).startswith("`")


@given(st.lists(st.tuples(GLUE, st.sampled_from(LINKS) | st.text(max_size=3)), max_size=6), GLUE)
def test_nothing_outside_a_code_span_becomes_a_link(words: list[tuple[str, str]], end: str) -> None:
    """Whatever a reference is attached to, no part of it is free text."""
    text = "".join(glue + word for glue, word in words) + end
    tokens = PARSER.parseInline(f"x {inline(text)}")[0].children or []
    free = [token.content for token in tokens if token.type == "text"]

    assert [] == list(filter(MAY_LINK.search, free))
    assert {token.type for token in tokens} <= {"text", "code_inline"}
    assert f"x {visible(text)}" == "".join(token.content for token in tokens)


@given(TEXTS)
@example(f"{'x' * 182} 00000b0 0 0 0 0")  # cut after what looks like a commit
@example("0" * 1_001)
@example(" ".join("0" * 1_000))
def test_any_text_is_only_read(text: str) -> None:
    """All of a text is read as it is, and does nothing."""
    only_read(text)


def only_read(text: str) -> None:
    comment = to_markdown(reviewed([attacked(text)]))
    plain = to_markdown(reviewed([attacked("x")]))

    kinds = {part.type for part in parts(comment)}
    assert kinds <= {"text", "code_inline", "strong_open", "strong_close"}
    blocks = [(token.type, token.tag) for token in PARSER.parse(comment)]
    assert [(token.type, token.tag) for token in PARSER.parse(plain)] == blocks
    html = [token.content for token in PARSER.parse(comment) if token.type == "html_block"]
    assert [token.content for token in PARSER.parse(plain) if token.type == "html_block"] == html
    free = [part.content for part in parts(comment) if part.type == "text"]
    assert [] == list(filter(MAY_LINK.search, free))
    # A detail shows a thousand characters, an ellipsis among them.
    assert cut(visible(text), 1_000) == lines_of(comment)[-2]
    assert comment.startswith(f"{MARKER}\n### ECR review: 1 error\n- **")
    comment.encode()


@given(TEXTS, TEXTS)
@example("@octocat", "`")
def test_entries_of_equal_changes_are_only_read(text: str, other: str) -> None:
    """Nor is text more than text in names by stack, conditions, and what was not read."""
    changes = [replace(attacked(text), when=text, stack=stack) for stack in (text, other, "x")]
    unread = (Unread("x", text, other, text),)
    comment = to_markdown(replace(reviewed([*changes, note(1)]), unread=unread))

    kinds = {part.type for part in parts(comment)}
    assert kinds <= {"text", "code_inline", "strong_open", "strong_close"}
    free = [part.content for part in parts(comment) if part.type == "text"]
    assert [] == list(filter(MAY_LINK.search, free))
    html = [token.content for token in PARSER.parse(comment) if token.type == "html_block"]
    tag = re.compile(r"(<!--|</?details|<summary>(Replaced|Other|Not read)).*", re.DOTALL)
    assert all(map(tag.fullmatch, html))
    assert 3 == sum(text.startswith("<details") for text in html)


@given(TEXTS, TEXTS)
def test_any_table_is_only_read(attack: str, text: str) -> None:
    """Neither is text in the reports of other commands more than text."""
    report = markdown(
        [Lines([f"x {text}", text]), Table(("a", "b"), [(text, attack), ("c", text)])]
    )
    tokens = PARSER.parse(report)
    kinds = {child.type for token in tokens for child in token.children or []}
    free = [child.content for child in parts(report) if child.type == "text"]

    assert kinds <= {"text", "code_inline"}
    assert [] == list(filter(MAY_LINK.search, free))
    expected = [f"x {visible(text)}", visible(text), "a", "b", visible(text), visible(attack)]
    assert [*expected, "c", visible(text)] == lines_of(report)


# --- it can be updated in place ---


def test_equal_changes_are_an_equal_comment() -> None:
    """No time and no chance is in a comment."""
    changes = [*map(note, range(30)), change(), change(kind="removed", resource="Web")]
    assert to_markdown(reviewed(changes)) == to_markdown(reviewed(reversed(changes)))
