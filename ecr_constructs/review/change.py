"""One effect of a pull request."""

from dataclasses import dataclass
from typing import Any, Literal, TypedDict, get_args

from ecr_constructs.model.diagnostics import Severity

Kind = Literal[
    "deployment-fails",
    "replaced",
    "removed",
    "image-in-use",
    "images-deleted",
    "access-widened",
    "unprotected",
    "weakened",
    "replication",
    "finding",
    "lifecycle",
    "access-narrowed",
    "strengthened",
    "other",
]
"""The kinds of effects, worst first."""

KINDS: tuple[Kind, ...] = get_args(Kind)
SEVERITIES: tuple[Severity, ...] = tuple(sorted(Severity, reverse=True))
"""The severities, worst first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One effect of a pull request.

    Attributes:
        kind: The kind of effect.
        severity: An error loses images, opens access or fails the deployment; a warning takes
            something away; a note is anything else.
        stack: The name of the stack in the app: ``Prod/Payments``.
        resource: The logical ID, on the side that has the resource; of a move, that of head.
        summary: One sentence that starts with the affected resource.
        repository: The name of the repository, or the prefix of a cache or template. Default:
            neither, or unknown.
        before: The JSON value before. Default: none.
        after: The JSON value after. Default: none.
        details: Further sentences: consequences and remedies.
        properties: The affected properties and attributes: ``("EncryptionConfiguration",)``.
            Default: the resource as a whole.
        codes: What the sentences say, independent of their wording: ``("retained",)``. Formats
            leave them out.
        type: The resource type. Default: the template as a whole, or unknown.
        when: The deployments that the change is limited to: ``if Env is prod``. Default: all.
        findings: The findings of `check` that have the same cause; formats show them as details.

    Example:
        >>> change = Change(
        ...     kind="removed",
        ...     severity=Severity.WARNING,
        ...     stack="Prod/Payments",
        ...     resource="Api",
        ...     summary="payments/api is removed: its images are left in the old repository",
        ... )
        >>> change.place
        ('Prod/Payments', 'Api')
    """

    kind: Kind
    severity: Severity
    stack: str
    resource: str
    summary: str
    repository: str | None = None
    before: Any = None
    after: Any = None
    details: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    type: str = ""
    when: str | None = None
    findings: tuple["Change", ...] = ()

    @property
    def place(self) -> tuple[str, str]:
        """The stack and the logical ID."""
        return self.stack, self.resource

    @property
    def sentences(self) -> tuple[str, ...]:
        """The details, then the message and the remedy of each finding."""
        repeated = (
            sentence
            for finding in self.findings
            for sentence in (
                finding.summary.replace(f" {finding.resource}:", ":", 1),
                *finding.details,
            )
        )
        return (*self.details, *repeated)

    @property
    def order(self) -> tuple[int, int, str, str, str]:
        """The sort key: worst first, then by place."""
        worst = SEVERITIES.index(self.severity), KINDS.index(self.kind)
        return *worst, self.stack, self.resource, self.summary


class Effect(TypedDict, total=False):
    """The optional attributes of a `Change`."""

    before: Any
    after: Any
    details: tuple[str, ...]
    properties: tuple[str, ...]
    codes: tuple[str, ...]
