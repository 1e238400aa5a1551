"""By hand with the bare CloudFormation resource: all in one call, and one more to retain it.

The least there is to pay for crossing to Node; nothing is checked, and it is no `IRepository`.
"""

import json
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from benchmarks.ways import COST_CENTER, ORGANIZATION, PUSHER, TEAM

PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
PUSH = [
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
]


def repository(scope: Construct, construct_id: str, repository_name: str) -> None:
    """Define one repository."""
    days = {"countType": "sinceImagePushed", "countUnit": "days"}
    last = {"countType": "imageCountMoreThan", "countNumber": 100}
    rules = [
        _expire(1, {"tagStatus": "untagged", "countNumber": 7, **days}),
        _expire(2, {"tagStatus": "tagged", "tagPatternList": ["v*"], **last}),
        _expire(3, {"tagStatus": "any", "countNumber": 90, **days}),
    ]
    ecr.CfnRepository(
        scope,
        construct_id,
        repository_name=repository_name,
        image_tag_mutability="IMMUTABLE",
        image_scanning_configuration=ecr.CfnRepository.ImageScanningConfigurationProperty(
            scan_on_push=True
        ),
        lifecycle_policy=ecr.CfnRepository.LifecyclePolicyProperty(
            lifecycle_policy_text=json.dumps({"rules": rules})
        ),
        repository_policy_text={
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": "*"},
                    "Action": PULL,
                    "Condition": {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}},
                },
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{PUSHER}:root"},
                    "Action": [*PULL, *PUSH],
                },
            ],
        },
        tags=[
            cdk.CfnTag(key="team", value=TEAM),
            cdk.CfnTag(key="cost-center", value=COST_CENTER),
        ],
    ).apply_removal_policy(cdk.RemovalPolicy.RETAIN)


def _expire(priority: int, selection: dict[str, Any]) -> dict[str, Any]:
    return {"rulePriority": priority, "selection": selection, "action": {"type": "expire"}}
