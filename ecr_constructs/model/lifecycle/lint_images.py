"""Find mistakes in a lifecycle policy that the images of a repository show."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from ecr_constructs.model.diagnostics import Severity, pluralize
from ecr_constructs.model.lifecycle.finding import finding_about
from ecr_constructs.model.lifecycle.rule import selected_in_words
from ecr_constructs.model.lifecycle.selection import patterns_of, unmatched
from ecr_constructs.model.lifecycle.simulation import bits
from ecr_constructs.model.lifecycle.simulation.engine import Fate, bytes_of, in_units
from ecr_constructs.model.lifecycle.simulation.explanation import short
from ecr_constructs.model.lifecycle.simulation.in_use import pulled_by_tag_only
from ecr_constructs.model.lifecycle.simulation.rule_effects import unselected

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ecr_constructs.model.lifecycle.finding import Finding
    from ecr_constructs.model.lifecycle.image import Image
    from ecr_constructs.model.lifecycle.rule import LifecycleRule
    from ecr_constructs.model.lifecycle.simulation.engine import Simulation
    from ecr_constructs.model.lifecycle.simulation.evaluation import Evaluation, RuleResult

# The tags of cosign's signatures and SBOMs in registries without the referrers API.
# https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
_ATTACHED = re.compile(r"sha256-[0-9a-f]{64}(\.(sig|att|sbom))?")
_EXAMPLES = 3
# A rule that deletes by an age below a year cleans up; above, it is meant to keep.
_RETENTION_DAYS = 365
_KEEP_REMEDY = "Keep some with a first rule: imageCountMoreThan with the tags of releases."
_DIGEST_REMEDY = (
    "Keep a tag on what is deployed, or archive images that were not pulled for a long time "
    "(sinceImagePulled) instead."
)
_COUNT = "imageCountMoreThan"


def observed_findings(
    static: Sequence[Finding], simulation: Simulation, pulled_within_days: int
) -> Iterator[Finding]:
    """Yield the findings that the images show, and the static ones that they do not disprove."""
    observed = [*_of_rules(simulation), *_pulled_lately(simulation, pulled_within_days)]
    observed += [*_of_policy(simulation)]
    keys = {(finding.id, finding.rule_priority) for finding in observed}
    results = {result.rule.rule_priority: result for result in simulation.evaluation.results}
    remaining: list[Finding] = []
    for finding in static:
        # The images prove or disprove LC005 more precisely.
        if (finding.id, finding.rule_priority) in keys or finding.id == "LC005":
            continue
        if finding.id == "LC002":
            remaining += _conjunction(finding, results[finding.rule_priority], simulation)
        else:
            remaining.append(finding)
    yield from observed
    yield from remaining
    explained = {finding.rule_priority for finding in (*observed, *remaining)}
    for result in simulation.evaluation.results:
        if result.rule.rule_priority not in explained:
            yield from _selects_nothing(result, simulation)


def _of_rules(simulation: Simulation) -> Iterator[Finding]:
    for result in simulation.evaluation.results:
        yield from _protects_nothing(result, simulation)
        yield from _shadowed_images(result)
        yield from _taken_places(result, simulation)
        yield from _pulled_by_digest(result, simulation)
        yield from _orphaned_referrers(result, simulation)


def _of_policy(simulation: Simulation) -> Iterator[Finding]:
    expired = simulation.counts[Fate.EXPIRED]
    if expired == len(simulation.inventory):
        sentence = f"The policy deletes every one of the {expired:,} images now."
        yield finding_about("LC007", None, sentence, _KEEP_REMEDY, Severity.ERROR)
    yield from _growth(simulation)


# --- what is lost although it seems to be kept --------------------------------------------------


def _kept_by(result: RuleResult, evaluation: Evaluation) -> int:
    """Return the tagged images that later rules delete, and that this rule would keep.

    That is: if it selected them, it would not mark them. Any count may keep an image. An age keeps
    an image that is not older, if it is meant to: if it is longer than that of the later rule, or
    a year at least.
    """
    rule, deleted = result.rule, 0
    if rule.storage_class or rule.tag_status != "tagged":
        return 0
    for later in evaluation.results[evaluation.results.index(result) + 1 :]:
        shorter = (
            later.rule.count_number if later.rule.count_type != _COUNT else _RETENTION_DAYS - 1
        )
        if later.rule.action == "expire" and (
            rule.count_type == _COUNT or rule.count_number > shorter
        ):
            deleted |= later.acted
    deleted &= evaluation.resolution.expired & evaluation.ranking.tagged
    if rule.count_type != _COUNT:
        deleted &= ~evaluation.ranking.older(
            rule.count_type, rule.count_number, evaluation.stage.at
        )
    return deleted


def _protects_nothing(result: RuleResult, simulation: Simulation) -> Iterator[Finding]:
    """Yield a finding if a rule keeps images by a tag that no image has."""
    rule, evaluation = result.rule, simulation.evaluation
    if result.identified or not (kept := _kept_by(result, evaluation)):
        return
    yield finding_about(
        "LC004",
        rule,
        f"Rule {rule.rule_priority} selects none of the "
        f"{len(simulation.inventory):,} images, so it protects nothing, while other rules delete "
        f"{kept.bit_count():,} tagged ones.",
        f"Compare its patterns with the tags in use, such as {_tags_in_use(evaluation)}.",
        Severity.ERROR,
    )


def _conjunction(finding: Finding, result: RuleResult, simulation: Simulation) -> Iterator[Finding]:
    """Yield the finding about a list of tags that seems to mean OR, as far as the images show it.

    Images with only some of the tags that other rules delete prove it, unless some images have all.
    """
    evaluation, rule = simulation.evaluation, result.rule
    images, patterns = evaluation.ranking.images, len(patterns_of(rule))
    lost = [
        images[rank]
        for rank in bits.members(_kept_by(result, evaluation) & ~result.identified)
        if len(unmatched(rule, images[rank].tags)) < patterns
    ]
    if lost:
        what = pluralize(len(lost), "image")
        sentence = f"{finding.sentence} Now they delete {what} of these: {_names(lost)}."
        severity = Severity.WARNING if result.identified else Severity.ERROR
        yield replace(finding, sentence=sentence, severity=severity)
    elif not result.identified:
        yield finding


def _pulled_lately(simulation: Simulation, days: int) -> Iterator[Finding]:
    """Yield a finding if images are deleted or archived although they were pulled lately."""
    evaluation = simulation.evaluation
    ranks = evaluation.ranking.ranks
    by_tag = pulled_by_tag_only(evaluation.ranking, evaluation.relations)
    groups: defaultdict[tuple[int, bool], list[Image]] = defaultdict(list)
    for outcome in simulation.pulled_within(days):
        rank = ranks[outcome.image.digest]
        rule = evaluation.acting_results[evaluation.root_image(rank)].rule
        if rule.count_type != "sinceImagePulled":
            assert rule.rule_priority
            groups[rule.rule_priority, bool(by_tag >> rank & 1)].append(outcome.image)
    rules = {result.rule.rule_priority: result.rule for result in evaluation.results}
    for (priority, moved), images in groups.items():
        rule = rules[priority]
        verb = "deletes" if rule.action == "expire" else "archives"
        what = pluralize(len(images), "image")
        since = f"in the last {pluralize(days, 'day')}"
        perhaps = ", perhaps by a tag that is on a later image now" if moved else ""
        severe = rule.action == "expire" and not moved
        yield finding_about(
            "LC012",
            rule,
            f"Rule {priority} {verb} {what} although pulled {since}{perhaps}: {_names(images)}.",
            "Keep what is in use with an earlier rule (imageCountMoreThan with its tags), or raise "
            "countNumber.",
            Severity.ERROR if severe else Severity.WARNING,
        )


# --- what never ends ----------------------------------------------------------------------------


def _selects_nothing(result: RuleResult, simulation: Simulation) -> Iterator[Finding]:
    """Yield a finding if a rule selects no image at all; the archive may just be empty."""
    rule, evaluation = result.rule, simulation.evaluation
    if result.identified or rule.storage_class:
        return
    tags, remedy = _tags_in_use(evaluation), "Leave it if such images are expected later."
    if tags and rule.tag_status == "tagged":
        remedy = f"Compare its patterns with the tags in use, such as {tags}."
    by_tag = rule.tag_status == "tagged" and not rule.protects
    yield finding_about(
        "LC013",
        rule,
        f"Rule {rule.rule_priority} ({selected_in_words(rule)}) selects none of the "
        f"{pluralize(len(simulation.inventory), 'image')}, so it does nothing now.",
        remedy,
        Severity.WARNING if by_tag else Severity.NOTE,
    )


def _deletes_tagged(rule: LifecycleRule) -> bool:
    return rule.action == "expire" and rule.tag_status != "untagged" and not rule.protects


def _growth(simulation: Simulation) -> Iterator[Finding]:
    """Yield a finding if images are never deleted because no rule is about them."""
    evaluation = simulation.evaluation
    ranking, never = evaluation.ranking, unselected(evaluation)
    if never:
        images = [ranking.images[rank] for rank in bits.members(never)]
        size = in_units(bytes_of(ranking.images, never).at_most)
        what = f"No rule selects {pluralize(len(images), 'image')} (up to {size}): {_names(images)}"
        rules = [result.rule for result in evaluation.results]
        if never & ranking.tagged and not any(map(_deletes_tagged, rules)):
            what = f"No rule ever deletes tagged images. {what}"
        yield finding_about(
            "LC014",
            None,
            f"{what}. They are kept permanently; their number only grows.",
            "Add a last rule for any image, such as imageCountMoreThan.",
            Severity.NOTE,
        )
    results = evaluation.results
    archiving = [result for result in results if result.rule.action == "transition" and result.own]
    if archiving and not any(result.rule.storage_class for result in results):
        yield finding_about(
            "LC014",
            archiving[0].rule,
            f"Rule {archiving[0].rule.rule_priority} archives images, and no rule deletes archived "
            "ones: the archive grows without end.",
            "Add a rule with storageClass archive and sinceImageTransitioned.",
            Severity.NOTE,
        )


# --- single rules -------------------------------------------------------------------------------
def _shadowed_images(result: RuleResult) -> Iterator[Finding]:
    if result.identified and not result.own:
        yield finding_about(
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
        yield finding_about(
            "LC005",
            rule,
            f"{taken:,} of the {rule.count_number:,} places of rule "
            f"{rule.rule_priority} are taken by children of indexes, signatures and SBOMs.",
            "Count by tag (tagPatternList), or allow for them.",
        )


def _pulled_by_digest(result: RuleResult, simulation: Simulation) -> Iterator[Finding]:
    """Yield a finding if images were pulled when they had no tag: by digest.

    A pull while a tag was on an image, which has moved since, is no sign of that.
    """
    rule, evaluation = result.rule, simulation.evaluation
    if rule.tag_status != "untagged" or rule.action != "expire" or rule.storage_class:
        return
    alone = result.own & ~evaluation.relations.children(0) & ~evaluation.relations.referring
    by_digest = alone & ~pulled_by_tag_only(evaluation.ranking, evaluation.relations)
    images = [evaluation.ranking.images[rank] for rank in bits.members(by_digest)]
    pulled = [image for image in images if image.last_recorded_pull_time]
    if pulled:
        sentence = (
            f"Rule {rule.rule_priority} deletes untagged images, and of the {alone.bit_count():,} "
            f"that it selects {pluralize(len(pulled), 'image')} had no tag at the last pull: "
            f"{_names(pulled)}. They are in use by digest: ECS pins digests at a deployment, and "
            "caches pull by digest."
        )
        yield finding_about("LC006", rule, sentence, _DIGEST_REMEDY)


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
        yield finding_about(
            "LC011",
            result.rule,
            f"Rule {result.rule.rule_priority} removes {lost:,} signatures or SBOMs of "
            "images that stay, because they are images without a tag.",
            "Select by tag, or set a number of days longer than images are in use.",
        )


# --- names --------------------------------------------------------------------------------------


def _names(images: Sequence[Image]) -> str:
    """Return some images by tag or digest, with the day of the last pull."""
    names = []
    for image in images[:_EXAMPLES]:
        pulled = image.last_recorded_pull_time
        day = f" (pulled {pulled:%Y-%m-%d})" if pulled else ""
        names.append(f"{', '.join(image.tags[:_EXAMPLES]) or short(image.digest)}{day}")
    more = len(images) - _EXAMPLES
    return "; ".join(names) + (f"; and {more:,} more" if more > 0 else "")


def _tags_in_use(evaluation: Evaluation) -> str:
    tags = [tag for image in evaluation.ranking.images for tag in image.tags]
    return ", ".join(tags[:_EXAMPLES])
