"""Pull requests: small apps, each before and after a change that somebody might propose."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from ecr_constructs import (
    Encryption,
    LifecyclePolicy,
    LifecycleRule,
    Registry,
    RegistryKey,
    Repository,
    TagMutability,
)
from tests.support.constructs import ACCOUNT, ORGANIZATION, OTHER_REGION, REGION

Build = Callable[[cdk.App, bool], None]
PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
PROFILE = f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/payments"
RELEASES = LifecycleRule.protect("v*")
UNTAGGED = LifecycleRule.expire_untagged(after_days=14)


def stack(app: cdk.App, name: str = "Payments", region: str = REGION) -> cdk.Stack:
    """Return a stack of the payments team."""
    return cdk.Stack(app, name, env=cdk.Environment(account=ACCOUNT, region=region))


def api(scope: cdk.Stack, construct_id: str = "Api", **settings: Any) -> Repository:
    """Return the repository that is changed."""
    return Repository(scope, construct_id, **{"repository_name": "payments/api", **settings})


def anyone(condition: dict[str, Any] | None = None) -> iam.PolicyStatement:
    """Return a statement that allows everyone to pull under a condition."""
    return iam.PolicyStatement(
        principals=[iam.AnyPrincipal()], actions=PULL, conditions=condition or {}
    )


def within(operator: str, organization: str) -> dict[str, Any]:
    """Return the condition that a principal is of an organization."""
    return {operator: {"aws:PrincipalOrgID": organization}}


def encryption_switched_on(app: cdk.App, head: bool) -> None:
    """A key for a repository that is there."""
    payments = stack(app)
    key = RegistryKey(payments, "Key", alias="alias/ecr/payments")
    api(payments, encryption=Encryption.customer_managed(key) if head else None)


def id_changed(app: cdk.App, head: bool) -> None:
    """A construct is renamed, and its logical id with it."""
    api(stack(app), "Server" if head else "Api")


def stack_changed(app: cdk.App, head: bool) -> None:
    """A repository moves to another team's stack."""
    stacks = [stack(app, name) for name in ("Payments", "Storefront")]
    api(stacks[head])
    for home in stacks:
        Repository(home, "Worker", repository_name=f"{home.stack_name.lower()}/worker")


def repository_removed(app: cdk.App, head: bool) -> None:
    """A repository is taken out of the app."""
    payments = stack(app)
    Repository(payments, "Worker", repository_name="payments/worker")
    if not head:
        api(payments)


def replica_region_removed(app: cdk.App, head: bool) -> None:
    """Images are no longer copied to the second Region."""
    home, replica = stack(app), stack(app, "Replica", OTHER_REGION)
    api(home)
    api(replica)
    Registry(home, "Registry").replicate(
        to_regions=["us-east-1"] if head else ["us-east-1", OTHER_REGION], prefixes=["payments/"]
    )


def key_rotated_off(app: cdk.App, head: bool) -> None:
    """The key is no longer rotated."""
    payments = stack(app)
    key = RegistryKey(payments, "Key", alias="alias/ecr/payments")
    api(payments, encryption=Encryption.customer_managed(key))
    if head:
        key.node.default_child.enable_key_rotation = False  # type: ignore[union-attr]


def signing_dropped(app: cdk.App, head: bool) -> None:
    """Images are no longer signed when they are pushed."""
    payments = stack(app)
    api(payments)
    registry = Registry(payments, "Registry")
    registry.scan_basic(on_push=["*"])
    if not head:
        registry.sign(PROFILE, filters=["payments/*"])


def fifty_repositories_added(app: cdk.App, head: bool) -> None:
    """A team is onboarded."""
    payments = stack(app)
    api(payments)
    for number in range(50 * head):
        Repository(payments, f"Service{number}", repository_name=f"payments/service-{number}")


def the_worst(app: cdk.App, head: bool) -> None:
    """A key for what is there, no more protection of releases, and every AWS account allowed."""
    payments = stack(app)
    key = RegistryKey(payments, "Key", alias="alias/ecr/payments")
    api(payments, encryption=Encryption.customer_managed(key) if head else None)
    rules = [UNTAGGED] if head else [RELEASES, UNTAGGED]
    server = Repository(
        payments,
        "Server",
        repository_name="payments/server",
        lifecycle=LifecyclePolicy(*rules, LifecycleRule.expire(after_days=90)),
        pull_organizations=[] if head else [ORGANIZATION],
    )
    if head:
        server.add_to_resource_policy(anyone(within("StringLike", "o-*")))


WITHIN_ORGANIZATION = {"aws:PrincipalOrgID": ORGANIZATION}
THROUGH_ENDPOINT = {**WITHIN_ORGANIZATION, "aws:SourceVpce": "vpce-0123456789abcdef0"}
SHIELD = LifecycleRule.keep_last(100, tag_patterns=["v*"])
EXPIRE = LifecycleRule.expire(after_days=30, tag_patterns=["*"])
DEPLOY_ROLE = "arn:aws:iam::444455556666:role/deploy"
# The settings of a repository, before and after.
SETTINGS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "name_changed": ({}, {"repository_name": "payments/server"}),
    "retention_removed": (
        {"removal_policy": cdk.RemovalPolicy.RETAIN},
        {"removal_policy": cdk.RemovalPolicy.DESTROY, "empty_on_delete": True},
    ),
    "organization_becomes_everyone": (
        {"pull_organizations": [ORGANIZATION]},
        {"policy_statements": [anyone()]},
    ),
    "organization_becomes_any": (
        {"pull_organizations": [ORGANIZATION]},
        {"policy_statements": [anyone(within("StringLike", "o-*"))]},
    ),
    # The organization may pull from anywhere, no longer through the VPC endpoint alone.
    "condition_dropped": (
        {"policy_statements": [anyone({"StringEquals": THROUGH_ENDPOINT})]},
        {"policy_statements": [anyone({"StringEquals": WITHIN_ORGANIZATION})]},
    ),
    "principal_narrowed": ({"pull_accounts": ["444455556666"]}, {"pull_principals": [DEPLOY_ROLE]}),
    # Fewer images are kept; the inventory has those that are deleted.
    "lifecycle_tightened": (
        {"lifecycle": LifecyclePolicy(UNTAGGED, LifecycleRule.keep_last(10))},
        {"lifecycle": LifecyclePolicy(UNTAGGED, LifecycleRule.keep_last(3))},
    ),
    # A rule that protected releases comes after the one that deletes them.
    "rule_order_swapped": (
        {"lifecycle": LifecyclePolicy(UNTAGGED, SHIELD, EXPIRE)},
        {"lifecycle": LifecyclePolicy(UNTAGGED, EXPIRE, SHIELD)},
    ),
    "scanning_and_tags_weakened": (
        {"scan_on_push": True, "tag_mutability": TagMutability.immutable()},
        {"scan_on_push": False, "tag_mutability": TagMutability.mutable()},
    ),
}


def with_settings(name: str) -> Build:
    """Return an app of one repository, with its settings before or after."""

    def build(app: cdk.App, head: bool) -> None:
        api(stack(app), **SETTINGS[name][head])

    return build


PULL_REQUESTS: dict[str, Build] = {
    **{name: with_settings(name) for name in SETTINGS},
    **{
        build.__name__: build
        for build in (
            encryption_switched_on,
            id_changed,
            stack_changed,
            repository_removed,
            replica_region_removed,
            key_rotated_off,
            signing_dropped,
            fifty_repositories_added,
            the_worst,
        )
    },
}
