"""What a pull request replaces."""

import json
from pathlib import Path

import pytest

from ecr_constructs.review.comparison import create_only
from tests.support.compared import API, UNKEPT, only, reviewed, said
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

    assert (
        "replaced",
        "error",
        (
            "payments/api is replaced (EncryptionConfiguration): its images are left behind in the"
            " old repository, which stays"
        ),
    ) == (change.kind, change.severity, change.summary)
    assert (
        (
            "CloudFormation cannot change EncryptionConfiguration of what exists: "
            "EncryptionConfiguration was absent and will be "
            '{"EncryptionType":"KMS","KmsKey":"arn:aws:kms:eu-central-1:111122223333:key/1-2"}.'
        ),
        (
            "The deployment fails: a second payments/api is refused while the first one is there. "
            "Take the change back, or give the new one another name and copy what is in the old."
        ),
    ) == change.details
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

    kinds = [each.kind for each in reviewed({"Api": API}, {"Api": declared}).changes]
    assert ["replaced", "finding"] == kinds


def test_a_new_name_replaces_and_can_be_deployed() -> None:
    """Of two names there can be two repositories."""
    renamed = repository(RepositoryName="payments/server")
    change = only(reviewed({"Api": API}, {"Api": renamed}))

    assert (
        "payments/server is replaced (RepositoryName): its images are left behind in the old "
        "repository, which stays"
    ) == change.summary
    assert [] == [each for each in change.details if "fails" in each]


@pytest.mark.parametrize(
    ("after", "severity", "fate"),
    [
        (
            {**ENCRYPTED, "UpdateReplacePolicy": "Delete"},
            "error",
            "it is deleted if it is empty, and else left behind with its images",
        ),
        (
            {
                **repository(
                    RepositoryName="payments/api", EncryptionConfiguration=KMS, EmptyOnDelete=True
                ),
                **UNKEPT,
            },
            "error",
            "its images are deleted (EmptyOnDelete, no UpdateReplacePolicy: Retain)",
        ),
    ],
    ids=["not retained", "emptied"],
)
def test_what_becomes_of_the_images(after: dict[str, object], severity: str, fate: str) -> None:
    """The retention settings decide."""
    [change, *_] = reviewed({"Api": API}, {"Api": after}).changes

    assert ("replaced", severity) == (change.kind, change.severity)
    assert f"payments/api is replaced (EncryptionConfiguration): {fate}" == change.summary


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

    assert (
        "replaced",
        "error",
        (
            "payments/api is replaced (its logical id Api becomes Server): its images are left "
            "behind in the old repository, which stays"
        ),
    ) == (change.kind, change.severity, change.summary)
    assert "The deployment fails while the old payments/api is there." in change.details[1]


def test_another_stack_is_another_repository() -> None:
    """A move between stacks says from where to where."""
    change = only(
        reviewed({"Payments": {"Api": API}, "Shop": {}}, {"Payments": {}, "Shop": {"Api": API}})
    )

    assert change.summary.startswith(
        "payments/api is replaced (it moves from stack Payments to stack Shop)"
    )
    assert ("Shop", "Api") == change.place


def test_a_key_under_another_id_is_another_key() -> None:
    """Keys have no names; one that is like the one that is gone is taken for it."""
    old, new = {"Key": {**key(), **UNKEPT}}, {"EcrKey": {**key(), **KEEPS}}

    assert [
        (
            "replaced",
            "error",
            (
                "AWS::KMS::Key EcrKey is replaced (its logical id Key becomes EcrKey): the key is "
                "deleted, and what it encrypts cannot be read again"
            ),
        )
    ] == said(reviewed(old, new))[:1]


def test_caches_and_templates_are_replaced_without_loss() -> None:
    """What they made stays; that they cannot be there twice is said."""
    rule = "AWS::ECR::PullThroughCacheRule"
    before = resource(rule, {"EcrRepositoryPrefix": "quay", "UpstreamRegistryUrl": "quay.io"})
    after = resource(
        rule, {"EcrRepositoryPrefix": "quay", "UpstreamRegistryUrl": "registry.k8s.io"}
    )
    found = reviewed(
        {"Quay": before, "T": creation_template()}, {"Quay": after, "U": creation_template()}
    )

    assert [
        ("replaced", "warning", "quay is replaced (UpstreamRegistryUrl): it is deleted"),
        (
            "replaced",
            "warning",
            "payments is replaced (its logical id T becomes U): it is deleted",
        ),
    ] == said(found)


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
            values = [{name: each} for each in values]  # type: ignore[misc]
        before, after = (resource(kind, {top: each}, **KEEPS) for each in values)
        found = list(reviewed({"It": before}, {"It": after}).changes)

        assert (top,) in [each.properties for each in found if each.kind == "replaced"]
