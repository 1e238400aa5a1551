"""The template as a whole: what it refers to, and its limits."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from ecr_constructs.checks.rule import Fault, rule
from ecr_constructs.cloudformation.aws_metadata import schema_of
from ecr_constructs.cloudformation.cycles import Cycles
from ecr_constructs.cloudformation.iam_policy import IDENTITY_TYPES
from ecr_constructs.cloudformation.references import Reference, references
from ecr_constructs.cloudformation.resource import Resource
from ecr_constructs.cloudformation.resource_types import (
    ECR_TYPES,
    EVENT_RULE,
    KEY,
    SECRET,
    TOPIC,
    TOPIC_POLICIES,
)
from ecr_constructs.cloudformation.template import dotted

_QUOTAS = (
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"
)
_TYPES = (*ECR_TYPES, *IDENTITY_TYPES, EVENT_RULE, KEY, SECRET, TOPIC, *TOPIC_POLICIES)
_IN_RESOURCE = 2
_MAX_RESOURCES = 500
_MAX_BYTES = 1_000_000


@rule(
    "ECR601",
    "error",
    "References lead somewhere",
    types=_TYPES,
    why="CloudFormation refuses a template with a reference to what it does not define.",
    remedy="Name a resource or a parameter of the template.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/"
    "intrinsic-function-reference-ref.html",
)
def lead_somewhere(resource: Resource) -> Iterator[Fault]:
    """Look up what each reference names; a transform may add what is not there yet."""
    stack = resource.stack
    if not stack.is_complete:
        return
    parameters = stack.body.get("Parameters")
    named = parameters if isinstance(parameters, Mapping) else {}
    for reference in references(resource):
        name, attribute = reference.name, reference.attribute
        if name.startswith("AWS::"):
            continue
        if name in stack.resources:
            yield from _attribute_errors(stack.resources[name], reference)
        elif attribute is not None or name not in named or reference.path == ("DependsOn",):
            near = get_close_matches(name, [*stack.resources, *named], n=1)
            hint = f"Write {near[0]}." if near else None
            yield Fault(reference.path, f"{name} is not defined in this template", hint)


def _attribute_errors(target: Resource, reference: Reference) -> Iterator[Fault]:
    if reference.attribute is None or target.type not in ECR_TYPES:
        return
    known = schema_of(target.type)["attributes"]
    if reference.attribute not in known:
        said = f"{target.id}, a {target.type}, has no attribute {reference.attribute}"
        options = ", ".join(known)
        yield Fault(reference.path, said, f"Write one of {options}." if options else "Use Ref.")


@rule(
    "ECR602",
    "error",
    "Nothing depends on itself",
    types=ECR_TYPES,
    why="CloudFormation refuses a circular dependency, such as a key whose policy names the ARN of "
    "the repository that it encrypts.",
    remedy="Write the name or the ARN of one of them as text, since both are known beforehand.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html",
)
def no_cycle(resource: Resource) -> Iterator[Fault]:
    """Look for cycles, and name each at its first resource of ECR."""
    stack = resource.stack
    if "cycles" not in stack.template_resource.memo:
        stack.template_resource.memo["cycles"] = Cycles(stack)
    members = stack.template_resource.memo["cycles"].of(resource.id)
    of_ecr = [each for each in members if stack.resources[each].type in ECR_TYPES]
    if of_ecr and of_ecr[0] == resource.id:
        yield Fault((), f"depend on each other: {', '.join(members)}")


@rule(
    "ECR604",
    "error",
    "A key is written once",
    types=[],
    why="CloudFormation takes the last one and drops the others without a word: a resource that is "
    "never made, or deleted if it was; a condition that no longer narrows anyone.",
    remedy="Join the two, or give one of them another name.",
    source="https://github.com/aws-cloudformation/cfn-language-discussion/issues/96",
)
def written_once(resource: Resource) -> Iterator[Fault]:
    """Look at the keys of sections, and of the resources that are judged."""
    stack = resource.stack
    for place in stack.template.repeated:
        owner = stack.resources.get(str(place[1])) if len(place) > _IN_RESOURCE else None
        if place[0] != "Resources" or owner is None or owner.type in _TYPES:
            where = dotted(place[:-1]) or "the template"
            said = f"{place[-1]!r} stands twice in {where}; only the last one counts"
            yield Fault(place, said)


@rule(
    "ECR603",
    "error",
    "A template is within CloudFormation's limits",
    types=[],
    why="CloudFormation refuses a template with more than 500 resources, or larger than 1 MB.",
    remedy="Divide it into several stacks: one for each team, say.",
    source=_QUOTAS,
)
def within_limits(resource: Resource) -> Iterator[Fault]:
    """Count resources and bytes."""
    stack = resource.stack
    count = len(stack.resources)
    if count > _MAX_RESOURCES:
        said = f"a template has at most {_MAX_RESOURCES} resources, this one {count:,}"
        yield Fault(("Resources",), said)
    path = stack.template.path
    if path is not None and (size := path.stat().st_size) > _MAX_BYTES:
        yield Fault((), f"a template has at most {_MAX_BYTES:,} bytes, this one {size:,}")
