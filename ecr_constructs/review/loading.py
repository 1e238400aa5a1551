"""Read both sides of a pull request, with each stack at the same index."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.cloudformation.loading import load
from ecr_constructs.cloudformation.resource_types import CREATION_TEMPLATE, REPOSITORY
from ecr_constructs.model.lifecycle.json_text import compact

if TYPE_CHECKING:
    from ecr_constructs.cloudformation.template import Template

# The name of a snapshot of a parametrized test: test_template[Prod-Payments].
_SNAPSHOT = re.compile(r"\w+\[(.+)\]")
# Policies that templates hold as texts, and snapshots as JSON.
_TEXTS = {
    REPOSITORY: (("LifecyclePolicy", "LifecyclePolicyText"),),
    CREATION_TEMPLATE: (("LifecyclePolicy",), ("RepositoryPolicy",)),
}


def load_sides(base: str | Path, head: str | Path) -> tuple[TemplateSet, TemplateSet]:
    """Read two cloud assemblies, or two folders of templates or of their snapshots.

    A stack that is only on one side is empty on the other, so that stacks, and the marks of
    unresolved values in them, can be compared by index.

    Args:
        base: The deployed side: ``cdk.out`` of the target branch.
        head: The side of the pull request: ``cdk.out`` of its branch.

    Raises:
        CheckError: A file cannot be read or is not a template, or a folder has none.
    """
    before, after = (dict(_stacks(Path(side))) for side in (base, head))
    either = {**before, **after}
    titles = Counter(template.stack for template in either.values())
    sides: tuple[list[Template], list[Template]] = ([], [])
    for key, present in sorted(either.items()):
        # Two stacks with the same title differ by account or Region.
        where = f" in {present.account}/{present.region}" if titles[present.stack] > 1 else ""
        for templates, side in zip(sides, (before, after), strict=True):
            template = side.get(key) or _emptied(present)
            templates.append(replace(template, stack=f"{present.stack}{where}"))
    return TemplateSet(sides[0]), TemplateSet(sides[1])


def _stacks(folder: Path) -> Iterator[tuple[tuple[str, ...], Template]]:
    templates = load([folder])
    by_path = {template.path: template for template in templates}
    for template in templates:
        path = template.path
        assert path is not None
        top = by_path.get(template.root, template)
        own = path.name.split(".")[0] if template.root else ""
        # The same stack in another account or Region is another stack.
        where = (template.account or "", template.region or "")
        key = (template.stack_name or _relative(path, folder), own, *where)
        # Only snapshots hold policies as JSON; in an assembly that is an error.
        body = template.body if template.stack_name else _as_deployed(template.body)
        title = "/".join(filter(None, (_title(top), own)))
        yield key, replace(template, stack=title, body=body)


def _title(template: Template) -> str:
    """Return the title of a stack: its construct path, or its file."""
    assert template.path is not None
    match = _SNAPSHOT.fullmatch(template.path.name.removesuffix(".template.json"))
    return template.construct or (match[1] if match else template.path.name.split(".")[0])


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name


def _emptied(template: Template) -> Template:
    nothing: Mapping[str, Any] = {"Resources": {}}
    return replace(template, body=nothing, path=None, line_of=None, acknowledged=())


def _as_deployed(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a template with its policies as texts, as ECR gets them."""
    for resource in body["Resources"].values():
        kind = resource.get("Type") if isinstance(resource, Mapping) else None
        for path in _TEXTS.get(kind, ()) if isinstance(kind, str) else ():
            _write_as_text(resource.get("Properties"), path)
    return body


def _write_as_text(properties: Any, path: tuple[str, ...]) -> None:
    holder = properties
    for key in path[:-1]:
        holder = holder.get(key) if isinstance(holder, dict) else None
    value = holder.get(path[-1]) if isinstance(holder, dict) else None
    if isinstance(value, dict) and any(key in value for key in ("rules", "Statement")):
        holder[path[-1]] = compact(value)
