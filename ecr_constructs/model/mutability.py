"""Whether a tag, once pushed, may be moved to another image."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Self

from ecr_constructs.model.arguments import checked
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.validation import (
    count_errors,
    duplicate_errors,
    item_errors,
    raise_if_invalid,
    require_list,
    text_length_errors,
)
from ecr_constructs.model.wildcards import matcher

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageTagMutabilityExclusionFilter.html
MAX_FILTERS = 5
FILTER_MAX_LENGTH = 128
_FILTER = re.compile(r"[0-9a-zA-Z._*-]+")
# Not in the API reference; the service rejects a third one (terraform-provider-aws's tests).
MAX_WILDCARDS = 2


@checked
@dataclass(frozen=True, slots=True)
class TagMutability:
    """Whether tags may be moved, and which tags are excepted.

    Use immutable tags for images that are deployed: a tag permanently names the same image, and
    ECR rejects a second push of it. Use mutable tags for development, where ``latest`` moves with
    each build.

    Attributes:
        is_immutable: The setting for tags that no filter matches.
        except_for: Filters for the tags that behave the other way; ``*`` matches any characters.

    Raises:
        ValidationError: ECR rejects a filter.

    Example:
        >>> mutability = TagMutability.immutable(except_for=["latest", "cache-*"])
        >>> mutability.may_move("cache-main"), mutability.may_move("v1.0")
        (True, False)
    """

    _REMEDY: ClassVar[str] = "write TagMutability.immutable() or TagMutability.mutable()"

    is_immutable: bool
    except_for: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Validate the filters."""
        require_list("except_for", self.except_for)
        object.__setattr__(self, "except_for", tuple(self.except_for))
        raise_if_invalid("tag mutability exclusion filters", list(self.except_for), self._errors())

    def _errors(self) -> Iterator[Diagnostic]:
        filters = self.except_for
        limit = "mutability-filter-count", filters, MAX_FILTERS, "filters"
        yield from count_errors(*limit, "except_for")
        yield from item_errors("except_for", filters, _filter_errors)
        yield from duplicate_errors("mutability-filter-duplicate", "except_for", filters)

    @classmethod
    def immutable(cls, *, except_for: Sequence[str] | None = ()) -> Self:
        """Reject a second push of a tag.

        Args:
            except_for: At most 5 filters, each of 1 to 128 characters and with at most two ``*``,
                for tags that may move. Default: none may.

        Raises:
            ValidationError: ECR rejects a filter.
        """
        return cls(is_immutable=True, except_for=except_for or ())

    @classmethod
    def mutable(cls, *, except_for: Sequence[str] | None = ()) -> Self:
        """Allow tags to be moved to another image.

        Args:
            except_for: At most 5 filters, each of 1 to 128 characters and with at most two ``*``,
                for tags that must not move. Default: every tag may.

        Raises:
            ValidationError: ECR rejects a filter.
        """
        return cls(is_immutable=False, except_for=except_for or ())

    @classmethod
    def _convert(cls, value: object) -> Self | None:
        """Return the mutability of an ``ecr.TagMutability`` without exceptions."""
        settings = {"IMMUTABLE": True, "MUTABLE": False}
        if not isinstance(value, Enum) or value.value not in settings:
            return None
        return cls(is_immutable=settings[value.value])

    @property
    def setting(self) -> str:
        """ECR's name of the setting, such as ``IMMUTABLE_WITH_EXCLUSION``."""
        name = "IMMUTABLE" if self.is_immutable else "MUTABLE"
        return f"{name}_WITH_EXCLUSION" if self.except_for else name

    def may_move(self, tag: str) -> bool:
        """Return whether ECR accepts a second push of a tag."""
        excepted = any(matcher(pattern)(tag) for pattern in self.except_for)
        return excepted == self.is_immutable

    def __str__(self) -> str:
        """Return ``immutable, except for latest, cache-*``."""
        name = "immutable" if self.is_immutable else "mutable"
        return f"{name}, except for {', '.join(self.except_for)}" if self.except_for else name


def _filter_errors(pattern: str) -> Iterator[Diagnostic]:
    length = text_length_errors(
        "mutability-filter-length", f"{pattern!r}", pattern, FILTER_MAX_LENGTH, least=1
    )
    if errors := list(length):
        yield from errors
    elif not _FILTER.fullmatch(pattern):
        message = f"{pattern!r} may hold only letters, digits, '.', '_', '-' and '*'"
        yield Diagnostic("mutability-filter-characters", message)
    if (count := pattern.count("*")) > MAX_WILDCARDS:
        message = f"{pattern!r} may hold at most {MAX_WILDCARDS} '*', holds {count}"
        yield Diagnostic("mutability-filter-wildcards", message)
