"""One thing that a policy's author probably did not mean."""

from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """How bad it is; comparable."""

    INFO = 1
    """Worth knowing."""

    WARNING = 2
    """Probably not what was meant."""

    ERROR = 3
    """Surely not what was meant; images may be lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A finding.

    Attributes:
        id: What kind it is, ``LC001``; docs/guides/lifecycle.md lists them.
        severity: How bad it is.
        sentence: What is so, and what follows from it.
        remedy: What to write instead.
        rule_priority: The rule. None for the policy as a whole.
    """

    id: str
    severity: Severity
    sentence: str
    remedy: str
    rule_priority: int | None = None

    @property
    def message(self) -> str:
        """The sentence and the remedy."""
        return f"{self.sentence} {self.remedy}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is known of the repository besides its policy and its images.

    Attributes:
        pull_through_cache: Whether its images come through a pull-through cache. Default: not
            known.
        pull_time_exclusions: Whether principals are registered whose pulls do not count.
    """

    pull_through_cache: bool = False
    pull_time_exclusions: bool = False


UNKNOWN = Context()
