"""Recipes: which changes they recognize, and the commands they print."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.checks import Template
from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.cloudformation.resource_types import (
    OIDC_PROVIDER,
    PUBLIC_REPOSITORY,
    REPLICATION,
)
from ecr_constructs.model.names import repository_name_errors
from ecr_constructs.report.comment import to_markdown
from ecr_constructs.report.document import plain
from ecr_constructs.report.review import blocks, to_github, to_json
from ecr_constructs.review import Review, review
from ecr_constructs.review.comparison import Comparison
from ecr_constructs.review.recipes.engine import recipes
from ecr_constructs.review.recipes.recipe import Recipe
from tests.support.rule_examples.build import KEEPS, Resources, key, repository, resource

HOME, REPLICA = ("111122223333", "eu-central-1"), ("111122223333", "eu-west-1")
OTHER = ("444455556666", "eu-central-1")
HOST = "111122223333.dkr.ecr.eu-central-1.amazonaws.com"
UNKEPT = {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"}
Stacks = Mapping[str, Resources]


def api(name: str = "payments/api", **more: Any) -> dict[str, Any]:
    """Return a repository with the attributes that CDK writes."""
    made = repository(RepositoryName=name, **more)
    return {**made, "Metadata": {"aws:cdk:path": f"Prod/Payments/{name}/Resource"}}


def templates(stacks: Stacks, left: Stacks, *, is_head: bool, **options: Any) -> TemplateSet:
    """Return the stacks of one side, by their construct: ``Prod/EuWest1/Payments``."""
    made = []
    for construct in sorted({*stacks, *left}):
        place = REPLICA if "EuWest1" in construct else OTHER if "Account" in construct else HOME
        name = f"{construct.partition('/')[0].lower()}-{construct.rpartition('/')[2].lower()}"
        template = Template(
            f"{construct}.json",
            {"Resources": stacks.get(construct, left.get(construct, {}) if is_head else {})},
            *place,
            path=Path(f"/app/base/{construct.replace('/', '')}.template.json"),
            construct=construct,
            stack_name=name,
            stack=construct,
            is_left=is_head and construct not in stacks,
            termination_protection=False,
        )
        made.append(replace(template, **options))
    return TemplateSet(made)


def reviewed(before: Stacks, after: Stacks) -> Review:
    """Review two versions of an app; a stack that is not in head left it."""
    base = templates(before, after, is_head=False, path=None)
    return review(base, templates(after, before, is_head=True, path=None))


def recipes_of(before: Stacks, after: Stacks, **options: Any) -> tuple[Recipe, ...]:
    """Return the recipes of two versions of an app."""
    base = templates(before, after, is_head=False, **options)
    return recipes(Comparison(base, templates(after, before, is_head=True, **options)))


def only(before: Stacks, after: Stacks, **options: Any) -> Recipe:
    """Return the only recipe."""
    [recipe] = recipes_of(before, after, **options)
    return recipe


def commands(recipe: Recipe) -> list[str]:
    """Return all commands in their order."""
    return [command for step in recipe.steps for command in step.commands]


WEB = {"Web": api("storefront/web")}
MOVED = (
    {"Prod/Payments": {"Api": api(), "Worker": api("payments/worker")}, "Prod/Storefront": WEB},
    {
        "Prod/Payments": {"Worker": api("payments/worker")},
        "Prod/Storefront": {**WEB, "Api": api()},
    },
)


def test_a_repository_moves_to_another_team() -> None:
    """The stack that it leaves is deployed first, then the other one imports it."""
    recipe = only(*MOVED)

    assert recipe.kind == "move"
    assert commands(recipe) == [
        "cdk deploy Prod/Payments --exclusively",
        "cdk deploy Prod/Storefront --import-existing-resources",
        "cdk deploy 'Prod/**'",
    ]
    [subject] = recipe.subjects
    moved = ("payments/api", "Prod/Payments", "Api", "Prod/Storefront", None)
    assert moved == (
        *(subject.name, subject.stack, subject.resource),
        *(subject.new_stack, subject.new_resource),
    )


def test_replicas_move_with_it() -> None:
    """One command deploys the stacks of all registries; CDK sorts them."""
    before, after = (
        {**side, **{name.replace("/", "/EuWest1/"): stack for name, stack in side.items()}}
        for side in MOVED
    )
    assert commands(only(before, after))[0] == (
        "cdk deploy Prod/EuWest1/Payments Prod/Payments --exclusively"
    )


def test_stages_have_recipes_of_their_own() -> None:
    """Each is deployed by itself."""
    before, after = (
        {**side, **{name.replace("Prod", "Dev"): stack for name, stack in side.items()}}
        for side in MOVED
    )
    last = {commands(recipe)[-1] for recipe in recipes_of(before, after)}
    assert last == {"cdk deploy 'Dev/**'", "cdk deploy 'Prod/**'"}


def test_an_app_without_stages() -> None:
    """All of its stacks are deployed at the end."""
    before = {"Payments": {"Api": api()}, "Web": {}}
    after = {"Payments": {}, "Web": {"Api": api()}}
    assert commands(only(before, after))[-1] == "cdk deploy --all"


def test_stacks_that_exchange_repositories() -> None:
    """Neither can be deployed first, so the repositories are detached."""
    before = {"Prod/A": {"Api": api()}, "Prod/B": {"Web": api("web")}}
    after = {"Prod/A": {"Web": api("web")}, "Prod/B": {"Api": api()}}

    assert commands(only(before, after))[:2] == [
        (
            "cdk orphan Prod/Payments/payments/api Prod/Payments/web --app /app/base "
            "--unstable=orphan --yes"
        ),
        "cdk deploy Prod/B Prod/A --import-existing-resources",
    ]


def test_another_logical_id() -> None:
    """A construct has another id, or another scope: detach it by the old one, import it."""
    recipe = only({"Prod/Payments": {"Api": api()}}, {"Prod/Payments": {"ApiV2": api()}})

    assert recipe.subjects[0].new_resource == "ApiV2"
    assert recipe.subjects[0].new_stack is None
    assert commands(recipe)[0].startswith("cdk orphan Prod/Payments/payments/api --app")


@pytest.mark.parametrize("protected", [True, False])
def test_a_team_is_merged_into_another(protected: bool) -> None:
    """Its stack left the app, so CDK cannot delete it."""
    before = {"Prod/Payments": {"Api": api()}, "Prod/Storefront": WEB}
    after = {"Prod/Storefront": {**WEB, "Api": api()}}
    where = "--stack-name prod-payments --region eu-central-1"
    lifted = f"update-termination-protection --no-enable-termination-protection {where}"

    printed = commands(only(before, after, termination_protection=protected))
    assert printed == [
        *([f"aws cloudformation {lifted}"] if protected else []),
        f"aws cloudformation delete-stack {where}",
        f"aws cloudformation wait stack-delete-complete {where}",
        "cdk deploy Prod/Storefront --import-existing-resources",
        "cdk deploy 'Prod/**'",
    ]


KMS = {"EncryptionType": "KMS", "KmsKey": {"Fn::GetAtt": ["Key", "Arn"]}}
ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
IMPORTED = {"EncryptionType": "KMS", "KmsKey": {"Fn::ImportValue": "key"}}


def encrypted_stacks(stage: str, **more: Any) -> dict[str, Resources]:
    """Return a stage with a key in the stack of its repository, and a provider of CI."""
    provider = {"Url": "https://token.actions.githubusercontent.com"}
    return {
        f"{stage}/Team": {"Key": key(**more), "Api": api(EncryptionConfiguration=KMS)},
        f"{stage}/Push": {
            "Ci": {**resource(OIDC_PROVIDER, provider), **KEEPS},
            "Role": resource("AWS::IAM::Role", {}),
        },
        f"{stage}/Registry": {"Replication": resource(REPLICATION, {})},
    }


def test_an_environment_gets_another_name() -> None:
    """Its stacks are deleted, those of keys last; keys and providers are imported by their ids."""
    recipe = only(encrypted_stacks("Prod"), encrypted_stacks("Live", Description="other"))
    printed = commands(recipe)

    file = "prod-team-111122223333-eu-central-1-Key.mapping.json"
    query = '{"Key": {KeyId: StackResourceDetail.PhysicalResourceId}}'
    assert printed[0] == (
        "aws cloudformation describe-stack-resource --stack-name prod-team "
        f"--logical-resource-id Key --region eu-central-1 --query '{query}' --output json > {file}"
    )
    deleted = [line.split()[4] for line in printed if "delete-stack" in line]
    assert deleted == ["prod-push", "prod-registry", "prod-team"]
    providers = "prod-push-111122223333-eu-central-1-Ci.mapping.json"
    assert printed[-4:] == [
        f"cdk import Live/Team --resource-mapping {file} --force",
        f"cdk import Live/Push --resource-mapping {providers} --force",
        "cdk deploy Live/Team --import-existing-resources",
        "cdk deploy 'Live/**'",
    ]
    assert len(recipe.cautions) == 2


def test_the_names_of_mapping_files_are_possible() -> None:
    """A logical id alone can be longer than the name of a file; two can begin alike."""
    names = [f"{'K' * 254}{end}" for end in "12"]
    settings = [
        {"EncryptionType": "KMS", "KmsKey": {"Fn::GetAtt": [name, "Arn"]}} for name in names
    ]
    team = {
        **{name: {**key(), **KEEPS} for name in names},
        **{
            f"Api{number}": api(f"payments/api{number}", EncryptionConfiguration=setting)
            for number, setting in enumerate(settings)
        },
    }
    printed = commands(only({"Prod/Team": team}, {"Live/Team": team}))

    files = [line.rpartition(" > ")[2] for line in printed if "describe-stack-resource" in line]
    assert len({*files}) == 2
    assert all(len(file) <= 255 for file in files)
    imported = [line.split()[4] for line in printed if line.startswith("cdk import")]
    assert imported == files


def test_two_environments_get_other_names() -> None:
    """Each imports its own key; the same names are in two accounts."""
    before, after = (
        {
            **encrypted_stacks(first),
            f"{second}/Account4/Team": encrypted_stacks(second)[f"{second}/Team"],
        }
        for first, second in (("Prod", "Dev"), ("Live", "Test"))
    )
    imported = [
        [line.split()[2] for line in commands(recipe) if line.startswith("cdk import")]
        for recipe in recipes_of(before, after)
    ]
    assert sorted(imported) == [["Live/Team", "Live/Push"], ["Test/Account4/Team"]]


def test_keys_in_several_accounts() -> None:
    """Each command says whose credentials it needs."""
    before, after = (
        {**stacks, f"{stage}/Account4/Team": stacks[f"{stage}/Team"]}
        for stage in ("Prod", "Live")
        for stacks in [encrypted_stacks(stage)]
    )
    printed = commands(only(before, after))
    for account in (HOME[0], OTHER[0]):
        assert printed.count(f"# with credentials of account {account}") >= 2


@pytest.mark.parametrize(
    ("before", "after", "differs"),
    [
        (None, None, False),
        (None, {"EncryptionType": "KMS"}, True),
        ({"EncryptionType": "KMS"}, {"EncryptionType": "KMS"}, False),
        ({"EncryptionType": "KMS", "KmsKey": ARN}, {"EncryptionType": "KMS", "KmsKey": "x"}, True),
        ({"EncryptionType": "KMS", "KmsKey": {"Ref": "P"}}, IMPORTED, None),
        ({"EncryptionType": "KMS", "KmsKey": ARN}, IMPORTED, None),
    ],
)
def test_encryption_that_an_import_would_record(
    before: Any,
    after: Any,
    differs: bool | None,
) -> None:
    """It stays wrong, so it is to be written as it is; if it is not known, it is printed."""
    old, new = (
        api(**({"EncryptionConfiguration": value} if value else {})) for value in (before, after)
    )
    recipe = only({"Prod/A": {"Api": old}, "Prod/B": {}}, {"Prod/A": {}, "Prod/B": {"Api": new}})
    printed = commands(recipe)
    assert recipe.is_blocked is bool(differs)
    assert (printed == []) is bool(differs)
    assert ("aws ecr describe-repositories" in " ".join(printed)) is (differs is None)


def test_a_key_that_stays_is_not_passed_on() -> None:
    """A split environment has a new key; the repository is encrypted with the old one."""
    before = {"Prod/A": {"Key": key(), "Api": api(EncryptionConfiguration=KMS)}}
    after = {
        "Prod/A": {"Key": key()},
        "Ledger/B": {"Key": key(Description="b"), "Api": api(EncryptionConfiguration=KMS)},
    }
    recipe = only(before, after)
    assert recipe.steps[0].is_manual
    assert commands(recipe) == []


def test_a_repository_that_is_not_retained_is_kept_first() -> None:
    """CloudFormation would delete it before anybody imports it."""
    unkept = {**api(), **UNKEPT}
    recipe = only(
        {"Prod/A": {"Api": unkept}, "Prod/B": {}}, {"Prod/A": {}, "Prod/B": {"Api": unkept}}
    )
    assert recipe.steps[0].is_manual
    assert commands(recipe) == []


UNKEPT_STACKS: dict[str, tuple[Stacks, Stacks]] = {
    "another repository of the stack": (
        {"Prod/A": {"Api": api(), "Web": {**api("web"), **UNKEPT}}, "Prod/B": {}},
        {"Prod/B": {"Api": api()}},
    ),
    "a key": (
        {"Prod/A": {"Key": {**key(), **UNKEPT}, "Api": api(EncryptionConfiguration=KMS)}},
        {},
    ),
}


@pytest.mark.parametrize("case", UNKEPT_STACKS)
def test_a_stack_is_not_deleted_with_what_it_does_not_retain(case: str) -> None:
    """No recipe deletes the stack before that is retained."""
    before, after = UNKEPT_STACKS[case]
    printed = [line for recipe in recipes_of(before, after) for line in commands(recipe)]
    assert not any("delete-stack" in line for line in printed)


def test_a_renamed_repository_that_is_not_retained_is_kept_first() -> None:
    """The deployment would delete it before anybody copies its images."""
    unkept = {**api(), "UpdateReplacePolicy": "Delete"}
    renamed = {**api("payments/server"), "UpdateReplacePolicy": "Delete"}
    recipe = only({PAYMENTS: {"Api": unkept}}, {PAYMENTS: {"Api": renamed}})
    assert recipe.is_blocked
    assert commands(recipe) == []


# --- renamed ----------------------------------------------------------------------------------


DELETE = "aws ecr delete-repository --region eu-central-1 --repository-name {} --force"
LOG_IN = (
    "aws ecr get-login-password --region eu-central-1 | "
    f"crane auth login --username AWS --password-stdin {HOST}"
)
PAYMENTS = "Prod/Payments"
RENAMES: dict[str, tuple[Stacks, Stacks, list[str]]] = {
    "the same logical id": (
        {PAYMENTS: {"Api": api()}},
        {PAYMENTS: {"Api": api("payments/server")}},
        ["payments/server"],
    ),
    "the only one of a stack": (
        {PAYMENTS: {"Api": api()}},
        {PAYMENTS: {"Server": api("payments/server", Tags=[{"Key": "a", "Value": "b"}])}},
        ["payments/server"],
    ),
    "another namespace, in another stack": (
        {PAYMENTS: {"Api": api(), "Web": api("web")}, "Prod/Pay": {}},
        {PAYMENTS: {"Web": api("web")}, "Prod/Pay": {"Api": api("pay/api")}},
        ["pay/api"],
    ),
    "a namespace": (
        {PAYMENTS: {"Api": api(), "Worker": api("payments/worker")}},
        {PAYMENTS: {"A": api("pay/api"), "B": api("pay/worker")}},
        ["pay/api", "pay/worker"],
    ),
}


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


# --- encrypted --------------------------------------------------------------------------------


def compared(original: str, copy: str) -> list[str]:
    """Return the commands without which nothing may be deleted."""
    query = "--query 'imageIds[?imageTag].[imageTag,imageDigest]' --output text"
    lists = "aws ecr list-images --region eu-central-1 --repository-name"
    return [
        f"{lists} {original} {query} > original.images.txt",
        f"{lists} {copy} {query} > copy.images.txt",
        "if grep -vxFf copy.images.txt original.images.txt; then false; fi",
    ]


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


# --- retired ----------------------------------------------------------------------------------


QUERY = "'sort(imageDetails[?lastRecordedPullTime].lastRecordedPullTime)[-1]' --output text"


def test_a_repository_is_retired() -> None:
    """It leaves its stack; somebody deletes it later."""
    before = {PAYMENTS: {"Api": api(), "Web": api("web")}}
    recipe = only(before, {PAYMENTS: {"Web": api("web")}})

    region = "--region eu-central-1 --repository-name payments/api"
    assert recipe.kind == "retire"
    assert commands(recipe) == [
        f"aws ecr describe-images {region} --query {QUERY}",
        "cdk deploy 'Prod/**'",
        f"aws ecr delete-repository {region} --force",
    ]


def test_a_team_is_retired() -> None:
    """Its stack is deleted; commands for several accounts say whose credentials they need."""
    team = {PAYMENTS: {"Api": api()}, "Prod/Account4/Payments": {"Api": api()}}
    recipe = only({**team, "Prod/Storefront": WEB}, {"Prod/Storefront": WEB})

    comments = [line for line in commands(recipe) if line.startswith("# ")]
    assert (
        comments
        == [
            f"# with credentials of account {account}"
            for account in (OTHER[0], HOME[0])
            for _ in range(1)
        ]
        * 3
    )
    assert "cdk deploy" not in " ".join(commands(recipe))


def test_a_stack_without_repositories_is_retired() -> None:
    """CDK leaves it deployed."""
    before = {PAYMENTS: {"Api": api()}, "Prod/Alerts": {"Topic": resource("AWS::SNS::Topic", {})}}
    printed = commands(only(before, {PAYMENTS: {"Api": api()}}))
    assert [line.split()[2] for line in printed] == ["delete-stack", "wait"]


@pytest.mark.parametrize("empties", [True, False])
def test_what_the_deployment_deletes(empties: bool) -> None:
    """The recipe says so, since its last step is too late."""
    unkept = {**api(EmptyOnDelete=empties), **UNKEPT}
    recipe = only({PAYMENTS: {"Api": unkept, **WEB}}, {PAYMENTS: WEB})
    assert len(recipe.cautions) == 2


def test_a_registry_that_moves() -> None:
    """The same names are new elsewhere: the recipe does not take that for a move."""
    recipe = only({PAYMENTS: {"Api": api()}}, {"Prod/EuWest1/Payments": {"Api": api()}})
    assert recipe.kind == "retire"
    assert recipe.title.endswith("111122223333/eu-central-1")
    assert len(recipe.cautions) == 2


def test_a_public_repository_is_retired() -> None:
    """ECR Public has its own commands, in its Region, and tells nothing about pulls."""
    tools = {**resource(PUBLIC_REPOSITORY, {"RepositoryName": "tools"}), **KEEPS}
    printed = commands(only({PAYMENTS: {"Tools": tools, **WEB}}, {PAYMENTS: WEB}))
    where = "--region us-east-1 --repository-name tools"
    assert printed[-1] == f"aws ecr-public delete-repository {where} --force"


NESTED = Path("nested.template.json")
# --- not known --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "change"),
    [
        ({"construct": None}, "move"),
        ({"construct": None}, "retire"),
        ({"construct": None}, "rename"),
        ({"account": None}, "rename"),
        ({"region": "nowhere"}, "rename"),
        ({"account": "one"}, "encrypt"),
        ({"path": None}, "encrypt"),
        ({"stack_name": None}, "merge"),
        ({"stack_name": None}, "environment"),
        # The CDK CLI detaches nothing that is in a nested stack.
        ({"path": NESTED, "root": NESTED}, "encrypt"),
        ({"construct": None}, "rename all"),
    ],
)
def test_no_command_is_printed_if_one_is_not_known(options: dict[str, Any], change: str) -> None:
    """What is left of a recipe would delete images that nobody has copied."""
    new = {"Api": api(EncryptionConfiguration={"EncryptionType": "KMS"})}
    sides: dict[str, tuple[Stacks, Stacks]] = {
        "move": MOVED,
        "retire": ({PAYMENTS: {"Api": api(), **WEB}}, {PAYMENTS: WEB}),
        "rename": RENAMES["the same logical id"][:2],
        "rename all": RENAMES["a namespace"][:2],
        "encrypt": ({PAYMENTS: {"Api": api()}}, {PAYMENTS: new}),
        "environment": (encrypted_stacks("Prod"), encrypted_stacks("Live")),
        "merge": ({PAYMENTS: {"Api": api()}, "Prod/B": {}}, {"Prod/B": {"Api": api()}}),
    }
    recipe = only(*sides[change], **options)

    assert commands(recipe) == []
    assert not recipe.has_commands


def test_a_construct_that_is_not_known() -> None:
    """An assembly without metadata does not say what to detach."""
    plain_api = repository(RepositoryName="payments/api")
    new = repository(
        RepositoryName="payments/api", EncryptionConfiguration={"EncryptionType": "KMS"}
    )
    assert commands(only({PAYMENTS: {"Api": plain_api}}, {PAYMENTS: {"Api": new}})) == []


def test_the_metadata_of_an_assembly_names_the_constructs(tmp_path: Path) -> None:
    """Two stacks of an assembly can have the same logical id; then neither is named."""
    names = ("Api", "Worker")
    metadata = {
        "/Prod/Payments/Unreadable": None,
        "/Prod/Payments/Other": [{"type": "aws:cdk:warning", "data": "x"}],
        **{
            f"/Prod/Payments/{name}/Resource": [{"type": "aws:cdk:logicalId", "data": name}]
            for name in names
        },
    }
    template = tmp_path / "Payments.template.json"
    (tmp_path / "Payments.metadata.json").write_text(json.dumps(metadata), encoding="utf-8")
    sides = [
        {PAYMENTS: {name: repository(RepositoryName=name.lower(), **more) for name in names}}
        for more in ({}, {"EncryptionConfiguration": {"EncryptionType": "KMS"}})
    ]
    [orphan] = [
        line for line in commands(only(sides[0], sides[1], path=template)) if "orphan" in line
    ]
    assert orphan == (
        f"cdk orphan {PAYMENTS}/Api {PAYMENTS}/Worker --app {tmp_path} --unstable=orphan --yes"
    )
    metadata["/Prod/Payments/Nested/Api"] = [{"type": "aws:cdk:logicalId", "data": "Api"}]
    (tmp_path / "Payments.metadata.json").write_text(json.dumps(metadata), encoding="utf-8")
    assert commands(only(sides[0], sides[1], path=template)) == []


def test_a_repository_that_gets_a_name_has_no_recipe() -> None:
    """The name that CloudFormation generated is not known."""
    assert recipes_of({PAYMENTS: {"A": repository()}}, {PAYMENTS: {"A": api()}}) == ()


def test_repositories_without_names_have_no_recipe() -> None:
    """Nobody can tell whether they are the same."""
    assert recipes_of({PAYMENTS: {"A": repository()}}, {PAYMENTS: {"B": repository()}}) == ()


def test_a_name_is_quoted() -> None:
    """Templates of a pull request cannot run anything in the reader's shell."""
    evil = "payments/$(rm -rf ~)`x`'\""
    before = {PAYMENTS: {"A": api(evil), "B": api("b"), **WEB}}
    printed = "\n".join(commands(only(before, {PAYMENTS: WEB})))
    assert "'payments/$(rm -rf ~)`x`'\"'\"'\"'" in printed


# --- formats ----------------------------------------------------------------------------------


def test_every_format_has_the_commands() -> None:
    """Text, JSON, comment and annotation."""
    result = reviewed(*MOVED)
    [recipe] = result.recipes
    command = commands(recipe)[1]

    assert f"       {command}\n" in plain(blocks(result))
    assert f"   {command}\n" in to_markdown(result)
    assert command in to_github(result)
    [document] = to_json(result)["recipes"]
    assert document["kind"] == "move"
    assert document["steps"][1]["commands"] == [command]
    assert document["subjects"][0]["newStack"] == "Prod/Storefront"
    assert to_json(result)["summary"]["recipes"] == 1


def test_a_long_recipe_does_not_fit_a_comment() -> None:
    """Text and JSON have it."""
    many = {f"R{number}": api(f"payments/{'x' * 200}{number}") for number in range(100)}
    result = reviewed({PAYMENTS: {**many, **WEB}}, {PAYMENTS: WEB})

    assert "Recipe: Retire" in to_markdown(result)
    assert "```sh" not in to_markdown(result)
    assert len(commands(result.recipes[0])) == 3


def test_the_title_of_a_recipe_has_no_effect_in_a_comment() -> None:
    """A name may hold anything in a template."""
    evil = {"A": api("</summary>@team"), **WEB}
    shown = to_markdown(reviewed({PAYMENTS: evil}, {PAYMENTS: WEB}))
    title = shown.partition("<summary>Recipe: ")[2].splitlines()[0]
    assert title.startswith("Retire &lt;/summary&gt;&#64;team in registry ")
