"""Report what is removed or replaced, and what is less protected against deletion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ecr_constructs.cloudformation.resource_types import (
    CACHE,
    CREATION_TEMPLATE,
    KEY,
    PUBLIC_REPOSITORY,
    PULL_TIME_EXCLUSION,
    REPOSITORY,
    SINGLETONS,
)
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.lifecycle.json_text import compact
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.review.change import Effect
from ecr_constructs.review.comparison import name_of, replacing_properties
from ecr_constructs.review.disclosure import concerns_ecr
from ecr_constructs.review.phrases import format_value, images_of, join_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.change import Change
    from ecr_constructs.review.comparison import Comparison, Pair

_Attribute = Literal["DeletionPolicy", "UpdateReplacePolicy"]
_RETAINING = ("Retain", "RetainExceptOnCreate")
_REPOSITORIES = (REPOSITORY, PUBLIC_REPOSITORY)
_ECR_TYPES = (*_REPOSITORIES, CACHE, CREATION_TEMPLATE, PULL_TIME_EXCLUSION)
# Types with unique names: AWS rejects the replacement while the old resource exists.
_UNIQUELY_NAMED = (*_ECR_TYPES, "AWS::KMS::Alias", *SINGLETONS)
# Types whose content is not in the replacement.
_WITH_CONTENT = (*_REPOSITORIES, KEY)
_WHEN: dict[_Attribute, str] = {
    "DeletionPolicy": "its stack is deleted",
    "UpdateReplacePolicy": "it is replaced",
}


class _Outcome(NamedTuple):
    """What CloudFormation does with a resource that leaves its stack.

    Attributes:
        code: The outcome, independent of its wording.
        phrase: The outcome, to follow the name of the resource and a colon.
        is_lost: Whether data is lost permanently.
    """

    code: str
    phrase: str
    is_lost: bool = False

    @property
    def severity(self) -> Severity:
        return Severity.ERROR if self.is_lost else Severity.WARNING


def _is_retained(resource: Resource, attribute: _Attribute) -> bool:
    """Tell whether a resource is definitely retained when it leaves its stack."""
    return resource.stack.resolver.resolve(resource.body.get(attribute)) in _RETAINING


def _empties(resource: Resource) -> bool:
    """Tell whether a repository is deleted with its images."""
    return str(resource.get("EmptyOnDelete")).lower() == "true"


def _outcome(resource: Resource, attribute: _Attribute, images: str = "its images") -> _Outcome:
    """Return the outcome for a resource that is removed or replaced, as `attribute` decides."""
    if _is_retained(resource, attribute):
        if resource.type in _REPOSITORIES:
            left = f"{images} are left in the old repository, which is retained"
            return _Outcome("retained", left)
        return _Outcome("retained", "it is retained in the account, outside of any stack")
    if resource.type == KEY:
        lost = "the key is deleted, and what it encrypts is permanently unreadable"
        return _Outcome("unreadable", lost, is_lost=True)
    if resource.type == REPOSITORY and _empties(resource):
        lost = f"{images} are deleted (EmptyOnDelete, no {attribute}: Retain)"
        return _Outcome("images-deleted", lost, is_lost=True)
    if resource.type in _REPOSITORIES:
        left = f"it is deleted if it is empty, otherwise left in the account with {images}"
        return _Outcome("deleted-if-empty", left)
    return _Outcome("deleted", "it is deleted")


def removals(comparison: Comparison) -> Iterator[Change]:
    """Yield the resources that are removed."""
    # Other analyzers report the settings that exist once per registry.
    for pair in comparison.of_type(*_ECR_TYPES, KEY):
        if pair.before is not None and pair.after is None:
            images = images_of(comparison, pair.before)
            outcome = _outcome(pair.before, "DeletionPolicy", images)
            yield pair.change(
                "removed",
                outcome.severity,
                f"{pair.label} is removed: {outcome.phrase}",
                before={"type": pair.type, "name": pair.name},
                details=tuple(_removal_details(comparison, pair.before)),
                codes=(outcome.code,),
            )


def _removal_details(comparison: Comparison, resource: Resource) -> Iterator[str]:
    stack = resource.stack
    if not comparison.head.stacks[comparison.base.stacks.index(stack)].resources:
        removed = f"The whole stack {stack.template.stack} is removed from the app"
        yield f"{removed}; CDK does not delete deployed stacks."


def protection_changes(comparison: Comparison) -> Iterator[Change]:
    """Yield the resources whose protection against deletion changes."""
    for pair in comparison.of_type(*_WITH_CONTENT):
        if pair.sides is None:
            continue
        before, after = pair.sides
        weakened = _open_to(after) - _open_to(before)
        strengthened = _open_to(before) - _open_to(after)
        names = _names(weakened or strengthened)
        effect = Effect(before=_settings(before), after=_settings(after), properties=names)
        if weakened:
            occasions = [name for name in _WHEN if name in names]
            outcome = _outcome(after, occasions[0])
            when = " or ".join(_WHEN[attribute] for attribute in occasions)
            summary = f"{pair.label} is no longer protected when {when}: {outcome.phrase}"
            effect["codes"] = (outcome.code,)
            yield pair.change("unprotected", outcome.severity, summary, **effect)
        elif strengthened:
            summary = f"{pair.label} is better protected ({join_names(names)})"
            yield pair.change("strengthened", Severity.NOTE, summary, **effect)


def _open_to(resource: Resource) -> frozenset[tuple[_Attribute, bool]]:
    """Return the occasions on which a resource is deleted, and whether its images are too."""
    return frozenset(
        (attribute, emptied)
        for attribute in _WHEN
        if not _is_retained(resource, attribute)
        for emptied in {False, _empties(resource)}
    )


def _names(occasions: frozenset[tuple[_Attribute, bool]]) -> tuple[str, ...]:
    emptied = ["EmptyOnDelete"] if any(emptied for _, emptied in occasions) else []
    return (*sorted({name for name, _ in occasions}), *emptied)


def _settings(resource: Resource) -> dict[str, object]:
    values: dict[str, object] = {name: resource.body.get(name) for name in _WHEN}
    return {**values, "EmptyOnDelete": _empties(resource)}


def replacements(comparison: Comparison) -> Iterator[Change]:
    """Yield the resources that are replaced: recreated, with their content left behind or lost."""
    for pair in comparison.pairs:
        if pair.sides is None or not concerns_ecr(pair.type):
            continue
        if pair.is_moved:
            yield _moved(comparison, pair, *pair.sides)
        elif differs := replacing_properties(pair):
            yield _replaced(comparison, pair, *pair.sides, differs)


def _severity(pair: Pair, outcome: _Outcome) -> Severity:
    return Severity.ERROR if pair.type in _WITH_CONTENT else outcome.severity


def _replaced(
    comparison: Comparison,
    pair: Pair,
    before: Resource,
    after: Resource,
    differs: Mapping[str, tuple[Any, Any]],
) -> Change:
    """Return the replacement that changed create-only properties cause."""
    names = join_names(differs)
    values = "; ".join(
        f"{name} changes from {format_value(old)} to {format_value(new)}"
        for name, (old, new) in differs.items()
    )
    details = [f"CloudFormation cannot change {names} in place: {values}."]
    is_sure = any(None in pair_values for pair_values in differs.values()) or not is_unresolved(
        compact(list(differs.values()))
    )
    outcome = _outcome(after, "UpdateReplacePolicy", images_of(comparison, before))
    codes = [outcome.code, "certain" if is_sure else "uncertain"]
    if pair.type in _UNIQUELY_NAMED and name_of(before) == name_of(after) is not None:
        codes.append("deployment-fails")
        details.append(
            "The deployment fails: CloudFormation creates the replacement first, and AWS rejects "
            f"the duplicate name {pair.name}. Revert the change, or rename it and copy the content."
        )
    return pair.change(
        "replaced",
        _severity(pair, outcome),
        f"{pair.label} {'is' if is_sure else 'may be'} replaced ({names}): {outcome.phrase}",
        before={name: old for name, (old, _) in differs.items()},
        after={name: new for name, (_, new) in differs.items()},
        details=tuple(details),
        properties=tuple(differs),
        codes=tuple(codes),
    )


def _moved(comparison: Comparison, pair: Pair, before: Resource, after: Resource) -> Change:
    """Return the replacement that another logical ID or stack causes."""
    old, new = before.stack.template.stack, after.stack.template.stack
    how = f"it moves from stack {old} to stack {new}"
    if old == new:
        how = f"its logical id {before.id} becomes {after.id}"
    details = [
        "CloudFormation treats them as two resources: it creates a new one and removes the old one."
    ]
    outcome = _outcome(before, "DeletionPolicy", images_of(comparison, before))
    codes = [outcome.code, "certain"]
    if pair.type in _UNIQUELY_NAMED:
        codes.append("deployment-fails")
        details.append(
            f"The deployment fails while the old {pair.label} exists. Keep its logical id and "
            "stack (override_logical_id), or move it with cdk refactor or cdk import."
        )
    return pair.change(
        "replaced",
        _severity(pair, outcome),
        f"{pair.label} is replaced ({how}): {outcome.phrase}",
        before={"stack": old, "resource": before.id},
        after={"stack": new, "resource": after.id},
        details=tuple(details),
        codes=tuple(codes),
    )
