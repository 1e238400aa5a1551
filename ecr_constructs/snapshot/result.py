"""What became of the snapshots that were to be written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ecr_constructs.model.diagnostics import DiagnosticError
    from ecr_constructs.snapshot.document import Header


@dataclass(frozen=True, slots=True)
class Target:
    """An account and a Region to read.

    Attributes:
        account: The account. None: that of the caller.
        region: The Region. None: that of the environment.
        skip_global: The Region whose snapshot has what every Region answers alike. Default: this
            one.
    """

    account: str | None
    region: str | None
    skip_global: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A snapshot that could not be finished.

    Attributes:
        target: The account and Region.
        error: Why.
    """

    target: Target
    error: DiagnosticError

    @property
    def name(self) -> str:
        """The account and Region, as far as they were given."""
        return "/".join(filter(None, (self.target.account, self.target.region))) or "the caller"


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of a snapshot that was written.

    Attributes:
        header: What it is of.
        path: The file.
        calls: The number of calls that were made now.
        kept: The number of calls that an interrupted run had made.
        unanswered: What was refused: operation, reason, and how often.
        finished: When it was finished.
    """

    header: Header
    path: Path
    calls: int
    kept: int
    unanswered: Mapping[tuple[str, str], int]
    finished: str
