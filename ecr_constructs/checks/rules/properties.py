"""Properties compared with the CloudFormation schema: names, types, sizes."""

from collections.abc import Iterator

from ecr_constructs.checks.rule import Problem, rule
from ecr_constructs.checks.schema_validation import schema_errors
from ecr_constructs.cloudformation.aws_metadata import schema_of
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.resource_types import (
    CREATION_TEMPLATE,
    ECR_TYPES,
    PUBLIC_REPOSITORY,
    PULL_TIME_EXCLUSION,
    REPOSITORY,
    SIGNING,
)
from ecr_constructs.cloudformation.template import dotted
from ecr_constructs.model.diagnostics import Severity

_SOURCE = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ECR.html"
# Other rules report more about these.
_OTHER_RULES = {
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


def _schema_problems(resource: Resource, kind: str) -> Iterator[Problem]:
    if not resource.is_known:
        return
    for error in schema_errors(resource.properties, schema_of(resource.type)):
        if error.kind == kind:
            name = dotted(error.path).rpartition(".")[2] or "Properties"
            message = error.message if kind == "name" else f"{name} {error.message}"
            yield Problem(("Properties", *error.path), message, error.remedy)


@rule(
    "ECR001",
    Severity.ERROR,
    "Properties exist in the resource type, and required properties are set",
    types=ECR_TYPES,
    why="CloudFormation rejects a property that is misspelled, has the wrong case, or is missing.",
    remedy="Use the properties in the reference of the resource type.",
    source=_SOURCE,
)
def known_properties(resource: Resource) -> Iterator[Problem]:
    """Compare property names with the schema."""
    yield from _schema_problems(resource, "name")


@rule(
    "ECR004",
    Severity.ERROR,
    "Values have the type, and are among the options, of the schema",
    types=ECR_TYPES,
    why="CloudFormation rejects the stack. A policy that must be text cannot be an object.",
    remedy="Write a value of the type in the reference of the resource type.",
    source=_SOURCE,
)
def known_kinds(resource: Resource) -> Iterator[Problem]:
    """Compare types and options with the schema."""
    yield from _schema_problems(resource, "kind")


@rule(
    "ECR005",
    Severity.ERROR,
    "Texts and lists have an allowed length",
    types=ECR_TYPES,
    why="CloudFormation rejects the stack.",
    remedy="Write a value within the limits in the reference of the resource type.",
    source=_SOURCE,
)
def allowed_sizes(resource: Resource) -> Iterator[Problem]:
    """Compare lengths with the schema, unless another rule covers the property."""
    for problem in _schema_problems(resource, "size"):
        if (resource.type, problem.path[1]) not in _OTHER_RULES:
            yield problem


@rule(
    "ECR006",
    Severity.ERROR,
    "A resource type exists in the stack's Region",
    types=ECR_TYPES,
    why="The type is not available in the Region, and CloudFormation rejects the stack.",
    remedy="Define it in a stack of a Region that has it, or give it a Condition.",
    source="https://docs.aws.amazon.com/general/latest/gr/ecr.html",
)
def type_in_region(resource: Resource) -> Iterator[Problem]:
    """Compare the Region with those that lack the type."""
    region = resource.stack.region
    if region in schema_of(resource.type)["absentRegions"]:
        yield Problem(("Type",), f"{resource.type} does not exist in {region}")
