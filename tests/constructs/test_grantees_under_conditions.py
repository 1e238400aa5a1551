"""The conditions of a principal, and the components of a composite one, are kept by each grant."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ecr_constructs import PublicRepository, PullThroughCache, Registry, Repository, Upstream
from ecr_constructs.model.validation import ValidationError
from tests.support.constructs import (
    ACCOUNT,
    OTHER_ACCOUNT,
    existing_role,
    far_role,
    identity_statements,
    of_type,
    properties_of,
    resources,
    role_of,
    template,
    warnings_of,
)
from tests.support.errors import rejects
from tests.support.grantees import (
    CONDITIONS,
    SCAN,
    Grantee,
    Named,
    WithoutDependable,
    WithPolicy,
    grant_on_cache,
    grant_on_registry,
    grant_on_repository,
    grant_on_signed,
)

OWNERS = [grant_on_repository, grant_on_registry, grant_on_cache, grant_on_signed]


@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize(
    "grantee",
    [
        lambda stack: iam.PrincipalWithConditions(role_of(stack), CONDITIONS),
        lambda stack: WithPolicy(role_of(stack), CONDITIONS),
        lambda stack: iam.PrincipalWithConditions(existing_role(stack), CONDITIONS),
    ],
    ids=["role", "own principal", "imported role"],
)
def test_conditions_are_kept_in_the_principals_policy(
    stack: cdk.Stack, owner: Callable[[cdk.Stack, Any], None], grantee: Grantee
) -> None:
    """Of each statement but the login, which allows nothing by itself."""
    owner(stack, grantee(stack))

    for statement in identity_statements(stack):
        is_login = statement["Action"] == "ecr:GetAuthorizationToken"
        assert statement.get("Condition") == (None if is_login else CONDITIONS)
    assert len(identity_statements(stack)) > 1
    repositories = of_type(template(stack), "AWS::ECR::Repository").values()
    assert all("RepositoryPolicyText" not in properties for properties in repositories)


def test_conditions_of_a_principal_and_of_a_grant_are_joined(stack: cdk.Stack) -> None:
    """A grant by tag has conditions too."""
    principal = iam.PrincipalWithConditions(role_of(stack), CONDITIONS)
    Registry(stack, "Registry").grant_read(principal, tags={"team": "shop"})

    [statement] = identity_statements(stack)
    assert {"StringEquals": {"aws:ResourceTag/team": "shop", **CONDITIONS["StringEquals"]}} == (
        statement["Condition"]
    )


def test_conditions_that_contradict_raise(stack: cdk.Stack) -> None:
    other = {"StringEquals": {"aws:ResourceTag/team": "search"}}
    principal = iam.PrincipalWithConditions(role_of(stack), other)
    with rejects("grantee: conditions-conflict"):
        Registry(stack, "Registry").grant_read(principal, tags={"team": "shop"})


def test_a_public_repository_keeps_conditions(app: cdk.App) -> None:
    stack = cdk.Stack(app, "Public", env=cdk.Environment(account=ACCOUNT, region="us-east-1"))
    principal = iam.PrincipalWithConditions(role_of(stack), CONDITIONS)
    PublicRepository(stack, "Tools").grant_push(principal)

    pushing, _ = identity_statements(stack)
    assert CONDITIONS == pushing["Condition"]


def test_components_keep_what_each_of_them_takes(stack: cdk.Stack) -> None:
    """A role in its own policy, an account under conditions, a service for this account."""
    grant_on_repository(stack, iam.CompositePrincipal(role_of(stack)))
    repository = Repository(stack, "Web")
    assert repository.grant_pull(
        iam.CompositePrincipal(
            iam.AccountPrincipal(OTHER_ACCOUNT).with_conditions(CONDITIONS),
            iam.ServicePrincipal("lambda.amazonaws.com"),
        )
    ).success
    assert repository.grant_read(iam.CompositePrincipal(role_of(stack, "Reader"))).success

    registry = Registry(stack, "Registry")
    registry.grant_read(iam.CompositePrincipal(role_of(stack, "Lister")), prefix="")
    with rejects("grantee: principal-without-policy"):
        registry.grant_read(iam.CompositePrincipal(iam.AccountPrincipal(OTHER_ACCOUNT)), prefix="")

    assert 3 == len(resources(stack, "AWS::IAM::Policy"))
    [account, service] = resources(stack, "AWS::ECR::Repository")[1]["Properties"][
        "RepositoryPolicyText"
    ]["Statement"]
    assert CONDITIONS == account["Condition"]
    assert "aws:SourceArn" in service["Condition"]["ArnLike"]


Refused = Callable[[cdk.Stack], Any]
REFUSED_PARTS: dict[str, tuple[Refused, str]] = {
    "an unknown principal": (lambda stack: iam.UnknownPrincipal(resource=stack), "unknown"),
    "anyone": (lambda _: iam.AnyPrincipal(), "anyone"),
    "a service for anyone": (lambda _: iam.ServicePrincipal("ssm.amazonaws.com"), "source"),
    "a principal of the user": (lambda _: WithoutDependable(), "dependable"),
}
REFUSED_BY_IDENTITY: dict[str, Refused] = {
    "an account": lambda _: iam.AccountPrincipal(OTHER_ACCOUNT),
    "an immutable role": lambda stack: existing_role(stack, mutable=False),
    "a role without updates": lambda stack: role_of(stack, "Own").without_policy_updates(),
    "a role of another account": far_role,
    "a principal of the user": lambda _: Named(),
}


def composed(stack: cdk.Stack, part: Any) -> iam.CompositePrincipal:
    """Return principals that have a policy, and one among them."""
    user = iam.User.from_user_name(stack, "User", "bob")
    inner = iam.CompositePrincipal(iam.Group(stack, "Group"), part)
    return iam.CompositePrincipal(
        role_of(stack, "First"), existing_role(stack, "mutable"), inner, user
    )


@pytest.mark.parametrize(("part", "code"), REFUSED_PARTS.values(), ids=REFUSED_PARTS)
def test_nothing_is_granted_if_a_component_is_refused(
    stack: cdk.Stack, part: Refused, code: str
) -> None:
    """Neither in the policies of the others nor in the repository policy."""
    repository = Repository(stack, "Api")
    principal = composed(stack, part(stack))
    with pytest.raises(ValidationError) as caught:
        repository.grant_pull(principal)
    with pytest.raises(ValidationError):
        repository.grant(principal, SCAN)

    assert code in caught.value.diagnostics[0].code
    assert [] == resources(stack, "AWS::IAM::Policy")
    assert "RepositoryPolicyText" not in properties_of(stack)


@pytest.mark.parametrize("part", REFUSED_BY_IDENTITY.values(), ids=REFUSED_BY_IDENTITY)
def test_nothing_is_granted_where_only_identities_can_be_allowed(
    stack: cdk.Stack, part: Refused
) -> None:
    """An imported repository, a registry and a cache, which add to policies of principals only."""
    imported = Repository.from_repository_name(stack, "Imported", "payments/api")
    registry = Registry(stack, "Registry")
    cache = PullThroughCache(stack, "Cache", upstream=Upstream.quay())
    principal = composed(stack, part(stack))
    for grant in (
        imported.grant_pull,
        imported.grant_read,
        lambda grantee: registry.grant_pull(grantee, prefix="a/"),
        cache.grant_pull,
    ):
        with pytest.raises(ValidationError):
            grant(principal)

    assert [] == resources(stack, "AWS::IAM::Policy")


def test_nothing_is_granted_if_the_conditions_of_a_component_contradict(stack: cdk.Stack) -> None:
    """Conditions on the tags of repositories, and those of the principal."""
    other = {"StringEquals": {"aws:ResourceTag/team": "search"}}
    part = iam.PrincipalWithConditions(role_of(stack), other)
    with rejects("grantee: conditions-conflict"):
        Registry(stack, "Registry").grant_read(composed(stack, part), tags={"team": "shop"})

    assert [] == resources(stack, "AWS::IAM::Policy")


@pytest.mark.parametrize("owner", [grant_on_signed, grant_on_registry])
def test_components_that_push_may_sign(
    stack: cdk.Stack, owner: Callable[[cdk.Stack, Any], None]
) -> None:
    """Where images are signed, each component that has a policy may sign them."""
    inner = iam.CompositePrincipal(role_of(stack, "One"))
    owner(stack, iam.CompositePrincipal(inner, role_of(stack, "Two")))

    policies = resources(stack, "AWS::IAM::Policy")
    assert [True, True] == ["signer:SignPayload" in str(policy) for policy in policies]
    assert [] == warnings_of(stack)
