"""Compare which images lifecycle rules select, without an inventory.

ECR applies only the first rule that selects an image. A rule is shadowed if the rules before it
select every image that it selects: it never acts.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""

import re
from collections.abc import Iterable, Sequence

from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.tag_match import covers

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageIdentifier.html
TAG_MAX_LENGTH = 300
# https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
_INVALID_IN_TAGS = re.compile(r"[^A-Za-z0-9_.-]")


def patterns_of(rule: LifecycleRule) -> tuple[str, ...]:
    """Return a rule's tag patterns, with prefixes written as patterns."""
    return (*rule.tag_pattern_list, *(f"{prefix}*" for prefix in rule.tag_prefix_list))


def mismatch(tag: str, *, is_prefix: bool = False) -> str | None:
    """Return the reason why no tag can match a pattern or prefix, or None if a tag can.

    Args:
        tag: The pattern or prefix.
        is_prefix: Whether it is a literal prefix. Default: it is a pattern.
    """
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
    """Return the earlier rules that select every image of a rule, or an empty list.

    Args:
        rule: The rule.
        earlier: The rules with lower priority numbers, of either storage class.
    """
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
