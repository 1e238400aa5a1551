"""Repositories of other stacks and apps: what a grant can render here, and what only they can."""

import re
from collections.abc import Callable
from contextlib import nullcontext
from inspect import isfunction
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ecr_constructs import Repository
from ecr_constructs.constructs.imported_repository import ImportedRepository
from tests.support.constructs import (
    ACCOUNT,
    ORGANIZATION,
    OTHER_ACCOUNT,
    REGION,
    REPOSITORY,
    allow,
    existing_role,
    far_role,
    function_of,
    parameter,
    role_of,
    root,
    template,
    warnings_of,
)
from tests.support.errors import rejects
from tests.support.policy_evaluator import World

ARN = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/payments/api"
FAR_ARN = f"arn:aws:ecr:eu-west-1:{OTHER_ACCOUNT}:repository/payments/api"
OWN_ROLE = f"arn:aws:iam::{ACCOUNT}:role/own"


def immutable(stack: cdk.Stack) -> iam.IRole:
    """Return a role of the account that the app must not change."""
    return existing_role(stack, mutable=False)


def named(stack: cdk.Stack, name: str = "payments/api", **keywords: Any) -> ImportedRepository:
    """Import a repository by its name."""
    return Repository.from_repository_name(stack, "Api", name, **keywords)


def by_arn(stack: cdk.Stack, arn: str = ARN) -> ImportedRepository:
    """Import a repository by its ARN."""
    return Repository.from_repository_arn(stack, "Api", arn)


def test_a_role_of_the_same_account_is_granted_in_its_policy(stack: cdk.Stack) -> None:
    """The role's own policy suffices within an account, wherever the repository is defined."""
    role = role_of(stack)
    assert named(stack).grant_pull_push(role).success

    there = World.of((template(stack), ACCOUNT, REGION))
    assert there.can(there.role("Role"), "ecr:PutImage", "payments/api")
    assert there.can(there.role("Role"), "ecr:GetAuthorizationToken")
    assert not there.can(there.role("Role"), "ecr:PutImage", "payments/worker")


FROM_ENDPOINT = {"StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d5e6f70809"}}
STATEMENT = "policy_statements=[iam.PolicyStatement(…)]"
ACCOUNT_MAY, ORGANIZATION_MAY = (
    iam.AccountPrincipal(OTHER_ACCOUNT),
    iam.OrganizationPrincipal(ORGANIZATION),
)
OF_ACCOUNT = {"aws:SourceAccount": ACCOUNT}
# A grant, the principal, and the code that the error suggests. What needs a stack is a function.
ELSEWHERE: list[tuple[str, Any, str]] = [
    ("grant_pull", ACCOUNT_MAY, f"pull_accounts=['{OTHER_ACCOUNT}']"),
    ("grant_push", ACCOUNT_MAY, f"push_accounts=['{OTHER_ACCOUNT}']"),
    ("grant_read", ACCOUNT_MAY, STATEMENT),
    ("grant_pull", ORGANIZATION_MAY, f"pull_organizations=['{ORGANIZATION}']"),
    ("grant_push", ORGANIZATION_MAY, STATEMENT),
    ("grant_pull", far_role, f"pull_principals=['arn:aws:iam::{OTHER_ACCOUNT}:role/deployer']"),
    (
        "grant_pull",
        lambda stack: far_role(stack, parameter(stack)),
        f"pull_accounts=['{OTHER_ACCOUNT}']",
    ),
    ("grant_pull", immutable, f"pull_principals=['{OWN_ROLE}']"),
    (
        "grant_pull",
        iam.ServicePrincipal("lambda.amazonaws.com", conditions={"StringEquals": OF_ACCOUNT}),
        STATEMENT,
    ),
    ("grant_pull", iam.ServicePrincipal("codebuild.amazonaws.com"), "grant_pull_to_code_build()"),
    ("grant_pull", iam.StarPrincipal().with_conditions(FROM_ENDPOINT), STATEMENT),
    (
        "add_to_resource_policy",
        iam.PolicyStatement(actions=["ecr:PutImage"], principals=[iam.AnyPrincipal()]),
        "policy_statements=[…] for ecr:PutImage",
    ),
]


@pytest.mark.parametrize(("method", "to", "suggestion"), ELSEWHERE)
def test_what_only_the_repository_policy_grants_raises(
    stack: cdk.Stack, method: str, to: Any, suggestion: str
) -> None:
    """The error says in which account and Region to write what."""
    with rejects("Stack/Api: repository-imported") as caught:
        getattr(by_arn(stack), method)(to(stack) if isfunction(to) else to)

    [problem] = caught
    assert suggestion in problem.remedy
    assert all(value in problem.message for value in ("'payments/api'", ACCOUNT, REGION))


@pytest.mark.parametrize(("method", "to", "_"), ELSEWHERE)
def test_what_is_written_elsewhere_is_believed(
    stack: cdk.Stack, method: str, to: Any, _: str
) -> None:
    """If the policy is managed externally, grants that need it render nothing."""
    repository = named(stack, policy_managed_externally=True)
    getattr(repository, method)(to(stack) if isfunction(to) else to)

    assert "ecr:" not in str(template(stack).get("Resources"))


@pytest.mark.parametrize("external", [True, False])
def test_a_grant_by_cdk_itself(stack: cdk.Stack, *, external: bool) -> None:
    """A function whose image Lambda could not pull is rejected, unless it is allowed elsewhere."""
    arn = ARN.replace(ACCOUNT, OTHER_ACCOUNT)
    call = f"grant_pull_to_lambda(account='{ACCOUNT}')"
    repository = Repository.from_repository_arn(
        stack, "Api", arn, policy_managed_externally=external
    )
    rejected = pytest.raises(RuntimeError, match=f"write {re.escape(call)}")
    with nullcontext() if external else rejected:
        function_of(stack, repository)
    if external:
        assert "ecr:" not in str(template(stack)["Resources"])


@pytest.mark.parametrize("external", [True, False])
def test_lambda_adds_its_permission_in_the_same_account(
    stack: cdk.Stack, *, external: bool
) -> None:
    """As AWS documents it, which the next deployment of the policy undoes: a warning."""
    function_of(stack, named(stack, policy_managed_externally=external))

    assert external != ("ecr-constructs:lambdaAddsPermission" in str(warnings_of(stack)))
    assert "ecr:" not in str(template(stack)["Resources"])


def test_the_account_of_a_function_may_be_unknown(app: cdk.App) -> None:
    """The error names the call, and that its account is to be filled in."""
    stack = cdk.Stack(app, "Anywhere")
    repository = Repository.from_repository_arn(stack, "Api", ARN)

    with pytest.raises(RuntimeError, match=r"grant_pull_to_lambda\(account='…'"):
        function_of(stack, repository)


SERVICE_CALLS: dict[str, tuple[Callable[[ImportedRepository], Any], str]] = {
    "functions": (
        lambda r: r.grant_pull_to_lambda(functions=("a", "b"), account=OTHER_ACCOUNT),
        f"grant_pull_to_lambda(functions=['a', 'b'], account='{OTHER_ACCOUNT}')",
    ),
    "all functions": (lambda r: r.grant_pull_to_lambda(), "grant_pull_to_lambda()"),
    "projects": (
        lambda r: r.grant_pull_to_code_build(projects=["a"]),
        "grant_pull_to_code_build(projects=['a'])",
    ),
    "all projects": (lambda r: r.grant_pull_to_code_build(), "grant_pull_to_code_build()"),
}


@pytest.mark.parametrize(("call", "suggestion"), SERVICE_CALLS.values(), ids=SERVICE_CALLS)
def test_a_grant_to_a_service_is_suggested_as_it_was_written(
    stack: cdk.Stack, call: Callable[[ImportedRepository], Any], suggestion: str
) -> None:
    """What is asked for explicitly is never taken as done; its arguments are in the remedy."""
    with rejects("Stack/Api: repository-imported") as caught:
        call(named(stack))

    [problem] = caught
    assert f"write {suggestion} where" in problem.remedy


def test_a_repository_of_another_account(stack: cdk.Stack) -> None:
    """Both sides are needed: here the role's own, there the repository's."""
    role = role_of(stack)
    with rejects("Stack/Rejected: repository-imported"):
        Repository.from_repository_arn(stack, "Rejected", FAR_ARN).grant_pull(role)
    far = Repository.from_repository_arn(stack, "Far", FAR_ARN, policy_managed_externally=True)
    far.grant_pull(role)

    rendered = World.of((template(stack), ACCOUNT, REGION))
    place = {"account": OTHER_ACCOUNT, "region": "eu-west-1"}
    assert not rendered.can(rendered.role("Role"), "ecr:BatchGetImage", "payments/api", **place)
    policy = {"Statement": allow("ecr:BatchGetImage", AWS=root(ACCOUNT))}
    settings = {"RepositoryName": "payments/api", "RepositoryPolicyText": policy}
    admitting = {"Resources": {"Api": {"Type": REPOSITORY, "Properties": settings}}}
    both = World.of((template(stack), ACCOUNT, REGION), (admitting, OTHER_ACCOUNT, "eu-west-1"))
    assert both.can(both.role("Role"), "ecr:BatchGetImage", "payments/api", **place)


def test_attributes_that_are_known_at_deploy_time(stack: cdk.Stack) -> None:
    """Name and ARN may be parameters; the repository is then taken for one of the stack's."""
    name = parameter(stack)
    repository = Repository.from_repository_attributes(
        stack,
        "Api",
        repository_arn=f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}",
        repository_name=name,
    )
    assert (ACCOUNT, REGION) == (repository.env.account, repository.env.region)
    assert name == repository.repository_name


@pytest.mark.parametrize("former", [True, False])
def test_the_former_name_of_the_keyword_warns(stack: cdk.Stack, *, former: bool) -> None:
    """``policy_elsewhere`` still works, with a warning at the caller's line."""
    with pytest.warns(DeprecationWarning, match="policy_managed_externally") as caught:
        repository = Repository.from_repository_name(
            stack, "Api", "payments/api", policy_elsewhere=former
        )

    assert __file__ == caught[0].filename
    with nullcontext() if former else rejects("Stack/Api: repository-imported"):
        repository.grant_pull(iam.AccountPrincipal(OTHER_ACCOUNT))


Import = Callable[[cdk.Stack], object]
FORMAT = "repository_arn: repository-arn-format"
REJECTED: dict[str, tuple[Import, str]] = {
    "a name": (lambda stack: named(stack, "Payments"), "repository-name-characters"),
    "no ARN": (lambda stack: by_arn(stack, "payments/api"), FORMAT),
    "the ARN of something else": (lambda s: by_arn(s, ARN.replace("repository", "x")), FORMAT),
    "an ARN that is known at deploy time": (
        lambda stack: by_arn(stack, parameter(stack)),
        "repository_arn: repository-arn-unresolved",
    ),
}


@pytest.mark.parametrize(("make", "expected"), REJECTED.values(), ids=REJECTED)
def test_rejects(stack: cdk.Stack, make: Import, expected: str) -> None:
    """A name that ECR rejects, or an ARN without a name, raises where it is written."""
    with rejects(expected):
        make(stack)
