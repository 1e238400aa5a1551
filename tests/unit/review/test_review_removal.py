"""Resources that a pull request removes or replaces, and those that it protects less."""

import json
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.review import Change
from ecr_constructs.review.comparison import create_only
from tests.support.compared import API, UNKEPT, Given, only, reviewed
from tests.support.rule_examples.build import (
    HOME,
    KEEPS,
    creation_template,
    get_att,
    key,
    repository,
    resource,
)


def encrypted(configuration: Any, **others: Any) -> dict[str, Any]:
    """Return a repository with an encryption."""
    properties = {"RepositoryName": "payments/api", "EncryptionConfiguration": configuration}
    return repository(**properties, **others)


KMS = {"EncryptionType": "KMS", "KmsKey": "arn:aws:kms:eu-central-1:111122223333:key/1-2"}
ENCRYPTED = encrypted(KMS)
UNRETAINED = repository(RepositoryName="payments/api", **UNKEPT)
EMPTIED = repository(RepositoryName="payments/api", EmptyOnDelete=True, **UNKEPT)
OTHER, TEMPLATE = repository(RepositoryName="payments/worker"), creation_template()


def changed(before: Given, after: Given, at: tuple[str | None, str | None] = HOME) -> list[Change]:
    """Return the changes without the findings of check."""
    listed = reviewed(before, after, at).changes
    return [change for change in listed if change.kind != "finding"]


# --- removed ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "severity", "outcome"),
    [
        (API, "warning", "retained"),
        (UNRETAINED, "warning", "deleted-if-empty"),
        (EMPTIED, "error", "images-deleted"),
        (key(**UNKEPT), "error", "unreadable"),
        (key(), "warning", "retained"),
        (TEMPLATE, "warning", "deleted"),
    ],
    ids=["retained", "not retained", "emptied", "key", "retained key", "template"],
)
def test_removed_resource(before: dict[str, Any], severity: str, outcome: str) -> None:
    """The DeletionPolicy decides the outcome."""
    change = only(reviewed({"It": before, "Other": OTHER}, {"Other": OTHER}))

    assert ("removed", severity, (outcome,)) == (change.kind, change.severity, change.codes)
    assert ("It", before["Type"], ()) == (change.resource, change.before["type"], change.details)


def test_removed_stack_is_not_deleted() -> None:
    """CDK does not delete a stack that an app no longer defines."""
    change = only(reviewed({"Prod": {"It": API}, "Dev": {"It": OTHER}}, {"Dev": {"It": OTHER}}))

    [detail] = change.details
    assert "stack Prod" in detail


# --- less protected ---------------------------------------------------------------------------


RETAINED_ON_REPLACEMENT = {**API, "DeletionPolicy": "Delete"}
RETAINED_ON_DELETION = {**API, "UpdateReplacePolicy": "Delete"}
BOTH, ALL = "DeletionPolicy UpdateReplacePolicy", "DeletionPolicy UpdateReplacePolicy EmptyOnDelete"


@pytest.mark.parametrize(
    ("before", "after", "severity", "properties", "outcome"),
    [
        (API, RETAINED_ON_REPLACEMENT, "warning", "DeletionPolicy", "deleted-if-empty"),
        (API, RETAINED_ON_DELETION, "warning", "UpdateReplacePolicy", "deleted-if-empty"),
        (API, EMPTIED, "error", ALL, "images-deleted"),
        # EmptyOnDelete deletes images with which the repository alone would have stayed.
        (UNRETAINED, EMPTIED, "error", ALL, "images-deleted"),
        (key(), {**key(), **UNKEPT}, "error", BOTH, "unreadable"),
    ],
    ids=["deletion", "replacement", "emptied", "emptied though not retained", "key"],
)
def test_less_protected_resource(
    before: Any, after: Any, severity: str, properties: str, outcome: str
) -> None:
    """The reverted change protects better."""
    one, other = {"It": before}, {"It": after}
    [change], [back] = changed(one, other), changed(other, one)
    names = tuple(properties.split())

    assert ("unprotected", severity, names) == (change.kind, change.severity, change.properties)
    assert (outcome,) == change.codes
    assert ("strengthened", "note", names) == (back.kind, back.severity, back.properties)
    assert (change.before, change.after) == (back.after, back.before)


def test_emptying_a_retained_repository_is_no_loss() -> None:
    """EmptyOnDelete is idle while the repository is retained."""
    after = repository(RepositoryName="payments/api", EmptyOnDelete=True)
    idle = only(reviewed({"It": API}, {"It": after}))

    assert ("other", "note", ("changed EmptyOnDelete",)) == (idle.kind, idle.severity, idle.codes)


# --- replaced ---------------------------------------------------------------------------------

BY_REFERENCE = encrypted({**KMS, "KmsKey": get_att("Key")})
DEFAULT = encrypted({"EncryptionType": "AES256"})
EMPTIED_AND_ENCRYPTED = encrypted(KMS, EmptyOnDelete=True, **UNKEPT)
RENAMED = repository(RepositoryName="payments/server")
UNKEPT_AND_ENCRYPTED = {**ENCRYPTED, "UpdateReplacePolicy": "Delete"}
FAILS, ENCRYPTION = "deployment-fails", "EncryptionConfiguration"
# A repository before and after, the property, and what happens.
REPLACED: dict[str, tuple[Any, Any, str, str]] = {
    # Encryption cannot be changed: the images stay behind, and the deployment fails.
    "a customer managed key": (API, ENCRYPTED, ENCRYPTION, f"retained certain {FAILS}"),
    # AES256 is ECR's default, and declaring it still replaces the repository.
    "the default": (API, DEFAULT, ENCRYPTION, f"retained certain {FAILS}"),
    # Two names are two repositories.
    "another name": (API, RENAMED, "RepositoryName", "retained certain"),
    "not retained": (API, UNKEPT_AND_ENCRYPTED, ENCRYPTION, f"deleted-if-empty certain {FAILS}"),
    "emptied": (API, EMPTIED_AND_ENCRYPTED, ENCRYPTION, f"images-deleted certain {FAILS}"),
    # A key by reference may be the same key.
    "an unknown value": (ENCRYPTED, BY_REFERENCE, ENCRYPTION, f"retained uncertain {FAILS}"),
}


@pytest.mark.parametrize("case", REPLACED)
def test_create_only_property_replaces(case: str) -> None:
    """The retention settings decide the outcome for the images."""
    before, after, name, codes = REPLACED[case]
    change, *_ = changed({"Api": before, "Key": key()}, {"Api": after, "Key": key()})

    assert ("replaced", "error") == (change.kind, change.severity)
    assert ((name,), codes) == (change.properties, " ".join(change.codes))
    assert 1 + (FAILS in codes) == len(change.details)
    assert ("Prod", "Api") == change.place
    assert list(change.before) == list(change.after) == [name]


def test_replacement_has_both_values() -> None:
    """References are readable."""
    [change] = changed({"Api": API}, {"Api": ENCRYPTED})
    [unknown] = changed({"Api": ENCRYPTED, "Key": key()}, {"Api": BY_REFERENCE, "Key": key()})

    assert ({ENCRYPTION: None}, {ENCRYPTION: KMS}) == (change.before, change.after)
    assert "payments/api" == change.repository
    assert "${Key.Arn}" in unknown.details[0]


# By both places of a resource: both sides, the severity, and what happens.
MOVED: dict[str, tuple[Any, Any, str]] = {
    "Prod/Api to Prod/Server": ({"Api": API}, {"Server": API}, f"error retained certain {FAILS}"),
    "Payments/Api to Shop/Api": (
        {"Payments": {"Api": API}, "Shop": {}},
        {"Payments": {}, "Shop": {"Api": API}},
        f"error retained certain {FAILS}",
    ),
    # Keys have no names; an equal new key is taken for the removed one.
    "Prod/Key to Prod/New": ({"Key": key(**UNKEPT)}, {"New": key()}, "error unreadable certain"),
    "Prod/T to Prod/U": ({"T": TEMPLATE}, {"U": TEMPLATE}, f"warning deleted certain {FAILS}"),
}


@pytest.mark.parametrize("case", MOVED)
def test_move_replaces(case: str) -> None:
    """CloudFormation identifies resources by stack and logical ID."""
    before, after, expected = MOVED[case]
    change = changed(before, after)[0]
    places = [f"{place['stack']}/{place['resource']}" for place in (change.before, change.after)]

    assert ("replaced", expected) == (change.kind, " ".join([change.severity, *change.codes]))
    assert (case, places[1]) == (" to ".join(places), "/".join(change.place))


def test_cache_is_replaced_without_loss() -> None:
    """The repositories that it made stay."""
    rule = "AWS::ECR::PullThroughCacheRule"
    before, after = (
        resource(rule, {"EcrRepositoryPrefix": "quay", "UpstreamRegistryUrl": url})
        for url in ("quay.io", "registry.k8s.io")
    )
    [change] = changed({"Quay": before}, {"Quay": after})

    assert ("replaced", "warning", "quay") == (change.kind, change.severity, change.repository)
    assert ("UpstreamRegistryUrl",) == change.properties


CREATE_ONLY = json.loads(Path("ecr_constructs/review/create_only.json").read_text(encoding="utf-8"))
SERVICES = ("AWS::ECR::", "AWS::KMS::", "AWS::IAM::", "AWS::SNS::")


@pytest.mark.parametrize("kind", sorted(kind for kind in CREATE_ONLY if kind.startswith(SERVICES)))
def test_every_create_only_property_replaces(kind: str) -> None:
    """Whatever the schema calls create-only is reported as replaced when it changes."""
    for path in create_only(kind):
        top, *inner = path.split("/")
        values = ["one", "two"]
        for name in reversed(inner):
            values = [{name: value} for value in values]  # type: ignore[misc]
        before, after = (resource(kind, {top: value}, **KEEPS) for value in values)
        changes = list(reviewed({"It": before}, {"It": after}).changes)

        assert (top,) in [change.properties for change in changes if change.kind == "replaced"]
