"""The statements of a registry policy, and what they reject."""

from typing import Any

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


def test_replication() -> None:
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
    assert {
        "Action": "ecr:CreateRepository",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
        "Resource": f"{ARN}payments/*",
    } == create_on_push([OTHER_ACCOUNT], ["payments/"])


def test_several_are_named_once_and_in_order() -> None:
    statement = replication([THIRD_ACCOUNT, OTHER_ACCOUNT, THIRD_ACCOUNT], ["b/", "a/", "b/"])

    assert {
        "AWS": [f"arn:aws:iam::{account}:root" for account in (OTHER_ACCOUNT, THIRD_ACCOUNT)]
    } == (statement["Principal"])
    assert [f"{ARN}a/*", f"{ARN}b/*"] == statement["Resource"]


def test_the_partition_is_the_accounts() -> None:
    assert {"AWS": "arn:aws-cn:iam::444455556666:root"} == (
        replication([OTHER_ACCOUNT], ["payments/"], "aws-cn")["Principal"]
    )


def test_deploy_time_values_pass() -> None:
    statement = replication([TOKEN], [TOKEN])

    assert {"AWS": f"arn:aws:iam::{TOKEN}:root"} == statement["Principal"]
    assert f"{ARN}{TOKEN}*" == statement["Resource"]


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
