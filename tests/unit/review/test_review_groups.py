"""Equal changes of several resources, as one entry."""

import time
from typing import Any

import pytest

from ecr_constructs.cloudformation.resource_types import CREATION_TEMPLATE, REPOSITORY, ROLE
from ecr_constructs.report.comment import to_markdown
from ecr_constructs.report.document import plain
from ecr_constructs.report.review import blocks, to_github, to_json
from ecr_constructs.review import Change
from ecr_constructs.review.groups import Group, groups
from tests.unit.review.changes import change, reviewed

PLACES = ("Prod", "Prod/EuWest1", "Prod/Account444455556666")
NAMES = ("api", "web")


def replaced(stack: str, name: str, /, **fields: Any) -> Change:
    """Return the replacement of a repository."""
    given = {
        "stack": stack,
        "resource": f"{name.title()}1234",
        "repository": f"payments/{name}",
        "type": REPOSITORY,
        "summary": f"payments/{name} is replaced (EncryptionConfiguration): its images are left",
        "details": ("Revert it.", f"AWS rejects the duplicate name payments/{name}."),
        "before": {"EncryptionConfiguration": None},
    }
    return change(**{**given, **fields})


def everywhere(**fields: Any) -> list[Change]:
    """Return the same replacement of two repositories in three places."""
    return [replaced(f"{place}/Pay", name, **fields) for place in PLACES for name in NAMES]


def only(changes: list[Change]) -> Group:
    """Return the only group."""
    [group] = groups(changes)
    return group


def test_equal_changes_are_one_entry() -> None:
    """It counts the repositories, names the stages, and lists the names by stack."""
    group = only(everywhere())

    where = "Prod, Prod/EuWest1 and Prod/Account444455556666"
    stacks = "Prod/Pay, Prod/EuWest1/Pay and Prod/Account444455556666/Pay"
    assert group.summary.startswith(f"2 repositories in {stacks}: each is replaced (")
    assert len(group.changes) == len(PLACES) * len(NAMES)
    assert "Revert it." == group.details[0]
    assert group.details[1].startswith("payments/api, for instance: ")
    assert (f"payments/api and payments/web in {stacks}",) == group.members

    more = [replaced("Prod/Other", name) for name in NAMES]
    assert f"2 repositories in {where}: each" in only([*everywhere(), *more]).summary


def test_a_single_change_is_as_it_was() -> None:
    """With the name that its sentence begins with."""
    alone = replaced("Prod", "api")

    assert Group((alone,), alone.summary, alone.details, (), "payments/api") == only([alone])


OTHERS: dict[str, dict[str, Any]] = {
    "kind": {"kind": "removed"},
    "severity": {"severity": "warning"},
    "sentence": {"summary": "payments/web is replaced (RepositoryName): its images are left"},
    "values": {"before": {"EncryptionConfiguration": {"EncryptionType": "AES256"}}},
    "details": {"details": ("Revert it.", "AWS rejects the duplicate name payments/api.")},
    "condition": {"when": "if Env is prod"},
    "type": {"type": CREATION_TEMPLATE},
}


@pytest.mark.parametrize("case", OTHERS)
def test_different_changes_are_two_entries(case: str) -> None:
    """Whatever differs, including the name of another resource."""
    assert len(groups([replaced("Prod", "api"), replaced("Prod", "web", **OTHERS[case])])) == 2


# The changes, and what their entry begins with.
SUBJECTS: dict[str, tuple[list[dict[str, Any]], str]] = {
    "one name in two stacks": (
        [{"stack": "A"}, {"stack": "B"}],
        "payments/api in A and B: each is replaced ",
    ),
    "a sentence after a colon": (
        [{"summary": f"payments/{name}: x", "repository": f"payments/{name}"} for name in NAMES],
        "2 repositories in Prod: x",
    ),
    "a type": (
        [
            {"summary": f"AWS::SNS::Topic {name} is new", "resource": name, "repository": None}
            | {"type": "AWS::SNS::Topic"}
            for name in NAMES
        ],
        "2 resources of type AWS::SNS::Topic in Prod: each is new",
    ),
    "one resource in two stacks": (
        [
            {"summary": "AWS::SNS::Topic T is new", "resource": "T", "repository": None}
            | {"stack": stack, "type": "AWS::SNS::Topic"}
            for stack in "AB"
        ],
        "AWS::SNS::Topic T in A and B: each is new",
    ),
    "a noun": (
        [
            {"summary": f"creation template {name}: x", "repository": name}
            | {"type": CREATION_TEMPLATE}
            for name in NAMES
        ],
        "2 creation templates in Prod: x",
    ),
    "what a template creates": (
        [
            {"summary": f"repositories created under {name}: x", "repository": name}
            | {"type": CREATION_TEMPLATE}
            for name in NAMES
        ],
        "repositories created under 2 creation templates in Prod: x",
    ),
    "roles": (
        [
            {"summary": f"role {name} may push", "resource": f"Policy{name}", "repository": None}
            | {"type": ROLE}
            for name in NAMES
        ],
        "2 roles in Prod: each may push",
    ),
    "registries": (
        [
            {"summary": f"registry 111122223333/{region}: x", "repository": None, "stack": region}
            | {"type": "AWS::ECR::RegistryPolicy"}
            for region in ("eu-central-1", "eu-west-1")
        ],
        "2 registries in eu-central-1 and eu-west-1: x",
    ),
    "a rule": (
        [{"kind": "finding", "summary": f"ECR012 {name}: x", "resource": name} for name in NAMES],
        "ECR012: 2 repositories in Prod: x",
    ),
    "no name": (
        [
            {"summary": "Everyone may pull", "stack": stack, "repository": None, "type": ""}
            for stack in "AB"
        ],
        "Api1234 in A and B: Everyone may pull",
    ),
    "other names": (
        [
            {"summary": f"payments/{name} is replaced by {name}2", "before": {"name": f"{name}2"}}
            | {"repository": f"payments/{name}"}
            for name in NAMES
        ],
        "2 repositories in Prod, for instance: payments/api is replaced by api2",
    ),
}


@pytest.mark.parametrize("case", SUBJECTS)
def test_subject_of_an_entry(case: str) -> None:
    """The number of resources takes the place of the name."""
    fields, expected = SUBJECTS[case]

    changes = [replaced("Prod", "api", **{"details": (), **more}) for more in fields]
    assert only(changes).summary.startswith(expected)


def test_changes_without_stack_and_type() -> None:
    """The count says nothing that is not known."""
    parts = [
        change(kind="other", stack="", resource=name, repository=None, summary=f"{name} is new")
        for name in NAMES
    ]
    assert "2 resources: each is new" == only(parts).summary
    assert ("api and web",) == only(parts).members


def test_cut_values_are_compared() -> None:
    """Sentences that are equal because they are cut are not equal changes."""
    sides = [{"before": {"Tags": name}, "details": ()} for name in NAMES]
    for cut, count in (("a", 1), ("a…", 2)):
        named = (
            replaced("Prod", name, kind="other", summary=f"payments/{name}: from {cut}", **side)
            for name, side in zip(NAMES, sides, strict=True)
        )
        assert len(groups(named)) == count


def test_long_lists_are_bounded() -> None:
    """The entry counts what it leaves out."""
    changes = [
        replaced(f"S{stack:02}", f"r{stack}-{number}")
        for stack in range(12)
        for number in range(30)
    ]
    group = only(changes)

    assert group.summary.startswith("360 repositories in S00, S01, S02, S03 and 8 more: ")
    assert len(group.members) == 7
    assert "and 16 more in S00" in group.members[0]
    assert group.members[-1].endswith("6 more stacks")


def test_formats_show_entries() -> None:
    """Text, comment and annotations have one entry each; JSON has the changes and the entry."""
    review = reviewed([*everywhere(), change(kind="other", severity="note", summary="x is new")])
    summary = groups(review.changes)[0].summary

    assert plain(blocks(review)).count("is replaced") == 1
    assert "6 errors\n--------\n\n2 repositories in " in plain(blocks(review))
    assert "    [replaced] 6 changes" in plain(blocks(review))
    assert "- **error**: 2 repositories in" in to_markdown(review)
    annotations = [line for line in to_github(review).splitlines() if line.startswith("::")]
    assert annotations[0].startswith("::error title=Replaced%3A 2 repositories::2 repositories in")
    assert len(annotations) == 2
    document = to_json(review)
    assert len(document["changes"]) == 7
    assert [list(range(6)), [6]] == [entry["changes"] for entry in document["groups"]]
    assert summary == document["groups"][0]["summary"]


@pytest.mark.parametrize("show", [to_markdown, to_github, lambda review: plain(blocks(review))])
def test_condition_is_shown(show: Any) -> None:
    """A change of some deployments only says of which."""
    review = reviewed(everywhere(when="if Env is prod"))

    assert "If Env is prod: " in show(review)
    assert "if Env is prod" == to_json(review)["changes"][0]["when"]


def test_thousands_of_changes() -> None:
    """Every kind is named, within seconds."""
    changes = [
        replaced(f"Prod/S{number % 7}", f"r{number}", kind=kind, severity=severity, details=(rest,))
        for number in range(3_000)
        for kind, severity, rest in (
            ("replaced", "error", f"{number}"),
            ("lifecycle", "warning", "x"),
            ("finding", "warning", f"{number}"),
        )
    ]
    changes.append(replaced("Prod/S1", "api", kind="removed", severity="warning"))
    review = reviewed(changes)
    start = time.process_time()
    comment = to_markdown(review)

    assert time.process_time() - start < 5
    for kind in ("Replaced: 3,000", "Lifecycle: 3,000", "Finding: 3,000", "Removed: 1"):
        assert f"<summary>{kind}" in comment
    assert "- **warning**: 3,000 repositories in Prod" in comment
