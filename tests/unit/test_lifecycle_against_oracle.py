"""The model agrees with the slow, obvious oracle, and keeps the laws of ECR's evaluation."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from ecr_constructs.model.lifecycle import Readings, TieOrder
from tests.unit.lifecycle_cases import Case, cases, fates, readings

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
