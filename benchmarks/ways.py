"""The same repository, written in several ways.

Immutable tags, scan on push, retained; untagged images expire after 7 days, all but the last 100
of `v*` expire, everything expires after 90 days; the organization may pull, one account may push
and pull; two tags. Each function defines one repository with all of it in place, as an app does.
"""

# ruff: noqa: PLC0415 - each way imports only what it uses

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import aws_cdk

ORGANIZATION = "o-abcdefghij"
PUSHER = "444455556666"
TAGS = {"team": "payments", "cost-center": "4711"}
REPLICAS = ["eu-west-1", "eu-north-1"]
PULL = "BatchCheckLayerAvailability BatchGetImage GetDownloadUrlForLayer"
PUSH = "CompleteLayerUpload InitiateLayerUpload PutImage UploadLayerPart"


def ours(scope: "aws_cdk.Stack", name: str) -> None:
    """Use this library."""
    from ecr_constructs import LifecyclePolicy, LifecycleRule, Repository, TagMutability

    Repository(
        scope,
        name,
        repository_name=name,
        tag_mutability=TagMutability.immutable(),
        scan_on_push=True,
        lifecycle=LifecyclePolicy(
            LifecycleRule.expire_untagged(after_days=7),
            LifecycleRule.keep_last(100, tag_patterns=["v*"]),
            LifecycleRule.expire(after_days=90),
        ),
        pull_organizations=[ORGANIZATION],
        push_accounts=[PUSHER],
        tags=TAGS,
    )


def l2(scope: "aws_cdk.Stack", name: str) -> None:
    """Use CDK's own repository.

    `grant_push` omits what a client reads before it pushes, so this is `grant_pull_push`: the same
    seven actions as ours.
    """
    import aws_cdk as cdk
    from aws_cdk import aws_ecr as ecr
    from aws_cdk import aws_iam as iam

    rule, status, days = ecr.LifecycleRule, ecr.TagStatus, cdk.Duration.days
    repository = ecr.Repository(
        scope,
        name,
        repository_name=name,
        image_tag_mutability=ecr.TagMutability.IMMUTABLE,
        image_scan_on_push=True,
        lifecycle_rules=[
            rule(rule_priority=1, tag_status=status.UNTAGGED, max_image_age=days(7)),
            rule(rule_priority=2, tag_pattern_list=["v*"], max_image_count=100),
            rule(rule_priority=3, tag_status=status.ANY, max_image_age=days(90)),
        ],
        removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )
    repository.grant_pull(iam.OrganizationPrincipal(ORGANIZATION))
    repository.grant_pull_push(iam.AccountPrincipal(PUSHER))
    for key, value in TAGS.items():
        cdk.Tags.of(repository).add(key, value)


def l1(scope: "aws_cdk.Stack", name: str) -> None:
    """Use the bare CloudFormation resource: one call, and one more to retain it; no checks."""
    import aws_cdk as cdk
    from aws_cdk import aws_ecr as ecr

    resource, raw = ecr.CfnRepository, properties(name)
    text = raw["LifecyclePolicy"]["LifecyclePolicyText"]
    resource(
        scope,
        name,
        repository_name=name,
        image_tag_mutability="IMMUTABLE",
        image_scanning_configuration=resource.ImageScanningConfigurationProperty(scan_on_push=True),
        lifecycle_policy=resource.LifecyclePolicyProperty(lifecycle_policy_text=text),
        repository_policy_text=raw["RepositoryPolicyText"],
        tags=[cdk.CfnTag(key=key, value=value) for key, value in TAGS.items()],
    ).apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)


def properties(name: str, untagged_days: int = 7) -> dict[str, Any]:
    """Return the properties of the CloudFormation resource."""
    days = {"countType": "sinceImagePushed", "countUnit": "days"}
    last = {"countType": "imageCountMoreThan", "countNumber": 100}
    selections = [
        {"tagStatus": "untagged", "countNumber": untagged_days, **days},
        {"tagStatus": "tagged", "tagPatternList": ["v*"], **last},
        {"tagStatus": "any", "countNumber": 90, **days},
    ]
    rules = [
        {"rulePriority": priority, "selection": selection, "action": {"type": "expire"}}
        for priority, selection in enumerate(selections, 1)
    ]
    pull = [f"ecr:{action}" for action in PULL.split()]
    push = [f"ecr:{action}" for action in PUSH.split()]
    condition = {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}
    pusher = {"AWS": f"arn:aws:iam::{PUSHER}:root"}
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": pull, "Condition": condition},
        {"Effect": "Allow", "Principal": pusher, "Action": pull + push},
    ]
    return {
        "RepositoryName": name,
        "ImageTagMutability": "IMMUTABLE",
        "ImageScanningConfiguration": {"ScanOnPush": True},
        "LifecyclePolicy": {"LifecyclePolicyText": json.dumps({"rules": rules})},
        "RepositoryPolicyText": {"Version": "2012-10-17", "Statement": statements},
        "Tags": [{"Key": key, "Value": value} for key, value in TAGS.items()],
    }


def stage(app: "aws_cdk.App", count: int, replicas: int | None) -> None:
    """Define the stacks of an environment file with repositories of four teams, as app.py does.

    It is a production environment with replica Regions; with None, the repositories are those of
    the other ways.
    """
    from ecr_constructs.environment.loading import load_environments
    from stacks.stage import EnvironmentStage

    lifecycle = [
        {"expire_untagged": {"after_days": 7}},
        {"keep_last": {"count": 100, "tag_patterns": ["v*"]}},
        {"expire": {"after_days": 90}},
    ]
    same = {"tag_mutability": "immutable", "scan_on_push": True, "push_accounts": [PUSHER]}
    defaults = {"tags": TAGS, **({"lifecycle": lifecycle, **same} if replicas is None else {})}
    environment = {
        "account": "111122223333",
        "region": "eu-central-1",
        "profile": "development" if replicas is None else "production",
        "organization": ORGANIZATION,
        "replica_regions": REPLICAS[: replicas or 0],
        "defaults": defaults,
        "teams": {
            f"team-{team}": {"repositories": [f"team-{team}/{n}" for n in range(team, count, 4)]}
            for team in range(min(count, 4))
        },
    }
    with TemporaryDirectory() as folder:
        # JSON is YAML.
        Path(folder, "prod.yaml").write_text(json.dumps(environment), encoding="utf-8")
        for loaded in load_environments(Path(folder)).values():
            EnvironmentStage(app, loaded)
