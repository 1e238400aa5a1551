"""The shipped stacks pass the validators of AWS and of the community."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import aws_cdk as cdk
import pytest
from cdk_nag import AwsSolutionsChecks

from ecr_constructs.environment.resolution import ResolvedEnvironment
from stacks.stage import EnvironmentStage
from tests.app.conftest import Templates
from tests.support.policy_evaluator import World
from tests.support.policy_judges import by_cfripper, by_parliament, unaccepted
from tests.support.validators import linted, validated

OPEN_TO_THE_ORGANIZATION = (
    "AwsSolutions::AwsSolutions-ECR1",
    "The principal is '*' under a condition: only accounts of the organization may pull.",
)
LOGGING_IN = (
    "AwsSolutions::AwsSolutions-IAM5[Resource::*]",
    "ecr:GetAuthorizationToken knows no resources.",
)
BELOW_A_PREFIX = (
    "AwsSolutions::AwsSolutions-IAM5[Resource::arn:aws:ecr:{}:{}:repository/{}*]",
    "ECR creates repositories below the template's own prefix, whose names are not known yet.",
)

DEAD_LETTERS = (
    "AwsSolutions::AwsSolutions-SQS3",
    "It is the dead-letter queue of the rules that send alerts.",
)


def _acknowledgements(environment: ResolvedEnvironment) -> dict[str, str]:
    """Return why each finding of cdk-nag's AwsSolutions pack is acceptable, by its id."""
    rule, reason = BELOW_A_PREFIX
    always = [OPEN_TO_THE_ORGANIZATION, LOGGING_IN]
    if environment.alerts:
        always.append(DEAD_LETTERS)
    return dict(always) | {
        rule.format(replica.region, replica.account, prefix): reason
        for replica in environment.replicas
        for prefix in environment.replicated_prefixes
        if prefix.endswith("/")
    }


def test_cfn_lint_finds_nothing(templates: Templates) -> None:
    """No template has a finding, whichever Region it would be deployed to."""
    findings = {path: linted(json.dumps(template)) for path, template in templates.items()}
    assert [] == [(path, finding) for path in templates for finding in findings[path]]


def test_cloudformation_validate_finds_nothing(templates: Templates) -> None:
    """AWS's own validator warns of nothing."""
    findings = {
        path: validated(json.dumps(template), "eu-central-1")
        for path, template in templates.items()
    }
    assert [] == [(path, finding) for path in templates for finding in findings[path]]


def test_parliament_and_cfripper_find_nothing_that_has_no_reason(
    templates: Templates, shipped: Mapping[str, ResolvedEnvironment]
) -> None:
    """Independent validators of policies have no other finding."""
    accounts = {
        path: re.findall(r"Account(\d{12})", path)
        or [shipped[path.partition("/")[0].lower()].account]
        for path in templates
    }
    world = World.of(*((it, *accounts[path], "eu-central-1") for path, it in templates.items()))
    findings = [
        finding
        for stack in world.stacks
        for finding in (*by_parliament(stack), *by_cfripper(stack))
    ]

    assert "" == "\n".join(unaccepted(findings))


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_cdk_nag_finds_only_what_is_acknowledged(
    shipped: Mapping[str, ResolvedEnvironment], name: str, tmp_path: Path
) -> None:
    """Every finding has a reason, and every reason a finding."""
    reasons = _acknowledgements(shipped[name])
    assert {rule.partition("::")[2] for rule in reasons} == _broken(
        shipped[name], {}, tmp_path / "loud"
    )
    assert set() == _broken(shipped[name], reasons, tmp_path / "silent")


def _broken(environment: ResolvedEnvironment, reasons: Mapping[str, str], outdir: Path) -> set[str]:
    """Synthesize an environment with cdk-nag and return the rules that it breaks."""
    app = cdk.App(analytics_reporting=False, outdir=str(outdir))
    EnvironmentStage(app, environment)
    validations = cdk.Validations.of(app)
    validations.add_plugins(AwsSolutionsChecks())
    for rule, reason in reasons.items():
        validations.acknowledge(cdk.Acknowledgment(id=rule, reason=reason))
    try:
        app.synth()
    except RuntimeError:
        report = json.loads((outdir / "validation-report.json").read_text(encoding="utf-8"))
        return {violation["ruleName"] for violation in report["pluginReports"][0]["violations"]}
    return set()
