"""What a pull request takes out of the app, and what it protects less."""

from typing import Any

import pytest

from tests.support.compared import API, UNKEPT, described, only, reviewed
from tests.support.rule_examples.build import HOME, KEEPS, creation_template, key, repository

EMPTIED = repository(RepositoryName="payments/api", EmptyOnDelete=True, **UNKEPT)
OTHER = repository(RepositoryName="payments/worker")


@pytest.mark.parametrize(
    ("before", "severity", "outcome"),
    [
        (API, "warning", "retained"),
        (repository(RepositoryName="payments/api", **UNKEPT), "warning", "if it is empty"),
        (EMPTIED, "error", "no DeletionPolicy: Retain"),
        (key(**UNKEPT), "error", "permanently unreadable"),
        (key(), "warning", "retained"),
        (creation_template(), "warning", "it is deleted"),
    ],
    ids=["retained", "not retained", "emptied", "key", "retained key", "template"],
)
def test_removed_resource(before: dict[str, Any], severity: str, outcome: str) -> None:
    """The DeletionPolicy decides the outcome."""
    change = only(reviewed({"It": before, "Other": OTHER}, {"Other": OTHER}))

    assert ("removed", severity, "It", ()) == (
        change.kind,
        change.severity,
        change.resource,
        change.details,
    )
    assert before["Type"] == change.before["type"]
    assert outcome in change.summary


def test_removed_stack_is_not_deleted() -> None:
    """CDK does not delete a stack that an app no longer defines."""
    change = only(reviewed({"Prod": {"It": API}, "Dev": {"It": OTHER}}, {"Dev": {"It": OTHER}}))

    [detail] = change.details
    assert "stack Prod" in detail


@pytest.mark.parametrize(
    ("after", "severity", "properties"),
    [
        ({**API, "DeletionPolicy": "Delete"}, "warning", ("DeletionPolicy",)),
        ({**API, "UpdateReplacePolicy": "Delete"}, "warning", ("UpdateReplacePolicy",)),
        (EMPTIED, "error", ("DeletionPolicy", "UpdateReplacePolicy", "EmptyOnDelete")),
    ],
    ids=["deletion", "replacement", "emptied"],
)
def test_less_protected_resource(
    after: dict[str, Any], severity: str, properties: tuple[str, ...]
) -> None:
    """The reverted change protects better."""
    [change] = [
        change
        for change in reviewed({"It": API}, {"It": after}).changes
        if change.kind != "finding"
    ]
    [back] = reviewed({"It": after}, {"It": API}).changes

    assert ("unprotected", severity, properties) == (
        change.kind,
        change.severity,
        change.properties,
    )
    assert ("strengthened", "note", properties) == (back.kind, back.severity, back.properties)
    assert (change.before, change.after) == (back.after, back.before)


def test_emptying_what_was_not_kept() -> None:
    """EmptyOnDelete takes the images where the repository alone would have stayed with them."""
    before = repository(RepositoryName="payments/api", **UNKEPT)
    [change, *_] = reviewed({"It": before}, {"It": EMPTIED}).changes

    assert "unprotected" == change.kind
    assert ("DeletionPolicy", "UpdateReplacePolicy", "EmptyOnDelete") == change.properties


def test_emptying_what_is_kept_says_so_in_a_line() -> None:
    """EmptyOnDelete is idle while the repository is retained."""
    after = repository(RepositoryName="payments/api", EmptyOnDelete=True)

    assert [("other", "note", "payments/api: EmptyOnDelete changes")] == described(
        reviewed({"It": API}, {"It": after})
    )


def test_a_key_that_goes_with_its_stack() -> None:
    """Without its key no image can be read again."""
    [change, *_] = reviewed({"Key": key()}, {"Key": {**key(), **UNKEPT}}, HOME).changes

    assert ("unprotected", "error") == (change.kind, change.severity)
    assert KEEPS.keys() == set(change.properties)
