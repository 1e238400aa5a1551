"""Findings, what nothing else speaks of, and the whole of a review."""

from typing import Any

from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.cloudformation.template import Template
from ecr_constructs.model.diagnostics import pluralize
from ecr_constructs.review import review
from ecr_constructs.review.analyzers.findings import Counts
from ecr_constructs.review.phrases import format_value, join_names
from tests.support.compared import API, described, only, reviewed
from tests.support.rule_examples.build import HOME, repository, resource

MOVING = repository(RepositoryName="payments/api", ImageTagMutability="MUTABLE")
TOPIC = "AWS::SNS::Topic"


def test_no_change_says_nothing() -> None:
    """Equal sides have nothing to say, and nothing to judge."""
    result = reviewed({"Api": MOVING}, {"Api": MOVING})

    assert ((), Counts(0, 0, 0)) == (result.changes, result.findings)


def test_metadata_is_no_change() -> None:
    """CloudFormation does not act on it."""
    assert [] == described(reviewed({"Api": API}, {"Api": {**API, "Metadata": {"by": "cdk"}}}))


def test_a_finding_is_told_when_it_is_new() -> None:
    """What check finds in head and not in base."""
    scanless = repository(RepositoryName="payments/api", ImageScanningConfiguration={})
    result = reviewed({"Api": API}, {"Api": scanless})
    [finding] = [change for change in result.changes if change.kind == "finding"]

    assert (
        "warning",
        "ECR013 Api: images are not scanned on push",
    ) == (finding.severity, finding.summary)
    assert "ECR013" == finding.after["rule"]
    assert Counts(new=1, known=0, gone=0) == result.findings


def test_old_findings_are_counted_and_gone_ones_too() -> None:
    """They are not repeated."""
    tagged = {
        **MOVING,
        "Properties": {**MOVING["Properties"], "Tags": [{"Key": "a", "Value": "b"}]},
    }

    assert Counts(new=0, known=1, gone=0) == reviewed({"Api": MOVING}, {"Api": tagged}).findings
    assert Counts(new=0, known=0, gone=1) == reviewed({"Api": MOVING}, {"Api": API}).findings


def test_a_move_takes_its_findings_along() -> None:
    """What was wrong before is not new under another id."""
    result = reviewed({"Api": MOVING}, {"Server": MOVING})

    assert ["replaced"] == [change.kind for change in result.changes]
    assert Counts(new=0, known=1, gone=0) == result.findings


def test_a_namesake_is_judged_again() -> None:
    """A repository that is the same on both sides may have got a namesake in another stack."""
    base: dict[str, Any] = {"A": {"Other": repository(RepositoryName="other")}, "B": {"Api": API}}
    head = {"A": {**base["A"], "Api": API}, "B": base["B"]}
    [finding] = [change for change in reviewed(base, head).changes if change.kind == "finding"]

    assert ("B", "Api") == finding.place
    assert finding.summary.startswith("ECR003")


def test_what_is_new() -> None:
    """A new repository is told in a line."""
    key = "arn:aws:kms:eu-central-1:111122223333:key/1-2"
    encrypted = repository(
        RepositoryName="payments/worker",
        EncryptionConfiguration={"EncryptionType": "KMS", "KmsKey": key},
    )
    plain = repository(ImageTagMutability="IMMUTABLE")
    head = {"Api": API, "Worker": encrypted, "Plain": plain, "Topic": resource(TOPIC, {})}

    assert [
        ("other", "note", "AWS::ECR::Repository Plain is new: IMMUTABLE, AES256"),
        ("other", "note", "AWS::SNS::Topic Topic is new"),
        ("other", "note", "payments/worker is new: IMMUTABLE, KMS"),
    ] == sorted(
        sentence for sentence in described(reviewed({"Api": API}, head)) if sentence[0] == "other"
    )


def test_what_else_is_changed_or_gone() -> None:
    """Properties are named; CDK's own metadata is not."""
    base = {
        "Topic": resource(TOPIC, {"DisplayName": "a", "FifoTopic": False}),
        "Gone": resource(TOPIC, {}),
        "CDKMetadata": resource("AWS::CDK::Metadata", {"Analytics": "v2:a"}),
    }
    head = {
        "Topic": {
            **resource(TOPIC, {"DisplayName": "b", "TracingConfig": "Active"}),
            "Condition": "C",
        },
        "CDKMetadata": resource("AWS::CDK::Metadata", {"Analytics": "v2:b"}),
    }

    assert [
        ("other", "note", "AWS::SNS::Topic Gone is removed"),
        (
            "other",
            "note",
            "AWS::SNS::Topic Topic: DisplayName, TracingConfig and Condition change",
        ),
    ] == described(reviewed(base, head))[1:]


def test_another_type_is_another_resource() -> None:
    """CloudFormation does not turn one into the other."""
    result = described(
        reviewed({"It": resource(TOPIC, {})}, {"It": resource("AWS::SQS::Queue", {})})
    )

    assert [
        ("other", "note", "AWS::SNS::Topic It is removed"),
        ("other", "note", "AWS::SQS::Queue It is new"),
    ] == result


def test_a_condition_that_no_longer_holds_removes() -> None:
    """A resource is there only where its condition holds."""

    def side(*, wanted: str) -> TemplateSet:
        conditions = {
            "Wanted": {"Fn::Equals": [wanted, "yes"]},
            "Never": {"Fn::Equals": ["no", "yes"]},
        }
        never = repository(RepositoryName=f"never/{wanted}")
        body = {
            "Conditions": conditions,
            "Resources": {
                "Api": {**API, "Condition": "Wanted"},
                "Never": {**never, "Condition": "Never"},
            },
        }
        return TemplateSet([Template("Prod.json", body, *HOME, stack="Prod")])

    assert "removed" == only(review(side(wanted="yes"), side(wanted="no"))).kind


def test_a_value_behind_a_reference_is_a_change() -> None:
    """Equal texts come to other values where a mapping is another."""

    def side(description: str) -> TemplateSet:
        named = {"Fn::FindInMap": ["M", "a", "tag"]}
        tagged = repository(RepositoryName="payments/api", Tags=[{"Key": "team", "Value": named}])
        body = {"Mappings": {"M": {"a": {"tag": description}}}, "Resources": {"Api": tagged}}
        return TemplateSet([Template("Prod.json", body, *HOME, stack="Prod")])

    assert [("other", "note", "payments/api: Tags changes")] == described(
        review(side("one"), side("two"))
    )


def test_a_long_list_and_a_long_value_are_cut() -> None:
    """A sentence stays one that can be read."""
    assert "a, b and c" == join_names("abc")
    assert "a, b, c, d and 3 more" == join_names("abcdefg")
    assert "absent" == format_value(None)
    assert ["1 image", "2,000 images"] == [pluralize(1, "image"), pluralize(2000, "image")]
    assert f"{'x' * 119}…" == format_value("x" * 200)
