"""Report what differs in the sections of a template besides its resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from ecr_constructs.cloudformation.references import references
from ecr_constructs.cloudformation.template import dotted
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.json_text import compact
from ecr_constructs.review.assignments import changed_defaults
from ecr_constructs.review.change import Change
from ecr_constructs.review.disclosure import HIDDEN, concerns_ecr
from ecr_constructs.review.phrases import format_value, join_names

if TYPE_CHECKING:
    from ecr_constructs.cloudformation.graph import Resource, Stack
    from ecr_constructs.review.comparison import Comparison

_DEFAULTS = (
    "A deployed stack keeps the value that it has, unless the deployment names another; a new "
    "stack takes the default."
)
# All others, such as Globals of SAM, decide what becomes of the resources.
_READ = frozenset(
    {
        *("AWSTemplateFormatVersion", "Conditions", "Description", "Mappings", "Metadata"),
        *("Outputs", "Parameters", "Resources"),
    }
)


def changes(comparison: Comparison) -> Iterator[Change]:
    """Yield the changes of parameters, outputs, transforms and of loops that are not expanded."""
    defaults = {
        number: names for side in changed_defaults(comparison) for number, names in side.items()
    }
    for number, stacks in enumerate(
        zip(comparison.base.stacks, comparison.head.stacks, strict=True)
    ):
        if stacks[0].body is not stacks[1].body:
            for name in defaults.get(number, ()):
                yield _default(name, *stacks)
            yield from _parameters(*stacks)
            yield from _outputs(*stacks)
            yield from _unread(*stacks)


def _change(stack: Stack, severity: Severity, code: str, summary: str, **values: Any) -> Change:
    return Change(
        kind="other",
        severity=severity,
        stack=stack.template.stack,
        resource="",
        summary=summary,
        codes=(code,),
        **values,
    )


def _default(name: str, before: Stack, after: Stack) -> Change:
    values = [stack.section("Parameters")[name]["Default"] for stack in (before, after)]
    users = [
        (resource.type, text)
        for resource in after.resources.values()
        for text in _uses(resource, name)
    ]
    used = f" Used by {join_names(text for _, text in users)}." if users else ""
    # A parameter of other resources only may be a password; one of conditions is none.
    is_shown = any(concerns_ecr(kind) for kind, _ in users)
    is_shown = is_shown or f'"{name}"' in compact(after.section("Conditions"))
    old, new = values if is_shown else (HIDDEN, HIDDEN)
    return _change(
        after,
        Severity.NOTE,
        "default-changed",
        f"the default of parameter {name} changes from {format_value(old)} to {format_value(new)}",
        before=old,
        after=new,
        details=(f"{_DEFAULTS}{used}",),
    )


def _uses(resource: Resource, parameter: str) -> Iterator[str]:
    for reference in references(resource):
        if reference.name == parameter:
            yield f"{resource.id} ({dotted(reference.path)})"


def _parameters(before: Stack, after: Stack) -> Iterator[Change]:
    old, new = (stack.section("Parameters") for stack in (before, after))
    removed, added = sorted(old.keys() - new.keys()), sorted(new.keys() - old.keys())
    retyped = sorted(
        name
        for name in old.keys() & new.keys()
        if _without_default(old[name]) != _without_default(new[name])
    )
    for names, verb in ((added, "new"), (removed, "removed"), (retyped, "defined differently")):
        if names:
            noun, is_are = ("parameter", "is") if len(names) == 1 else ("parameters", "are")
            code = f"parameters {verb.split()[0]}"
            summary = f"{noun} {join_names(names)} {is_are} {verb}"
            yield _change(after, Severity.NOTE, code, summary)


def _without_default(definition: Any) -> Any:
    """Return the definition of a parameter; of its default, only whether it has one."""
    if not isinstance(definition, Mapping):
        return definition
    parts = {key: value for key, value in definition.items() if key != "Description"}
    return {**parts, **({"Default": True} if "Default" in parts else {})}


def _outputs(before: Stack, after: Stack) -> Iterator[Change]:
    old, new = (
        {
            name: stack.resolver.resolve(_without_description(output))
            for name, output in stack.section("Outputs").items()
        }
        for stack in (before, after)
    )
    names = [name for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name)]
    if names:
        noun, verb = ("output", "changes") if len(names) == 1 else ("outputs", "change")
        yield _change(
            after,
            Severity.NOTE,
            "outputs-changed",
            # Their values may be those of any resource.
            f"{noun} {join_names(names)} {verb}",
        )


def _without_description(output: Any) -> Any:
    if not isinstance(output, Mapping):
        return output
    return {key: value for key, value in output.items() if key != "Description"}


def _unread(before: Stack, after: Stack) -> Iterator[Change]:
    """Yield the parts that are not read on a side and that differ."""
    for name in sorted({*map(str, before.body), *map(str, after.body)} - _READ):
        if before.body.get(name) != after.body.get(name):
            message = f"section {name} changes, which is not read; read the difference"
            yield _change(after, Severity.WARNING, "unread-changed", message)
    sides = before, after
    for severity, entries in (
        (Severity.WARNING, _unread_entries),
        (Severity.WARNING, partial(_added_properties, is_ours=True)),
        (Severity.NOTE, partial(_added_properties, is_ours=False)),
    ):
        old, new = map(entries, sides)
        for key in dict.fromkeys((*old, *new)):
            if old.get(key) != new.get(key):
                message = f"{key} changes, which is not read; read the difference"
                yield _change(after, severity, "unread-changed", message)


def _added_properties(stack: Stack, *, is_ours: bool) -> dict[str, Any]:
    """Return the transforms next to properties, in whose place anything may stand."""
    resources = stack.resources.values() if stack.template.may_have_macros else ()
    return {
        f"{resource.id}.Properties.{key}": value
        for resource in resources
        if concerns_ecr(resource.type) == is_ours
        for key, value in _written(resource).items()
        if str(key).startswith("Fn::")
    }


def _written(resource: Resource) -> Mapping[str, Any]:
    properties = resource.body.get("Properties")
    return properties if isinstance(properties, Mapping) else {}


def _unread_entries(stack: Stack) -> dict[str, Any]:
    entries = stack.section("Resources").items()
    functions = {
        f"{name}.{key}": value
        for name, body in entries
        for key, value in (body.items() if isinstance(body, (dict, Mapping)) else ())
        if str(key).startswith("Fn::")
    }
    return functions | {
        str(key): value
        for key, value in entries
        if str(key).startswith("Fn::") or not isinstance(value, (dict, Mapping))
    }
