"""What many grants add to a policy stays within the sizes that IAM and ECR allow."""

import json
from collections.abc import Iterator
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ecr_constructs import Registry, Repository
from ecr_constructs.model.json_text import compact
from tests.support.constructs import (
    ACCOUNT,
    REGION,
    REPOSITORY,
    Template,
    existing_role,
    far_role,
    of_type,
    properties_of,
    role_of,
    template,
)
from tests.support.granted import LOGIN, TEAM, world

INLINE, MANAGED = 10_240, 6_144


def repositories(stack: cdk.Stack) -> Iterator[Repository]:
    """Yield a hundred repositories of one team."""
    for number in range(100):
        name = f"payments/service-{number:03}"
        yield Repository(stack, f"Service{number:03}", repository_name=name, tags=TEAM)


def sizes(rendered: Template, resource_type: str) -> dict[str, int]:
    """Return the lengths of the policies of a type, with the ARNs that references stand for."""
    names = {
        logical_id: properties["RepositoryName"]
        for logical_id, properties in of_type(rendered, REPOSITORY).items()
    }

    def arn(value: dict[str, Any]) -> Any:
        if "Fn::GetAtt" in value:
            return f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{names[value['Fn::GetAtt'][0]]}"
        return value

    texts = {
        logical_id: json.dumps(policy["PolicyDocument"])
        for logical_id, policy in of_type(rendered, resource_type).items()
    }
    return {
        logical_id: len(compact(json.loads(text, object_hook=arn)))
        for logical_id, text in texts.items()
    }


def test_a_hundred_repositories(stack: cdk.Stack) -> None:
    """A policy by prefix or tag does not grow with their number; one by one, IAM's limits hold."""
    registry = Registry(stack, "Registry")
    registry.grant_pull_push(role_of(stack, "ByPrefix"), prefix="payments/")
    registry.grant_pull_push(role_of(stack, "ByTag"), tags={"team": "payments"})
    role = role_of(stack, "OneByOne")
    for repository in repositories(stack):
        repository.grant_pull(role)

    rendered = template(stack)
    there = world(stack)
    inline, managed = (sizes(rendered, f"AWS::IAM::{kind}Policy") for kind in ("", "Managed"))
    one_by_one = [inline.pop(name) for name in [*inline] if name.startswith("OneByOne")]
    assert sum(one_by_one) <= INLINE
    assert all(name.startswith("OneByOne") for name in managed)
    assert all(size <= MANAGED for size in managed.values())
    assert len(managed) <= 10
    who = there.role("OneByOne")
    assert all(there.can(who, "ecr:BatchGetImage", f"payments/service-{n:03}") for n in range(100))
    assert 3 == str(rendered).count(LOGIN)

    assert 2 == len(inline)
    assert all(size < 600 for size in inline.values())
    for name in ("ByPrefix", "ByTag"):
        assert there.can(there.role(name), "ecr:PutImage", "payments/service-099")


def test_too_many_one_by_one_fail_the_synthesis(stack: cdk.Stack) -> None:
    """Where CDK cannot split a policy, the error says how to grant them all."""
    limits: dict[Any, int] = {
        iam.User(stack, "User"): 2_048,
        iam.Group(stack, "Group"): 5_120,
        existing_role(stack): 10_240,
    }
    for number in range(40):
        name = f"payments/{'x' * 240}-{number}"
        repository = Repository(stack, f"R{number}", repository_name=name)
        for grantee in limits:
            repository.grant_pull(grantee)

    with pytest.raises(RuntimeError, match="ValidationFailed") as caught:
        template(stack)
    for grantee, limit in limits.items():
        where = f"[{grantee.node.path}]"
        [line] = [text for text in str(caught.value).splitlines() if where in text]
        assert all(value in line for value in (f"{limit:,}", "40", "prefix='payments/'"))


def test_a_statement_too_long_for_a_managed_policy(stack: cdk.Stack) -> None:
    """CDK guesses the length of an ARN; names that are longer are found out."""
    role = role_of(stack)
    for number in range(85):
        name = f"{'n' * 200}/{'m' * 40}-{number:03}" if number % 2 else f"{number:03}/{'k' * 240}"
        Repository(stack, f"R{number}", repository_name=name).grant_pull(role)

    with pytest.raises(RuntimeError, match=r"IAM accepts 6,144.*prefix='payments/'"):
        template(stack)


def test_a_repository_policy_names_many_roles(stack: cdk.Stack) -> None:
    """Roles of one account share a statement: one for each would be longer than ECR accepts."""
    repository = Repository(stack, "Api", repository_name="payments/api")
    for number in range(60):
        repository.grant_pull(far_role(stack, f"deployer-{number:03}"))

    policy = properties_of(stack)["RepositoryPolicyText"]
    assert 1 == len(policy["Statement"])
    assert len(compact(policy)) <= 10_240
