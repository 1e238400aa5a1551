"""Grantees of any class are served as CDK's own repository serves them, or rejected by name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from ecr_constructs import LifecyclePolicy, Repository
from tests.support.constructs import (
    ACCOUNT,
    ENV,
    ORGANIZATION,
    OTHER_ACCOUNT,
    REGION,
    Template,
    existing_role,
    new_app,
    properties_of,
    role_of,
    template,
)
from tests.support.errors import rejects
from tests.support.grantees import (
    CONDITIONS,
    GRANTS,
    SCAN,
    Fields,
    Grantable,
    Grantee,
    Named,
    WithoutDependable,
    WithoutFragment,
    grant_on_cache,
    grant_on_registry,
)

ENDPOINT = {"StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d5e6f70809"}}
PROVIDER = f"arn:aws:iam::{OTHER_ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
SAML = f"arn:aws:iam::{OTHER_ACCOUNT}:saml-provider/corp"


def attached_policy(stack: cdk.Stack) -> iam.Policy:
    """Return an inline policy of a role."""
    return iam.Policy(stack, "Attached", roles=[role_of(stack)])


def own_user(stack: cdk.Stack) -> iam.IUser:
    """Return a user of the account that the app does not define."""
    return iam.User.from_user_name(stack, "Imported", "jo")


def own_group(stack: cdk.Stack) -> iam.IGroup:
    """Return a group of the account that the app does not define."""
    return iam.Group.from_group_name(stack, "Imported", "devs")


SAME: dict[str, Grantee] = {
    "role": role_of,
    "lazy role": lambda stack: iam.LazyRole(stack, "Role", assumed_by=iam.AccountRootPrincipal()),
    "user": lambda stack: iam.User(stack, "User"),
    "group": lambda stack: iam.Group(stack, "Group"),
    "managed policy": lambda stack: iam.ManagedPolicy(stack, "Managed"),
    "policy": attached_policy,
    "imported role": existing_role,
    "imported user": own_user,
    "imported group": own_group,
    "role with session tags": lambda stack: iam.SessionTagsPrincipal(role_of(stack)),
    "own account": lambda _: iam.AccountRootPrincipal(),
    "account": lambda _: iam.AccountPrincipal(OTHER_ACCOUNT),
    "account under conditions": lambda _: iam.AccountPrincipal(OTHER_ACCOUNT).with_conditions(
        CONDITIONS
    ),
    "organization": lambda _: iam.OrganizationPrincipal(ORGANIZATION),
    "anyone in an endpoint": lambda _: iam.AnyPrincipal().with_conditions(ENDPOINT),
    "web identity": lambda _: iam.WebIdentityPrincipal(PROVIDER, CONDITIONS),
    "SAML": lambda _: iam.FederatedPrincipal(SAML, {}, "sts:AssumeRoleWithSAML"),
    "canonical user": lambda _: iam.CanonicalUserPrincipal("79a59df900b949e55d96a1e698fbacedfd6e"),
    "service for an account": lambda _: iam.ServicePrincipal(
        "ssm.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    ),
    "accounts": lambda _: iam.CompositePrincipal(
        iam.AccountPrincipal(OTHER_ACCOUNT), iam.AccountPrincipal("777788889999")
    ),
    "own principal": lambda _: Named(),
    "own principal under conditions": lambda _: Named(CONDITIONS),
    "own grantable": lambda stack: Grantable(role_of(stack)),
}


def rendered(folder: Path, make: Callable[..., ecr.RepositoryBase], grantee: Grantee) -> Template:
    """Return the resources of an app in which a repository grants an action."""
    stack = cdk.Stack(new_app(folder), "Stack", env=ENV)
    repository = make(stack, "Api")
    assert repository.grant(grantee(stack), SCAN).success
    result: Template = template(stack)["Resources"]
    return result


@pytest.mark.parametrize("grantee", SAME.values(), ids=SAME)
def test_a_grant_is_that_of_cdk(tmp_path: Path, grantee: Grantee) -> None:
    """To the last statement: in the principal's policy, or in that of the repository."""
    retained = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
    theirs = rendered(
        tmp_path / "theirs", lambda *of: ecr.Repository(*of, removal_policy=retained), grantee
    )
    ours = rendered(
        tmp_path / "ours", lambda *of: Repository(*of, lifecycle=LifecyclePolicy()), grantee
    )
    for resource in ours.values():
        if resource["Type"] == "AWS::ECR::Repository":
            del resource["Properties"]["ImageScanningConfiguration"]
            del resource["Properties"]["ImageTagMutability"]

    def plain(template: Template) -> Template:
        return {
            name: {**item, "Properties": item.get("Properties", {})}
            for name, item in template.items()
        }

    assert plain(theirs) == plain(ours)


IMPORTS: dict[str, Callable[[cdk.Stack], Any]] = {
    "defined": lambda stack: Repository(stack, "Api", repository_name="shop/web"),
    "imported": lambda stack: Repository.from_repository_name(
        stack, "Api", "shop/web", policy_managed_externally=True
    ),
    "of another account": lambda stack: Repository.from_repository_arn(
        stack,
        "Api",
        f"arn:aws:ecr:{REGION}:{OTHER_ACCOUNT}:repository/shop/web",
        policy_managed_externally=True,
    ),
}

# Pushing needs a function or project, which service principals have not.
ONLY_PULLS = "service for an account"
# A policy of this account cannot be named in the repository policy of another.
ONLY_HERE = ("managed policy", "policy", "group", "imported group")


@pytest.mark.parametrize("kind", IMPORTS)
@pytest.mark.parametrize("name", SAME)
def test_every_grant_serves_it_or_says_why_not(stack: cdk.Stack, kind: str, name: str) -> None:
    """Of a repository that is defined here or imported; errors name the keyword."""
    repository, to = IMPORTS[kind](stack), SAME[name](stack)
    for method in GRANTS:
        grant = getattr(repository, method)
        if kind == "of another account" and name in ONLY_HERE:
            code = "principal-is-group" if "group" in name else "principal-not-nameable"
            with rejects(f"grantee: {code}"):
                grant(to)
        else:
            grant(to)


def test_a_policy_that_is_granted_much_fails_the_synthesis(stack: cdk.Stack) -> None:
    """IAM limits the length of a managed policy, and of the inline policies of a role."""
    managed, inline = iam.ManagedPolicy(stack, "Managed"), attached_policy(stack)
    for number in range(50):
        name = f"payments/{'x' * 240}-{number:03}"
        repository = Repository(stack, f"R{number}", repository_name=name)
        repository.grant_pull(managed)
        repository.grant_read(inline)

    with pytest.raises(RuntimeError, match=r"\[Stack/Managed\].*6,144") as caught:
        template(stack)
    assert "[Stack/Attached]" in str(caught.value)
    assert "10,240" in str(caught.value)


def test_a_user_counts_what_is_granted_through_others(stack: cdk.Stack) -> None:
    """A class of one's own that grants to the user is measured with the user's own grants."""
    user = iam.User(stack, "User")
    for number in range(12):
        name = f"payments/{'x' * 150}-{number}"
        repository = Repository(stack, f"R{number}", repository_name=name)
        repository.grant_pull(Grantable(user) if number % 2 else user)

    with pytest.raises(RuntimeError, match=r"\[Stack/User\].*12 repositories.*2,048"):
        template(stack)


# --- what is rejected -------------------------------------------------------------------------

ANYONE = {"StringLike": {"aws:PrincipalOrgID": "o-*"}}
REJECTED: dict[str, tuple[Grantee, str]] = {
    "an ARN": (lambda _: "arn:aws:iam::111122223333:role/x", "wrong-type"),
    "nothing": (lambda _: None, "wrong-type"),
    "a class": (lambda _: iam.AnyPrincipal, "wrong-type"),
    "an L1 role": (
        lambda stack: iam.CfnRole(stack, "Raw", assume_role_policy_document={}),
        "wrong-type",
    ),
    "a dataclass": (lambda _: Fields("jo"), "grantee-type"),
    "a grantable without principal": (lambda _: Grantable(None), "grantee-type"),
    "anyone": (lambda _: iam.AnyPrincipal(), "principal-is-anyone"),
    "a star": (lambda _: iam.StarPrincipal(), "principal-is-anyone"),
    "any ARN": (lambda _: iam.ArnPrincipal("*"), "principal-is-anyone"),
    "anyone of any organization": (
        lambda _: iam.AnyPrincipal().with_conditions(ANYONE),
        "principal-is-anyone",
    ),
    "roles by a pattern": (
        lambda _: iam.ArnPrincipal(f"arn:aws:iam::{OTHER_ACCOUNT}:role/ci-*"),
        "principal-arn-wildcard",
    ),
    "anyone next to an account": (
        lambda _: iam.CompositePrincipal(iam.AnyPrincipal(), iam.AccountPrincipal(OTHER_ACCOUNT)),
        "principal-is-anyone",
    ),
    "components with conditions": (
        lambda _: iam.PrincipalWithConditions(
            iam.CompositePrincipal(iam.OrganizationPrincipal(ORGANIZATION)), CONDITIONS
        ),
        "principal-not-nameable",
    ),
    "own principal that no policy can name": (
        lambda _: WithoutFragment(),
        "principal-not-nameable",
    ),
    "own principal that does not say where": (
        lambda _: WithoutDependable(),
        "principal-without-dependable",
    ),
}


@pytest.mark.parametrize(("grantee", "code"), REJECTED.values(), ids=REJECTED)
def test_rejects_a_grantee(stack: cdk.Stack, grantee: Grantee, code: str) -> None:
    """By every grant, and nothing is rendered."""
    repository, to = Repository(stack, "Api"), grantee(stack)
    for method in GRANTS:
        with rejects(f"grantee: {code}"):
            getattr(repository, method)(to)
    with rejects(f"grantee: {code}"):
        repository.grant(to, SCAN)

    assert "RepositoryPolicyText" not in properties_of(stack)


@pytest.mark.parametrize("owner", [grant_on_registry, grant_on_cache])
def test_other_grants_reject_what_is_no_grantee(
    stack: cdk.Stack, owner: Callable[[cdk.Stack, Any], None]
) -> None:
    with rejects("grantee: wrong-type"):
        owner(stack, "arn:aws:iam::111122223333:role/x")
