"""The result of a check."""

from dataclasses import dataclass
from typing import Literal

from ecr_constructs.cloudformation.source_locations import SourceLocation
from ecr_constructs.cloudformation.template import Place, dotted
from ecr_constructs.cloudformation.unread import Unread
from ecr_constructs.model.diagnostics import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One violation of a rule in a template.

    Attributes:
        rule: The id of the rule: ``ECR101``.
        severity: How bad it is.
        template: The name of the template.
        resource: The logical id, or ``""`` for the template as a whole.
        path: The place below the resource: ``("Properties", "RepositoryName")``.
        message: What is set, and what is allowed.
        remedy: What to write instead.
        controls: The controls of security standards with the same requirement.
        file: The file of the template, or None.
        line: The line in that file, or None.
        source: The line of a CDK app that creates the resource, or None.

    Example:
        >>> from ecr_constructs.checks import Template, check
        >>> body = {"Resources": {"Api": {"Type": "AWS::ECR::Repository"}}}
        >>> print(*[finding.rule for finding in check([Template("api", body)])])
        ECR016 ECR012 ECR013 ECR102
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
    source: SourceLocation | None = None

    @property
    def where(self) -> str:
        """The place as text: ``Properties.Tags[0].Key``."""
        return dotted(self.path)


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A finding that is suppressed in the template or acknowledged in the CDK app.

    Attributes:
        finding: The finding.
        reason: The reason; ``""`` if there is none, which is itself a finding.
        origin: Where it is suppressed: ``template`` (or app), or ``configuration``.
    """

    finding: Finding
    reason: str
    origin: Literal["template", "configuration"] = "template"


@dataclass(frozen=True, slots=True)
class StaleEntry:
    """An entry of a baseline whose finding is gone.

    Attributes:
        rule: The id of the rule.
        template: The name of the template, relative to the folder of the baseline.
        resource: The logical id.
        path: The place as text.
        baseline: The file of the baseline.
    """

    rule: str
    template: str
    resource: str
    path: str
    baseline: str


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a check.

    Attributes:
        findings: The findings, in a stable order: by template, resource, place and rule.
        suppressed: The suppressed findings, in the same order.
        unread: What was not read, so that nothing is known about it.
        baselined: The findings that a baseline accepts; they are not among `findings`.
        stale: The entries of the baseline whose findings are gone.
    """

    findings: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...]
    unread: tuple[Unread, ...] = ()
    baselined: tuple[Finding, ...] = ()
    stale: tuple[StaleEntry, ...] = ()
