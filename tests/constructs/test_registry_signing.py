"""Signing: the rules, and what whoever pushes needs."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ecr_constructs import Registry, Repository
from tests.support.constructs import (
    ACCOUNT,
    ELSEWHERE,
    ENV,
    ORGANIZATION,
    OTHER_ACCOUNT,
    allow,
    existing_role,
    far_role,
    in_order,
    of_type,
    parameter,
    properties_of,
    role_of,
    signing_profile,
    synth,
    template,
    warnings_of,
)
from tests.support.errors import rejects

PROFILE = signing_profile("prod")
SECOND = signing_profile("second")
Grant = Callable[[Repository, iam.IGrantable], iam.Grant]


def signing_statements(stack: cdk.Stack) -> list[dict[str, Any]]:
    """Return what the identity policies of an app allow of signing."""
    app = stack.node.root
    assert isinstance(app, cdk.App)
    return [
        statement
        for rendered in synth(app).values()
        for policy in of_type({"Resources": {}, **rendered}, "AWS::IAM::Policy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if "signer:SignPayload" in statement["Action"]
    ]


def signs(*profiles: str) -> dict[str, Any]:
    """Return the statement that lets a principal sign."""
    return allow("signer:SignPayload", list(profiles) if len(profiles) > 1 else profiles[0])


def api_of(stack: cdk.Stack, name: str | None = "payments/api") -> Repository:
    """Return a repository of a stack."""
    return Repository(stack, "Api", repository_name=name)


def test_rules(stack: cdk.Stack) -> None:
    """Rules stand in the order they came, each once; one without filters has none."""
    registry = Registry(stack, "Registry")
    registry.sign(PROFILE, filters=["payments/*", "payments/*"])
    registry.sign(SECOND)
    registry.sign(PROFILE, filters=["payments/*"])

    filters = [{"Filter": "payments/*", "FilterType": "WILDCARD_MATCH"}]
    assert [
        {"SigningProfileArn": PROFILE, "RepositoryFilters": filters},
        {"SigningProfileArn": SECOND},
    ] == properties_of(stack, "AWS::ECR::SigningConfiguration")["Rules"]
    assert [PROFILE, SECOND] == [rule.profile_arn for rule in registry.signing_rules]


REJECTED: dict[str, tuple[str, Any, str]] = {
    "a name": ("prod", [], "profile_arn: signing-profile-format"),
    "a faulty filter": (PROFILE, ["payments/"], "filters[0]: signing-filter-format"),
    "a bare string": (PROFILE, "payments/*", "filters: list-is-string"),
    "101 filters": (PROFILE, [f"team{n}/*" for n in range(101)], "filters: signing-filter-count"),
}


@pytest.mark.parametrize(("profile", "filters", "code"), REJECTED.values(), ids=REJECTED)
def test_rejects(stack: cdk.Stack, profile: str, filters: Any, code: str) -> None:
    """What ECR rejects raises an error; nothing is rendered, and no principal may sign."""
    registry = Registry(stack, "Registry")
    api_of(stack).grant_push(role_of(stack))

    with rejects(code):
        registry.sign(profile, filters=filters)

    assert [] == registry.node.children
    assert [] == signing_statements(stack)


def test_ten_rules_are_the_limit(stack: cdk.Stack) -> None:
    """An eleventh rule is rejected, and no principal may sign with its profile."""
    registry = Registry(stack, "Registry")
    api_of(stack).grant_push(role_of(stack))
    for number in range(10):
        registry.sign(PROFILE, filters=[f"team{number}/*"])

    with rejects("signing-rule-count"):
        registry.sign(SECOND)

    assert 10 == len(registry.signing_rules)
    assert [] == signing_statements(stack)


@pytest.mark.parametrize("grant", [Repository.grant_push, Repository.grant_pull_push])
@pytest.mark.parametrize("late", [False, True], ids=["before signing", "after signing"])
def test_whoever_may_push_may_sign(stack: cdk.Stack, grant: Grant, *, late: bool) -> None:
    """A push grant includes signing, whether it comes before or after the rule."""
    registry, repository = Registry(stack, "Registry"), api_of(stack)
    in_order(lambda: grant(repository, role_of(stack)), lambda: registry.sign(PROFILE), late=late)

    assert [signs(PROFILE)] == signing_statements(stack)


def test_only_a_push_where_the_registry_signs_includes_signing(stack: cdk.Stack) -> None:
    """Neither a push without a registry or without its rules does, nor a pull."""
    repository = api_of(stack)
    repository.grant_push(role_of(stack))
    assert [] == signing_statements(stack)
    registry = Registry(stack, "Registry")
    repository.grant_push(role_of(stack, "Second"))
    assert [] == signing_statements(stack)
    registry.sign(PROFILE)
    repository.grant_pull(role_of(stack, "Puller"))
    assert [signs(PROFILE)] * 2 == signing_statements(stack)


@pytest.mark.parametrize("late", [False, True], ids=["before signing", "after signing"])
def test_only_matching_repositories_need_it(stack: cdk.Stack, *, late: bool) -> None:
    """A principal that pushes where no filter matches does not get to sign."""
    registry = Registry(stack, "Registry")
    repositories = [
        Repository(stack, item, repository_name=f"{item.lower()}/api")
        for item in ("Payments", "Store")
    ]

    def push() -> None:
        for repository in repositories:
            repository.grant_push(role_of(stack, f"{repository.node.id}Role"))

    in_order(push, lambda: registry.sign(PROFILE, filters=["payments/*"]), late=late)

    [allowed] = [
        name
        for name, policy in of_type(template(stack), "AWS::IAM::Policy").items()
        if signs(PROFILE) in policy["PolicyDocument"]["Statement"]
    ]
    assert allowed.startswith("PaymentsRole")


@pytest.mark.parametrize(
    "name",
    [lambda _: None, parameter, lambda _: cdk.PhysicalName.GENERATE_IF_NEEDED],
    ids=["made up", "deploy time", "if needed"],
)
def test_a_name_that_is_not_known_may_match(
    stack: cdk.Stack, name: Callable[[cdk.Stack], str | None]
) -> None:
    """Without the permission nothing would be signed, so it is given where the name is unknown."""
    Registry(stack, "Registry").sign(PROFILE, filters=["payments/*"])
    api_of(stack, name(stack)).grant_push(role_of(stack))

    assert [signs(PROFILE)] == signing_statements(stack)


@pytest.mark.parametrize("late", [False, True], ids=["before signing", "after signing"])
@pytest.mark.parametrize("env", ELSEWHERE.values(), ids=ELSEWHERE)
def test_repositories_of_other_registries_are_not_signed(
    app: cdk.App, stack: cdk.Stack, env: cdk.Environment, *, late: bool
) -> None:
    """A registry signs what is pushed to it, and nothing of another account or Region."""
    elsewhere = cdk.Stack(app, "Elsewhere", env=env)
    Registry(elsewhere, "Registry")
    registry = Registry(stack, "Registry")
    repository = api_of(elsewhere)
    in_order(
        lambda: repository.grant_push(role_of(elsewhere)), lambda: registry.sign(PROFILE), late=late
    )

    assert [] == signing_statements(stack)


def test_repositories_of_other_stacks_and_stages_are_signed(app: cdk.App) -> None:
    """The registry's rule holds for every repository of its account and Region."""
    stacks = [cdk.Stack(app, "Team", env=ENV), cdk.Stack(cdk.Stage(app, "Prod", env=ENV), "Team")]
    for stack in stacks:
        api_of(stack).grant_push(role_of(stack))
    Registry(cdk.Stack(app, "Platform", env=ENV), "Registry").sign(PROFILE)

    assert [signs(PROFILE)] * 2 == signing_statements(stacks[0])


def test_nothing_is_allowed_twice(stack: cdk.Stack) -> None:
    """Several grants and rules of one profile come to one statement; another profile joins it."""
    registry, repository, role = Registry(stack, "Registry"), api_of(stack), role_of(stack)
    repository.grant_push(role)
    repository.grant_pull_push(role)
    for _ in range(2):
        registry.sign(PROFILE, filters=["payments/*"])
    registry.sign(PROFILE)
    registry.sign(SECOND)
    repository.grant_push(role)

    assert [signs(PROFILE, SECOND)] == signing_statements(stack)


POLICYLESS: dict[str, Callable[[cdk.Stack], iam.IGrantable]] = {
    "an account": lambda _: iam.AccountPrincipal(OTHER_ACCOUNT),
    "an organization": lambda _: iam.OrganizationPrincipal(ORGANIZATION),
    "a role that is immutable": lambda stack: existing_role(stack, mutable=False),
    "a role of another account": far_role,
}


@pytest.mark.parametrize("late", [False, True], ids=["before signing", "after signing"])
@pytest.mark.parametrize("grantee", POLICYLESS.values(), ids=POLICYLESS)
def test_a_principal_without_a_policy_is_warned_of(
    stack: cdk.Stack, grantee: Callable[[cdk.Stack], iam.IGrantable], *, late: bool
) -> None:
    """Who cannot be allowed to sign here has to be elsewhere, which is said once."""
    registry, repository = Registry(stack, "Registry"), api_of(stack)
    in_order(
        lambda: repository.grant_push(grantee(stack)), lambda: registry.sign(PROFILE), late=late
    )

    assert 1 == warnings_of(stack).count("ecr-constructs:signingElsewhere")


def test_a_role_that_the_app_defines_in_another_account_may_sign(
    app: cdk.App, stack: cdk.Stack
) -> None:
    """A role of another stack, even of another account, is allowed in its own policy."""
    Registry(stack, "Registry").sign(PROFILE)
    elsewhere = cdk.Stack(app, "Elsewhere", env=ELSEWHERE["another account"])
    role = iam.Role(elsewhere, "Role", role_name="deployer", assumed_by=iam.AccountRootPrincipal())
    api_of(stack).grant_push(role)

    assert [signs(PROFILE)] == signing_statements(stack)


@pytest.mark.parametrize("keyword", ["push_accounts", "push_principals"])
@pytest.mark.parametrize("late", [False, True], ids=["rule first", "repository first"])
def test_pushers_that_are_admitted_by_name_are_warned_of(
    stack: cdk.Stack, keyword: str, *, late: bool
) -> None:
    """Who is admitted by the repository policy gets no permission to sign from here."""
    who = OTHER_ACCOUNT if keyword == "push_accounts" else f"arn:aws:iam::{ACCOUNT}:role/ci"
    registry = Registry(stack, "Registry")
    keywords: dict[str, Any] = {keyword: [who]}

    def define() -> None:
        for name in ("payments/api", "storefront/web"):
            Repository(stack, name.title(), repository_name=name, **keywords)

    in_order(lambda: registry.sign(PROFILE, filters=["payments/*"]), define, late=late)

    assert 1 == warnings_of(stack).count("ecr-constructs:signingElsewhere")
