"""Which images of a registry are scanned, by what and when."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid, require_list

ScanType = Literal["BASIC", "ENHANCED"]

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RegistryScanningRule.html
MAX_FILTERS_PER_RULE = 100
FILTER_MAX_LENGTH = 255
# Accepts what the API's pattern accepts, which backtracks for minutes on a long faulty filter.
_FILTER = re.compile(r"[a-z0-9*]+(?:[._/-][a-z0-9*]+)*")


@dataclass(frozen=True, slots=True)
class Scanning:
    """A registry's scanning configuration.

    Attributes:
        scan_type: ``BASIC``, ECR's own scanner; or ``ENHANCED``, Amazon Inspector, which also
            knows programming languages' packages and looks again when new faults become known.
        on_push: Filters of repositories whose images are scanned when they are pushed.
        continuous: Filters of repositories whose images are scanned again and again.

    Raises:
        ValueError: A filter that ECR refuses, too many of them, or one of both kinds.
    """

    scan_type: ScanType
    on_push: tuple[str, ...] = ()
    continuous: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Judge the whole."""
        raise_if_invalid("registry scanning configuration", self, self._errors())

    def _errors(self) -> Iterator[str]:
        if self.scan_type == "BASIC" and self.continuous:
            yield "BASIC scanning is never continuous; use ENHANCED, or scan on push"
        for frequency, filters in (("on push", self.on_push), ("continuously", self.continuous)):
            if len(filters) > MAX_FILTERS_PER_RULE:
                yield (
                    f"at most {MAX_FILTERS_PER_RULE} filters are scanned {frequency}, these are "
                    f"{len(filters)}; a filter with '*' covers several repositories"
                )
            for each in filters:
                if not is_unresolved(each):
                    yield from _filter_errors(each)
        for each in sorted(set(self.on_push) & set(self.continuous)):
            yield f"{each!r} is to be scanned both on push and continuously; choose one"

    def joined(self, other: Self) -> Self:
        """Return what two callers ask for together.

        Raises:
            ValueError: They contradict each other.
        """
        if self.scan_type != other.scan_type:
            msg = (
                f"a registry scans either BASIC or ENHANCED, for all its repositories; asked for "
                f"both: {self} and {other}"
            )
            raise ValueError(msg)
        return replace(
            self,
            on_push=tuple(dict.fromkeys(self.on_push + other.on_push)),
            continuous=tuple(dict.fromkeys(self.continuous + other.continuous)),
        )

    def rules(self) -> list[tuple[str, list[str]]]:
        """Return the filters by scan frequency, leaving out what has none."""
        rules = {"SCAN_ON_PUSH": self.on_push, "CONTINUOUS_SCAN": self.continuous}
        return [(frequency, sorted(filters)) for frequency, filters in rules.items() if filters]

    def __str__(self) -> str:
        """Say it in words."""
        parts = [f"on push {', '.join(self.on_push)}"] if self.on_push else []
        parts += [f"continuously {', '.join(self.continuous)}"] if self.continuous else []
        return f"{self.scan_type}, {'; '.join(parts) or 'nothing'}"


def filters_of(name: str, filters: Sequence[str]) -> tuple[str, ...]:
    """Return filters as a tuple, each once, refusing a bare string."""
    require_list(name, filters)
    return tuple(dict.fromkeys(filters))


def _filter_errors(each: str) -> Iterator[str]:
    if not 1 <= len(each) <= FILTER_MAX_LENGTH:
        yield f"filter {each!r} must be 1 to {FILTER_MAX_LENGTH} characters long, is {len(each)}"
    elif not _FILTER.fullmatch(each):
        yield (
            f"filter {each!r} must be a repository name, in which '*' stands for anything; it "
            "ends in a letter, a digit or '*'"
        )
