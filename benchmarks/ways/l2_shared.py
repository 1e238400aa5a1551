"""By hand with CDK's own repository, its rules and principals made once for all.

The fastest that hand-written L2 gets: durations and principals are objects in Node, so this is
for a loop that was written with their cost in mind.
"""

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from benchmarks.ways import COST_CENTER, ORGANIZATION, PUSHER, TEAM

RULES = [
    ecr.LifecycleRule(
        rule_priority=1, tag_status=ecr.TagStatus.UNTAGGED, max_image_age=cdk.Duration.days(7)
    ),
    ecr.LifecycleRule(
        rule_priority=2,
        tag_status=ecr.TagStatus.TAGGED,
        tag_pattern_list=["v*"],
        max_image_count=100,
    ),
    ecr.LifecycleRule(
        rule_priority=3, tag_status=ecr.TagStatus.ANY, max_image_age=cdk.Duration.days(90)
    ),
]
PULLER = iam.OrganizationPrincipal(ORGANIZATION)
PUSHERS = iam.AccountPrincipal(PUSHER)


def repository(scope: Construct, construct_id: str, repository_name: str) -> None:
    """Define one repository."""
    defined = ecr.Repository(
        scope,
        construct_id,
        repository_name=repository_name,
        image_tag_mutability=ecr.TagMutability.IMMUTABLE,
        image_scan_on_push=True,
        lifecycle_rules=RULES,
        removal_policy=cdk.RemovalPolicy.RETAIN,
    )
    defined.grant_pull(PULLER)
    defined.grant_pull_push(PUSHERS)
    tags = cdk.Tags.of(defined)
    tags.add("team", TEAM)
    tags.add("cost-center", COST_CENTER)
