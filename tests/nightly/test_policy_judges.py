"""The policy linters find errors, and accept findings with a reason."""

from typing import Any

import botocore.session
import pytest

from tests.support.policy_judges import (
    ACCEPTED,
    actions_of_ecr,
    by_cfripper,
    by_parliament,
    learn_of_newer_actions,
    unaccepted,
)
from tests.support.policy_templates import Stack

ACCOUNT = "111122223333"
REPOSITORY = f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/payments/api"
Body = dict[str, Any]


def stack(**resources: Body) -> Stack:
    """Return a stack of these resources."""
    return Stack({"Resources": resources}, ACCOUNT, "eu-central-1", {})


def policy(*actions: str, resource: str = REPOSITORY, **more: Any) -> Body:
    """Return a policy of a role."""
    statement = {"Effect": "Allow", "Action": [*actions], "Resource": resource, **more}
    return {
        "Type": "AWS::IAM::Policy",
        "Properties": {
            "PolicyName": "any",
            "Roles": ["any"],
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        },
    }


def put_if(operator: str, key: str) -> Body:
    """Return a policy that allows to push on a condition."""
    return policy("ecr:PutImage", Condition={operator: {key: "x"}})


def repository(*actions: str, who: Any, **more: Any) -> Body:
    """Return a repository with a policy."""
    statement = {"Effect": "Allow", "Action": [*actions], "Principal": who, **more}
    return {
        "Type": "AWS::ECR::Repository",
        "Properties": {"RepositoryPolicyText": {"Statement": [statement]}},
    }


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (policy("ecr:BatchGetImages"), ["UNKNOWN_ACTION"]),
        (policy("ecr:GetAuthorizationToken"), ["RESOURCE_MISMATCH"]),
        (policy("ecr:PutImage", resource="arn:aws:s3:::x"), ["RESOURCE_MISMATCH"]),
        (put_if("StringEquals", "ecr:Tag"), ["UNKNOWN_CONDITION_FOR_ACTION"]),
        (put_if("StringEqual", "aws:ResourceTag/team"), ["UNKNOWN_OPERATOR"]),
        (repository("ecr:Pull", who="*"), ["UNKNOWN_ACTION"]),
        # Newer actions and valid policies.
        (policy("ecr:UpdateImageStorageClass", "ecr:BatchImportUpstreamImage"), []),
        (policy("ecr:GetAuthorizationToken", resource="*"), []),
        (put_if("StringEquals", "aws:ResourceTag/team"), []),
        (repository("ecr:PutImage", who={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}), []),
    ],
)
def test_parliament_finds_errors(resource: Body, expected: list[str]) -> None:
    """An action, a resource or a condition that IAM does not have is found, and nothing else."""
    findings = by_parliament(stack(Any=resource))

    assert expected == sorted({line.partition(" ")[0] for line in unaccepted(findings)})
    assert expected or [] == findings


def test_the_newer_actions_are_those_of_the_api() -> None:
    """What cfn-lint adds the API has; nothing that parliament knew is gone."""
    newer = learn_of_newer_actions()
    model = botocore.session.get_session().get_service_model("ecr")
    operations = {name.lower() for name in model.operation_names}
    actions = {name.lower() for name in actions_of_ecr()}

    assert {"updateimagestorageclass"} <= set(newer) & operations
    assert {"batchgetimage", "replicateimage", *newer} <= actions


@pytest.mark.parametrize(
    "resource",
    [
        repository("ecr:*", who={"AWS": "*"}),
        repository("ecr:PutImage", who={"AWS": f"arn:aws:iam::{ACCOUNT}:role/*"}),
        policy("ecr:PutImage", resource="*"),
        policy("iam:*", resource="*"),
    ],
)
def test_cfripper_finds_errors(resource: Body) -> None:
    """Wildcards in principals, actions and resources are found, and not accepted."""
    assert [] != unaccepted(by_cfripper(stack(Any=resource)))


def test_what_is_accepted_has_a_reason() -> None:
    """Each reason is words, and a finding that merely begins alike is not accepted."""
    assert all(len(reason) > 20 for reason in ACCEPTED.values())
    alike = [
        "AwsSolutions-IAM5[Action::ecr:*] Any: x",
        'WildcardResourceRule A: "A" for "ecr:PutImage"',
    ]
    assert alike == unaccepted(alike)
