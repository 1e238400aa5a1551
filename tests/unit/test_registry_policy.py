"""The statements of a registry policy, and what they reject."""

from typing import Any

import pytest

from ecr_constructs.model.registry_policy import allow_create_on_push, allow_replication
from tests.support.errors import rejection_test

ARN = "arn:aws:ecr:eu-central-1:111122223333:repository/"
OTHER_ACCOUNT, THIRD_ACCOUNT = "444455556666", "777788889999"
TOKEN = "${Token[Value.1]}"


def replication(
    accounts: Any, prefixes: Any, partition: str = "aws", *, tagging: bool = False
) -> dict[str, Any]:
    """Return the statement that allows accounts to replicate."""
    return allow_replication(ARN, partition, accounts, prefixes, tagging=tagging)


def create_on_push(accounts: Any, prefixes: Any) -> dict[str, Any]:
    """Return the statement that allows accounts to create by pushing."""
    return allow_create_on_push(ARN, "aws", accounts, prefixes)


PAYMENTS = ([OTHER_ACCOUNT], ["payments/"])
CREATE, REPLICATE, TAG = "ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource"
ONE, TWO = (f"arn:aws:iam::{account}:root" for account in (OTHER_ACCOUNT, THIRD_ACCOUNT))
STATEMENTS: dict[str, tuple[dict[str, Any], Any, Any, Any]] = {
    "replication": (replication(*PAYMENTS), [CREATE, REPLICATE], ONE, f"{ARN}payments/*"),
    # Where a template tags what ECR creates, the account may tag it.
    "replication that tags": (
        replication(*PAYMENTS, tagging=True),
        *([CREATE, REPLICATE, TAG], ONE, f"{ARN}payments/*"),
    ),
    "create on push": (create_on_push(*PAYMENTS), CREATE, ONE, f"{ARN}payments/*"),
    # Accounts and prefixes in any order, or twice, yield the same statement.
    "several": (
        replication([THIRD_ACCOUNT, OTHER_ACCOUNT, THIRD_ACCOUNT], ["b/", "a/", "b/"]),
        *([CREATE, REPLICATE], [ONE, TWO], [f"{ARN}a/*", f"{ARN}b/*"]),
    ),
    "another partition": (
        replication(*PAYMENTS, "aws-cn"),
        *([CREATE, REPLICATE], "arn:aws-cn:iam::444455556666:root", f"{ARN}payments/*"),
    ),
    "deploy-time values": (
        replication([TOKEN], [TOKEN]),
        *([CREATE, REPLICATE], f"arn:aws:iam::{TOKEN}:root", f"{ARN}{TOKEN}*"),
    ),
}


@pytest.mark.parametrize(
    ("statement", "actions", "principal", "resource"), STATEMENTS.values(), ids=STATEMENTS
)
def test_statements(statement: dict[str, Any], actions: Any, principal: Any, resource: Any) -> None:
    """A statement allows accounts these actions on repositories below a prefix."""
    expected = {"Action": actions, "Principal": {"AWS": principal}, "Resource": resource}

    assert {"Effect": "Allow", **expected} == statement


REJECTED: dict[str, tuple[Any, ...]] = {
    "no account": (([], ["payments/"]), "accounts: registry-policy-accounts-missing"),
    "no prefix": (([OTHER_ACCOUNT], []), "prefixes: registry-policy-prefixes-missing"),
    "neither": (
        ([], []),
        "accounts: registry-policy-accounts-missing",
        "prefixes: registry-policy-prefixes-missing",
    ),
    "a short account": ((["4444"], ["payments/"]), "accounts[0]: account-id-format"),
    "a number": (([444455556666], ["payments/"]), "accounts[0]: account-id-is-number"),
    "a bare account": ((OTHER_ACCOUNT, ["payments/"]), "accounts: list-is-string"),
    "a bare prefix": (([OTHER_ACCOUNT], "payments/"), "prefixes: list-is-string"),
    "a wildcard": (([OTHER_ACCOUNT], ["payments/*"]), "prefixes[0]: prefix-is-pattern"),
    "a short prefix": (([OTHER_ACCOUNT], ["p"]), "prefixes[0]: prefix-length"),
}


test_replication_rejects = rejection_test(replication, REJECTED)
test_create_on_push_rejects = rejection_test(create_on_push, REJECTED)
