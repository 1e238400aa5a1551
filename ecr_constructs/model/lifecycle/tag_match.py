"""Match tags with the patterns and prefixes of lifecycle rules."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate

# Sorts after every character of a valid tag.
_LAST = "\U0010ffff"


def matcher(pattern: str) -> Callable[[str], object]:
    """Return a predicate for whole tags that match a pattern; ``*`` is the only wildcard."""
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL).fullmatch


def covers(wide: str, narrow: str) -> bool:
    """Return whether every tag that matches the narrow pattern also matches the wide one."""
    # A NUL stands for "any characters": only a wildcard can match it.
    return matcher(wide)(narrow.replace("*", "\0")) is not None


def overlap(first: str, second: str) -> bool:
    """Return whether any tag matches both patterns."""
    for pattern, text in ((first, second), (second, first)):
        if "*" not in text:
            return matcher(pattern)(text) is not None
    # A wildcard can match all the text between the wildcards of the other pattern, so only the
    # text before the first and after the last wildcard must agree.
    head, longer_head = sorted((first.partition("*")[0], second.partition("*")[0]), key=len)
    tail, longer_tail = sorted((first.rpartition("*")[2], second.rpartition("*")[2]), key=len)
    return longer_head.startswith(head) and longer_tail.endswith(tail)


class Tags:
    """The sorted tags of an inventory, each with its image.

    Attributes:
        size: The number of images.
    """

    def __init__(self, tags: dict[str, int], size: int) -> None:
        """Sort the tags, so that the matches of a prefix are one range of them."""
        self._tags = sorted(tags)
        self._images = [tags[tag] for tag in self._tags]
        self.size = size

    def images_with_prefix(self, prefix: str) -> Sequence[int]:
        """Return the images with a tag that has this prefix, once for each such tag."""
        return self._images[self._range(prefix)]

    def images_with_pattern(self, pattern: str) -> Iterable[int]:
        """Return the images with a tag that matches the pattern, once for each such tag."""
        prefix, wildcard, rest = pattern.partition("*")
        if not rest and wildcard:
            return self.images_with_prefix(prefix)
        if not wildcard:
            index = bisect_left(self._tags, pattern)
            only = slice(index, index + 1)
            return self._images[only] if self._tags[only] == [pattern] else []
        matches, literal = matcher(pattern), max(rest.split("*"), key=len)
        return [
            self._images[index]
            for index in self._containing(literal, self._range(prefix))
            if matches(self._tags[index])
        ]

    def _containing(self, literal: str, span: slice) -> Iterator[int]:
        """Yield the indexes of the tags in a range that contain a literal, and few others."""
        text, starts = self._text
        position, end = starts[span.start], starts[span.stop]
        while position < end and (position := text.find(literal, position, end)) >= 0:
            index = bisect_right(starts, position) - 1
            yield index
            position = starts[index + 1]

    @cached_property
    def _text(self) -> tuple[str, list[int]]:
        """All tags joined into one text, and the start of each: one search covers them all."""
        starts = accumulate((len(tag) + 1 for tag in self._tags), initial=0)
        return "\n".join([*self._tags, ""]), list(starts)

    def _range(self, prefix: str) -> slice:
        return slice(bisect_left(self._tags, prefix), bisect_left(self._tags, prefix + _LAST))
