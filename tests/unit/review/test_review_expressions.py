"""No difference between two expressions is silent, and equal expressions are no change."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest

from ecr_constructs.checks import Template
from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.review import Review, review
from tests.support.service_models import resource_schema, resource_types

Place = tuple[str | int, ...]

SERVICES = ("AWS::ECR::", "AWS::KMS::", "AWS::IAM::", "AWS::Events::", "AWS::SNS::")
TYPES = [name for name in resource_types() if name.startswith(SERVICES)]
CONTEXT: dict[str, Any] = {
    "Parameters": {
        **{name: {"Type": "String"} for name in ("A", "B", "Env")},
        "Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/a"},
        "WithDefault": {"Type": "String", "Default": "a"},
    },
    "Conditions": {
        "Prod": {"Fn::Equals": [{"Ref": "Env"}, "prod"]},
        "Dev": {"Fn::Equals": [{"Ref": "Env"}, "dev"]},
        "NotDev": {"Fn::Not": [{"Condition": "Dev"}]},
        "Same": {"Fn::Equals": [{"Ref": "Env"}, "prod"]},
        "Region": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]},
    },
    "Mappings": {"Map": {"prod": {"X": "a"}, "dev": {"X": "b"}}},
}
IN_MAP = {"Fn::FindInMap": ["Map", {"Ref": "Env"}, "X"]}
RESOURCES: dict[str, Any] = {
    name: {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Statement": []}}}
    for name in ("One", "Two")
}


def redefined(section: str, name: str, value: Any) -> dict[str, Any]:
    """Return a context with another definition of a condition, mapping or parameter."""
    return {**CONTEXT, section: {**CONTEXT[section], name: value}}


def condition(name: str, then: Any = "a", otherwise: Any = "b") -> dict[str, Any]:
    """Return a value that a condition decides."""
    return {"Fn::If": [name, then, otherwise]}


NO_VALUE = {"Ref": "AWS::NoValue"}
# Expressions before and after, and the context after, that differ in some deployment.
DIFFERENT: dict[str, tuple[Any, ...]] = {
    "parameter": ({"Ref": "A"}, {"Ref": "B"}),
    "parameter and text": ({"Ref": "A"}, "a"),
    "text in place of its parameter": ("a", {"Fn::Sub": "${A}"}),
    "part of a text": ({"Fn::Sub": "a-${A}"}, {"Fn::Sub": "a-${B}"}),
    "joined": ({"Fn::Join": ["-", ["a", {"Ref": "A"}]]}, {"Fn::Join": ["_", ["a", {"Ref": "A"}]]}),
    "import": ({"Fn::ImportValue": "a"}, {"Fn::ImportValue": "b"}),
    "import of a parameter": (
        {"Fn::ImportValue": {"Fn::Sub": "${A}-key"}},
        {"Fn::ImportValue": {"Fn::Sub": "${B}-key"}},
    ),
    "version of a parameter": ("{{resolve:ssm:/a:1}}", "{{resolve:ssm:/a:2}}"),
    "secret": (
        "{{resolve:secretsmanager:a:SecretString:x}}",
        "{{resolve:secretsmanager:a:SecretString:y}}",
    ),
    "branch": (condition("Prod"), condition("Prod", "c")),
    "other branch": (condition("Prod"), condition("Prod", "a", "c")),
    "branch that is absent": (condition("Prod", NO_VALUE), condition("Prod")),
    "condition": (condition("Prod"), condition("Dev")),
    "negated condition": (condition("Dev"), condition("NotDev")),
    "condition on the Region": (condition("Region"), condition("Region", "c")),
    "redefined condition": (
        condition("Prod"),
        condition("Prod"),
        redefined("Conditions", "Prod", {"Fn::Equals": [{"Ref": "Env"}, "staging"]}),
    ),
    "key of a map": (IN_MAP, {"Fn::FindInMap": ["Map", {"Ref": "A"}, "X"]}),
    "redefined map": (
        IN_MAP,
        IN_MAP,
        redefined("Mappings", "Map", {"prod": {"X": "a"}, "dev": {"X": "c"}}),
    ),
    "name of a stored parameter": (
        {"Ref": "Stored"},
        {"Ref": "Stored"},
        redefined(
            "Parameters",
            "Stored",
            {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/b"},
        ),
    ),
    "default": (
        {"Ref": "WithDefault"},
        {"Ref": "WithDefault"},
        redefined("Parameters", "WithDefault", {"Type": "String", "Default": "b"}),
    ),
    "attribute": ({"Fn::GetAtt": ["One", "Arn"]}, {"Fn::GetAtt": ["Two", "Arn"]}),
    "attribute of nothing": ({"Fn::GetAtt": ["Nowhere", "Arn"]}, {"Fn::GetAtt": ["Gone", "Arn"]}),
    "other function": ({"Fn::Base64": "a"}, {"Fn::Base64": "b"}),
    "selected": (
        {"Fn::Select": [0, {"Fn::Split": [",", {"Ref": "A"}]}]},
        {"Fn::Select": [1, {"Fn::Split": [",", {"Ref": "A"}]}]},
    ),
    "transform": ({"Fn::Transform": {"Name": "A"}}, {"Fn::Transform": {"Name": "B"}}),
    "JSON": ({"Fn::ToJsonString": {"a": {"Ref": "A"}}}, {"Fn::ToJsonString": {"a": {"Ref": "B"}}}),
}
# Expressions that are equal in each deployment.
EQUAL: dict[str, tuple[Any, ...]] = {
    "join and sub": ({"Fn::Join": ["", ["a-", {"Ref": "A"}]]}, {"Fn::Sub": "a-${A}"}),
    "equal branches": (condition("Prod", "a", "a"), "a"),
    "renamed condition": (condition("Prod"), condition("Same")),
    "negated twice": (condition("Dev", "a", "b"), condition("NotDev", "b", "a")),
    "attribute": ({"Fn::GetAtt": ["One", "Arn"]}, {"Fn::GetAtt": "One.Arn"}),
    "reference": ({"Ref": "A"}, {"Fn::Sub": "${A}"}),
    "known key of a map": ({"Fn::FindInMap": ["Map", "prod", "X"]}, "a"),
}


def places(schema: Mapping[str, Any], node: Mapping[str, Any], depth: int = 0) -> Iterator[Place]:
    """Yield the places of all values that a schema describes, three levels deep."""
    if "$ref" in node:
        node = schema["definitions"][node["$ref"].rpartition("/")[2]]
    yield ()
    if depth < 3:
        for name, inner in node.get("properties", {}).items():
            yield from ((name, *place) for place in places(schema, inner, depth + 1))
        if isinstance(node.get("items"), Mapping):
            yield from ((0, *place) for place in places(schema, node["items"], depth + 1))


def properties(kind: str) -> list[Place]:
    """Return the places of all values that a template can set."""
    schema = resource_schema(kind)
    read_only = {name.split("/")[2] for name in schema.get("readOnlyProperties", ())}
    return [place for place in places(schema, schema) if place and place[0] not in read_only]


def set_at(place: Place, value: Any) -> Any:
    """Return a value with another one at a place, and nothing else."""
    for key in reversed(place):
        value = [value] if isinstance(key, int) else {key: value}
    return value


def compared(kind: str, place: Place, *values: Any) -> Review:
    """Review a property that is one expression before and another one after."""
    before, after, *contexts = values
    bodies = [
        {
            **context,
            "Resources": {**RESOURCES, "X": {"Type": kind, "Properties": set_at(place, value)}},
        }
        for context, value in zip((CONTEXT, *contexts, CONTEXT), (before, after), strict=False)
    ]
    base, head = (TemplateSet([Template("t", body, stack="Prod")]) for body in bodies)
    return review(base, head)


def pairs(kind: str, expressions: Iterable[str], share: int) -> Iterator[tuple[Place, str]]:
    """Yield each property with a share of the expressions, each of them about equally often."""
    for number, place in enumerate(properties(kind)):
        for offset, name in enumerate(expressions):
            if (number + offset) % share == 0:
                yield place, name


def silent(kind: str, share: int = 1) -> list[tuple[Place, str]]:
    """Return the properties whose difference the review does not report."""
    return [
        (place, name)
        for place, name in pairs(kind, DIFFERENT, share)
        if not compared(kind, place, *DIFFERENT[name]).changes
    ]


def reported(kind: str, share: int = 1) -> list[tuple[Place, str, Any]]:
    """Return the properties that the review reports, although they are equal."""
    return [
        (place, name, result.changes)
        for place, name in pairs(kind, EQUAL, share)
        if (result := compared(kind, place, *EQUAL[name])).changes
    ]


@pytest.mark.parametrize("kind", TYPES)
def test_a_different_expression_is_never_silent(kind: str) -> None:
    """Wherever an expression differs, the review has a change."""
    assert [] == silent(kind, share=13)


@pytest.mark.parametrize("kind", TYPES)
def test_equal_expressions_are_no_change(kind: str) -> None:
    """Expressions with the same value in each deployment are no change."""
    assert [] == reported(kind, share=7)


@pytest.mark.parametrize("kind", ["AWS::ECR::Repository", "AWS::KMS::Key", "AWS::IAM::Role"])
@pytest.mark.parametrize(
    ("attribute", "before", "after"),
    [
        ("DeletionPolicy", "Retain", condition("Prod", "Retain", "Delete")),
        (
            "DeletionPolicy",
            condition("Prod", "Retain", "Delete"),
            condition("Dev", "Retain", "Delete"),
        ),
        ("UpdateReplacePolicy", "Retain", "Delete"),
        ("Condition", "Prod", "Dev"),
        ("Condition", None, "Prod"),
    ],
)
def test_a_different_attribute_is_never_silent(
    kind: str, attribute: str, before: Any, after: Any
) -> None:
    """The attributes that decide what becomes of a resource are compared as properties are."""
    base, head = (
        TemplateSet(
            [
                Template(
                    "t",
                    {
                        **CONTEXT,
                        "Resources": {"X": {"Type": kind, **({attribute: value} if value else {})}},
                    },
                    stack="Prod",
                )
            ]
        )
        for value in (before, after)
    )

    assert review(base, head).changes
