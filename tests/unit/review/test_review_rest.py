"""Findings, what nothing else speaks of, and the whole of a review."""

from dataclasses import replace
from typing import Any

import pytest

from ecr_constructs.cloudformation.acknowledgments import Acknowledgment
from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.cloudformation.template import Template
from ecr_constructs.model.diagnostics import pluralize
from ecr_constructs.review import review
from ecr_constructs.review.analyzers.findings import Counts
from ecr_constructs.review.phrases import format_value, join_names
from tests.support.compared import API, Given, only, reviewed
from tests.support.rule_examples.build import HOME, repository, resource

MOVING = repository(RepositoryName="payments/api", ImageTagMutability="MUTABLE")
TOPIC = "AWS::SNS::Topic"


NEITHER = Counts(new=0, known=0, gone=0)
SCANLESS = repository(RepositoryName="payments/api", ImageScanningConfiguration={})
TAGGED = {**MOVING, "Properties": {**MOVING["Properties"], "Tags": [{"Key": "a", "Value": "b"}]}}
# Both sides, the kinds of the changes, and the numbers of findings.
FINDINGS: dict[str, tuple[Given, Given, list[str], Counts]] = {
    "no change": ({"Api": MOVING}, {"Api": MOVING}, [], NEITHER),
    # CloudFormation does not act on metadata.
    "metadata": ({"Api": API}, {"Api": {**API, "Metadata": {"by": "cdk"}}}, [], NEITHER),
    "a new finding": ({"Api": API}, {"Api": SCANLESS}, ["weakened", "finding"], Counts(1, 0, 0)),
    "an old finding": ({"Api": MOVING}, {"Api": TAGGED}, ["other"], Counts(0, 1, 0)),
    "a finding less": ({"Api": MOVING}, {"Api": API}, ["strengthened"], Counts(0, 0, 1)),
    # A finding is not new under another logical ID.
    "a move": ({"Api": MOVING}, {"Server": MOVING}, ["replaced"], Counts(0, 1, 0)),
}


@pytest.mark.parametrize("case", FINDINGS)
def test_findings_are_counted(case: str) -> None:
    """Only new ones are listed."""
    before, after, kinds, counts = FINDINGS[case]
    result = reviewed(before, after)

    assert (kinds, counts) == ([change.kind for change in result.changes], result.findings)


def test_new_finding_names_its_rule() -> None:
    """With severity, path and controls as `check` reports them."""
    changes = reviewed({"Api": API}, {"Api": SCANLESS}).changes
    [finding] = [change for change in changes if change.kind == "finding"]

    assert ("warning", "ECR013") == (finding.severity, finding.after["rule"])
    assert {"rule", "path", "controls"} == set(finding.after)
    assert finding.summary.startswith("ECR013 Api: ")
    assert 1 == len(finding.details)


def suppressing(rule: str, reason: str | None) -> dict[str, Any]:
    """Return a repository with movable tags that suppresses a rule, or nothing."""
    entry = {"rule": rule, "reason": reason}
    metadata = {"Metadata": {"ecr-constructs": {"suppress": [entry]}}} if reason else {}
    return {"Api": {**OPEN, **metadata}}


EVERYONE = {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}
OPEN = repository(
    RepositoryName="payments/api",
    ImageTagMutability="MUTABLE",
    RepositoryPolicyText={"Version": "2012-10-17", "Statement": [EVERYONE]},
)
WARNED, NOTED = ("finding", "warning"), ("finding", "note")
# The rule, the reason before and after; what is reported, and the findings that are gone.
SUPPRESSIONS: dict[str, tuple[str, str | None, str | None, list[Any], int]] = {
    "an error": ("ECR206", None, "fine", [(*WARNED, ("suppressed",))], 0),
    "a warning": ("ECR012", None, "fine", [(*NOTED, ("suppressed",))], 0),
    "another reason": ("ECR206", "fine", "approved", [(*NOTED, ("suppression-changed",))], 0),
    "the same": ("ECR206", "fine", "fine", [], 0),
    "no longer": ("ECR206", "fine", None, [("finding", "error", ())], 0),
}


@pytest.mark.parametrize("case", SUPPRESSIONS)
def test_suppressions_are_shown(case: str) -> None:
    """A finding that is silenced is not gone."""
    rule, before, after, expected, gone = SUPPRESSIONS[case]
    result = reviewed(suppressing(rule, before), suppressing(rule, after))

    assert expected == [(change.kind, change.severity, change.codes) for change in result.changes]
    assert gone == result.findings.gone


def test_acknowledgments_of_the_app_are_shown() -> None:
    """They are next to the template, which does not change."""
    body = {"Resources": suppressing("ECR206", None)}
    acknowledged = Acknowledgment("ECR206", "fine", "Prod/Api", "EcrChecks", frozenset({"Api"}))
    plain = Template("Prod.json", body, *HOME, stack="Prod")
    silent = replace(plain, acknowledged=[acknowledged])
    change = only(review(TemplateSet([plain]), TemplateSet([silent])))

    assert ("suppressed",) == change.codes
    assert {"rule": "ECR206", "path": change.after["path"], "reason": "fine"} == change.after


def test_namesake_is_checked_again() -> None:
    """A repository that is the same on both sides may have got a namesake in another stack."""
    base: dict[str, Any] = {"A": {"Other": repository(RepositoryName="other")}, "B": {"Api": API}}
    head = {"A": {**base["A"], "Api": API}, "B": base["B"]}
    [finding] = [change for change in reviewed(base, head).changes if change.kind == "finding"]

    assert ("B", "Api") == finding.place
    assert "ECR003" == finding.after["rule"]


KMS = {"EncryptionType": "KMS", "KmsKey": "arn:aws:kms:eu-central-1:111122223333:key/1-2"}
ENCRYPTED = repository(RepositoryName="payments/worker", EncryptionConfiguration=KMS)
WORKER = repository(RepositoryName="payments/worker")


def versions(analytics: str) -> dict[str, Any]:
    """Return CDK's own record of versions."""
    return {"CDKMetadata": resource("AWS::CDK::Metadata", {"Analytics": analytics})}


A_TOPIC = resource(TOPIC, {"DisplayName": "a", "FifoTopic": False})
B_TOPIC = {**resource(TOPIC, {"DisplayName": "b", "TracingConfig": "Active"}), "Condition": "C"}
# Both sides, the resource, what it is called, and its change.
OTHERS: dict[str, tuple[Given, Given, list[tuple[str, str, str]]]] = {
    "new repositories": (
        {},
        {"Plain": WORKER, "Worker": ENCRYPTED},
        [("Plain", "IMMUTABLE, AES256", "new"), ("Worker", "IMMUTABLE, KMS", "new")],
    ),
    "a new resource": ({}, {"Topic": A_TOPIC}, [("Topic", "AWS::SNS::Topic Topic", "new")]),
    "a removed resource": ({"Gone": A_TOPIC}, {}, [("Gone", "AWS::SNS::Topic Gone", "removed")]),
    "changed properties": (
        {"Topic": A_TOPIC, **versions("v2:a")},
        {"Topic": B_TOPIC, **versions("v2:b")},
        [("Topic", "DisplayName", "changed DisplayName, TracingConfig, Condition")],
    ),
}


@pytest.mark.parametrize("case", OTHERS)
def test_other_changes_are_a_note_each(case: str) -> None:
    """Properties are named; CDK's own metadata is not."""
    before, after, expected = OTHERS[case]
    changes = [change for change in reviewed(before, after).changes if change.kind == "other"]

    assert {"note"} == {change.severity for change in changes}
    assert [(resource_, (code,)) for resource_, _, code in expected] == [
        (change.resource, change.codes) for change in changes
    ]
    assert all(
        words in change.summary for (_, words, _), change in zip(expected, changes, strict=True)
    )


def test_condition_that_no_longer_holds_removes() -> None:
    """A resource is created only if its condition holds."""

    def side(*, wanted: str) -> TemplateSet:
        values = {"Wanted": wanted, "Never": "no"}
        conditions = {name: {"Fn::Equals": [value, "yes"]} for name, value in values.items()}
        never = repository(RepositoryName=f"never/{wanted}") | {"Condition": "Never"}
        resources = {"Api": {**API, "Condition": "Wanted"}, "Never": never}
        body = {"Conditions": conditions, "Resources": resources}
        return TemplateSet([Template("Prod.json", body, *HOME, stack="Prod")])

    assert "removed" == only(review(side(wanted="yes"), side(wanted="no"))).kind


def test_value_behind_a_reference_is_a_change() -> None:
    """Equal texts have other values if their mapping differs."""

    def side(description: str) -> TemplateSet:
        named = {"Fn::FindInMap": ["M", "a", "tag"]}
        tagged = repository(RepositoryName="payments/api", Tags=[{"Key": "team", "Value": named}])
        body = {"Mappings": {"M": {"a": {"tag": description}}}, "Resources": {"Api": tagged}}
        return TemplateSet([Template("Prod.json", body, *HOME, stack="Prod")])

    assert ("changed Tags",) == only(review(side("one"), side("two"))).codes


def test_long_lists_and_values_are_cut() -> None:
    """A sentence stays readable."""
    assert "a, b and c" == join_names("abc")
    assert "a, b, c, d and 3 more" == join_names("abcdefg")
    assert "absent" == format_value(None)
    assert ["1 image", "2,000 images"] == [pluralize(1, "image"), pluralize(2000, "image")]
    assert f"{'x' * 119}…" == format_value("x" * 200)
