"""What each rule of a policy does: to all images together, and to one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ecr_constructs.model.diagnostics import pluralize
from ecr_constructs.model.lifecycle.selection import unmatched
from ecr_constructs.model.lifecycle.simulation import bits
from ecr_constructs.model.lifecycle.simulation.explanation import age

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.model.lifecycle.image import Image
    from ecr_constructs.model.lifecycle.rule import LifecycleRule
    from ecr_constructs.model.lifecycle.simulation.evaluation import Evaluation, RuleResult


class RuleEffect(NamedTuple):
    """The number of images that a rule concerns.

    Attributes:
        rule: The rule.
        selected: The images that its tag selection matches.
        marked: Those of them that are surplus or too old.
        acted: Those of them that it deletes or archives, now or after an index.
        reason: Why it does not act on all that it selects, in one sentence; may be empty.
    """

    rule: LifecycleRule
    selected: int
    marked: int
    acted: int
    reason: str


class RuleStep(NamedTuple):
    """What one rule does to one image.

    Attributes:
        rule: The rule.
        selects: Whether its tag selection matches the image.
        marks: Whether the image is surplus or too old for it.
        acts: Whether it deletes or archives the image, now or after an index.
        reason: Why, in one sentence.
    """

    rule: LifecycleRule
    selects: bool
    marks: bool
    acts: bool
    reason: str


def rule_effects(evaluation: Evaluation) -> tuple[RuleEffect, ...]:
    """Return what each rule does, in the order of priority."""
    return tuple(
        RuleEffect(
            result.rule,
            result.identified.bit_count(),
            result.marked.bit_count(),
            _acted(evaluation, result).bit_count(),
            "; ".join(_reasons(evaluation, result)),
        )
        for result in evaluation.results
    )


def unselected(evaluation: Evaluation) -> int:
    """Return the images that no rule selects and that do not go with another image.

    Referrers go with their subject. Children of an index that is deleted do not: they stay.
    """
    selected = 0
    for result in evaluation.results:
        selected |= result.identified
    dependent = evaluation.relations.children(evaluation.resolution.expired) | bits.from_members(
        evaluation.relations.subjects, len(evaluation.ranking.images)
    )
    return evaluation.ranking.all & ~selected & ~dependent


def rule_steps(evaluation: Evaluation, rank: int) -> tuple[RuleStep, ...]:
    """Return what each rule does to the image with this rank, in the order of priority."""
    return tuple(
        RuleStep(
            result.rule,
            bool(result.identified >> rank & 1),
            bool(result.marked >> rank & 1),
            bool(_acted(evaluation, result) >> rank & 1),
            _step(evaluation, result, rank),
        )
        for result in evaluation.results
    )


def _acted(evaluation: Evaluation, result: RuleResult) -> int:
    expired, archived = evaluation.resolution
    return result.acted & (expired if result.rule.action == "expire" else archived)


def _reasons(evaluation: Evaluation, result: RuleResult) -> Iterator[str]:
    """Yield why a rule does not act on all images that it selects."""
    if not result.identified:
        yield f"selects none of the {pluralize(len(evaluation.ranking.images), 'image')}"
        return
    if not result.marked:
        yield _nothing_marked(evaluation, result)
        return
    if locked := (result.marked & result.locked).bit_count():
        rules = _earlier(evaluation, result, result.marked & result.locked)
        yield f"of those that it marks, {rules} selected {locked:,} first"
    others = result.acted & ~_acted(evaluation, result)
    expired, archived = evaluation.resolution
    if held := (others & ~expired & ~archived).bit_count():
        yield f"an index that stays lists {held:,} of those that it marks"
    if following := (others & (expired | archived)).bit_count():
        yield f"of those that it marks, {following:,} go with their subject instead"


def _nothing_marked(evaluation: Evaluation, result: RuleResult) -> str:
    rule, ranking = result.rule, evaluation.ranking
    if rule.protects:
        return "keeps all that it selects"
    if rule.count_type == "imageCountMoreThan":
        return f"keeps the newest {rule.count_number:,}, and there are no more"
    oldest = ranking.images[ranking.oldest(rule.count_type, result.identified)]
    days = pluralize(int(rule.count_number), "day")
    return f"none is older than {days}: the oldest {age(oldest, rule, ranking.now)}"


def _earlier(evaluation: Evaluation, result: RuleResult, ranks: int) -> str:
    earlier = evaluation.results[: evaluation.results.index(result)]
    return " and ".join(f"rule {item.rule.rule_priority}" for item in earlier if item.own & ranks)


def _step(evaluation: Evaluation, result: RuleResult, rank: int) -> str:
    rule, image = result.rule, evaluation.ranking.images[rank]
    if not result.identified >> rank & 1:
        return f"does not select it: {_mismatch(rule, image)}"
    if rule.count_type != "imageCountMoreThan":
        what = f"it {age(image, rule, evaluation.ranking.now)}"
    elif result.counted >> rank & 1:
        what = f"it is number {evaluation.position(result, rank):,}"
    else:
        what = "it does not count"
    if not result.marked >> rank & 1:
        return f"selects it and keeps it: {what}"
    verb = "delete" if rule.action == "expire" else "archive"
    if result.locked >> rank & 1:
        first = _earlier(evaluation, result, 1 << rank)
        return f"would {verb} it ({what}), but {first} selects it first"
    if not _acted(evaluation, result) >> rank & 1:
        return f"would {verb} it ({what}), but another image decides"
    return f"{verb}s it: {what}"


def _mismatch(rule: LifecycleRule, image: Image) -> str:
    """Return why a rule does not select an image."""
    if bool(rule.storage_class) is not image.archived:
        other = "archived" if rule.storage_class else "standard"
        return f"it looks at images in {other} storage only"
    if rule.tag_status == "untagged":
        return "the image has a tag"
    if not image.tags:
        return "the image has no tag"
    return f"no tag of it matches {' or '.join(unmatched(rule, image.tags))}"
