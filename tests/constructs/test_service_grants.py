"""A service of AWS pulls for what it acts for, and nothing else is granted."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from ecr_constructs import Registry, Repository
from tests.support.constructs import (
    ACCOUNT,
    ENV,
    OTHER_ACCOUNT,
    REGION,
    function_of,
    new_app,
    project_of,
    role_of,
    statements_of,
)
from tests.support.errors import rejects
from tests.support.granted import (
    CODE_BUILD,
    LAMBDA,
    NAME,
    PAYMENTS,
    PULL,
    far,
    repository_of,
    world,
)
from tests.support.policy_evaluator import Service, World


def function(name: str, account: str = ACCOUNT, region: str = REGION) -> dict[str, Any]:
    """Return what Lambda tells of the function that it pulls for."""
    return {"aws:SourceArn": f"arn:aws:lambda:{region}:{account}:function:{name}"}


def project(name: str, account: str = ACCOUNT) -> dict[str, Any]:
    """Return what CodeBuild tells of the project that it pulls for."""
    arn = f"arn:aws:codebuild:{REGION}:{account}:project/{name}"
    return {"aws:SourceArn": arn, "aws:SourceAccount": account}


NARROWED = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
ADMITTED: dict[str, tuple[str, Callable[[Repository], object]]] = {
    "bare": (LAMBDA, lambda r: r.grant_pull(iam.ServicePrincipal(LAMBDA))),
    "helper": (LAMBDA, lambda r: r.grant_pull_to_lambda()),
    "by-cdk": (LAMBDA, lambda r: function_of(r.stack, r)),
    "named": (LAMBDA, lambda r: r.grant_pull_to_lambda(functions=["payments-*", "refunds"])),
    "far": (LAMBDA, lambda r: r.grant_pull_to_lambda(account=OTHER_ACCOUNT)),
    "builds": (CODE_BUILD, lambda r: r.grant_pull(iam.ServicePrincipal(CODE_BUILD))),
    "project": (CODE_BUILD, lambda r: r.grant_pull_to_code_build(projects=["build"])),
    "narrowed": (
        "ssm.amazonaws.com",
        lambda r: r.grant_pull(iam.ServicePrincipal("ssm.amazonaws.com", conditions=NARROWED)),
    ),
}
SOURCES: dict[str, tuple[str, dict[str, Any], bool]] = {
    "named, by pattern": ("named", function("payments-api"), True),
    "named, by name": ("named", function("refunds"), True),
    "named, a version": ("named", function("refunds:7"), True),
    "named, another": ("named", function("refunds2"), False),
    "far": ("far", function("x", OTHER_ACCOUNT), True),
    "far, one of ours": ("far", function("x"), False),
    "builds": ("builds", project("build"), True),
    "builds, another account": ("builds", project("build", OTHER_ACCOUNT), False),
    "builds, for nobody": ("builds", {}, False),
    "project": ("project", project("build"), True),
    "project, another": ("project", project("build2"), False),
    "narrowed": ("narrowed", {"aws:SourceAccount": ACCOUNT}, True),
    "narrowed, another account": ("narrowed", {"aws:SourceAccount": OTHER_ACCOUNT}, False),
}
for _how in ("bare", "helper", "by-cdk"):
    SOURCES |= {
        _how: (_how, function("api"), True),
        f"{_how}, a version": (_how, function("api:1"), True),
        f"{_how}, another account": (_how, function("api", OTHER_ACCOUNT), False),
        f"{_how}, another Region": (_how, function("api", region="us-east-1"), False),
        f"{_how}, for nobody": (_how, {}, False),
        f"{_how}, accounts that differ": (
            *(_how, {**function("api"), "aws:SourceAccount": OTHER_ACCOUNT}),
            False,
        ),
    }


@pytest.fixture(scope="module")
def admitted(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A repository for each way to let a service in."""
    stack = cdk.Stack(new_app(tmp_path_factory.mktemp("cdk.out")), "Stack", env=ENV)
    for name, (_, grant) in ADMITTED.items():
        grant(Repository(stack, name, repository_name=name))
    return world(stack)


@pytest.mark.parametrize(("name", "context", "expected"), SOURCES.values(), ids=SOURCES)
def test_a_service_is_let_in_for_what_it_acts_for(
    admitted: World, name: str, context: dict[str, Any], *, expected: bool
) -> None:
    """Nobody reads images through a service that acts for them."""
    service, _ = ADMITTED[name]

    assert expected == admitted.can(Service(service, context), PULL, name)


def test_whoever_creates_a_function_elsewhere_may_pull(admitted: World) -> None:
    """Lambda asks for the account's permission as well as its own."""
    assert admitted.can(far(), PULL, "far")
    assert not admitted.can(far(), PULL, "helper")


def test_a_project_pulls_with_its_role(stack: cdk.Stack) -> None:
    """CDK's projects pull with their role by default."""
    project_of(stack, repository_of(stack))

    there = world(stack)
    assert there.can(there.role("BuildRole"), PULL, NAME)
    assert not there.can(Service(CODE_BUILD, project("Build")), PULL, NAME)


SOURCE, ACCOUNT_FORMAT = "service-source-missing", "account: account-id-format"
NOT_GRANTED: dict[str, tuple[Callable[[Repository, cdk.Stack], object], list[str]]] = {
    **{
        f"{service}": (
            lambda r, _, service=service: r.grant_pull(  # type: ignore[misc]
                iam.ServicePrincipal(f"{service}.amazonaws.com")
            ),
            [code],
        )
        for service, code in {
            **dict.fromkeys(("build.apprunner", "sagemaker", "batch"), "service-pulls-with-role"),
            "example": SOURCE,
        }.items()
    },
    "Lambda that pushes": (lambda r, _: r.grant_push(iam.ServicePrincipal(LAMBDA)), [SOURCE]),
    "a service next to others": (
        lambda r, _: r.grant_pull(
            iam.CompositePrincipal(
                iam.ServicePrincipal(LAMBDA), iam.ServicePrincipal("ssm.amazonaws.com")
            )
        ),
        [SOURCE],
    ),
    "services under one condition": (
        lambda r, _: r.grant_pull(
            iam.PrincipalWithConditions(
                iam.CompositePrincipal(
                    iam.ServicePrincipal(LAMBDA), iam.ServicePrincipal(CODE_BUILD)
                ),
                PAYMENTS,
            )
        ),
        [SOURCE] * 2,
    ),
    "a service and an account under one condition": (
        lambda r, _: r.grant_pull(
            iam.PrincipalWithConditions(
                iam.CompositePrincipal(
                    iam.ServicePrincipal(LAMBDA), iam.AccountPrincipal(OTHER_ACCOUNT)
                ),
                PAYMENTS,
            )
        ),
        ["grantee: principal-is-mixed"],
    ),
    "a function by ARN": (
        lambda r, _: r.grant_pull_to_lambda(functions=[function("api")["aws:SourceArn"]]),
        ["functions[0]: source-name-format"],
    ),
    "functions as a string": (
        lambda r, _: r.grant_pull_to_lambda(functions="api"),
        ["functions: list-is-string"],
    ),
    "no account": (lambda r, _: r.grant_pull_to_lambda(account="1"), [ACCOUNT_FORMAT]),
    "a project by path": (
        lambda r, _: r.grant_pull_to_code_build(projects=["a/b"]),
        ["projects[0]: source-name-format"],
    ),
    "no action": (lambda r, stack: r.grant(role_of(stack)), ["actions: grant-without-actions"]),
    "no action of a registry": (
        lambda _, stack: Registry(stack, "Registry").grant(role_of(stack), prefix="payments/"),
        ["actions: grant-without-actions"],
    ),
    "an unknown principal": (
        lambda r, stack: r.grant_pull(iam.UnknownPrincipal(resource=stack)),
        ["grantee: principal-unknown"],
    ),
    "a group of another account": (
        lambda r, stack: r.grant_pull(
            iam.Group.from_group_arn(stack, "G", f"arn:aws:iam::{OTHER_ACCOUNT}:group/devs")
        ),
        ["grantee: principal-is-group"],
    ),
}


@pytest.mark.parametrize(("grant", "expected"), NOT_GRANTED.values(), ids=NOT_GRANTED)
def test_rejects_what_would_grant_nothing_or_too_much(
    stack: cdk.Stack, grant: Callable[[Repository, cdk.Stack], object], expected: list[str]
) -> None:
    """A grant that cannot be meant so raises, and says what to write."""
    with rejects(*expected):
        grant(repository_of(stack), stack)


def test_two_accounts_that_are_not_known_are_one(app: cdk.App) -> None:
    """In a stack of any account, a role of the stack is granted in its own policy."""
    stack = cdk.Stack(app, "Agnostic")
    repository = Repository(stack, "Api")
    repository.grant_pull(role_of(stack))
    repository.grant_pull_to_lambda()

    [statement] = statements_of(stack)
    assert {"Service": LAMBDA} == statement["Principal"]
    assert isinstance(repository, ecr.RepositoryBase)
