"""The model's idea of a deploy-time value is CDK's own."""

from collections.abc import Callable

import aws_cdk as cdk
import jsii
import pytest

from ecr_constructs.model.tokens import is_list_mark, is_unresolved
from tests.support.constructs import list_parameter, number_parameter, parameter


@jsii.implements(cdk.IStringProducer)
class Text:
    """Makes a text when it is asked to."""

    def produce(self, _context: cdk.IResolveContext) -> str:
        """Return the text."""
        return "later"


VALUES: dict[str, Callable[[cdk.Stack], object]] = {
    "text": lambda _: "latest",
    "empty text": lambda _: "",
    "text with braces": lambda _: "${AWS::Region}",
    "whole number": lambda _: 7,
    "fraction": lambda _: -1.5e300,
    "list": lambda _: ["a"],
    "empty list": lambda _: [],
    "longer list": lambda _: ["a", "b"],
    "None": lambda _: None,
    "pseudo parameter": lambda _: cdk.Aws.REGION,
    "text with a pseudo parameter": lambda _: f"arn:{cdk.Aws.PARTITION}:iam::1:root",
    "text parameter": parameter,
    "number parameter": number_parameter,
    "list parameter": list_parameter,
    "lazy text": lambda _: cdk.Lazy.uncached_string(Text()),
    "physical name": lambda _: cdk.PhysicalName.GENERATE_IF_NEEDED,
    "reference": lambda stack: cdk.CfnResource(stack, "Topic", type="AWS::SNS::Topic").ref,
    "stack name": lambda stack: cdk.Aws.STACK_NAME + stack.stack_name,
    "function": lambda _: cdk.Fn.import_value("Name"),
    "list of a function": lambda _: cdk.Fn.split(",", cdk.Fn.import_value("Names")),
    "number in text": lambda _: cdk.Token.as_string(cdk.Token.as_number({"Ref": "Count"})),
    "number": lambda _: cdk.Token.as_number({"Ref": "Count"}),
    "list token": lambda _: cdk.Token.as_list({"Ref": "Names"}),
}


@pytest.mark.parametrize("make", VALUES.values(), ids=VALUES)
def test_agrees_with_cdk(stack: cdk.Stack, make: Callable[[cdk.Stack], object]) -> None:
    """A text, number or list is a deploy-time value exactly if CDK says so."""
    value = make(stack)
    ours = any(map(is_list_mark, value)) if isinstance(value, list) else is_unresolved(value)

    assert cdk.Token.is_unresolved(value) == ours
