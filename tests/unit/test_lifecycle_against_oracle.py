"""The model agrees with the slow, obvious oracle, and keeps the laws of ECR's evaluation."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from ecr_constructs.model.lifecycle import Readings, TieOrder
from tests.unit.lifecycle_cases import DAY, NOW, Case, cases, fates, readings

THOUSANDS = settings(max_examples=3000, deadline=None)
HUNDREDS = settings(max_examples=500, deadline=None)


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
