"""Find probable mistakes in lifecycle policies that ECR accepts.

`lint_images` has those that only the images of a repository show.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ecr_constructs.model.diagnostics import Severity, pluralize
from ecr_constructs.model.lifecycle.finding import UNKNOWN, Context, Finding, finding_about
from ecr_constructs.model.lifecycle.lint_images import observed_findings
from ecr_constructs.model.lifecycle.rule import selected_in_words
from ecr_constructs.model.lifecycle.selection import covers, mismatch, patterns_of, shadowing_rules
from ecr_constructs.model.lifecycle.simulation.in_use import PULLED_WITHIN_DAYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ecr_constructs.model.lifecycle.rule import HasRules, LifecycleRule
    from ecr_constructs.model.lifecycle.simulation.engine import Simulation

__all__ = ["UNKNOWN", "Context", "Finding", "lint"]

_CACHE_REMEDY = (
    "Archive images that were not pulled for a long time (sinceImagePulled), and expire archived "
    "images (sinceImageTransitioned)."
)
_CACHE_CONSEQUENCE = (
    "images that are pulled by digest through a cache are untagged even while they are in use, and "
    "ECR does not fetch a digest again: a pull of the digest fails until its tag is pulled."
)


def lint(
    policy: HasRules,
    simulation: Simulation | None,
    context: Context,
    pulled_within_days: int = PULLED_WITHIN_DAYS,
) -> tuple[Finding, ...]:
    """Return the findings, the most severe first; see `LifecyclePolicy.lint`."""
    findings = list(_static_findings(policy.rules, context))
    if simulation is not None and simulation.inventory:
        findings = list(observed_findings(findings, simulation, pulled_within_days))
    return tuple(
        sorted(
            findings,
            key=lambda finding: (-finding.severity.rank, finding.rule_priority or 0, finding.id),
        )
    )


# --- without an inventory -----------------------------------------------------------------------


def _static_findings(rules: Sequence[LifecycleRule], context: Context) -> Iterator[Finding]:
    """Yield the findings that hold for any images."""
    for index, rule in enumerate(rules):
        if mismatches := list(_mismatches(rule)):
            yield from mismatches
        else:
            yield from _conjunction(rule)
            yield from _shadowed(rule, rules[:index])
        yield from _count_and_class(rule, context)
    yield from _empty_archive(rules)
    if not context.pull_through_cache:
        # LC006 is about the same rules; ECR fetches the tags of a cache again.
        yield from _deletes_all(rules)


def _mismatches(rule: LifecycleRule) -> Iterator[Finding]:
    for kind, tags in (("pattern", rule.tag_pattern_list), ("prefix", rule.tag_prefix_list)):
        for tag in tags:
            if reason := mismatch(tag, is_prefix=kind == "prefix"):
                yield finding_about(
                    "LC003",
                    rule,
                    f"No tag can match the {kind} {tag!r} of rule {rule.rule_priority}, "
                    f"because {reason}: the rule selects nothing, so it neither keeps nor deletes.",
                    _suggestion(tag, kind),
                    Severity.ERROR,
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
        yield finding_about(
            "LC002",
            rule,
            f"Rule {rule.rule_priority} selects only images with tags for ALL of "
            f"{', '.join(patterns)}; other rules apply to images with only some of them.",
            f"To match any one of them, write one rule for each: {lists}.",
        )


def _shadowed(rule: LifecycleRule, earlier: Sequence[LifecycleRule]) -> Iterator[Finding]:
    if shadowing := shadowing_rules(rule, earlier):
        names = " and ".join(
            f"rule {other.rule_priority} ({selected_in_words(other)})" for other in shadowing
        )
        # ECR accepts a rule for any image only after all others.
        movable = rule.tag_status != "any"
        yield finding_about(
            "LC001",
            rule,
            f"Rule {rule.rule_priority} ({selected_in_words(rule)}) never acts: "
            f"{names} before it select{'s' if len(shadowing) == 1 else ''} every image that it "
            "selects.",
            "Give it a lower priority number, or delete it."
            if movable
            else "Delete it, or narrow the earlier rules.",
        )


def _count_and_class(rule: LifecycleRule, context: Context) -> Iterator[Finding]:
    number = rule.rule_priority
    if rule.tag_status == "any" and rule.count_type == "imageCountMoreThan" and not rule.protects:
        yield finding_about(
            "LC005",
            rule,
            f"The {rule.count_number:,} places of rule {number} count everything with a digest: an "
            "image for two platforms with a signature takes four.",
            "Count by tag (tagPatternList), or allow for indexes, children and signatures.",
            Severity.NOTE,
        )
    if context.pull_through_cache:
        yield from _of_cache(rule)
    elif rule.count_type == "sinceImagePulled" and not context.pull_time_exclusions:
        yield finding_about(
            "LC008",
            rule,
            f"Rule {number} counts from the last pull, including the pulls of scanners and "
            "mirrors: images that they pull are never archived.",
            "Register their roles as pull-time exclusions (AWS::ECR::PullTimeUpdateExclusion), if "
            "there are any.",
            Severity.NOTE,
        )


def _of_cache(rule: LifecycleRule) -> Iterator[Finding]:
    """Yield a finding if a rule deletes images of a cache that may be pinned by digest.

    A count of all images is the usual limit of a cache. Which images of a cache scanners pull does
    not matter: ECR fetches them again.
    """
    by_age = rule.tag_status == "any" and rule.count_type != "imageCountMoreThan"
    expires = rule.action == "expire" and rule.storage_class is None
    if expires and (by_age or rule.tag_status == "untagged"):
        what = "images" if by_age else "untagged images"
        sentence = f"Rule {rule.rule_priority} deletes {what} of a cache: {_CACHE_CONSEQUENCE}"
        yield finding_about("LC006", rule, sentence, _CACHE_REMEDY)


def _empty_archive(rules: Sequence[LifecycleRule]) -> Iterator[Finding]:
    archives = any(rule.action == "transition" and not rule.storage_class for rule in rules)
    for rule in rules:
        if rule.storage_class and not archives:
            yield finding_about(
                "LC010",
                rule,
                f"Rule {rule.rule_priority} selects archived images, but no rule "
                "archives any: it acts only on images that are archived manually.",
                "Add a rule with the action transition, or delete this one.",
                Severity.NOTE,
            )


def _deletes_all(rules: Sequence[LifecycleRule]) -> Iterator[Finding]:
    standard = [rule for rule in rules if rule.storage_class is None]
    last = next((rule for rule in standard if rule.tag_status == "any"), None)
    if last is not None and all(
        rule.action == "expire" and rule.count_type != "imageCountMoreThan" for rule in standard
    ):
        # An earlier rule with a longer age keeps its images for longer.
        days = max(int(rule.count_number) for rule in standard)
        what = f"Rule {last.rule_priority} deletes"
        if len(standard) > 1:
            what = f"Rule {last.rule_priority} and those before it delete"
        when = "after" if days == last.count_number else "after at most"
        yield finding_about(
            "LC007",
            last,
            f"{what} every image, even those in use, {when} {pluralize(days, 'day')} without a "
            "push.",
            "Keep some with an earlier rule: imageCountMoreThan with the tags of releases.",
        )
