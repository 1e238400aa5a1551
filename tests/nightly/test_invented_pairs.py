"""Pairs of templates that were invented without knowledge of the review, with what it must report.

The labels are from the documentation of AWS and from the definition of the severities.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecr_constructs.report.comment import to_markdown
from ecr_constructs.report.review import to_github, to_json
from ecr_constructs.review import Change, Review, load_sides, review

FOLDER = Path(__file__).parents[1] / "support" / "data" / "review_pairs"
SEVERITIES = ("note", "warning", "error")
# Codes of changes in the text of a template that have no effect.
WITHOUT_EFFECT = {"same-access", "same-effect"}
# Expectations that are not met, and why.
DIFFERENT = {
    "A07-org-pattern-equals-literal": "a statement that admits nobody is an error of check",
    "A46-topic-everyone": "reported as a finding, not as a change of access",
    "A65-oidc-wildcard-under-equals": "a statement that admits nobody is an error of check",
    "A82-new-repository-for-named-account": "a new repository is compared with nothing: a warning",
    "P12-scan-filter-contains-spelled-out": "a note shows both spellings of the filter",
    "R39-stack-left-the-app": "reported for the stack, not for each of its resources",
    "R42-nested-stack-itself-retained": "reported for the stack, not for each of its resources",
    "S47-default-settings-written": "a setting that was changed by hand is reset: not the same",
}


@cache
def pairs() -> dict[str, dict[str, Any]]:
    """Return all pairs by their ids."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(FOLDER.iterdir())]
    return {case["id"]: case for text in texts for case in yaml.load(text, yaml.CSafeLoader)}


def write(folder: Path, case: dict[str, Any], side: str) -> Path:
    """Write the templates of a side."""
    for name, body in (case.get(f"{side}_files") or {"Prod.json": case[side]}).items():
        path = folder / side / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(body) if path.suffix == ".json" else yaml.safe_dump(body)
        path.write_text(body if isinstance(body, str) else text, encoding="utf-8")
    return folder / side


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def is_met(expected: dict[str, Any], changes: tuple[Change, ...]) -> bool:
    """Tell whether one of the changes is as a pair expects it."""
    kinds = {expected["kind"], *listed(expected.get("or_kind", []))}
    # What is replaced, removed or created can fail instead.
    kinds |= {"deployment-fails"} if kinds & {"replaced", "removed", "other"} else set()
    resources = {expected.get("resource"), *listed(expected.get("or_resource", []))}
    lowest = SEVERITIES.index(expected.get("severity_at_least", "note"))
    highest = SEVERITIES.index(expected.get("severity_at_most", "error"))
    return any(
        change.kind in kinds
        and ("resource" not in expected or change.resource in resources)
        and lowest <= SEVERITIES.index(change.severity) <= highest
        and all(word.lower() in text_of(change) for word in expected.get("must_mention", ()))
        for change in changes
    )


def text_of(change: Change) -> str:
    return " ".join((change.summary, *change.details, change.when or "")).lower()


def problems(expect: dict[str, Any], result: Review) -> list[str]:
    """Return which expectations of a pair are not met."""
    changes = result.changes
    unmet = [f"unmet: {item}" for item in expect.get("changes", []) if not is_met(item, changes)]
    if expect.get("no_change"):
        unmet += [item.summary for item in changes if not WITHOUT_EFFECT & {*item.codes}]
    most = "warning" if expect.get("no_error") else "error"
    most = expect.get("max_severity", most)
    unmet += [
        f"too severe: {item.summary}"
        for item in changes
        if SEVERITIES.index(item.severity) > SEVERITIES.index(most)
    ]
    shown = "".join((to_github(result), to_markdown(result), json.dumps(to_json(result))))
    return unmet + [f"shown: {text}" for text in expect.get("nothing_printed", ()) if text in shown]


@pytest.mark.parametrize("name", pairs())
def test_a_pair_is_reviewed_as_expected(tmp_path: Path, name: str) -> None:
    """The review reports what AWS does, as severe as it is, and nothing for another spelling."""
    case = pairs()[name]
    sides = load_sides(*(write(tmp_path, case, side) for side in ("base", "head")))

    assert (name in DIFFERENT) == bool(problems(case["expect"], review(*sides)))
