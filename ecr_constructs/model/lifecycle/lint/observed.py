"""What a policy does to the images that are there."""

import re
from collections.abc import Iterator

from ecr_constructs.model.lifecycle.lint.finding import Finding, Severity
from ecr_constructs.model.lifecycle.lint.whole import cache_finding
from ecr_constructs.model.lifecycle.simulation import bits
from ecr_constructs.model.lifecycle.simulation.engine import Fate, Simulation
from ecr_constructs.model.lifecycle.simulation.marks import Marks

# The tags under which cosign keeps signatures and SBOMs in registries without referrers.
# https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
_ATTACHED = re.compile(r"sha256-[0-9a-f]{64}(\.(sig|att|sbom))?")
_EXAMPLES = 3


def observed_findings(simulation: Simulation) -> Iterator[Finding]:
    """Yield what is suspicious given the images."""
    for marks in simulation.evaluation.marks:
        yield from _shield(marks, simulation)
        yield from _preempted(marks)
        yield from _shared_places(marks, simulation)
        yield from _pulled_by_digest(marks, simulation)
        yield from _bereaved(marks, simulation)
    counts = simulation.counts
    if counts[Fate.EXPIRED] and counts[Fate.EXPIRED] == len(simulation.inventory):
        yield Finding(
            id="LC007",
            severity=Severity.ERROR,
            sentence=f"The policy deletes every one of the {counts[Fate.EXPIRED]:,} images now.",
            remedy="Keep some: imageCountMoreThan with the tags of releases, before other rules.",
        )


def _shield(marks: Marks, simulation: Simulation) -> Iterator[Finding]:
    """Find a rule that keeps images by tag, where no image has such a tag."""
    rule, evaluation = marks.rule, simulation.evaluation
    keeps = rule.tag_status == "tagged" and rule.count_type == "imageCountMoreThan"
    tagged = evaluation.settled.expired & evaluation.ranking.tagged
    if not keeps or rule.storage_class or marks.identified or not tagged:
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


def _preempted(marks: Marks) -> Iterator[Finding]:
    if marks.identified and not marks.own:
        yield Finding(
            id="LC001",
            severity=Severity.WARNING,
            sentence=f"Rule {marks.rule.rule_priority} does not act: the "
            f"{marks.identified.bit_count():,} images that it selects are all selected by rules "
            "before it, which alone decide.",
            remedy="Give it a lower priority number than theirs, or delete it.",
            rule_priority=marks.rule.rule_priority,
        )


def _shared_places(marks: Marks, simulation: Simulation) -> Iterator[Finding]:
    rule, evaluation = marks.rule, simulation.evaluation
    if rule.tag_status != "any" or rule.count_type != "imageCountMoreThan" or not marks.marked:
        return
    attached = evaluation.relations.children(0) | evaluation.relations.referring
    attached |= bits.from_flags(
        any(map(_ATTACHED.fullmatch, image.tags)) for image in reversed(evaluation.ranking.images)
    )
    taken = (marks.counted & ~marks.marked & attached).bit_count()
    if taken:
        yield Finding(
            id="LC005",
            severity=Severity.WARNING,
            sentence=f"{taken:,} of the {rule.count_number:,} places of rule "
            f"{rule.rule_priority} are taken by images that an index lists, signatures and the "
            "like.",
            remedy="Count by tag (tagPatternList), or allow for them.",
            rule_priority=rule.rule_priority,
        )


def _pulled_by_digest(marks: Marks, simulation: Simulation) -> Iterator[Finding]:
    """Find untagged images that are pulled: through a cache, or by who pins digests."""
    rule, evaluation = marks.rule, simulation.evaluation
    if rule.tag_status != "untagged" or rule.action != "expire" or rule.storage_class:
        return
    alone = marks.own & ~evaluation.relations.children(0) & ~evaluation.relations.referring
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


def _bereaved(marks: Marks, simulation: Simulation) -> Iterator[Finding]:
    """Find signatures and SBOMs that go although their image stays."""
    evaluation = simulation.evaluation
    lost = sum(
        bool(evaluation.deeds[rank]) and not evaluation.deeds[evaluation.relations.subjects[rank]]
        for rank in bits.members(marks.acted & evaluation.relations.referring)
        if rank in evaluation.relations.subjects
    )
    if lost:
        yield Finding(
            id="LC011",
            severity=Severity.WARNING,
            sentence=f"Rule {marks.rule.rule_priority} takes {lost:,} signatures, SBOMs or the "
            "like from images that stay: they are images without a tag of their own.",
            remedy="Select by tag, or give it more days than an image is in use.",
            rule_priority=marks.rule.rule_priority,
        )
