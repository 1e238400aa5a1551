"""Stacks whose changes have recipes, and readers of the recipes."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ecr_constructs.checks import Template
from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.cloudformation.resource_types import OIDC_PROVIDER, REPLICATION
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

KMS = {"EncryptionType": "KMS", "KmsKey": {"Fn::GetAtt": ["Key", "Arn"]}}


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


def compared(original: str, copy: str) -> list[str]:
    """Return the commands without which nothing may be deleted."""
    files = [f"eu-central-1-{name.replace('/', '--')}.images.txt" for name in (original, copy)]
    query = "--query 'imageIds[?imageTag].[imageTag,imageDigest]' --output text"
    lists = "aws ecr list-images --region eu-central-1 --repository-name"
    return [
        *(
            f"{lists} {name} {query} | sort > {file}"
            for name, file in zip((original, copy), files, strict=True)
        ),
        f"! comm -23 {' '.join(files)} | grep .",
    ]
