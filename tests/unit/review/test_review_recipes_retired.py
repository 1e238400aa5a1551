"""The recipes for what is retired, what is not known, and the formats that show them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.cloudformation.resource_types import PUBLIC_REPOSITORY
from ecr_constructs.report.comment import to_markdown
from ecr_constructs.report.document import plain
from ecr_constructs.report.review import blocks, to_github, to_json
from tests.support.recipes import (
    HOME,
    MOVED,
    OTHER,
    PAYMENTS,
    RENAMES,
    UNKEPT,
    WEB,
    Stacks,
    api,
    commands,
    encrypted_stacks,
    only,
    recipes_of,
    reviewed,
)
from tests.support.rule_examples.build import KEEPS, repository, resource

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


@pytest.mark.parametrize("head", [{PAYMENTS: WEB}, {"Prod/B": WEB}], ids=["stays", "left"])
@pytest.mark.parametrize(
    ("empties", "verb"), [(True, "deletes"), ({"Ref": "Any"}, "may delete"), (False, None)]
)
def test_what_the_deployment_deletes(empties: Any, verb: str | None, head: Stacks) -> None:
    """The step in which it happens says so: nothing is left to delete later, or to take back."""
    unkept = {**api(EmptyOnDelete=empties), **UNKEPT}
    recipe = only({**head, PAYMENTS: {"Api": unkept, **head.get(PAYMENTS, {})}}, head)

    [step] = [step for step in recipe.steps if step.summary.startswith(("Deploy", "Delete"))]
    sentence = f"CloudFormation {verb} payments/api with all images, permanently."
    assert (verb is not None) == step.summary.endswith(sentence)
    may_be_left = verb != "deletes"
    assert may_be_left == any("--force" in command for command in commands(recipe))
    assert len(recipe.cautions) == (2 if may_be_left else 1)


@pytest.mark.parametrize("as_text", [plain, to_markdown], ids=["text", "Markdown"])
def test_a_recipe_without_an_outcome_begins_with_its_first_step(as_text: Any) -> None:
    """Not with an empty line."""
    unkept = {**api(EmptyOnDelete=True), **UNKEPT}
    changes = reviewed({PAYMENTS: {"Api": unkept, **WEB}}, {PAYMENTS: WEB})
    printed = as_text(blocks(changes) if as_text is plain else changes)

    assert changes.recipes[0].outcome == ""
    assert re.search(r"Recipe: Retire .*\n(-+|</summary>)?\n+1\\?\. ", printed)
    assert "\n\n\n1" not in printed


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
