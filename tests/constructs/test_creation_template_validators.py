"""Templates, caches, public repositories and settings pass the validators, in every Region."""

import json
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from cfnlint.api import ManualArgs, lint
from cloudformation_validate import (
    CelEngine,
    PseudoParameterOverrides,
    Severity,
    TemplateContent,
    ValidateConfig,
)

from ecr_constructs import Encryption, LifecyclePolicy, LifecycleRule, RegistryKey, TagMutability
from ecr_constructs.constructs.account_settings import AccountSettings
from ecr_constructs.constructs.creation_template import RepositoryCreationTemplate
from ecr_constructs.constructs.public_repository import PublicRepository
from ecr_constructs.constructs.pull_through_cache import PullThroughCache
from ecr_constructs.constructs.pull_through_credential import PullThroughCredential
from ecr_constructs.model.upstreams import Upstream
from tests.support.constructs import (
    ACCOUNT,
    ENV,
    ORGANIZATION,
    OTHER_ACCOUNT,
    new_app,
    template,
)

if TYPE_CHECKING:
    from collections.abc import Callable

TEMPLATES: dict[str, dict[str, Any]] = {
    "Plain": {"prefix": "plain", "applied_for": ["REPLICATION"]},
    "Rest": {
        "prefix": "ROOT",
        "applied_for": ["CREATE_ON_PUSH", "PULL_THROUGH_CACHE", "REPLICATION"],
        "tag_mutability": TagMutability.immutable(except_for=["latest", "c*-*"]),
        "encryption": Encryption.aws_managed(),
    },
    "Shared": {
        "prefix": "shared",
        "applied_for": ["CREATE_ON_PUSH"],
        "description": "Shared with everyone",
        "lifecycle": LifecyclePolicy(LifecycleRule.keep_last(100)),
        "pull_organizations": [ORGANIZATION],
        "pull_accounts": [OTHER_ACCOUNT],
        "push_accounts": [OTHER_ACCOUNT],
        "push_principals": [f"arn:aws:iam::{OTHER_ACCOUNT}:role/deployer"],
        "tags": {"team": "platform"},
    },
}


def upstreams(stack: cdk.Stack) -> list[Upstream]:
    """Return all nine upstreams, with one credential for those that need one."""
    secret = PullThroughCredential(stack, "Credential", name="all", username="acme")
    return [
        Upstream.docker_hub(secret),
        Upstream.github(secret),
        Upstream.gitlab(secret),
        Upstream.azure("acme.azurecr.io", secret),
        Upstream.chainguard(secret),
        Upstream.ecr_public(),
        Upstream.kubernetes(),
        Upstream.quay(),
        Upstream.ecr(account=OTHER_ACCOUNT, region="eu-west-1"),
    ]


def fill(stack: cdk.Stack) -> cdk.Stack:
    """Define every kind of template and cache."""
    puller = iam.Role(stack, "Puller", assumed_by=iam.AccountRootPrincipal())
    for construct_id, keywords in TEMPLATES.items():
        RepositoryCreationTemplate(stack, construct_id, **keywords)
    for number, upstream in enumerate(upstreams(stack)):
        cache = PullThroughCache(
            stack,
            f"Cache{number}",
            upstream=upstream,
            upstream_repository_prefix="team" if number % 2 else None,
            tags={"cache": "yes"} if number % 3 else None,
        )
        cache.grant_pull(puller)
    key = RegistryKey(stack, "Key", alias="alias/ecr/prod")
    RepositoryCreationTemplate(
        stack,
        "OwnKey",
        prefix="own-key",
        applied_for=["REPLICATION"],
        encryption=Encryption.customer_managed(key),
    )
    return stack


def known(app: cdk.App) -> cdk.Stack:
    """Return a stack of a known account and Region."""
    return fill(cdk.Stack(app, "Known", env=ENV))


def agnostic(app: cdk.App) -> cdk.Stack:
    """Return a stack without Region whose template is good for all of them."""
    return fill(cdk.Stack(app, "Agnostic"))


def public(app: cdk.App) -> cdk.Stack:
    """Return a stack of public repositories, which exist in one Region."""
    env = cdk.Environment(account=ACCOUNT, region="us-east-1")
    stack = cdk.Stack(app, "Public", env=env)
    PublicRepository(stack, "Plain")
    cli = PublicRepository(
        stack,
        "Cli",
        repository_name="acme/cli",
        description="The command line of Acme",
        about="# Acme",
        usage="`docker run`",
        architectures=["ARM", "ARM 64", "x86", "x86-64"],
        operating_systems=["Linux", "Windows"],
        push_accounts=[OTHER_ACCOUNT],
        tags={"team": "scripts"},
    )
    cli.grant_push(iam.Role(stack, "Role", assumed_by=iam.AccountRootPrincipal()))
    return stack


def settings(app: cdk.App) -> cdk.Stack:
    """Return a stack of account settings, with the function that CDK adds for them."""
    stack = cdk.Stack(app, "Settings", env=ENV)
    AccountSettings(
        stack,
        "Settings",
        basic_scan_version="AWS_NATIVE",
        registry_policy_scope="V2",
        blob_mounting=True,
    )
    return stack


STACKS = [known, agnostic, public, settings]
# CDK's own function depends on its role twice; and the account in a policy that is a text is
# another one than the stack's, so that no pseudo parameter could stand for it.
FALSE_ALARMS = {"Settings": {"W3005"}, "Known": {"W9013"}}


@pytest.fixture(scope="module", params=STACKS, ids=lambda make: make.__name__)
def synthesized(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, str, str]:
    """Return a stack's name, the text of its template and the Region it is for."""
    make: Callable[[cdk.App], cdk.Stack] = request.param
    stack = make(new_app(tmp_path_factory.mktemp("cdk.out")))
    region = "us-east-1" if cdk.Token.is_unresolved(stack.region) else stack.region
    return stack.stack_name, json.dumps(template(stack)), region


def test_cfn_lint_finds_nothing(synthesized: tuple[str, str, str]) -> None:
    """cfn-lint has no finding in any Region that has the types."""
    name, text, region = synthesized
    regions = [region] if name == "Public" else ["ALL_REGIONS"]
    rendered = lint(text, config=ManualArgs(regions=regions))

    grave = [item for item in rendered if item.rule.id not in FALSE_ALARMS.get(name, ())]
    assert [] == [f"{entry.rule.id} {entry.path}: {entry.message}" for entry in grave]


def test_cloudformation_validate_finds_nothing(synthesized: tuple[str, str, str]) -> None:
    """The validator of the CloudFormation team has no finding in the stack's Region."""
    name, text, region = synthesized
    config = ValidateConfig(pseudo_parameter_overrides=PseudoParameterOverrides(region=region))
    rendered = CelEngine().validate_template(TemplateContent(text), config).diagnostics

    grave = {
        item.rule_id: item.message
        for item in rendered
        if item.severity.value >= Severity.WARN.value
    }
    assert {} == {rule: grave[rule] for rule in grave.keys() - FALSE_ALARMS.get(name, set())}
