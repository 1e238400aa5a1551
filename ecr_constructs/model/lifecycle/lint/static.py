"""Findings about a policy's rules; no inventory is needed."""

import re
from collections.abc import Iterator, Sequence

from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.lifecycle.lint.finding import Context, Finding
from ecr_constructs.model.lifecycle.phrases import selected_in_words
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.selection import mismatch, patterns_of, shadowing_rules
from ecr_constructs.model.lifecycle.tag_match import covers


def static_findings(rules: Sequence[LifecycleRule], context: Context) -> Iterator[Finding]:
    """Yield the findings that hold for any images.

    Args:
        rules: The rules, in the order in which ECR applies them.
        context: Other properties of the repository.
    """
    for index, rule in enumerate(rules):
        if mismatches := list(_mismatches(rule)):
            yield from mismatches
        else:
            yield from _conjunction(rule)
            yield from _shadowed(rule, rules[:index])
        yield from _shared_places(rule)
        if context.pull_through_cache:
            yield from _cache(rule)
        if not context.pull_time_exclusions:
            yield from _pulled_by_scanners(rule)
        yield from _archived_twice(rule)
    yield from _empty_archive(rules)
    yield from _deletes_all(rules)


# --- tag selections -----------------------------------------------------------------------------


def _mismatches(rule: LifecycleRule) -> Iterator[Finding]:
    for kind, tags in (("pattern", rule.tag_pattern_list), ("prefix", rule.tag_prefix_list)):
        for tag in tags:
            if reason := mismatch(tag, is_prefix=kind == "prefix"):
                keeps = rule.count_type == "imageCountMoreThan"
                effect = "protects nothing" if keeps else "never acts"
                yield Finding(
                    id="LC003",
                    severity=Severity.ERROR,
                    sentence=f"No tag can match the {kind} {tag!r} of rule {rule.rule_priority}, "
                    f"because {reason}: the rule {effect}.",
                    remedy=_suggestion(tag, kind),
                    rule_priority=rule.rule_priority,
                )


def _suggestion(tag: str, kind: str) -> str:
    """Return what to write, on the guess that a regular expression was meant."""
    if kind == "prefix" and "*" in tag and not mismatch(tag):
        return f"A prefix is literal; write the tagPatternList [{tag!r}]."
    pattern = re.sub(r"(\[[^\]]*\]|\\.|\.)[*+?]|[+?]|\[[^\]]*\]|\\.", "*", tag).strip("^$")
    pattern = re.sub(r"\*+", "*", re.sub(r"\{[^}]*\}", "*", pattern))
    if pattern and pattern != tag and not mismatch(pattern):
        return f"'*' is the only wildcard and matches any characters; write {pattern!r}."
    return "Write the tags as they are pushed; '*' is the only wildcard."


def _conjunction(rule: LifecycleRule) -> Iterator[Finding]:
    patterns = patterns_of(rule)
    independent = not any(
        covers(wide, narrow) for wide in patterns for narrow in patterns if wide is not narrow
    )
    if len(patterns) > 1 and independent:
        lists = " and ".join(f"[{pattern!r}]" for pattern in patterns)
        yield Finding(
            id="LC002",
            severity=Severity.WARNING,
            sentence=f"Rule {rule.rule_priority} selects only images with tags for ALL of "
            f"{', '.join(patterns)}; other rules apply to images with only some of them.",
            remedy=f"To match any one of them, write one rule for each: {lists}.",
            rule_priority=rule.rule_priority,
        )


def _shadowed(rule: LifecycleRule, earlier: Sequence[LifecycleRule]) -> Iterator[Finding]:
    if shadowing := shadowing_rules(rule, earlier):
        names = " and ".join(
            f"rule {other.rule_priority} ({selected_in_words(other)})" for other in shadowing
        )
        # ECR accepts a rule for any image only after all others.
        movable = rule.tag_status != "any"
        yield Finding(
            id="LC001",
            severity=Severity.WARNING,
            sentence=f"Rule {rule.rule_priority} ({selected_in_words(rule)}) never acts: "
            f"{names} before it select{'s' if len(shadowing) == 1 else ''} every image that it "
            "selects.",
            remedy="Give it a lower priority number, or delete it."
            if movable
            else "Delete it, or narrow the earlier rules.",
            rule_priority=rule.rule_priority,
        )


# --- counts and caches --------------------------------------------------------------------------


def _shared_places(rule: LifecycleRule) -> Iterator[Finding]:
    if rule.tag_status == "any" and rule.count_type == "imageCountMoreThan" and not rule.protects:
        yield Finding(
            id="LC005",
            severity=Severity.NOTE,
            sentence=f"The {rule.count_number:,} places of rule {rule.rule_priority} count "
            "everything with a digest: an image for two platforms with a signature takes four.",
            remedy="Count by tag (tagPatternList), or allow for indexes, children and signatures.",
            rule_priority=rule.rule_priority,
        )


def _cache(rule: LifecycleRule) -> Iterator[Finding]:
    if (
        rule.tag_status in ("untagged", "any")
        and rule.action == "expire"
        and rule.storage_class is None
    ):
        yield cache_finding(
            rule,
            Severity.ERROR,
            f"Rule {rule.rule_priority} deletes untagged images, and images that are pulled by "
            "digest through a cache are untagged even while they are in use.",
        )


def cache_finding(rule: LifecycleRule, severity: Severity, sentence: str) -> Finding:
    """Return the finding that a rule deletes images that are pulled by digest."""
    return Finding(
        id="LC006",
        severity=severity,
        sentence=sentence,
        remedy="Archive images that were not pulled for a long time (sinceImagePulled), and expire "
        "archived images (sinceImageTransitioned).",
        rule_priority=rule.rule_priority,
    )


def _pulled_by_scanners(rule: LifecycleRule) -> Iterator[Finding]:
    if rule.count_type == "sinceImagePulled":
        yield Finding(
            id="LC008",
            severity=Severity.WARNING,
            sentence=f"Rule {rule.rule_priority} counts from the last pull, including the pulls "
            "of scanners and mirrors: images that they pull are never archived.",
            remedy="Register their roles as pull-time exclusions "
            "(AWS::ECR::PullTimeUpdateExclusion).",
            rule_priority=rule.rule_priority,
        )


# --- archive and age ----------------------------------------------------------------------------


def _archived_twice(rule: LifecycleRule) -> Iterator[Finding]:
    if rule.storage_class and rule.action == "transition":
        yield Finding(
            id="LC009",
            severity=Severity.WARNING,
            sentence=f"Rule {rule.rule_priority} archives images that are archived already: it "
            "never acts, and prevents later rules from acting on them.",
            remedy="Omit storageClass to archive images, or write the action expire.",
            rule_priority=rule.rule_priority,
        )


def _empty_archive(rules: Sequence[LifecycleRule]) -> Iterator[Finding]:
    archives = any(rule.action == "transition" and not rule.storage_class for rule in rules)
    for rule in rules:
        if rule.storage_class and not archives:
            yield Finding(
                id="LC010",
                severity=Severity.NOTE,
                sentence=f"Rule {rule.rule_priority} selects archived images, but no rule "
                "archives any: it acts only on images that are archived manually.",
                remedy="Add a rule with the action transition, or delete this one.",
                rule_priority=rule.rule_priority,
            )


def _deletes_all(rules: Sequence[LifecycleRule]) -> Iterator[Finding]:
    standard = [rule for rule in rules if rule.storage_class is None]
    last = next((rule for rule in standard if rule.tag_status == "any"), None)
    if last is not None and all(
        rule.action == "expire" and rule.count_type != "imageCountMoreThan" for rule in standard
    ):
        yield Finding(
            id="LC007",
            severity=Severity.WARNING,
            sentence=f"Rule {last.rule_priority} deletes every image, even those in use, after "
            f"{last.count_number:,} days without a push.",
            remedy="Keep some with an earlier rule: imageCountMoreThan with the tags of releases.",
            rule_priority=last.rule_priority,
        )
