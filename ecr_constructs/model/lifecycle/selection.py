"""Match tags, and compare which images lifecycle rules select, without an inventory.

ECR applies only the first rule that selects an image. A rule is shadowed if the rules before it
select every image that it selects: it never acts.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate

from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.wildcards import matcher

# Sorts after every character of a valid tag.
_LAST = "\U0010ffff"


def covers(wide: str, narrow: str) -> bool:
    """Return whether every tag that matches the narrow pattern also matches the wide one."""
    # A NUL stands for "any characters": only a wildcard can match it.
    return matcher(wide)(narrow.replace("*", "\0"))


def overlap(first: str, second: str) -> bool:
    """Return whether any tag matches both patterns."""
    for pattern, text in ((first, second), (second, first)):
        if "*" not in text:
            return matcher(pattern)(text)
    # A wildcard can match all the text between the wildcards of the other pattern, so only the
    # text before the first and after the last wildcard must agree.
    head, longer_head = sorted((first.partition("*")[0], second.partition("*")[0]), key=len)
    tail, longer_tail = sorted((first.rpartition("*")[2], second.rpartition("*")[2]), key=len)
    return longer_head.startswith(head) and longer_tail.endswith(tail)


class Tags:
    """The sorted tags of an inventory of `size` images, each with its image."""

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


# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageIdentifier.html
TAG_MAX_LENGTH = 300
# https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
_INVALID_IN_TAGS = re.compile(r"[^A-Za-z0-9_.-]")


def patterns_of(rule: LifecycleRule) -> tuple[str, ...]:
    """Return a rule's tag patterns, with prefixes written as patterns."""
    return (*rule.tag_pattern_list, *(f"{prefix}*" for prefix in rule.tag_prefix_list))


def mismatch(tag: str, *, is_prefix: bool = False) -> str | None:
    """Return why no tag can match a pattern, or a literal prefix; None if a tag can."""
    literal = tag if is_prefix else tag.replace("*", "")
    if invalid := sorted(set(_INVALID_IN_TAGS.findall(literal))):
        shown = ", ".join(map(repr, invalid))
        return f"tags contain only letters, digits, '_', '.' and '-', not {shown}"
    if tag[0] in ".-":
        return f"no tag begins with {tag[0]!r}"
    if len(literal) > TAG_MAX_LENGTH:
        return f"tags have at most {TAG_MAX_LENGTH} characters, not {len(literal)}"
    return None


def never_matches(rule: LifecycleRule) -> bool:
    """Return whether no tag can match one of the rule's patterns or prefixes."""
    return any(map(mismatch, rule.tag_pattern_list)) or any(
        mismatch(prefix, is_prefix=True) for prefix in rule.tag_prefix_list
    )


def unmatched(rule: LifecycleRule, tags: Sequence[str]) -> tuple[str, ...]:
    """Return the patterns and prefixes of a rule, as patterns, that none of the tags matches."""
    patterns = [item for item in rule.tag_pattern_list if not any(map(matcher(item), tags))]
    prefixes = [
        f"{prefix}*"
        for prefix in rule.tag_prefix_list
        if not any(tag.startswith(prefix) for tag in tags)
    ]
    return (*patterns, *prefixes)


def selects_all_of(wide: LifecycleRule, narrow: LifecycleRule) -> bool:
    """Return whether a rule selects every image that another one selects.

    The storage classes of the rules are not compared.
    """
    if wide.tag_status == "tagged" == narrow.tag_status:
        return _covers_all(patterns_of(wide), patterns_of(narrow))
    return wide.tag_status in ("any", narrow.tag_status)


def shadowing_rules(
    rule: LifecycleRule, earlier: Iterable[LifecycleRule]
) -> Sequence[LifecycleRule]:
    """Return the earlier rules that select every image of a rule, or an empty list."""
    rules = [
        other
        for other in earlier
        if other.storage_class == rule.storage_class and not never_matches(other)
    ]
    for other in rules:
        if selects_all_of(other, rule):
            return [other]
    if rule.tag_status == "any":
        # A rule for untagged and one for all tagged images select every image together.
        untagged = [other for other in rules if other.tag_status == "untagged"]
        tagged = [
            other
            for other in rules
            if other.tag_status == "tagged" and _covers_all(patterns_of(other), ("*",))
        ]
        if untagged and tagged:
            return [untagged[0], tagged[0]]
    return []


def _covers_all(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    # An image must have a tag for each pattern of a rule.
    return all(any(covers(pattern, other) for other in narrow) for pattern in wide)
