"""RegistryKey: one key for all repositories of an environment and Region."""

import re
from collections.abc import Callable
from graphlib import TopologicalSorter
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ecr_constructs import Encryption, RegistryKey, Repository
from ecr_constructs.model.validation import ValidationError
from tests.support.constructs import (
    ACCOUNT,
    ENV,
    OTHER_ACCOUNT,
    REGION,
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
        "DeletionPolicy": "RetainExceptOnCreate",
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


ADMIN = "arn:aws:iam::111122223333:role/KeyAdmins"
SESSION = "arn:aws:sts::111122223333:assumed-role/KeyAdmins/me"
DEPLOYER = f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-cfn-exec-role-{ACCOUNT}-{REGION}"
DESTRUCTIVE = {"kms:DisableKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"}


def key_statements(stack: cdk.Stack) -> dict[str, dict[str, Any]]:
    """Return the statements of the only key's policy by their ids."""
    statements = properties_of(stack, "AWS::KMS::Key")["KeyPolicy"]["Statement"]
    return {statement["Sid"]: statement for statement in statements}


def test_the_key_policy_decides_alone(stack: cdk.Stack) -> None:
    """Only fixed principals manage the key; all use is through ECR; others are denied the rest."""
    admin = iam.ArnPrincipal(ADMIN)
    RegistryKey(stack, "Key", alias="alias/p", access="key_policy", administrators=[admin])

    statements = key_statements(stack)
    deny = statements.pop("KeepFromOthers")
    assert ("Deny", {"AWS": "*"}) == (deny["Effect"], deny["Principal"])
    assert set(deny["Action"]) == DESTRUCTIVE
    managers = [root(ACCOUNT), DEPLOYER]
    assert {"ArnNotEquals": {"aws:PrincipalArn": [*managers, ADMIN]}} == deny["Condition"]

    manage = statements.pop("ManageByDeploymentAndRootUser")
    assert {"ArnEquals": {"aws:PrincipalArn": managers}} == manage["Condition"]
    by_name = statements.pop("Manage")
    assert {"AWS": ADMIN} == by_name["Principal"]
    for statement in (manage, by_name):
        assert set(statement["Action"]) > DESTRUCTIVE
        assert not {"kms:CreateGrant", "kms:Decrypt", "kms:*"} & set(statement["Action"])

    use = statements.pop("UseThroughECR")
    assert {"kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"} < set(use["Action"])
    assert {
        "StringEquals": {
            "kms:CallerAccount": ACCOUNT,
            "kms:ViaService": [f"ecr.{REGION}.amazonaws.com"],
        }
    } == use["Condition"]
    # What is left only reads the settings, and nothing else is delegated to IAM policies.
    [read] = statements.values()
    assert ["kms:Describe*", "kms:Get*", "kms:List*"] == read["Action"]


def test_without_administrators_deployment_and_root_user_manage(stack: cdk.Stack) -> None:
    """The deploying role can always change the policy, so nobody is locked out."""
    RegistryKey(stack, "Key", alias="alias/p", access="key_policy")

    statements = key_statements(stack)
    assert "Manage" not in statements
    exempt = statements["KeepFromOthers"]["Condition"]["ArnNotEquals"]["aws:PrincipalArn"]
    assert [root(ACCOUNT), DEPLOYER] == exempt


def test_the_policy_changes_and_the_key_stays(app: cdk.App) -> None:
    """Another `access` is an update of one property, which CloudFormation makes in place."""
    keys = []
    for access in ("iam", "key_policy"):
        stack = cdk.Stack(app, access.replace("_", ""), env=ENV)
        RegistryKey(stack, "Key", alias="alias/p", access=access)
        keys.append(template(stack)["Resources"])
    for key in keys:
        del key["Key961B73FD"]["Properties"]["KeyPolicy"]
    assert keys[0] == keys[1]


def test_several_administrators_and_roles_of_the_app(stack: cdk.Stack) -> None:
    """Each is named in the key policy, and exempt from the Deny."""
    role = role_of(stack, "Administrator")
    admins: list[iam.IPrincipal] = [iam.ArnPrincipal(ADMIN), role]
    RegistryKey(stack, "Key", alias="alias/p", access="key_policy", administrators=admins)

    statements = key_statements(stack)
    named = statements["Manage"]["Principal"]["AWS"]
    assert [ADMIN, ["Fn::GetAtt"]] == [named[0], list(named[1])]
    exempt = statements["KeepFromOthers"]["Condition"]["ArnNotEquals"]["aws:PrincipalArn"]
    assert named == exempt[2:]


def test_in_china_and_in_any_region(app: cdk.App) -> None:
    """The service has the names that KMS may use there; pseudo parameters are filled in."""
    china = cdk.Environment(account=ACCOUNT, region="cn-north-1")
    stack = cdk.Stack(app, "China", env=china)
    RegistryKey(stack, "Key", alias="alias/p", access="key_policy")
    use = key_statements(stack)["UseThroughECR"]
    assert ["ecr.cn-north-1.amazonaws.com", "ecr.cn-north-1.amazonaws.com.cn"] == use["Condition"][
        "StringEquals"
    ]["kms:ViaService"]

    anywhere = cdk.Stack(app, "Anywhere")
    RegistryKey(anywhere, "Key", alias="alias/p", access="key_policy")
    manage = key_statements(anywhere)["ManageByDeploymentAndRootUser"]
    [_, deployer] = manage["Condition"]["ArnEquals"]["aws:PrincipalArn"]
    text = str(deployer)
    assert all(f"{{'Ref': 'AWS::{name}'}}" in text for name in ("Partition", "AccountId", "Region"))
    assert ":role/cdk-" in text
    assert "${" not in text


@pytest.mark.parametrize(
    "synthesizer", [cdk.CliCredentialsStackSynthesizer, cdk.DefaultStackSynthesizer]
)
def test_an_unknown_deploying_role_must_be_named(
    app: cdk.App, synthesizer: Callable[[], cdk.IStackSynthesizer]
) -> None:
    """KMS rejects a policy that its caller cannot change, so the key needs an administrator."""
    stack = cdk.Stack(app, "Own", env=ENV, synthesizer=synthesizer())
    with pytest.raises(ValidationError) as caught:
        RegistryKey(stack, "Key", alias="alias/p", access="key_policy")
    assert ["key-deployer-unknown"] == [item.code for item in caught.value.diagnostics]

    admin = iam.ArnPrincipal(ADMIN)
    RegistryKey(stack, "Key", alias="alias/p", access="key_policy", administrators=[admin])
    exempt = key_statements(stack)["KeepFromOthers"]["Condition"]["ArnNotEquals"]
    assert {"aws:PrincipalArn": [root(ACCOUNT), ADMIN]} == exempt


@pytest.mark.parametrize(
    ("administrator", "code"),
    [
        (iam.AccountRootPrincipal, "key-administrator-delegates"),
        (lambda: iam.AccountPrincipal(OTHER_ACCOUNT), "key-administrator-delegates"),
        (iam.AnyPrincipal, "principal-arn-wildcard"),
        (iam.StarPrincipal, "key-administrator-delegates"),
        (lambda: iam.ServicePrincipal("ec2.amazonaws.com"), "key-administrator-delegates"),
        (lambda: iam.OrganizationPrincipal("o-abcdefghij"), "key-administrator-delegates"),
        (
            lambda: iam.ArnPrincipal(ADMIN).with_conditions(
                {"Bool": {"aws:ViaAWSService": "true"}}
            ),
            "key-administrator-delegates",
        ),
        (lambda: iam.ArnPrincipal("*"), "principal-arn-wildcard"),
        (
            lambda: iam.ArnPrincipal("arn:aws:sts::111122223333:assumed-role/a/b"),
            "principal-arn-format",
        ),
    ],
)
def test_administrators_are_roles_and_users(
    stack: cdk.Stack, administrator: Callable[[], iam.IPrincipal], code: str
) -> None:
    """An account as administrator would let its IAM policies decide after all."""
    with pytest.raises(ValidationError) as caught:
        RegistryKey(
            stack, "Key", alias="alias/p", access="key_policy", administrators=[administrator()]
        )
    assert code in [item.code for item in caught.value.diagnostics]


def test_a_grant_is_in_the_key_policy_too(stack: cdk.Stack) -> None:
    """The role's own policy would not suffice, since the key policy does not delegate."""
    key = RegistryKey(stack, "Key", alias="alias/p", access="key_policy")
    role = role_of(stack, "Reader")
    grant = key.grant_decrypt(role)

    assert grant.success
    grants = [
        statement
        for statement in properties_of(stack, "AWS::KMS::Key")["KeyPolicy"]["Statement"]
        if "Sid" not in statement
    ]
    [statement] = grants
    assert "kms:Decrypt" == statement["Action"]
    assert ["Fn::GetAtt"] == list(statement["Principal"]["AWS"])
    [own] = identity_statements(stack)
    assert "kms:Decrypt" == own["Action"]
    creation_order(template(stack))


def test_a_cycle_would_be_found() -> None:
    """The check of the test above finds a cycle where there is one."""
    looped = {"A": {"DependsOn": "B"}, "B": {"Properties": {"P": [{"Ref": "A"}]}}}

    with pytest.raises(ValueError, match="cycle"):
        creation_order({"Resources": looped})
