"""The four doors say the same of one app, and each honours what was suppressed at another."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_ecr as ecr
from cfnlint.api import ManualArgs, lint_file

from ecr_constructs import EcrChecks
from ecr_constructs.checks import CheckError, assert_no_findings, load, report
from ecr_constructs.checks.acknowledgments import acknowledgments
from tests.constructs.helpers import CONTEXT, ENV, Template

# A name that ECR refuses, and none of the settings that are asked for.
FAULTS = ("ECR002", "ECR012", "ECR013", "ECR016", "ECR102")
BAD_NAME = "Payments/API"

Findings = set[tuple[str, str]]


@pytest.fixture(params=[True, False], ids=["with paths", "without paths"])
def outdir(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Synthesize an app with suppressions of both kinds; templates may tell paths, or not."""
    app = cdk.App(
        analytics_reporting=False,
        context={**CONTEXT, "aws:cdk:enable-path-metadata": request.param},
        outdir=str(tmp_path),
    )
    cdk.Validations.of(app).add_plugins(EcrChecks())
    stack = cdk.Stack(cdk.Stage(app, "Prod", env=ENV), "Stack")
    for scope in (stack, cdk.NestedStack(stack, "Nested")):
        plain(scope, "Plain")
        acknowledge(plain(scope, "Acknowledged"), "EcrChecks::ECR002", "EcrChecks::ECR016")
        suppressed = plain(scope, "Suppressed")
        said = [{"rule": rule, "reason": "It is."} for rule in ("ECR002", "ECR016")]
        suppressed.add_metadata("ecr-constructs", {"suppress": said})
    # The raw ones of stack and nested stack have one logical id.
    acknowledge(stack.node.find_child("Nested"), "EcrChecks::ECR012")
    acknowledge(stack, "EcrChecks::ECR102", "Other::ECR013", "ECR013")
    with suppress(RuntimeError):
        app.synth()
    return tmp_path


def plain(scope: cdk.Stack, construct_id: str) -> ecr.CfnRepository:
    """Define an L1 with every fault."""
    name = f"{BAD_NAME}/{construct_id}/{'a' if scope.nested_stack_parent else 'b'}"
    return ecr.CfnRepository(scope, construct_id, repository_name=name)


def acknowledge(construct: Any, *rules: str) -> None:
    """Acknowledge some rules of a construct."""
    for each in rules:
        cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=each, reason="It is."))


def at_synthesis(outdir: Path) -> Findings:
    """Return what the plugin reported, by path."""
    validation = json.loads((outdir / "validation-report.json").read_text(encoding="utf-8"))
    [found] = [each for each in validation["pluginReports"] if each["pluginName"] == "EcrChecks"]
    return {
        (violation["ruleName"], construct["cloudFormationResource"]["logicalId"])
        for violation in found["violations"]
        if violation["ruleName"] in FAULTS
        for construct in violation["violatingConstructs"]
        if "Nested" not in construct["constructPath"]
    }


def templates(outdir: Path) -> Iterator[Path]:
    """Yield the template of the stack."""
    yield from (outdir / "assembly-Prod").glob("*[!d].template.json")


def at_the_command_line(outdir: Path) -> Findings:
    """Return what the command line finds in the stack."""
    [stack] = templates(outdir)
    return {
        (each.rule, each.resource)
        for each in report(load([outdir])).findings
        if each.rule in FAULTS and each.template == str(stack)
    }


def at_the_editor(outdir: Path) -> Findings:
    """Return what cfn-lint finds in the stack."""
    [stack] = templates(outdir)
    config = ManualArgs(regions=["eu-central-1"], append_rules=["ecr_constructs.checks.cfnlint"])
    return {
        (each.rule.id, str(each.path[1]))
        for each in lint_file(stack, config=config)
        if each.rule.id in FAULTS
    }


@pytest.mark.parametrize(
    "door", [at_synthesis, at_the_command_line, at_the_editor], ids=lambda door: door.__name__
)
def test_the_doors_agree(outdir: Path, door: Any) -> None:
    """What is left is what nobody suppressed."""
    left = {(rule, name) for rule in FAULTS for name in ("Plain", "Acknowledged", "Suppressed")}
    left -= {(rule, name) for rule, name in left if rule == "ECR102"}
    left -= {
        (rule, name) for rule in ("ECR002", "ECR016") for name in ("Acknowledged", "Suppressed")
    }

    assert left == door(outdir)


def test_a_nested_stack_is_acknowledged_alone(outdir: Path) -> None:
    """One for a nested stack does not reach its parent, although their logical ids are equal."""
    suppressed = [
        each.finding.template.endswith(".nested.template.json")
        for each in report(load([outdir])).suppressed
        if each.finding.rule == "ECR012"
    ]

    # Without paths nobody can tell the two apart, so that nothing is suppressed.
    assert suppressed in ([True, True, True], [])


def test_a_reason_is_kept(outdir: Path) -> None:
    """What was suppressed is listed, with the reason, whoever suppressed it."""
    reasons = {each.reason for each in report(load([outdir])).suppressed}

    assert {"It is."} == reasons


def test_a_damaged_assembly_is_refused(outdir: Path) -> None:
    """It is said which file cannot be read."""
    [template] = templates(outdir)
    metadata = template.with_name(template.name.replace(".template.", ".metadata."))
    metadata.write_text(metadata.read_text(encoding="utf-8")[:-9], encoding="utf-8")

    with pytest.raises(CheckError, match=r"metadata\.json is no JSON; synthesize again"):
        load([outdir])


def test_a_template_elsewhere_has_no_acknowledgments(tmp_path: Path) -> None:
    """Only CDK writes a file beside the template."""
    names = ("template.yaml", "Stack.template.json")

    assert [[], []] == [[*acknowledgments(tmp_path / each)] for each in names]


def test_a_test_of_an_app_asks_for_no_findings(stack: cdk.Stack) -> None:
    """As a user writes it: a template of CDK's own assertions, and a rule left out."""
    plain(stack, "Plain")
    template = assertions.Template.from_stack(stack)

    with pytest.raises(AssertionError, match=r"ECR002 Plain\.Properties\.RepositoryName: the name"):
        assert_no_findings(template)
    assert_no_findings(template, ignore=FAULTS)


def test_a_test_takes_a_template_as_it_is() -> None:
    """Any template as Python values, of whatever tool."""
    sound: Template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}

    assert_no_findings(sound)
