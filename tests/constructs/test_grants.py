"""Who may do what after a grant of a repository, a registry or a cache, as the policies say it."""

from collections.abc import Callable, Sequence
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ecr_constructs import PullThroughCache, Registry, Repository, Upstream
from ecr_constructs.model.repository_policy import (
    DELETE_IMAGE_ACTIONS,
    LIFECYCLE_ACTIONS,
    PULL_ACTIONS,
    PUSH_ACTIONS,
    PUSH_ONLY_ACTIONS,
    READ_ACTIONS,
)
from tests.support.constructs import (
    ACCOUNT,
    ELSEWHERE,
    ENV,
    ORGANIZATION,
    OTHER_ACCOUNT,
    allow,
    existing_role,
    far_role,
    identity_statements,
    in_order,
    new_app,
    role_of,
    root,
    signing_profile,
    statements_of,
    warnings_of,
)
from tests.support.errors import rejects
from tests.support.granted import (
    LAMBDA,
    LOGIN,
    NAME,
    PAYMENTS,
    PULL,
    PUSH,
    TEAM,
    far,
    may,
    repository_of,
    world,
)
from tests.support.policy_evaluator import Caller, World

UNIT = f"{ORGANIZATION}/r-ab12/ou-ab12-11111111/"
SCAN = "ecr:DescribeImageScanFindings"

# What each grant of a repository, a registry or a cache is named after.
GRANTS: dict[str, set[str]] = {
    "read": {*READ_ACTIONS},
    "pull": {LOGIN, *PULL_ACTIONS},
    "push": {LOGIN, *PUSH_ONLY_ACTIONS},
    "pull_push": {LOGIN, *PUSH_ACTIONS},
    "delete_image": {*DELETE_IMAGE_ACTIONS},
    "manage_lifecycle": {*LIFECYCLE_ACTIONS},
}
# The repositories that each kind of grant is about. A prefix and a cache reach repositories that do
# not exist yet, a tag only those that have it.
SELECTED: dict[str, set[str]] = {
    "Repository": {NAME},
    "Prefix": {NAME, "payments/worker", "payments/new"},
    "Tags": {NAME},
    "Cache": {"quay/argoproj/argocd"},
}
REPOSITORIES = set().union({"search/api"}, *SELECTED.values())


def role_name(kind: str, grant: str) -> str:
    """Return the id of the role that has a grant."""
    return f"{kind}{grant.replace('_', '')}Role"


@pytest.fixture(scope="module")
def granted(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Each grant of each kind to a role of its own, and of a repository to another account."""
    stack = cdk.Stack(new_app(tmp_path_factory.mktemp("cdk.out")), "Stack", env=ENV)
    registry = Registry(stack, "Registry")
    repository = Repository(stack, "Api", repository_name=NAME, tags=TEAM)
    Repository(stack, "Worker", repository_name="payments/worker")
    Repository(stack, "Search", repository_name="search/api", tags={"team": "search"})
    kinds: dict[str, tuple[Any, dict[str, Any]]] = {
        "Repository": (repository, {}),
        "Prefix": (registry, {"prefix": "payments/"}),
        "Tags": (registry, {"tags": TEAM}),
        "Cache": (PullThroughCache(stack, "Quay", upstream=Upstream.quay()), {}),
    }
    for name in GRANTS:
        for kind, (owner, keywords) in kinds.items():
            if grant := getattr(owner, f"grant_{name}", None):
                assert grant(role_of(stack, role_name(kind, name)), **keywords).success
        far_grant = getattr(repository, f"grant_{name}")
        assert far_grant(far_role(stack, role_name("far", name))).success
    registry.grant(role_of(stack, "Scan"), SCAN, prefix="pay", tags=TEAM)
    registry.grant(role_of(stack, "All"), SCAN, prefix="")
    return world(stack)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (kind, name)
        for kind in SELECTED
        for name in GRANTS
        # Nobody pushes to a cache.
        if kind != "Cache" or "push" not in name
    ],
)
def test_a_grant_gives_what_it_says_and_no_more(granted: World, kind: str, name: str) -> None:
    """A role may do what the grant is named after, with the selected repositories only."""
    role = granted.role(role_name(kind, name))

    assert {repository: may(granted, role, repository) for repository in REPOSITORIES} == {
        repository: GRANTS[name] - {LOGIN} if repository in SELECTED[kind] else set()
        for repository in REPOSITORIES
    }
    assert (LOGIN in GRANTS[name]) == granted.can(role, LOGIN)


@pytest.mark.parametrize("name", GRANTS)
def test_a_role_of_another_account_is_admitted_by_its_arn(granted: World, name: str) -> None:
    """It may do the same, if its own account permits it; its neighbours may not."""
    role = role_name("far", name)

    assert GRANTS[name] - {LOGIN} == may(granted, far(role), NAME)
    assert set() == may(granted, far(f"{role}2"), NAME)
    assert set() == may(granted, far(role, identity=()), NAME)


def test_roles_of_an_account_share_a_statement(stack: cdk.Stack) -> None:
    """The account is named, which exists, and the ARNs are told in one condition."""
    repository = repository_of(stack)
    for name in ("one", "two"):
        repository.grant_pull(far_role(stack, name))
    for _ in range(2):
        repository.grant_pull(iam.ArnPrincipal(f"arn:aws:iam::{OTHER_ACCOUNT}:user/jo"))

    arns = [f"arn:aws:iam::{OTHER_ACCOUNT}:{item}" for item in ("role/one", "role/two", "user/jo")]
    condition = {"ArnEquals": {"aws:PrincipalArn": arns}}
    assert [allow([*PULL_ACTIONS], AWS=root(OTHER_ACCOUNT), condition=condition)] == (
        statements_of(stack)
    )


Callers = Sequence[Caller | str]


def own_role(stack: cdk.Stack) -> iam.IRole:
    """Return a role of this account that the app must not change."""
    return existing_role(stack, mutable=False)


def defined_far(stack: cdk.Stack) -> iam.Role:
    """Return a role that the app defines in another account, next to one that is not granted."""
    far_stack = cdk.Stack(cdk.App.of(stack), "Far", env=ELSEWHERE["another account"])
    other = role_of(far_stack, "Other")
    iam.Grant.add_to_principal(grantee=other, actions=["ecr:*"], resource_arns=["*"])
    return role_of(far_stack)


JO, JIM = (Caller(arn=f"arn:aws:iam::{OTHER_ACCOUNT}:user/{name}") for name in ("jo", "jim"))
OWN = Caller(arn=f"arn:aws:iam::{ACCOUNT}:role/own", identity=())
STRANGER = Caller(arn="arn:aws:iam::777788889999:role/x")
# A principal that may pull, who may pull then, and who may not. A text is the logical id of a role
# of the app, which may log in too.
PULLERS: dict[str, tuple[Callable[[cdk.Stack], iam.IGrantable], Callers, Callers]] = {
    # What the caller demands of a role of another account is demanded next to its ARN.
    "a role of another account under conditions": (
        lambda stack: iam.PrincipalWithConditions(far_role(stack), PAYMENTS),
        *([far(tags=TEAM)], [far(), far("other", tags=TEAM)]),
    ),
    "a role of this account under conditions": (
        lambda stack: iam.PrincipalWithConditions(role_of(stack), {}),
        *(["Role"], [far()]),
    ),
    "an account under conditions": (
        lambda _: iam.AccountPrincipal(OTHER_ACCOUNT).with_conditions(PAYMENTS),
        *([far(tags=TEAM)], [far()]),
    ),
    # CDK tells it by a tag, so it needs no name; both sides are rendered.
    "a role that another account defines": (defined_far, ["Role"], ["Other"]),
    "a role that takes no policy": (own_role, [OWN], [far("own")]),
    "an account": (lambda _: iam.AccountPrincipal(OTHER_ACCOUNT), [far()], [STRANGER]),
    "an organization": (
        lambda _: iam.OrganizationPrincipal(ORGANIZATION),
        *([far(organization=ORGANIZATION)], [far(organization="o-zzzzzzzzzz")]),
    ),
    "a user of another account": (lambda _: iam.ArnPrincipal(JO.arn), [JO], [JIM]),
}


@pytest.mark.parametrize(("principal", "pullers", "others"), PULLERS.values(), ids=PULLERS)
def test_a_principal_may_pull_and_nobody_else(
    stack: cdk.Stack,
    principal: Callable[[cdk.Stack], iam.IGrantable],
    pullers: Callers,
    others: Callers,
) -> None:
    """Its own policy or the repository policy allows it, and no more than that."""
    repository_of(stack).grant_pull(principal(stack))

    there = world(stack)
    for name in [*pullers, *others]:
        caller = there.role(name) if isinstance(name, str) else name
        assert (name in pullers) == there.can(caller, PULL, NAME)
        # The other role of the app may do everything in its own account, and nothing here.
        assert not there.can(caller, PUSH, NAME)
        assert not isinstance(name, str) or name == "Other" or there.can(caller, LOGIN)


def test_a_role_that_takes_no_policy_has_to_log_in_itself(stack: cdk.Stack) -> None:
    """A repository policy cannot allow that."""
    repository_of(stack).grant_pull(own_role(stack))

    assert ["ecr-constructs:loginElsewhere"] == warnings_of(stack)


def test_an_organizational_unit_may_pull(stack: cdk.Stack) -> None:
    """Accounts of the unit and of those below may pull, and its siblings may not."""
    Repository(stack, "Api", repository_name=NAME, pull_organizational_units=[f"{UNIT}*"])

    there = world(stack)
    for path, expected in [
        (UNIT, True),
        (f"{UNIT}ou-ab12-22222222/", True),
        (f"{ORGANIZATION}/r-ab12/ou-ab12-33333333/", False),
        (f"o-zzzzzzzzzz/{UNIT}", False),
    ]:
        assert expected == there.can(far(paths=(path,)), PULL, NAME)
    assert not there.can(far(), PULL, NAME)
    assert not there.can(far(paths=(UNIT,)), PUSH, NAME)


def test_logging_in_is_granted_once(stack: cdk.Stack) -> None:
    """However many repositories a role may use, it logs in to one registry."""
    role = role_of(stack)
    for item in ("a1", "b2", "c3"):
        Repository(stack, item, repository_name=item).grant_pull(role)

    statements = identity_statements(stack)
    assert [LOGIN] == [
        statement["Action"] for statement in statements if LOGIN in statement["Action"]
    ]
    assert 2 == len(statements)


def test_pushers_of_both_kinds_are_known(stack: cdk.Stack) -> None:
    """Who may pull and push is asked to sign once, as who may push."""
    repository = repository_of(stack)
    repository.grant_push(role_of(stack))
    repository.grant_pull_push(role_of(stack, "Both"))

    assert 2 == len(repository._push_access.grantees)


# --- registries -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "repository", "expected"),
    [
        ("Scan", "payments/api", True),
        ("Scan", "payroll/api", False),
        ("Scan", "search/api", False),
        ("All", "search/api", True),
    ],
)
def test_any_action_and_both_selections(
    granted: World, role: str, repository: str, *, expected: bool
) -> None:
    """Prefix and tags must both fit; the empty prefix fits every name."""
    assert expected == granted.can(granted.role(role), SCAN, repository)


Grantee = Callable[[cdk.Stack], iam.IGrantable]
NO_POLICY = "grantee: principal-without-policy"
NOT_SELECTED: dict[str, tuple[Grantee, dict[str, Any], str]] = {
    "no repository": (role_of, {}, "grant-scope-missing"),
    "a pattern": (role_of, {"prefix": "payments/*"}, "prefix: prefix-is-pattern"),
    "a tag of AWS": (role_of, {"tags": {"aws:x": "y"}}, "tags['aws:x']: tag-key-reserved-prefix"),
    "an account": (lambda _: iam.AccountPrincipal(OTHER_ACCOUNT), {"prefix": "a/"}, NO_POLICY),
    "a service": (lambda _: iam.ServicePrincipal(LAMBDA), {"prefix": "a/"}, NO_POLICY),
    "a role that another account defines": (defined_far, {"prefix": "a/"}, NO_POLICY),
}


@pytest.mark.parametrize(("grantee", "keywords", "code"), NOT_SELECTED.values(), ids=NOT_SELECTED)
def test_rejects(stack: cdk.Stack, grantee: Grantee, keywords: dict[str, Any], code: str) -> None:
    """A grant must select repositories, and its principal must have a policy here."""
    with rejects(code):
        Registry(stack, "Registry").grant_pull(grantee(stack), **keywords)


@pytest.mark.parametrize("late", [False, True], ids=["signing first", "grant first"])
def test_pushers_may_sign(stack: cdk.Stack, *, late: bool) -> None:
    """Who may push where images are signed may sign, and not with other profiles."""
    registry, role = Registry(stack, "Registry"), role_of(stack)

    def sign() -> None:
        registry.sign(signing_profile("below"), filters=["payments/api"])
        registry.sign(signing_profile("around"), filters=["pay*"])
        registry.sign(signing_profile("elsewhere"), filters=["search/*", "pay"])
        registry.sign(signing_profile("all"))

    in_order(sign, lambda: registry.grant_push(role, prefix="payments/"), late=late)

    [signing] = [
        statement
        for statement in identity_statements(stack)
        if statement["Action"] == "signer:SignPayload"
    ]
    assert {"below", "around", "all"} == {item.rpartition("/")[2] for item in signing["Resource"]}
