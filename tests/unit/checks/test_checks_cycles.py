"""Which resources depend on themselves."""

from typing import Any

from ecr_constructs.checks import Template
from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.cloudformation.references import Cycles
from tests.support.rule_examples.build import get_att


def cycles(**properties: Any) -> Cycles:
    resources = {name: {"Type": "T", "Properties": each} for name, each in properties.items()}
    [stack] = TemplateSet([Template("template", {"Resources": resources})]).stacks
    return Cycles(stack)


def test_a_cycle_is_told_of_each_of_its_resources() -> None:
    """Whoever is asked first, all of a cycle know it, and what leads to it is not in it."""
    found = cycles(A=get_att("B"), B=[get_att("C")], C={"x": get_att("A")}, D=get_att("A"))

    assert () == found.of("D")
    assert [("A", "B", "C")] * 3 == [found.of(each) for each in "ABC"]


def test_a_resource_that_names_itself_is_a_cycle() -> None:
    """One that names nothing, or has no properties to speak of, is not."""
    found = cycles(A=get_att("A"), B="text", C=get_att("B"))

    assert [("A",), (), ()] == [found.of(each) for each in "ABC"]
