"""Intrinsic functions, conditions, parameters and outputs that CloudFormation rejects."""

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from ecr_constructs.checks.rule import CFN_REFERENCE, Problem, each_choice, error_rule, warning_rule
from ecr_constructs.checks.rules.template import attribute_problems, undefined_problems
from ecr_constructs.cloudformation.aws_metadata import functions, pseudo_parameters
from ecr_constructs.cloudformation.graph import Resource, Stack
from ecr_constructs.cloudformation.language_extensions import TRANSFORM, transforms_of
from ecr_constructs.cloudformation.references import references, references_in
from ecr_constructs.cloudformation.resource_types import ECR_TYPES, RELATED_TYPES
from ecr_constructs.cloudformation.template import Place
from ecr_constructs.model.tokens import is_unresolved

_FUNCTIONS = f"{CFN_REFERENCE}/intrinsic-function-reference.html"
_MAP_ARGUMENTS = 3
# Deeper than any template that CloudFormation accepts.
_MAX_DEPTH = 200
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-languageextensions.html
_EXTENSIONS = ("Fn::ToJsonString", "Fn::Length")


# Also a name in the wrong case, or with one colon.
_LIKE_FUNCTION = re.compile("fn:", re.IGNORECASE)


def _functions_in(value: Any, path: Place, depth: int = 0) -> Iterator[tuple[str, Any, Place]]:
    """Yield each function in a value with its argument and place."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict | list):
                yield from _functions_in(item, (*path, index), depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            if len(value) == 1 and _LIKE_FUNCTION.match(str(key)):
                yield key, item, path
            if isinstance(item, dict | list):
                yield from _functions_in(item, (*path, str(key)), depth + 1)


@error_rule(
    "ECR605",
    "Functions have valid arguments",
    types=RELATED_TYPES,
    why="CloudFormation rejects the template, or fails when it evaluates the function.",
    remedy="Write the arguments in the reference of the function.",
    source=_FUNCTIONS,
)
@each_choice
def _valid_functions(resource: Resource) -> Iterator[Problem]:
    """Check the functions of a resource, unless a transform may replace them."""
    transforms = set(transforms_of(resource.stack.body))
    if transforms - {TRANSFORM}:
        return
    extended = ("Fn::FindInMap", *_EXTENSIONS) if transforms else ()
    for name, argument, path in resource.search(_functions_in):
        # CloudFormation may not look up what a condition leaves out.
        is_optional = name in ("Fn::FindInMap", "Fn::Select") and "Fn::If" in path
        check = None if is_optional or name in extended else _ARGUMENTS.get(name)
        reason = check(resource.stack, argument) if check is not None else None
        if reason is not None:
            yield Problem(path, f"{name}: {reason}")
        elif not any(re.fullmatch(pattern, name) for pattern in functions()):
            near = get_close_matches(name, functions(), n=1, cutoff=0.8)
            remedy = f"Write {near[0]}." if near else "Use a function of the reference."
            yield Problem((*path, name), f"there is no function {name}", remedy)


def _join_error(_: Stack, argument: Any) -> str | None:
    match argument:
        case [str(), list() | Mapping()]:
            return None
    return "needs a delimiter and a list"


def _select_error(stack: Stack, argument: Any) -> str | None:
    match argument:
        case [index, list() | Mapping() as values]:
            number = stack.resolver.resolve(index)
            items = stack.resolver.resolve(values) if isinstance(values, list) else None
            is_number = str(number).isdecimal()
            if not is_number and not is_unresolved(number):
                return f"the index {number!r} is not a number"
            if is_number and items is not None and int(number) >= len(items):
                return f"the list has {len(items)} items, and no index {number}"
            return None
    return "needs an index and a list"


def _if_error(stack: Stack, argument: Any) -> str | None:
    match argument:
        case [str(name), _, _]:
            return None if name in stack.section("Conditions") else _undefined(stack, name)
    return "needs a condition, a value if it is true and a value if it is false"


def _undefined(stack: Stack, name: str) -> str:
    near = get_close_matches(name, stack.section("Conditions"), n=1)
    return f"the condition {name} is not defined" + (f"; {near[0]} is" if near else "")


def _map_error(stack: Stack, argument: Any) -> str | None:
    if not isinstance(argument, list) or len(argument) != _MAP_ARGUMENTS:
        return "needs a map, a top-level key and a second-level key"
    keys = [stack.resolver.resolve(key) for key in argument]
    value: Any = stack.section("Mappings")
    for key in keys:
        if not isinstance(key, str | int) or is_unresolved(key) or not isinstance(value, Mapping):
            return None
        options = {str(option): item for option, item in value.items()}
        if str(key) not in options:
            return f"there is no {key!r}, but {', '.join(options) or 'nothing'}"
        value = options[str(key)]
    return None


def _extension_error(_: Stack, __: Any) -> str:
    return "needs the transform AWS::LanguageExtensions"


_ARGUMENTS: Mapping[str, Callable[[Stack, Any], str | None]] = {
    "Fn::Join": _join_error,
    "Fn::Select": _select_error,
    "Fn::If": _if_error,
    "Fn::FindInMap": _map_error,
    **dict.fromkeys(_EXTENSIONS, _extension_error),
}


@error_rule(
    "ECR606",
    "Conditions are defined, from parameters and mappings",
    types=[],
    why="CloudFormation rejects a template with an undefined condition, and evaluates conditions "
    "before it creates resources.",
    remedy="Define the condition below Conditions, from parameters, mappings and other conditions.",
    source=f"{CFN_REFERENCE}/conditions-section-structure.html",
)
def _conditions_exist(resource: Resource) -> Iterator[Problem]:
    """Check the conditions of the checked resources, and all conditions of their template."""
    stack = resource.stack
    conditions, parameters = stack.section("Conditions"), stack.section("Parameters")
    if set(transforms_of(stack.body)) - {TRANSFORM} or not _has_ecr(stack):
        return
    for item in stack.resources.values():
        name = item.body.get("Condition")
        if isinstance(name, str) and name not in conditions and item.type in RELATED_TYPES:
            yield Problem(("Resources", item.id, "Condition"), _undefined(stack, name))
    for reference in references_in(conditions, ("Conditions",)):
        name = reference.name
        if name not in pseudo_parameters() and name not in parameters:
            what = "a resource" if name in stack.resources else "not defined"
            message = f"a condition cannot depend on {name}, which is {what}"
            yield Problem(reference.path, message)


def _has_ecr(stack: Stack) -> bool:
    return any(item.type in ECR_TYPES for item in stack.resources.values())


@error_rule(
    "ECR607",
    "Outputs refer to what exists, and export each name once",
    types=[],
    why="CloudFormation rejects the template, the stack whose output has no value, or the stack "
    "that exports a name again.",
    remedy="Refer to a resource or a parameter of the template, and give the output the condition "
    "of the resource.",
    source=f"{CFN_REFERENCE}/outputs-section-structure.html",
)
def _outputs_exist(resource: Resource) -> Iterator[Problem]:
    stack = resource.stack
    if not _has_ecr(stack):
        return
    outputs = stack.section("Outputs")
    for name, output in outputs.items() if stack.is_complete else ():
        if isinstance(output, Mapping):
            yield from _value_problems(output, ("Outputs", name))
            yield from _reference_problems(stack, output, ("Outputs", name))
    yield from _duplicate_exports(stack)


_LISTS = ("Fn::Split", "Fn::GetAZs", "Fn::Cidr")


def _value_problems(output: Mapping[str, Any], path: Place) -> Iterator[Problem]:
    """Find a value that is missing, or definitely is not text."""
    match output.get("Value"):
        case None if not any(str(key).startswith("Fn::") for key in output):
            yield Problem(path, "the output has no Value", "Add Value.")
        case list():
            message = "the value of an output is text, not a list"
            yield Problem((*path, "Value"), message, "Join the items with Fn::Join.")
        case {**content} if len(content) == 1 and next(iter(content)) in _LISTS:
            message = f"the value of an output is text, and {next(iter(content))} returns a list"
            yield Problem((*path, "Value"), message, "Join the items with Fn::Join.")


def _reference_problems(stack: Stack, output: Mapping[str, Any], path: Place) -> Iterator[Problem]:
    for reference in references_in(output.get("Value"), (*path, "Value")):
        target = stack.resources.get(reference.name)
        yield from undefined_problems(stack, reference)
        if target is not None:
            yield from attribute_problems(target, reference)
            # Fn::If may make sure that the resource exists.
            is_guarded = "Fn::If" in reference.path or "Condition" in output
            if target.condition is not None and not is_guarded:
                message = f"{target.id} is created only if {target.condition}"
                yield Problem(reference.path, message, f"Add Condition: {target.condition}.")


def _duplicate_exports(stack: Stack) -> Iterator[Problem]:
    """Find exports whose name an earlier output of the account and Region has."""
    stacks = stack.assembly.stacks
    before = [item for item in stacks[: stacks.index(stack)] if _are_together(item, stack)]
    earlier = {export for other in before for _, export in _exports(other)}
    for name, export in _exports(stack):
        if export in earlier:
            path = ("Outputs", name, "Export", "Name")
            yield Problem(path, f"{export!r} is exported twice", "Write another name.")
        earlier.add(export)


def _are_together(stack: Stack, other: Stack) -> bool:
    return stack.registry_key == other.registry_key


def _exports(stack: Stack) -> Iterator[tuple[str, str]]:
    """Yield the outputs that are definitely exported, with literal names."""
    for name, output in stack.section("Outputs").items():
        match output:
            case {"Export": {"Name": written}} if "Condition" not in output:
                export = stack.resolver.resolve(written)
                if isinstance(export, str) and not is_unresolved(export):
                    yield name, export


@error_rule(
    "ECR609",
    "Loops have the transform AWS::LanguageExtensions",
    types=[],
    why="Without the transform CloudFormation takes Fn::ForEach for the name of a resource, and "
    "rejects the template.",
    remedy="Write Transform: AWS::LanguageExtensions.",
    source=f"{CFN_REFERENCE}/intrinsic-function-reference-foreach.html",
)
def _loops_are_expanded(resource: Resource) -> Iterator[Problem]:
    stack = resource.stack
    for name in stack.section("Resources") if "Transform" not in stack.body else ():
        if str(name).startswith("Fn::ForEach"):
            yield Problem(("Resources", name), f"{name.partition('::')[2]} is not expanded")


@warning_rule(
    "ECR610",
    "Resources refer to resources that exist in the same deployments",
    types=RELATED_TYPES,
    why="CloudFormation rejects a reference to a resource whose condition is false: 'Unresolved "
    "resource dependencies'.",
    remedy="Give both resources the same Condition, or refer to it in Fn::If.",
    source=f"{CFN_REFERENCE}/conditions-section-structure.html",
)
def _targets_exist(resource: Resource) -> Iterator[Problem]:
    """Check resources that are always created; the conditions of others may imply each other."""
    if resource.condition is not None or not resource.stack.is_complete:
        return
    for reference in references(resource):
        target = resource.stack.resources.get(reference.name)
        is_guarded = "Fn::If" in reference.path or reference.path == ("DependsOn",)
        if target is not None and target.condition is not None and not is_guarded:
            message = f"{target.id} is created only if {target.condition}"
            yield Problem(reference.path, message)


@warning_rule(
    "ECR611",
    "Imported values are exported in the same account and Region",
    types=RELATED_TYPES,
    why="Fn::ImportValue finds exports of the same account and Region only, and fails otherwise.",
    remedy="Write the value as a parameter, or use a resource of the same Region.",
    source=f"{CFN_REFERENCE}/intrinsic-function-reference-importvalue.html",
)
def _imports_are_local(resource: Resource) -> Iterator[Problem]:
    """Find imports of names that the templates export elsewhere only."""
    here = resource.registry
    for name, argument, path in resource.search(_functions_in):
        export = resource.stack.resolver.resolve(argument) if name == "Fn::ImportValue" else None
        if here is None or not isinstance(export, str):
            continue
        stacks = [
            stack
            for stack in resource.assembly.stacks
            if export in {value for _, value in _exports(stack)}
        ]
        if stacks and all(stack.registry not in (None, here) for stack in stacks):
            message = f"{export!r} is exported in {stacks[0].registry}, and imported in {here}"
            yield Problem(path, message)
