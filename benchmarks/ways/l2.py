"""By hand with CDK's own repository.

`grant_push` would leave out what a client reads before it pushes, so it is `grant_pull_push`: the
same seven actions as ours.
"""

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from benchmarks.ways import COST_CENTER, ORGANIZATION, PUSHER, TEAM


def repository(scope: Construct, construct_id: str, repository_name: str) -> None:
    """Define one repository."""
    defined = ecr.Repository(
        scope,
        construct_id,
        repository_name=repository_name,
        image_tag_mutability=ecr.TagMutability.IMMUTABLE,
        image_scan_on_push=True,
        lifecycle_rules=[
            ecr.LifecycleRule(
                rule_priority=1,
                tag_status=ecr.TagStatus.UNTAGGED,
                max_image_age=cdk.Duration.days(7),
            ),
            ecr.LifecycleRule(
                rule_priority=2,
                tag_status=ecr.TagStatus.TAGGED,
                tag_pattern_list=["v*"],
                max_image_count=100,
            ),
            ecr.LifecycleRule(
                rule_priority=3,
                tag_status=ecr.TagStatus.ANY,
                max_image_age=cdk.Duration.days(90),
            ),
        ],
        removal_policy=cdk.RemovalPolicy.RETAIN,
    )
    defined.grant_pull(iam.OrganizationPrincipal(ORGANIZATION))
    defined.grant_pull_push(iam.AccountPrincipal(PUSHER))
    tags = cdk.Tags.of(defined)
    tags.add("team", TEAM)
    tags.add("cost-center", COST_CENTER)
