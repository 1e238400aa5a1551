"""What exists once per account and Region."""

from collections.abc import Iterator

from ecr_constructs.checks.rule import Fault, rule
from ecr_constructs.cloudformation.resource import Resource
from ecr_constructs.cloudformation.resource_types import SINGLETONS


@rule(
    "ECR301",
    "error",
    "A setting of the registry has one owner",
    types=SINGLETONS,
    why="There is one such setting per account and Region. A second resource overwrites the first "
    "without a word, and deleting either of them deletes the setting.",
    remedy="Join them in one resource.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html",
)
def one_owner(resource: Resource) -> Iterator[Fault]:
    """Look for another one of the type before this one."""
    first = resource.assembly.first_beside(resource)
    if first is not resource:
        where = "" if first.stack is resource.stack else f" of {first.stack.template.name}"
        yield Fault((), f"{first.id}{where} owns this setting of the registry already")
