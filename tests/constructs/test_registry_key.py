"""RegistryKey: one key for all repositories of an environment and Region."""

import re
from graphlib import TopologicalSorter
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ecr_constructs import Encryption, RegistryKey, Repository
from tests.support.constructs import (
    ACCOUNT,
    OTHER_ACCOUNT,
    Template,
    allow,
    existing_role,
    identity_statements,
    properties_of,
    resources,
    role_of,
    root,
    template,
)


def dependencies(part: Any) -> set[str]:
    """Return the logical ids that a part of a template refers to."""
    if isinstance(part, list):
        return {name for item in part for name in dependencies(item)}
    if not isinstance(part, dict):
        return set()
    if "Ref" in part:
        return {part["Ref"]}
    if "Fn::GetAtt" in part:
        return {part["Fn::GetAtt"][0]}
    named = part.get("DependsOn", [])
    named = {named} if isinstance(named, str) else set(named)
    return named | {name for item in part.values() for name in dependencies(item)}


def creation_order(synthesized: Template) -> list[str]:
    """Return the resources so that each comes after those it needs; a cycle raises."""
    created = synthesized["Resources"]
    needs = {item: dependencies(it) & set(created) for item, it in created.items()}
    return list(TopologicalSorter(needs).static_order())


def test_defaults(stack: cdk.Stack) -> None:
    """Rotated, retained, described, and 30 days in waiting before a deletion."""
    RegistryKey(stack, "Key", alias="alias/ecr/prod")

    [key] = resources(stack, "AWS::KMS::Key")
    assert {
        "Type": "AWS::KMS::Key",
        "Properties": {
            "Description": "Encrypts the images of the container registry (alias/ecr/prod)",
            "EnableKeyRotation": True,
            "KeyPolicy": {
                "Version": "2012-10-17",
                "Statement": [allow("kms:*", "*", AWS=root(ACCOUNT))],
            },
            "PendingWindowInDays": 30,
        },
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
    } == key


def test_alias_and_logical_ids(stack: cdk.Stack) -> None:
    """The alias points at the key; a changed logical id replaces the key, and loses every image."""
    RegistryKey(stack, "Key", alias="alias/ecr/prod")

    assert {
        "AliasName": "alias/ecr/prod",
        "TargetKeyId": {"Fn::GetAtt": ["Key961B73FD", "Arn"]},
    } == properties_of(stack, "AWS::KMS::Alias")
    assert {"Key961B73FD", "KeyAlias910D852D"} == set(template(stack)["Resources"])


def test_administrators_manage_but_do_not_decrypt(stack: cdk.Stack) -> None:
    """An administrator's own policy names the key and management actions, none that decrypts."""
    role = existing_role(stack, "administrator")
    RegistryKey(stack, "Key", alias="alias/ecr/prod", administrators=[role])

    [statement] = identity_statements(stack)
    assert {"Fn::GetAtt": ["Key961B73FD", "Arn"]} == statement["Resource"]
    assert {"kms:Put*", "kms:ScheduleKeyDeletion"} < set(statement["Action"])
    assert [] == [
        action for action in statement["Action"] if re.search(r":\*|crypt|DataKey", action)
    ]


def test_administrators_of_other_accounts_stand_in_the_key_policy(stack: cdk.Stack) -> None:
    """A principal that has no policy here gets a statement in the key's policy."""
    administrator = iam.AccountPrincipal(OTHER_ACCOUNT)
    RegistryKey(stack, "Key", alias="alias/ecr/prod", administrators=[administrator])

    [_, statement] = properties_of(stack, "AWS::KMS::Key")["KeyPolicy"]["Statement"]
    assert {"AWS": root(OTHER_ACCOUNT)} == statement["Principal"]


def test_key_and_repository_do_not_wait_for_each_other(stack: cdk.Stack) -> None:
    """A key, an encrypted repository and roles that pull from it form no cycle."""
    administrators = [role_of(stack, "Administrator")]
    key = RegistryKey(stack, "Key", alias="alias/ecr/prod", administrators=administrators)
    repository = Repository(stack, "Api", encryption=Encryption.customer_managed(key))
    for name in ("Task", "Build"):
        role = role_of(stack, name)
        repository.grant_pull_push(role)
        key.grant_decrypt(role)

    order = creation_order(template(stack))
    assert order.index("Key961B73FD") < order.index("ApiF70053CD")
    assert len(template(stack)["Resources"]) == len(order)


def test_a_cycle_would_be_found() -> None:
    """The check of the test above finds a cycle where there is one."""
    looped = {"A": {"DependsOn": "B"}, "B": {"Properties": {"P": [{"Ref": "A"}]}}}

    with pytest.raises(ValueError, match="cycle"):
        creation_order({"Resources": looped})
