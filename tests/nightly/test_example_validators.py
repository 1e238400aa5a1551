"""What the app, the examples and the constructs render passes the validators of others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import aws_cdk as cdk
import pytest

from ecr_constructs.checks import Template, check
from ecr_constructs.environment.loading import load_environments
from stacks.stage import EnvironmentStage
from tests.support import galleries
from tests.support.constructs import ACCOUNT, REGION, ROOT
from tests.support.validators import SOURCES, linted, nag, synthesize, validated

if TYPE_CHECKING:
    from pathlib import Path

    from ecr_constructs.environment.resolution import ResolvedEnvironment

# An example is for its own Region; all else is good in every Region that has the resource types.
REGIONS = {
    **dict.fromkeys(SOURCES, ("ALL_REGIONS",)),
    **dict.fromkeys(source for source in SOURCES if source.startswith("examples/")),
    "public": ("us-east-1",),
    # The service names of a VPC's endpoints are a Region's own.
    **dict.fromkeys(("alerts", "endpoints"), (REGION, "cn-north-1", "us-gov-west-1")),
}
# What is found nevertheless, and why it is no fault.
FALSE_ALARMS = {
    # It wants an ARN that is joined from references, but the account of one is another's.
    "caches": {"W9013"},
    # The function that CDK adds depends on its role twice.
    "settings": {"W3005"},
    "examples/account_settings": {"W3005"},
    # The example names its zones, since CDK would look them up.
    "examples/private_pulls": {"W3010"},
}


@pytest.mark.parametrize(
    "source", [pytest.param(source, marks=pytest.mark.xdist_group(source)) for source in SOURCES]
)
def test_the_validators_find_only_false_alarms(source: str, tmp_path: Path) -> None:
    """Neither cfn-lint, in any Region, nor CloudFormation's own validator, in the stack's."""
    stacks = synthesize(source, tmp_path)
    findings = [
        finding
        for _, text, region in stacks
        for finding in (
            *linted(text, REGIONS[source] or (str(region),)),
            *validated(text, region or REGION),
        )
    ]

    assert stacks
    assert FALSE_ALARMS.get(source, set()) == {item[:5] for item in findings}, findings


def test_the_validators_are_awake() -> None:
    """Both find a faulty property, and cfn-lint a type that some Regions do not have."""
    faulty = {"Type": "AWS::ECR::Repository", "Properties": {"ImageTagMutability": "FROZEN"}}
    profile = f"arn:aws:signer:eu-central-1:{ACCOUNT}:/signing-profiles/prod"
    everything = [{"Filter": "*", "FilterType": "WILDCARD_MATCH"}]
    rules = [{"SigningProfileArn": profile, "RepositoryFilters": everything}]
    rare = {"Type": "AWS::ECR::SigningConfiguration", "Properties": {"Rules": rules}}
    text = json.dumps({"Resources": {"Faulty": faulty, "Rare": rare}})

    assert {"E3006", "E3030"} == {finding.split()[0] for finding in linted(text)}
    assert ["W3030"] == [line.split(":")[0] for line in validated(text, REGION)]


@pytest.mark.parametrize("source", ["alerts", "endpoints"])
def test_our_own_checks_find_nothing(source: str, tmp_path: Path) -> None:
    """Both scanners are asked, topics are encrypted and open to EventBridge."""
    [(stack, text, region)] = synthesize(source, tmp_path)
    template = Template(stack, json.loads(text), account=ACCOUNT, region=str(region))

    assert () == tuple(check([template]))


def test_cdk_nag_finds_only_what_is_known_in_a_gallery(tmp_path: Path) -> None:
    """It reads no condition of the principal ``*``, and wants a queue behind the last queue."""
    app = cdk.App(analytics_reporting=False, outdir=str(tmp_path))
    for make in (galleries.gallery, galleries.alerts, galleries.endpoints):
        make(app)

    assert {
        "AwsSolutions-ECR1": ["Gallery/Shared/Resource"],
        "AwsSolutions-SQS3": ["Alerts/Scans/DeadLetters/Resource"],
    } == nag(app)


def _acknowledgments(environment: ResolvedEnvironment) -> dict[str, str]:
    """Return why each finding of cdk-nag's AwsSolutions pack is acceptable, by its id."""
    reasons = {
        "ECR1": "The principal is '*' under a condition: only accounts of the organization pull.",
        "IAM5[Resource::*]": "ecr:GetAuthorizationToken takes no resource.",
    }
    if environment.alerts:
        reasons["SQS3"] = "It is the dead-letter queue of the rules that send alerts."
    for replica in environment.replicas:
        for prefix in environment.replicated_prefixes:
            if prefix.endswith("/"):
                arn = f"arn:aws:ecr:{replica.region}:{replica.account}:repository/{prefix}*"
                reasons[f"IAM5[Resource::{arn}]"] = (
                    "ECR creates repositories below the template's own prefix, with any name."
                )
    return {f"AwsSolutions-{rule}": reason for rule, reason in reasons.items()}


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_cdk_nag_finds_only_what_is_acknowledged(name: str, tmp_path: Path) -> None:
    """Every finding in a shipped environment has a reason, and every reason a finding."""
    environment = load_environments(ROOT / "environments")[name]
    reasons = _acknowledgments(environment)
    loud, silent = (
        cdk.App(analytics_reporting=False, outdir=str(tmp_path / folder))
        for folder in ("loud", "silent")
    )
    for app in (loud, silent):
        EnvironmentStage(app, environment)
    for rule, reason in reasons.items():
        acknowledgment = cdk.Acknowledgment(id=f"AwsSolutions::{rule}", reason=reason)
        cdk.Validations.of(silent).acknowledge(acknowledgment)

    assert reasons.keys() == nag(loud).keys()
    assert {} == nag(silent)
