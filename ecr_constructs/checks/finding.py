"""What a check says."""

from dataclasses import dataclass
from typing import Literal

from ecr_constructs.cloudformation.template import Place, dotted

Severity = Literal["error", "warning"]
"""An error is refused, loses images or opens access; a warning is the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong in a template.

    Attributes:
        rule: The rule's id: ``ECR101``.
        severity: How bad it is.
        template: The template's name.
        resource: The logical id, or ``""`` for the template as a whole.
        path: The place below the resource: ``("Properties", "RepositoryName")``.
        message: What was given, and what is allowed.
        remedy: What to write instead.
        controls: The controls of security standards that ask for the same.
        file: The template's file, or None.
        line: The line in that file, or None.
    """

    rule: str
    severity: Severity
    template: str
    resource: str
    path: Place
    message: str
    remedy: str
    controls: tuple[str, ...] = ()
    file: str | None = None
    line: int | None = None

    @property
    def where(self) -> str:
        """The place as people write it: ``Properties.Tags[0].Key``."""
        return dotted(self.path)


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A finding that somebody decided to live with.

    Attributes:
        finding: The finding.
        reason: Why, in their words; ``""`` if they gave none, which is a finding of its own.
    """

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """All that a check found.

    Attributes:
        findings: What is wrong, in a stable order: by template, resource, place and rule.
        suppressed: What would be, had it not been suppressed.
    """

    findings: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...]
