"""Compare what a registry scans and signs.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-filters.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ecr_constructs.cloudformation.resource_types import REPOSITORY, SCANNING
from ecr_constructs.model.lifecycle.selection import covers
from ecr_constructs.review.analyzers.regression import Regression, flag, images_of
from ecr_constructs.review.phrases import except_for, format_value, join_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ecr_constructs.cloudformation.graph import Resource


class _Scanned(NamedTuple):
    """What a registry scans; nothing, if CloudFormation removed its configuration.

    Attributes:
        by_inspector: Whether Amazon Inspector scans.
        on_push: Patterns of repositories that are scanned on push.
        continuous: Patterns of repositories that are scanned continuously.
    """

    by_inspector: bool = False
    on_push: tuple[str, ...] = ()
    continuous: tuple[str, ...] = ()

    @property
    def all(self) -> Sequence[str]:
        """Patterns of all repositories that are scanned."""
        return *self.on_push, *self.continuous


def scan_on_push_regressions(before: Resource, after: Resource) -> Iterator[Regression]:
    """Report a repository that is no longer scanned on push.

    The scanning configuration of a registry overrides the setting of its repositories.
    """
    if any(
        repository.assembly.in_registry_of(repository, SCANNING) for repository in (before, after)
    ):
        return
    old, new = (
        flag(repository, "ImageScanningConfiguration", "ScanOnPush", default=False)
        for repository in (before, after)
    )
    if old and new is False:
        yield Regression(
            weaker="images are no longer scanned on push",
            stronger="images are scanned on push",
            properties=("ImageScanningConfiguration",),
        )


def scanning_regressions(before: Resource | None, after: Resource | None) -> Iterator[Regression]:
    """Report what a registry no longer scans, or scans less."""
    old, new = _scanned(before), _scanned(after)
    if old is None or new is None:
        return
    if old.by_inspector and not new.by_inspector:
        by_inspector = "Amazon Inspector scans images, including programming language packages"
        yield Regression(
            weaker="Amazon Inspector no longer scans images; basic scanning covers OS "
            "packages only, and scans once",
            stronger=by_inspector,
            properties=("ScanType",),
        )
    if gone := _beyond(old.all, new.all):
        yield Regression(
            weaker=f"{images_of(gone)} are no longer scanned{_except_for(gone, new.all)}",
            stronger=f"{images_of(gone)} are scanned",
            properties=("Rules",),
            details=tuple(_affected(after or before, old.all, new.all)),
        )
    once = [pattern for pattern in _beyond(old.continuous, new.continuous) if pattern not in gone]
    if once and new.by_inspector:
        yield Regression(
            weaker=f"{images_of(once)} are scanned on push only, no longer continuously"
            f"{_except_for(once, new.continuous)}",
            stronger=f"{images_of(once)} are scanned continuously, not only on push",
            properties=("Rules",),
            details=tuple(_affected(after or before, old.continuous, new.continuous)),
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
        patterns = [_pattern(str(entry.get("Filter"))) for _, entry in filters]
        patterns_of.setdefault(str(rule.get("ScanFrequency")), []).extend(patterns)
    on_push, continuous = patterns_of["SCAN_ON_PUSH"], patterns_of["CONTINUOUS_SCAN"]
    return _Scanned(scan_type == "ENHANCED", tuple(on_push), tuple(continuous))


def _pattern(text: str) -> str:
    # A filter without a wildcard matches every name that contains it.
    return text if "*" in text else f"*{text}*"


def _beyond(narrow: Sequence[str], wide: Sequence[str]) -> list[str]:
    """Return the patterns that no pattern of the other set covers."""
    listed_once = dict.fromkeys(narrow)
    return [pattern for pattern in listed_once if not any(covers(wider, pattern) for wider in wide)]


def _except_for(gone: Sequence[str], kept: Sequence[str]) -> str:
    """Return the exceptions that are still scanned."""
    rest = [
        pattern for pattern in dict.fromkeys(kept) if any(covers(wide, pattern) for wide in gone)
    ]
    return except_for(rest)


def _affected(
    configuration: Resource | None, old: Sequence[str], new: Sequence[str]
) -> Iterator[str]:
    """Yield the affected repositories of the app."""
    assert configuration is not None
    repositories = configuration.assembly.in_registry_of(configuration, REPOSITORY)
    names = [repository.text("RepositoryName") for repository in repositories]
    affected = [
        name for name in names if name and _beyond([name], new) and not _beyond([name], old)
    ]
    if affected:
        yield f"Affected repositories of this app: {join_names(affected)}."


def signing_regressions(before: Resource | None, after: Resource | None) -> Iterator[Regression]:
    """Report what each signing profile no longer signs."""
    signed = _signed(after)
    for profile, patterns in _signed(before).items():
        kept = signed.get(profile, {})
        gone = [pattern for pattern in patterns if not any(covers(wide, pattern) for wide in kept)]
        if gone:
            rest = [pattern for pattern in kept if any(covers(wide, pattern) for wide in gone)]
            images = images_of(gone)
            name = format_value(profile).rpartition("/")[2]
            yield Regression(
                weaker=f"{images} are no longer signed with the profile {name}{except_for(rest)}",
                stronger=f"{images} are signed with the profile {name}",
                properties=("Rules",),
                details=("Signature verification rejects images that are pushed from then on.",),
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
