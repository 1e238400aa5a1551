"""Find an image: where it is, who uses it, and what takes it or took it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ecr_constructs.model.image_uri import is_digest, read_image_uri
from ecr_constructs.model.names import NAME_PATTERN, TAG_PATTERN
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.validation import reject
from ecr_constructs.snapshot.usage.images import tags_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ecr_constructs.model.lifecycle.simulation.forecast import Event
    from ecr_constructs.snapshot.usage.deletions import Deletion
    from ecr_constructs.snapshot.usage.images import Entry, RepositoryImages
    from ecr_constructs.snapshot.usage.in_use import Dangling, InUse, Use

MOST_FORECASTS = 10
"""How many places of an image have a forecast: each simulates all images of a repository."""

_SHORTEST = 6
_HEX = re.compile(rf"(?:sha256:)?(?P<digits>[0-9a-f]{{{_SHORTEST},64}})")
_IN_REPOSITORY = re.compile(
    rf"(?P<repository>{NAME_PATTERN})(?::(?P<tag>{TAG_PATTERN})|@(?P<digest>sha256:[0-9a-f]+))"
)


class Query(NamedTuple):
    """What is looked for.

    Attributes:
        registry: The registry. None: any.
        repository: The repository. None: any.
        tag: The tag. None: any.
        digest: The digest or its beginning. None: any.
    """

    registry: RegistryId | None = None
    repository: str | None = None
    tag: str | None = None
    digest: str | None = None

    def covers(self, registry: RegistryId, repository: str) -> bool:
        """Return whether a repository may have it."""
        return self.registry in (None, registry) and self.repository in (None, repository)

    def is_of(self, digest: object, tags: Sequence[str]) -> bool:
        """Return whether an image with this digest and tags is it; either suffices."""
        if self.tag is not None and self.tag in tags:
            return True
        return self.digest is not None and str(digest).startswith(self.digest)


def read_query(name: str) -> Query:
    """Return what a name means: an image, a digest or its beginning, or a tag.

    Args:
        name: ``HOST/REPOSITORY:TAG``, ``REPOSITORY:TAG``, ``REPOSITORY@DIGEST``, ``sha256:…``,
            at least six digits of a digest, or a tag.

    Raises:
        ValidationError: ``image-query``: it is none of these.

    Example:
        >>> read_query("payments/api:1.4").tag
        '1.4'
        >>> read_query("1.4").repository is None
        True
    """
    uri = read_image_uri(name)
    if uri is not None:
        tag = None if uri.digest else uri.tag
        return Query(uri.registry, uri.repository, tag, uri.digest)
    tag = name if re.fullmatch(TAG_PATTERN, name) else None
    if match := _HEX.fullmatch(name):
        return Query(None, None, tag, f"sha256:{match['digits']}")
    if tag is not None:
        return Query(None, None, tag)
    match = None if name.startswith("sha256:") else _IN_REPOSITORY.fullmatch(name)
    if match:
        return Query(None, match["repository"], match["tag"], match["digest"])
    message = "must be REPOSITORY:TAG, REPOSITORY@DIGEST, a digest, or a tag"
    return reject("image", name, "image-query", message, remedy="a digest has at least six digits")


@dataclass(slots=True)
class Place:
    """A repository that has an image.

    Attributes:
        repository: The repository.
        entry: The image, as DescribeImages answers it.
        uses: Who uses it there.
        events: When a rule of its lifecycle policy takes it, if nothing is pushed or pulled.
        not_known: Why the events are not known. ``""``: they are.
        until: The end of the forecast. None: there is none.
    """

    repository: RepositoryImages
    entry: Entry
    uses: Sequence[Use] = ()
    events: Sequence[Event] = ()
    not_known: str = ""
    until: datetime | None = None


@dataclass(slots=True)
class FindResult:
    """All that is known about what was looked for.

    Attributes:
        places: Where the images are, by digest.
        dangling: References to it that fail.
        deletions: What deleted it, the latest first.
    """

    places: dict[str, list[Place]] = field(default_factory=dict)
    dangling: list[Dangling] = field(default_factory=list)
    deletions: list[Deletion] = field(default_factory=list)


def find(
    query: Query,
    result: InUse,
    deletions: Sequence[Deletion] = (),
    *,
    days: int = 365,
    now: datetime | None = None,
) -> FindResult:
    """Find an image, all copies of it with the same digest, and what deleted it.

    Args:
        query: What is looked for.
        result: The images, and who uses them.
        deletions: Deletions of CloudTrail.
        days: How far to look ahead.
        now: The instant at which policies are evaluated. Default: now.
    """
    answer = FindResult()
    digests = {
        str(entry["imageDigest"])
        for repository in result.images.repositories
        if query.covers(repository.registry, repository.name)
        for entry in repository.entries
        if query.is_of(entry["imageDigest"], tags_of(entry))
    }
    if is_digest(query.digest):
        digests.add(str(query.digest))
    for repository in result.images.repositories if digests else ():
        for entry in repository.entries:
            if entry["imageDigest"] in digests:
                digest = str(entry["imageDigest"])
                used = result.of(repository).get(digest)
                place = Place(repository, entry, used.uses if used else ())
                answer.places.setdefault(digest, []).append(place)
    places = [place for places in answer.places.values() for place in places]
    for place in places[:MOST_FORECASTS]:
        _look_ahead(place, days, now)
    for place in places[MOST_FORECASTS:]:
        place.not_known = f"more than {MOST_FORECASTS} places; give REPOSITORY:TAG"
    answer.dangling = [
        item
        for item in result.dangling
        if (image := item.reference.image).digest in digests
        or (
            query.covers(image.registry, image.repository)
            and query.is_of(image.digest, [image.tag] if image.tag else [])
        )
    ]
    answer.deletions = sorted(
        (
            item
            for item in deletions
            if item.digest in digests
            or (
                query.covers(RegistryId(item.account, item.region), item.repository)
                and query.is_of(item.digest, item.tags)
            )
        ),
        key=lambda item: item.at,
        reverse=True,
    )
    return answer


def _look_ahead(place: Place, days: int, now: datetime | None) -> None:
    policy, reason = place.repository.policy()
    if policy is None or not place.repository.answer.is_known:
        # Without all images, a count marks others.
        place.not_known = reason or place.repository.answer.reason
        return
    forecast = policy.forecast(place.repository.inventory(), days=days, now=now)
    place.until = forecast.until
    digest = place.entry["imageDigest"]
    place.events = [event for event in forecast.events if event.image.digest == digest]
