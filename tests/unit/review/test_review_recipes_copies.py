"""The recipes that copy images: a repository has another name or another encryption."""

from typing import Any

import pytest

from ecr_constructs.cloudformation.resource_types import REPLICATION
from tests.support.recipes import (
    DELETE,
    HOST,
    LOG_IN,
    PAYMENTS,
    RENAMES,
    REPLICA,
    api,
    commands,
    compared,
    only,
    recipes_of,
)
from tests.support.rule_examples.build import Resources, resource


@pytest.mark.parametrize("case", RENAMES)
def test_a_renamed_repository_is_copied(case: str) -> None:
    """The new one exists before; the old one is deleted at the end."""
    before, after, names = RENAMES[case]
    recipe = only(before, after)
    printed = commands(recipe)

    assert recipe.kind == "rename"
    assert [subject.new_name for subject in recipe.subjects] == names
    assert printed[:2] == ["cdk deploy 'Prod/**'", LOG_IN]
    old = recipe.subjects[0].name
    assert printed[2] == f"crane copy --all-tags {HOST}/{old} {HOST}/{names[0]}"
    again = [line for line in printed if "crane copy" in line and f"{HOST}/{old} " in line]
    assert len(again) == 2
    if len(names) == 1:
        assert printed[-4:-1] == compared(old, names[0])
        assert printed[-1] == DELETE.format(old)
    else:
        assert printed[-1].startswith("for name in payments/api payments/worker; do aws ecr ")


def test_what_came_in_the_meantime_is_copied_again() -> None:
    """ECR rejects a push of an immutable tag that exists, even of the same image."""
    before = {"Api": api(), "Web": api("payments/web"), "Job": api("payments/job")}
    after = {
        "Api": api("pay/api", ImageTagMutability="IMMUTABLE"),
        "Web": api("pay/web", ImageTagMutability="MUTABLE"),
        "Job": api("pay/job", ImageTagMutability="IMMUTABLE_WITH_EXCLUSION"),
    }
    printed = commands(only({PAYMENTS: before}, {PAYMENTS: after}))
    copied = [
        line.replace(f"{HOST}/", "").split("--all-tags ")[1]
        for line in printed
        if line.startswith("crane copy")
    ]

    assert sorted(copied[:3]) == [f"payments/{name} pay/{name}" for name in ("api", "job", "web")]
    assert sorted(copied[3:]) == [
        "--no-clobber payments/api pay/api",
        "--no-clobber payments/job pay/job",
        "payments/web pay/web",
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # Two candidates, and none.
        ({"A": api("a/api")}, {"B": api("b/api"), "C": api("c/api")}),
        ({"A": api("a/api")}, {"B": api("b/web", ImageTagMutability="MUTABLE")}),
    ],
)
def test_what_is_not_a_rename(before: Resources, after: Resources) -> None:
    """It is retired, and something else is new."""
    assert only({PAYMENTS: before}, {PAYMENTS: after}).kind == "retire"


OTHERS = {"X": api("a/x"), "Y": api("b/y")}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # They exchange their names, or one takes the name of the other, or that of a third one.
        (OTHERS, {"X": api("b/y"), "Y": api("a/x")}),
        (OTHERS, {"X": api("b/y"), "Y": api("c/z")}),
        (OTHERS, {"X": api("c/x"), "Y": api("b/y"), "New": api("a/x")}),
        (OTHERS, {"Y": api("b/y"), "Z": api("b/y")}),
    ],
)
def test_a_name_that_is_taken_is_neither_copied_to_nor_deleted(
    before: Resources, after: Resources
) -> None:
    """The last step of a rename would delete the images of another repository."""
    names = {item["Properties"]["RepositoryName"] for item in after.values()}
    for recipe in recipes_of({PAYMENTS: before}, {PAYMENTS: after}):
        for command in commands(recipe):
            is_harmful = "crane copy" in command or "delete-repository" in command
            assert not is_harmful or names.isdisjoint(command.replace(f"{HOST}/", "").split())


def test_two_stacks_exchange_names_under_the_same_logical_ids() -> None:
    """Each repository seems to be renamed, to a name that exists."""
    before = {"Prod/A": {"X": api("a/x")}, "Prod/B": {"X": api("b/x")}}
    after = {"Prod/A": {"X": api("b/x")}, "Prod/B": {"X": api("a/x")}}
    assert recipes_of(before, after) == ()


REPLICATES = {
    "Replication": resource(
        REPLICATION,
        {
            "ReplicationConfiguration": {
                "Rules": [{"Destinations": [{"Region": REPLICA[1], "RegistryId": REPLICA[0]}]}]
            }
        },
    )
}


@pytest.mark.parametrize("encryption", [None, {"EncryptionType": "KMS"}], ids=["name", "KMS"])
def test_replicas_receive_the_copies(encryption: Any) -> None:
    """Images are copied at home only; what is left over is deleted in both registries.

    The copies are to another name and once more, or to another repository and back.
    """
    new = api(EncryptionConfiguration=encryption) if encryption else api("payments/server")
    before = {
        "Prod/Registry": REPLICATES,
        "Prod/Payments": {"Api": api()},
        "Prod/EuWest1/Payments": {"Api": api()},
    }
    after = {**before, "Prod/Payments": {"Api": new}, "Prod/EuWest1/Payments": {"Api": new}}
    recipe = only(before, after)
    copied = [line for line in commands(recipe) if "crane copy" in line]

    assert all(HOST in line for line in copied)
    assert len(copied) == 2
    deleted = [line for line in commands(recipe) if "delete-repository" in line][-2:]
    assert ["eu-central-1", "eu-west-1"] == sorted(line.split()[4] for line in deleted)


def test_another_encryption_keeps_the_name() -> None:
    """A copy with a free name holds the images meanwhile; a deletion lock is lifted."""
    lock = {"Effect": "Deny", "Principal": "*", "Action": "ecr:Delete*"}
    locked = api(RepositoryPolicyText={"Statement": [lock]})
    taken = {"Copy": api("payments/api-copy")}
    new = api(EncryptionConfiguration={"EncryptionType": "KMS"})
    recipe = only({PAYMENTS: {"Api": locked, **taken}}, {PAYMENTS: {"Api": new, **taken}})

    copy, name = f"{HOST}/payments/api-copy2", f"{HOST}/payments/api"
    region = "--region eu-central-1 --repository-name"
    assert recipe.kind == "encryption"
    assert commands(recipe) == [
        f"aws ecr create-repository {region} payments/api-copy2",
        LOG_IN,
        f"crane copy --all-tags {name} {copy}",
        *compared("payments/api", "payments/api-copy2"),
        f"aws ecr delete-repository-policy {region} payments/api",
        f"cdk orphan {PAYMENTS}/payments/api --app /app/base --unstable=orphan --yes",
        DELETE.format("payments/api"),
        f"cdk deploy {PAYMENTS}",
        LOG_IN,
        f"crane copy --all-tags {copy} {name}",
        *compared("payments/api-copy2", "payments/api"),
        DELETE.format("payments/api-copy2"),
    ]


def test_the_same_encryption_written_otherwise() -> None:
    """CloudFormation rejects it nevertheless; nothing is to be copied."""
    new = api(EncryptionConfiguration={"EncryptionType": "AES256"})
    recipe = only({PAYMENTS: {"Api": api()}}, {PAYMENTS: {"Api": new}})

    assert recipe.kind == "encryption"
    assert [step.is_manual for step in recipe.steps] == [True]
    assert recipe.cautions == ()
