"""Recipes: which changes they recognize, and the commands they print."""

from typing import Any

import pytest

from tests.support.recipes import (
    HOME,
    KMS,
    MOVED,
    OTHER,
    PAYMENTS,
    UNKEPT,
    WEB,
    Stacks,
    api,
    commands,
    encrypted_stacks,
    only,
    recipes_of,
)
from tests.support.rule_examples.build import key


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


ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
IMPORTED = {"EncryptionType": "KMS", "KmsKey": {"Fn::ImportValue": "key"}}


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
