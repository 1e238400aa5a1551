"""RegistryAuditRole and its template: who may assume it, and what it may read."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from cfnlint.api import lint_file

from ecr_constructs import RegistryAuditRole
from ecr_constructs.model.snapshot_sources import GROUPS, SOURCES
from ecr_constructs.model.snapshot_sources.audit_role import read_policy, role_template
from ecr_constructs.model.validation import ValidationError
from tests.support.constructs import properties_of

ORGANIZATION = "o-abcdefghij"
ROLE = "arn:aws:iam::222233334444:role/auditor"
ALL = read_policy(SOURCES[name] for name in GROUPS["all"])


def test_who_may_assume_it(stack: cdk.Stack) -> None:
    """Principals, accounts and an organization, each with the external id."""
    role = RegistryAuditRole(
        stack,
        "Audit",
        principals=[iam.ArnPrincipal(ROLE)],
        accounts=["111122223333"],
        organization=ORGANIZATION,
        external_id="audit-1",
    )
    rendered = properties_of(stack, "AWS::IAM::Role")
    statements = rendered["AssumeRolePolicyDocument"]["Statement"]

    assert "EcrRegistryAudit" == rendered["RoleName"]
    assert {"sts:AssumeRole"} == {statement["Action"] for statement in statements}
    assert all(
        "audit-1" == statement["Condition"]["StringEquals"]["sts:ExternalId"]
        for statement in statements
    )
    text = json.dumps(statements)
    assert ROLE in text
    assert "111122223333:root" in text
    assert ORGANIZATION in text
    assert "ecs" in role.sources


def test_what_it_reads(stack: cdk.Stack) -> None:
    """Everything but manifests, unless sources are chosen; the same as the command prints."""
    RegistryAuditRole(stack, "Audit", accounts=["111122223333"])
    [policy] = properties_of(stack, "AWS::IAM::Role")["Policies"]

    assert ALL == policy["PolicyDocument"]


def test_chosen_sources(stack: cdk.Stack) -> None:
    """The name, the path and the sources are those that were given."""
    RegistryAuditRole(
        stack,
        "Audit",
        accounts=["111122223333"],
        sources=["manifests"],
        role_name="Reader",
        path="/team/",
    )
    rendered = properties_of(stack, "AWS::IAM::Role")
    [policy] = rendered["Policies"]

    assert ("Reader", "/team/") == (rendered["RoleName"], rendered["Path"])
    assert "ecr:BatchGetImage" in policy["PolicyDocument"]["Statement"][0]["Action"]


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({}, "audit-role-trust"),
        ({"accounts": ["12"]}, "account-id-format"),
        ({"organization": "acme"}, "organization-id-format"),
        ({"organization": ORGANIZATION, "external_id": "!"}, "external-id-format"),
        ({"organization": ORGANIZATION, "sources": ["ecss"]}, "snapshot-source-unknown"),
        ({"organization": ORGANIZATION, "role_name": "a b"}, "role-name-format"),
    ],
)
def test_what_aws_rejects(stack: cdk.Stack, settings: dict[str, Any], code: str) -> None:
    """Is an error on the line that defines the role."""
    with pytest.raises(ValidationError) as caught:
        RegistryAuditRole(stack, "Audit", **settings)

    assert [code] == [problem.code for problem in caught.value.diagnostics]


def test_values_of_deploy_time(stack: cdk.Stack) -> None:
    """Are accepted."""
    values = [cdk.CfnParameter(stack, name).value_as_string for name in ("Id", "Organization")]
    RegistryAuditRole(stack, "Audit", organization=values[1], external_id=values[0])

    assert properties_of(stack, "AWS::IAM::Role")


def test_the_template_passes_cfn_lint(tmp_path: Path) -> None:
    """With the policy of the construct."""
    template = role_template(SOURCES[name] for name in GROUPS["all"])
    file = tmp_path / "role.json"
    file.write_text(json.dumps(template), encoding="utf-8")

    assert [] == lint_file(file)
    [policy] = template["Resources"]["Role"]["Properties"]["Policies"]
    assert ALL == policy["PolicyDocument"]
