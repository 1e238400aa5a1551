"""Images that workloads use although a policy deletes or archives them.

The last recorded pull says too little: a service that never restarts never pulls.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.lifecycle.image import Image
from ecr_constructs.model.lifecycle.simulation.engine import Fate
from ecr_constructs.model.lifecycle.simulation.explanation import short
from ecr_constructs.model.lifecycle.simulation.forecast import Event, Forecast

CODE = "image-in-use"
"""The code of the finding."""

_NAMED = 3
_VERBS = {Fate.EXPIRED: "deletes", Fate.ARCHIVED: "archives"}


@dataclass(frozen=True, slots=True)
class ImageUser:
    """A workload that uses an image.

    Attributes:
        name: How many there are, and its name: ``11 ecs tasks of prod/api``.
        state: ``running``, ``definition`` if it starts with the image next, or ``rollback``.
        count: How many there are.
    """

    name: str
    state: str
    count: int = 1


ImageUses = Mapping[str, Sequence[ImageUser]]
"""The users of the images of a repository, by digest."""


class UseConflict(NamedTuple):
    """An image in use that a rule deletes or archives.

    Attributes:
        event: When, and by which rule.
        users: Who uses the image.
        now: Whether the rule acts at the next evaluation.
    """

    event: Event
    users: Sequence[ImageUser]
    now: bool

    @property
    def severity(self) -> Severity:
        """An error; a warning if only rollbacks use the image."""
        is_rollback = all(user.state == "rollback" for user in self.users)
        return Severity.WARNING if is_rollback else Severity.ERROR

    @property
    def sentence(self) -> str:
        """One sentence: ``rule 2 deletes v1.4.0 now, which 11 ecs tasks of prod/api use``."""
        event = self.event
        when = "now" if self.now else f"from {event.at:%Y-%m-%d} on"
        return (
            f"rule {event.rule_priority} {_VERBS[event.fate]} {image_name(event.image)} {when}, "
            f"which {users_in_words(self.users)} use"
        )

    def to_json(self) -> dict[str, Any]:
        """Return the conflict as JSON."""
        event = self.event
        return {
            "code": CODE,
            "severity": str(self.severity),
            "imageDigest": event.image.digest,
            "imageTags": list(event.image.tags),
            "action": "EXPIRE" if event.fate is Fate.EXPIRED else "TRANSITION",
            "rulePriority": event.rule_priority,
            "from": event.at.isoformat(),
            "now": self.now,
            "users": [asdict(user) for user in self.users],
            "message": self.sentence,
        }


def use_conflicts(forecast: Forecast, uses: ImageUses) -> Iterator[UseConflict]:
    """Yield the images in use that the policy deletes or archives until the end of a forecast.

    Args:
        forecast: What the policy does now and later. An archived image cannot be pulled, so that
            the first event of an image counts.
        uses: Who uses which image.
    """
    now = forecast.simulation.now
    first: set[str] = set()
    for event in forecast.events:
        digest = event.image.digest
        if digest in uses and digest not in first:
            first.add(digest)
            yield UseConflict(event, uses[digest], event.at <= now)


def image_name(image: Image) -> str:
    """Return a tag of an image, or the beginning of its digest."""
    return image.tags[0] if image.tags else short(image.digest)


def users_in_words(users: Iterable[ImageUser]) -> str:
    """Return the first users, and how many more there are."""
    names = [user.name for user in users]
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
