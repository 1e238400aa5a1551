"""The links between documents."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "benchmarks").glob("*.md"),
]


def anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(path: Path) -> set[str]:
    """Return the anchors of a document."""
    return {
        anchor(line.lstrip("#")) for line in path.read_text("utf-8").splitlines() if line[:1] == "#"
    }


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    """A relative link names a file of this project, and its anchor a heading there."""
    text = re.sub(r"```.*?```", "", document.read_text("utf-8"), flags=re.DOTALL)
    dead = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, fragment = link.partition("#")
        target = document.parent / path if path else document
        if not target.exists() or (fragment and fragment not in anchors(target)):
            dead.append(link)

    assert [] == dead


def test_no_command_installs_our_name_from_an_index() -> None:
    """Whoever registered it there first would run code on the machines of those who copy it."""
    shown = [*DOCUMENTS, *(ROOT / "examples").rglob("*.yml"), *ROOT.glob("ecr_constructs/**/*.py")]
    installs = re.compile(
        r"(?:install|add|pipx run|uvx)\b[^\n`]*?[\s'\"]ecr-constructs(?:\[\w+\])?['\"`\s]"
    )

    assert {} == {
        str(path.relative_to(ROOT)): commands
        for path in shown
        if (commands := installs.findall(path.read_text("utf-8")))
    }
