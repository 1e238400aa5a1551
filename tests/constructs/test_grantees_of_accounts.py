"""Grants to principals of other accounts, and of accounts that only the deployment knows."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ecr_constructs import PullThroughCache, Registry, Repository, Upstream
from tests.support.constructs import (
    ACCOUNT,
    ELSEWHERE,
    ENV,
    OTHER_ACCOUNT,
    existing_role,
    far_role,
    identity_statements,
    properties_of,
    resources,
    role_of,
    root,
    statements_of,
    warnings_of,
)
from tests.support.grantees import CONDITIONS, Equal, Grantee, grant_on_repository, grant_on_signed


def far_user(stack: cdk.Stack) -> iam.IUser:
    """Return a user of another account."""
    return iam.User.from_user_arn(stack, "Bob", f"arn:aws:iam::{OTHER_ACCOUNT}:user/bob")


@pytest.mark.parametrize(
    "grantee",
    [
        far_user,
        far_role,
        lambda stack: iam.PrincipalWithConditions(far_user(stack), CONDITIONS),
        lambda stack: iam.PrincipalWithConditions(far_role(stack), CONDITIONS),
        lambda stack: iam.SessionTagsPrincipal(far_user(stack)),
    ],
    ids=["user", "role", "user under conditions", "role under conditions", "session tags"],
)
def test_no_policy_reaches_a_namesake_of_this_account(stack: cdk.Stack, grantee: Grantee) -> None:
    """A user of another account is named in the repository policy, and nothing is attached."""
    to = grantee(stack)
    grant_on_signed(stack, to)

    assert [] == resources(stack, "AWS::IAM::Policy")
    [statement] = statements_of(stack)
    assert root(OTHER_ACCOUNT) in str(statement["Principal"]) or OTHER_ACCOUNT in str(statement)
    assert f":{OTHER_ACCOUNT}:" in str(statement["Condition"]["ArnEquals"])
    has_conditions = isinstance(to, iam.PrincipalWithConditions)
    assert (CONDITIONS.items() <= statement["Condition"].items()) == has_conditions
    assert ["ecr-constructs:signingElsewhere"] == warnings_of(stack)


def test_a_user_is_granted_in_a_stack_of_its_account(stack: cdk.Stack, app: cdk.App) -> None:
    """Where the stack of the user is deployed to its account, both sides are rendered."""
    far = cdk.Stack(app, "Far", env=ELSEWHERE["another account"])
    grant_on_repository(stack, far_user(far))

    assert ["bob"] == properties_of(far, "AWS::IAM::Policy")["Users"]
    assert 1 == len(statements_of(stack))


def test_a_role_under_conditions_is_granted_in_another_account_of_the_app(
    stack: cdk.Stack, app: cdk.App
) -> None:
    """Both sides are rendered, each with the conditions."""
    far = cdk.Stack(app, "Far", env=ELSEWHERE["another account"])
    trusted = iam.AccountRootPrincipal()
    role = iam.Role(far, "Role", role_name="deployer", assumed_by=trusted)
    grant_on_repository(stack, iam.PrincipalWithConditions(role, CONDITIONS))

    [statement] = statements_of(stack)
    assert CONDITIONS.items() <= statement["Condition"].items()
    assert [CONDITIONS, None] == [item.get("Condition") for item in identity_statements(far)]


def test_an_immutable_role_under_conditions_is_named(stack: cdk.Stack) -> None:
    """It drops what is added to its policy, and says that it does not."""
    role = existing_role(stack, mutable=False)
    grant_on_repository(stack, iam.PrincipalWithConditions(role, CONDITIONS))

    [statement] = statements_of(stack)
    assert CONDITIONS == statement["Condition"]
    assert {"AWS": f"arn:aws:iam::{ACCOUNT}:role/own"} == statement["Principal"]


def test_principals_without_a_hash_are_kept_apart(stack: cdk.Stack) -> None:
    """Equal instances of a class of the user have a login each."""
    repository = Repository(stack, "Api")
    one, two = (Equal(role_of(stack, name)) for name in ("One", "Two"))
    assert one == two
    repository.grant_pull(one)
    repository.grant_pull(two)

    policies = resources(stack, "AWS::IAM::Policy")
    assert 2 == len(policies)
    assert all("ecr:GetAuthorizationToken" in str(policy) for policy in policies)


# --- accounts that only the deployment knows --------------------------------------------------

UNKNOWN_ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/ci"
OWN = f"arn:aws:iam::{cdk.Aws.ACCOUNT_ID}"
Grants = Callable[[cdk.Stack, iam.IGrantable], object]
GRANTED_BY: dict[str, Grants] = {
    "repository": lambda stack, role: Repository(stack, "Api").grant_pull(role),
    "imported": lambda stack, role: Repository.from_repository_name(
        stack, "Api", "payments/api"
    ).grant_pull(role),
    "registry": lambda stack, role: Registry(stack, "Registry").grant_pull(role, prefix="a/"),
    "cache": lambda stack, role: PullThroughCache(
        stack, "Quay", upstream=Upstream.quay()
    ).grant_pull(role),
}
UNKNOWN = "ecr-constructs:accountUnknown:Agnostic/Imported"


@pytest.mark.parametrize("kind", ["role", "user"])
@pytest.mark.parametrize("owner", GRANTED_BY)
def test_an_account_that_is_not_known_is_a_warning(app: cdk.App, owner: str, kind: str) -> None:
    """A stack without an account may be deployed to that of the principal: CDK renders as much."""
    stack = cdk.Stack(app, "Agnostic")
    imports: dict[str, Callable[..., Any]] = {
        "role": iam.Role.from_role_arn,
        "user": iam.User.from_user_arn,
    }
    imported = imports[kind](stack, "Imported", UNKNOWN_ROLE.replace("role", kind))
    GRANTED_BY[owner](stack, imported)

    [policy] = resources(stack, "AWS::IAM::Policy")
    assert ["ci"] == policy["Properties"][f"{kind.title()}s"]
    assert [UNKNOWN] == warnings_of(stack)
    if owner == "repository":
        assert OTHER_ACCOUNT in str(statements_of(stack))


@pytest.mark.parametrize("where", [None, ENV], ids=["agnostic", "known"])
def test_the_account_of_the_stack_is_known(app: cdk.App, where: cdk.Environment | None) -> None:
    """As ``AWS::AccountId`` too; neither a warning nor a statement in the repository policy."""
    stack = cdk.Stack(app, "Stack", env=where)
    repository = Repository(stack, "Api", tags={"team": "shop"})
    repository.grant_pull(iam.Role.from_role_arn(stack, "Role", f"{OWN}:role/ci"))
    repository.grant_pull(iam.User.from_user_arn(stack, "User", f"{OWN}:user/ci"))

    assert [] == warnings_of(stack)
    assert 2 == len(resources(stack, "AWS::IAM::Policy"))
    assert "RepositoryPolicyText" not in properties_of(stack)


def test_a_role_of_an_unknown_account_in_a_known_one(app: cdk.App, stack: cdk.Stack) -> None:
    """Defined in a stack without an account: allowed on both sides, if it is the same account."""
    other = cdk.Stack(app, "Agnostic")
    role = iam.Role(other, "Role", assumed_by=iam.AccountRootPrincipal(), role_name="ci")
    Repository(stack, "Api", repository_name="payments/api").grant_pull(role)

    assert ["ecr-constructs:accountUnknown:Agnostic/Role"] == warnings_of(stack)
    assert 1 == len(resources(other, "AWS::IAM::Policy"))
    assert 1 == len(statements_of(stack))


def test_a_principal_that_is_no_construct_may_be_of_another_account(
    app: cdk.App, stack: cdk.Stack
) -> None:
    """An imported one is allowed by the repository policy only, as it has no policy here."""
    agnostic = cdk.Stack(app, "Agnostic")
    far = iam.PrincipalWithConditions(existing_role(agnostic, "ci", OTHER_ACCOUNT), CONDITIONS)
    Repository(agnostic, "Api").grant_read(far)
    role = iam.Role(agnostic, "Role", assumed_by=iam.AccountRootPrincipal())
    near = iam.PrincipalWithConditions(role, CONDITIONS)
    Registry(stack, "Registry").grant_read(near, prefix="a/")

    assert [] == warnings_of(agnostic)
    assert ["ecr-constructs:accountUnknown:principal"] == warnings_of(stack)
    assert 1 == len(resources(agnostic, "AWS::IAM::Policy"))
