"""Changes of two lifecycle policies, held to what they do to images."""

import json
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs import LifecyclePolicy
from ecr_constructs.model.lifecycle import EvaluationOptions, Fate, TieOrder
from ecr_constructs.review.analyzers.lifecycle import differences
from tests.support.lifecycle_cases import Case, case

Edit = tuple[Case, LifecyclePolicy, LifecyclePolicy]
FATES = [Fate.KEPT, Fate.ARCHIVED, Fate.EXPIRED]
# Which of two images with one timestamp is the newer may depend on all the rules.
LISTED = EvaluationOptions(ties=TieOrder.LISTED)


def _edited(random: Random, rules: list[Any]) -> list[Any]:
    """Return a policy with some rules dropped, in another order, and with other numbers."""
    kept = [json.loads(json.dumps(entry)) for entry in rules if random.randrange(4)] or rules[:1]
    for entry in kept:
        selection = entry["selection"]
        match random.randrange(4):
            case 0 if selection["countType"] == "imageCountMoreThan":
                selection["countNumber"] = random.choice([1, 3, 999_999])
            case 0:
                selection["countNumber"] += random.choice([0, 1, 90])
            case 1 if "tagPatternList" in selection:
                selection["tagPatternList"].append(random.choice(["*", "v*", "a*"]))
    if random.randrange(2):
        random.shuffle(kept)
    kept.sort(key=lambda entry: entry["selection"]["tagStatus"] == "any")
    return [{**entry, "rulePriority": 10 * n} for n, entry in enumerate(kept, 1)]


@st.composite
def edits(draw: st.DrawFn) -> Edit:
    """Draw images, and two policies of which one is made of the other's rules."""
    random = Random(draw(st.integers(0, 2**32)))  # noqa: S311
    drawn = case(random.randrange(2**32), 3, draw(st.integers(0, 2)), draw(st.integers(0, 9)))
    edited = LifecyclePolicy.from_json(json.dumps({"rules": _edited(random, drawn.rules)}))
    if draw(st.booleans()):
        return drawn, edited, drawn.policy
    return drawn, drawn.policy, edited


def _fates(drawn: Case, policy: LifecyclePolicy) -> list[int]:
    simulation = policy.simulate(drawn.inventory, now=drawn.simulate().now, options=LISTED)
    return [FATES.index(outcome.fate) for outcome in simulation.outcomes]


@given(edits())
def test_what_takes_no_more_takes_no_image_more(drawn: Edit) -> None:
    """Of whatever images: none goes further than before, unless a difference says so."""
    images, before, after = drawn
    if not any(difference.takes_more for difference in differences(before, after)):
        pairs = zip(_fates(images, before), _fates(images, after), strict=True)
        assert all(old >= new for old, new in pairs)


@given(edits())
def test_without_difference_the_same_goes(drawn: Edit) -> None:
    """If nothing is said, both do the same to any images, and so they do the other way round."""
    images, before, after = drawn
    if not differences(before, after):
        assert _fates(images, before) == _fates(images, after)
        assert not differences(after, before)


@given(edits())
def test_a_policy_does_not_differ_from_itself(drawn: Edit) -> None:
    """Renumbering the rules of a policy is not a change."""
    _, before, _ = drawn
    numbered = [{**rule.to_dict(), "rulePriority": 7 * n} for n, rule in enumerate(before.rules, 1)]

    other = LifecyclePolicy.from_json(json.dumps({"rules": numbered}))
    assert [] == differences(before, other)
