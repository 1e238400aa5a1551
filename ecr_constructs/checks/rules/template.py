"""The template as a whole: references, duplicate keys, limits."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from ecr_constructs.checks.rule import Problem, rule
from ecr_constructs.cloudformation.aws_metadata import schema_of
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.iam_policy import IDENTITY_TYPES
from ecr_constructs.cloudformation.references import Cycles, Reference, references
from ecr_constructs.cloudformation.resource_types import (
    ECR_TYPES,
    EVENT_RULE,
    KEY,
    SECRET,
    TOPIC,
    TOPIC_POLICIES,
)
from ecr_constructs.cloudformation.template import dotted
from ecr_constructs.model.diagnostics import Severity

_QUOTAS = (
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"
)
_TYPES = (*ECR_TYPES, *IDENTITY_TYPES, EVENT_RULE, KEY, SECRET, TOPIC, *TOPIC_POLICIES)
_IN_RESOURCE = 2
_MAX_RESOURCES = 500
_MAX_BYTES = 1_000_000


@rule(
    "ECR601",
    Severity.ERROR,
    "References exist in the template",
    types=_TYPES,
    why="CloudFormation rejects a template with an undefined reference.",
    remedy="Refer to a resource or a parameter of the template.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/"
    "intrinsic-function-reference-ref.html",
)
def references_exist(resource: Resource) -> Iterator[Problem]:
    """Look up each reference, unless a transform can add resources."""
    stack = resource.stack
    if not stack.is_complete:
        return
    parameters = stack.body.get("Parameters")
    names = parameters if isinstance(parameters, Mapping) else {}
    for reference in references(resource):
        name, attribute = reference.name, reference.attribute
        if name.startswith("AWS::"):
            continue
        if name in stack.resources:
            yield from _attribute_errors(stack.resources[name], reference)
        elif attribute is not None or name not in names or reference.path == ("DependsOn",):
            near = get_close_matches(name, [*stack.resources, *names], n=1)
            hint = f"Write {near[0]}." if near else None
            yield Problem(reference.path, f"{name} is not defined in this template", hint)


def _attribute_errors(target: Resource, reference: Reference) -> Iterator[Problem]:
    if reference.attribute is None or target.type not in ECR_TYPES:
        return
    attributes = schema_of(target.type)["attributes"]
    if reference.attribute not in attributes:
        message = f"{target.id} ({target.type}) does not have the attribute {reference.attribute}"
        options = ", ".join(attributes)
        yield Problem(
            reference.path, message, f"Write one of {options}." if options else "Use Ref."
        )


@rule(
    "ECR602",
    Severity.ERROR,
    "Resources do not depend on themselves",
    types=ECR_TYPES,
    why="CloudFormation rejects a circular dependency, such as a key whose policy names the ARN of "
    "the repository that it encrypts.",
    remedy="Write the name or the ARN of one of them as text instead of a reference.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html",
)
def no_cycle(resource: Resource) -> Iterator[Problem]:
    """Find cycles, and report each at its first ECR resource."""
    stack = resource.stack
    if "cycles" not in stack.template_resource.memo:
        stack.template_resource.memo["cycles"] = Cycles(stack)
    members = stack.template_resource.memo["cycles"].of(resource.id)
    of_ecr = [member for member in members if stack.resources[member].type in ECR_TYPES]
    if of_ecr and of_ecr[0] == resource.id:
        yield Problem((), f"circular dependency: {', '.join(members)}")


@rule(
    "ECR604",
    Severity.ERROR,
    "Keys are unique",
    types=[],
    why="CloudFormation silently uses the last one: a resource is not created, or is deleted, or a "
    "condition no longer applies.",
    remedy="Merge the two, or rename one of them.",
    source="https://github.com/aws-cloudformation/cfn-language-discussion/issues/96",
)
def written_once(resource: Resource) -> Iterator[Problem]:
    """Find duplicate keys of sections and of the checked resources."""
    stack = resource.stack
    for place in stack.template.repeated:
        owner = stack.resources.get(str(place[1])) if len(place) > _IN_RESOURCE else None
        if place[0] != "Resources" or owner is None or owner.type in _TYPES:
            where = dotted(place[:-1]) or "the template"
            message = f"duplicate key {place[-1]!r} in {where}; CloudFormation uses the last one"
            yield Problem(place, message)


@rule(
    "ECR603",
    Severity.ERROR,
    "A template is within CloudFormation's limits",
    types=[],
    why="CloudFormation rejects a template with more than 500 resources, or larger than 1 MB.",
    remedy="Divide it into several stacks, for example one for each team.",
    source=_QUOTAS,
)
def within_limits(resource: Resource) -> Iterator[Problem]:
    """Count resources and bytes."""
    stack = resource.stack
    count = len(stack.resources)
    if count > _MAX_RESOURCES:
        message = f"a template has at most {_MAX_RESOURCES} resources, this one has {count:,}"
        yield Problem(("Resources",), message)
    path = stack.template.path
    if path is not None and (size := path.stat().st_size) > _MAX_BYTES:
        yield Problem((), f"a template has at most {_MAX_BYTES:,} bytes, this one has {size:,}")
