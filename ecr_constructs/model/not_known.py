"""What a judgement does not know, and why."""

from typing import NamedTuple


class NotKnown(NamedTuple):
    """Something that was not looked at, or not completely.

    Attributes:
        source: The source: ``ecs``.
        operation: The operation whose answer is missing: ``ListTasks``. ``""``: there is none.
        subject: What it is about: ``444455556666/eu-central-1``.
        reason: Why: ``not-asked``, ``refused: AccessDeniedException``.

    Example:
        >>> str(NotKnown("ecs", "ListClusters", "444455556666/eu-central-1", "not-asked"))
        'ecs in 444455556666/eu-central-1: ListClusters: not-asked'
    """

    source: str
    operation: str
    subject: str
    reason: str

    def __str__(self) -> str:
        """Return one line."""
        operation = f"{self.operation}: " if self.operation else ""
        return f"{self.source} in {self.subject}: {operation}{self.reason}"

    def to_json(self) -> dict[str, str]:
        """Return an entry of ``notKnown``."""
        return self._asdict()
