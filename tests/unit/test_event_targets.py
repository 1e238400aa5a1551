"""Targets of EventBridge rules that are given by ARN alone."""

import pytest

from ecr_constructs.model.event_targets import (
    account_errors,
    check_role,
    region_errors,
    role_arn_errors,
    target_errors,
)
from tests.support.errors import rejects

ROLE = "arn:aws:iam::111122223333:role/Events"


def _arn(service: str, name: str = "a", *, account: str = "111122223333") -> str:
    return f"arn:aws:{service}:eu-central-1:{account}:{name}"


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        (_arn("sqs"), None),
        (_arn("lambda", "function:a"), None),
        (_arn("events", "event-bus/a"), None),
        (_arn("sqs", "a.fifo"), "event-target-service"),
        (_arn("ecs", "cluster/a"), "event-target-service"),
        ("https://example.com", "event-target-format"),
        ("arn:aws:s3:::bucket", "event-target-format"),
    ],
)
def test_a_target_needs_nothing_but_its_arn(arn: str, code: str | None) -> None:
    """Others need parameters that a file does not have."""
    assert ([code] if code else []) == [error.code for error in target_errors(arn)]


@pytest.mark.parametrize(
    ("service", "role", "code"),
    [
        ("sqs", None, None),
        ("sqs", ROLE, None),
        ("states", None, "event-target-role-missing"),
        ("states", ROLE, None),
        ("logs", ROLE, "event-target-role-unused"),
    ],
)
def test_a_role_is_given_where_it_is_needed(
    service: str, role: str | None, code: str | None
) -> None:
    """EventBridge calls some targets with a role, and some by their own policies."""
    if code is None:
        check_role(_arn(service), role)
    else:
        with rejects(f"role: {code}"):
            check_role(_arn(service), role)


@pytest.mark.parametrize(
    ("target", "region", "codes"),
    [
        (_arn("sqs"), "eu-central-1", []),
        (_arn("sqs"), "eu-west-1", ["event-target-region"]),
        (_arn("events"), "eu-west-1", []),
        ("sqs", "eu-west-1", []),
    ],
)
def test_only_a_bus_may_be_in_another_region(target: str, region: str, codes: list[str]) -> None:
    """A value that is no ARN has a problem of its own already."""
    assert codes == [error.code for error in region_errors(target, region)]


@pytest.mark.parametrize(
    ("target", "role", "codes"),
    [
        (_arn("sqs"), None, []),
        (_arn("sqs", account="444455556666"), None, ["event-target-role-missing"]),
        (_arn("sqs", account="444455556666"), ROLE, []),
        (_arn("states", account="444455556666"), ROLE, ["event-target-account"]),
        (_arn("events", account="444455556666"), None, []),
        ("sqs", None, []),
    ],
)
def test_another_account_needs_a_role(target: str, role: str | None, codes: list[str]) -> None:
    """EventBridge reaches some services of other accounts, and buses."""
    assert codes == [error.code for error in account_errors(target, role, "111122223333")]


def test_a_role_is_named_by_its_arn() -> None:
    """Its name alone is not enough."""
    assert [] == list(role_arn_errors(ROLE))
    assert ["role-arn-format"] == [error.code for error in role_arn_errors("Events")]
