"""Report which settings are weakened, and which are strengthened.

Each comparison reports what one side has and the other lacks. It runs in both directions, so that
reverting a change is reported as the opposite of the change.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ecr_constructs.cloudformation.resource_types import (
    CREATION_TEMPLATE,
    KEY,
    REPOSITORY,
    SCANNING,
    SIGNING,
)
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.lifecycle.selection import covers, overlap
from ecr_constructs.model.mutability import TagMutability
from ecr_constructs.review.analyzers.registry_settings import (
    scan_on_push_regressions,
    scanning_regressions,
    signing_regressions,
)
from ecr_constructs.review.analyzers.regression import Regression, flag
from ecr_constructs.review.change import Change
from ecr_constructs.review.phrases import join_names, subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.comparison import Comparison, Pair

_FILTERS = "ImageTagMutabilityExclusionFilters"
_IS_IMMUTABLE = {
    "MUTABLE": False,
    "MUTABLE_WITH_EXCLUSION": False,
    "IMMUTABLE": True,
    "IMMUTABLE_WITH_EXCLUSION": True,
}


def _mutability_regressions(before: Resource, after: Resource) -> Iterator[Regression]:
    """Report tags that become movable."""
    old, new = _mutability(before), _mutability(after)
    if old is None or new is None or _keeps(old, new):
        return
    yield Regression(
        weaker=f"some tags become movable: {old} before, {new} now",
        stronger=f"some tags become immovable: {new} before, {old} now",
        properties=("ImageTagMutability", _FILTERS),
    )


def _mutability(resource: Resource) -> TagMutability | None:
    """Return the setting; None if it is unknown, or ECR rejects it."""
    setting = resource.get("ImageTagMutability")
    name = "MUTABLE" if setting is None else str(setting)
    filters = [
        str(entry.get("ImageTagMutabilityExclusionFilterValue"))
        for _, entry in resource.mappings(_FILTERS)
    ]
    if name not in _IS_IMMUTABLE:
        return None
    try:
        return TagMutability(
            is_immutable=_IS_IMMUTABLE[name],
            except_for=filters if name.endswith("_WITH_EXCLUSION") else (),
        )
    except ValueError:
        return None


def _keeps(old: TagMutability, new: TagMutability) -> bool:
    """Tell whether the new setting fixes every tag that the old one fixes."""
    free, fixed = old.except_for, new.except_for
    if old.is_immutable and new.is_immutable:
        return _all_within(fixed, free)
    if old.is_immutable:
        return _all_within(["*"], [*free, *fixed])
    if new.is_immutable:
        return not any(overlap(exception, pattern) for exception in free for pattern in fixed)
    return _all_within(free, fixed)


def _all_within(narrow: Sequence[str], wide: Sequence[str]) -> bool:
    return all(any(covers(pattern, pattern_) for pattern in wide) for pattern_ in narrow)


# By encryption type and whether a key is given: the phrase, and the properties to compare.
_ENCRYPTIONS = {
    ("AES256", False): ("AES-256", frozenset[str]()),
    ("KMS", False): ("the AWS managed key", frozenset({"KMS"})),
    ("KMS", True): ("a customer managed key", frozenset({"KMS", "own"})),
    ("KMS_DSSE", False): ("the AWS managed key, in two layers", frozenset({"KMS", "twice"})),
    ("KMS_DSSE", True): (
        "a customer managed key, in two layers",
        frozenset({"KMS", "own", "twice"}),
    ),
}
_WITHOUT = (
    "Without a template, ECR creates mutable repositories with AES-256 encryption and no policies."
)


def _encryption_regressions(before: Resource, after: Resource) -> Iterator[Regression]:
    """Report a weaker encryption of new repositories."""
    old, new = _encryption(before), _encryption(after)
    if old is None or new is None or old[1] <= new[1]:
        return
    change = "ECR encrypts new repositories with"
    yield Regression(
        weaker=f"{change} {new[0]}, no longer with {old[0]}",
        stronger=f"{change} {old[0]}, no longer with {new[0]}",
        properties=("EncryptionConfiguration",),
        details=("The encryption of a repository cannot be changed.",),
    )


def _encryption(template: Resource) -> tuple[str, frozenset[str]] | None:
    kind = template.get("EncryptionConfiguration", "EncryptionType")
    key = template.get("EncryptionConfiguration", "KmsKey")
    return _ENCRYPTIONS.get(("AES256" if kind is None else str(kind), key is not None))


def _occasion_regressions(before: Resource, after: Resource) -> Iterator[Regression]:
    """Report the occasions that a creation template no longer applies to."""
    old, new = before.get("AppliedFor"), after.get("AppliedFor")
    if not isinstance(old, list) or not isinstance(new, list):
        return
    if gone := sorted({*map(str, old)} - {*map(str, new)}):
        yield Regression(
            weaker=f"it no longer applies to {join_names(gone)}",
            stronger=f"it also applies to {join_names(gone)}",
            properties=("AppliedFor",),
            details=(_WITHOUT,),
        )


_DEFAULT_PERIOD, _DEFAULT_WINDOW = 365, 30
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


def _key_regressions(before: Resource, after: Resource) -> Iterator[Regression]:
    """Compare whether a key is usable, how often it rotates, how long its deletion waits."""
    if _enabled(before) and _enabled(after) is False:
        yield Regression(
            weaker=f"it is disabled: {_unreadable(after)}",
            stronger="it is enabled",
            properties=("Enabled",),
            severity=Severity.ERROR,
        )
    if _rotated(before) and _rotated(after) is False:
        yield Regression(
            weaker="it is no longer rotated",
            stronger="it is rotated",
            properties=("EnableKeyRotation",),
        )
    old, new = (_number(key, "RotationPeriodInDays", _DEFAULT_PERIOD) for key in (before, after))
    if _rotated(before) and _rotated(after) and old is not None and new is not None and old < new:
        yield Regression(
            weaker=f"it is rotated every {new:,} days, no longer every {old:,}",
            stronger=f"it is rotated every {old:,} days, no longer every {new:,}",
            properties=("RotationPeriodInDays",),
        )
    old, new = (_number(key, "PendingWindowInDays", _DEFAULT_WINDOW) for key in (before, after))
    if old is not None and new is not None and old > new:
        window = "days to cancel its deletion, no longer"
        yield Regression(
            weaker=f"there are {new:,} {window} {old:,}",
            stronger=f"there are {old:,} {window} {new:,}",
            properties=("PendingWindowInDays",),
        )


def _enabled(key: Resource) -> bool | None:
    return flag(key, "Enabled", default=True)


def _rotated(key: Resource) -> bool | None:
    return flag(key, "EnableKeyRotation", default=False)


def _unreadable(key: Resource) -> str:
    user = key.assembly.user_of_key(key)
    name = user.text("RepositoryName") if user else None
    if user is None:
        return "what it encrypts is unreadable"
    return f"images of {name or user.id}, and all else that it encrypts, cannot be pulled or pushed"


def _number(key: Resource, name: str, default: int) -> int | None:
    value = key.get(name)
    if value is None:
        return default
    return int(str(value)) if _NUMBER.fullmatch(str(value)) else None


_COMPARISONS: Mapping[str, Sequence[Callable[[Resource, Resource], Iterator[Regression]]]] = {
    REPOSITORY: (_mutability_regressions, scan_on_push_regressions),
    CREATION_TEMPLATE: (_mutability_regressions, _encryption_regressions, _occasion_regressions),
    KEY: (_key_regressions,),
}
# A registry without these resources has default settings.
_REGISTRY_COMPARISONS: Mapping[
    str, Callable[[Resource | None, Resource | None], Iterator[Regression]]
] = {
    SCANNING: scanning_regressions,
    SIGNING: signing_regressions,
}


def changes(comparison: Comparison) -> Iterator[Change]:
    """Yield the settings that are weakened, and those that are strengthened."""
    for pair in comparison.of_type(*_COMPARISONS, *_REGISTRY_COMPARISONS):
        if compare := _REGISTRY_COMPARISONS.get(pair.type):
            yield from _changes(
                pair, compare(pair.before, pair.after), compare(pair.after, pair.before)
            )
        elif pair.sides is not None:
            before, after = pair.sides
            for regressions in _COMPARISONS[pair.type]:
                yield from _changes(pair, regressions(before, after), regressions(after, before))


def _changes(
    pair: Pair, regressions: Iterator[Regression], gains: Iterator[Regression]
) -> Iterator[Change]:
    for regression in regressions:
        yield Change(
            kind="weakened",
            severity=regression.severity,
            summary=f"{subject(pair)}: {regression.weaker}",
            details=regression.details,
            **_common(pair, regression),
        )
    for gain in gains:
        yield Change(
            kind="strengthened",
            severity=Severity.NOTE,
            summary=f"{subject(pair)}: {gain.stronger}",
            **_common(pair, gain),
        )


def _common(pair: Pair, regression: Regression) -> dict[str, Any]:
    values = {name: pair.values(name) for name in regression.properties}
    return {
        "stack": pair.stack,
        "resource": pair.resource.id,
        "repository": pair.name,
        "before": {name: before for name, (before, _) in values.items()},
        "after": {name: after for name, (_, after) in values.items()},
        # A new or removed resource is reported as a whole.
        "properties": regression.properties if pair.sides else (),
    }
