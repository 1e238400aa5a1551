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
from ecr_constructs.model.lifecycle.tag_match import covers, overlap
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

    from ecr_constructs.cloudformation.resource import Resource
    from ecr_constructs.review.comparison import Comparison, Pair

_FILTERS = "ImageTagMutabilityExclusionFilters"
_IS_IMMUTABLE = {
    "MUTABLE": False,
    "MUTABLE_WITH_EXCLUSION": False,
    "IMMUTABLE": True,
    "IMMUTABLE_WITH_EXCLUSION": True,
}


def _mutability_regressions(had: Resource, has: Resource) -> Iterator[Regression]:
    """Tell whether tags that could not be moved can be."""
    one, other = _mutability(had), _mutability(has)
    if one is None or other is None or _keeps(one, other):
        return
    yield Regression(
        weaker=f"some tags may now be moved: they were {one}, and will be {other}",
        stronger=f"some tags may no longer be moved: they were {other}, and will be {one}",
        properties=("ImageTagMutability", _FILTERS),
    )


def _mutability(resource: Resource) -> TagMutability | None:
    """Return the setting; None if it is not known, or ECR refuses it."""
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


def _keeps(one: TagMutability, other: TagMutability) -> bool:
    """Tell whether each tag that the one setting keeps in place is kept by the other too."""
    free, fixed = one.except_for, other.except_for
    if one.is_immutable and other.is_immutable:
        return _all_within(fixed, free)
    if one.is_immutable:
        return _all_within(["*"], [*free, *fixed])
    if other.is_immutable:
        return not any(overlap(exception, pattern) for exception in free for pattern in fixed)
    return _all_within(free, fixed)


def _all_within(narrow: Sequence[str], wide: Sequence[str]) -> bool:
    return all(any(covers(pattern, pattern_) for pattern in wide) for pattern_ in narrow)


# By type, and whether there is a key of one's own: what is said of it, and what it has.
_ENCRYPTIONS = {
    ("AES256", False): ("AES-256", frozenset[str]()),
    ("KMS", False): ("the key of AWS", frozenset({"KMS"})),
    ("KMS", True): ("a customer managed key", frozenset({"KMS", "own"})),
    ("KMS_DSSE", False): ("the key of AWS, twice", frozenset({"KMS", "twice"})),
    ("KMS_DSSE", True): ("a customer managed key, twice", frozenset({"KMS", "own", "twice"})),
}
_WITHOUT = (
    "Without a template ECR creates repositories that are mutable, encrypted with AES-256, without "
    "any policy, and keep every image."
)


def _encryption_regressions(had: Resource, has: Resource) -> Iterator[Regression]:
    """Tell whether repositories are created with a weaker encryption."""
    one, other = _encryption(had), _encryption(has)
    if one is None or other is None or one[1] <= other[1]:
        return
    said = "repositories that ECR creates will be encrypted with"
    yield Regression(
        weaker=f"{said} {other[0]}, no longer with {one[0]}",
        stronger=f"{said} {one[0]}, no longer with {other[0]}",
        properties=("EncryptionConfiguration",),
        details=("A repository's encryption can never be changed.",),
    )


def _encryption(template: Resource) -> tuple[str, frozenset[str]] | None:
    kind = template.get("EncryptionConfiguration", "EncryptionType")
    key = template.get("EncryptionConfiguration", "KmsKey")
    return _ENCRYPTIONS.get(("AES256" if kind is None else str(kind), key is not None))


def _occasion_regressions(had: Resource, has: Resource) -> Iterator[Regression]:
    """Tell on which occasions repositories are no longer created with the template."""
    one, other = had.get("AppliedFor"), has.get("AppliedFor")
    if not isinstance(one, list) or not isinstance(other, list):
        return
    if gone := sorted({str(occasion) for occasion in one} - {str(occasion) for occasion in other}):
        yield Regression(
            weaker=f"it is no longer for {join_names(gone)}",
            stronger=f"it is for {join_names(gone)} too",
            properties=("AppliedFor",),
            details=(_WITHOUT,),
        )


_DEFAULT_PERIOD, _DEFAULT_WINDOW = 365, 30
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


def _key_regressions(had: Resource, has: Resource) -> Iterator[Regression]:
    """Yield what a key was better for."""
    if _enabled(had) and _enabled(has) is False:
        yield Regression(
            weaker=f"it is disabled: {_unreadable(has)}",
            stronger="it is enabled",
            properties=("Enabled",),
            severity=Severity.ERROR,
        )
    if _rotated(had) and _rotated(has) is False:
        yield Regression(
            weaker="it is no longer rotated",
            stronger="it is rotated",
            properties=("EnableKeyRotation",),
        )
    one, other = (_number(key, "RotationPeriodInDays", _DEFAULT_PERIOD) for key in (had, has))
    if _rotated(had) and _rotated(has) and one is not None and other is not None and one < other:
        yield Regression(
            weaker=f"it is rotated every {other:,} days, no longer every {one:,}",
            stronger=f"it is rotated every {one:,} days, no longer every {other:,}",
            properties=("RotationPeriodInDays",),
        )
    one, other = (_number(key, "PendingWindowInDays", _DEFAULT_WINDOW) for key in (had, has))
    if one is not None and other is not None and one > other:
        said = "days to take back its deletion, no longer"
        yield Regression(
            weaker=f"there are {other:,} {said} {one:,}",
            stronger=f"there are {one:,} {said} {other:,}",
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
        return "what it encrypts cannot be read"
    return f"images of {name or user.id}, and of all that it encrypts, cannot be pulled or pushed"


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
# Without these resources a registry has settings too.
_REGISTRY_COMPARISONS: Mapping[
    str, Callable[[Resource | None, Resource | None], Iterator[Regression]]
] = {
    SCANNING: scanning_regressions,
    SIGNING: signing_regressions,
}


def changes(comparison: Comparison) -> Iterator[Change]:
    """Yield what is weakened and what is strengthened."""
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
        # Of what comes or goes, everything is said.
        "properties": regression.properties if pair.sides else (),
    }
