"""Report which settings are weakened, and which are strengthened.

Each comparison reports what one side has and the other lacks. It runs in both directions, so that
reverting a change is reported as the opposite of the change.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html
https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-filters.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ecr_constructs.cloudformation.lifecycle import POLICY_TYPES, policy_of
from ecr_constructs.cloudformation.resource_types import (
    CREATION_TEMPLATE,
    KEY,
    PULL_TIME_EXCLUSION,
    REPOSITORY,
    SCANNING,
    SIGNING,
)
from ecr_constructs.cloudformation.update_behavior import Fate, fate_of_key
from ecr_constructs.cloudformation.uses import user_of_key
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.json_text import compact
from ecr_constructs.model.lifecycle.selection import covers, overlap
from ecr_constructs.model.mutability import TagMutability
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.review.analyzers.regression import Regression, regression_changes
from ecr_constructs.review.phrases import affected, except_for, format_value, join_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.analyzers.regression import Regressions
    from ecr_constructs.review.change import Change
    from ecr_constructs.review.comparison import Comparison


def _flag(resource: Resource, name: str, *path: str, default: bool) -> bool | None:
    """Return a boolean property; None if it is unknown."""
    value = resource.get(name, *path)
    if value is None:
        return default
    return {"true": True, "false": False}.get(str(value).lower())


_FILTERS = "ImageTagMutabilityExclusionFilters"
_IS_IMMUTABLE = {
    "MUTABLE": False,
    "MUTABLE_WITH_EXCLUSION": False,
    "IMMUTABLE": True,
    "IMMUTABLE_WITH_EXCLUSION": True,
}


def _mutability_regressions(before: Resource, after: Resource) -> Regressions:
    """Report tags that become movable."""
    old, new = _mutability(before), _mutability(after)
    setting = before.get("ImageTagMutability")
    is_undeclared = after.type == REPOSITORY and after.get("ImageTagMutability") is None
    if is_undeclared and is_unresolved(str(setting)):
        yield _undeclared(f"tags are {format_value(setting)}", ("ImageTagMutability", _FILTERS))
        return
    if old is None or new is None:
        if old != TagMutability.mutable() and new != TagMutability.immutable():
            yield from _uncertain_regressions(
                before,
                after,
                "some tags may become movable: what decides is known only at deploy time",
                "some tags may become immovable: what decides is known only at deploy time",
                ("ImageTagMutability", _FILTERS),
            )
        return
    if _keeps(old, new):
        return
    if is_undeclared:
        yield _undeclared(f"tags are {old}", ("ImageTagMutability", _FILTERS))
        return
    yield Regression(
        f"some tags become movable: {old} before, {new} now",
        f"some tags become immovable: {new} before, {old} now",
        ("ImageTagMutability", _FILTERS),
    )


def _uncertain_regressions(
    before: Resource, after: Resource, weaker: str, stronger: str, properties: tuple[str, ...]
) -> Regressions:
    """Report a setting that may be lost, since it is known only at deploy time."""
    values = {name: (before.get(name), after.get(name)) for name in properties}
    changed = {name: (old, new) for name, (old, new) in values.items() if old != new}
    if is_unresolved(compact(changed)):
        details = (
            f"{name} changes from {format_value(old)} to {format_value(new)}."
            for name, (old, new) in changed.items()
        )
        yield Regression(weaker, stronger, properties, tuple(details), codes=("uncertain",))


def _undeclared(setting: str, properties: tuple[str, ...]) -> Regression:
    """Return that a setting is no longer in the template.

    CloudFormation leaves the setting of an existing repository as it is:
    https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-ecr
    """
    return Regression(
        f"that {setting} is no longer declared: CloudFormation leaves it as it is, and a "
        "repository that is created later does not get it",
        f"that {setting} is declared",
        properties,
        codes=("undeclared",),
    )


def _mutability(resource: Resource) -> TagMutability | None:
    """Return the setting; None if it is unknown, or ECR rejects it."""
    setting = resource.get("ImageTagMutability")
    name = "MUTABLE" if setting is None else str(setting)
    filters = [
        str(entry.get("ImageTagMutabilityExclusionFilterValue"))
        for _, entry in resource.mappings(_FILTERS)
    ]
    if name not in _IS_IMMUTABLE or any(map(is_unresolved, filters)):
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


def _encryption_regressions(before: Resource, after: Resource) -> Regressions:
    """Report a weaker encryption of new repositories."""
    old, new = _encryption(before), _encryption(after)
    if old is None or new is None or old[1] <= new[1]:
        return
    change = "ECR encrypts new repositories with"
    yield Regression(
        f"{change} {new[0]}, no longer with {old[0]}",
        f"{change} {old[0]}, no longer with {new[0]}",
        ("EncryptionConfiguration",),
        ("The encryption of a repository cannot be changed.",),
    )


def _encryption(template: Resource) -> tuple[str, frozenset[str]] | None:
    kind = template.get("EncryptionConfiguration", "EncryptionType")
    key = template.get("EncryptionConfiguration", "KmsKey")
    return _ENCRYPTIONS.get(("AES256" if kind is None else str(kind), key is not None))


def _occasion_regressions(before: Resource, after: Resource) -> Regressions:
    """Report the occasions that a creation template no longer applies to."""
    old, new = before.get("AppliedFor"), after.get("AppliedFor")
    if not isinstance(old, list) or not isinstance(new, list):
        return
    if gone := sorted({*map(str, old)} - {*map(str, new)}):
        names = join_names(gone)
        yield Regression(
            f"it no longer applies to {names}",
            f"it also applies to {names}",
            ("AppliedFor",),
            (_WITHOUT,),
        )


_DEFAULT_PERIOD, _DEFAULT_WINDOW = 365, 30
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


def _key_regressions(before: Resource, after: Resource) -> Regressions:
    """Compare whether a key is usable, how often it rotates, how long its deletion waits."""
    was_enabled, is_enabled = (_flag(key, "Enabled", default=True) for key in (before, after))
    if was_enabled and is_enabled is False:
        lost = f"it is disabled: {_unreadable(after)}"
        is_lost = fate_of_key(after) == Fate.UNREADABLE
        severity = Severity.ERROR if is_lost else Severity.WARNING
        yield Regression(lost, "it is enabled", ("Enabled",), severity=severity)
    was_rotated, is_rotated = (
        _flag(key, "EnableKeyRotation", default=False) for key in (before, after)
    )
    if was_rotated and is_rotated is False:
        yield Regression("it is no longer rotated", "it is rotated", ("EnableKeyRotation",))
    old, new = (_number(key, "RotationPeriodInDays", _DEFAULT_PERIOD) for key in (before, after))
    if was_rotated and is_rotated and old is not None and new is not None and old < new:
        yield Regression(
            f"it is rotated every {new:,} days, no longer every {old:,}",
            f"it is rotated every {old:,} days, no longer every {new:,}",
            ("RotationPeriodInDays",),
        )
    old, new = (_number(key, "PendingWindowInDays", _DEFAULT_WINDOW) for key in (before, after))
    if old is not None and new is not None and old > new:
        window = "days to cancel its deletion, no longer"
        yield Regression(
            f"there are {new:,} {window} {old:,}",
            f"there are {old:,} {window} {new:,}",
            ("PendingWindowInDays",),
        )


def _unreadable(key: Resource) -> str:
    user = user_of_key(key)
    name = user.text("RepositoryName") if user else None
    if user is None:
        return "what it encrypts is unreadable"
    return f"images of {name or user.id}, and all else that it encrypts, cannot be pulled or pushed"


def _number(key: Resource, name: str, default: int) -> int | None:
    value = key.get(name)
    if value is None:
        return default
    return int(str(value)) if _NUMBER.fullmatch(str(value)) else None


class _Scanned(NamedTuple):
    """Patterns of the repositories that a registry scans; none without a configuration."""

    by_inspector: bool = False
    on_push: tuple[str, ...] = ()
    continuous: tuple[str, ...] = ()

    @property
    def all(self) -> Sequence[str]:
        """Patterns of all repositories that are scanned."""
        return *self.on_push, *self.continuous


def _scan_on_push_regressions(before: Resource, after: Resource) -> Regressions:
    """Report a repository that is no longer scanned on push.

    The scanning configuration of a registry overrides the setting of its repositories.
    """
    if any(
        repository.assembly.in_registry_of(repository, SCANNING) for repository in (before, after)
    ):
        return
    old, new = (
        _flag(repository, "ImageScanningConfiguration", "ScanOnPush", default=False)
        for repository in (before, after)
    )
    if old and after.get("ImageScanningConfiguration") is None:
        yield _undeclared("images are scanned on push", ("ImageScanningConfiguration",))
    elif old and new is False:
        yield Regression(
            "images are no longer scanned on push",
            "images are scanned on push",
            ("ImageScanningConfiguration",),
        )
    elif old is not False and new is not True:
        yield from _uncertain_regressions(
            before,
            after,
            "images may no longer be scanned on push, which is known only at deploy time",
            "images may be scanned on push, which is known only at deploy time",
            ("ImageScanningConfiguration",),
        )


def _scanning_regressions(before: Resource | None, after: Resource | None) -> Regressions:
    """Report what a registry no longer scans, or scans less."""
    old, new = _scanned(before), _scanned(after)
    if old is None or new is None:
        return
    if old.by_inspector and not new.by_inspector:
        yield Regression(
            "Amazon Inspector no longer scans images; basic scanning covers OS packages only, and "
            "scans once",
            "Amazon Inspector scans images, including programming language packages",
            ("ScanType",),
        )
    if gone := _beyond(old.all, new.all):
        yield Regression(
            f"{_images_of(gone)} are no longer scanned{_except_for(gone, new.all)}",
            f"{_images_of(gone)} are scanned",
            ("Rules",),
            _affected(after or before, old.all, new.all),
        )
    once = [pattern for pattern in _beyond(old.continuous, new.continuous) if pattern not in gone]
    if once and new.by_inspector:
        yield Regression(
            f"{_images_of(once)} are scanned on push only, no longer continuously"
            f"{_except_for(once, new.continuous)}",
            f"{_images_of(once)} are scanned continuously, not only on push",
            ("Rules",),
            _affected(after or before, old.continuous, new.continuous),
        )


def _scanned(configuration: Resource | None) -> _Scanned | None:
    """Return what is scanned; None if it is unknown."""
    if configuration is None:
        return _Scanned()
    scan_type = configuration.text("ScanType")
    if scan_type is None:
        return None
    patterns_of: dict[str, list[str]] = {"SCAN_ON_PUSH": [], "CONTINUOUS_SCAN": []}
    for index, rule in configuration.mappings("Rules"):
        filters = configuration.mappings("Rules", index, "RepositoryFilters")
        # A filter without a wildcard matches every name that contains it.
        names = [str(entry.get("Filter")) for _, entry in filters]
        patterns = [name if "*" in name else f"*{name}*" for name in names]
        patterns_of.setdefault(str(rule.get("ScanFrequency")), []).extend(patterns)
    on_push, continuous = patterns_of["SCAN_ON_PUSH"], patterns_of["CONTINUOUS_SCAN"]
    return _Scanned(scan_type == "ENHANCED", tuple(on_push), tuple(continuous))


def _beyond(narrow: Iterable[str], wide: Sequence[str]) -> list[str]:
    """Return the patterns that no pattern of the other set covers."""
    listed_once = dict.fromkeys(narrow)
    return [pattern for pattern in listed_once if not any(covers(wider, pattern) for wider in wide)]


def _images_of(patterns: Sequence[str]) -> str:
    """Return ``images of payments/*``, or of all repositories."""
    return f"images of {'all repositories' if '*' in patterns else join_names(patterns)}"


def _except_for(gone: Sequence[str], kept: Iterable[str]) -> str:
    """Return the exceptions that are still covered."""
    listed_once = dict.fromkeys(kept)
    return except_for([rest for rest in listed_once if any(covers(wide, rest) for wide in gone)])


def _affected(
    configuration: Resource | None, old: Sequence[str], new: Sequence[str]
) -> tuple[str, ...]:
    """Return a sentence that names the affected repositories of the app, if there are any."""
    assert configuration is not None
    repositories = configuration.assembly.in_registry_of(configuration, REPOSITORY)
    names = [repository.text("RepositoryName") for repository in repositories]
    return affected(
        name for name in names if name and _beyond([name], new) and not _beyond([name], old)
    )


def _signing_regressions(before: Resource | None, after: Resource | None) -> Regressions:
    """Report what each signing profile no longer signs."""
    signed = _signed(after)
    for profile, patterns in _signed(before).items():
        kept = list(signed.get(profile, ()))
        if gone := _beyond(patterns, kept):
            images, name = _images_of(gone), format_value(profile).rpartition("/")[2]
            rest = _except_for(gone, kept)
            yield Regression(
                f"{images} are no longer signed with the profile {name}{rest}",
                f"{images} are signed with the profile {name}",
                ("Rules",),
                ("Signature verification rejects images that are pushed from then on.",),
            )


def _signed(configuration: Resource | None) -> dict[str, dict[str, None]]:
    """Return the patterns of the repositories whose images each profile signs."""
    signed: dict[str, dict[str, None]] = {}
    for index, rule in configuration.mappings("Rules") if configuration else ():
        assert configuration is not None
        entries = configuration.mappings("Rules", index, "RepositoryFilters")
        filters = [str(entry.get("Filter")) for _, entry in entries]
        patterns = signed.setdefault(str(rule.get("SigningProfileArn")), {})
        # A rule without filters applies to all repositories.
        patterns.update(dict.fromkeys(filters or ["*"]))
    return signed


def _exclusion_regressions(before: Resource | None, after: Resource | None) -> Regressions:
    """Report pulls that no longer count for lifecycle rules on the time of the last pull."""
    if before is not None or after is None:
        return
    names = [
        resource.text("RepositoryName") or resource.text("Prefix") or resource.id
        for kind in POLICY_TYPES
        for resource in after.assembly.in_registry_of(after, kind)
        if _counts_pulls(resource)
    ]
    if names:
        rules = f"lifecycle rules on pulls ({join_names(names)})"
        yield Regression(
            f"its pulls no longer count, so that {rules} archive images that it uses",
            f"its pulls count, so that {rules} keep images that it uses",
            ("PrincipalArn",),
            codes=("pulls-ignored",),
        )


def _counts_pulls(resource: Resource) -> bool:
    policy = policy_of(resource).policy
    return policy is not None and any(
        rule.count_type == "sinceImagePulled" for rule in policy.rules
    )


_COMPARISONS: Mapping[str, Sequence[Callable[[Resource, Resource], Regressions]]] = {
    REPOSITORY: (_mutability_regressions, _scan_on_push_regressions),
    CREATION_TEMPLATE: (_mutability_regressions, _encryption_regressions, _occasion_regressions),
    KEY: (_key_regressions,),
}
# A registry without these resources has default settings, and counts all pulls.
_REGISTRY_COMPARISONS: Mapping[str, Callable[[Resource | None, Resource | None], Regressions]] = {
    SCANNING: _scanning_regressions,
    SIGNING: _signing_regressions,
    PULL_TIME_EXCLUSION: _exclusion_regressions,
}


def changes(comparison: Comparison) -> Iterator[Change]:
    """Yield the settings that are weakened, and those that are strengthened."""
    for pair in comparison.of_type(*_COMPARISONS, *_REGISTRY_COMPARISONS):
        if compare := _REGISTRY_COMPARISONS.get(pair.type):
            yield from regression_changes(
                pair, compare(pair.before, pair.after), compare(pair.after, pair.before)
            )
        elif pair.sides is not None:
            before, after = pair.sides
            for regressions in _COMPARISONS[pair.type]:
                yield from regression_changes(
                    pair, regressions(before, after), regressions(after, before)
                )
