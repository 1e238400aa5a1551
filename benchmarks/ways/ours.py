"""With this library."""

from constructs import Construct

from benchmarks.ways import COST_CENTER, ORGANIZATION, PUSHER, TEAM
from ecr_constructs import LifecyclePolicy, LifecycleRule, Repository, TagMutability


def repository(scope: Construct, construct_id: str, repository_name: str) -> None:
    """Define one repository."""
    Repository(
        scope,
        construct_id,
        repository_name=repository_name,
        tag_mutability=TagMutability.immutable(),
        scan_on_push=True,
        lifecycle=LifecyclePolicy(
            LifecycleRule.expire_untagged(after_days=7),
            LifecycleRule.keep_last(100, tag_patterns=["v*"]),
            LifecycleRule.expire(after_days=90),
        ),
        pull_organizations=[ORGANIZATION],
        push_accounts=[PUSHER],
        tags={"team": TEAM, "cost-center": COST_CENTER},
    )
