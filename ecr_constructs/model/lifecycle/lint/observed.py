"""Findings about the effect of a policy on the images of an inventory."""

import re
from collections.abc import Iterator

from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.lifecycle.lint.finding import Finding
from ecr_constructs.model.lifecycle.lint.static import cache_finding
from ecr_constructs.model.lifecycle.simulation import bits
from ecr_constructs.model.lifecycle.simulation.engine import Fate, Simulation
from ecr_constructs.model.lifecycle.simulation.evaluation import RuleResult

# The tags of cosign's signatures and SBOMs in registries without the referrers API.
# https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
_ATTACHED = re.compile(r"sha256-[0-9a-f]{64}(\.(sig|att|sbom))?")
_EXAMPLES = 3


def observed_findings(simulation: Simulation) -> Iterator[Finding]:
    """Yield the findings that the images show."""
    for result in simulation.evaluation.results:
        yield from _protects_nothing(result, simulation)
        yield from _shadowed(result)
        yield from _shared_places(result, simulation)
        yield from _pulled_by_digest(result, simulation)
        yield from _orphaned_referrers(result, simulation)
    expired = simulation.counts[Fate.EXPIRED]
    if expired == len(simulation.inventory):
        yield Finding(
            id="LC007",
            severity=Severity.ERROR,
            sentence=f"The policy deletes every one of the {expired:,} images now.",
            remedy="Keep some with a first rule: imageCountMoreThan with the tags of releases.",
        )


def _protects_nothing(result: RuleResult, simulation: Simulation) -> Iterator[Finding]:
    """Yield a finding if a rule keeps images by a tag that no image has."""
    rule, evaluation = result.rule, simulation.evaluation
    keeps = rule.tag_status == "tagged" and rule.count_type == "imageCountMoreThan"
    tagged = evaluation.resolution.expired & evaluation.ranking.tagged
    if not keeps or rule.storage_class or result.identified or not tagged:
        return
    tags = [tag for image in evaluation.ranking.images for tag in image.tags][:_EXAMPLES]
    yield Finding(
        id="LC004",
        severity=Severity.ERROR,
        sentence=f"Rule {rule.rule_priority} selects none of the "
        f"{len(simulation.inventory):,} images, so it protects nothing, while other rules delete "
        f"{tagged.bit_count():,} tagged ones.",
        remedy=f"Compare its patterns with the tags in use, such as {', '.join(tags)}.",
        rule_priority=rule.rule_priority,
    )


def _shadowed(result: RuleResult) -> Iterator[Finding]:
    if result.identified and not result.own:
        yield Finding(
            id="LC001",
            severity=Severity.WARNING,
            sentence=f"Rule {result.rule.rule_priority} does not act: earlier rules select all "
            f"{result.identified.bit_count():,} images that it selects.",
            remedy="Give it a lower priority number than the earlier rules, or delete it.",
            rule_priority=result.rule.rule_priority,
        )


def _shared_places(result: RuleResult, simulation: Simulation) -> Iterator[Finding]:
    rule, evaluation = result.rule, simulation.evaluation
    if rule.tag_status != "any" or rule.count_type != "imageCountMoreThan" or not result.marked:
        return
    attached = evaluation.relations.children(0) | evaluation.relations.referring
    attached |= bits.from_flags(
        any(map(_ATTACHED.fullmatch, image.tags)) for image in reversed(evaluation.ranking.images)
    )
    taken = (result.counted & ~result.marked & attached).bit_count()
    if taken:
        yield Finding(
            id="LC005",
            severity=Severity.WARNING,
            sentence=f"{taken:,} of the {rule.count_number:,} places of rule "
            f"{rule.rule_priority} are taken by children of indexes, signatures and SBOMs.",
            remedy="Count by tag (tagPatternList), or allow for them.",
            rule_priority=rule.rule_priority,
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
        yield cache_finding(
            rule,
            Severity.WARNING,
            f"Rule {rule.rule_priority} deletes untagged images, and {pulled:,} of the "
            f"{len(images):,} that it selects have been pulled: by digest, as through a "
            "pull-through cache.",
        )


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
        yield Finding(
            id="LC011",
            severity=Severity.WARNING,
            sentence=f"Rule {result.rule.rule_priority} removes {lost:,} signatures or SBOMs of "
            "images that stay, because they are images without a tag.",
            remedy="Select by tag, or set a number of days longer than images are in use.",
            rule_priority=result.rule.rule_priority,
        )
