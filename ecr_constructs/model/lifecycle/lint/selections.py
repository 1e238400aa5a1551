"""Rules whose tag selection does not select what it seems to. No inventory is needed."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from ecr_constructs.model.lifecycle.lint.finding import Finding, Severity
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.tag_match import covers
from ecr_constructs.model.lifecycle.words import selected_in_words

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageIdentifier.html
TAG_MAX_LENGTH = 300
# https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
_FOREIGN = re.compile(r"[^A-Za-z0-9_.-]")


def selection_findings(rules: Sequence[LifecycleRule]) -> Iterator[Finding]:
    """Yield what is wrong with what each rule selects.

    Args:
        rules: The rules, the one that is applied first at the beginning.
    """
    for place, rule in enumerate(rules):
        if impossible := list(_impossible(rule)):
            yield from impossible
            continue
        yield from _conjunction(rule)
        earlier = [each for each in rules[:place] if each.storage_class == rule.storage_class]
        yield from _shadowed(rule, [each for each in earlier if not any(_impossible(each))])


def patterns_of(rule: LifecycleRule) -> tuple[str, ...]:
    """Return a rule's patterns, prefixes written as patterns."""
    return (*rule.tag_pattern_list, *(f"{prefix}*" for prefix in rule.tag_prefix_list))


def _impossible(rule: LifecycleRule) -> Iterator[Finding]:
    for kind, tags in (("pattern", rule.tag_pattern_list), ("prefix", rule.tag_prefix_list)):
        for tag in tags:
            if reason := _why_impossible(tag, kind):
                keeps = rule.count_type == "imageCountMoreThan"
                effect = "protects nothing" if keeps else "never acts"
                yield Finding(
                    id="LC003",
                    severity=Severity.ERROR,
                    sentence=f"No tag can match the {kind} {tag!r} of rule "
                    f"{rule.rule_priority}, {reason}: the rule {effect}.",
                    remedy=_possible(tag, kind),
                    rule_priority=rule.rule_priority,
                )


def _why_impossible(tag: str, kind: str) -> str | None:
    literal = tag.replace("*", "") if kind == "pattern" else tag
    if foreign := sorted(set(_FOREIGN.findall(literal))):
        shown = ", ".join(map(repr, foreign))
        return f"since tags hold only letters, digits, '_', '.' and '-', never {shown}"
    if tag[0] in ".-":
        return f"since no tag begins with {tag[0]!r}"
    if len(literal) > TAG_MAX_LENGTH:
        return f"since tags have at most {TAG_MAX_LENGTH} characters, not {len(literal)}"
    return None


def _possible(tag: str, kind: str) -> str:
    """Say what to write, guessing that a regular expression was meant."""
    if kind == "prefix" and "*" in tag and not _why_impossible(tag, "pattern"):
        return f"A prefix is taken literally; write the tagPatternList [{tag!r}]."
    better = re.sub(r"(\[[^\]]*\]|\\.|\.)[*+?]|[+?]|\[[^\]]*\]|\\.", "*", tag).strip("^$")
    better = re.sub(r"\*+", "*", re.sub(r"\{[^}]*\}", "*", better))
    if better and better != tag and not _why_impossible(better, "pattern"):
        return f"'*' is the only wildcard and stands for any characters; write {better!r}."
    return "Write the tags as they are pushed; '*' is the only wildcard."


def _conjunction(rule: LifecycleRule) -> Iterator[Finding]:
    patterns = patterns_of(rule)
    independent = not any(
        covers(one, other) for one in patterns for other in patterns if one is not other
    )
    if len(patterns) > 1 and independent:
        each = " and ".join(f"[{pattern!r}]" for pattern in patterns)
        yield Finding(
            id="LC002",
            severity=Severity.WARNING,
            sentence=f"Rule {rule.rule_priority} selects only images with tags for ALL of "
            f"{', '.join(patterns)}; an image with some of them is left to other rules.",
            remedy=f"If any one of them shall do, write one rule for each: {each}.",
            rule_priority=rule.rule_priority,
        )


def _shadowed(rule: LifecycleRule, earlier: Sequence[LifecycleRule]) -> Iterator[Finding]:
    if rule.tag_status == "any":
        # Only the two together select every image.
        wider = _first(each for each in earlier if each.tag_status == "untagged")
        tagged = _first(each for each in earlier if _selects_all_of(each, ("*",)))
        wider = [*wider, *tagged] if wider and tagged else []
        remedy = "Delete it, or narrow them."
    else:
        wider = _first(each for each in earlier if _selects_all_of(each, patterns_of(rule)))
        remedy = "Give it a lower priority number, or delete it."
    if wider:
        names = " and ".join(
            f"rule {each.rule_priority} ({selected_in_words(each)})" for each in wider
        )
        yield Finding(
            id="LC001",
            severity=Severity.WARNING,
            sentence=f"Rule {rule.rule_priority} ({selected_in_words(rule)}) never acts: every "
            f"image that it selects is selected by {names} before it, which alone decides.",
            remedy=remedy,
            rule_priority=rule.rule_priority,
        )


def _first(rules: Iterator[LifecycleRule]) -> list[LifecycleRule]:
    return list(islice(rules, 1))


def _selects_all_of(rule: LifecycleRule, narrow: Sequence[str]) -> bool:
    """Tell whether a rule by tags selects every image that has a tag for each narrow pattern."""
    return rule.tag_status == "tagged" and all(
        any(covers(pattern, other) for other in narrow) for pattern in patterns_of(rule)
    )
