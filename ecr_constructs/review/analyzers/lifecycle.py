"""What becomes of lifecycle policies, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ecr_constructs.cloudformation.lifecycle import policy_of
from ecr_constructs.cloudformation.resource_types import CREATION_TEMPLATE, REPOSITORY
from ecr_constructs.review.analyzers.lifecycle_rules import differences, takes_any
from ecr_constructs.review.change import Change, Severity
from ecr_constructs.review.subjects import subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.cloudformation.lifecycle import StatedPolicy
    from ecr_constructs.model.lifecycle import LifecyclePolicy
    from ecr_constructs.review.comparison import Comparison

# How many differences a summary and the details tell.
_TOLD, _DETAILED = 2, 10
_LATER = (
    "It is for repositories that ECR creates from then on; those that are there keep their policy."
)


class _Said(NamedTuple):
    severity: Severity
    sentence: str
    details: tuple[str, ...] = ()


def changes(comparison: Comparison) -> Iterator[Change]:
    """Yield what is otherwise in the policies of repositories and creation templates."""
    for pair in comparison.of_type(REPOSITORY, CREATION_TEMPLATE):
        if pair.sides is None:
            continue
        old, new = pair.values("LifecyclePolicy")
        if old == new:
            continue
        before, after = map(policy_of, pair.sides)
        said = _said(before, after)
        details = list(said.details)
        if pair.type == CREATION_TEMPLATE:
            details.append(_LATER)
        elif said.severity != "note" and (reason := comparison.inventories.reason(pair.sides[1])):
            details.append(reason)
        yield Change(
            kind="lifecycle",
            severity=said.severity,
            stack=pair.stack,
            resource=pair.sides[1].id,
            repository=pair.name,
            summary=f"{subject(pair)}: {said.sentence}",
            before=before.words,
            after=after.words,
            details=tuple(details),
            properties=("LifecyclePolicy",),
        )


def _said(before: StatedPolicy, after: StatedPolicy) -> _Said:
    if after.is_rejected:
        return _Said("error", "ECR refuses its new lifecycle policy, and the deployment fails")
    if after.policy is None:
        return _Said("warning", "its lifecycle policy is known only at deploy time")
    if before.policy is None:
        known = "ECR refused" if before.is_rejected else "was not known"
        severity: Severity = "warning" if takes_any(after.policy) else "note"
        return _Said(severity, f"its lifecycle policy, which {known} before, is: {_all(after)}")
    return _compared(before.policy, after.policy, after)


def _compared(old: LifecyclePolicy, new: LifecyclePolicy, after: StatedPolicy) -> _Said:
    found = differences(old, new)
    if not found:
        return _Said("note", "its lifecycle policy is written otherwise and does the same")
    severity: Severity = "warning" if found[0].takes_more else "note"
    if not old:
        return _Said(severity, f"it gets a lifecycle policy: {_all(after)}")
    if not new:
        return _Said(severity, "its lifecycle policy is removed: every image is kept")
    effect = "may take more images" if found[0].takes_more else "takes fewer images"
    told = [each.sentence for each in found]
    more = f"; {len(told) - _TOLD:,} more" if len(told) > _TOLD else ""
    sentence = f"its lifecycle policy {effect}: {'; '.join(told[:_TOLD])}{more}"
    rest = len(told) - _DETAILED
    details = [f"{each[0].upper()}{each[1:]}." for each in told[:_DETAILED]]
    details += [f"{rest:,} more differences." for _ in [rest] if rest > 0]
    return _Said(severity, sentence, tuple(details) if more else ())


def _all(after: StatedPolicy) -> str:
    return "; ".join(after.words or ())
