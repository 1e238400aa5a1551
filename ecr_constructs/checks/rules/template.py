"""The template as a whole: references, cycles, duplicate keys, limits, suppressions."""

import re
from collections.abc import Iterator
from difflib import get_close_matches

from ecr_constructs.checks.rule import (
    CFN_GUIDE,
    CFN_REFERENCE,
    Problem,
    error_rule,
    warning_rule,
)
from ecr_constructs.cloudformation.aws_metadata import attributes_of, pseudo_parameters
from ecr_constructs.cloudformation.graph import Resource, Stack
from ecr_constructs.cloudformation.references import Cycles, Reference, references
from ecr_constructs.cloudformation.resource_types import ECR_TYPES, RELATED_TYPES
from ecr_constructs.cloudformation.template import dotted

_IN_RESOURCE = 2
_MAX_RESOURCES = 500
_MAX_BYTES = 1_000_000


@error_rule(
    "ECR601",
    "References exist in the template",
    types=RELATED_TYPES,
    why="CloudFormation rejects a template with an undefined reference.",
    remedy="Refer to a resource or a parameter of the template.",
    source=f"{CFN_REFERENCE}/intrinsic-function-reference-ref.html",
)
def _references_exist(resource: Resource) -> Iterator[Problem]:
    """Look up each reference, unless a transform can add resources."""
    stack = resource.stack
    if not stack.is_complete:
        return
    for reference in references(resource):
        if reference.name in stack.resources:
            yield from attribute_problems(stack.resources[reference.name], reference)
        yield from undefined_problems(stack, reference)


def undefined_problems(stack: Stack, reference: Reference) -> Iterator[Problem]:
    """Yield a problem if a template does not define what a reference names."""
    name, parameters = reference.name, stack.section("Parameters")
    # Only resources have attributes and dependencies.
    is_resource = reference.attribute is not None or reference.path == ("DependsOn",)
    is_defined = name in stack.resources or (name in parameters and not is_resource)
    if not is_defined and name not in pseudo_parameters():
        names = [*stack.resources, *parameters, *pseudo_parameters()]
        near = get_close_matches(name, names, n=1)
        hint = f"Write {near[0]}." if near else None
        yield Problem(reference.path, f"{name} is not defined in this template", hint)


def attribute_problems(target: Resource, reference: Reference) -> Iterator[Problem]:
    """Yield a problem if a resource does not have the attribute of a reference."""
    attributes = attributes_of(target.type)
    if reference.attribute is None or attributes is None:
        return
    if not any(re.fullmatch(pattern, reference.attribute) for pattern in attributes):
        message = f"{target.id} ({target.type}) does not have the attribute {reference.attribute}"
        literal = {name.lower(): name for name in attributes if name.isidentifier()}
        near = get_close_matches(reference.attribute.lower(), literal, n=1)
        options = [literal[name] for name in near or literal]
        remedy = f"Write {' or '.join(options)}." if options else "Use Ref."
        yield Problem(reference.path, message, remedy)


@error_rule(
    "ECR602",
    "Resources do not depend on themselves",
    types=ECR_TYPES,
    why="CloudFormation rejects a circular dependency, such as a key whose policy names the ARN of "
    "the repository that it encrypts.",
    remedy="Write the name or the ARN of one of them as text instead of a reference.",
    source=f"{CFN_GUIDE}/troubleshooting.html",
)
def _no_cycle(resource: Resource) -> Iterator[Problem]:
    """Find cycles, and report each at its first ECR resource."""
    stack = resource.stack
    members = stack.memoized(Cycles).of(resource.id)
    of_ecr = [member for member in members if stack.resources[member].type in ECR_TYPES]
    if of_ecr and of_ecr[0] == resource.id:
        yield Problem((), f"circular dependency: {', '.join(members)}")


@error_rule(
    "ECR604",
    "Keys are unique",
    types=[],
    why="CloudFormation silently uses the last one: a resource is not created, or is deleted, or a "
    "condition no longer applies.",
    remedy="Merge the two, or rename one of them.",
    source="https://github.com/aws-cloudformation/cfn-language-discussion/issues/96",
)
def _written_once(resource: Resource) -> Iterator[Problem]:
    """Find duplicate keys of sections and of the checked resources."""
    stack = resource.stack
    for place in stack.template.repeated:
        owner = stack.resources.get(str(place[1])) if len(place) > _IN_RESOURCE else None
        if place[0] != "Resources" or owner is None or owner.type in RELATED_TYPES:
            where = dotted(place[:-1]) or "the template"
            message = f"duplicate key {place[-1]!r} in {where}; CloudFormation uses the last one"
            yield Problem(place, message)


@error_rule(
    "ECR603",
    "A template is within CloudFormation's limits",
    types=[],
    why="CloudFormation rejects a template with more than 500 resources, or larger than 1 MB.",
    remedy="Divide it into several stacks, for example one for each team.",
    source=f"{CFN_GUIDE}/cloudformation-limits.html",
)
def _within_limits(resource: Resource) -> Iterator[Problem]:
    stack = resource.stack
    count = len(stack.resources)
    if count > _MAX_RESOURCES:
        message = f"a template has at most {_MAX_RESOURCES} resources, this one has {count:,}"
        yield Problem(("Resources",), message)
    path = stack.template.path
    if path is not None and (size := path.stat().st_size) > _MAX_BYTES:
        yield Problem((), f"a template has at most {_MAX_BYTES:,} bytes, this one has {size:,}")


_GUIDE = f"{CFN_REFERENCE}/aws-attribute-metadata.html"


def _reported_by_the_engine(_: Resource) -> Iterator[Problem]:
    yield from ()


UNREASONED = warning_rule(
    "ECR901",
    "A suppression has a reason",
    types=["Metadata"],
    why="Without a reason it is unclear later whether the suppression still applies.",
    remedy='Write {"rule": …, "reason": …} under Metadata, ecr-constructs, suppress.',
    source=_GUIDE,
)(_reported_by_the_engine)
UNUSED = warning_rule(
    "ECR902",
    "A suppression suppresses something",
    types=["Metadata"],
    why="The finding is fixed, or the rule id is misspelled; the suppression would hide the next "
    "finding of that rule.",
    remedy="Delete it.",
    source=_GUIDE,
)(_reported_by_the_engine)
