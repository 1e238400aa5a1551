"""Names of repositories."""

from collections.abc import Iterator

from ecr_constructs.checks.rule import Fault, rule
from ecr_constructs.cloudformation.resource import Resource
from ecr_constructs.cloudformation.resource_types import PUBLIC_REPOSITORY, REPOSITORY
from ecr_constructs.model.names import repository_name_errors
from ecr_constructs.model.public_catalog import public_name_errors

_PATH = ("Properties", "RepositoryName")


@rule(
    "ECR002",
    "error",
    "A repository's name is one that ECR accepts",
    types=[REPOSITORY, PUBLIC_REPOSITORY],
    why="ECR refuses any other name when the stack is deployed.",
    remedy="Write lowercase letters and digits, with '.', '_', '-' and '/' between them.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html",
)
def accepted_name(resource: Resource) -> Iterator[Fault]:
    """Judge the name, if there is one."""
    name = resource.text("RepositoryName")
    if name is None:
        return
    faults_of = repository_name_errors if resource.type == REPOSITORY else public_name_errors
    for fault in dict.fromkeys(faults_of(name)):
        yield Fault(_PATH, f"the name {name!r} {fault.text}")


@rule(
    "ECR003",
    "error",
    "A repository is defined once",
    types=[REPOSITORY, PUBLIC_REPOSITORY],
    why="A name is taken once per account and Region: the second one fails with 'already exists'.",
    remedy="Define it in one place, and refer to it from the other.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html",
)
def defined_once(resource: Resource) -> Iterator[Fault]:
    """Look for another repository of the same name before this one."""
    name = resource.text("RepositoryName")
    first = resource.assembly.first_of(resource, "RepositoryName") if name else None
    if first is not None and first is not resource:
        where = "" if first.stack is resource.stack else f" of {first.stack.template.name}"
        yield Fault(_PATH, f"{name!r} is the name of {first.id}{where} too")
