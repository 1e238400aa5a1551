"""Tags that a file wants to be kept, and that CloudFormation removes."""

from typing import Any

import pytest

from ecr_constructs.model.tags import EXTRA_TAGS_METADATA
from ecr_constructs.review import Change
from ecr_constructs.review.analyzers.extra_tags import changes
from tests.support.reviewing import changes_of
from tests.support.rule_examples.build import repository

MUTABLE = {"ImageTagMutability": "MUTABLE"}
KMS = {"EncryptionConfiguration": {"EncryptionType": "KMS"}}


def marked(keep: object = "keep", **properties: Any) -> dict[str, Any]:
    """Return a repository with the mark of `extra_tags`."""
    made = repository(RepositoryName="payments/api", **properties)
    return {**made, "Metadata": {EXTRA_TAGS_METADATA: keep}}


def reported(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    """Return what is reported of a repository under its logical id on each side."""
    return changes_of(changes, before, after)


@pytest.mark.parametrize(
    ("before", "after", "operation"),
    [
        ({"Api": marked()}, {"Api": marked(**MUTABLE)}, "update"),
        ({"Api": marked("remove")}, {"Api": marked(**MUTABLE)}, "update"),
        ({"Api": marked()}, {"Other": marked()}, "import"),
    ],
)
def test_an_update_removes_tags_that_are_wanted(
    before: dict[str, Any], after: dict[str, Any], operation: str
) -> None:
    """And so does the import by which a repository moves."""
    [change] = reported(before, after)

    assert (change.kind, change.severity) == ("other", "warning")
    assert (change.codes, change.repository) == (("extra-tags-removed",), "payments/api")
    assert operation in change.summary


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # Nothing is updated: not by the mark alone.
        ({"Api": marked()}, {"Api": marked()}),
        ({"Api": marked("remove")}, {"Api": marked()}),
        # Nobody wants them, or the repository is new, gone, or replaced.
        ({"Api": marked()}, {"Api": marked("remove", **MUTABLE)}),
        ({"Api": marked()}, {"Api": {**marked(**MUTABLE), "Metadata": "keep"}}),
        ({}, {"Api": marked()}),
        ({"Api": marked()}, {}),
        ({"Api": marked()}, {"Api": marked(**KMS)}),
    ],
)
def test_other_changes_remove_no_wanted_tag(before: dict[str, Any], after: dict[str, Any]) -> None:
    """There is nothing to say."""
    assert [] == reported(before, after)
