"""The recipes that copy images: a repository has another name or another encryption."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.cloudformation.resource_types import REPLICATION
from ecr_constructs.model.names import repository_name_errors
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


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (f"payments/{'a' * 242}", f"payments/{'a' * 241}-copy"),
        # The hyphen of the suffix may not follow a separator.
        (f"payments/{'a' * 239}._{'b' * 5}", f"payments/{'a' * 239}-copy"),
        (f"{'a' * 249}/{'b' * 6}", f"{'a' * 249}-copy"),
        ("a" * 250, f"{'a' * 250}-copy"),
    ],
)
def test_the_name_of_the_copies_is_accepted(name: str, expected: str) -> None:
    """It is as long as clients of registries allow, whatever the name of the repository is."""
    new = api(name, EncryptionConfiguration={"EncryptionType": "KMS"})
    printed = commands(only({PAYMENTS: {"Api": api(name)}}, {PAYMENTS: {"Api": new}}))

    assert printed[0] == (
        f"aws ecr create-repository --region eu-central-1 --repository-name {expected}"
    )
    assert not [*repository_name_errors(expected)]
    assert len(expected) <= 255
    # A file system allows 255 bytes.
    assert max(len(line.rpartition("> ")[2]) for line in printed if "list-images" in line) <= 255


def test_long_names_have_different_copies() -> None:
    """Also if they are equal up to the last characters."""
    names = [f"payments/{'a' * 245}{end}" for end in "bc"]
    old, new = (
        {name[-1]: api(name, **more) for name in names}
        for more in ({}, {"EncryptionConfiguration": {"EncryptionType": "KMS"}})
    )
    [created, *_] = commands(only({PAYMENTS: old}, {PAYMENTS: new}))

    copies = created.removeprefix("for name in ").partition(";")[0].split()
    assert copies == [f"payments/{'a' * 241}-copy", f"payments/{'a' * 240}-copy2"]


LISTS = {"a/b": "v1\tsha256:1\nv2\tsha256:2\n", "a--b": "v1\tsha256:1\n"}


@pytest.mark.parametrize(
    ("lists", "status", "printed"),
    [
        (LISTS, 1, "v2\tsha256:2\n"),
        ({**LISTS, "a--b": "v2\tsha256:3\nv1\tsha256:1\n"}, 1, "v2\tsha256:2\n"),
        ({**LISTS, "a--b": "v3\tsha256:3\nv2\tsha256:2\nv1\tsha256:1\n"}, 0, ""),
        ({**LISTS, "a--b": ""}, 1, LISTS["a/b"]),
        ({"a/b": "", "a--b": ""}, 0, ""),
        # The list of the original cannot be read.
        ({"a--b": ""}, 1, "AccessDenied\n"),
    ],
)
def test_what_a_copy_lacks_is_found(
    tmp_path: Path, lists: dict[str, str], status: int, printed: str
) -> None:
    """Also if both names would be the same in the name of a file, or if a list is not known."""
    old, new = api("a/b"), api("a--b")
    recipe = only({PAYMENTS: {"Api": old}}, {PAYMENTS: {"Api": new}})
    [compared] = [step for step in recipe.steps if any("grep" in line for line in step.commands)]
    (tmp_path / "lists").mkdir()
    for name, content in lists.items():
        (tmp_path / "lists" / name.replace("/", "%")).write_text(content)
    (tmp_path / "aws").write_text(
        '#!/bin/sh\nname=$(echo "$6" | tr / %)\ncat "lists/$name" 2>/dev/null || '
        "{ echo AccessDenied; exit 254; } >&2\n"
    )
    (tmp_path / "aws").chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", "-e", "-c", "\n".join(compared.commands)],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
    )
    assert (bool(done.returncode), done.stdout) == (bool(status), printed)


def test_a_stack_is_not_deployed_for_two_reasons() -> None:
    """The images would be deleted, and then the deployment would fail at the other name."""
    kms = {"EncryptionConfiguration": {"EncryptionType": "KMS"}}
    before, after = {"Web": api("web/a")}, {"Web": api("web/a", **kms)}
    into, out_of = (
        recipes_of({PAYMENTS: {"Api": api(), **first}, "Prod/Web": second}, changed)
        for first, second, changed in (
            ({}, before, {PAYMENTS: {}, "Prod/Web": {"Api": api(), **after}}),
            (before, {}, {PAYMENTS: after, "Prod/Web": {"Api": api()}}),
        )
    )
    assert ["encryption", "move"] == [recipe.kind for recipe in into]
    assert [True, True] == [recipe.is_blocked for recipe in into]
    assert [] == [*commands(into[0]), *commands(into[1])]
    # It leaves the stack by the deployment that encrypts, and nothing fails.
    assert [False, False] == [recipe.is_blocked for recipe in out_of]


def test_the_same_encryption_written_otherwise() -> None:
    """CloudFormation rejects it nevertheless; nothing is to be copied."""
    new = api(EncryptionConfiguration={"EncryptionType": "AES256"})
    recipe = only({PAYMENTS: {"Api": api()}}, {PAYMENTS: {"Api": new}})

    assert recipe.kind == "encryption"
    assert [step.is_manual for step in recipe.steps] == [True]
    assert recipe.cautions == ()
