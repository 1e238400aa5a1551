"""Compare what a registry scans and signs.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-filters.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ecr_constructs.cloudformation.resource_types import REPOSITORY, SCANNING
from ecr_constructs.model.lifecycle.tag_match import covers
from ecr_constructs.review.analyzers.regression import Regression, flag, images_of
from ecr_constructs.review.phrases import except_for, format_value, join_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ecr_constructs.cloudformation.resource import Resource


class _Scanned(NamedTuple):
    """What a registry scans; as CloudFormation leaves it without a configuration, nothing.

    Attributes:
        by_inspector: Whether Amazon Inspector scans.
        on_push: Patterns of repositories whose images are scanned when they are pushed.
        continuous: Patterns of those whose images are scanned again and again.
    """

    by_inspector: bool = False
    on_push: tuple[str, ...] = ()
    continuous: tuple[str, ...] = ()

    @property
    def all(self) -> Sequence[str]:
        """Patterns of the repositories whose images are scanned at all."""
        return *self.on_push, *self.continuous


def scan_on_push_regressions(had: Resource, has: Resource) -> Iterator[Regression]:
    """Tell whether a repository's images are no longer scanned.

    As soon as a registry says what it scans, the setting of the single repository does not count.
    """
    if any(repository.assembly.in_registry_of(repository, SCANNING) for repository in (had, has)):
        return
    one, other = (
        flag(repository, "ImageScanningConfiguration", "ScanOnPush", default=False)
        for repository in (had, has)
    )
    if one and other is False:
        yield Regression(
            weaker="images are no longer scanned when they are pushed",
            stronger="images are scanned when they are pushed",
            properties=("ImageScanningConfiguration",),
        )


def scanning_regressions(had: Resource | None, has: Resource | None) -> Iterator[Regression]:
    """Yield what a registry no longer scans, or scans less."""
    one, other = _scanned(had), _scanned(has)
    if one is None or other is None:
        return
    if one.by_inspector and not other.by_inspector:
        by_inspector = "Amazon Inspector scans images, for programming languages' packages too"
        yield Regression(
            weaker="Amazon Inspector no longer scans images; basic scanning knows only the "
            "operating system's packages, and looks once",
            stronger=by_inspector,
            properties=("ScanType",),
        )
    if gone := _beyond(one.all, other.all):
        yield Regression(
            weaker=f"{images_of(gone)} are no longer scanned{_except_for(gone, other.all)}",
            stronger=f"{images_of(gone)} are scanned",
            properties=("Rules",),
            details=tuple(_affected(has or had, one.all, other.all)),
        )
    once = [pattern for pattern in _beyond(one.continuous, other.continuous) if pattern not in gone]
    if once and other.by_inspector:
        yield Regression(
            weaker=f"{images_of(once)} are scanned on push only, no longer continuously"
            f"{_except_for(once, other.continuous)}",
            stronger=f"{images_of(once)} are scanned continuously, not only on push",
            properties=("Rules",),
            details=tuple(_affected(has or had, one.continuous, other.continuous)),
        )


def _scanned(configuration: Resource | None) -> _Scanned | None:
    """Return what is scanned; None if it is not known."""
    if configuration is None:
        return _Scanned()
    scan_type = configuration.text("ScanType")
    if scan_type is None:
        return None
    found: dict[str, list[str]] = {"SCAN_ON_PUSH": [], "CONTINUOUS_SCAN": []}
    for index, rule in configuration.mappings("Rules"):
        filters = configuration.mappings("Rules", index, "RepositoryFilters")
        patterns = [_pattern(str(entry.get("Filter"))) for _, entry in filters]
        found.setdefault(str(rule.get("ScanFrequency")), []).extend(patterns)
    on_push, continuous = found["SCAN_ON_PUSH"], found["CONTINUOUS_SCAN"]
    return _Scanned(scan_type == "ENHANCED", tuple(on_push), tuple(continuous))


def _pattern(each: str) -> str:
    # Without a wildcard a filter matches whatever contains it.
    return each if "*" in each else f"*{each}*"


def _beyond(narrow: Sequence[str], wide: Sequence[str]) -> list[str]:
    """Return the patterns of which not all that they match is matched by the others."""
    listed_once = dict.fromkeys(narrow)
    return [pattern for pattern in listed_once if not any(covers(wider, pattern) for wider in wide)]


def _except_for(gone: Sequence[str], kept: Sequence[str]) -> str:
    """Return which part of what is gone is kept."""
    rest = [
        pattern for pattern in dict.fromkeys(kept) if any(covers(wide, pattern) for wide in gone)
    ]
    return except_for(rest)


def _affected(
    configuration: Resource | None, had: Sequence[str], has: Sequence[str]
) -> Iterator[str]:
    """Say which repositories of the app it is about."""
    assert configuration is not None
    repositories = configuration.assembly.in_registry_of(configuration, REPOSITORY)
    names = [repository.text("RepositoryName") for repository in repositories]
    found = [name for name in names if name and _beyond([name], has) and not _beyond([name], had)]
    if found:
        yield f"Of this app these are: {join_names(found)}."


def signing_regressions(had: Resource | None, has: Resource | None) -> Iterator[Regression]:
    """Yield for each signing profile what it no longer signs."""
    signed = _signed(has)
    for profile, patterns in _signed(had).items():
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
                details=("Who verifies signatures will refuse what is pushed from then on.",),
            )


def _signed(configuration: Resource | None) -> dict[str, dict[str, None]]:
    """Return the patterns of the repositories whose images each profile signs."""
    found: dict[str, dict[str, None]] = {}
    for index, rule in configuration.mappings("Rules") if configuration else ():
        assert configuration is not None
        entries = configuration.mappings("Rules", index, "RepositoryFilters")
        filters = [str(entry.get("Filter")) for _, entry in entries]
        patterns = found.setdefault(str(rule.get("SigningProfileArn")), {})
        # A rule without filters is for all repositories.
        patterns.update(dict.fromkeys(filters or ["*"]))
    return found
