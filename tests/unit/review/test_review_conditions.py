"""What a review says where conditions, parameters and unread parts decide."""

from collections.abc import Mapping
from typing import Any

import pytest

from ecr_constructs.checks import Template
from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.review import Review, review

ENV = {"Parameters": {"Env": {"Type": "String"}}}
PROD = {"Prod": {"Fn::Equals": [{"Ref": "Env"}, "prod"]}}
TEST = {"Test": {"Fn::Equals": ["test", {"Ref": "Env"}]}}
KEPT = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}


def body(
    conditions: Mapping[str, Any] | None = None,
    sections: Mapping[str, Any] | None = None,
    attributes: Mapping[str, Any] | None = None,
    **properties: Any,
) -> dict[str, Any]:
    """Return a template with a repository."""
    kind = "AWS::ECR::Repository"
    properties = {"RepositoryName": "x/a", "ImageTagMutability": "IMMUTABLE", **properties}
    api = {"Type": kind, "Properties": properties, **(KEPT if attributes is None else attributes)}
    return {**ENV, "Conditions": conditions or {}, **(sections or {}), "Resources": {"Api": api}}


def compared(before: Mapping[str, Any], after: Mapping[str, Any], copies: int = 1) -> Review:
    """Review a template, in one or several stacks."""
    base, head = (
        TemplateSet([Template(f"t{number}", side, stack=f"S{number}") for number in range(copies)])
        for side in (before, after)
    )
    return review(base, head)


def if_(name: str, then: Any, otherwise: Any) -> dict[str, Any]:
    return {"Fn::If": [name, then, otherwise]}


def chosen(*values: str) -> dict[str, Any]:
    """Return the section of a parameter with these allowed values."""
    return {"Parameters": {"Env": {"Type": "String", "AllowedValues": list(values)}}}


BOTH = {**PROD, **TEST}
# Templates before and after, and the kind, severity and assumptions of each change.
CASES: dict[str, tuple[dict[str, Any], dict[str, Any], set[tuple[str, str, str | None]]]] = {
    "a branch becomes mutable": (
        body(PROD, ImageTagMutability=if_("Prod", "IMMUTABLE", "MUTABLE")),
        body(PROD, ImageTagMutability=if_("Prod", "MUTABLE", "MUTABLE")),
        {("weakened", "warning", "if Env is prod")},
    ),
    "another condition": (
        body(BOTH, ImageTagMutability=if_("Prod", "IMMUTABLE", "MUTABLE")),
        body(BOTH, ImageTagMutability=if_("Test", "IMMUTABLE", "MUTABLE")),
        {("weakened", "warning", "if Env is prod"), ("strengthened", "note", "if Env is test")},
    ),
    "a redefined condition": (
        body(PROD, attributes={"Condition": "Prod"}, EmptyOnDelete=True),
        body(
            {"Prod": {"Fn::Equals": [{"Ref": "Env"}, "staging"]}},
            attributes={"Condition": "Prod"},
            EmptyOnDelete=True,
        ),
        {("removed", "error", "if Env is prod"), ("other", "note", "if Env is staging")},
    ),
    "a condition added": (
        body(PROD, EmptyOnDelete=True, attributes={}),
        body(PROD, EmptyOnDelete=True, attributes={"Condition": "Prod"}),
        {("removed", "error", "if Env is not prod")},
    ),
    "a protection under a condition": (
        body(PROD, attributes={}),
        body(PROD, attributes={}, EmptyOnDelete=if_("Prod", "false", "true")),
        {("unprotected", "warning", "if Env is not prod")},
    ),
    "a retention under a condition": (
        body(BOTH, attributes={**KEPT, "DeletionPolicy": if_("Prod", "Retain", "Delete")}),
        body(BOTH, attributes={**KEPT, "DeletionPolicy": if_("Test", "Retain", "Delete")}),
        {("unprotected", "warning", "if Env is prod"), ("strengthened", "note", "if Env is test")},
    ),
    "two allowed values": (
        body(PROD, chosen("prod", "dev"), ImageTagMutability=if_("Prod", "IMMUTABLE", "MUTABLE")),
        body(PROD, chosen("prod", "dev"), ImageTagMutability="MUTABLE"),
        {("weakened", "warning", "if Env is prod")},
    ),
    "the only other allowed value": (
        body(PROD, chosen("prod", "dev"), ImageTagMutability=if_("Prod", "MUTABLE", "IMMUTABLE")),
        body(PROD, chosen("prod", "dev"), ImageTagMutability="MUTABLE"),
        {("weakened", "warning", "if Env is dev")},
    ),
    "a value that is not allowed": (
        body(PROD, chosen("a", "b"), ImageTagMutability=if_("Prod", "MUTABLE", "IMMUTABLE")),
        body(PROD, chosen("a", "b"), ImageTagMutability="IMMUTABLE"),
        set(),
    ),
    "no value is left": (
        body(PROD, chosen("prod"), ImageTagMutability=if_("Prod", "MUTABLE", "IMMUTABLE")),
        body(PROD, chosen("prod"), ImageTagMutability="IMMUTABLE"),
        {("strengthened", "note", None)},
    ),
    "a repeated allowed value": (
        body(PROD, chosen("prod", "prod"), ImageTagMutability=if_("Prod", "IMMUTABLE", "MUTABLE")),
        body(PROD, chosen("prod", "prod"), ImageTagMutability="MUTABLE"),
        {("weakened", "warning", None)},
    ),
    "a resource and an import": (
        body(
            {
                "Named": {"Fn::Equals": [{"Ref": "Api"}, "x/a"]},
                "Imported": {"Fn::Equals": [{"Fn::ImportValue": "a"}, "a"]},
                "Both": {"Fn::And": [{"Condition": "Named"}, {"Condition": "Imported"}]},
            },
            ImageTagMutability=if_("Both", "IMMUTABLE", "MUTABLE"),
        ),
        body(ImageTagMutability="MUTABLE"),
        {("weakened", "warning", "if ${!ImportValue a} is a")},
    ),
    "a comparison of two parameters": (
        body(
            {"Same": {"Fn::Equals": [{"Ref": "Env"}, {"Ref": "Other"}]}},
            ImageTagMutability=if_("Same", "IMMUTABLE", "MUTABLE"),
        ),
        body(ImageTagMutability="MUTABLE"),
        {("weakened", "warning", "if Env is Other")},
    ),
    "the Region": (
        body(
            {"Home": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]}},
            ImageTagMutability=if_("Home", "IMMUTABLE", "MUTABLE"),
        ),
        body(ImageTagMutability="MUTABLE"),
        {("weakened", "warning", "if AWS::Region is eu-west-1")},
    ),
    "in every case": (
        body(PROD, ImageTagMutability=if_("Prod", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION")),
        body(PROD, ImageTagMutability="MUTABLE"),
        {("weakened", "warning", None)},
    ),
    "two of three cases": (
        body(
            {**PROD, "Staging": {"Fn::Equals": [{"Ref": "Env"}, "staging"]}},
            ImageTagMutability=if_("Prod", "IMMUTABLE", if_("Staging", "IMMUTABLE", "MUTABLE")),
        ),
        body(ImageTagMutability="MUTABLE"),
        {("weakened", "warning", "if Env is prod or Env is staging")},
    ),
}


def seen(result: Review) -> set[tuple[str, str, str | None]]:
    return {
        (change.kind, str(change.severity), change.when)
        for change in result.changes
        if change.kind != "finding"
    }


@pytest.mark.parametrize("case", CASES)
def test_each_assignment_of_the_conditions_is_reviewed(case: str) -> None:
    """A change that not every deployment sees names the deployments."""
    before, after, expected = CASES[case]

    assert expected == seen(compared(before, after))


def test_stacks_with_the_same_parameters_are_assigned_together() -> None:
    """Thirty stacks with one condition need two reviews, not two to the power of thirty."""
    before, after, _ = CASES["a branch becomes mutable"]
    result = compared(before, after, copies=30)

    assert {("weakened", "warning", "if Env is prod")} == seen(result)
    assert {f"S{number}" for number in range(30)} == {change.stack for change in result.changes}
    assert () == result.unread


def test_stacks_with_other_parameters_are_assigned_apart() -> None:
    """A change of a stack depends on its own parameters only."""
    before, after, _ = CASES["a branch becomes mutable"]
    other = {
        "Conditions": {"Prod": {"Fn::Equals": [{"Ref": "Tier"}, "gold"]}},
        "Parameters": {"Tier": {"Type": "String"}},
    }
    base, head = (
        TemplateSet(
            [
                Template("a", side, stack="A"),
                Template("b", {**side, **other}, stack="B"),
                Template("c", body(ImageTagMutability=tags), stack="C"),
            ]
        )
        for side, tags in ((before, "IMMUTABLE"), (after, "MUTABLE"))
    )

    assert {("A", "if Env is prod"), ("B", "if Tier is gold"), ("C", None)} == {
        (change.stack, change.when)
        for change in review(base, head).changes
        if change.kind == "weakened"
    }


def many(count: int) -> dict[str, Any]:
    """Return a template with a repository for each of many independent conditions."""
    names = [f"C{number}" for number in range(count)]
    return {
        "Parameters": {name: {"Type": "String"} for name in names},
        "Conditions": {name: {"Fn::Equals": [{"Ref": name}, "yes"]} for name in names},
        "Resources": {
            f"R{name}": {
                "Type": "AWS::ECR::Repository",
                "Properties": {"ImageTagMutability": if_(name, "IMMUTABLE", "MUTABLE")},
            }
            for name in names
        },
    }


def test_too_many_combinations_are_said() -> None:
    """Beyond the bound the changes stay, without what decides them, and the stack is named."""
    after = many(9)
    for resource in after["Resources"].values():
        resource["Properties"]["ImageTagMutability"] = "MUTABLE"
    result = compared(many(9), after)

    assert ["conditions-not-enumerated"] == [item.code for item in result.unread]
    assert 9 == len({change.resource for change in result.changes if change.kind != "finding"})


def test_some_of_many_combinations_are_counted() -> None:
    """What cannot be said in a few words is counted."""
    names = [f"P{number}" for number in range(5)]
    value: Any = "MUTABLE"
    for name in names:
        value = if_(name, "IMMUTABLE", value)
    conditions = {name: {"Fn::Equals": [{"Ref": "Env"}, name]} for name in names}
    result = compared(
        body(conditions, ImageTagMutability=value), body(ImageTagMutability="MUTABLE")
    )

    assert {("weakened", "warning", "in 5 of 6 combinations of the conditions")} == seen(result)


def loop(items: Any, key: str = "Repo${Name}", **properties: Any) -> dict[str, Any]:
    """Return a template with a loop."""
    name = {"RepositoryName": {"Fn::Sub": "x/${Name}"}, "EmptyOnDelete": True}
    resource = {"Type": "AWS::ECR::Repository", "Properties": {**name, **properties}}
    return {
        "Transform": ["AWS::LanguageExtensions"],
        "Parameters": {"Names": {"Type": "CommaDelimitedList", "Default": "a,b"}},
        "Resources": {"Fn::ForEach::Repos": ["Name", items, {key: resource}]},
    }


def default(value: object) -> dict[str, Any]:
    """Return the section of a parameter with a default."""
    return {"Parameters": {"Tags": {"Default": value}}}


def including(place: str) -> dict[str, Any]:
    """Return a template with a resource whose content is elsewhere."""
    fragment = {"Name": "AWS::Include", "Parameters": {"Location": place}}
    return {"Resources": {"Included": {"Fn::Transform": fragment}, "Odd": 7}}


def included(place: str, resource_type: str = "AWS::ECR::Repository", **properties: Any) -> Any:
    """Return a template with a resource some of whose properties are elsewhere."""
    fragment = {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": place}}}
    return {"Resources": {"Api": {"Type": resource_type, "Properties": {**properties, **fragment}}}}


def named_by(path: str) -> dict[str, Any]:
    """Return a template whose repository has its name from Systems Manager."""
    parameter = {"Type": "AWS::SSM::Parameter::Value<String>", "Default": path}
    properties = {"RepositoryName": {"Ref": "Name"}}
    resources = {"Api": {"Type": "AWS::ECR::Repository", "Properties": properties}}
    return {"Parameters": {"Name": parameter}, "Resources": resources}


def module(name: str) -> dict[str, Any]:
    """Return a module, whose resources are registered elsewhere."""
    return {"Type": "Acme::ECR::Repository::MODULE", "Properties": {"Name": name}}


PARAMETER = {"Ref": "Names"}
OTHER_DEFAULT = {"Parameters": {"Names": {"Type": "CommaDelimitedList", "Default": "a"}}}
MACRO = {**body(), "Transform": "Macro"}
FRAGMENT = {**body(), "Resources": {"Fn::Transform": {"Name": "AWS::Include"}}}
# Sides, and the kind, severity and codes of each change.
REST: dict[str, tuple[dict[str, Any], dict[str, Any], set[tuple[str, str, tuple[str, ...]]]]] = {
    "an item of a loop": (
        loop(["a", "b"]),
        loop(["a"]),
        {("removed", "error", ("images-deleted",))},
    ),
    "the body of a loop": (
        loop(["a"], ImageTagMutability="IMMUTABLE"),
        loop(["a"]),
        {("weakened", "warning", ("undeclared",))},
    ),
    "the body of a loop that is not expanded": (
        loop(PARAMETER, ImageTagMutability="IMMUTABLE"),
        loop(PARAMETER),
        {("other", "warning", ("unread-changed",))},
    ),
    "the default of a loop": (
        loop(PARAMETER),
        {**loop(PARAMETER), **OTHER_DEFAULT},
        {
            ("other", "note", ("default-changed",)),
            ("removed", "warning", ("images-deleted",)),
        },
    ),
    "a macro": (body(), MACRO, {("other", "warning", ("unread-changed",))}),
    "an included fragment": (
        {"Resources": {}},
        FRAGMENT,
        {("other", "warning", ("unread-changed",)), ("other", "note", ("parameters new",))},
    ),
    "a fragment included in a resource": (
        including("a.yaml"),
        including("b.yaml"),
        {("other", "warning", ("unread-changed",))},
    ),
    "a fragment in place of properties": (
        included("a.yaml"),
        included("b.yaml"),
        {("other", "warning", ("unread-changed",))},
    ),
    "a fragment next to properties": (
        included("a.yaml", RepositoryName="a/b"),
        included("b.yaml", RepositoryName="a/b"),
        {("other", "warning", ("unread-changed",))},
    ),
    "a fragment next to properties that are not ours": (
        included("a.yaml", "AWS::S3::Bucket"),
        included("b.yaml", "AWS::S3::Bucket"),
        {("other", "note", ("unread-changed",))},
    ),
    "a fragment next to statements": (
        body(None, RepositoryPolicyText={"Statement": [], "Fn::Transform": "A"}),
        body(None, RepositoryPolicyText={"Statement": [], "Fn::Transform": "B"}),
        {
            ("access-widened", "warning", ("unknown policy",)),
            ("access-narrowed", "warning", ("unknown policy",)),
        },
    ),
    "the path of a name in Systems Manager": (
        named_by("/a"),
        named_by("/b"),
        {
            ("other", "note", ("default-changed",)),
            ("replaced", "warning", ("deleted-if-empty", "uncertain")),
        },
    ),
    "the globals of SAM": (
        {**body(), "Globals": {"Function": {"Policies": []}}},
        {**body(), "Globals": {"Function": {"Policies": ["AdministratorAccess"]}}},
        {("other", "warning", ("unread-changed",))},
    ),
    "a default that is removed": (
        body(None, default(value=True)),
        body(None, {"Parameters": {"Tags": {}}}),
        {("other", "note", ("parameters defined",))},
    ),
    "a module": (
        {"Resources": {"A": module("a"), "B": module("b")}},
        {"Resources": {"A": module("c"), "C": module("b")}},
        {
            ("other", "warning", ("changed Name",)),
            ("other", "warning", ("removed",)),
            ("other", "warning", ("new",)),
        },
    ),
    "a default that a repository uses": (
        body(
            None,
            {"Parameters": {"Tags": {"Default": "IMMUTABLE"}}},
            ImageTagMutability={"Ref": "Tags"},
            Tags=[{"Ref": "A"}],
        ),
        body(
            None,
            {"Parameters": {"Tags": {"Default": "MUTABLE"}}},
            ImageTagMutability={"Ref": "Tags"},
            Tags=[{"Ref": "A"}],
        ),
        {("other", "note", ("default-changed",)), ("weakened", "warning", ())},
    ),
    "a default, and a change that does not depend on it": (
        body(None, default("IMMUTABLE"), ImageTagMutability={"Ref": "Tags"}, EmptyOnDelete=False),
        body(None, default("MUTABLE"), ImageTagMutability={"Ref": "Tags"}, EmptyOnDelete=True),
        {
            ("other", "note", ("default-changed",)),
            ("weakened", "warning", ()),
            ("other", "note", ("changed EmptyOnDelete",)),
        },
    ),
    "a default that nothing uses": (
        body(None, default(value=True)),
        body(None, default(value=False)),
        {("other", "note", ("default-changed",))},
    ),
    "parameters": (
        body(None, {"Parameters": {"A": {"Type": "String"}, "B": {"Type": "String"}, "C": 1}}),
        body(None, {"Parameters": {"B": {"Type": "Number"}, "C": 1, "D": {"Type": "String"}}}),
        {
            ("other", "note", ("parameters new",)),
            ("other", "note", ("parameters removed",)),
            ("other", "note", ("parameters defined",)),
        },
    ),
    "outputs": (
        {**body(), "Outputs": {"A": {"Value": "a", "Description": "x"}, "B": 1, "C": {"Value": 1}}},
        {**body(), "Outputs": {"A": {"Value": "b", "Description": "y"}, "B": 1, "D": {"Value": 1}}},
        {("other", "note", ("outputs-changed",))},
    ),
    "a description of an output": (
        {**body(), "Outputs": {"A": {"Value": "a", "Description": "x"}}},
        {**body(), "Outputs": {"A": {"Value": "a", "Description": "y"}}},
        set(),
    ),
}


@pytest.mark.parametrize("case", REST)
def test_everything_else_in_a_template_counts(case: str) -> None:
    """Loops, parameters, outputs and what is not read are compared."""
    before, after, expected = REST[case]

    assert expected == {
        (change.kind, str(change.severity), change.codes)
        for change in compared(before, after).changes
        if change.kind != "finding"
    }


def test_unread_parts_of_both_sides_are_listed_once() -> None:
    """What is not read on either side is a part of the review."""
    assert [("t0", "", "loop-not-expanded")] == [
        (item.template, item.resource, item.code)
        for item in compared(loop(PARAMETER), loop(PARAMETER)).unread
    ]


AWS_POLICY = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"
OTHER_POLICY = "arn:aws:iam::111122223333:policy/team"


def test_policies_that_are_known_by_their_arn_only_are_listed() -> None:
    """AWS's own policies and those of the app are read, others are not."""
    own = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {"Statement": []}}}
    arns = [AWS_POLICY, OTHER_POLICY, {"Ref": "Own"}, {"Ref": "Given"}]
    role = {"Type": "AWS::IAM::Role", "Properties": {"ManagedPolicyArns": arns}}
    side = {"Parameters": {"Given": {"Type": "String"}}, "Resources": {"Own": own, "Ci": role}}
    result = compared(side, side)

    assert [] == list(result.changes)
    assert [("Ci", "policy-not-read", True), ("Ci", "policy-not-read", False)] == [
        (item.resource, item.code, OTHER_POLICY in item.message) for item in result.unread
    ]


def test_deep_conditions_are_not_searched() -> None:
    """Deeper than any template, a condition is not found, and nothing crashes."""
    value: Any = if_("Prod", "a", "b")
    for _ in range(300):
        value = [value]
    before, after = body(PROD, Tags=value), body(PROD, Tags=[value])

    assert {("other", "note", None)} == seen(compared(before, after))
