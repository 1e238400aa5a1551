"""References of workloads to images, and what is not known about them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from ecr_constructs.model.diagnostics import pluralize
from ecr_constructs.model.image_uri import ImageUri, read_image_uri
from ecr_constructs.model.not_known import NotKnown
from ecr_constructs.model.validation import ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ecr_constructs.model.registry_id import RegistryId
    from ecr_constructs.snapshot.document import Snapshot

_Item = TypeVar("_Item")

State = Literal["running", "definition", "rollback"]
STATES: tuple[State, ...] = ("running", "definition", "rollback")
"""How a workload uses an image: it runs, starts with it next, or returns to it in a rollback."""

REVISIONS = 3
"""How many former revisions of a workload count as ones that a rollback returns to, by default."""


class User(NamedTuple):
    """A workload that uses an image.

    Attributes:
        service: The service: ``ecs``.
        resource: What it is: ``task``.
        name: Its name: ``prod/api``.
        revision: Its revision or version. ``""``: it has none.
        registry: The account and Region that it is in.

    Example:
        >>> from ecr_constructs.model.registry_id import RegistryId
        >>> str(User("ecs", "task", "prod/api", "12", RegistryId("111122223333", "eu-west-1")))
        'ecs task prod/api (revision 12)'
    """

    service: str
    resource: str
    name: str
    revision: str
    registry: RegistryId

    def __str__(self) -> str:
        """Return how reports name it."""
        return self.counted(1)

    def counted(self, count: int) -> str:
        """Return how reports name several: ``11 ecs tasks of prod/api (revision 12)``."""
        revision = f" (revision {self.revision})" if self.revision else ""
        kind = f"{self.service} {self.resource}"
        if count > 1:
            kind = f"{pluralize(count, kind)} of"
        return f"{kind} {self.name}{revision}"


@dataclass(frozen=True, slots=True)
class Reference:
    """One workload's reference to one image of a private registry.

    Attributes:
        image: The image. Its digest is None if only the tag is known.
        user: The workload.
        state: How it uses the image.
        count: How many tasks or pods do.
        role: The ARN of the role that pulls. ``""``: unknown, or the service itself.
        problem: What the service itself says is wrong with the image. ``""``: nothing.
    """

    image: ImageUri
    user: User
    state: State
    count: int = 1
    role: str = ""
    problem: str = ""


@dataclass(slots=True)
class Reading:
    """What is read from the workloads of one snapshot.

    Attributes:
        snapshot: The snapshot.
        revisions: How many former revisions count as ones that a rollback returns to.
        references: The references, by all that differs but their number.
        not_known: What is not known.
        elsewhere: How many references to images of other kinds of registries there are.
        older: How many older revisions did not count.
    """

    snapshot: Snapshot
    revisions: int = REVISIONS
    _counts: dict[Reference, int] = field(default_factory=dict)
    not_known: dict[NotKnown, None] = field(default_factory=dict)
    elsewhere: int = 0
    older: int = 0

    @property
    def references(self) -> Iterator[Reference]:
        """Yield the references, equal ones once, with their number."""
        for reference, count in self._counts.items():
            yield replace(reference, count=count)

    def user(self, service: str, resource: str, name: str, revision: str = "") -> User:
        """Return a workload of this account and Region."""
        return User(service, resource, name, revision, self.snapshot.registry)

    def add(
        self,
        image: object,
        user: User,
        state: State,
        *,
        digest: object = None,
        role: object = None,
        problem: str = "",
    ) -> None:
        """Add a reference, unless the image is in another kind of registry.

        Args:
            image: What the service answers: ``HOST/REPOSITORY:TAG``.
            user: The workload.
            state: How it uses the image.
            digest: The digest, if the service answers it apart.
            role: The ARN of the role that pulls.
            problem: What the service says is wrong.
        """
        if not isinstance(image, str) or not image:
            return
        try:
            uri = read_image_uri(image)
            if uri is not None and isinstance(digest, str) and digest:
                uri = read_image_uri(_with_digest(image, digest))
        except ValidationError:
            reason = f"not an image reference: {image}"
            self.doubt(user.service, "", f"{user} in {user.registry}", reason)
            return
        if uri is None:
            self.elsewhere += 1
            return
        role_arn = role if isinstance(role, str) else ""
        reference = Reference(uri, user, state, 1, role_arn, problem)
        self._counts[reference] = self._counts.get(reference, 0) + 1

    def newest(
        self, members: Iterable[_Item], revision: Callable[[_Item], int]
    ) -> Iterator[tuple[_Item, State]]:
        """Yield the revision of a workload that starts next, and those that a rollback returns to.

        Args:
            members: Its revisions.
            revision: Returns the number of one.
        """
        ordered = sorted(members, key=revision, reverse=True)
        self.older += max(0, len(ordered) - 1 - self.revisions)
        for index, item in enumerate(ordered[: 1 + self.revisions]):
            yield item, "rollback" if index else "definition"

    def doubt(self, source: str, operation: str, subject: str, reason: str) -> None:
        """Add something that is not known."""
        self.not_known[NotKnown(subject, operation, reason, source)] = None


def _with_digest(image: str, digest: str) -> str:
    return f"{image.partition('@')[0]}@{digest}"
