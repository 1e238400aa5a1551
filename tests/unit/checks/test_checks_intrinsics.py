"""What intrinsic functions come to, and what stays unknown."""

from typing import Any

import pytest

from ecr_constructs.checks import Template
from ecr_constructs.cloudformation.graph import Stack, TemplateSet
from ecr_constructs.cloudformation.intrinsics import as_written
from ecr_constructs.model.tokens import is_unresolved

REGION, ACCOUNT = "eu-central-1", "111122223333"
BODY: dict[str, Any] = {
    "Parameters": {
        "Free": {"Type": "String", "Default": "x"},
        "Fixed": {"Type": "String", "AllowedValues": ["prod"]},
    },
    "Mappings": {"Sizes": {"prod": {"Days": 30}, REGION: {"Days": 7}}},
    "Conditions": {
        "Yes": {"Fn::Equals": [{"Ref": "Fixed"}, "prod"]},
        "No": {"Fn::Not": [{"Condition": "Yes"}]},
        "Free": {"Fn::Equals": [{"Ref": "Free"}, "x"]},
        "Both": {"Fn::And": [{"Condition": "Yes"}, {"Condition": "No"}]},
        "Either": {"Fn::Or": [{"Condition": "Free"}, {"Condition": "Yes"}]},
        "Neither": {"Fn::Or": [{"Condition": "No"}, {"Condition": "No"}]},
        "FreeAndYes": {"Fn::And": [{"Condition": "Free"}, {"Condition": "Yes"}]},
        "NotFree": {"Fn::Not": [{"Condition": "Free"}]},
        "FreeOrNo": {"Fn::Or": [{"Condition": "Free"}, {"Condition": "No"}]},
        "Other": {"Fn::Equals": [{"Ref": "AWS::StackName"}, "x"]},
        "FreeAndOther": {"Fn::And": [{"Condition": "Free"}, {"Condition": "Other"}]},
        "Itself": {"Condition": "Itself"},
        "Broken": {"Fn::Equals": ["one"]},
    },
    "Resources": {
        "Api": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "a/b"}},
        "Unnamed": {"Type": "AWS::ECR::Repository"},
        "Login": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": "s"}},
        "Loop": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": {"Ref": "Loop"}}},
    },
}


def stack(region: str | None = REGION, account: str | None = ACCOUNT) -> Stack:
    return TemplateSet([Template("t", BODY, account, region)]).stacks[0]


KNOWN = {
    "text": ("a", "a"),
    "number": (5, 5),
    "pseudo parameters": (
        {"Fn::Sub": "${AWS::Partition}/${AWS::Region}/${AWS::AccountId}/${AWS::URLSuffix}"},
        "aws/eu-central-1/111122223333/amazonaws.com",
    ),
    "join": ({"Fn::Join": ["-", ["a", {"Ref": "Fixed"}, True]]}, "a-prod-true"),
    "sub with variables": ({"Fn::Sub": ["${A}-${!B}", {"A": {"Ref": "Fixed"}}]}, "prod-${B}"),
    "select": ({"Fn::Select": ["1", ["a", "b"]]}, "b"),
    "split": ({"Fn::Split": ["/", "a/b"]}, ["a", "b"]),
    "map": ({"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "Days"]}, 7),
    "condition that holds": ({"Fn::If": ["Yes", 1, 2]}, 1),
    "condition that does not": ({"Fn::If": ["No", 1, 2]}, 2),
    "and": ({"Fn::If": ["Both", 1, 2]}, 2),
    "or": ({"Fn::If": ["Either", 1, 2]}, 1),
    "or of none": ({"Fn::If": ["Neither", 1, 2]}, 2),
    "absent": ({"a": {"Ref": "AWS::NoValue"}, "b": [1, {"Ref": "AWS::NoValue"}]}, {"b": [1]}),
    "JSON": ({"Fn::ToJsonString": {"a": {"Ref": "Fixed"}}}, '{"a":"prod"}'),
    "a repository's name": ({"Ref": "Api"}, "a/b"),
    "a repository's ARN": (
        {"Fn::GetAtt": "Api.Arn"},
        "arn:aws:ecr:eu-central-1:111122223333:repository/a/b",
    ),
    "a secret": (
        {"Fn::Sub": "${Login}"},
        "arn:aws:secretsmanager:eu-central-1:111122223333:secret:s-??????",
    ),
}
UNKNOWN = {
    "free parameter": {"Ref": "Free"},
    "undefined": {"Ref": "Nothing"},
    "not a name": {"Ref": ["Api"]},
    "part of a text": {"Fn::Sub": "a-${Free}-${Unnamed.Arn}"},
    "part of a join": {"Fn::Join": ["", ["a", {"Ref": "Free"}, {"b": 1}]]},
    "broken join": {"Fn::Join": "a"},
    "join of a text": {"Fn::Join": ["", {"Ref": "Free"}]},
    "broken sub": {"Fn::Sub": 5},
    "broken select": {"Fn::Select": "a"},
    "select without a number": {"Fn::Select": [{"Ref": "Free"}, ["a"]]},
    "select beyond": {"Fn::Select": [3, ["a"]]},
    "split of the unknown": {"Fn::Split": ["/", {"Ref": "Free"}]},
    "map of the unknown": {"Fn::FindInMap": ["Sizes", {"Ref": "Free"}, "Days"]},
    "broken map": {"Fn::FindInMap": "a"},
    "free condition": {"Fn::If": ["Free", 1, 2]},
    "and of the free": {"Fn::If": ["FreeAndYes", 1, 2]},
    "and of two that are free": {"Fn::If": ["FreeAndOther", 1, 2]},
    "not of the free": {"Fn::If": ["NotFree", 1, 2]},
    "or of the free": {"Fn::If": ["FreeOrNo", 1, 2]},
    "condition of itself": {"Fn::If": ["Itself", 1, 2]},
    "broken condition": {"Fn::If": ["Broken", 1, 2]},
    "undefined condition": {"Fn::If": ["Nothing", 1, 2]},
    "broken if": {"Fn::If": "Yes"},
    "other function": {"Fn::Base64": "a"},
    "dynamic reference": "{{resolve:ssm:/a}}",
    "import": {"Fn::ImportValue": "nobody"},
    "broken import": {"Fn::ImportValue": {"a": "b"}},
    "broken attribute": {"Fn::GetAtt": ["Api"]},
    "unknown attribute": {"Fn::GetAtt": ["Api", {"Ref": "Free"}]},
    "other stack's name": {"Ref": "AWS::StackName"},
    "itself": {"Ref": "Loop"},
    "attribute of another type": {"Fn::GetAtt": ["Api", ["Arn"]]},
    "undefined resource": {"Fn::GetAtt": ["Nothing", "Arn"]},
}


@pytest.mark.parametrize(("value", "expected"), KNOWN.values(), ids=KNOWN)
def test_known_values(value: Any, expected: Any) -> None:
    """What is known is resolved."""
    assert expected == stack().resolver.resolve(value)


@pytest.mark.parametrize("value", UNKNOWN.values(), ids=UNKNOWN)
def test_unknown_values(value: Any) -> None:
    """What is not known is a mark that the model lets pass."""
    assert is_unresolved(stack().resolver.resolve(value))


def test_a_text_keeps_what_is_known_of_it() -> None:
    """The known parts of a text stand around the mark."""
    text = stack(None, None).resolver.resolve({"Fn::GetAtt": ["Api", "Arn"]})
    assert text.endswith(":repository/a/b")
    assert is_unresolved(text)
    assert is_unresolved(stack(None, None).resolver.resolve({"Ref": "AWS::Partition"}))


def test_depth_is_limited() -> None:
    """A value that is nested deeper than any template is not known."""
    value: Any = "a"
    for _ in range(1000):
        value = {"Fn::Join": ["", [value]]}
    assert is_unresolved(str(stack().resolver.resolve(value)))


def _imported(at: tuple[str | None, str | None], value: Any = "arn") -> Any:
    exports = {
        "Resources": {},
        "Outputs": {
            "Arn": {"Export": {"Name": {"Fn::Sub": "key"}}, "Value": value},
            "Unnamed": {"Export": {"Name": ["x"]}, "Value": 1},
            "Plain": {"Value": 1},
        },
    }
    importer: dict[str, Any] = {"Resources": {}}
    assembly = TemplateSet(
        [Template("one", exports, ACCOUNT, REGION), Template("two", importer, *at)]
    )
    return assembly.stacks[1].resolver.resolve({"Fn::ImportValue": "key"})


def test_an_import_of_the_same_environment() -> None:
    """An export is found in the same account and Region, and only there."""
    assert "arn" == _imported((ACCOUNT, REGION))
    assert is_unresolved(_imported((ACCOUNT, "eu-west-1")))
    assert is_unresolved(_imported((ACCOUNT, REGION), {"Ref": "AWS::NoValue"}))
    assert is_unresolved(_imported((ACCOUNT, REGION), {"Fn::ImportValue": "key"}))


# Expressions, and how messages show them.
WRITTEN = {
    "parameter": ({"Ref": "Free"}, "${Free}"),
    "text": ({"Fn::Sub": "a-${Free}-${AWS::Region}"}, "a-${Free}-eu-central-1"),
    "attribute": ({"Fn::GetAtt": ["Unnamed", "Arn"]}, "${Unnamed.Arn}"),
    "undefined attribute": ({"Fn::GetAtt": ["Nothing", "Arn"]}, "${Nothing.Arn}"),
    "import": ({"Fn::ImportValue": {"Fn::Sub": "${Free}-key"}}, "${!ImportValue ${Free}-key}"),
    "condition": (
        {"Fn::If": ["Free", {"Ref": "Free"}, {"Ref": "AWS::NoValue"}]},
        "${!If [Free, ${Free}, AWS::NoValue]}",
    ),
    "dynamic reference": ("{{resolve:ssm:/a:1}}", "{{resolve:ssm:/a:1}}"),
    "map": (
        {"Fn::FindInMap": ["Sizes", {"Ref": "Free"}, "Days"]},
        "${!FindInMap [Sizes, ${Free}, Days]}",
    ),
    "number": ({"Fn::Select": [3, ["a", 1]]}, "${!Select [3, [a, 1]]}"),
    "long": ({"Fn::Base64": "a" * 200}, f"${{!Base64 {'a' * 99}…}}"),
    "no mark": ("a", "a"),
    "mark of nothing": ("${Token[unknown]}", "${unknown}"),
}


@pytest.mark.parametrize(("value", "expected"), WRITTEN.values(), ids=WRITTEN)
def test_unknown_values_are_shown_as_written(value: Any, expected: str) -> None:
    """A message shows the expression of a value that is not known."""
    assert expected == as_written(stack().resolver.resolve(value))


GIVEN = {
    "text": ("Free", "prod", "prod"),
    "list": ("List", "a, b", ["a", "b"]),
    "pseudo parameter": ("AWS::StackName", "api", "api"),
}


@pytest.mark.parametrize(("name", "value", "expected"), GIVEN.values(), ids=GIVEN)
def test_given_parameters_are_resolved(name: str, value: str, expected: Any) -> None:
    """A parameter with a given value is known, and so is the length of a list."""
    body = {**BODY, "Parameters": {"List": {"Type": "CommaDelimitedList"}}}
    [given] = TemplateSet([Template("t", body, parameters={name: value})]).stacks

    assert expected == given.resolver.resolve({"Ref": name})
    assert len(expected) == given.resolver.resolve({"Fn::Length": list(expected)})


def test_region_and_account_can_be_given() -> None:
    """The pseudo parameters of an environment-agnostic stack can be given."""
    given = {"AWS::Region": "cn-north-1", "AWS::AccountId": ACCOUNT}
    [stack] = TemplateSet([Template("t", BODY, parameters=given)]).stacks
    value = {"Fn::Sub": "${AWS::Partition} ${AWS::Region} ${AWS::AccountId}"}

    assert f"aws-cn cn-north-1 {ACCOUNT}" == stack.resolver.resolve(value)


def test_a_map_can_have_a_default() -> None:
    """A known key that a map lacks selects the default value; an unknown key does not."""
    default = {"DefaultValue": 1}
    lookups = [["Sizes", key, "Days", default] for key in ("dev", {"Ref": "Free"})]
    values = [stack().resolver.resolve({"Fn::FindInMap": keys}) for keys in lookups]

    assert (1, True) == (values[0], is_unresolved(values[1]))
