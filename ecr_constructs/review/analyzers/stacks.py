"""Report what happens to stacks as a whole: those that leave, their settings and their exports.

- CDK leaves the stacks of a changed app deployed: `review.loading`.
- CloudFormation rejects the removal or change of an export that another stack imports.
  https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
- It gives the tags of a stack to the resources of the stack.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ecr_constructs.cloudformation.resource_types import ECR_TYPES, KEY, SINGLETONS
from ecr_constructs.cloudformation.update_behavior import (
    certainly_differ,
    outcome_of,
    targets_of,
)
from ecr_constructs.model.diagnostics import Severity, pluralize
from ecr_constructs.review.change import Change
from ecr_constructs.review.phrases import format_value, join_names, subject_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.cloudformation.graph import Resource, Stack, TemplateSet
    from ecr_constructs.review.comparison import Comparison


def changes(comparison: Comparison) -> Iterator[Change]:
    """Yield the changes of stacks as a whole."""
    for before, after in zip(comparison.base.stacks, comparison.head.stacks, strict=True):
        if after.template.is_left:
            yield from _left(comparison, after)
        else:
            yield from _protection(before, after)
            yield from _tags(before, after)
    yield from _exports(comparison)


def _left(comparison: Comparison, stack: Stack) -> Iterator[Change]:
    """Yield a stack that is no longer in the app, with its nested stacks."""
    template = stack.template
    parts = [part for part in comparison.head.stacks if part.template.is_left]
    if template.root is not None and template.root in {part.template.path for part in parts}:
        return
    parts = [part for part in parts if part is stack or part.template.root == template.path]
    resources = [resource for part in parts for resource in part.resources.values()]
    concerned = [resource for resource in resources if resource.type in (*ECR_TYPES, KEY)]
    lost = [item for item in concerned if outcome_of(item, "DeletionPolicy").is_lost]
    details = [f"It has {join_names(map(_in_stack, concerned))}."] if concerned else []
    if lost:
        names = join_names(map(subject_of, lost))
        details.append(f"If somebody deletes the stack, the content of {names} is lost.")
    yield _change(
        stack,
        "removed" if concerned else "other",
        Severity.WARNING if concerned else Severity.NOTE,
        f"stack {template.stack} is no longer in "
        f"{'the app: CDK leaves' if template.root is None else 'its parent, which retains'} it "
        f"{'deployed, ' if template.root is None else ''}with its "
        f"{pluralize(len(resources), 'resource')}, until somebody deletes it",
        details=tuple(details),
        codes=("stays-deployed",),
    )


def _in_stack(resource: Resource) -> str:
    """Return the name of a resource within its stack."""
    is_setting = resource.type in SINGLETONS
    return resource.type.rpartition("::")[2] if is_setting else subject_of(resource)


def _protection(before: Stack, after: Stack) -> Iterator[Change]:
    old, new = before.template.termination_protection, after.template.termination_protection
    if before.template.path is None or after.template.path is None or None in (old, new):
        return
    title = f"stack {after.template.stack}"
    values = {"before": {"terminationProtection": old}, "after": {"terminationProtection": new}}
    if old and not new:
        sentence = f"{title} is no longer protected against deletion: no termination protection"
        codes = ("termination-protection",)
        yield _change(after, "unprotected", Severity.WARNING, sentence, codes=codes, **values)
    elif new and not old:
        sentence = f"{title} is protected against deletion by termination protection"
        codes = ("termination-protection",)
        yield _change(after, "strengthened", Severity.NOTE, sentence, codes=codes, **values)


def _tags(before: Stack, after: Stack) -> Iterator[Change]:
    old, new = before.template, after.template
    # Only a cloud assembly has the tags of its stacks.
    is_known = None not in (old.termination_protection, new.termination_protection)
    if is_known and None not in (old.path, new.path) and old.tags != new.tags:
        names = [
            name for name in {**old.tags, **new.tags} if old.tags.get(name) != new.tags.get(name)
        ]
        yield _change(
            after,
            "other",
            Severity.NOTE,
            f"stack {new.stack}: {pluralize(len(names), 'tag')} of the stack and its resources "
            f"change: {join_names(names)}",
            before=dict(old.tags),
            after=dict(new.tags),
            details=("Policies with conditions on aws:ResourceTag can decide differently.",),
            codes=("stack-tags",),
        )


@dataclass(frozen=True, slots=True)
class _Export:
    """An output that other stacks can import."""

    stack: Stack
    name: str
    value: Any


def _exports(comparison: Comparison) -> Iterator[Change]:
    """Yield the exports that are removed or changed although other stacks import them."""
    importing = None
    for before, after in zip(comparison.base.stacks, comparison.head.stacks, strict=True):
        if before.body.get("Outputs") is None or before.body is after.body:
            continue
        new = _exports_of(after)
        for name, export in _exports_of(before).items():
            state = _state(comparison, export, new.get(name))
            if state is None:
                continue
            importing = importing or (_imports(comparison.base), _imports(comparison.head))
            verb, is_changed = state
            yield _export_change(export, after, verb, importing, is_certain=is_changed)


def _exports_of(stack: Stack) -> dict[str, _Export]:
    exports = {}
    outputs = stack.body.get("Outputs")
    for output in outputs.values() if isinstance(outputs, Mapping) else ():
        match output:
            case {"Export": {"Name": written}, "Value": value}:
                condition = output.get("Condition")
                holds = not isinstance(condition, str) or stack.resolver.condition(condition)
                if holds is not False:
                    name = str(stack.resolver.resolve(written))
                    exports[name] = _Export(stack, name, stack.resolver.resolve(value))
    return exports


def _state(comparison: Comparison, old: _Export, new: _Export | None) -> tuple[str, bool] | None:
    """Return what happens to an export, and whether it definitely does; None if it is the same."""
    if new is None:
        return "removed", True
    place = old.stack.template_resource, new.stack.template_resource
    replaced = comparison.replacements
    targets = [replaced[item] for item in targets_of(new.value, place[1]) if item in replaced]
    accepted = [replacement for replacement in targets if not replacement.is_rejected]
    if old.value == new.value and not accepted:
        return None
    is_certain = certainly_differ(old.value, new.value, *place)
    return "changed", is_certain or any(replacement.is_certain for replacement in accepted)


_Imports = Mapping[str, Mapping["Stack", None]]


def _imports(side: TemplateSet) -> _Imports:
    """Return the stacks that import each export."""
    imports: dict[str, dict[Stack, None]] = defaultdict(dict)
    for stack in side.stacks:
        for written in _imported(stack.body):
            imports[str(stack.resolver.resolve(written))][stack] = None
    return imports


def _imported(value: Any) -> Iterator[Any]:
    """Yield the arguments of Fn::ImportValue."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key == "Fn::ImportValue":
                yield item
            yield from _imported(item)
    elif isinstance(value, list):
        for item in value:
            yield from _imported(item)


def _export_change(
    export: _Export,
    after: Stack,
    verb: str,
    importing: tuple[_Imports, _Imports],
    *,
    is_certain: bool,
) -> Change:
    before, now = (
        [stack for stack in imports.get(export.name, ()) if _is_near(stack, export.stack)]
        for imports in importing
    )
    what = f"export {format_value(export.name)} of stack {after.template.stack}"
    if not before:
        sentence = f"{what} is {verb}: no stack of this app imports it"
        codes = (f"export-{verb}",)
        details = ("The deployment fails if a stack of another app imports it.",)
        return _change(after, "other", Severity.NOTE, sentence, codes=codes, details=details)
    names = join_names(stack.template.stack for stack in before)
    titles = {stack.template.stack for stack in now}
    certain = is_certain and any(stack.template.stack in titles for stack in before)
    can = "cannot" if certain else "may not"
    return _change(
        after,
        "deployment-fails",
        Severity.ERROR if certain else Severity.WARNING,
        f"{what} {can} be {verb}: stack {names} imports it",
        codes=("deployment-fails", "certain" if certain else "uncertain", f"export-{verb}"),
        details=() if certain else ("Deploy the stacks that import it first.",),
    )


def _is_near(importer: Stack, exporter: Stack) -> bool:
    """Tell whether a stack can import from another one: both are in one account and Region."""
    return importer is not exporter and (importer.registry or exporter.registry) == (
        exporter.registry or importer.registry
    )


def _change(stack: Stack, kind: Any, severity: Severity, summary: str, **effect: Any) -> Change:
    return Change(
        kind=kind,
        severity=severity,
        stack=stack.template.stack,
        resource="",
        summary=summary,
        **effect,
    )
