"""Report what is removed or replaced, and what is less protected against deletion.

`cloudformation.update_behavior` knows what CloudFormation does; this module says it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from ecr_constructs.cloudformation.resource_types import (
    CACHE,
    CREATION_TEMPLATE,
    KEY,
    PUBLIC_REPOSITORY,
    PULL_TIME_EXCLUSION,
    REPOSITORY,
    SINGLETONS,
)
from ecr_constructs.cloudformation.update_behavior import (
    AUTO_DELETE,
    Attribute,
    Fate,
    Outcome,
    has_auto_delete_tag,
    name_of,
    outcome_of,
    rejects_duplicates,
)
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.review.change import Effect
from ecr_constructs.review.comparison import repository_name_of
from ecr_constructs.review.disclosure import concerns_ecr
from ecr_constructs.review.phrases import format_value, images_of, join_names, subject_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.cloudformation.update_behavior import Replacement
    from ecr_constructs.review.change import Change
    from ecr_constructs.review.comparison import Comparison, Holder, Pair

_ATTRIBUTES: tuple[Attribute, ...] = get_args(Attribute)
_REPOSITORIES = (REPOSITORY, PUBLIC_REPOSITORY)
_ECR_TYPES = (*_REPOSITORIES, CACHE, CREATION_TEMPLATE, PULL_TIME_EXCLUSION)
# Types whose content is not in the replacement.
_WITH_CONTENT = (*_REPOSITORIES, KEY)
_WHEN: dict[Attribute, str] = {
    "DeletionPolicy": "its stack is deleted",
    "UpdateReplacePolicy": "it is replaced",
}
_FAILS: Final = "deployment-fails"
_THEN = "the deployment fails"
_NOTHING_LOST = "The deployment fails and is rolled back: nothing is changed, and nothing is lost."
_KEEP_ID = (
    "Keep its logical id and stack (override_logical_id), or move it with cdk refactor or "
    "cdk import."
)
_REMEDIES = {
    REPOSITORY: "Revert the change, or create a repository with another name and copy the images.",
    CACHE: "Revert the change, or remove the rule in one deployment and add it in the next; "
    "repositories that it created stay.",
    KEY: "Revert the change, or create another key and keep this one for what it encrypts.",
}


def _phrase(resource: Resource, attribute: Attribute, outcome: Outcome, images: str) -> str:
    """Return what happens to a resource, to follow its name and a colon."""
    may = "are" if outcome.is_certain else "may be"
    cause = outcome.emptied_by
    if cause != AUTO_DELETE:
        cause = f"{cause}, no {attribute}: Retain"
    left = f"{images} {may} left in the old repository, which is retained"
    may_it = "is" if outcome.is_certain else "may be"
    return {
        Fate.RETAINED: left
        if resource.type in _REPOSITORIES
        else "it is retained in the account, outside of any stack",
        Fate.IMAGES_DELETED: f"{images} {may} deleted ({cause})",
        Fate.DELETED_IF_EMPTY: f"it {may_it} deleted if it is empty, otherwise left in the "
        f"account with {images}",
        Fate.UNREADABLE: f"the key {may_it} deleted, and what it encrypts {may_it} permanently "
        "unreadable",
        Fate.DELETED: f"it {may_it} deleted",
    }[outcome.fate]


def _severity(outcome: Outcome) -> Severity:
    return Severity.ERROR if outcome.is_lost else Severity.WARNING


def removals(comparison: Comparison) -> Iterator[Change]:
    """Yield the resources that are removed."""
    rejected = {before for before, _ in comparison.type_changes}
    # Other analyzers report the settings that exist once per registry.
    for pair in comparison.of_type(*_ECR_TYPES, KEY):
        before = pair.before
        if before is not None and pair.after is None and before not in rejected:
            outcome = outcome_of(before, "DeletionPolicy")
            phrase = _phrase(before, "DeletionPolicy", outcome, images_of(comparison, before))
            yield pair.change(
                "removed",
                _severity(outcome),
                f"{subject_of(before)} is removed: {phrase}",
                before={"type": pair.type, "name": pair.name},
                details=tuple(_removal_details(comparison, before)),
                codes=(outcome.fate,),
            )
    yield from _emptied(comparison)


def _removal_details(comparison: Comparison, resource: Resource) -> Iterator[str]:
    stack = comparison.head.stacks[comparison.number_of(resource)]
    if stack.resources:
        return
    name = stack.template.stack
    if stack.template.root is not None:
        yield f"The nested stack {name} is removed from its parent, and CloudFormation deletes it."
    else:
        yield f"Stack {name} has no resources left, and cdk deploy deletes it."


def _emptied(comparison: Comparison) -> Iterator[Change]:
    """Yield the repositories that lose their images because CDK's custom resource is removed.

    CDK removes its tag together with the custom resource, which then deletes nothing.
    """
    for pair in comparison.of_type(AUTO_DELETE):
        resource = pair.before
        if resource is None or pair.after is not None:
            continue
        name = resource.get("RepositoryName")
        for before in comparison.base.in_registry_of(resource, REPOSITORY):
            after = comparison.counterpart_of(before)
            own = (before.stack.attribute(before.id, "Ref"), before.text("RepositoryName"))
            if after is not None and name in own and has_auto_delete_tag(after):
                yield pair.change(
                    "images-deleted",
                    Severity.ERROR,
                    f"{subject_of(before)}: {images_of(comparison, before)} are deleted, because "
                    f"{AUTO_DELETE} {resource.id} is removed and the repository keeps its tag",
                    of=before,
                    codes=("auto-delete",),
                )


def protection_changes(comparison: Comparison) -> Iterator[Change]:
    """Yield the resources whose protection against deletion changes."""
    for pair in comparison.of_type(*_WITH_CONTENT):
        if pair.sides is not None and (change := _protection_change(pair, *pair.sides)):
            yield change


def _protection_change(pair: Pair, before: Resource, after: Resource) -> Change | None:
    old, new = _outcomes(before), _outcomes(after)
    less = [name for name in _ATTRIBUTES if _risk(new[name]) > _risk(old[name])]
    more = [name for name in _ATTRIBUTES if _risk(new[name]) < _risk(old[name])]
    names = less or more
    if not names:
        return _unknown_protection(pair, old, new)
    worse = new if less else old
    causes = {worse[name].emptied_by for name in names}
    properties = [*names, *(["EmptyOnDelete"] if "EmptyOnDelete" in causes else [])]
    properties += ["Tags"] if AUTO_DELETE in causes else []
    effect = Effect(before=_settings(before), after=_settings(after), properties=(*properties,))
    label = subject_of(after)
    if more and not less:
        summary = f"{label} is better protected ({join_names(properties)})"
        return pair.change("strengthened", Severity.NOTE, summary, **effect)
    outcome = max((new[name] for name in less), key=_risk)
    when = " or ".join(_WHEN[name] for name in less)
    phrase = _phrase(after, less[0], outcome, "its images")
    is_error = outcome.is_lost and outcome.is_certain
    effect["codes"] = (outcome.fate, *([] if outcome.is_certain else ["uncertain"]))
    return pair.change(
        "unprotected",
        Severity.ERROR if is_error else Severity.WARNING,
        f"{label} {'is' if outcome.is_certain else 'may be'} no longer protected when {when}: "
        f"{phrase}",
        **effect,
    )


def _unknown_protection(
    pair: Pair, old: Mapping[Attribute, Outcome], new: Mapping[Attribute, Outcome]
) -> Change | None:
    """Return the change of a protection that is unknown before and after."""
    assert pair.sides is not None
    before, after = map(_resolved_settings, pair.sides)
    unknown = [name for name in _ATTRIBUTES if not (old[name].is_certain and new[name].is_certain)]
    changed = [name for name in before if before[name] != after[name]]
    if not unknown or not changed:
        return None
    return pair.change(
        "unprotected",
        Severity.WARNING,
        f"{subject_of(pair.sides[1])} may be less protected against deletion "
        f"({join_names(changed)}): what decides is known only at deploy time",
        before=_settings(pair.sides[0]),
        after=_settings(pair.sides[1]),
        properties=(*changed,),
        codes=("uncertain",),
    )


def _outcomes(resource: Resource) -> dict[Attribute, Outcome]:
    return {name: outcome_of(resource, name) for name in _ATTRIBUTES}


_RISKS = (Fate.RETAINED, Fate.DELETED, Fate.DELETED_IF_EMPTY, Fate.UNREADABLE, Fate.IMAGES_DELETED)


def _risk(outcome: Outcome) -> tuple[int, bool]:
    return _RISKS.index(outcome.fate), outcome.is_certain


def _settings(resource: Resource) -> dict[str, object]:
    values: dict[str, object] = {name: resource.body.get(name) for name in _ATTRIBUTES}
    return {**values, "EmptyOnDelete": str(resource.get("EmptyOnDelete")).lower() == "true"}


def _resolved_settings(resource: Resource) -> dict[str, object]:
    values: dict[str, object] = {name: resource.setting(name) for name in _ATTRIBUTES}
    return {**values, "EmptyOnDelete": resource.get("EmptyOnDelete")}


def replacements(comparison: Comparison) -> Iterator[Change]:
    """Yield the resources that are replaced: recreated, with their content left behind or lost."""
    for pair in comparison.pairs:
        if pair.sides is None or not concerns_ecr(pair.type):
            continue
        if pair.is_moved:
            yield _moved(comparison, pair, *pair.sides)
        elif replacement := comparison.replacements.get(pair.sides[1]):
            details = (_values(replacement), *_secret_remedy(pair, replacement))
            if replacement.is_rejected:
                yield _rejected(pair, replacement, details)
            else:
                yield _replaced(comparison, pair, replacement, details)


def _effect(replacement: Replacement, details: tuple[str, ...], codes: tuple[str, ...]) -> Effect:
    values = replacement.properties
    return Effect(
        details=details,
        codes=codes,
        before={name: old for name, (old, _) in values.items()},
        after={name: new for name, (_, new) in values.items()},
        properties=tuple(values),
    )


def _certainty(*, is_certain: bool) -> str:
    return "certain" if is_certain else "uncertain"


def _values(replacement: Replacement) -> str:
    names = join_names(replacement.properties)
    values = "; ".join(
        f"{name} changes from {format_value(old)} to {format_value(new)}"
        if old != new
        else f"{name} refers to a resource that is replaced"
        for name, (old, new) in replacement.properties.items()
    )
    return f"CloudFormation cannot change {names} in place: {values}."


def _secret_remedy(pair: Pair, replacement: Replacement) -> Iterator[str]:
    if pair.type == CACHE and "CredentialArn" in replacement.properties:
        yield "To change the credential only, write the new one into the same secret."


def _rejected(pair: Pair, replacement: Replacement, details: tuple[str, ...]) -> Change:
    """Return the replacement that CloudFormation rejects."""
    names = join_names(replacement.properties)
    needs = "needs" if len(replacement.properties) == 1 else "need"
    reason = (
        f"{names} of a key cannot be changed"
        if pair.type == KEY
        else f"{names} {needs} a replacement, and CloudFormation does not replace a resource with "
        "a custom name"
    )
    remedy = _REMEDIES.get(pair.type, "Revert the change, or give the resource another name.")
    verb = "cannot be deployed" if replacement.is_certain else "may not be deployable"
    return pair.change(
        "replaced",
        Severity.ERROR,
        f"{subject_of(pair.resource)} {verb}: {reason}",
        **_effect(
            replacement,
            (*details, _NOTHING_LOST, remedy),
            (_FAILS, _certainty(is_certain=replacement.is_certain)),
        ),
    )


def _replaced(
    comparison: Comparison, pair: Pair, replacement: Replacement, details: tuple[str, ...]
) -> Change:
    """Return the replacement that CloudFormation makes."""
    assert pair.sides is not None
    before, after = pair.sides
    old, new = subject_of(before), _new_name(before, after)
    outcome = outcome_of(before, "UpdateReplacePolicy", after)
    images = images_of(comparison, before, old if new else None)
    phrase = _phrase(before, "UpdateReplacePolicy", outcome, images)
    holder = comparison.holder_of(after)
    codes = [outcome.fate, _certainty(is_certain=replacement.is_certain)]
    severity = _severity(outcome)
    if holder is not None and new is not None:
        verb, has = _refusal(holder)
        where = _place(comparison, holder.resource, after)
        summary = f"{old} {verb} be replaced by {new}: {where} {has} this name, and {_THEN}"
        details = (*details, f"If the name is free: {phrase}.")
        codes = [_FAILS, _certainty(is_certain=holder.is_certain)]
        severity = Severity.ERROR
        if holder.is_certain:
            details = (*details, _NOTHING_LOST)
    else:
        verb = "is" if replacement.is_certain else "may be"
        how = f"by {new}" if new else f"({join_names(replacement.properties)})"
        summary = f"{old} {verb} replaced {how}: {phrase}"
    return pair.change(
        "replaced",
        severity,
        summary,
        of=before if repository_name_of(before) else after,
        **_effect(replacement, details, tuple(codes)),
    )


def _refusal(holder: Holder) -> tuple[str, str]:
    return ("cannot", "has") if holder.is_certain else ("may not", "may have")


def _place(comparison: Comparison, holder: Resource, after: Resource) -> str:
    """Return the logical id of a resource, with its stack if that is another one."""
    is_near = comparison.number_of(holder) == comparison.number_of(after)
    return holder.id if is_near else f"{holder.id} of stack {holder.stack.template.stack}"


def _new_name(before: Resource, after: Resource) -> str | None:
    """Return the new name of a resource that is renamed, if it is known."""
    old, new = subject_of(before), subject_of(after)
    return None if old == new or name_of(after) is None else new


def _moved(comparison: Comparison, pair: Pair, before: Resource, after: Resource) -> Change:
    """Return the replacement that another logical ID or stack causes."""
    old, new = before.stack.template.stack, after.stack.template.stack
    label = subject_of(before)
    outcome = outcome_of(before, "DeletionPolicy")
    phrase = _phrase(before, "DeletionPolicy", outcome, images_of(comparison, before))
    is_rejected = rejects_duplicates(pair.type)
    is_one = comparison.is_one_deployment(before, after)
    how = f"it moves from stack {old} to stack {new}"
    if old == new:
        how = f"its logical id {before.id} becomes {after.id}"
    codes: list[str] = [outcome.fate, "certain"]
    severity = _severity(outcome)
    details = [
        "CloudFormation treats them as two resources: it creates a new one and removes the old one."
    ]
    if is_rejected is False:
        summary = f"{label} is replaced ({how}): {phrase}"
    elif is_rejected and (is_one or outcome.fate == Fate.RETAINED):
        summary = f"{label} cannot be deployed: {how}, and AWS rejects a second one of its name"
        codes, severity = [_FAILS, "certain"], Severity.ERROR
        details += [_NOTHING_LOST] if is_one else [_let_go(old, new)]
        details.append(_KEEP_ID)
    else:
        summary = (
            f"{label} may not be deployable ({how}): AWS rejects a second one while the old one "
            f"exists; otherwise {phrase}"
        )
        codes, severity = [outcome.fate, "uncertain", _FAILS], Severity.ERROR
        details.append(_KEEP_ID)
    return pair.change(
        "replaced",
        severity,
        summary,
        before={"stack": old, "resource": before.id},
        after={"stack": new, "resource": after.id},
        details=tuple(details),
        codes=tuple(codes),
    )


def _let_go(old: str, new: str) -> str:
    return (
        f"If stack {old} is deployed first, its resource is retained outside of any stack; the "
        f"deployment of stack {new} fails in any case."
    )


def type_changes(comparison: Comparison) -> Iterator[Change]:
    """Yield the resources whose type changes, which CloudFormation rejects."""
    types = {after: before.type for before, after in comparison.type_changes}
    for pair in comparison.pairs if types else ():
        if pair.after in types and pair.before is None:
            yield pair.change(
                _FAILS,
                Severity.ERROR,
                f"{pair.type} {pair.resource.id} cannot be deployed: its type was "
                f"{types[pair.after]}, and CloudFormation does not change the type of a logical id",
                details=(_NOTHING_LOST, "Give the new resource another logical id."),
                codes=(_FAILS, "certain", "type"),
            )


def name_conflicts(comparison: Comparison) -> Iterator[Change]:
    """Yield the new resources whose name another resource has."""
    rejected = {after for _, after in comparison.type_changes}
    for pair in comparison.pairs:
        after = pair.after
        is_new = after is not None and pair.before is None and after not in rejected
        if after is None or not is_new or not concerns_ecr(pair.type):
            continue
        holder = comparison.holder_of(after)
        if holder is not None:
            verb, has = _refusal(holder)
            where = _place(comparison, holder.resource, after)
            has = f"{has} this name" if after.type not in SINGLETONS else "configures it"
            yield pair.change(
                _FAILS,
                Severity.ERROR,
                f"{subject_of(after)} {verb} be created as {after.id}: {where} {has}, and {_THEN}",
                details=(_KEEP_ID,),
                codes=(_FAILS, _certainty(is_certain=holder.is_certain), "name"),
            )
