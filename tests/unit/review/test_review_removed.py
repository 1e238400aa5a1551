"""What a pull request takes out of the app, and what it protects less."""

from typing import Any

import pytest

from tests.support.compared import API, UNKEPT, only, reviewed, said
from tests.support.rule_examples.build import HOME, KEEPS, creation_template, key, repository

EMPTIED = repository(RepositoryName="payments/api", EmptyOnDelete=True, **UNKEPT)
OTHER = repository(RepositoryName="payments/worker")


@pytest.mark.parametrize(
    ("before", "severity", "summary"),
    [
        (
            API,
            "warning",
            (
                "payments/api is removed: its images are left behind in the old repository, which "
                "stays"
            ),
        ),
        (
            repository(RepositoryName="payments/api", **UNKEPT),
            "warning",
            (
                "payments/api is removed: it is deleted if it is empty, and else left behind with "
                "its images"
            ),
        ),
        (
            EMPTIED,
            "error",
            (
                "payments/api is removed: its images are deleted (EmptyOnDelete, no "
                "DeletionPolicy: Retain)"
            ),
        ),
        (
            key(**UNKEPT),
            "error",
            (
                "AWS::KMS::Key It is removed: the key is deleted, and what it encrypts cannot be "
                "read again"
            ),
        ),
        (
            key(),
            "warning",
            "AWS::KMS::Key It is removed: the old one stays in the account, outside of any stack",
        ),
        (creation_template(), "warning", "payments is removed: it is deleted"),
    ],
    ids=["kept", "not kept", "emptied", "key", "kept key", "template"],
)
def test_what_is_removed(before: dict[str, Any], severity: str, summary: str) -> None:
    """What is gone from a template goes as its DeletionPolicy says."""
    found = reviewed({"It": before, "Other": OTHER}, {"Other": OTHER})

    assert [("removed", severity, summary)] == said(found)
    assert () == only(found).details


def test_a_stack_that_is_gone_is_still_deployed() -> None:
    """CDK deletes no stack because it is gone from the app."""
    found = reviewed({"Prod": {"It": API}, "Dev": {"It": OTHER}}, {"Dev": {"It": OTHER}})

    assert (
        (
            "The whole stack Prod is gone from the app. CDK leaves what is deployed of it until "
            "somebody deletes the stack."
        ),
    ) == only(found).details


@pytest.mark.parametrize(
    ("after", "severity", "summary"),
    [
        (
            {**API, "DeletionPolicy": "Delete"},
            "warning",
            (
                "payments/api is no longer protected when its stack is deleted: it is deleted if "
                "it is empty, and else left behind with its images"
            ),
        ),
        (
            {**API, "UpdateReplacePolicy": "Delete"},
            "warning",
            (
                "payments/api is no longer protected when it is replaced: it is deleted if it is "
                "empty, and else left behind with its images"
            ),
        ),
        (
            EMPTIED,
            "error",
            (
                "payments/api is no longer protected when its stack is deleted or it is replaced: "
                "its images are deleted (EmptyOnDelete, no DeletionPolicy: Retain)"
            ),
        ),
    ],
    ids=["deletion", "replacement", "emptied"],
)
def test_what_is_less_protected(after: dict[str, Any], severity: str, summary: str) -> None:
    """The same, swapped, is better protected."""
    [change] = [e for e in reviewed({"It": API}, {"It": after}).changes if e.kind != "finding"]
    [back] = reviewed({"It": after}, {"It": API}).changes

    assert ("unprotected", severity, summary) == (change.kind, change.severity, change.summary)
    assert ("strengthened", "note") == (back.kind, back.severity)
    assert change.properties == back.properties
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

    assert [("other", "note", "payments/api: EmptyOnDelete is changed")] == said(
        reviewed({"It": API}, {"It": after})
    )


def test_a_key_that_goes_with_its_stack() -> None:
    """Without its key no image can be read again."""
    [change, *_] = reviewed({"Key": key()}, {"Key": {**key(), **UNKEPT}}, HOME).changes

    assert ("unprotected", "error") == (change.kind, change.severity)
    assert KEEPS.keys() == set(change.properties)
