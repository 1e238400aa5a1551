"""Which tags a lifecycle rule's patterns and prefixes match."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence

# Sorts after every character that a tag may hold.
_LAST = "\U0010ffff"


def matcher(pattern: str) -> Callable[[str], object]:
    """Return what tells whether a whole tag matches a pattern; ``*`` is the only wildcard."""
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL).fullmatch


def covers(wide: str, narrow: str) -> bool:
    """Tell whether every tag that matches the narrow pattern matches the wide one too."""
    # Only a wildcard can match a character that no pattern holds.
    return matcher(wide)(narrow.replace("*", "\0")) is not None


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
        stretch = self._stretch(prefix)
        return [
            image
            for tag, image in zip(self._tags[stretch], self._images[stretch], strict=True)
            # Cheap, and for most tags the answer.
            if literal in tag and matches(tag)
        ]

    def _stretch(self, prefix: str) -> slice:
        return slice(bisect_left(self._tags, prefix), bisect_left(self._tags, prefix + _LAST))
