"""The template as a whole: properties, references, duplicate keys, limits, suppressions."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from ecr_constructs.checks.rule import (
    CFN_GUIDE,
    CFN_REFERENCE,
    CheckFunction,
    Problem,
    error_rule,
    warning_rule,
)
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
from ecr_constructs.cloudformation.template import Place, dotted
from ecr_constructs.model.tokens import is_unresolved


class _SchemaError(NamedTuple):
    kind: str
    path: Place
    message: str
    remedy: str


_WORDS = {"array": "a list", "object": "an object", "boolean": "true or false", "string": "text"}
_TRUTH = ("true", "false")


def _schema_errors(
    value: Any, schema: Mapping[str, Any], path: Place = ()
) -> Iterator[_SchemaError]:
    """Yield where a value does not match the schema; unresolved values match.

    The kind of an error is ``name``, ``kind`` (type or option) or ``size``.
    """
    if isinstance(value, str) and is_unresolved(value):
        return
    kinds = schema["type"]
    if not any(_is(value, kind) for kind in kinds):
        wanted = " or ".join(_WORDS[kind] for kind in kinds)
        message = f"must be {wanted}, got {_shown(value)}"
        yield _SchemaError("kind", path, message, f"Write {wanted}.")
        return
    if "enum" in schema and value not in schema["enum"]:
        options = ", ".join(schema["enum"])
        remedy = _similar(str(value), schema["enum"])
        yield _SchemaError("kind", path, f"must be one of {options}, got {value!r}", remedy)
    if isinstance(value, Mapping) and "properties" in schema:
        yield from _object(value, schema, path)
    elif isinstance(value, list):
        yield from _size(len(value), schema, "Items", "entries", path)
        for index, item in enumerate(value):
            yield from _schema_errors(item, schema["items"], (*path, index))
    elif isinstance(value, str):
        yield from _size(len(value), schema, "Length", "characters", path)


def _object(
    value: Mapping[str, Any], schema: Mapping[str, Any], path: Place
) -> Iterator[_SchemaError]:
    properties = schema["properties"]
    for name, item in value.items():
        if name in properties:
            yield from _schema_errors(item, properties[name], (*path, name))
        elif not name.startswith("Fn::"):
            options = ", ".join(properties)
            message = f"{name} is not a property here; allowed are {options}"
            yield _SchemaError("name", (*path, name), message, _similar(name, list(properties)))
    if any(name.startswith("Fn::") for name in value):
        return
    for name in schema["required"]:
        if name not in value:
            yield _SchemaError("name", path, f"{name} is missing", f"Add {name}.")


def _size(
    size: int, schema: Mapping[str, Any], limit: str, unit: str, path: Place
) -> Iterator[_SchemaError]:
    least, most = schema.get(f"min{limit}", 0), schema.get(f"max{limit}", size)
    if not least <= size <= most:
        allowed = f"{least:,} to {most:,}" if f"max{limit}" in schema else f"at least {least:,}"
        message = f"must have {allowed} {unit}, has {size:,}"
        yield _SchemaError("size", path, message, f"Write {allowed} {unit}.")


def _is(value: Any, kind: str) -> bool:
    match kind:
        case "object":
            return isinstance(value, Mapping)
        case "array":
            return isinstance(value, list)
        case "boolean":
            # CloudFormation accepts text as well.
            return isinstance(value, bool) or str(value).lower() in _TRUTH
    return isinstance(value, str | int | float)


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, list) else repr(value)


def _similar(text: str, options: list[str]) -> str:
    by_lower = {option.lower(): option for option in options}
    match = get_close_matches(text.lower(), by_lower, n=1)
    return f"Write {by_lower[match[0]]}." if match else f"Write one of {', '.join(options)}."


_SOURCE = f"{CFN_REFERENCE}/AWS_ECR.html"
# Other rules report more about the sizes of these.
_OTHER_RULES = {
    *("RepositoryName", "LifecyclePolicy", "ImageTagMutabilityExclusionFilters", "Tags"),
    *("Prefix", "RepositoryPolicy", "ResourceTags", "PolicyText", "PrincipalArn", "Rules"),
    *("EcrRepositoryPrefix", "UpstreamRepositoryPrefix", "CredentialArn"),
    "ReplicationConfiguration",
}


def _schema_check(kind: str) -> CheckFunction:
    def check(resource: Resource) -> Iterator[Problem]:
        schema = schema_of(resource.type)
        for error in _schema_errors(resource.properties, schema) if resource.is_known else ():
            name = dotted(error.path).rpartition(".")[2] or "Properties"
            message = error.message if kind == "name" else f"{name} {error.message}"
            if error.kind == kind and not (kind == "size" and error.path[0] in _OTHER_RULES):
                yield Problem(("Properties", *error.path), message, error.remedy)

    return check


NAMES = error_rule(
    "ECR001",
    "Properties exist in the resource type, and required properties are set",
    types=ECR_TYPES,
    why="CloudFormation rejects a property that is misspelled, has the wrong case, or is missing.",
    remedy="Use the properties in the reference of the resource type.",
    source=_SOURCE,
)(_schema_check("name"))
KINDS = error_rule(
    "ECR004",
    "Values have the type, and are among the options, of the schema",
    types=ECR_TYPES,
    why="CloudFormation rejects the stack. A policy that must be text cannot be an object.",
    remedy="Write a value of the type in the reference of the resource type.",
    source=_SOURCE,
)(_schema_check("kind"))
SIZES = error_rule(
    "ECR005",
    "Texts and lists have an allowed length",
    types=ECR_TYPES,
    why="CloudFormation rejects the stack.",
    remedy="Write a value within the limits in the reference of the resource type.",
    source=_SOURCE,
)(_schema_check("size"))


@error_rule(
    "ECR006",
    "A resource type exists in the stack's Region",
    types=ECR_TYPES,
    why="The type is not available in the Region, and CloudFormation rejects the stack.",
    remedy="Define it in a stack of a Region that has it, or give it a Condition.",
    source="https://docs.aws.amazon.com/general/latest/gr/ecr.html",
)
def _type_in_region(resource: Resource) -> Iterator[Problem]:
    region = resource.stack.region
    if region in schema_of(resource.type)["absentRegions"]:
        yield Problem(("Type",), f"{resource.type} does not exist in {region}")


_TYPES = (*ECR_TYPES, *IDENTITY_TYPES, EVENT_RULE, KEY, SECRET, TOPIC, *TOPIC_POLICIES)
_IN_RESOURCE = 2
_MAX_RESOURCES = 500
_MAX_BYTES = 1_000_000


@error_rule(
    "ECR601",
    "References exist in the template",
    types=_TYPES,
    why="CloudFormation rejects a template with an undefined reference.",
    remedy="Refer to a resource or a parameter of the template.",
    source=f"{CFN_REFERENCE}/intrinsic-function-reference-ref.html",
)
def _references_exist(resource: Resource) -> Iterator[Problem]:
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
        remedy = f"Write one of {', '.join(attributes)}." if attributes else "Use Ref."
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
        if place[0] != "Resources" or owner is None or owner.type in _TYPES:
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
