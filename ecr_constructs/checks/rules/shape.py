"""Properties as CloudFormation knows them: names, kinds, sizes."""

from collections.abc import Iterator

from ecr_constructs.checks.rule import Fault, rule
from ecr_constructs.checks.schema_validation import misfits
from ecr_constructs.cloudformation.aws_metadata import schema_of
from ecr_constructs.cloudformation.resource import Resource
from ecr_constructs.cloudformation.resource_types import (
    CREATION_TEMPLATE,
    ECR_TYPES,
    PUBLIC_REPOSITORY,
    PULL_TIME_EXCLUSION,
    REPOSITORY,
    SIGNING,
)
from ecr_constructs.cloudformation.template import dotted

_SOURCE = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ECR.html"
# Of these other rules say more.
_SAID_ELSEWHERE = {
    (REPOSITORY, "RepositoryName"),
    (REPOSITORY, "LifecyclePolicy"),
    (REPOSITORY, "ImageTagMutabilityExclusionFilters"),
    (REPOSITORY, "Tags"),
    (PUBLIC_REPOSITORY, "RepositoryName"),
    (PUBLIC_REPOSITORY, "Tags"),
    (CREATION_TEMPLATE, "ImageTagMutabilityExclusionFilters"),
    (CREATION_TEMPLATE, "LifecyclePolicy"),
    (CREATION_TEMPLATE, "Prefix"),
    (CREATION_TEMPLATE, "RepositoryPolicy"),
    (CREATION_TEMPLATE, "ResourceTags"),
    ("AWS::ECR::PullThroughCacheRule", "EcrRepositoryPrefix"),
    ("AWS::ECR::PullThroughCacheRule", "UpstreamRepositoryPrefix"),
    ("AWS::ECR::PullThroughCacheRule", "CredentialArn"),
    ("AWS::ECR::RegistryPolicy", "PolicyText"),
    ("AWS::ECR::RegistryScanningConfiguration", "Rules"),
    ("AWS::ECR::ReplicationConfiguration", "ReplicationConfiguration"),
    (PULL_TIME_EXCLUSION, "PrincipalArn"),
    (SIGNING, "Rules"),
}


def _found(resource: Resource, kind: str) -> Iterator[Fault]:
    if not resource.is_known:
        return
    for misfit in misfits(resource.properties, schema_of(resource.type)):
        if misfit.kind == kind:
            name = dotted(misfit.path).rpartition(".")[2] or "Properties"
            said = misfit.message if kind == "name" else f"{name} {misfit.message}"
            yield Fault(("Properties", *misfit.path), said, misfit.remedy)


@rule(
    "ECR001",
    "error",
    "Properties are those that CloudFormation knows, and none that it needs is missing",
    types=ECR_TYPES,
    why="CloudFormation refuses a property that is misspelt, in another case, or missing.",
    remedy="Write the properties of the resource type's reference.",
    source=_SOURCE,
)
def known_properties(resource: Resource) -> Iterator[Fault]:
    """Hold names to the schema."""
    yield from _found(resource, "name")


@rule(
    "ECR004",
    "error",
    "Values are of the kind, and among the choices, that CloudFormation knows",
    types=ECR_TYPES,
    why="CloudFormation refuses the stack. A policy that must be text is not taken as an object.",
    remedy="Write a value of the kind that the resource type's reference names.",
    source=_SOURCE,
)
def known_kinds(resource: Resource) -> Iterator[Fault]:
    """Hold kinds and choices to the schema."""
    yield from _found(resource, "kind")


@rule(
    "ECR005",
    "error",
    "Texts and lists are as long as CloudFormation allows",
    types=ECR_TYPES,
    why="CloudFormation refuses the stack.",
    remedy="Write a value within the limits of the resource type's reference.",
    source=_SOURCE,
)
def allowed_sizes(resource: Resource) -> Iterator[Fault]:
    """Hold sizes to the schema, where no other rule speaks of them."""
    for fault in _found(resource, "size"):
        if (resource.type, fault.path[1]) not in _SAID_ELSEWHERE:
            yield fault


@rule(
    "ECR006",
    "error",
    "A resource type exists in the stack's Region",
    types=ECR_TYPES,
    why="CloudFormation does not know the type there, and refuses the stack.",
    remedy="Define it in a stack of a Region that has it, or give it a Condition.",
    source="https://docs.aws.amazon.com/general/latest/gr/ecr.html",
)
def type_in_region(resource: Resource) -> Iterator[Fault]:
    """Look the type up in the Regions that lack it."""
    region = resource.stack.region
    if region in schema_of(resource.type)["absentRegions"]:
        yield Fault(("Type",), f"{resource.type} does not exist in {region}")
