"""What CloudFormation does with resources; `tests/unit/review` shows what a review makes of it."""

from typing import Any

import pytest

from ecr_constructs.cloudformation.graph import Resource, TemplateSet
from ecr_constructs.cloudformation.resource_types import (
    CACHE,
    CREATION_TEMPLATE,
    PULL_TIME_EXCLUSION,
    REGISTRY_POLICY,
    REPLICATION,
    REPOSITORY,
    ROLE,
    SCANNING,
    TOPIC,
)
from ecr_constructs.cloudformation.update_behavior import (
    certainly_differ,
    name_property,
    outcome_of,
    rejects_duplicates,
    replacement_of,
    retains,
)
from tests.support.rule_examples.build import get_att, key, repository, resource, template


def it(body: Any, **beside: Any) -> Resource:
    """Return a resource of a template with other resources."""
    [stack] = TemplateSet([template({"It": body, **beside})]).stacks
    return stack.resources["It"]


@pytest.mark.parametrize(
    ("kind", "name", "rejects"),
    [
        (REPOSITORY, "RepositoryName", True),
        (CACHE, "EcrRepositoryPrefix", True),
        (CREATION_TEMPLATE, "Prefix", True),
        (PULL_TIME_EXCLUSION, "PrincipalArn", True),
        (ROLE, "RoleName", True),
        (TOPIC, "TopicName", True),
        ("AWS::Events::Rule", "Name", True),
        ("AWS::KMS::Alias", "AliasName", True),
        ("AWS::KMS::Key", None, False),
        # An inline policy is identified by several properties.
        ("AWS::IAM::RolePolicy", None, False),
        (REPLICATION, None, True),
        (REGISTRY_POLICY, None, True),
        # Their handlers are not published.
        (SCANNING, None, None),
        ("Custom::Any", None, False),
    ],
)
def test_types_have_names(kind: str, name: str | None, rejects: Any) -> None:
    """From the schemas of CloudFormation."""
    assert (name, rejects) == (name_property(kind), rejects_duplicates(kind))


def sub(text: str) -> dict[str, str]:
    """Return a text with variables."""
    return {"Fn::Sub": text}


NAME = {"Ref": "Name"}
KEYS = {"Key": key(), "Other": key(), "Custom": resource("Custom::Key", {})}
# Two values, and whether they differ whatever their unknown parts are.
DIFFERENT: dict[str, tuple[Any, Any, bool]] = {
    "literals": ("a", "b", True),
    "the same": ("a", "a", False),
    "two keys": (get_att("Key"), get_att("Other"), True),
    "two attributes of a key": (get_att("Key"), {"Ref": "Key"}, True),
    "no key": (get_att("Key"), None, True),
    "a custom resource": (get_att("Key"), get_att("Custom"), False),
    "an expression and none": (NAME, None, False),
    "an expression and a text": (NAME, "a", False),
    "a key and a text": (get_att("Key"), "arn:aws:kms:…", False),
    "another prefix": (sub("a-${AWS::StackId}"), sub("b-${AWS::StackId}"), True),
    "a longer one": (sub("a${AWS::StackId}"), sub("${AWS::StackId}bb"), True),
    # It depends on what is in between.
    "the other way round": (sub("a${AWS::StackId}"), sub("${AWS::StackId}a"), False),
    "another expression": (sub("a${AWS::StackId}"), sub("b${AWS::StackName}"), False),
    "one member": ({"a": 1, "b": NAME}, {"a": 2, "b": NAME}, True),
    "a missing member": ({"a": 1}, {}, True),
}


@pytest.mark.parametrize("case", DIFFERENT)
def test_values_definitely_differ(case: str) -> None:
    """References to two resources do; expressions may have equal results."""
    old, new, expected = DIFFERENT[case]
    before, after = (it(resource("A::B::C", {"P": value}), **KEYS) for value in (old, new))

    assert expected == certainly_differ(before.get("P"), after.get("P"), before, after)


# EmptyOnDelete and UpdateReplacePolicy of the old repository and of the new one.
OUTCOMES: dict[str, tuple[Any, Any, str, Any, bool]] = {
    "kept": (False, False, "deleted-if-empty", "Delete", True),
    "emptied": (True, True, "images-deleted", "Delete", True),
    "emptied from now on": (False, True, "images-deleted", "Delete", False),
    "no longer emptied": (True, False, "images-deleted", "Delete", False),
    "unknown": (False, {"Ref": "Empty"}, "images-deleted", "Delete", False),
    "retained": (True, True, "retained", "Retain", True),
    "perhaps retained": (False, False, "deleted-if-empty", {"Ref": "Policy"}, False),
    "perhaps retained, emptied": (True, True, "images-deleted", {"Ref": "Policy"}, False),
}


@pytest.mark.parametrize("case", OUTCOMES)
def test_outcome_for_images(case: str) -> None:
    """The new template decides about retention, the old and the new one about images."""
    old, new, fate, policy, is_certain = OUTCOMES[case]
    before, after = (
        it(repository(EmptyOnDelete=empties, UpdateReplacePolicy=policy)) for empties in (old, new)
    )
    outcome = outcome_of(before, "UpdateReplacePolicy", after)

    assert (fate, is_certain) == (outcome.fate, outcome.is_certain)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("Retain", True),
        ("RetainExceptOnCreate", True),
        ("Delete", False),
        ("Snapshot", False),
        (None, False),
        ({"Ref": "Policy"}, None),
    ],
)
def test_deletion_policies(policy: Any, expected: Any) -> None:
    """Three values: an expression may retain."""
    assert expected is retains(it(resource("A::B::C", {}, DeletionPolicy=policy)), "DeletionPolicy")


def test_replacement_needs_a_create_only_property() -> None:
    """Others are updated in place."""
    before, after = (it(repository(ImageTagMutability=tags)) for tags in ("MUTABLE", "IMMUTABLE"))

    assert replacement_of(before, after) is None


@pytest.mark.parametrize("is_certain", [True, False])
def test_reference_to_a_replaced_resource(*, is_certain: bool) -> None:
    """It gets another value, wherever in a property it is."""
    encryption = {"EncryptionType": "KMS", "KmsKey": get_att("Role")}
    body = repository(EncryptionConfiguration=encryption, Tags=[{"Key": "a", "Value": "b"}])
    before, after = (it(body, Role=resource(ROLE, {})) for _ in range(2))
    replaced = {after.stack.resources["Role"]: is_certain}
    replacement = replacement_of(before, after, replaced)

    assert replacement is not None
    assert (["EncryptionConfiguration"], is_certain) == (
        list(replacement.properties),
        replacement.is_certain,
    )
