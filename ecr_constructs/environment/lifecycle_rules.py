"""Lifecycle rules as an environment file writes them: the library's factories, by name."""

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, model_validator

from ecr_constructs import LifecycleRule
from ecr_constructs.environment.strict import Strict

_Days = Annotated[int, Field(ge=1)]
_Tags = Annotated[list[str], Field(min_length=1)]


class AfterDays(Strict):
    """A rule that counts days."""

    after_days: _Days
    """Days that must have passed."""
    description: str | None = None
    """What the rule is for."""


class Selecting(Strict):
    """A rule that may look at some tags only."""

    tag_patterns: _Tags | None = None
    """Only images with tags that match every pattern; `*` is the only wildcard."""
    tag_prefixes: _Tags | None = None
    """Only images with tags that begin with every prefix."""
    description: str | None = None
    """What the rule is for."""


class Expire(Selecting):
    """Delete images by age."""

    after_days: _Days
    """Days since the push."""


class KeepLast(Selecting):
    """Delete images by number."""

    count: Annotated[int, Field(ge=1)]
    """Images that are kept, the newest ones."""


class Protect(Strict):
    """Keep images whatever later rules say."""

    tag_pattern: str
    """A pattern; images with a tag that matches it are never deleted."""
    description: str | None = None
    """What the rule is for."""


class Archive(Selecting):
    """Move images to the archive storage class."""

    not_pulled_for_days: _Days | None = None
    """Days without a pull."""
    after_days: _Days | None = None
    """Days since the push."""


class Rule(Strict):
    """One lifecycle rule: exactly one of these keys."""

    expire_untagged: AfterDays | None = None
    """Delete images without a tag, that many days after their push."""
    expire: Expire | None = None
    """Delete images that many days after their push."""
    keep_last: KeepLast | None = None
    """Keep the newest images, delete the older ones."""
    protect: Protect | None = None
    """Keep every image with a tag that matches."""
    archive: Archive | None = None
    """Move images to the archive storage class."""
    expire_archived: AfterDays | None = None
    """Delete images that many days (at least 90) after they were archived."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = [name for name, _ in self._given()]
        if len(given) != 1:
            kinds = ", ".join(type(self).model_fields)
            got = " and ".join(given) or "none"
            msg = f"a rule has exactly one of the keys {kinds}; got {got}"
            raise ValueError(msg)
        self.rule()
        return self

    def _given(self) -> Iterator[tuple[str, Strict]]:
        yield from ((name, value) for name, value in self if value is not None)

    def rule(self) -> LifecycleRule:
        """Return the library's rule."""
        [(factory, arguments)] = self._given()
        keywords = arguments.model_dump(exclude_none=True)
        positional = [keywords.pop(name) for name in ("count", "tag_pattern") if name in keywords]
        rule: LifecycleRule = getattr(LifecycleRule, factory)(*positional, **keywords)
        return rule
