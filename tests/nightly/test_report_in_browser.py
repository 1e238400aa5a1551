"""The page of `report` in a real browser: phone and desktop, dark, printed, and without scripts.

It needs Debian's package chromium, or Chrome. playwright-core is installed below pytest's folder.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.report.page.figures import Figures
from ecr_constructs.report.page.page import to_html
from ecr_constructs.snapshot.document import Snapshot
from ecr_constructs.status.engine import status
from tests.support.report_snapshots import HOSTILE, large_snapshot

ROOT = Path(__file__).parents[2]
PLAYWRIGHT = "playwright-core@1.65.1"
VISIT = Path(__file__).with_name("visit_page.js")


@pytest.fixture(scope="module")
def source() -> Snapshot:
    """Return the snapshot of a hostile registry, of which some answers are missing."""
    return large_snapshot(40, 30, hostile=True, refused=True)


@pytest.fixture(scope="module")
def seen(source: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what a browser says about the page of a hostile registry, by visit."""
    folder = tmp_path_factory.mktemp("browser")
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    assert browser, "install Debian's package chromium"
    npm = ["npm", "install", "--no-save", "--silent", "--prefix", str(folder), PLAYWRIGHT]
    subprocess.run(npm, check=True, timeout=300)
    figures = Figures([source], "team")
    page = folder / "page.html"
    findings = status([source], now=figures.now).findings
    page.write_text(to_html(figures, findings), encoding="utf-8")
    script = folder / VISIT.name
    shutil.copy(VISIT, script)
    node = [str(ROOT / ".venv/bin/node"), str(script), browser, str(page), str(folder)]
    result = subprocess.run(node, check=True, capture_output=True, text=True, timeout=300)
    visits: dict[str, Any] = json.loads(result.stdout)
    return visits


@pytest.mark.parametrize("visit", ["desktop", "dark", "phone", "without scripts", "printed"])
def test_nothing_is_loaded_and_nothing_fails(seen: dict[str, Any], visit: str) -> None:
    """No message of the console, no error, no request but the page, nothing wider than a screen."""
    assert [] == seen[visit]["messages"]
    assert 1 == seen[visit]["requests"]
    assert seen[visit]["width"] <= seen[visit]["screen"]
    assert 0 == seen[visit]["images"]


def test_colours_follow_the_system(seen: dict[str, Any]) -> None:
    """Dark is dark, and all texts have contrast."""
    assert seen["desktop"]["background"] == "rgb(255, 255, 255)"
    assert seen["dark"]["background"] == "rgb(17, 22, 28)"
    for visit in ("desktop", "dark"):
        assert seen[visit]["contrast"] >= 4.5


def test_search_filters(seen: dict[str, Any], source: Snapshot) -> None:
    """Words, and the team, select rows; the count is said to screen readers."""
    both = sum(
        item["repositoryName"].startswith("data/") and item["imageTagMutability"] == "IMMUTABLE"
        for item in source.answer("DescribeRepositories").items("repositories")
    )
    assert 0 < both < 7
    assert (both, f"{both} of 40") == tuple(seen["desktop"]["firstSearch"])
    assert (40, "40 of 40") == (seen["desktop"]["rows"], seen["desktop"]["count"])
    assert (7, "7 of 40") == tuple(seen["desktop"]["searched"])
    assert (1, "1 of 40") == tuple(seen["desktop"]["team"])
    assert HOSTILE.replace("\u202e", "\\u202e") in seen["desktop"]["teams"]


def test_columns_sort(seen: dict[str, Any], source: Snapshot) -> None:
    """By number, up and down, with the keyboard; what is not known is at the end of both."""
    images = [*source.answers("DescribeImages")]
    numbers = sorted(len(answer.items("imageDetails")) for answer in images if answer.is_known)
    unknown = [None] * (40 - len(numbers))
    assert (36, 4) == (len(numbers), len(unknown))
    assert [*numbers, *unknown] == seen["desktop"]["ascending"]
    assert [*numbers[::-1], *unknown] == seen["desktop"]["descending"]
    assert "descending" == seen["desktop"]["sorted"]


def test_it_is_complete_without_scripts(seen: dict[str, Any]) -> None:
    """All rows are there, and no tool that does nothing."""
    assert 40 == seen["without scripts"]["rows"]
    assert not seen["without scripts"]["tools"]


def test_the_accessibility_tree_has_names(seen: dict[str, Any]) -> None:
    """Pictures, sections and tools have names; tables are tables on a phone."""
    tree = seen["phone"]["tree"]
    for name in ('img "Images left', 'searchbox "Search"', 'combobox "Team"', "table", "rowheader"):
        assert name in tree
