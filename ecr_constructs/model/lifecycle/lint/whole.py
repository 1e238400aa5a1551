"""What a policy does as a whole, whatever the images are."""

from collections.abc import Iterator, Sequence

from ecr_constructs.model.lifecycle.lint.finding import Context, Finding, Severity
from ecr_constructs.model.lifecycle.rule import LifecycleRule


def whole_findings(rules: Sequence[LifecycleRule], context: Context) -> Iterator[Finding]:
    """Yield what is suspicious whatever the images are.

    Args:
        rules: The rules, the one that is applied first at the beginning.
        context: What else is known.
    """
    for rule in rules:
        yield from _shared_places(rule)
        if context.pull_through_cache:
            yield from _cache(rule)
        if not context.pull_time_exclusions:
            yield from _pulled_by_anyone(rule)
        yield from _archived_twice(rule)
    yield from _empty_archive(rules)
    yield from _deletes_all(rules)


def _shared_places(rule: LifecycleRule) -> Iterator[Finding]:
    if rule.tag_status == "any" and rule.count_type == "imageCountMoreThan" and not rule.protects:
        yield Finding(
            id="LC005",
            severity=Severity.INFO,
            sentence=f"The {rule.count_number:,} places of rule {rule.rule_priority} are for "
            "whatever has a digest: an image for two platforms with a signature takes four.",
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
            f"Rule {rule.rule_priority} deletes untagged images, and what is pulled by digest "
            "through a cache is untagged, in use or not.",
        )


def cache_finding(rule: LifecycleRule, severity: Severity, sentence: str) -> Finding:
    """Return the finding that a rule deletes what is pulled by digest."""
    return Finding(
        id="LC006",
        severity=severity,
        sentence=sentence,
        remedy="Archive what was not pulled for long (sinceImagePulled), and expire from the "
        "archive (sinceImageTransitioned).",
        rule_priority=rule.rule_priority,
    )


def _pulled_by_anyone(rule: LifecycleRule) -> Iterator[Finding]:
    if rule.count_type == "sinceImagePulled":
        yield Finding(
            id="LC008",
            severity=Severity.WARNING,
            sentence=f"Rule {rule.rule_priority} counts from the last pull, and the pulls of "
            "scanners and mirrors count: what they pull is never archived.",
            remedy="Register their roles as pull-time exclusions "
            "(AWS::ECR::PullTimeUpdateExclusion).",
            rule_priority=rule.rule_priority,
        )


def _archived_twice(rule: LifecycleRule) -> Iterator[Finding]:
    if rule.storage_class and rule.action == "transition":
        yield Finding(
            id="LC009",
            severity=Severity.WARNING,
            sentence=f"Rule {rule.rule_priority} archives images of the archive: it never acts, "
            "and keeps them from later rules.",
            remedy="Leave out storageClass to archive images, or write the action expire.",
            rule_priority=rule.rule_priority,
        )


def _empty_archive(rules: Sequence[LifecycleRule]) -> Iterator[Finding]:
    archives = any(rule.action == "transition" and not rule.storage_class for rule in rules)
    for rule in rules:
        if rule.storage_class and not archives:
            yield Finding(
                id="LC010",
                severity=Severity.INFO,
                sentence=f"Rule {rule.rule_priority} looks at archived images, but no rule "
                "archives any: it acts only on those that are archived by hand.",
                remedy="Add a rule with the action transition, or delete this one.",
                rule_priority=rule.rule_priority,
            )


def _deletes_all(rules: Sequence[LifecycleRule]) -> Iterator[Finding]:
    standard = [rule for rule in rules if rule.storage_class is None]
    last = next((rule for rule in standard if rule.tag_status == "any"), None)
    if last is None or last.count_type == "imageCountMoreThan" or last.action != "expire":
        return
    if all(_leaves_nothing(rule) for rule in standard):
        yield Finding(
            id="LC007",
            severity=Severity.WARNING,
            sentence=f"Rule {last.rule_priority} deletes every image, in use or not, once "
            f"nothing was pushed for {last.count_number:,} days.",
            remedy="Keep some before it: imageCountMoreThan with the tags of releases.",
            rule_priority=last.rule_priority,
        )


def _leaves_nothing(rule: LifecycleRule) -> bool:
    return rule.action == "expire" and rule.count_type != "imageCountMoreThan"
