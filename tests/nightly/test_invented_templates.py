"""Templates that were invented without knowledge of the rules, with what is wrong in them.

Each is labelled `faulty`, `sound` or `undecidable`, from the documentation of AWS.
"""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecr_constructs.checks import Template, check
from tests.support.shared_problems import judgments

FOLDER = Path(__file__).parents[1] / "support" / "data" / "invented_templates"
# Faulty templates without a finding. Fewer than one in twenty.
MISSED: dict[str, set[str]] = {
    # An audience of one's own is legal, and the provider is in another template.
    "oidc-trust-and-iam": {"oidc-aud-wrong"},
}


@cache
def cases(name: str) -> dict[str, dict[str, Any]]:
    """Return the templates of a file by their ids."""
    content = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    return {case["id"]: case for case in yaml.load(content, yaml.CSafeLoader)}


NAMES = sorted(path.stem for path in FOLDER.iterdir())


def templates_of(case: dict[str, Any]) -> list[Template]:
    """Return the templates of a case."""
    given = case.get("templates") or [{"name": "T", "template": case["template"]}]
    return [
        Template(
            item["name"],
            item["template"],
            account=str(item["account"]) if item.get("account") else None,
            region=item.get("region"),
        )
        for item in given
    ]


def findings_of(case: dict[str, Any]) -> list[str]:
    """Return the rules of the errors and warnings in the templates of a case."""
    findings = check(templates_of(case))
    return [finding.rule for finding in findings if finding.severity != "note"]


@pytest.mark.parametrize("name", NAMES)
def test_faulty_templates_have_findings(name: str) -> None:
    """A fault that the documentation of AWS describes is found."""
    faulty = {key: case for key, case in cases(name).items() if case["label"] == "faulty"}

    assert MISSED.get(name, set()) == {key for key, case in faulty.items() if not findings_of(case)}


@pytest.mark.parametrize("name", NAMES)
def test_sound_templates_have_none(name: str) -> None:
    """A sound template, or one that cannot be judged, has neither errors nor warnings."""
    others = {key: case for key, case in cases(name).items() if case["label"] != "faulty"}

    assert {} == {key: rules for key, case in others.items() if (rules := findings_of(case))}


def test_the_declared_properties_decide() -> None:
    """A rule that declares the properties that it reads finds the same without all others."""
    templates = (templates_of(case) for name in NAMES for case in cases(name).values())
    result = [item for side in templates for item in judgments(side)]

    assert [] == [pair for pair, decides in result if not decides]
    assert len(result) > 1000


def test_few_faults_are_missed() -> None:
    """At least 95 % of the faulty templates have findings."""
    faulty = sum(case["label"] == "faulty" for name in NAMES for case in cases(name).values())

    assert faulty > 500
    assert sum(map(len, MISSED.values())) <= 0.05 * faulty
