"""The data on AWS managed policies."""

import json
from typing import Any

from ecr_constructs.cloudformation.managed_policies import managed_policy_arn, managed_statements
from scripts import managed_policies as generator

READ_ONLY = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"


def published(*statements: Any, path: str = "/") -> dict[str, Any]:
    """Return a managed policy as IAM does."""
    return {"Path": path, "Document": {"Statement": list(statements)}}


def test_statements_on_images_keys_and_roles_are_kept() -> None:
    """Of each statement the actions that may decide about images, with their conditions."""
    own = {"Effect": "Allow", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": True}}}
    content = generator.managed_policies(
        {
            "Builder": published(
                {**own, "Sid": "A", "Action": ["s3:GetObject", "ECR:PutImage", "iam:Pass*"]},
                {**own, "Action": "s3:*"},
                path="/service-role/",
            ),
            "Power": published({**own, "NotAction": ["iam:*", "account:*"]}),
            "Other": {"Path": "/", "Document": {"Statement": {**own, "Action": "sts:Get*"}}},
        }
    )

    assert {
        "Other": [],
        "Power": [{**own, "NotAction": ["iam:*"]}],
        "service-role/Builder": [{**own, "Action": ["ECR:PutImage", "iam:Pass*"]}],
    } == json.loads(content)


def test_policies_are_known_by_their_arn() -> None:
    """A policy without relevant statements is known, too; others are not."""
    [statement] = managed_statements(READ_ONLY) or [{}]

    assert "ecr:BatchGetImage" in statement["Action"]
    assert statement["Action"] == sorted(statement["Action"])
    assert managed_statements("arn:aws-cn:iam::aws:policy/AmazonS3FullAccess") == []
    assert managed_statements("arn:aws:iam::aws:policy/Unheard") is None
    assert managed_statements("arn:aws:iam::111122223333:policy/AdministratorAccess") is None
    assert managed_policy_arn("AmazonECSTaskExecutionRolePolicy") == (
        "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
    )
    assert managed_policy_arn("Unheard") is None
