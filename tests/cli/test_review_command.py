"""``ecr-constructs review``: what it reads, how it ends, and its JSON."""

from typing import Any

import pytest

from ecr_constructs.review.change import KINDS
from tests.cli.conftest import Run, detail, write
from tests.support.rule_examples.build import repository, rule

API = repository(RepositoryName="payments/api")
KEYED = {"EncryptionType": "KMS", "KmsKey": {"Fn::GetAtt": ["Key", "Arn"]}}
SIDES = ("review", "--base", "base", "--head", "head")


@pytest.fixture(autouse=True)
def _sides() -> None:
    side("base", {"Api": API, "Web": repository(RepositoryName="web")})
    side("head", {"Api": API})


def side(name: str, resources: dict[str, Any]) -> None:
    write(f"{name}/Prod.template.json", {"Resources": resources})


STATUSES = {
    0: ("", "error", "replaced", "never"),
    1: ("warning", "note", "removed", "replaced removed", "never removed"),
}


@pytest.mark.parametrize(
    ("fail_on", "status"), [(text, status) for status, row in STATUSES.items() for text in row]
)
def test_the_exit_status(run: Run, fail_on: str, status: int) -> None:
    """1 if there is a change of a kind, or as severe as a severity, that was named."""
    assert status == run(*SIDES, *(f"--fail-on={item}" for item in fail_on.split())).status


def test_images_are_judged_at_an_instant(run: Run) -> None:
    """The images of a folder that the change deletes are named."""
    image = detail("a", 23.5, repositoryName="web", registryId="111122223333")
    write("images/web.json", {"imageDetails": [image]})
    for name, days in (("base", 90), ("head", 14)):
        untagged = rule(1, tagStatus="untagged", days=days)
        side(name, {"Web": repository(untagged, RepositoryName="web")})

    instants = ("2026-11-02T00:00:00Z", 0), ("2026-11-24T00:00:00Z", 1), ("1795478400", 1)
    for now, status in instants:
        command = (*SIDES, "--images", "images", "--now", now, "--format", "json")
        result = run(*command)
        kinds = [change["kind"] for change in result.json["changes"]]
        assert (status, status == 1) == (result.status, "images-deleted" in kinds)


def test_errors_are_failures_unless_told_otherwise(run: Run) -> None:
    """Without --fail-on, what loses images or opens access is a failure."""
    side("head", {"Api": repository(**API["Properties"], EncryptionConfiguration=KEYED)})

    assert [1, 0, 0] == [
        run(*SIDES, *options).status
        for options in ([], ["--fail-on", "access-widened"], ["--fail-on", "never"])
    ]


@pytest.mark.parametrize("form", ["text", "github"])
def test_no_change(run: Run, form: str) -> None:
    """Of two sides that are the same, nothing else is said."""
    assert (0, "No change.\n", "") == run(*SIDES[:4], "base", "--format", form)


def test_json(run: Run) -> None:
    """JSON has every change with all that is known of it, and how many there are."""
    side("base", {"Api": API})
    side("head", {"Api": repository(**API["Properties"], EncryptionConfiguration=KEYED)})
    document = run(*SIDES, "--format", "json").json

    [change] = [item for item in document["changes"] if item["kind"] == "replaced"]
    assert {
        "kind": "replaced",
        "severity": "error",
        "stack": "Prod",
        "resource": "Api",
        "repository": "payments/api",
        "before": {"EncryptionConfiguration": None},
        "after": {"EncryptionConfiguration": KEYED | {"KmsKey": "${Key.Arn}"}},
        "properties": ["EncryptionConfiguration"],
    }.items() <= change.items()
    findings = len(document["changes"]) - 1
    assert {
        "severities": {"error": 1 + findings, "warning": 0, "note": 0},
        "kinds": {**dict.fromkeys(KINDS, 0), "replaced": 1, "finding": findings},
        "findings": {"new": findings, "known": 0, "gone": 0},
        "notRead": 0,
        "recipes": 1,
    } == document["summary"]
    assert [["replaced"], [0]] == [
        [group["kind"] for group in document["groups"] if group["kind"] != "finding"],
        document["groups"][0]["changes"],
    ]
    assert 3 == len(change["details"])


def test_json_of_no_change(run: Run) -> None:
    """The keys are there, whatever is said."""
    document = run(*SIDES[:4], "base", "--format", "json").json

    assert [] == document["changes"]
    assert ([], []) == (document["groups"], document["notRead"])
    assert ["severities", "kinds", "findings", "notRead", "recipes"] == list(document["summary"])


def test_findings_that_repeat_a_change(run: Run) -> None:
    """They are details of the change, and --fail-on still sees them."""
    side("base", {"Api": API})
    side("head", {"Api": repository(**{**API["Properties"], "ImageTagMutability": "MUTABLE"})})
    document = run(*SIDES, "--format", "json").json

    [change] = document["changes"]
    assert "weakened" == change["kind"]
    [finding] = change["findings"]
    assert {"rule", "path", "controls", "severity", "summary", "details"} == set(finding)
    assert "ECR012" == finding["rule"]
    assert 0 == document["summary"]["kinds"]["finding"]
    assert 1 == document["summary"]["findings"]["new"]
    assert [1, 0] == [run(*SIDES, "--fail-on", kind).status for kind in ("finding", "lifecycle")]


def test_the_configuration_of_the_checks_applies(run: Run) -> None:
    """A rule that the organization ignores is no new finding; without the file it is one."""
    side("base", {})
    side("head", {"Api": repository(ImageTagMutability="MUTABLE")})
    write("ecr-constructs.toml", 'ignore = ["ECR012"]\naccount = "111122223333"\n')
    rules = [
        [
            change["after"]["rule"]
            for change in run(*SIDES, "--format", "json", *options).json["changes"]
            if change["kind"] == "finding"
        ]
        for options in ([], ["--no-config"])
    ]

    assert ["ECR012"] == [rule for rule in rules[1] if rule not in rules[0]]
