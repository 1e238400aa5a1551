"""Suppressions, order, and the assertion for tests."""

from collections.abc import Iterable
from typing import Any
from unittest.mock import Mock

import pytest

from ecr_constructs.checks import Finding, Template, assert_no_findings, check, report
from ecr_constructs.cloudformation.acknowledgments import Acknowledgment
from tests.support.rule_examples.build import api, repository, template

MOVING = repository(ImageTagMutability="MUTABLE")
BARE = {"Type": "AWS::ECR::Repository"}
REASON = "A build cache"
OURS = {"ecr-constructs": {"suppress": [{"rule": "ECR012", "reason": REASON}]}}
PLUGIN = {"ecr-constructs": {"suppress": [{"rule": "EcrChecks::ECR012", "reason": REASON}]}}
CDK_NAG = {"cdk_nag": {"rules_to_suppress": [{"id": "ECR012", "reason": REASON}]}}
# It has no room for a reason, so that the reason is asked for.
CFN_LINT = {"cfn-lint": {"config": {"ignore_checks": ["ECR012", "E3002"]}}}


def with_metadata(metadata: Any) -> list[Template]:
    return [template({"Api": {**MOVING, "Metadata": metadata}})]


def rules_of(findings: Iterable[Finding]) -> list[str]:
    return [finding.rule for finding in findings]


@pytest.mark.parametrize(
    ("metadata", "reason", "rules"),
    [
        pytest.param(OURS, REASON, [], id="ours"),
        pytest.param(PLUGIN, REASON, [], id="with the plugin's name"),
        pytest.param({"ecr-constructs": {"suppress": ["ECR012"]}}, "", ["ECR901"], id="an id only"),
        pytest.param(CDK_NAG, REASON, [], id="cdk-nag"),
        pytest.param(CFN_LINT, "", ["ECR901"], id="cfn-lint"),
    ],
)
def test_a_suppression_leaves_a_trace(metadata: Any, reason: str, rules: list[str]) -> None:
    """What is suppressed is no finding, but is reported with its reason."""
    result = report(with_metadata(metadata))

    assert rules == rules_of(result.findings)
    assert [("ECR012", reason)] == [(item.finding.rule, item.reason) for item in result.suppressed]


def test_cfn_lint_takes_the_beginning_of_ids() -> None:
    """For a template it does, and so do the checks; the reason is asked for once."""
    ignored = {"cfn-lint": {"config": {"ignore_checks": ["ECR01", "ECR", "E", "W"]}}}
    result = report([template({"Api": BARE}, Metadata=ignored)])

    # Whatever ECR01 does not name, ECR does.
    assert ["ECR901", "ECR901"] == rules_of(result.findings)
    assert {"ECR012", "ECR013", "ECR016", "ECR102"} == {e.finding.rule for e in result.suppressed}
    idle = {"cfn-lint": {"config": {"ignore_checks": ["ECR4"]}}}
    assert {"ECR901", "ECR902"} == {*rules_of(check([template(api(), Metadata=idle)]))}


def test_an_acknowledgment_of_a_stack_is_for_its_template() -> None:
    """What is found in the template as a whole is acknowledged at its stack, or above."""
    body = {"Resources": {f"W{n}": {"Type": "AWS::CDK::Metadata"} for n in range(501)}}
    for path, left in (("Prod/Shop", []), ("Prod", []), ("Prod/Shop/Api", ["ECR603"])):
        acknowledged = [Acknowledgment("ECR603", REASON, path, "EcrChecks")]
        shop = Template("Shop", body, acknowledged=acknowledged, construct="Prod/Shop")
        assert left == rules_of(check([shop]))


def test_a_suppression_on_the_template_is_for_all_of_it() -> None:
    """Metadata of the template suppresses in every resource."""
    resources = {"Api": MOVING, "Worker": MOVING}
    result = report([template(resources, Metadata=OURS)])

    assert () == result.findings
    assert ["Api", "Worker"] == [item.finding.resource for item in result.suppressed]


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        [],
        {},
        {"ecr-constructs": {}},
        {"ecr-constructs": {"suppress": []}},
        {"my-constructs": {"suppress": [{"rule": "S3-1"}]}},
        {"my-constructs": {"rules": [{"rule": "ECR012"}]}},
        {"ecr-constructs-version": {"installed": "0.1.0"}},
        {"cdk_nag": {"rules_to_suppress": [{"id": "AwsSolutions-ECR1", "reason": "x"}]}},
    ],
    ids=str,
)
def test_other_metadata_suppresses_nothing(metadata: Any) -> None:
    """What names none of the rules is none of our business."""
    assert ["ECR012"] == rules_of(check(with_metadata(metadata)))


def ours(entry: Any) -> Any:
    return {"ecr-constructs": {"suppress": [entry]}}


SUPPRESS = "Metadata.ecr-constructs.suppress"
# Metadata, and the place of what is not understood.
NOT_UNDERSTOOD: dict[str, tuple[Any, str]] = {
    "nothing": ({"ecr-constructs": None}, "Metadata.ecr-constructs"),
    "text": ({"ecr-constructs": "ECR012"}, "Metadata.ecr-constructs"),
    "a misspelled list": (
        {"ecr-constructs": {"supress": [{"rule": "ECR012", "reason": "x"}]}},
        "Metadata.ecr-constructs.supress",
    ),
    "an id instead of a list": ({"ecr-constructs": {"suppress": "ECR012"}}, SUPPRESS),
    "an entry instead of a list": (
        {"ecr-constructs": {"suppress": {"rule": "ECR012", "reason": "x"}}},
        SUPPRESS,
    ),
    "an unknown id instead of an entry": (ours("ECR999"), f"{SUPPRESS}[0]"),
    "an entry of another tool": (ours({"id": "ECR012", "reason": "x"}), f"{SUPPRESS}[0]"),
    "an entry without a rule": (ours({"reason": "x"}), f"{SUPPRESS}[0]"),
    "lower case": (ours({"rule": "ecr012", "reason": "x"}), f"{SUPPRESS}[0].rule"),
    "a pattern": (ours({"rule": "ECR0*", "reason": "x"}), f"{SUPPRESS}[0].rule"),
    "the beginning of ids": (ours({"rule": "ECR01", "reason": "x"}), f"{SUPPRESS}[0].rule"),
    "an unknown rule": (ours({"rule": "ECR999", "reason": "x"}), f"{SUPPRESS}[0].rule"),
    "a number": (ours({"rule": 12, "reason": "x"}), f"{SUPPRESS}[0].rule"),
    "no key": ({"suppress": [{"rule": "ECR012", "reason": "x"}]}, "Metadata.suppress"),
    "a misspelled key": (
        {"ecr_construct": {"suppress": [{"rule": "ECR012", "reason": "x"}]}},
        "Metadata.ecr_construct",
    ),
}


@pytest.mark.parametrize(("metadata", "place"), NOT_UNDERSTOOD.values(), ids=NOT_UNDERSTOOD)
def test_metadata_of_ours_is_understood_or_reported(metadata: Any, place: str) -> None:
    """What does not have the documented form suppresses nothing, and is a finding."""
    findings = check(with_metadata(metadata))

    assert ["ECR902", "ECR012"] == rules_of(findings)
    assert place == findings[0].where
    whole = check([template(api(), Metadata=metadata)])
    assert [("ECR902", "", place)] == [(item.rule, item.resource, item.where) for item in whole]


def test_an_unknown_key_of_an_entry_is_reported() -> None:
    """The entry applies, since it names a rule."""
    entry = {"rule": "ECR012", "reason": "x", "until": "2027"}

    [finding] = check(with_metadata(ours(entry)))
    assert ("ECR902", f"{SUPPRESS}[0].until") == (finding.rule, finding.where)


def test_an_acknowledgment_of_an_unknown_rule_is_reported_once() -> None:
    """It covers many resources, and suppresses nothing, as in CDK."""
    for rule in ("ECR999", "ECR01"):
        acknowledged = [Acknowledgment(rule, REASON, "Shop", "EcrChecks")]
        resources = {
            name: {**MOVING, "Metadata": {"aws:cdk:path": f"Shop/{name}/Resource"}}
            for name in ("Api", "Web")
        }
        shop = Template("Shop", {"Resources": resources}, acknowledged=acknowledged)
        assert ["ECR012", "ECR012", "ECR902"] == sorted(rules_of(check([shop])))


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
    resources = {"B": BARE, "A": BARE}
    templates = [template(resources, name="z"), template(resources, name="a")]
    findings = check(templates)

    assert findings == check(templates)
    assert ["zA"] * 4 + ["zB"] * 4 + ["aA"] * 4 + ["aB"] * 4 == [
        item.template + item.resource for item in findings
    ]


def test_the_assertion_names_every_finding() -> None:
    """The assertion fails with a line for each finding, unless its rule is ignored."""
    place = "ECR012 {}.Properties.ImageTagMutability"

    with pytest.raises(AssertionError) as error:
        assert_no_findings({"Resources": {"Api": MOVING, "Worker": MOVING}})
    lines = str(error.value).splitlines()[1:]
    assert [f"  - {place.format(name)}" for name in ("Api", "Worker")] == [
        line.partition(":")[0] for line in lines
    ]
    assert_no_findings({"Resources": {"Api": MOVING}}, ignore=["ECR012"])
    assert_no_findings(Template("t", {"Resources": api()}))


def test_the_assertion_takes_what_has_json() -> None:
    """An ``aws_cdk.assertions.Template`` is asked for its JSON."""
    assert_no_findings(Mock(spec=["to_json"], to_json=lambda: {"Resources": api()}))


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

    assert ["ECR901"] == rules_of(result.findings)
    assert 2 == len(result.suppressed)
