"""Whether a tag, once pushed, may be moved to another image."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid, require_list

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageTagMutabilityExclusionFilter.html
MAX_FILTERS = 5
FILTER_MAX_LENGTH = 128
_FILTER = re.compile(r"[0-9a-zA-Z._*-]+")
# Not in the API reference; the service refuses a third one (terraform-provider-aws's tests).
MAX_WILDCARDS = 2


@dataclass(frozen=True, slots=True)
class TagMutability:
    """Whether tags may be moved, and which ones are excepted.

    Immutable is for what is deployed: a tag names the same image for ever, and a second push of
    it is refused. Mutable is for fast development, where ``latest`` moves with each build.

    Attributes:
        is_immutable: The setting for tags that no filter matches.
        except_for: Filters for the tags that behave the other way; ``*`` stands for any run of
            characters.

    Raises:
        ValueError: A filter that ECR refuses.
    """

    is_immutable: bool
    except_for: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Judge the filters."""
        require_list("except_for", self.except_for)
        object.__setattr__(self, "except_for", tuple(self.except_for))
        raise_if_invalid(
            "tag mutability exclusion filters", list(self.except_for), _errors(self.except_for)
        )

    @classmethod
    def immutable(cls, *, except_for: Sequence[str] = ()) -> Self:
        """Refuse a second push of a tag.

        Args:
            except_for: At most 5 filters, each of 1 to 128 characters and with at most two ``*``,
                for tags that may move all the same. Default: none may.

        Raises:
            ValueError: A filter that ECR refuses.
        """
        return cls(is_immutable=True, except_for=except_for)

    @classmethod
    def mutable(cls, *, except_for: Sequence[str] = ()) -> Self:
        """Let a tag be moved to another image.

        Args:
            except_for: At most 5 filters, each of 1 to 128 characters and with at most two ``*``,
                for tags that must not move all the same. Default: every tag may.

        Raises:
            ValueError: A filter that ECR refuses.
        """
        return cls(is_immutable=False, except_for=except_for)

    @property
    def setting(self) -> str:
        """ECR's name for it, such as ``IMMUTABLE_WITH_EXCLUSION``."""
        name = "IMMUTABLE" if self.is_immutable else "MUTABLE"
        return f"{name}_WITH_EXCLUSION" if self.except_for else name

    def may_move(self, tag: str) -> bool:
        """Tell whether a second push of this tag is accepted."""
        excepted = any(
            re.fullmatch(".*".join(map(re.escape, each.split("*"))), tag)
            for each in self.except_for
        )
        return excepted == self.is_immutable

    def __str__(self) -> str:
        """Say it in words: ``immutable, except for latest, cache-*``."""
        name = "immutable" if self.is_immutable else "mutable"
        return f"{name}, except for {', '.join(self.except_for)}" if self.except_for else name


def _errors(filters: Sequence[str]) -> Iterator[str]:
    if len(filters) > MAX_FILTERS:
        yield f"at most {MAX_FILTERS} filters are allowed, these are {len(filters)}"
    for index, each in enumerate(filters):
        if is_unresolved(each):
            continue
        if not 1 <= len(each) <= FILTER_MAX_LENGTH:
            yield f"{each!r} must be 1 to {FILTER_MAX_LENGTH} characters long, is {len(each)}"
        elif not _FILTER.fullmatch(each):
            yield f"{each!r} may hold only letters, digits, '.', '_', '-' and '*'"
        if each.count("*") > MAX_WILDCARDS:
            yield f"{each!r} may hold at most {MAX_WILDCARDS} '*', holds {each.count('*')}"
        if each in filters[:index]:
            yield f"{each!r} is listed twice"
