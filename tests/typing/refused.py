"""Mistakes that mypy and pyright must find; nothing runs this file.

Each comment names the error of one of them. Both report a comment that suppresses nothing, so a
mistake that a signature accepts fails the lint.
"""

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms

from ecr_constructs import (
    AccountSettings,
    EcrChecks,
    Encryption,
    LifecyclePolicy,
    LifecycleRule,
    PullThroughCache,
    Registry,
    Repository,
    RepositoryCreationTemplate,
    ScanAlerts,
    Upstream,
    UsageAlarms,
)

stack = cdk.Stack()
key = kms.Key(stack, "Key")

# A closed set of values.
LifecycleRule(
    tag_status="TAGGED",  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    count_type="sinceImagePush",  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    count_number=1,
    action="delete",  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
)
RepositoryCreationTemplate(
    stack,
    "Template",
    prefix="a",
    applied_for=["PUSH"],  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
)
AccountSettings(
    stack,
    "Settings",
    basic_scan_version="CLAIR",  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    registry_policy_scope="V1",  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
)
ScanAlerts(
    stack,
    "Alerts",
    severity="high",  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    topic=key,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
)
EcrChecks(
    fail_on="note",  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
)

# Values of aws_ecr, which are accepted at run time: write those of this library.
Repository(
    stack,
    "Repository",
    tag_mutability=ecr.TagMutability.MUTABLE,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    encryption=key,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    lifecycle=[],  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    policy_statements=[{}],  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    scan_on_push="yes",  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    pull_accounts=[111122223333],  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    removal_policy="retain",  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
)
Repository(
    stack,
    "Stock",
    image_scan_on_push=True,  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
)
Registry(
    stack,
    construct_name="R",  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
)
LifecyclePolicy(
    "{}",  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
)
LifecycleRule.expire(
    after_days="7",  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
)
Encryption(
    "kms",  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
)
Encryption.customer_managed(
    stack,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
)
Upstream.docker_hub(
    key,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
)
PullThroughCache(
    stack,
    "Cache",
    upstream="docker-hub",  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
)
Registry(stack, "Registry").sign(
    key,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
)
UsageAlarms(
    stack,
    "Alarms",
    topic="arn:aws:sns:…",  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
)
