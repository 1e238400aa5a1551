"""Resources as their types define them: types, attributes, properties, values, sizes."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from ecr_constructs.checks.rule import (
    CFN_REFERENCE,
    CheckFunction,
    Problem,
    each_choice,
    error_rule,
)
from ecr_constructs.cloudformation.aws_metadata import schema_of
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.language_extensions import TRANSFORM, transforms_of
from ecr_constructs.cloudformation.resource_types import ECR_TYPES, RELATED_TYPES
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
    if "pattern" in schema and not re.search(schema["pattern"], str(value)):
        message = f"must match {schema['pattern']}, got {value!r}"
        yield _SchemaError("kind", path, message, "Write the 12 digits of an account, in quotes.")
    if isinstance(value, Mapping) and "properties" in schema:
        yield from _object(value, schema, path)
    elif isinstance(value, list):
        yield from _size(len(value), schema, "Items", "entries", path)
        for index, item in enumerate(value):
            yield from _schema_errors(item, schema["items"], (*path, index))
    elif isinstance(value, str):
        yield from _size(len(value), schema, "Length", "characters", path)


def _object(
    value: Mapping[str, Any],
    schema: Mapping[str, Any],
    path: Place,
    errors_of: Callable[[Any, Mapping[str, Any], Place], Iterable[_SchemaError]] = _schema_errors,
) -> Iterator[_SchemaError]:
    properties = schema["properties"]
    for name, item in value.items():
        if name in properties:
            yield from errors_of(item, properties[name], (*path, name))
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


def _errors_of(resource: Resource) -> Sequence[_SchemaError]:
    def shared(_: Any, __: Mapping[str, Any], path: Place) -> Iterable[_SchemaError]:
        return resource.shared([str(path[0])], _errors_in, path[0])

    return tuple(_object(resource.properties, schema_of(resource.type), (), shared))


def _errors_in(resource: Resource, name: str) -> Sequence[_SchemaError]:
    schema = schema_of(resource.type)["properties"][name]
    return tuple(_schema_errors(resource.properties[name], schema, (name,)))


def _schema_check(kind: str) -> CheckFunction:
    def check(resource: Resource) -> Iterator[Problem]:
        for error in resource.memoized(_errors_of) if resource.is_known else ():
            name = dotted(error.path).rpartition(".")[2] or "Properties"
            message = error.message if kind == "name" else f"{name} {error.message}"
            if error.kind == kind and not (kind == "size" and error.path[0] in _OTHER_RULES):
                yield Problem(("Properties", *error.path), message, error.remedy)

    return check


_check_names = _schema_check("name")
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-product-attribute-reference.html
_RESOURCE_KEYS = (
    *("Type", "Properties", "Condition", "CreationPolicy", "DeletionPolicy", "DependsOn"),
    *("Metadata", "UpdatePolicy", "UpdateReplacePolicy"),
)


@error_rule(
    "ECR001",
    "Properties exist in the resource type, and required properties are set",
    types=RELATED_TYPES,
    why="CloudFormation rejects a property that is misspelled, has the wrong case, or is missing, "
    "and a resource with an unknown key.",
    remedy="Use the properties in the reference of the resource type.",
    source=_SOURCE,
)
def _names(resource: Resource) -> Iterator[Problem]:
    """Check the keys of a resource, and the properties of ECR types.

    A transform can add a meaning to keys, as AWS SAM does to Connectors.
    """
    has_macros = set(transforms_of(resource.stack.body)) - {TRANSFORM}
    for key in resource.body if not has_macros else ():
        if key not in _RESOURCE_KEYS and not str(key).startswith("Fn::"):
            message = f"{key} is not a key of a resource; allowed are {', '.join(_RESOURCE_KEYS)}"
            schema = schema_of(resource.type) if resource.type in ECR_TYPES else {}
            is_property = key in schema.get("properties", ())
            remedy = f"Move {key} below Properties." if is_property else _without(str(key))
            yield Problem((key,), message, remedy)
    if resource.type in ECR_TYPES:
        yield from each_choice(_check_names)(resource)


def _without(key: str) -> str:
    match = get_close_matches(key, _RESOURCE_KEYS, n=1)
    return f"Write {match[0]}." if match else f"Remove {key}, or write it below Metadata."


KINDS = error_rule(
    "ECR004",
    "Values have the type, and are among the options, of the schema",
    types=ECR_TYPES,
    why="CloudFormation rejects the stack. A policy that must be text cannot be an object.",
    remedy="Write a value of the type in the reference of the resource type.",
    source=_SOURCE,
)(each_choice(_schema_check("kind")))
SIZES = error_rule(
    "ECR005",
    "Texts and lists have an allowed length",
    types=ECR_TYPES,
    why="CloudFormation rejects the stack.",
    remedy="Write a value within the limits in the reference of the resource type.",
    source=_SOURCE,
)(each_choice(_schema_check("size")))


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


# Also the names that other tools give to the service: AWS::ECRPublic::Repository.
_LIKE_ECR = re.compile(r"aws:+(?:amazon)?ecr(?:-?public)?:", re.IGNORECASE)
# What takes the place of a type that CloudFormation does not have, by a part of its name.
_INSTEAD = {
    "lifecycle": "Write the property LifecyclePolicy: {LifecyclePolicyText: …} of the repository.",
    "repositorypolicy": "Write the property RepositoryPolicyText of the repository.",
    "accountsetting": "CloudFormation cannot set account settings; call ecr:PutAccountSetting.",
    "backfill": "CloudFormation cannot copy existing images; call ecr:StartReplicationBackfill.",
    "public": "Write AWS::ECR::PublicRepository.",
    "image": "CloudFormation does not push images; push them after the deployment.",
}


@error_rule(
    "ECR007",
    "Types of Amazon ECR exist",
    types=[],
    why="CloudFormation rejects a template with an unrecognized resource type. The settings of a "
    "repository are properties of AWS::ECR::Repository, not resources.",
    remedy=f"Write one of {', '.join(ECR_TYPES)}.",
    source=_SOURCE,
)
def _types_exist(resource: Resource) -> Iterator[Problem]:
    """Look at the types that are not of ECR, but look like it; modules may have any name."""
    has_macros = set(transforms_of(resource.stack.body)) - {TRANSFORM}
    for item in resource.stack.resources.values():
        if item.type in ECR_TYPES:
            continue
        is_function = any(str(key).startswith("Fn::") for key in item.body)
        if not item.type and not has_macros and not is_function:
            message, remedy = "the resource has no Type", "Add the type of the resource."
            yield Problem(("Resources", item.id), message, remedy)
        is_like = _LIKE_ECR.match(item.type) and not item.type.endswith("::MODULE")
        if is_like and item.is_created:
            path = ("Resources", item.id, "Type")
            yield Problem(path, f"there is no type {item.type}", _instead_of(item.type))


def _instead_of(kind: str) -> str:
    name = kind.lower().rpartition(":")[2]
    for part, remedy in _INSTEAD.items():
        if part in name or (part == "public" and "public" in kind.lower()):
            return remedy
    return _similar(kind, list(ECR_TYPES))
