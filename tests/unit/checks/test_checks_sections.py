"""Parameters, as far as CloudFormation and Python read their patterns alike, and outputs."""

from typing import Any

import pytest

from ecr_constructs.checks import check
from tests.support.rule_examples.build import api, get_att, template

TEXT, NUMBER = {"Type": "String"}, {"Type": "Number"}
# The parameter, and the rules that find something.
CASES: dict[str, tuple[Any, list[str]]] = {
    "a match": ({**TEXT, "Default": "dev", "AllowedPattern": "[a-z]+"}, []),
    "a part of the text matches": (
        {**TEXT, "Default": "dev1", "AllowedPattern": "[a-z]+"},
        ["ECR608"],
    ),
    "no pattern of Python": ({**TEXT, "Default": "1", "AllowedPattern": "[a-z"}, []),
    "a class of Java": ({**TEXT, "Default": "1", "AllowedPattern": r"\p{Lower}+"}, []),
    "an intersection of Java": ({**TEXT, "Default": "b", "AllowedPattern": "[a-z&&[^b]]"}, []),
    "a union of Java": ({**TEXT, "Default": "z", "AllowedPattern": "[a-d[x-z]]"}, []),
    "a possessive repetition": ({**TEXT, "Default": "1", "AllowedPattern": "[a-z]++"}, []),
    "a lookahead": ({**TEXT, "Default": "1", "AllowedPattern": "(?=a).*"}, []),
    "an escape and a group": (
        {**TEXT, "Default": "v1.x", "AllowedPattern": r"v(?:\d+)\.(\d)"},
        ["ECR608"],
    ),
    "groups of a short text": (
        {**TEXT, "Default": "a/B", "AllowedPattern": "([a-z]+/)*[a-z]+"},
        ["ECR608"],
    ),
    "groups of a long text": (
        {**TEXT, "Default": "a" * 40 + "!", "AllowedPattern": "(a|a)*"},
        [],
    ),
    "many repetitions": ({**TEXT, "Default": "a" * 4000, "AllowedPattern": "a*a*a*b"}, []),
    "a pattern that is no text": ({**TEXT, "Default": "a", "AllowedPattern": 5}, []),
    "a pattern that does not compile": ({**TEXT, "Default": "a", "AllowedPattern": "a{2,1}"}, []),
    "a short text": ({**TEXT, "Default": "a", "MinLength": 2}, ["ECR608"]),
    "a long text": ({**TEXT, "Default": "abc", "MaxLength": "2"}, ["ECR608"]),
    "a text within the limits": ({**TEXT, "Default": "ab", "MinLength": 2, "MaxLength": 2}, []),
    "a limit that is no number": ({**TEXT, "Default": "ab", "MinLength": "two"}, []),
    "a small number": ({**NUMBER, "Default": 1, "MinValue": 2}, ["ECR608"]),
    "a large number": ({**NUMBER, "Default": "3", "MaxValue": "2"}, ["ECR608"]),
    "a number": ({**NUMBER, "Default": 2, "MinValue": 1, "MaxValue": 3}, []),
    "a text for a number": ({**NUMBER, "Default": "two"}, ["ECR608"]),
    "the name of a stored parameter": (
        {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/a", "AllowedPattern": "[a-z]"},
        [],
    ),
    "a list": (
        {"Type": "CommaDelimitedList", "Default": "a, b", "AllowedValues": ["a", "b"]},
        [],
    ),
    "a wrong item of a list": (
        {"Type": "CommaDelimitedList", "Default": "a, c", "AllowedValues": ["a", "b"]},
        ["ECR608"],
    ),
    "true": ({**TEXT, "Default": True, "AllowedValues": ["true", "false"]}, []),
    "true as a value": ({**TEXT, "Default": "true", "AllowedValues": [True, False]}, []),
    "no type": ({"Default": "a"}, ["ECR612"]),
    "a type like no other": ({"Type": "Whatever"}, ["ECR612"]),
    "a type of Python": ({"Type": ["String"]}, ["ECR612"]),
    "a list of subnets": ({"Type": "List<AWS::EC2::Subnet::Id>"}, []),
    "not a parameter": ("dev", []),
}


@pytest.mark.parametrize(("parameter", "expected"), CASES.values(), ids=CASES)
def test_parameters_are_judged(parameter: Any, expected: list[str]) -> None:
    """What is not known to differ is not reported."""
    findings = check([template(api(), Parameters={"Stage": parameter})])

    assert expected == [finding.rule for finding in findings]


URI = get_att("Api", "RepositoryUri")
OUTPUTS: dict[str, tuple[Any, list[str]]] = {
    "text": ({"Value": URI}, []),
    "a number": ({"Value": 5}, []),
    "no value": ({"Description": "the URI"}, ["ECR607"]),
    "a value that a transform may add": ({"Fn::Transform": {"Name": "AWS::Include"}}, []),
    "a list": ({"Value": [URI]}, ["ECR607"]),
    "a function that returns a list": ({"Value": {"Fn::Split": ["/", URI]}}, ["ECR607"]),
    "an item of a list": ({"Value": {"Fn::Select": [0, {"Fn::Split": ["/", URI]}]}}, []),
    "a misspelt pseudo parameter": ({"Value": {"Ref": "AWS::AccountID"}}, ["ECR607"]),
}


@pytest.mark.parametrize(("output", "expected"), OUTPUTS.values(), ids=OUTPUTS)
def test_outputs_are_judged(output: Any, expected: list[str]) -> None:
    """The value of an output is text."""
    findings = check([template(api(), Outputs={"Uri": output})])

    assert expected == [finding.rule for finding in findings]


def test_conditions_use_pseudo_parameters() -> None:
    """A misspelt one is not a parameter."""
    conditions = {"IsProd": {"Fn::Equals": [{"Ref": "AWS::AccountID"}, "111122223333"]}}
    findings = check([template(api(), Conditions=conditions)])

    assert ["ECR606"] == [finding.rule for finding in findings]


def test_a_transform_can_be_a_resource() -> None:
    """It adds the type."""
    included = {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {}}}

    assert [] == check([template({**api(), "Included": included})])
