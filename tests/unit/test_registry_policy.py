"""The statements of a registry policy, and what is refused."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from ecr_constructs.model.registry_policy import (
    POLICY_MAX_LENGTH,
    allow_create_on_push,
    allow_replication,
)
from tests.support.service_models import resource_schema, shape

ARN = "arn:aws:ecr:eu-central-1:111122223333:repository/"
OTHER_ACCOUNT, THIRD_ACCOUNT = "444455556666", "777788889999"
TOKEN = "${Token[Value.1]}"


def replication(
    accounts: Any, prefixes: Any, partition: str = "aws", *, tagging: bool = False
) -> dict[str, Any]:
    """Return the statement that lets accounts replicate."""
    return allow_replication(ARN, partition, accounts, prefixes, tagging=tagging)


def create_on_push(accounts: Any, prefixes: Any) -> dict[str, Any]:
    """Return the statement that lets accounts create by pushing."""
    return allow_create_on_push(ARN, "aws", accounts, prefixes)


def test_replication() -> None:
    """An account may create repositories below a prefix and replicate into them."""
    assert {
        "Action": ["ecr:CreateRepository", "ecr:ReplicateImage"],
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
        "Resource": f"{ARN}payments/*",
    } == replication([OTHER_ACCOUNT], ["payments/"])


def test_replication_that_tags() -> None:
    """Where a template tags what ECR creates, the account may tag it."""
    assert ["ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource"] == (
        replication([OTHER_ACCOUNT], ["payments/"], tagging=True)["Action"]
    )


def test_create_on_push() -> None:
    """An account may create repositories below a prefix, and nothing else."""
    assert {
        "Action": "ecr:CreateRepository",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
        "Resource": f"{ARN}payments/*",
    } == create_on_push([OTHER_ACCOUNT], ["payments/"])


def test_several_are_named_once_and_in_order() -> None:
    """Accounts and prefixes in any order, or twice, come to the same statement."""
    statement = replication([THIRD_ACCOUNT, OTHER_ACCOUNT, THIRD_ACCOUNT], ["b/", "a/", "b/"])

    assert {"AWS": [f"arn:aws:iam::{each}:root" for each in (OTHER_ACCOUNT, THIRD_ACCOUNT)]} == (
        statement["Principal"]
    )
    assert [f"{ARN}a/*", f"{ARN}b/*"] == statement["Resource"]


def test_the_partition_is_the_accounts() -> None:
    """The ARN of an account carries the partition."""
    assert {"AWS": "arn:aws-cn:iam::444455556666:root"} == (
        replication([OTHER_ACCOUNT], ["payments/"], "aws-cn")["Principal"]
    )


def test_deploy_time_values_pass() -> None:
    """Accounts and prefixes that are known only at deploy time cannot be judged and pass."""
    statement = replication([TOKEN], [TOKEN])

    assert {"AWS": f"arn:aws:iam::{TOKEN}:root"} == statement["Principal"]
    assert f"{ARN}{TOKEN}*" == statement["Resource"]


REFUSED: dict[str, tuple[Any, Any, str]] = {
    "no account": ([], ["payments/"], "name at least one account"),
    "no prefix": (
        [OTHER_ACCOUNT],
        [],
        "name at least one prefix: without one, every repository would be open",
    ),
    "a short account": (["4444"], ["payments/"], "'4444': an account id has 12 digits"),
    "a number": ([444455556666], ["payments/"], "an account id is text"),
    "a bare account": (OTHER_ACCOUNT, ["payments/"], f"write ['{OTHER_ACCOUNT}']"),
    "a bare prefix": ([OTHER_ACCOUNT], "payments/", "write ['payments/']"),
    "a wildcard": ([OTHER_ACCOUNT], ["payments/*"], "write 'payments/'"),
    "a short prefix": ([OTHER_ACCOUNT], ["p"], "must be 2 to 256 characters long, is 1"),
}


@pytest.mark.parametrize("make", [replication, create_on_push])
@pytest.mark.parametrize(("accounts", "prefixes", "fault"), REFUSED.values(), ids=REFUSED)
def test_refuses(
    make: Callable[[Any, Any], object], accounts: Any, prefixes: Any, fault: str
) -> None:
    """What ECR refuses, or what would open every repository, raises an error."""
    with pytest.raises(ValueError, match=re.escape(fault)):
        make(accounts, prefixes)


def test_lists_every_fault() -> None:
    """Nothing named at all is refused once, for both reasons."""
    with pytest.raises(ValueError, match="Invalid allow_create_on_push") as refusal:
        create_on_push([], [])

    assert 2 == str(refusal.value).count("\n  - ")


def test_limit_is_the_published_one() -> None:
    """A policy may be as long as ECR's API model and CloudFormation's schema say."""
    schema = resource_schema("AWS::ECR::RegistryPolicy")["properties"]

    assert shape("ecr", "RegistryPolicyText")["max"] == POLICY_MAX_LENGTH
    assert schema["PolicyText"]["maxLength"] == POLICY_MAX_LENGTH
