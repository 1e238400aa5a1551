"""What the constructs render passes the validators of AWS and of the community, in every Region."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from cdk_nag import AwsSolutionsChecks

from ecr_constructs import (
    Encryption,
    LifecyclePolicy,
    LifecycleRule,
    RegistryKey,
    Repository,
    Retention,
    TagMutability,
)
from tests.support.constructs import (
    ACCOUNT,
    ENV,
    ORGANIZATION,
    OTHER_ACCOUNT,
    REGION,
    THIRD_ACCOUNT,
    new_app,
    template,
)
from tests.support.validators import linted, validated

if TYPE_CHECKING:
    from collections.abc import Callable

GOVCLOUD = cdk.Environment(account=ACCOUNT, region="us-gov-west-1")
OPEN_ACCESS = "AwsSolutions::AwsSolutions-ECR1"
SIGNING = "AWS::ECR::SigningConfiguration"
PROFILE = f"arn:aws:signer:eu-central-1:{ACCOUNT}:/signing-profiles/prod"

CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "Plain": {},
    "Named": {"repository_name": "payments/api--v2", "tags": {"team": "payments"}},
    "Mutable": {"tag_mutability": TagMutability.mutable(), "scan_on_push": False},
    "ImmutableBut": {"tag_mutability": TagMutability.immutable(except_for=["latest", "c*-*"])},
    "MutableBut": {"tag_mutability": TagMutability.mutable(except_for=list("abcde"))},
    "AwsManagedKey": {"encryption": Encryption.aws_managed()},
    "Aes256": {"encryption": Encryption.aes256()},
    "Development": {"lifecycle": Retention.development(protect_tags=["demo-*"])},
    "Staging": {"lifecycle": Retention.staging()},
    "Production": {"lifecycle": Retention.production()},
    "Archive": {
        "lifecycle": LifecyclePolicy(
            LifecycleRule.archive(after_days=30, tag_prefixes=["old-"]),
            LifecycleRule.archive(not_pulled_for_days=90),
            LifecycleRule.expire_archived(after_days=365),
        )
    },
    "KeepsAll": {"lifecycle": LifecyclePolicy()},
    "Ephemeral": {"removal_policy": cdk.RemovalPolicy.DESTROY, "empty_on_delete": True},
    "Shared": {
        "pull_organizations": [ORGANIZATION],
        "pull_accounts": [OTHER_ACCOUNT],
        "push_accounts": [OTHER_ACCOUNT, THIRD_ACCOUNT],
        "push_principals": [f"arn:aws:iam::{OTHER_ACCOUNT}:role/deployer"],
    },
}


def gallery(app: cdk.App) -> cdk.Stack:
    """Return a stack with a repository of every configuration."""
    stack = cdk.Stack(app, "Gallery", env=ENV)
    for construct_id, keywords in CONFIGURATIONS.items():
        Repository(stack, construct_id, **keywords)
    key = RegistryKey(stack, "Key", alias="alias/ecr/prod")
    encrypted = Repository(stack, "OwnKey", encryption=Encryption.customer_managed(key))
    encrypted.grant_pull(iam.AccountPrincipal(OTHER_ACCOUNT))
    return stack


def agnostic_gallery(app: cdk.App) -> cdk.Stack:
    """Return a stack without Region whose template is good for all of them."""
    stack = cdk.Stack(app, "Agnostic")
    for construct_id, keywords in CONFIGURATIONS.items():
        Repository(stack, construct_id, **keywords)
    return stack


def govcloud(app: cdk.App) -> cdk.Stack:
    """Return a stack of AWS GovCloud (US) with dual-layer encryption."""
    stack = cdk.Stack(app, "GovCloud", env=GOVCLOUD)
    key = RegistryKey(stack, "Key", alias="alias/ecr/prod")
    Repository(stack, "DualLayer", encryption=Encryption.dual_layer())
    Repository(stack, "DualLayerOwnKey", encryption=Encryption.dual_layer(key))
    return stack


STACKS = [gallery, agnostic_gallery, govcloud]


@pytest.fixture(scope="module", params=STACKS, ids=lambda make: make.__name__)
def synthesized(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, str]:
    """Return the text of a stack's template and the Region it is for."""
    make: Callable[[cdk.App], cdk.Stack] = request.param
    stack = make(new_app(tmp_path_factory.mktemp("cdk.out")))
    region = "us-east-1" if cdk.Token.is_unresolved(stack.region) else stack.region
    return json.dumps(template(stack)), region


def test_cfn_lint_finds_nothing(synthesized: tuple[str, str]) -> None:
    """cfn-lint has no finding in any Region."""
    text, _ = synthesized

    assert [] == linted(text)


def test_cloudformation_validate_finds_nothing(synthesized: tuple[str, str]) -> None:
    """The validator of the CloudFormation team has no finding in the stack's Region."""
    assert [] == validated(*synthesized)


def test_the_validators_are_awake() -> None:
    """Both find a faulty property, and cfn-lint a type that some Regions do not have."""
    faulty = {"Type": "AWS::ECR::Repository", "Properties": {"ImageTagMutability": "FROZEN"}}
    everything = [{"Filter": "*", "FilterType": "WILDCARD_MATCH"}]
    rules = [{"SigningProfileArn": PROFILE, "RepositoryFilters": everything}]
    rare = {"Type": SIGNING, "Properties": {"Rules": rules}}
    text = json.dumps({"Resources": {"Faulty": faulty, "Rare": rare}})

    assert {"E3006", "E3030"} == {finding.split()[0] for finding in linted(text)}
    assert ["W3030"] == [line.split(":")[0] for line in validated(text, REGION)]


def nag(app: cdk.App) -> list[str]:
    """Synthesize with cdk-nag and return each rule that is broken, with the construct's path."""
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    try:
        app.synth()
    except RuntimeError:
        report = json.loads((Path(app.outdir) / "validation-report.json").read_text("utf-8"))
        [plugin] = report["pluginReports"]
        return [
            f"{violation['ruleName']} {construct['constructPath']}"
            for violation in plugin["violations"]
            for construct in violation["violatingConstructs"]
        ]
    return []


def test_cdk_nag_finds_only_what_an_organization_is(app: cdk.App) -> None:
    """cdk-nag takes the principal ``*`` for everyone, whatever the condition says."""
    gallery(app)

    assert ["AwsSolutions-ECR1 Gallery/Shared/Resource"] == nag(app)


def test_cdk_nag_finds_nothing_else(app: cdk.App) -> None:
    """With the one false alarm acknowledged, the rules of AWS Solutions are kept."""
    shared = gallery(app).node.find_child("Shared")
    reason = "The principal is '*' under a condition: only accounts of the organization may pull."
    cdk.Validations.of(shared).acknowledge(cdk.Acknowledgment(id=OPEN_ACCESS, reason=reason))

    assert [] == nag(app)
