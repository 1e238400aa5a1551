"""The role that reads accounts for snapshots: its policies, and a template for a StackSet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.snapshot_sources import operations_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ecr_constructs.model.snapshot_sources.operation import Source

ROLE_NAME = "EcrRegistryAudit"
"""The name of the role, unless another one is given."""

# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/\\-]{2,1224}", re.ASCII)
EXTERNAL_ID_PATTERN = r"^([\w+=,.@:/\\-]{2,1224})?$"


def external_id_errors(external_id: str) -> Iterator[Diagnostic]:
    """Yield a problem if STS rejects an external id."""
    if not _EXTERNAL_ID.fullmatch(external_id):
        yield Diagnostic(
            "external-id-format",
            "must be 2 to 1,224 letters, digits or characters of _+=,.@:/\\-",
            "external_id",
        )


def read_policy(sources: Iterable[Source]) -> dict[str, Any]:
    """Return the IAM policy that allows to read sources, and nothing else.

    Example:
        >>> from ecr_constructs.model.snapshot_sources import SOURCES
        >>> read_policy([SOURCES["images"]])["Statement"][0]["Action"]
        ['ecr:DescribeImages', 'ecr:DescribeRepositories']
    """
    statement = {
        "Sid": "ReadForSnapshot",
        "Effect": "Allow",
        "Action": sorted({operation.action for operation in operations_of(sources)}),
        "Resource": "*",
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def role_template(sources: Iterable[Source]) -> dict[str, Any]:
    """Return a CloudFormation template of the role, for each account of an organization.

    A StackSet gives the same parameters to every account. The role is the same in every Region, so
    it is deployed to one Region.
    """
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": {"Ref": "AuditPrincipalArn"}},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "Fn::If": [
                        "HasExternalId",
                        {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}},
                        {"Ref": "AWS::NoValue"},
                    ]
                },
            }
        ],
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "A role that reads container registries and what uses them.",
        "Parameters": {
            "AuditPrincipalArn": {
                "Type": "String",
                "AllowedPattern": r"^arn:aws(-[a-z]+)*:iam::\d{12}:(root|(role|user)/.+)$",
                "Description": "The role or account that takes the snapshots.",
            },
            "ExternalId": {
                "Type": "String",
                "Default": "",
                "AllowedPattern": EXTERNAL_ID_PATTERN,
                "Description": "What --external-id of the command must be. Empty: nothing.",
            },
            "RoleName": {
                "Type": "String",
                "Default": ROLE_NAME,
                "AllowedPattern": r"^[\w+=,.@-]{1,64}$",
                "Description": "What --role of the command must be.",
            },
        },
        "Conditions": {"HasExternalId": {"Fn::Not": [{"Fn::Equals": [{"Ref": "ExternalId"}, ""]}]}},
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "RoleName": {"Ref": "RoleName"},
                    "Description": "Reads container registries for ecr-constructs snapshot",
                    "AssumeRolePolicyDocument": trust,
                    "Policies": [
                        {"PolicyName": "ReadForSnapshot", "PolicyDocument": read_policy(sources)}
                    ],
                },
            }
        },
        "Outputs": {"RoleArn": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}},
    }
