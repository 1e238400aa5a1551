"""Plugin, command line, cfn-lint and assertion agree on one app and its suppressions."""

import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_ecr as ecr
from cfnlint.config import ConfigMixIn
from cfnlint.rules import Rules
from cfnlint.runner import run_template_by_file_path

from ecr_constructs import EcrChecks
from ecr_constructs.checks import CheckError, assert_no_findings, load, report
from ecr_constructs.cloudformation.acknowledgments import Acknowledged, acknowledged_in
from tests.support.constructs import CONTEXT, ENV, Template

# A name that ECR refuses, and none of the settings that are asked for.
FAULTS = ("ECR002", "ECR012", "ECR013", "ECR016", "ECR102")
BAD_NAME = "Payments/API"

Findings = set[tuple[str, str]]


@pytest.fixture(scope="module", params=[True, False], ids=["with paths", "without paths"])
def outdir(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Synthesize an app with suppressions of both kinds; templates may tell paths, or not."""
    folder = tmp_path_factory.mktemp("assembly")
    app = cdk.App(
        analytics_reporting=False,
        context={**CONTEXT, "aws:cdk:enable-path-metadata": request.param},
        outdir=str(folder),
    )
    cdk.Validations.of(app).add_plugins(EcrChecks())
    stage = cdk.Stage(app, "Prod", env=ENV)
    stack = cdk.Stack(stage, "Stack")
    large = cdk.Stack(app, "Large")
    large.template_options.metadata = {"notes": "x" * 1_000_000}
    plain(large, "Plain")
    acknowledge(app, "EcrChecks::ECR603", reason="So be it.")
    acknowledge(stage, "EcrChecks::ECR013", reason="So be it.")
    for scope in (stack, cdk.NestedStack(stack, "Nested")):
        plain(scope, "Plain")
        acknowledge(plain(scope, "Acknowledged"), "EcrChecks::ECR002", "EcrChecks::ECR016")
        suppressed = plain(scope, "Suppressed")
        entries = [{"rule": rule, "reason": "It is."} for rule in ("ECR002", "ECR016")]
        suppressed.add_metadata("ecr-constructs", {"suppress": entries})
    # The raw ones of stack and nested stack have one logical id.
    acknowledge(stack.node.find_child("Nested"), "EcrChecks::ECR012")
    acknowledge(stack, "EcrChecks::ECR102", "Other::ECR013", "ECR013")
    with suppress(RuntimeError):
        app.synth()
    return folder


def plain(scope: cdk.Stack, construct_id: str) -> ecr.CfnRepository:
    """Define an L1 with every fault."""
    name = f"{BAD_NAME}/{construct_id}/{'a' if scope.nested_stack_parent else 'b'}"
    return ecr.CfnRepository(scope, construct_id, repository_name=name)


def acknowledge(construct: Any, *rules: str, reason: str = "It is.") -> None:
    """Acknowledge some rules of a construct."""
    for rule in rules:
        cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=rule, reason=reason))


def at_synthesis(outdir: Path) -> Findings:
    """Return what the plugin reported, by path."""
    validation = json.loads((outdir / "validation-report.json").read_text(encoding="utf-8"))
    [plugin] = [item for item in validation["pluginReports"] if item["pluginName"] == "EcrChecks"]
    return {
        (violation["ruleName"], construct["cloudFormationResource"]["logicalId"])
        for violation in plugin["violations"]
        if violation["ruleName"] in FAULTS
        for construct in violation["violatingConstructs"]
        if construct["constructPath"].startswith("Prod/Stack/")
        and "Nested" not in construct["constructPath"]
    }


def templates(outdir: Path) -> Iterator[Path]:
    """Yield the template of the stack."""
    yield from (outdir / "assembly-Prod").glob("*[!d].template.json")


def at_the_command_line(outdir: Path) -> Findings:
    """Return what the command line finds in the stack."""
    [stack] = templates(outdir)
    return {
        (finding.rule, finding.resource)
        for finding in report(load([outdir])).findings
        if finding.rule in FAULTS and finding.template == str(stack)
    }


def at_the_editor(outdir: Path) -> Findings:
    """Return what cfn-lint finds in the stack."""
    [stack] = templates(outdir)
    config = ConfigMixIn(["--template", str(stack)], regions=["eu-central-1"])
    rules = Rules.create_from_module("ecr_constructs.checks.cfnlint")
    return {
        (rule.rule.id, str(rule.path[1]))
        for rule in run_template_by_file_path(str(stack), config, rules, ignore_bad_template=False)
        if rule.rule.id in FAULTS
    }


@pytest.mark.parametrize(
    "integration",
    [at_synthesis, at_the_command_line, at_the_editor],
    ids=lambda function: function.__name__,
)
def test_the_integrations_agree(outdir: Path, integration: Any) -> None:
    """What is left is what nobody suppressed."""
    left = {(rule, "Plain") for rule in ("ECR002", "ECR012", "ECR016")}

    assert left | {("ECR012", "Acknowledged"), ("ECR012", "Suppressed")} == integration(outdir)


def test_a_nested_stack_is_acknowledged_alone(outdir: Path) -> None:
    """One for a nested stack does not reach its parent, although their logical ids are equal."""
    suppressed = [
        item.finding.template.endswith(".nested.template.json")
        for item in report(load([outdir])).suppressed
        if item.finding.rule == "ECR012"
    ]

    assert [True, True, True] == suppressed


def test_a_reason_is_kept(outdir: Path) -> None:
    """What was suppressed is listed, with the reason, whoever suppressed it."""
    reasons = {item.reason for item in report(load([outdir])).suppressed}

    assert {"It is.", "So be it."} == reasons


def test_what_stage_and_app_acknowledged_is_in_the_report(outdir: Path) -> None:
    """The plugin's report tells the command line, also if that is shown a part of the assembly."""
    [stack] = templates(outdir)
    for given in (outdir / "assembly-Prod", stack):
        result = report(load([given]))
        assert "ECR013" in {item.finding.rule for item in result.suppressed}
        assert "ECR013" not in {finding.rule for finding in result.findings}


def test_a_finding_of_a_template_is_acknowledged_at_the_app(outdir: Path) -> None:
    """It belongs to no resource, but to the stack."""
    suppressed = [item for item in report(load([outdir])).suppressed if not item.finding.resource]

    assert [("ECR603", "So be it.")] == [(item.finding.rule, item.reason) for item in suppressed]


def test_without_the_plugin_they_are_lost(outdir: Path, tmp_path: Path) -> None:
    """CDK itself keeps what a stack acknowledges, and nothing from above it."""
    copied = shutil.copytree(outdir, tmp_path / "copy")
    (copied / "validation-report.json").unlink()

    assert {"ECR013", "ECR603"} <= {finding.rule for finding in report(load([copied])).findings}


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A cloud assembly with an empty stack."""
    (tmp_path / "manifest.json").write_text('{"artifacts": {}}', encoding="utf-8")
    (tmp_path / "Stack.template.json").write_text('{"Resources": {}}', encoding="utf-8")
    return tmp_path / "Stack.template.json"


def test_a_damaged_report_is_refused(bare: Path) -> None:
    """It is said which file cannot be read."""
    bare.with_name("validation-report.json").write_text("{", encoding="utf-8")

    with pytest.raises(CheckError, match=r"validation-report\.json is not JSON"):
        load([bare])


UNPLACED = {"ruleName": "ECR012", "reason": "It is.", "violatingConstructs": [5]}


@pytest.mark.parametrize(
    "reports",
    [
        {},
        5,
        [5],
        [{"summary": {"pluginName": "CfnGuard", "status": "failure"}, "violations": []}],
        [{"pluginName": "EcrChecks", "suppressedViolations": [5]}],
        [{"pluginName": "EcrChecks", "suppressedViolations": [UNPLACED]}],
    ],
    ids=range(6),
)
def test_a_report_of_another_shape_tells_nothing(reports: Any, bare: Path) -> None:
    """Older versions of CDK wrote others."""
    report = json.dumps({"pluginReports": reports})
    bare.with_name("validation-report.json").write_text(report, encoding="utf-8")

    assert [[]] == [item.acknowledged for item in load([bare])]


def test_a_damaged_assembly_is_refused(outdir: Path, tmp_path: Path) -> None:
    """It is said which file cannot be read."""
    copied = shutil.copytree(outdir, tmp_path / "copy")
    [template] = templates(copied)
    metadata = template.with_name(template.name.replace(".template.", ".metadata."))
    metadata.write_text(metadata.read_text(encoding="utf-8")[:-9], encoding="utf-8")

    with pytest.raises(CheckError, match=r"metadata\.json is not JSON"):
        load([copied])


def test_a_template_elsewhere_has_no_acknowledgments(tmp_path: Path) -> None:
    """Only CDK writes a file beside the template."""
    names = ("template.yaml", "Stack.template.json")

    assert [Acknowledged()] * 2 == [acknowledged_in(tmp_path / name) for name in names]


def test_a_test_of_an_app_asks_for_no_findings(stack: cdk.Stack) -> None:
    """As a user writes it: a template of CDK's own assertions, and a rule left out."""
    plain(stack, "Plain")
    template = assertions.Template.from_stack(stack)

    with pytest.raises(AssertionError, match=r"ECR002 Plain\.Properties\.RepositoryName: "):
        assert_no_findings(template)
    assert_no_findings(template, ignore=FAULTS)


def test_a_test_takes_a_template_as_it_is() -> None:
    """Any template as Python values, of whatever tool."""
    sound: Template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}

    assert_no_findings(sound)
