"""Which spellings of a value are one."""

import json
from typing import Any

import pytest

from ecr_constructs.cloudformation.resource_types import EVENT_RULE, REPOSITORY, ROLE, TOPIC
from ecr_constructs.review.spelling import is_same_spelling

POLICY = "RepositoryPolicyText"


def policy(**members: Any) -> dict[str, Any]:
    """Return a policy with one statement."""
    return {"Statement": [{"Effect": "Allow", "Principal": {"AWS": ["a", "b"]}, **members}]}


def deep(value: Any) -> Any:
    """Return a value below more lists than any template has."""
    for _ in range(250):
        value = [value]
    return value


# The type, the property, and two values that are the same.
SAME: dict[str, tuple[str, str, Any, Any]] = {
    "an order": (TOPIC, "Subscription", ["a", "b"], ["b", "a"]),
    "tags": (
        REPOSITORY,
        "Tags",
        [{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}],
        [{"Value": "d", "Key": "c"}, {"Value": "b", "Key": "a"}],
    ),
    "JSON and its text": (REPOSITORY, POLICY, policy(), json.dumps(policy())),
    "one action": (REPOSITORY, POLICY, policy(Action="a"), policy(Action=["a"])),
    "one statement": (REPOSITORY, POLICY, policy(), {"Statement": policy()["Statement"][0]}),
    "one principal": (
        REPOSITORY,
        POLICY,
        policy(Principal={"AWS": "a"}),
        policy(Principal={"AWS": ["a"]}),
    ),
    "values of a condition": (
        REPOSITORY,
        POLICY,
        policy(Condition={"Bool": {"k": True}, "NumericLessThan": {"n": 1}}),
        policy(Condition={"Bool": {"k": ["true"]}, "NumericLessThan": {"n": "1"}}),
    ),
    "EmptyOnDelete": (REPOSITORY, "EmptyOnDelete", None, False),
    "EmptyOnDelete as text": (REPOSITORY, "EmptyOnDelete", "true", True),
    "State": (EVENT_RULE, "State", "ENABLED", None),
    "DeletionPolicy": (ROLE, "DeletionPolicy", None, "Delete"),
}
DIFFERENT: dict[str, tuple[str, str, Any, Any]] = {
    "an item": (TOPIC, "Subscription", ["a", "b"], ["a", "c"]),
    "a repeated item": (TOPIC, "Subscription", ["a", "b"], ["a", "b", "b"]),
    "another type": ("AWS::ECS::Service", "LoadBalancers", ["a", "b"], ["b", "a"]),
    "the mutability": (REPOSITORY, "ImageTagMutability", None, "MUTABLE"),
    "DeletionPolicy": (ROLE, "DeletionPolicy", None, "Retain"),
    "broken JSON": (REPOSITORY, POLICY, "{", "{}"),
    "deep lists": (TOPIC, "Subscription", deep(["a", "b"]), deep(["b", "a"])),
    "a statement that is none": (REPOSITORY, POLICY, {"Statement": "a"}, {"Statement": "b"}),
    "conditions that are none": (
        REPOSITORY,
        POLICY,
        policy(Condition={"Bool": "a"}),
        policy(Condition={"Bool": ["a"]}),
    ),
}


@pytest.mark.parametrize("case", SAME)
def test_spellings_of_one_value(case: str) -> None:
    """Order, form and written defaults make no difference, in either direction."""
    kind, name, before, after = SAME[case]

    assert is_same_spelling(kind, name, before, after)
    assert is_same_spelling(kind, name, after, before)


@pytest.mark.parametrize("case", DIFFERENT)
def test_different_values(case: str) -> None:
    """Anything else is a difference."""
    kind, name, before, after = DIFFERENT[case]

    assert not is_same_spelling(kind, name, before, after)
    assert not is_same_spelling(kind, name, after, before)
