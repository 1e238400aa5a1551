"""The statements of a repository policy."""

from typing import Any

import pytest

from ecr_constructs.model.repository_policy import (
    LIFECYCLE_ACTIONS,
    PULL_ACTIONS,
    PUSH_ACTIONS,
    PUSH_ONLY_ACTIONS,
    READ_ACTIONS,
    Access,
    document,
)

A, B = "111122223333", "444455556666"
UNIT = "o-abcdefghij/r-ab12/ou-ab12-"
ROLE = f"arn:aws:iam::{A}:role/deployer"


def allow(actions: tuple[str, ...], principal: str | list[str], **more: Any) -> dict[str, Any]:
    """Return the statement that allows actions to a principal."""
    return {"Action": list(actions), "Effect": "Allow", "Principal": {"AWS": principal}, **more}


def within(organizations: str | list[str]) -> dict[str, Any]:
    """Return the condition that a principal belongs to an organization."""
    return {"Condition": {"StringEquals": {"aws:PrincipalOrgID": organizations}}}


def below(units: str | list[str]) -> dict[str, Any]:
    """Return the condition that a principal's account is below an organizational unit."""
    return {"Condition": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": units}}}


STATEMENTS = {
    "nobody": (Access(), []),
    "one account": (Access(pull_accounts=[A]), [allow(PULL_ACTIONS, f"arn:aws:iam::{A}:root")]),
    "accounts and roles, sorted": (
        Access(pull_accounts=[B, A], pull_principals=[ROLE]),
        [allow(PULL_ACTIONS, [ROLE, f"arn:aws:iam::{A}:root", f"arn:aws:iam::{B}:root"])],
    ),
    "an account named twice": (
        Access(push_accounts=[A, A]),
        [allow(PUSH_ACTIONS, f"arn:aws:iam::{A}:root")],
    ),
    "an organization": (
        Access(pull_organizations=["o-abcdefghij"]),
        [allow(PULL_ACTIONS, "*", **within("o-abcdefghij"))],
    ),
    "two organizations": (
        Access(pull_organizations=["o-zzzzzzzzzz", "o-abcdefghij"]),
        [allow(PULL_ACTIONS, "*", **within(["o-abcdefghij", "o-zzzzzzzzzz"]))],
    ),
    "organizational units": (
        Access(pull_organizational_units=[f"{UNIT}22222222/*", f"{UNIT}11111111/"]),
        [allow(PULL_ACTIONS, "*", **below([f"{UNIT}11111111/", f"{UNIT}22222222/*"]))],
    ),
    "everything": (
        Access(
            pull_organizations=["o-abcdefghij"],
            pull_accounts=[A],
            push_accounts=[B],
            push_principals=[ROLE],
        ),
        [
            allow(PULL_ACTIONS, "*", **within("o-abcdefghij")),
            allow(PULL_ACTIONS, f"arn:aws:iam::{A}:root"),
            allow(PUSH_ACTIONS, [ROLE, f"arn:aws:iam::{B}:root"]),
        ],
    ),
}


@pytest.mark.parametrize(("access", "expected"), STATEMENTS.values(), ids=STATEMENTS)
def test_statements(access: Access, expected: list[dict[str, Any]]) -> None:
    assert expected == access.statements("aws")


def test_accounts_are_of_the_partition() -> None:
    """The ARN of an account names the partition, which may be a deploy-time value."""
    [statement] = Access(pull_accounts=[A]).statements("${Token[AWS.Partition.3]}")

    assert {"AWS": f"arn:${{Token[AWS.Partition.3]}}:iam::{A}:root"} == statement["Principal"]


@pytest.mark.parametrize(
    ("access", "expected"),
    [
        (Access(), False),
        (Access(pull_organizations=["o-abcdefghij"]), False),
        (Access(pull_accounts=[A]), True),
        (Access(pull_principals=[ROLE]), True),
        (Access(push_accounts=[A]), True),
        (Access(push_principals=[ROLE]), True),
    ],
)
def test_names_anyone(access: Access, *, expected: bool) -> None:
    """An organization does not name accounts or principals."""
    assert expected == access.names_anyone


def test_who_may_push_may_pull() -> None:
    """Push includes every action of pull: clients look up which layers exist."""
    assert set(PUSH_ACTIONS) == {*PULL_ACTIONS, *PUSH_ONLY_ACTIONS}
    assert "ecr:GetDownloadUrlForLayer" not in PUSH_ONLY_ACTIONS


def test_actions_are_sorted() -> None:
    for actions in (PULL_ACTIONS, PUSH_ACTIONS, PUSH_ONLY_ACTIONS, READ_ACTIONS, LIFECYCLE_ACTIONS):
        assert sorted(actions) == list(actions)


def test_document() -> None:
    assert document([{"Effect": "Deny"}]) == {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny"}],
    }
