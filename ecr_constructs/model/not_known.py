"""What a judgement does not know, and why."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class NotKnown:
    """Something about which a snapshot says nothing, so that nothing is concluded from it.

    Attributes:
        subject: What it is about: a repository, a stack, a registry, or an account.
        operation: The call that would tell: ``GetRepositoryPolicy``. ``""``: there is none.
        reason: Why it does not: ``not-asked``, ``refused: AccessDeniedException``.
        source: The service of the call: ``ecr``.

    Example:
        >>> str(NotKnown("444455556666/eu-central-1", "ListClusters", "not-asked", "ecs"))
        'ecs in 444455556666/eu-central-1: ListClusters: not-asked'
    """

    subject: str
    operation: str
    reason: str
    source: str = "ecr"

    def __str__(self) -> str:
        """Return ``payments/api: GetRepositoryPolicy: refused: AccessDeniedException``."""
        place = self.subject if self.source == "ecr" else f"{self.source} in {self.subject}"
        return ": ".join(filter(None, (place, self.operation, self.reason)))

    def to_json(self) -> dict[str, str]:
        """Return an entry of ``notKnown``."""
        return {
            "source": self.source,
            "operation": self.operation,
            "subject": self.subject,
            "reason": self.reason,
        }
