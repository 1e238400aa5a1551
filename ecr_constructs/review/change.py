"""One thing that a pull request does."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from ecr_constructs.model.diagnostics import Severity

Kind = Literal[
    "replaced",
    "removed",
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
"""What happens, the worst first."""

KINDS: tuple[Kind, ...] = get_args(Kind)
SEVERITIES: tuple[Severity, ...] = tuple(sorted(Severity, reverse=True))
"""The severities, worst first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that a pull request does.

    Attributes:
        kind: What happens.
        severity: How bad that is.
        stack: The stack, as its app calls it: ``Prod/Payments``.
        resource: The logical id, on the side that has the resource; of a move, the one of head.
        summary: What happens, in one sentence that begins with whom it happens to.
        repository: The repository's name, or the prefix that a cache or a template is for.
            Default: it is about neither, or the name is not known.
        before: What was there, as far as JSON can say it. Default: nothing.
        after: What will be. Default: nothing.
        details: Further sentences: what that means, what to do.
        properties: The properties and attributes of the resource that it is about:
            ``("EncryptionConfiguration",)``. Default: the resource as a whole.
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

    @property
    def place(self) -> tuple[str, str]:
        """The stack and the logical id."""
        return self.stack, self.resource

    @property
    def order(self) -> tuple[int, int, str, str, str]:
        """Where it stands among others: the worst first, then by place."""
        worst = SEVERITIES.index(self.severity), KINDS.index(self.kind)
        return *worst, self.stack, self.resource, self.summary
