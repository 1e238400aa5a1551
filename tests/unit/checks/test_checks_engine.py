"""Suppressions, order, and the assertion for tests."""

from typing import Any

import pytest

from ecr_constructs.checks import Template, assert_no_findings, check, report
from ecr_constructs.cloudformation.acknowledgments import Acknowledgment
from tests.support.rule_examples.build import repository, template

MOVING = repository(ImageTagMutability="MUTABLE")
REASON = "A build cache"
SHAPES: dict[str, dict[str, Any]] = {
    "ours": {"ecr-constructs": {"suppress": [{"rule": "ECR012", "reason": REASON}]}},
    "cdk-nag": {"cdk_nag": {"rules_to_suppress": [{"id": "ECR012", "reason": REASON}]}},
    "with the plugin's name": {
        "ecr-constructs": {"suppress": [{"rule": "EcrChecks::ECR012", "reason": REASON}]}
    },
}


def with_metadata(metadata: Any) -> list[Template]:
    return [template({"Api": {**MOVING, "Metadata": metadata}})]


@pytest.mark.parametrize("metadata", SHAPES.values(), ids=SHAPES)
def test_a_suppression_leaves_a_trace(metadata: dict[str, Any]) -> None:
    """What is suppressed is no finding, but is reported with its reason."""
    result = report(with_metadata(metadata))

    assert () == result.findings
    assert [("ECR012", REASON)] == [(item.finding.rule, item.reason) for item in result.suppressed]


def test_cfn_lints_way_has_no_room_for_a_reason() -> None:
    """A rule that cfn-lint is told to ignore is suppressed, and its reason is asked for."""
    result = report(with_metadata({"cfn-lint": {"config": {"ignore_checks": ["ECR012", "E3002"]}}}))

    assert ["ECR901"] == [item.rule for item in result.findings]
    assert [("ECR012", "")] == [(item.finding.rule, item.reason) for item in result.suppressed]


def test_cfn_lint_takes_the_beginning_of_ids() -> None:
    """For a template it does, and so do the checks; the reason is asked for once."""
    ignored = {"cfn-lint": {"config": {"ignore_checks": ["ECR01", "ECR", "E", "W"]}}}
    bare = {"Type": "AWS::ECR::Repository"}
    result = report([template({"Api": bare}, Metadata=ignored)])

    # Whatever ECR01 does not name, ECR does.
    assert ["ECR901", "ECR901"] == [item.rule for item in result.findings]
    assert {"ECR012", "ECR013", "ECR016", "ECR102"} == {e.finding.rule for e in result.suppressed}
    idle = {"cfn-lint": {"config": {"ignore_checks": ["ECR4"]}}}
    assert {"ECR901", "ECR902"} == {
        item.rule for item in check([template({"Api": repository()}, Metadata=idle)])
    }


def test_an_acknowledgment_of_a_stack_is_for_its_template() -> None:
    """What is found in the template as a whole is acknowledged at its stack, or above."""
    body = {"Resources": {f"W{n}": {"Type": "AWS::CDK::Metadata"} for n in range(501)}}
    for path, left in (("Prod/Shop", []), ("Prod", []), ("Prod/Shop/Api", ["ECR603"])):
        acknowledged = [Acknowledgment("ECR603", REASON, path, "EcrChecks")]
        shop = Template("Shop", body, acknowledged=acknowledged, construct="Prod/Shop")
        assert left == [item.rule for item in check([shop])]


def test_a_suppression_on_the_template_is_for_all_of_it() -> None:
    """Metadata of the template suppresses in every resource."""
    resources = {"Api": MOVING, "Worker": MOVING}
    result = report([template(resources, Metadata=SHAPES["ours"])])

    assert () == result.findings
    assert ["Api", "Worker"] == [item.finding.resource for item in result.suppressed]


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        [],
        {"ecr-constructs": None},
        {"ecr-constructs": {"suppress": "ECR012"}},
        {"ecr-constructs": {"suppress": [{"rule": 12}, 5, {"reason": "x"}]}},
        {"cdk_nag": {"rules_to_suppress": [{"id": "AwsSolutions-ECR1", "reason": "x"}]}},
    ],
    ids=str,
)
def test_other_metadata_suppresses_nothing(metadata: Any) -> None:
    """What names none of the rules is none of our business."""
    assert ["ECR012"] == [item.rule for item in check(with_metadata(metadata))]


def test_what_an_app_acknowledged_is_suppressed() -> None:
    """An acknowledgment holds for the construct and all below it, and may be idle elsewhere."""
    acknowledged = [
        Acknowledgment("ECR012", REASON, "Shop/Api", "EcrChecks"),
        Acknowledgment("ECR013", REASON, "Shop/Api", "EcrChecks"),
        Acknowledgment("ECR012", REASON, "Shop/Worker", "EcrChecks"),
        Acknowledgment("ECR012", REASON, "Shop/Api", "Annotation"),
    ]
    resources = {
        "Api": {**MOVING, "Metadata": {"aws:cdk:path": "Shop/Api/Resource"}},
        "Web": {**MOVING, "Metadata": {"aws:cdk:path": "Shop/Web/Resource"}},
    }
    shop = Template("Shop", {"Resources": resources}, acknowledged=acknowledged)
    result = report([shop])

    assert [("ECR012", "Web")] == [(item.rule, item.resource) for item in result.findings]
    assert ["Api"] == [item.finding.resource for item in result.suppressed]


def test_findings_are_in_a_stable_order() -> None:
    """Findings are listed by template as given, then by resource and place."""
    resources = {"B": {"Type": "AWS::ECR::Repository"}, "A": {"Type": "AWS::ECR::Repository"}}
    templates = [template(resources, name="z"), template(resources, name="a")]
    findings = check(templates)

    assert findings == check(templates)
    assert ["zA"] * 4 + ["zB"] * 4 + ["aA"] * 4 + ["aB"] * 4 == [
        item.template + item.resource for item in findings
    ]


def test_the_assertion_names_every_finding() -> None:
    """The assertion fails with a line for each finding, unless its rule is ignored."""
    body = {"Resources": {"Api": MOVING}}

    with pytest.raises(
        AssertionError,
        match=r"1 finding:\n  - ECR012 Api\.Properties\.ImageTagMutability: .*\. Write",
    ):
        assert_no_findings(body)
    assert_no_findings(body, ignore=["ECR012"])
    assert_no_findings(Template("t", {"Resources": {"Api": repository()}}))
    two = {"Resources": {"Api": MOVING, "Worker": MOVING}}
    with pytest.raises(AssertionError, match="2 findings:"):
        assert_no_findings(two)


def test_the_assertion_takes_what_has_json() -> None:
    """An ``aws_cdk.assertions.Template`` is asked for its JSON."""

    class Given:
        def to_json(self) -> dict[str, Any]:
            return {"Resources": {"Api": repository()}}

    assert_no_findings(Given())


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"Resources": None},
        {"Resources": {"A": None, "B": 5, "C": {}, "D": {"Type": 5}}},
        {"Resources": {"A": {"Type": "AWS::ECR::Repository", "Properties": []}}},
    ],
    ids=str,
)
def test_what_is_no_resource_is_passed_by(body: Any) -> None:
    """Anything may stand in a template."""
    check([Template("t", body)])


def test_a_reason_is_asked_for_once() -> None:
    """An acknowledgment without a reason is one finding, however many resources it is for."""
    acknowledged = [Acknowledgment("ECR012", "", "Shop", "EcrChecks")]
    resources = {
        name: {**MOVING, "Metadata": {"aws:cdk:path": f"Shop/{name}/Resource"}}
        for name in ("Api", "Web")
    }
    result = report([Template("Shop", {"Resources": resources}, acknowledged=acknowledged)])

    assert ["ECR901"] == [item.rule for item in result.findings]
    assert 2 == len(result.suppressed)
