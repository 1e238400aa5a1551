"""The model agrees with an independent, slow and simple oracle, and obeys the laws of ECR."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from ecr_constructs.model.lifecycle import EvaluationOptions, Fate, TieOrder
from ecr_constructs.model.lifecycle.simulation.engine import FollowUp
from tests.support.effort import examples
from tests.support.lifecycle_cases import (
    DAY,
    NOW,
    Case,
    cases,
    evaluation_options,
    fates,
    previewed,
)

THOUSANDS = settings(max_examples=examples(2000))
HUNDREDS = settings(max_examples=examples(300))


@THOUSANDS
@given(case=cases(), options=evaluation_options())
def test_the_model_agrees_with_the_oracle(case: Case, options: EvaluationOptions) -> None:
    assert case.ask_oracle(options) == fates(case.simulate(options))


@THOUSANDS
@given(case=cases(), options=evaluation_options())
def test_the_preview_agrees_with_the_oracle(case: Case, options: EvaluationOptions) -> None:
    """ECR lists what goes now; with what follows, it is all that goes."""
    simulation = case.simulate(options)
    listed = previewed(simulation)

    assert case.ask_oracle_for_preview(options) == listed
    final = {item.image.digest: item.fate for item in simulation.outcomes}
    later = {item.image.digest: item for item in simulation.follow_ups}
    going = {digest for digest, fate in final.items() if fate is not Fate.KEPT}
    assert going == listed.keys() | later.keys()
    for digest in listed.keys() & later.keys():
        assert ("archived", Fate.EXPIRED) == (listed[digest][0], later[digest].fate)
    for digest, item in later.items():
        assert (final[digest], True) == (item.fate, item.after in going)
        # It goes after what it waits for, unless the two wait for each other.
        before = later.get(item.after)
        assert item.within_hours >= 48
        assert before is None or before.within_hours < item.within_hours or _waits_for(item, later)


def _waits_for(item: FollowUp, later: dict[str, FollowUp]) -> bool:
    """Return whether an image waits for itself, through others; digests rule that out."""
    seen: set[str] = set()
    while item.after in later and item.after not in seen:
        seen.add(item.after)
        item = later[item.after]
    return item.after in seen


@HUNDREDS
@given(case=cases(), options=evaluation_options(), data=st.data())
def test_the_order_of_the_inventory_does_not_matter(
    case: Case, options: EvaluationOptions, data: st.DataObject
) -> None:
    """It matters only if it breaks ties."""
    options = replace(options, ties=TieOrder.MOST_DELETIONS)
    shuffled = Case(case.rules, data.draw(st.permutations(case.images)))

    assert fates(case.simulate(options)) == fates(shuffled.simulate(options))


@HUNDREDS
@given(case=cases(), options=evaluation_options())
def test_the_forecast_agrees_with_daily_runs_of_the_oracle(
    case: Case, options: EvaluationOptions
) -> None:
    """Events of twenty days have the same rules, and instants within the day."""
    forecast = case.policy.forecast(
        case.inventory, days=20, now=datetime.fromtimestamp(NOW, UTC), options=options
    )
    events = {
        (event.image.digest, event.fate.value): (event.rule_priority, event.at.timestamp())
        for event in forecast.events
    }

    expected = _outlook(case, options)
    assert {key: priority for key, (priority, _) in expected.items()} == {
        key: priority for key, (priority, _) in events.items()
    }
    for key, (_, day) in expected.items():
        assert max(NOW, NOW + (day - 1) * DAY) <= events[key][1] <= NOW + day * DAY
    assert len(case.images) - forecast.left == sum(fate == "expired" for _, fate in expected)


def _outlook(
    case: Case, options: EvaluationOptions
) -> dict[tuple[str, str], tuple[int | None, int]]:
    """Ask the oracle every day about the remaining images."""
    left = [dict(image) for image in case.images]
    events: dict[tuple[str, str], tuple[int | None, int]] = {}
    day = 0
    while day <= 20:
        now = NOW + day * DAY
        fates_now = Case(case.rules, left).ask_oracle(options, now)
        going = {digest: fate for digest, fate in fates_now.items() if fate[0] != "kept"}
        for digest, (fate, priority, _) in going.items():
            events[digest, fate] = (priority, day)
        for image in left:
            if image["imageStatus"] == "ACTIVATING":
                image.update(imageStatus="ACTIVE", lastActivatedAt=NOW)
            if going.get(image["imageDigest"], ("",))[0] == "archived":
                image.update(imageStatus="ARCHIVED", lastArchivedAt=now)
        left = [image for image in left if going.get(image["imageDigest"], ("",))[0] != "expired"]
        day += not going
    return events


@HUNDREDS
@given(case=cases(), options=evaluation_options(), data=st.data())
def test_a_lower_rule_changes_nothing_that_higher_ones_do(
    case: Case, options: EvaluationOptions, data: st.DataObject
) -> None:
    """The results of higher rules stay; only an index that goes releases further images."""
    kept = data.draw(st.integers(1, len(case.rules)))
    fewer = Case(case.rules[:kept], case.images).simulate(options)
    more = case.simulate(options)
    last = case.rules[kept - 1]["rulePriority"]

    assert more.evaluation.results[:kept] == fewer.evaluation.results
    for before, after in zip(fewer.outcomes, more.outcomes, strict=True):
        if before.fate is not Fate.KEPT:
            # A signature that is archived may be deleted with its image instead.
            assert after.fate is not Fate.KEPT
        elif before.rule_priority is not None and after.fate is not Fate.KEPT:
            assert after.rule_priority is not None
            assert after.follows or after.rule_priority <= last
            assert after.follows or "lists it" in before.reason or "an index" in before.reason


@HUNDREDS
@given(case=cases(), options=evaluation_options())
def test_no_other_options_delete_more(case: Case, options: EvaluationOptions) -> None:
    """The defaults predict the most deletions."""
    listed = case.simulate(EvaluationOptions(ties=options.ties))
    alternative = case.simulate(options)
    most = case.simulate()

    expired = {outcome.image.digest for outcome in listed.expired}
    assert {outcome.image.digest for outcome in alternative.expired} <= expired
    for result, as_listed in zip(most.evaluation.results, listed.evaluation.results, strict=True):
        assert result.acted.bit_count() >= as_listed.acted.bit_count()


@HUNDREDS
@given(case=cases())
def test_assumptions_are_complete(case: Case) -> None:
    """An option that is not listed as an assumption does not change the result."""
    simulation = case.simulate()
    assumed = {assumption.id for assumption in simulation.assumptions}
    toggled = {
        "ties": EvaluationOptions(ties=TieOrder.LISTED),
        "childrenTakePlaces": EvaluationOptions(children_take_places=False),
        "referrersTakePlaces": EvaluationOptions(referrers_take_places=False),
        "archivedIndexReleasesChildren": EvaluationOptions(archived_index_releases_children=False),
    }
    for name, options in toggled.items():
        if name not in assumed:
            expected = [outcome.fate for outcome in case.simulate(options).outcomes]
            assert expected == [outcome.fate for outcome in simulation.outcomes]


@HUNDREDS
@given(case=cases(), options=evaluation_options())
def test_every_image_has_a_reason(case: Case, options: EvaluationOptions) -> None:
    for outcome in case.simulate(options).outcomes:
        assert outcome.reason
        if outcome.follows is None and outcome.rule_priority is not None:
            assert f"rule {outcome.rule_priority}" in outcome.reason
