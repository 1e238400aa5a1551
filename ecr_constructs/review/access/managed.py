"""What AWS's own policies for ECR allow.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/security-iam-awsmanpol.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.graph import Resource

if TYPE_CHECKING:
    from collections.abc import Iterator

_AWS_POLICY = re.compile(r"arn:[^:]+:iam::aws:policy/(?:[\w-]+/)*(?P<name>[\w-]+)")
_PULL = (
    "ecr:GetAuthorizationToken",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
)
_READ = (
    *_PULL,
    "ecr:BatchCheckLayerAvailability",
    "ecr:GetRepositoryPolicy",
    "ecr:DescribeRepositories",
    "ecr:ListImages",
    "ecr:DescribeImages",
    "ecr:GetLifecyclePolicy",
    "ecr:GetLifecyclePolicyPreview",
    "ecr:ListTagsForResource",
    "ecr:DescribeImageScanFindings",
)
_WRITE = (
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:PutImage",
)
_ALLOWED = {
    "AdministratorAccess": ("*",),
    "AmazonEC2ContainerRegistryFullAccess": ("ecr:*",),
    "AmazonEC2ContainerRegistryPowerUser": (*_READ, *_WRITE),
    "AmazonEC2ContainerRegistryReadOnly": _READ,
    "AmazonEC2ContainerRegistryPullOnly": (*_PULL, "ecr:BatchImportUpstreamImage"),
    "AmazonECSTaskExecutionRolePolicy": (*_PULL, "ecr:BatchCheckLayerAvailability"),
    "AmazonElasticContainerRegistryPublicFullAccess": ("ecr-public:*",),
}


def aws_policies(identity: Resource) -> Iterator[Resource]:
    """Yield the policies of AWS that an identity has, as if they stood in its template."""
    arns = identity.get("ManagedPolicyArns")
    for arn in arns if isinstance(arns, list) else ():
        match = _AWS_POLICY.fullmatch(arn) if isinstance(arn, str) else None
        if match and match["name"] in _ALLOWED:
            statement = {
                "Effect": "Allow",
                "Action": list(_ALLOWED[match["name"]]),
                "Resource": "*",
            }
            body = {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {"PolicyDocument": {"Statement": statement}},
            }
            yield Resource(identity.stack, identity.id, body)
