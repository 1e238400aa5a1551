"""Which tags a lifecycle rule's patterns and prefixes match."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate

# Sorts after every character that a tag may hold.
_LAST = "\U0010ffff"


def matcher(pattern: str) -> Callable[[str], object]:
    """Return what tells whether a whole tag matches a pattern; ``*`` is the only wildcard."""
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL).fullmatch


def covers(wide: str, narrow: str) -> bool:
    """Tell whether every tag that matches the narrow pattern matches the wide one too."""
    # Only a wildcard can match a character that no pattern holds.
    return matcher(wide)(narrow.replace("*", "\0")) is not None


def overlap(one: str, other: str) -> bool:
    """Tell whether any tag matches both patterns."""
    for pattern, text in ((one, other), (other, one)):
        if "*" not in text:
            return matcher(pattern)(text) is not None
    # Whatever stands between the wildcards of one fits into a wildcard of the other.
    head, tail = one.partition("*")[0], one.rpartition("*")[2]
    other_head, other_tail = other.partition("*")[0], other.rpartition("*")[2]
    heads_fit = head.startswith(other_head) or other_head.startswith(head)
    return heads_fit and (tail.endswith(other_tail) or other_tail.endswith(tail))


class Tags:
    """All tags of an inventory, sorted, each with the image that has it.

    Attributes:
        size: How many images there are.
    """

    def __init__(self, tags: dict[str, int], size: int) -> None:
        """Sort the tags once, so that what a prefix matches is a stretch of them."""
        self._tags = sorted(tags)
        self._images = [tags[tag] for tag in self._tags]
        self.size = size

    def images_with_prefix(self, prefix: str) -> Sequence[int]:
        """Return the images with a tag that begins so; one of them for each such tag."""
        return self._images[self._stretch(prefix)]

    def images_with_pattern(self, pattern: str) -> Iterable[int]:
        """Return the images with a tag that matches; one of them for each such tag."""
        prefix, wildcard, rest = pattern.partition("*")
        if not rest and wildcard:
            return self.images_with_prefix(prefix)
        if not wildcard:
            at = bisect_left(self._tags, pattern)
            return self._images[at : at + 1] if self._tags[at : at + 1] == [pattern] else []
        matches, literal = matcher(pattern), max(rest.split("*"), key=len)
        return [
            self._images[place]
            for place in self._holding(literal, self._stretch(prefix))
            if matches(self._tags[place])
        ]

    def _holding(self, literal: str, stretch: slice) -> Iterator[int]:
        """Yield the places in a stretch of tags that hold a literal, and few others."""
        text, starts = self._text
        at, end = starts[stretch.start], starts[stretch.stop]
        while at < end and (at := text.find(literal, at, end)) >= 0:
            place = bisect_right(starts, at) - 1
            yield place
            at = starts[place + 1]

    @cached_property
    def _text(self) -> tuple[str, list[int]]:
        """All tags as one text, which is searched at once, and where each begins."""
        starts = accumulate((len(tag) + 1 for tag in self._tags), initial=0)
        return "\n".join([*self._tags, ""]), list(starts)

    def _stretch(self, prefix: str) -> slice:
        return slice(bisect_left(self._tags, prefix), bisect_left(self._tags, prefix + _LAST))
