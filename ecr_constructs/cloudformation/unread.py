"""Parts of templates that are not read, and therefore not judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ecr_constructs.cloudformation.language_extensions import LOOP, TRANSFORM, transforms_of
from ecr_constructs.cloudformation.reading import real_path
from ecr_constructs.cloudformation.resource_types import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

    from ecr_constructs.cloudformation.graph import Resource, Stack, TemplateSet
    from ecr_constructs.cloudformation.template import Place

SAM_TRANSFORM = "AWS::Serverless-2016-10-31"
_SAM = "AWS::Serverless::"
_NESTED_STACK = "AWS::CloudFormation::Stack"
_STACK_SET = "AWS::CloudFormation::StackSet"
_MAX_DEPTH = 200


@dataclass(frozen=True, slots=True)
class Unread:
    """A part of a template that is not read.

    Attributes:
        code: Why it is not read, as a stable name: ``loop-not-expanded``.
        template: The name of the template.
        resource: The logical id; ``""`` for the template as a whole.
        message: A sentence: what is not read, and what to do.
        path: The place below the resource, or in the template.
        line: The line in the file. None: unknown.
    """

    code: str
    template: str
    resource: str
    message: str
    path: Place = ()
    line: int | None = None


def unread_of(stack: Stack) -> Sequence[Unread]:
    """Return the parts of a template that are not read."""
    return stack.memoized(_unread_parts)


def _unread_parts(stack: Stack) -> Sequence[Unread]:
    return tuple(_parts(stack))


def _parts(stack: Stack) -> Iterator[Unread]:
    for name in transforms_of(stack.body):
        if name not in (TRANSFORM, SAM_TRANSFORM):
            message = f"the transform {name} can change every part of the template"
            yield _unread(stack, "transform-not-read", "", message, ("Transform",))
    resources = stack.body.get("Resources")
    for name, body in resources.items() if isinstance(resources, Mapping) else ():
        if str(name).startswith("Fn::"):
            yield from _functions({name: body}, stack, "", ("Resources",))
        elif (resource := stack.resources.get(str(name))) is not None:
            # Of a repository, only functions may be left unread.
            if resource.type != REPOSITORY or stack.template.may_have_macros:
                yield from _in_resource(resource)
        else:
            message = f"{name} is not an object, and CloudFormation rejects the template"
            yield _unread(stack, "resource-not-read", str(name), message)


def _in_resource(resource: Resource) -> Iterator[Unread]:
    stack, kind = resource.stack, resource.type
    if kind.endswith("::MODULE"):
        message = f"{resource.id} is a module; its resources are not read"
        yield _unread(stack, "module-not-read", resource.id, message)
    elif kind.startswith(_SAM):
        message = (
            f"{resource.id} is of type {kind}; the resources that SAM makes of it are not read"
        )
        yield _unread(stack, "sam-not-expanded", resource.id, message)
    elif kind == _STACK_SET:
        message = f"the template of stack set {resource.id} is not read"
        yield _unread(stack, "stack-set-not-read", resource.id, message)
    elif kind == _NESTED_STACK and not _is_loaded(resource):
        message = f"the template of nested stack {resource.id} is not among the files"
        yield _unread(stack, "nested-stack-not-read", resource.id, message)
    if stack.template.may_have_macros:
        yield from _functions(resource.body, stack, resource.id, ())


def _functions(value: Any, stack: Stack, resource: str, place: Place) -> Iterator[Unread]:
    """Yield the loops and transforms that are left in a value."""
    if len(place) > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _functions(item, stack, resource, (*place, index))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            path = (*place, str(key))
            if str(key).startswith(LOOP):
                message = f"{key} is not expanded: its collection is known only at deploy time"
                yield _unread(stack, "loop-not-expanded", resource, message, path)
            elif key == "Fn::Transform":
                name = item.get("Name") if isinstance(item, Mapping) else item
                message = f"the transform {name} can add anything here"
                yield _unread(stack, "transform-not-read", resource, message, path)
            else:
                yield from _functions(item, stack, resource, path)


def _is_loaded(nested: Resource) -> bool:
    """Tell whether the template of a nested stack is among the templates."""
    template = nested.stack.template
    if template.path is None:
        return False
    metadata = nested.body.get("Metadata")
    names = [
        metadata.get("aws:asset:path") if isinstance(metadata, Mapping) else None,
        nested.text("TemplateURL"),
    ]
    files = nested.assembly.memoized(_files)
    texts = [name for name in names if isinstance(name, str) and name]
    if any(real_path(template.path.parent / name) in files for name in texts):
        return True
    # Without asset metadata, the templates are known by their number only.
    root = template.root or template.path
    below = sum(stack.template.root == root for stack in nested.assembly.stacks)
    return below >= sum(item.type == _NESTED_STACK for item in nested.stack.resources.values())


def _files(assembly: TemplateSet) -> frozenset[Path]:
    paths = (stack.template.path for stack in assembly.stacks)
    return frozenset(real_path(path) for path in paths if path is not None)


def _unread(stack: Stack, code: str, resource: str, message: str, path: Place = ()) -> Unread:
    above: Place = ("Resources", resource) if resource else ()
    line = stack.template.line((*above, *path))
    return Unread(code, stack.template.name, resource, message, path, line)
