"""What rules about access say of faults besides those of their examples."""

from typing import Any

import pytest

from ecr_constructs.checks import check
from ecr_constructs.cloudformation.resource_types import (
    REGISTRY_POLICY,
)
from tests.support.rule_examples.access import PULL, open_to, registry, role
from tests.support.rule_examples.build import (
    ROOT,
    repository,
    resource,
    template,
)
from tests.support.rule_examples.parts import (
    HERE,
    statement,
)

FAULTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "a policy that is text": (
        "ECR201",
        {"Api": repository(RepositoryPolicyText="everyone")},
        "the policy is no JSON object",
    ),
    "a policy without statements": (
        "ECR201",
        {"Api": repository(RepositoryPolicyText="{}")},
        "the policy has no Statement",
    ),
    "a long policy": (
        "ECR201",
        open_to(PULL, Principal={"AWS": ROOT}, Sid="x" * 10_240),
        "a policy may be 10,240 characters long",
    ),
    "an unknown effect": (
        "ECR201",
        statement(Effect="Permit", Principal={"AWS": ROOT}, Action="ecr:GetImage"),
        "Effect must be Allow or Deny, got 'Permit'",
    ),
    "an action of another service": (
        "ECR204",
        open_to("s3:GetObject", Principal={"AWS": ROOT}),
        "'s3:GetObject' is no action of ecr:",
    ),
    "an action without a service": (
        "ECR204",
        open_to("BatchGetImage", Principal={"AWS": ROOT}),
        "no service",
    ),
    "an action like no other": (
        "ECR204",
        role("ecr:Xyzzy", Resource="*"),
        "ecr:Xyzzy does not exist",
    ),
    "a key that there is not": (
        "ECR214",
        open_to(
            PULL, Principal="*", Condition={"StringEquals": {"aws:PrincipalOrg": "o-a1b2c3d4e5"}}
        ),
        "the key aws:PrincipalOrg does not exist",
    ),
    "a short account": ("ECR205", open_to(PULL, Principal={"AWS": "1234"}), "12 digits"),
    "a short root": (
        "ECR205",
        open_to(PULL, Principal={"AWS": "arn:aws:iam::1234:root"}),
        "12 digits",
    ),
    "a principal without a kind": ("ECR205", open_to(PULL, Principal=ROOT), "only '*' stands"),
    "an unknown kind": (
        "ECR205",
        open_to(PULL, Principal={"Account": ROOT}),
        "no kind of principal",
    ),
    "a service's short name": (
        "ECR205",
        open_to(PULL, Principal={"Service": "lambda"}),
        "a service is named",
    ),
    "everyone but somebody": (
        "ECR206",
        open_to(PULL, NotPrincipal={"AWS": ROOT}),
        "NotPrincipal with Allow admits everyone but the named",
    ),
    "everyone from everywhere": (
        "ECR206",
        open_to(PULL, Principal="*", Condition={"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}),
        "everyone is allowed",
    ),
    "everyone without the key": (
        "ECR206",
        open_to(
            PULL,
            Principal="*",
            Condition={"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
        ),
        "everyone is allowed",
    ),
    "a role of that name in any account": (
        "ECR206",
        open_to(
            PULL,
            Principal="*",
            Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/ci"}},
        ),
        "everyone is allowed",
    ),
    "any ARN of IAM": (
        "ECR206",
        open_to(PULL, Principal="*", Condition={"ArnLike": {"aws:PrincipalArn": "arn:*"}}),
        "everyone is allowed",
    ),
    "a path of any organization": (
        "ECR207",
        open_to(
            PULL,
            Principal="*",
            Condition={"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-*/r-ab12/*"}},
        ),
        "'o-*/r-ab12/*': a wildcard would admit every AWS account",
    ),
    "everything to another account": (
        "ECR208",
        open_to("ecr:*", Principal={"AWS": ROOT}),
        "ecr:* is allowed to others",
    ),
    "everything to a service": (
        "ECR208",
        open_to(
            "ecr:*",
            Principal={"Service": "lambda.amazonaws.com"},
            Condition={"StringEquals": {"aws:SourceAccount": "111122223333"}},
        ),
        "ecr:* is allowed to others",
    ),
    "no ARN": ("ECR210", role(PULL, Resource="payments/api"), "is no ARN of a repository"),
    "another partition": (
        "ECR210",
        role(PULL, Resource="arn:amazon:ecr:eu-central-1:111122223333:repository/a"),
        "has the partition 'amazon'",
    ),
    "another service": (
        "ECR210",
        role(PULL, Resource="arn:aws:s3:::bucket"),
        "is of 's3', while the actions are of ecr",
    ),
    "no Region": (
        "ECR210",
        role(PULL, Resource="arn:aws:ecr::111122223333:repository/a"),
        "has no Region",
    ),
    "no such Region": (
        "ECR210",
        role(PULL, Resource="arn:aws:ecr:Frankfurt:111122223333:repository/a"),
        "has the Region 'Frankfurt'",
    ),
    "no account": (
        "ECR210",
        role(PULL, Resource="arn:aws:ecr:eu-central-1::repository/a"),
        "has no account",
    ),
    "a short account in an ARN": (
        "ECR210",
        role(PULL, Resource="arn:aws:ecr:eu-central-1:1234:repository/a"),
        "has the account '1234'",
    ),
    "a name with a tag": (
        "ECR210",
        role(PULL, Resource=f"{HERE}:repository/a:latest"),
        "has the name 'a:latest'",
    ),
    "every repository": (
        "ECR212",
        role("ecr:*", Resource=f"{HERE}:repository/*"),
        "ecr:* is allowed",
    ),
    "a registry open to everyone": (
        "ECR206",
        registry("ecr:ReplicateImage", Principal="*", Resource=f"{HERE}:repository/*"),
        "everyone is allowed",
    ),
    "a policy that is mostly known": (
        "ECR206",
        {
            "Policy": resource(
                REGISTRY_POLICY,
                {
                    "PolicyText": {
                        "Fn::Sub": '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": '
                        '"ecr:*", "Resource": "${Given}"}]}'
                    }
                },
            )
        },
        "everyone is allowed",
    ),
}


@pytest.mark.parametrize(("rule", "resources", "message"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_told(rule: str, resources: dict[str, Any], message: str) -> None:
    """The rule says what is wrong."""
    parameters = {"Given": {"Type": "String"}}
    found = check([template(resources, Parameters=parameters)])

    assert any(message in each.message for each in found if each.rule == rule), [
        f"{each.rule} {each.message}" for each in found
    ]
