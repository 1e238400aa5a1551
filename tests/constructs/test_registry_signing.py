"""Signing: the rules, and what whoever pushes needs."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Annotations, Match

from ecr_constructs import Registry, Repository
from tests.support.constructs import (
    ACCOUNT,
    ENV,
    OTHER_ACCOUNT,
    OTHER_REGION,
    REGION,
    rejects_value,
    resources,
    synth,
)

PROFILE = f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/prod"
SECOND = f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/second"
Grant = Callable[[Repository, iam.IGrantable], iam.Grant]


def a_role(stack: cdk.Stack, construct_id: str = "Role") -> iam.Role:
    """Return a role of the stack."""
    return iam.Role(stack, construct_id, assumed_by=iam.AccountRootPrincipal())


def signing_statements(stack: cdk.Stack) -> list[dict[str, Any]]:
    """Return what the identity policies of an app allow of signing."""
    app = stack.node.root
    assert isinstance(app, cdk.App)
    return [
        statement
        for template in synth(app).values()
        for resource in template.get("Resources", {}).values()
        if resource["Type"] == "AWS::IAM::Policy"
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]
        if "signer:SignPayload" in statement["Action"]
    ]


def granted(stack: cdk.Stack) -> set[str]:
    """Return all actions that the one identity policy of a stack allows."""
    [policy] = resources(stack, "AWS::IAM::Policy")
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    actions = [statement["Action"] for statement in statements]
    return {item for some in actions for item in ([some] if isinstance(some, str) else some)}


def allow(resource: Any) -> dict[str, Any]:
    """Return the statement that lets a principal sign."""
    return {"Action": "signer:SignPayload", "Effect": "Allow", "Resource": resource}


def warnings(stack: cdk.Stack) -> list[str]:
    """Return the warnings of a stack."""
    entries = Annotations.from_stack(stack).find_warning("*", Match.any_value())
    return [str(item.entry.data) for item in entries]


def test_rules(stack: cdk.Stack) -> None:
    """Rules stand in the order they came, each once; one without filters has none."""
    registry = Registry(stack, "Registry")
    registry.sign(PROFILE, filters=["payments/*", "payments/*"])
    registry.sign(SECOND)
    registry.sign(PROFILE, filters=["payments/*"])

    [signing] = resources(stack, "AWS::ECR::SigningConfiguration")
    filters = [{"Filter": "payments/*", "FilterType": "WILDCARD_MATCH"}]
    assert [
        {"SigningProfileArn": PROFILE, "RepositoryFilters": filters},
        {"SigningProfileArn": SECOND},
    ] == signing["Properties"]["Rules"]
    assert [PROFILE, SECOND] == [rule.profile_arn for rule in registry.signing_rules]


REJECTED: dict[str, tuple[str, Any, str]] = {
    "a name": ("prod", [], "prod"),
    "a faulty filter": (PROFILE, ["payments/"], "'payments/'"),
    "a bare string": (PROFILE, "payments/*", "['payments/*']"),
    "101 filters": (PROFILE, [f"team{n}/*" for n in range(101)], "100"),
}


@pytest.mark.parametrize(("profile", "filters", "value"), REJECTED.values(), ids=REJECTED)
def test_rejects(stack: cdk.Stack, profile: str, filters: Any, value: str) -> None:
    """What ECR rejects raises an error; nothing is rendered, and no principal may sign."""
    registry = Registry(stack, "Registry")
    Repository(stack, "Api", repository_name="payments/api").grant_push(a_role(stack))

    with rejects_value(value):
        registry.sign(profile, filters=filters)

    assert [] == registry.node.children
    assert [] == signing_statements(stack)


def test_ten_rules_are_the_limit(stack: cdk.Stack) -> None:
    """An eleventh rule is rejected, and no principal may sign with its profile."""
    registry = Registry(stack, "Registry")
    Repository(stack, "Api", repository_name="payments/api").grant_push(a_role(stack))
    for number in range(10):
        registry.sign(PROFILE, filters=[f"team{number}/*"])

    with rejects_value("11"):
        registry.sign(SECOND)

    assert 10 == len(registry.signing_rules)
    assert [] == signing_statements(stack)


GRANTS: dict[str, Grant] = {
    "push": lambda repository, to: repository.grant_push(to),
    "pull and push": lambda repository, to: repository.grant_pull_push(to),
}


@pytest.mark.parametrize("grant", GRANTS.values(), ids=GRANTS)
@pytest.mark.parametrize("late", [False, True], ids=["before signing", "after signing"])
def test_whoever_may_push_may_sign(stack: cdk.Stack, grant: Grant, *, late: bool) -> None:
    """A push grant includes signing, whether it comes before or after the rule."""
    registry = Registry(stack, "Registry")
    repository = Repository(stack, "Api", repository_name="payments/api")
    steps: list[Callable[[], object]] = [
        lambda: grant(repository, a_role(stack)),
        lambda: registry.sign(PROFILE),
    ]
    for step in reversed(steps) if late else steps:
        step()

    assert [allow(PROFILE)] == signing_statements(stack)


def test_the_grant_of_pull_and_push_is_cdks_own(app: cdk.App) -> None:
    """Granting both renders what CDK's own repository renders, signing apart."""
    stacks = [cdk.Stack(app, item, env=ENV) for item in ("Ours", "Theirs")]
    for stack, make in zip(stacks, (Repository, ecr.Repository), strict=True):
        make(stack, "Api", repository_name="payments/api").grant_pull_push(a_role(stack))

    ours, theirs = (granted(stack) for stack in stacks)
    assert ours == theirs


def test_whoever_pulls_does_not_sign(stack: cdk.Stack) -> None:
    """A pull grant has nothing to do with signing."""
    Registry(stack, "Registry").sign(PROFILE)
    Repository(stack, "Api").grant_pull(a_role(stack))

    assert [] == signing_statements(stack)


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
            repository.grant_push(a_role(stack, f"{repository.node.id}Role"))

    def sign() -> None:
        registry.sign(PROFILE, filters=["payments/*"])

    for step in (sign, push) if late else (push, sign):
        step()

    rendered = [
        policy["Properties"]["PolicyName"]
        for policy in resources(stack, "AWS::IAM::Policy")
        if allow(PROFILE) in policy["Properties"]["PolicyDocument"]["Statement"]
    ]
    assert ["PaymentsRoleDefaultPolicy"] == [name[:25] for name in rendered]


@pytest.mark.parametrize(
    "name",
    [
        lambda _: None,
        lambda stack: cdk.CfnParameter(stack, "Name").value_as_string,
        lambda _: cdk.PhysicalName.GENERATE_IF_NEEDED,
    ],
    ids=["made up", "deploy time", "if needed"],
)
def test_a_name_that_is_not_known_may_match(
    stack: cdk.Stack, name: Callable[[cdk.Stack], str | None]
) -> None:
    """Without the permission nothing would be signed, so it is given where the name is unknown."""
    Registry(stack, "Registry").sign(PROFILE, filters=["payments/*"])
    Repository(stack, "Api", repository_name=name(stack)).grant_push(a_role(stack))

    assert [allow(PROFILE)] == signing_statements(stack)


ELSEWHERE = {
    "another Region": cdk.Environment(account=ACCOUNT, region=OTHER_REGION),
    "another account": cdk.Environment(account=OTHER_ACCOUNT, region=REGION),
}


@pytest.mark.parametrize("late", [False, True], ids=["before signing", "after signing"])
@pytest.mark.parametrize("env", ELSEWHERE.values(), ids=ELSEWHERE)
def test_repositories_of_other_registries_are_not_signed(
    app: cdk.App, stack: cdk.Stack, env: cdk.Environment, *, late: bool
) -> None:
    """A registry signs what is pushed to it, and nothing of another account or Region."""
    elsewhere = cdk.Stack(app, "Elsewhere", env=env)
    Registry(elsewhere, "Registry")
    registry = Registry(stack, "Registry")
    repository = Repository(elsewhere, "Api", repository_name="payments/api")
    steps: list[Callable[[], object]] = [
        lambda: repository.grant_push(a_role(elsewhere)),
        lambda: registry.sign(PROFILE),
    ]
    for step in reversed(steps) if late else steps:
        step()

    assert [] == signing_statements(stack)


def test_repositories_of_other_stacks_and_stages_are_signed(app: cdk.App) -> None:
    """The registry's rule holds for every repository of its account and Region."""
    stacks = [
        cdk.Stack(app, "Team", env=ENV),
        cdk.Stack(cdk.Stage(app, "Prod", env=ENV), "Team"),
    ]
    for stack in stacks:
        Repository(stack, "Api", repository_name="payments/api").grant_push(a_role(stack))
    Registry(cdk.Stack(app, "Platform", env=ENV), "Registry").sign(PROFILE)

    assert [allow(PROFILE)] * 2 == signing_statements(stacks[0])


def test_nothing_is_allowed_twice(stack: cdk.Stack) -> None:
    """Several grants and rules of one profile come to one statement; another profile joins it."""
    registry = Registry(stack, "Registry")
    repository = Repository(stack, "Api", repository_name="payments/api")
    role = a_role(stack)
    repository.grant_push(role)
    repository.grant_pull_push(role)
    registry.sign(PROFILE, filters=["payments/*"])
    registry.sign(PROFILE, filters=["payments/*"])
    registry.sign(PROFILE)
    registry.sign(SECOND)
    repository.grant_push(role)

    assert [allow([PROFILE, SECOND])] == signing_statements(stack)


POLICYLESS: dict[str, Callable[[cdk.Stack], iam.IGrantable]] = {
    "an account": lambda _: iam.AccountPrincipal(OTHER_ACCOUNT),
    "an organization": lambda _: iam.OrganizationPrincipal("o-abcdefghij"),
    "a role that is immutable": lambda stack: iam.Role.from_role_arn(
        stack, "Role", f"arn:aws:iam::{ACCOUNT}:role/deployer", mutable=False
    ),
    "a role of another account": lambda stack: iam.Role.from_role_arn(
        stack, "Role", f"arn:aws:iam::{OTHER_ACCOUNT}:role/deployer"
    ),
}


@pytest.mark.parametrize("late", [False, True], ids=["before signing", "after signing"])
@pytest.mark.parametrize("grantee", POLICYLESS.values(), ids=POLICYLESS)
def test_a_principal_without_a_policy_is_warned_of(
    stack: cdk.Stack, grantee: Callable[[cdk.Stack], iam.IGrantable], *, late: bool
) -> None:
    """Who cannot be allowed to sign here has to be elsewhere, which is said once."""
    registry = Registry(stack, "Registry")
    repository = Repository(stack, "Api", repository_name="payments/api")
    steps: list[Callable[[], object]] = [
        lambda: repository.grant_push(grantee(stack)),
        lambda: registry.sign(PROFILE),
    ]
    for step in reversed(steps) if late else steps:
        step()

    [warning] = [item for item in warnings(stack) if "signingElsewhere" in item]
    assert PROFILE in warning


def test_a_role_that_the_app_defines_in_another_account_may_sign(
    app: cdk.App, stack: cdk.Stack
) -> None:
    """A role of another stack, even of another account, is allowed in its own policy."""
    Registry(stack, "Registry").sign(PROFILE)
    elsewhere = cdk.Stack(
        app, "Elsewhere", env=cdk.Environment(account=OTHER_ACCOUNT, region=REGION)
    )
    role = iam.Role(elsewhere, "Role", role_name="deployer", assumed_by=iam.AccountRootPrincipal())
    Repository(stack, "Api", repository_name="payments/api").grant_push(role)

    assert [allow(PROFILE)] == signing_statements(stack)


def test_without_a_registry_a_push_grant_is_cdks_own(stack: cdk.Stack) -> None:
    """An app that defines no registry, or none that signs, grants a push and nothing else."""
    repository = Repository(stack, "Api", repository_name="payments/api")
    repository.grant_push(a_role(stack))
    Registry(stack, "Registry")
    repository.grant_push(a_role(stack, "Second"))

    assert [] == signing_statements(stack)


@pytest.mark.parametrize("keyword", ["push_accounts", "push_principals"])
@pytest.mark.parametrize("late", [False, True], ids=["rule first", "repository first"])
def test_pushers_that_are_admitted_by_name_are_warned_of(
    stack: cdk.Stack, keyword: str, *, late: bool
) -> None:
    """Who is admitted by the repository policy gets no permission to sign from here."""
    who = OTHER_ACCOUNT if keyword == "push_accounts" else f"arn:aws:iam::{ACCOUNT}:role/ci"
    registry = Registry(stack, "Registry")
    keywords: dict[str, Any] = {keyword: [who]}
    if not late:
        registry.sign(PROFILE, filters=["payments/*"])
    Repository(stack, "Api", repository_name="payments/api", **keywords)
    Repository(stack, "Web", repository_name="storefront/web", **keywords)
    if late:
        registry.sign(PROFILE, filters=["payments/*"])

    assert 1 == sum("signingElsewhere" in warning for warning in warnings(stack))
