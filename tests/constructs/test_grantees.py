"""Grantees of any class are served as CDK's own repository serves them, or rejected by name."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from ecr_constructs import (
    LifecyclePolicy,
    PublicRepository,
    PullThroughCache,
    Registry,
    Repository,
    Upstream,
)
from ecr_constructs.model.validation import ValidationError
from tests.support.constructs import (
    ACCOUNT,
    ELSEWHERE,
    ENV,
    ORGANIZATION,
    OTHER_ACCOUNT,
    REGION,
    Template,
    existing_role,
    far_role,
    identity_statements,
    new_app,
    of_type,
    properties_of,
    resources,
    role_of,
    root,
    statements_of,
    template,
    warnings_of,
)
from tests.support.errors import rejects

SCAN = "ecr:DescribeImageScanFindings"
CONDITIONS = {"StringEquals": {"aws:PrincipalTag/team": "shop"}}
ENDPOINT = {"StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d5e6f70809"}}
GRANTS = [f"grant_{name}" for name in ("read", "pull", "push", "pull_push", "delete_image")]
PROVIDER = f"arn:aws:iam::{OTHER_ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
SAML = f"arn:aws:iam::{OTHER_ACCOUNT}:saml-provider/corp"


class Principal:
    """A principal that a user wrote, without a policy of its own."""

    def __init__(self, conditions: dict[str, Any] | None = None) -> None:
        """Take the conditions under which it is meant."""
        self._conditions = conditions

    @property
    def grant_principal(self) -> Any:
        """Return itself."""
        return self

    @property
    def assume_role_action(self) -> str:
        """Return the action of roles."""
        return "sts:AssumeRole"

    @property
    def principal_account(self) -> str | None:
        """Return no account."""
        return None

    @property
    def policy_fragment(self) -> Any:
        """Return how a policy names it."""
        return iam.PrincipalPolicyFragment({"AWS": [root(OTHER_ACCOUNT)]}, self._conditions)

    def add_to_policy(self, statement: iam.PolicyStatement) -> bool:
        """Add nothing."""
        return bool(self.add_to_principal_policy(statement).statement_added)

    def add_to_principal_policy(self, _: iam.PolicyStatement) -> Any:
        """Add nothing."""
        return iam.AddToPrincipalPolicyResult(statement_added=False)


@jsii.implements(iam.IPrincipal)
class Named(Principal):
    """A principal that policies name."""


@jsii.implements(iam.IPrincipal)
class WithPolicy(Principal):
    """A principal with a policy: that of a role."""

    def __init__(self, role: iam.Role, conditions: dict[str, Any] | None = None) -> None:
        """Take the role."""
        super().__init__(conditions)
        self._role = role

    def add_to_principal_policy(self, statement: iam.PolicyStatement) -> Any:
        """Add to the policy of the role."""
        return self._role.add_to_principal_policy(statement)


@jsii.implements(iam.IPrincipal)
class Equal(WithPolicy):
    """A principal whose class has equal instances, and so no hash."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, _: object) -> bool:
        """Be equal to everything."""
        return True


@jsii.implements(iam.IPrincipal)
@dataclass
class Fields(Principal):
    """A principal that jsii takes for a struct."""

    name: str


@jsii.implements(iam.IPrincipal)
class WithoutDependable(Principal):
    """A principal that keeps statements somewhere, and does not say where."""

    def add_to_principal_policy(self, _: iam.PolicyStatement) -> Any:
        """Keep it."""
        return iam.AddToPrincipalPolicyResult(statement_added=True)


@jsii.implements(iam.IPrincipal)
class WithoutFragment(Principal):
    """A principal that policies cannot name."""

    @property
    def policy_fragment(self) -> Any:
        """Return something else."""
        return {"AWS": "*"}

    def add_to_principal_policy(self, _: iam.PolicyStatement) -> Any:
        """Return nothing."""
        return None


@jsii.implements(iam.IGrantable)
class Grantable:
    """A grantable that a user wrote, such as a workload with a role."""

    def __init__(self, principal: Any) -> None:
        """Take the principal."""
        self._principal = principal

    @property
    def grant_principal(self) -> Any:
        """Return the principal."""
        return self._principal


Grantee = Callable[[cdk.Stack], Any]


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


# --- conditions -------------------------------------------------------------------------------


def grant_on_repository(stack: cdk.Stack, grantee: Any) -> None:
    """Grant on a repository."""
    Repository(stack, "Api", repository_name="shop/web").grant_pull_push(grantee)


def grant_on_registry(stack: cdk.Stack, grantee: Any) -> None:
    """Grant by prefix, and to sign."""
    registry = Registry(stack, "Registry")
    registry.sign(f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/all")
    registry.grant_push(grantee, prefix="shop/")


def grant_on_cache(stack: cdk.Stack, grantee: Any) -> None:
    """Grant on a cache."""
    PullThroughCache(stack, "Quay", upstream=Upstream.quay()).grant_pull(grantee)


def grant_on_signed(stack: cdk.Stack, grantee: Any) -> None:
    """Grant on a repository whose images are signed."""
    Registry(stack, "Registry").sign(f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/all")
    grant_on_repository(stack, grantee)


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


# --- principals of other accounts, and roles that take no policy ------------------------------


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
