"""What events, alerts and endpoints render passes the validators, and our own checks."""

import json
from collections.abc import Callable

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events_targets as targets

from ecr_constructs import Registry, RegistryEndpoints, Repository, ScanAlerts, UsageAlarms
from ecr_constructs.checks import Template, check
from tests.constructs.test_validators import nag
from tests.support.constructs import ACCOUNT, ENV, new_app, template
from tests.support.validators import linted, validated


def alerts(app: cdk.App) -> cdk.Stack:
    """Return a stack that tells of everything there is."""
    stack = cdk.Stack(app, "Alerts", env=ENV)
    registry = Registry(stack, "Registry")
    registry.scan_enhanced(continuous=["*"])
    made = ScanAlerts(stack, "Scans", emails=["platform@example.com"])
    UsageAlarms(stack, "Usage", topic=made.topic, repositories=["payments/api"])
    api = Repository(stack, "Api", repository_name="payments/api")
    target = targets.SnsTopic(made.topic, dead_letter_queue=made.dead_letter_queue)
    api.on_image_pushed("Pushed", target=target, tags=["v*", "stable"])
    api.on_image_deleted("Deleted", target=target)
    registry.on_scan_completed("Scanned", target=target, severity="CRITICAL")
    registry.on_finding("Found", target=target, prefixes=["payments/"], tags=["v*"])
    registry.on_replicated("Replicated", target=target, failed=True)
    registry.on_pull_through_cache("Cached", target=target, failed=True)
    return stack


def endpoints(app: cdk.App) -> cdk.Stack:
    """Return a stack in whose VPC images are pulled without the internet."""
    stack = cdk.Stack(app, "Endpoints", env=ENV)
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0a1b2c3d4e5f6a7b8",
        vpc_cidr_block="10.0.0.0/16",
        availability_zones=["eu-central-1a", "eu-central-1b"],
        isolated_subnet_ids=["subnet-0a1b2c3d4e5f6a7b8", "subnet-1a1b2c3d4e5f6a7b8"],
        isolated_subnet_route_table_ids=["rtb-0a1b2c3d4e5f6a7b8", "rtb-1a1b2c3d4e5f6a7b8"],
    )
    selection = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
    RegistryEndpoints(
        stack, "Pulls", vpc=vpc, subnets=selection, prefixes=["payments/"], cache_prefixes=["quay"]
    )
    return stack


STACKS = [alerts, endpoints]


@pytest.fixture(scope="module", params=STACKS, ids=lambda make: make.__name__)
def text(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the text of a stack's template."""
    make: Callable[[cdk.App], cdk.Stack] = request.param
    return json.dumps(template(make(new_app(tmp_path_factory.mktemp("cdk.out")))))


def test_cfn_lint_finds_nothing(text: str) -> None:
    """cfn-lint has no finding in a Region of each partition that it knows."""
    assert [] == linted(text, ["eu-central-1", "cn-north-1", "us-gov-west-1"])


def test_cloudformation_validate_finds_nothing(text: str) -> None:
    """The validator of the CloudFormation team has no finding."""
    assert [] == validated(text, "eu-central-1")


def test_our_own_checks_find_nothing(text: str) -> None:
    """Both scanners are asked, topics are encrypted and open to EventBridge."""
    template = Template("Alerts", json.loads(text), account=ACCOUNT, region="eu-central-1")

    assert () == tuple(check([template]))


def test_cdk_nag_finds_only_what_is_no_fault(app: cdk.App) -> None:
    """It does not know that a rule's queue for dead letters needs none of its own."""
    alerts(app)
    endpoints(app)

    assert ["AwsSolutions-SQS3 Alerts/Scans/DeadLetters/Resource"] == nag(app)
