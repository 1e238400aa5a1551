"""Stacks that use every construct with every setting; third-party validators read them."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam

from ecr_constructs import (
    AccountSettings,
    Encryption,
    LifecyclePolicy,
    LifecycleRule,
    PublicRepository,
    PullThroughCache,
    PullThroughCredential,
    Registry,
    RegistryEndpoints,
    RegistryKey,
    Repository,
    RepositoryCreationTemplate,
    Retention,
    ScanAlerts,
    TagMutability,
    Upstream,
    UsageAlarms,
)
from tests.support.constructs import ACCOUNT, ENV, ORGANIZATION, OTHER_ACCOUNT, THIRD_ACCOUNT

GOVCLOUD = cdk.Environment(account=ACCOUNT, region="us-gov-west-1")
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


def _upstreams(stack: cdk.Stack) -> list[Upstream]:
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


def _fill(stack: cdk.Stack) -> cdk.Stack:
    """Define every kind of template and cache."""
    puller = iam.Role(stack, "Puller", assumed_by=iam.AccountRootPrincipal())
    for construct_id, keywords in TEMPLATES.items():
        RepositoryCreationTemplate(stack, construct_id, **keywords)
    for number, upstream in enumerate(_upstreams(stack)):
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


def caches(app: cdk.App) -> cdk.Stack:
    """Return a stack of a known account and Region."""
    return _fill(cdk.Stack(app, "Caches", env=ENV))


def agnostic_caches(app: cdk.App) -> cdk.Stack:
    """Return a stack without Region whose template is good for all of them."""
    return _fill(cdk.Stack(app, "AgnosticCaches"))


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


GALLERIES = (
    gallery,
    agnostic_gallery,
    govcloud,
    alerts,
    endpoints,
    caches,
    agnostic_caches,
    public,
    settings,
)
