"""The lifecycle rules of an environment file."""

from typing import Annotated, Self

from pydantic import (
    Field,
    model_validator,
)

from ecr_constructs.environment.parts import Strict, as_written, given, require_one
from ecr_constructs.model.lifecycle.rule import LifecycleRule

_Days = Annotated[int, Field(ge=1)]
_Tags = Annotated[list[str], Field(min_length=1)]
_COUNTS = ("count", "after_days", "not_pulled_for_days")


class AfterDays(Strict):
    """A rule with a number of days."""

    after_days: _Days
    """Number of days."""
    description: str | None = None
    """A description, which ECR stores with the rule."""


class Selecting(Strict):
    """A rule for all images, or for those with certain tags."""

    tag_patterns: _Tags | None = None
    """Only images with tags that match every pattern; `*` is the only wildcard."""
    tag_prefixes: _Tags | None = None
    """Only images with tags that begin with every prefix."""
    description: str | None = None
    """A description, which ECR stores with the rule."""


class Expire(Selecting):
    """Delete images by age."""

    after_days: _Days
    """Days since the image was pushed."""


class KeepLast(Selecting):
    """Keep a number of images and delete the others."""

    count: Annotated[int, Field(ge=1)]
    """Number of images to keep, the newest first."""


class Protect(Strict):
    """Keep images, whatever later rules say."""

    tag_pattern: str
    """A pattern; images with a tag that matches it are never deleted."""
    description: str | None = None
    """A description, which ECR stores with the rule."""


class Archive(Selecting):
    """Move images to the archive storage class."""

    not_pulled_for_days: _Days | None = None
    """Days since the image was last pulled."""
    after_days: _Days | None = None
    """Days since the image was pushed."""


class Rule(Strict):
    """A lifecycle rule: exactly one of these keys."""

    expire_untagged: AfterDays | None = None
    """Delete untagged images, by days since the push."""
    expire: Expire | None = None
    """Delete images, by days since the push."""
    keep_last: KeepLast | None = None
    """Keep the newest images and delete the others."""
    protect: Protect | None = None
    """Keep every image that has a matching tag."""
    archive: Archive | None = None
    """Move images to the archive storage class."""
    expire_archived: AfterDays | None = None
    """Delete archived images, by days since they were archived: at least 90."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        require_one(self, "rule", type(self).model_fields)
        self.rule()
        return self

    def rule(self) -> LifecycleRule:
        """Return the library's rule."""
        [(factory, arguments)] = given(self, type(self).model_fields)
        keywords = arguments.model_dump(exclude_none=True)
        counted = [name for name in _COUNTS if name in keywords]
        positional = [keywords.pop(name) for name in ("count", "tag_pattern") if name in keywords]
        keys = {
            "selection.countNumber": ".".join([factory, *counted]),
            "selection.tagPatternList": f"{factory}.tag_patterns",
            "selection.tagPrefixList": f"{factory}.tag_prefixes",
            "description": f"{factory}.description",
            "*": factory,
        }
        with as_written(keys if factory != "protect" else {"*": f"{factory}.tag_pattern"}):
            rule: LifecycleRule = getattr(LifecycleRule, factory)(*positional, **keywords)
        return rule
