"""Scanning configurations: which images are scanned, by which scanner and when."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.validation import (
    count_errors,
    item_errors,
    raise_if_invalid,
    reject,
    require_list,
    text_length_errors,
)
from ecr_constructs.model.wildcards import matcher

ScanType = Literal["BASIC", "ENHANCED"]

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RegistryScanningRule.html
MAX_FILTERS_PER_RULE = 100
FILTER_MAX_LENGTH = 255
# Matches the same strings as the API's pattern, which backtracks for minutes on a long invalid
# filter.
_FILTER = re.compile(r"[a-z0-9*]+(?:[._/-][a-z0-9*]+)*")


@dataclass(frozen=True, slots=True)
class Scanning:
    """A registry's scanning configuration, which ECR accepts.

    ``BASIC`` is ECR's own scanner; ``ENHANCED`` is Amazon Inspector, which also scans packages of
    programming languages and rescans for new vulnerabilities.
    """

    scan_type: ScanType
    on_push: tuple[str, ...] = ()
    continuous: tuple[str, ...] = ()

    @classmethod
    def requested(
        cls,
        scan_type: ScanType,
        *,
        on_push: Sequence[str] | None,
        continuous: Sequence[str] | None = None,
    ) -> Self:
        """Return the configuration that is asked for; without any lists, of every repository.

        Raises:
            ValidationError: ``scanning-filters-missing``: the lists are empty, which would turn
                scanning off for the whole registry.
        """
        if on_push is None and continuous is None:
            on_push, continuous = (["*"], []) if scan_type == "BASIC" else ([], ["*"])
        scanning = cls(
            scan_type,
            on_push=filters_of("on_push", on_push or ()),
            continuous=filters_of("continuous", continuous or ()),
        )
        if not scanning.rules():
            reject(
                "registry scanning configuration",
                scanning,
                "scanning-filters-missing",
                "without filters no repository of the registry is scanned, also none with "
                "scan_on_push",
                path="on_push" if continuous is None else "continuous",
                remedy="write ['*'] for all, or leave the lists out",
            )
        return scanning

    def __post_init__(self) -> None:
        """Validate the configuration."""
        raise_if_invalid("registry scanning configuration", self, self._errors())

    def _errors(self) -> Iterator[Diagnostic]:
        if self.scan_type == "BASIC" and self.continuous:
            yield Diagnostic(
                "scanning-basic-continuous",
                "BASIC scanning is never continuous",
                "continuous",
                "use ENHANCED, or scan on push",
            )
        remedy = "a filter with '*' covers several repositories"
        for path, filters in (("on_push", self.on_push), ("continuous", self.continuous)):
            limit = "scanning-filter-count", filters, MAX_FILTERS_PER_RULE, "filters"
            yield from count_errors(*limit, path, remedy=remedy)
            yield from item_errors(path, filters, _filter_errors)
        for pattern in sorted(set(self.on_push) & set(self.continuous)):
            yield Diagnostic(
                "scanning-filter-frequency",
                f"{pattern!r} is to be scanned both on push and continuously",
                remedy="choose one",
            )

    def joined(self, other: Self) -> Self:
        """Return the configuration that fulfils two requests; reject a contradiction."""
        if self.scan_type != other.scan_type:
            reject(
                "registry scanning configuration",
                other,
                "scanning-type-conflict",
                "a registry scans either BASIC or ENHANCED, for all its repositories; asked for "
                f"both: {self} and {other}",
            )
        return replace(
            self,
            on_push=tuple(dict.fromkeys(self.on_push + other.on_push)),
            continuous=tuple(dict.fromkeys(self.continuous + other.continuous)),
        )

    def rules(self) -> list[tuple[str, list[str]]]:
        """Return each scan frequency that has filters, with its filters."""
        rules = {"SCAN_ON_PUSH": self.on_push, "CONTINUOUS_SCAN": self.continuous}
        return [(frequency, sorted(filters)) for frequency, filters in rules.items() if filters]

    @property
    def containing(self) -> tuple[str, ...]:
        """The filters without ``*``, which select every name that contains them."""
        return tuple(item for item in (*self.on_push, *self.continuous) if "*" not in item)

    def __str__(self) -> str:
        """Return ``BASIC, on push payments/*``."""
        parts = [f"on push {', '.join(self.on_push)}"] if self.on_push else []
        parts += [f"continuously {', '.join(self.continuous)}"] if self.continuous else []
        return f"{self.scan_type}, {'; '.join(parts) or 'nothing'}"


def filter_matches(pattern: str, name: str) -> bool:
    """Tell whether a filter selects a repository.

    A filter without a wildcard selects every name that contains it
    (https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-filters.html).
    """
    if "*" not in pattern:
        return pattern in name
    return matcher(pattern)(name)


def filters_of(name: str, filters: Sequence[str] | None) -> tuple[str, ...]:
    """Return filters as a tuple without duplicates."""
    filters = filters if isinstance(filters, str) else tuple(filters or ())
    require_list(name, filters)
    return tuple(dict.fromkeys(filters))


def _filter_errors(pattern: str) -> Iterator[Diagnostic]:
    subject = f"filter {pattern!r}"
    length = text_length_errors(
        "scanning-filter-length", subject, pattern, FILTER_MAX_LENGTH, least=1
    )
    if errors := list(length):
        yield from errors
    elif not _FILTER.fullmatch(pattern):
        yield Diagnostic(
            "scanning-filter-format",
            f"{subject} must be a repository name or a part of it, or a whole name in which '*' "
            "matches any characters; it ends in a letter, a digit or '*'",
        )
