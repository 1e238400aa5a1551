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


def name_changed(app: cdk.App, head: bool) -> None:
    """A repository gets another name."""
    api(stack(app), repository_name="payments/server" if head else "payments/api")


def id_changed(app: cdk.App, head: bool) -> None:
    """A construct is renamed, and its logical id with it."""
    api(stack(app), "Server" if head else "Api")


def stack_changed(app: cdk.App, head: bool) -> None:
    """A repository moves to another team's stack."""
    stacks = [stack(app, name) for name in ("Payments", "Storefront")]
    api(stacks[head])
    for home in stacks:
        Repository(home, "Worker", repository_name=f"{home.stack_name.lower()}/worker")


def retention_removed(app: cdk.App, head: bool) -> None:
    """A repository goes with its stack, and its images with it."""
    policy = cdk.RemovalPolicy.DESTROY if head else cdk.RemovalPolicy.RETAIN
    api(stack(app), removal_policy=policy, empty_on_delete=head)


def repository_removed(app: cdk.App, head: bool) -> None:
    """A repository is taken out of the app."""
    payments = stack(app)
    Repository(payments, "Worker", repository_name="payments/worker")
    if not head:
        api(payments)


def organization_becomes_everyone(app: cdk.App, head: bool) -> None:
    """The organization is replaced by ``*``."""
    if head:
        api(stack(app), policy_statements=[anyone()])
    else:
        api(stack(app), pull_organizations=[ORGANIZATION])


def organization_becomes_any(app: cdk.App, head: bool) -> None:
    """The organization is replaced by ``o-*``."""
    if head:
        api(stack(app), policy_statements=[anyone(within("StringLike", "o-*"))])
    else:
        api(stack(app), pull_organizations=[ORGANIZATION])


def condition_dropped(app: cdk.App, head: bool) -> None:
    """The organization may pull from anywhere, no longer through the VPC endpoint alone."""
    endpoint = {} if head else {"aws:SourceVpce": "vpce-0123456789abcdef0"}
    organization = {"aws:PrincipalOrgID": ORGANIZATION}
    api(stack(app), policy_statements=[anyone({"StringEquals": {**organization, **endpoint}})])


def principal_narrowed(app: cdk.App, head: bool) -> None:
    """An account's access becomes that of one of its roles."""
    if head:
        api(stack(app), pull_principals=["arn:aws:iam::444455556666:role/deploy"])
    else:
        api(stack(app), pull_accounts=["444455556666"])


def lifecycle_tightened(app: cdk.App, head: bool) -> None:
    """Fewer images are kept; which ones go, the inventory tells."""
    rule = LifecycleRule.keep_last(3 if head else 10)
    api(stack(app), lifecycle=LifecyclePolicy(UNTAGGED, rule))


def rule_order_swapped(app: cdk.App, head: bool) -> None:
    """A rule that protected releases comes after the one that deletes them."""
    shield = LifecycleRule.keep_last(100, tag_patterns=["v*"])
    expire = LifecycleRule.expire(after_days=30, tag_patterns=["*"])
    rules = (expire, shield) if head else (shield, expire)
    api(stack(app), lifecycle=LifecyclePolicy(UNTAGGED, *rules))


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


def scanning_and_tags_weakened(app: cdk.App, head: bool) -> None:
    """Tags may move, and nobody scans."""
    api(
        stack(app),
        scan_on_push=not head,
        tag_mutability=TagMutability.mutable() if head else TagMutability.immutable(),
    )


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


PULL_REQUESTS: dict[str, Build] = {
    build.__name__: build
    for build in (
        encryption_switched_on,
        name_changed,
        id_changed,
        stack_changed,
        retention_removed,
        repository_removed,
        organization_becomes_everyone,
        organization_becomes_any,
        condition_dropped,
        principal_narrowed,
        lifecycle_tightened,
        rule_order_swapped,
        replica_region_removed,
        key_rotated_off,
        signing_dropped,
        scanning_and_tags_weakened,
        fifty_repositories_added,
        the_worst,
    )
}
