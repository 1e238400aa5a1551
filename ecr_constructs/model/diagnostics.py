"""One problem: what kind, where, how bad, how many, and what to do about it."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from ecr_constructs.model.printable import printable


class Severity(StrEnum):
    """How bad a problem is. Ordered: ``Severity.NOTE < Severity.WARNING < Severity.ERROR``.

    A severity is also its own name as a string: ``Severity.ERROR == "error"``.
    """

    NOTE = "note"
    """Worth knowing."""

    WARNING = "warning"
    """Probably not what was meant."""

    ERROR = "error"
    """Rejected by AWS, loses images or opens access."""

    @property
    def rank(self) -> int:
        """The position in the order, 0 for the mildest."""
        return list(Severity).index(self)

    def __lt__(self, other: str) -> bool:
        """Compare by rank, not by letters."""
        return self.rank < Severity(other).rank

    def __le__(self, other: str) -> bool:
        """Compare by rank, not by letters."""
        return self.rank <= Severity(other).rank

    def __gt__(self, other: str) -> bool:
        """Compare by rank, not by letters."""
        return self.rank > Severity(other).rank

    def __ge__(self, other: str) -> bool:
        """Compare by rank, not by letters."""
        return self.rank >= Severity(other).rank


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem with a value.

    Attributes:
        code: What kind of problem it is, stable across releases: ``repository-name-length``.
        message: What was given and what is allowed, as one sentence without a full stop.
        path: Where it is, in the terms of the caller: ``pull_accounts[0]`` or
            ``rules[0].selection.countNumber``. Default: the value as a whole.
        remedy: What to write instead, in the imperative. Default: the message says it.
    """

    code: str
    message: str
    path: str = ""
    remedy: str = ""

    @property
    def text(self) -> str:
        """The message and the remedy, for a reader who has been shown the place already."""
        return f"{self.message}; {self.remedy}" if self.remedy else self.message

    def within(self, name: str) -> Self:
        """Return the problem with the name of a file or a resource before its path."""
        return replace(self, path=f"{name}: {self.path}" if self.path else name)

    def __str__(self) -> str:
        """Return path, message and remedy as one line."""
        return f"{self.path}: {self.text}" if self.path else self.text


class DiagnosticError(Exception):
    """An operation failed.

    Attributes:
        diagnostics: Every problem, each with a stable code; the message has a line for each.
    """

    def __init__(self, *diagnostics: Diagnostic) -> None:
        """List the problems. In the message, the names and values of a file have no effect."""
        self.diagnostics = diagnostics
        super().__init__("\n".join(printable(str(diagnostic)) for diagnostic in diagnostics))


def pluralize(count: int, noun: str) -> str:
    """Return ``1 image``, ``2,000 images`` or ``2 registries``."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun.removesuffix('y')}ies" if noun.endswith("ry") else f"{count:,} {noun}s"
