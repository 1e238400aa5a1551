"""What a pull request replaces."""

import json
from pathlib import Path

import pytest

from ecr_constructs.review.comparison import create_only
from tests.support.compared import API, UNKEPT, only, reviewed
from tests.support.rule_examples.build import (
    KEEPS,
    creation_template,
    get_att,
    key,
    repository,
    resource,
)

KMS = {"EncryptionType": "KMS", "KmsKey": "arn:aws:kms:eu-central-1:111122223333:key/1-2"}
ENCRYPTED = repository(RepositoryName="payments/api", EncryptionConfiguration=KMS)


def test_a_customer_key_for_what_exists_replaces_it() -> None:
    """Encryption cannot be changed: the images stay behind, and the deployment fails."""
    change = only(reviewed({"Api": API}, {"Api": ENCRYPTED}))

    assert ("replaced", "error", ("EncryptionConfiguration",)) == (
        change.kind,
        change.severity,
        change.properties,
    )
    assert "retained" in change.summary
    assert "The deployment fails" in change.details[1]
    assert ({"EncryptionConfiguration": None}, {"EncryptionConfiguration": KMS}) == (
        change.before,
        change.after,
    )
    assert ("Prod", "Api", "payments/api") == (change.stack, change.resource, change.repository)


def test_declaring_the_default_replaces_too() -> None:
    """AES256 is what ECR does by itself, and writing it down still makes a new repository."""
    declared = repository(
        RepositoryName="payments/api", EncryptionConfiguration={"EncryptionType": "AES256"}
    )

    kinds = [change.kind for change in reviewed({"Api": API}, {"Api": declared}).changes]
    assert ["replaced", "finding"] == kinds


def test_a_new_name_replaces_and_can_be_deployed() -> None:
    """Of two names there can be two repositories."""
    renamed = repository(RepositoryName="payments/server")
    change = only(reviewed({"Api": API}, {"Api": renamed}))

    assert ("RepositoryName",) == change.properties
    assert not any("fails" in detail for detail in change.details)


@pytest.mark.parametrize(
    ("after", "outcome"),
    [
        (
            {**ENCRYPTED, "UpdateReplacePolicy": "Delete"},
            "if it is empty",
        ),
        (
            {
                **repository(
                    RepositoryName="payments/api", EncryptionConfiguration=KMS, EmptyOnDelete=True
                ),
                **UNKEPT,
            },
            "no UpdateReplacePolicy: Retain",
        ),
    ],
    ids=["not retained", "emptied"],
)
def test_what_becomes_of_the_images(after: dict[str, object], outcome: str) -> None:
    """The retention settings decide."""
    [change, *_] = reviewed({"Api": API}, {"Api": after}).changes

    assert ("replaced", "error") == (change.kind, change.severity)
    assert outcome in change.summary


def test_a_value_that_is_not_known_may_be_another() -> None:
    """A key by reference may be the one that is there."""
    references = repository(
        RepositoryName="payments/api",
        EncryptionConfiguration={"EncryptionType": "KMS", "KmsKey": get_att("Key")},
    )
    reviewed_ = reviewed({"Api": ENCRYPTED, "Key": key()}, {"Api": references, "Key": key()})
    change = only(reviewed_)

    assert change.summary.startswith("payments/api may be replaced (EncryptionConfiguration)")
    assert "${Key.Arn}" in change.details[0]


def test_another_logical_id_is_another_repository() -> None:
    """CloudFormation knows resources by their ids."""
    change = only(reviewed({"Api": API}, {"Server": API}))

    assert ("replaced", "error") == (change.kind, change.severity)
    assert ({"stack": "Prod", "resource": "Api"}, {"stack": "Prod", "resource": "Server"}) == (
        change.before,
        change.after,
    )
    assert "The deployment fails" in change.details[1]


def test_another_stack_is_another_repository() -> None:
    """A move between stacks says from where to where."""
    change = only(
        reviewed({"Payments": {"Api": API}, "Shop": {}}, {"Payments": {}, "Shop": {"Api": API}})
    )

    assert ("replaced", "Payments", "Shop") == (
        change.kind,
        change.before["stack"],
        change.after["stack"],
    )
    assert ("Shop", "Api") == change.place


def test_a_key_under_another_id_is_another_key() -> None:
    """Keys have no names; one that is like the one that is gone is taken for it."""
    old, new = {"Key": {**key(), **UNKEPT}}, {"EcrKey": {**key(), **KEEPS}}

    change = reviewed(old, new).changes[0]
    assert ("replaced", "error", "EcrKey") == (change.kind, change.severity, change.resource)
    assert "permanently unreadable" in change.summary


def test_caches_and_templates_are_replaced_without_loss() -> None:
    """What they made stays; that they cannot be there twice is said."""
    rule = "AWS::ECR::PullThroughCacheRule"
    before = resource(rule, {"EcrRepositoryPrefix": "quay", "UpstreamRegistryUrl": "quay.io"})
    after = resource(
        rule, {"EcrRepositoryPrefix": "quay", "UpstreamRegistryUrl": "registry.k8s.io"}
    )
    changes = reviewed(
        {"Quay": before, "T": creation_template()}, {"Quay": after, "U": creation_template()}
    ).changes

    assert [
        ("replaced", "warning", "quay", ("UpstreamRegistryUrl",)),
        ("replaced", "warning", "payments", ()),
    ] == [
        (change.kind, change.severity, change.repository, change.properties) for change in changes
    ]


ECR_TYPES = sorted(
    kind
    for kind in json.loads(
        Path("ecr_constructs/review/create_only.json").read_text(encoding="utf-8")
    )
    if kind.startswith(("AWS::ECR::", "AWS::KMS::", "AWS::IAM::", "AWS::SNS::"))
)


@pytest.mark.parametrize("kind", ECR_TYPES)
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
