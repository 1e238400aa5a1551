"""Find probable mistakes in lifecycle policies that ECR accepts."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.lifecycle.rule import selected_in_words
from ecr_constructs.model.lifecycle.selection import covers, mismatch, patterns_of, shadowing_rules
from ecr_constructs.model.lifecycle.simulation import bits
from ecr_constructs.model.lifecycle.simulation.engine import Fate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ecr_constructs.model.lifecycle.rule import HasRules, LifecycleRule
    from ecr_constructs.model.lifecycle.simulation.engine import Simulation
    from ecr_constructs.model.lifecycle.simulation.evaluation import RuleResult

# The tags of cosign's signatures and SBOMs in registries without the referrers API.
# https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
_ATTACHED = re.compile(r"sha256-[0-9a-f]{64}(\.(sig|att|sbom))?")
_EXAMPLES = 3
_CACHE_REMEDY = (
    "Archive images that were not pulled for a long time (sinceImagePulled), and expire archived "
    "images (sinceImageTransitioned)."
)
_CACHE_CONSEQUENCE = (
    "images that are pulled by digest through a cache are untagged even while they are in use, and "
    "ECR does not fetch a digest again: a pull of the digest fails until its tag is pulled."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A probable mistake in a policy that ECR accepts.

    Attributes:
        id: The kind, such as ``LC001``; docs/guides/lifecycle.md lists them.
        severity: The severity.
        sentence: The problem and its consequence.
        remedy: The recommended change.
        rule_priority: The priority of the rule. None for the policy as a whole.

    Example:
        >>> from ecr_constructs.model.lifecycle import LifecyclePolicy, LifecycleRule
        >>> [finding] = LifecyclePolicy(LifecycleRule.expire(after_days=9)).lint()
        >>> (finding.id, finding.severity, finding.rule_priority)
        ('LC007', <Severity.WARNING: 'warning'>, 1)
    """

    id: str
    severity: Severity
    sentence: str
    remedy: str
    rule_priority: int | None = None

    @property
    def message(self) -> str:
        """The sentence and the remedy."""
        return f"{self.sentence} {self.remedy}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Properties of a repository besides its policy and its images.

    Attributes:
        pull_through_cache: Whether its images come from a pull-through cache. Default: unknown.
        pull_time_exclusions: Whether the pulls of some principals are excluded from pull times.

    Example:
        >>> from ecr_constructs.model.lifecycle import LifecyclePolicy, LifecycleRule
        >>> policy = LifecyclePolicy(LifecycleRule.expire_untagged(after_days=7))
        >>> [finding.id for finding in policy.lint(context=Context(pull_through_cache=True))]
        ['LC006']
    """

    pull_through_cache: bool = False
    pull_time_exclusions: bool = False


UNKNOWN = Context()


def lint(policy: HasRules, simulation: Simulation | None, context: Context) -> tuple[Finding, ...]:
    """Return the findings, the most severe first; see `LifecyclePolicy.lint`."""
    findings = list(_static_findings(policy.rules, context))
    if simulation is not None and simulation.inventory:
        findings = list(_verified(findings, simulation))
    return tuple(
        sorted(
            findings,
            key=lambda finding: (-finding.severity.rank, finding.rule_priority or 0, finding.id),
        )
    )


def _verified(static: Sequence[Finding], simulation: Simulation) -> Iterator[Finding]:
    """Yield the findings that the images show, and the static ones that they do not disprove."""
    observed = {
        (finding.id, finding.rule_priority): finding for finding in _observed_findings(simulation)
    }
    yield from observed.values()
    results = {result.rule.rule_priority: result for result in simulation.evaluation.results}
    for finding in static:
        if (finding.id, finding.rule_priority) in observed or finding.id == "LC005":
            # The images prove or disprove it more precisely.
            continue
        if finding.id == "LC002":
            if results[finding.rule_priority].identified:
                continue
            if ("LC004", finding.rule_priority) in observed:
                # A list of tags that selects nothing, and images are lost because of it.
                yield replace(finding, severity=Severity.ERROR)
                continue
        yield finding


def _finding(
    finding_id: str,
    rule: LifecycleRule | None,
    sentence: str,
    remedy: str,
    severity: Severity = Severity.WARNING,
) -> Finding:
    priority = rule.rule_priority if rule else None
    return Finding(
        id=finding_id, severity=severity, sentence=sentence, remedy=remedy, rule_priority=priority
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
                keeps = rule.count_type == "imageCountMoreThan"
                effect = "protects nothing" if keeps else "never acts"
                yield _finding(
                    "LC003",
                    rule,
                    f"No tag can match the {kind} {tag!r} of rule {rule.rule_priority}, "
                    f"because {reason}: the rule {effect}.",
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
        yield _finding(
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
        yield _finding(
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
        yield _finding(
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
        yield _finding(
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
        yield _finding("LC006", rule, sentence, _CACHE_REMEDY)


def _empty_archive(rules: Sequence[LifecycleRule]) -> Iterator[Finding]:
    archives = any(rule.action == "transition" and not rule.storage_class for rule in rules)
    for rule in rules:
        if rule.storage_class and not archives:
            yield _finding(
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
        yield _finding(
            "LC007",
            last,
            f"Rule {last.rule_priority} deletes every image, even those in use, after "
            f"{last.count_number:,} days without a push.",
            "Keep some with an earlier rule: imageCountMoreThan with the tags of releases.",
        )


# --- with an inventory --------------------------------------------------------------------------


def _observed_findings(simulation: Simulation) -> Iterator[Finding]:
    """Yield the findings that the images show."""
    for result in simulation.evaluation.results:
        yield from _protects_nothing(result, simulation)
        yield from _shadowed_images(result)
        yield from _taken_places(result, simulation)
        yield from _pulled_by_digest(result, simulation)
        yield from _orphaned_referrers(result, simulation)
    expired = simulation.counts[Fate.EXPIRED]
    if expired == len(simulation.inventory):
        yield _finding(
            "LC007",
            None,
            f"The policy deletes every one of the {expired:,} images now.",
            "Keep some with a first rule: imageCountMoreThan with the tags of releases.",
            Severity.ERROR,
        )


def _protects_nothing(result: RuleResult, simulation: Simulation) -> Iterator[Finding]:
    """Yield a finding if a rule keeps images by a tag that no image has."""
    rule, evaluation = result.rule, simulation.evaluation
    keeps = rule.tag_status == "tagged" and rule.count_type == "imageCountMoreThan"
    tagged = evaluation.resolution.expired & evaluation.ranking.tagged
    if not keeps or rule.storage_class or result.identified or not tagged:
        return
    tags = [tag for image in evaluation.ranking.images for tag in image.tags][:_EXAMPLES]
    yield _finding(
        "LC004",
        rule,
        f"Rule {rule.rule_priority} selects none of the "
        f"{len(simulation.inventory):,} images, so it protects nothing, while other rules delete "
        f"{tagged.bit_count():,} tagged ones.",
        f"Compare its patterns with the tags in use, such as {', '.join(tags)}.",
        Severity.ERROR,
    )


def _shadowed_images(result: RuleResult) -> Iterator[Finding]:
    if result.identified and not result.own:
        yield _finding(
            "LC001",
            result.rule,
            f"Rule {result.rule.rule_priority} does not act: earlier rules select all "
            f"{result.identified.bit_count():,} images that it selects.",
            "Give it a lower priority number than the earlier rules, or delete it.",
        )


def _taken_places(result: RuleResult, simulation: Simulation) -> Iterator[Finding]:
    rule, evaluation = result.rule, simulation.evaluation
    if rule.tag_status != "any" or rule.count_type != "imageCountMoreThan" or not result.marked:
        return
    attached = evaluation.relations.children(0) | evaluation.relations.referring
    attached |= bits.from_flags(
        any(map(_ATTACHED.fullmatch, image.tags)) for image in reversed(evaluation.ranking.images)
    )
    taken = (result.counted & ~result.marked & attached).bit_count()
    if taken:
        yield _finding(
            "LC005",
            rule,
            f"{taken:,} of the {rule.count_number:,} places of rule "
            f"{rule.rule_priority} are taken by children of indexes, signatures and SBOMs.",
            "Count by tag (tagPatternList), or allow for them.",
        )


def _pulled_by_digest(result: RuleResult, simulation: Simulation) -> Iterator[Finding]:
    """Yield a finding if untagged images are pulled, as through a cache or by pinned digests."""
    rule, evaluation = result.rule, simulation.evaluation
    if rule.tag_status != "untagged" or rule.action != "expire" or rule.storage_class:
        return
    alone = result.own & ~evaluation.relations.children(0) & ~evaluation.relations.referring
    images = [evaluation.ranking.images[rank] for rank in bits.members(alone)]
    pulled = sum(image.last_recorded_pull_time is not None for image in images)
    if pulled:
        sentence = (
            f"Rule {rule.rule_priority} deletes untagged images, and {pulled:,} of the "
            f"{len(images):,} that it selects have been pulled: by digest, as through a "
            "pull-through cache."
        )
        yield _finding("LC006", rule, sentence, _CACHE_REMEDY)


def _orphaned_referrers(result: RuleResult, simulation: Simulation) -> Iterator[Finding]:
    """Yield a finding if signatures or SBOMs are deleted or archived while their image stays."""
    evaluation = simulation.evaluation
    lost = sum(
        bool(evaluation.actions[rank])
        and not evaluation.actions[evaluation.relations.subjects[rank]]
        for rank in bits.members(result.acted & evaluation.relations.referring)
        if rank in evaluation.relations.subjects
    )
    if lost:
        yield _finding(
            "LC011",
            result.rule,
            f"Rule {result.rule.rule_priority} removes {lost:,} signatures or SBOMs of "
            "images that stay, because they are images without a tag.",
            "Select by tag, or set a number of days longer than images are in use.",
        )
