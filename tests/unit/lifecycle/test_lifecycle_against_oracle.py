"""The model agrees with the slow, obvious oracle, and keeps the laws of ECR's evaluation."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from ecr_constructs.model.lifecycle import Fate, Readings, TieOrder
from tests.support.lifecycle_cases import DAY, NOW, Case, cases, fates, readings

THOUSANDS = settings(max_examples=2000)
HUNDREDS = settings(max_examples=300)


@THOUSANDS
@given(case=cases(), answers=readings())
def test_the_model_agrees_with_the_oracle(case: Case, answers: Readings) -> None:
    """Of each image: its fate, its rule, and whether it goes with another."""
    assert case.ask_oracle(answers) == fates(case.simulate(answers))


@HUNDREDS
@given(case=cases(), answers=readings(), data=st.data())
def test_the_order_of_the_inventory_does_not_matter(
    case: Case, answers: Readings, data: st.DataObject
) -> None:
    """Unless it is asked to break ties."""
    answers = replace(answers, ties=TieOrder.MOST_DELETIONS)
    shuffled = Case(case.rules, data.draw(st.permutations(case.images)))

    assert fates(case.simulate(answers)) == fates(shuffled.simulate(answers))


@HUNDREDS
@given(case=cases(), answers=readings())
def test_the_forecast_agrees_with_the_oracle_asked_every_day(case: Case, answers: Readings) -> None:
    """What goes on each of twenty days, by which rule; and no instant is off by a day."""
    forecast = case.policy.forecast(
        case.inventory, days=20, now=datetime.fromtimestamp(NOW, UTC), readings=answers
    )
    events = {
        (event.image.digest, event.fate.value): (event.rule_priority, event.at.timestamp())
        for event in forecast.events
    }

    expected = _outlook(case, answers)
    assert {key: priority for key, (priority, _) in expected.items()} == {
        key: priority for key, (priority, _) in events.items()
    }
    for key, (_, day) in expected.items():
        assert max(NOW, NOW + (day - 1) * DAY) <= events[key][1] <= NOW + day * DAY
    assert len(case.images) - forecast.left == sum(fate == "expired" for _, fate in expected)


def _outlook(case: Case, answers: Readings) -> dict[tuple[str, str], tuple[int | None, int]]:
    """Ask the oracle day after day, each time of what is left."""
    left = [dict(image) for image in case.images]
    found: dict[tuple[str, str], tuple[int | None, int]] = {}
    day = 0
    while day <= 20:
        now = NOW + day * DAY
        fates_now = Case(case.rules, left).ask_oracle(answers, now)
        going = {digest: each for digest, each in fates_now.items() if each[0] != "kept"}
        for digest, (fate, priority, _) in going.items():
            # What follows an image that went on an earlier day has its rule from then.
            found[digest, fate] = (priority, day)
        for image in left:
            if image["imageStatus"] == "ACTIVATING":
                image.update(imageStatus="ACTIVE", lastActivatedAt=NOW)
            if going.get(image["imageDigest"], ("",))[0] == "archived":
                image.update(imageStatus="ARCHIVED", lastArchivedAt=now)
        left = [image for image in left if going.get(image["imageDigest"], ("",))[0] != "expired"]
        day += not going
    return found


@HUNDREDS
@given(case=cases(), answers=readings(), data=st.data())
def test_a_lower_rule_changes_nothing_that_higher_ones_do(
    case: Case, answers: Readings, data: st.DataObject
) -> None:
    """What a rule acts on stays; and more of it goes only if an index that kept it does."""
    kept = data.draw(st.integers(1, len(case.rules)))
    fewer = Case(case.rules[:kept], case.images).simulate(answers)
    more = case.simulate(answers)
    last = case.rules[kept - 1]["rulePriority"]

    for one, other in zip(fewer.evaluation.marks, more.evaluation.marks, strict=False):
        assert (one.identified, one.marked, one.acted) == (
            other.identified,
            other.marked,
            other.acted,
        )
    for before, after in zip(fewer.outcomes, more.outcomes, strict=True):
        if before.fate is not Fate.KEPT:
            # A signature that goes to the archive may be deleted with its image instead.
            assert after.fate is not Fate.KEPT
        elif before.rule_priority is not None and after.fate is not Fate.KEPT:
            assert after.rule_priority is not None
            assert after.follows or after.rule_priority <= last
            assert after.follows or "lists it" in before.reason or "an index" in before.reason


@HUNDREDS
@given(case=cases(), answers=readings())
def test_no_other_reading_deletes_more(case: Case, answers: Readings) -> None:
    """The defaults are those that predict more deletions."""
    listed = case.simulate(Readings(ties=answers.ties))
    other = case.simulate(answers)
    most = case.simulate()

    expired = {outcome.image.digest for outcome in listed.expired}
    assert {outcome.image.digest for outcome in other.expired} <= expired
    for one, two in zip(most.evaluation.marks, listed.evaluation.marks, strict=True):
        assert one.acted.bit_count() >= two.acted.bit_count()


@HUNDREDS
@given(case=cases())
def test_without_an_assumption_no_other_reading_says_otherwise(case: Case) -> None:
    """A result that rests on an open question says so."""
    simulation = case.simulate()
    assumed = {each.id for each in simulation.assumptions}
    flipped = {
        "ties": Readings(ties=TieOrder.LISTED),
        "childrenTakePlaces": Readings(children_take_places=False),
        "referrersTakePlaces": Readings(referrers_take_places=False),
        "archivedIndexReleasesChildren": Readings(archived_index_releases_children=False),
    }
    for name, reading in flipped.items():
        if name not in assumed:
            other = case.simulate(reading)
            assert [each.fate for each in simulation.outcomes] == [
                each.fate for each in other.outcomes
            ]


@HUNDREDS
@given(case=cases(), answers=readings())
def test_every_image_has_a_reason(case: Case, answers: Readings) -> None:
    """One sentence, which names the rule."""
    for outcome in case.simulate(answers).outcomes:
        assert outcome.reason
        if outcome.follows is None and outcome.rule_priority is not None:
            assert f"rule {outcome.rule_priority}" in outcome.reason
