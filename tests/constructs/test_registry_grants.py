"""Grants on a whole registry, by prefix and by tag, and the sizes that policies come to."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ecr_constructs import PullThroughCache, Registry, Repository, Upstream
from ecr_constructs.model.lifecycle.json_text import compact
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
    ENV,
    OTHER_ACCOUNT,
    REGION,
    REPOSITORY,
    Template,
    identity_statements,
    in_order,
    new_app,
    of_type,
    properties_of,
    role_of,
    template,
)
from tests.support.errors import rejects
from tests.support.policy_evaluator import World

LOGIN = "ecr:GetAuthorizationToken"
EVERY_ACTION = {*PUSH_ACTIONS, *READ_ACTIONS, *DELETE_IMAGE_ACTIONS, *LIFECYCLE_ACTIONS}
PROFILE = f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/"
INLINE, MANAGED = 10_240, 6_144


GRANTS: dict[str, tuple[Callable[..., iam.Grant], set[str]]] = {
    "read": (Registry.grant_read, {*READ_ACTIONS}),
    "pull": (Registry.grant_pull, {*PULL_ACTIONS}),
    "push": (Registry.grant_push, {*PUSH_ONLY_ACTIONS}),
    "both": (Registry.grant_pull_push, {*PUSH_ACTIONS}),
    "delete": (Registry.grant_delete_image, {*DELETE_IMAGE_ACTIONS}),
    "lifecycle": (Registry.grant_manage_lifecycle, {*LIFECYCLE_ACTIONS}),
}
CACHE_GRANTS: dict[str, tuple[Callable[..., iam.Grant], set[str]]] = {
    "read": (PullThroughCache.grant_read, {*READ_ACTIONS}),
    "pull": (PullThroughCache.grant_pull, {*PULL_ACTIONS}),
    "delete": (PullThroughCache.grant_delete_image, {*DELETE_IMAGE_ACTIONS}),
    "lifecycle": (PullThroughCache.grant_manage_lifecycle, {*LIFECYCLE_ACTIONS}),
}


@pytest.fixture(scope="module")
def granted(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Each grant by prefix, by tag, and on a cache, to a role of its own."""
    stack = cdk.Stack(new_app(tmp_path_factory.mktemp("cdk.out")), "Stack", env=ENV)
    registry = Registry(stack, "Registry")
    for name, tags in {
        "payments/api": {"team": "payments"},
        "search/api": {"team": "search"},
    }.items():
        Repository(stack, name.title().replace("/", ""), repository_name=name, tags=tags)
    cache = PullThroughCache(stack, "Quay", upstream=Upstream.quay())
    for name, (grant, _) in GRANTS.items():
        assert grant(registry, role_of(stack, f"Prefix-{name}"), prefix="payments/").success
        assert grant(registry, role_of(stack, f"Tags-{name}"), tags={"team": "payments"}).success
    for name, (grant, _) in CACHE_GRANTS.items():
        assert grant(cache, role_of(stack, f"Cache-{name}")).success
    scan = "ecr:DescribeImageScanFindings"
    registry.grant(role_of(stack, "Scan"), scan, prefix="pay", tags={"team": "payments"})
    registry.grant(role_of(stack, "All"), scan, prefix="")
    return World.of((template(stack), ACCOUNT, REGION))


def may(there: World, role: str, repository: str) -> set[str]:
    """Return what a role may do with a repository."""
    who = there.role(role)
    return {action for action in EVERY_ACTION if there.can(who, action, repository)}


@pytest.mark.parametrize("by", ["Prefix", "Tags"])
@pytest.mark.parametrize("name", GRANTS)
def test_a_grant_is_about_the_selected_repositories(granted: World, by: str, name: str) -> None:
    """What it says with those of the prefix or the tag, nothing with others."""
    _, expected = GRANTS[name]

    assert expected == may(granted, f"{by}{name}", "payments/api")
    assert set() == may(granted, f"{by}{name}", "search/api")
    assert (name in ("pull", "push", "both")) == granted.can(granted.role(f"{by}{name}"), LOGIN)


def test_repositories_that_do_not_exist_yet_are_covered_by_prefix(granted: World) -> None:
    """A prefix reaches what will be; a tag only what has it."""
    assert {*PULL_ACTIONS} == may(granted, "Prefixpull", "payments/new")
    assert set() == may(granted, "Tagspull", "payments/new")


@pytest.mark.parametrize("name", CACHE_GRANTS)
def test_a_cache_grants_what_is_cached(granted: World, name: str) -> None:
    """What it says with the repositories of the cache, nothing with others."""
    _, expected = CACHE_GRANTS[name]

    assert expected == may(granted, f"Cache{name}", "quay/argoproj/argocd")
    assert set() == may(granted, f"Cache{name}", "payments/api")


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
    action = "ecr:DescribeImageScanFindings"

    assert expected == granted.can(granted.role(role), action, repository)


def far_role(stack: cdk.Stack) -> iam.Role:
    """Return a role of another account's stack."""
    env = cdk.Environment(account=OTHER_ACCOUNT, region=REGION)
    return role_of(cdk.Stack(cdk.App.of(stack), "Far", env=env))


Grantee = Callable[[cdk.Stack], iam.IGrantable]
NO_POLICY = "grantee: principal-without-policy"
REJECTED: dict[str, tuple[Grantee, dict[str, Any], str]] = {
    "no repository": (role_of, {}, "grant-scope-missing"),
    "a pattern": (role_of, {"prefix": "payments/*"}, "prefix: prefix-is-pattern"),
    "a tag of AWS": (
        role_of,
        {"tags": {"aws:x": "y"}},
        "tags['aws:x']: tag-key-reserved-prefix",
    ),
    "an account": (lambda _: iam.AccountPrincipal(OTHER_ACCOUNT), {"prefix": "a/"}, NO_POLICY),
    "a service": (
        lambda _: iam.ServicePrincipal("lambda.amazonaws.com"),
        {"prefix": "a/"},
        NO_POLICY,
    ),
    "a role that another account defines": (far_role, {"prefix": "a/"}, NO_POLICY),
}


@pytest.mark.parametrize(("grantee", "keywords", "code"), REJECTED.values(), ids=REJECTED)
def test_rejects(stack: cdk.Stack, grantee: Grantee, keywords: dict[str, Any], code: str) -> None:
    """A grant must select repositories, and its principal must have a policy here."""
    with rejects(code):
        Registry(stack, "Registry").grant_pull(grantee(stack), **keywords)


def test_rejects_a_grant_without_actions(stack: cdk.Stack) -> None:
    """It would grant nothing."""
    with rejects("actions: grant-without-actions"):
        Registry(stack, "Registry").grant(role_of(stack), prefix="payments/")


@pytest.mark.parametrize("late", [False, True], ids=["signing first", "grant first"])
def test_pushers_may_sign(stack: cdk.Stack, *, late: bool) -> None:
    """Who may push where images are signed may sign, and not with other profiles."""
    registry, role = Registry(stack, "Registry"), role_of(stack)

    def sign() -> None:
        for profile, filters in {
            "below": ["payments/api"],
            "around": ["pay*"],
            "elsewhere": ["search/*", "pay"],
            "all": [],
        }.items():
            registry.sign(f"{PROFILE}{profile}", filters=filters)

    in_order(sign, lambda: registry.grant_push(role, prefix="payments/"), late=late)

    [signing] = [
        statement
        for statement in identity_statements(stack)
        if statement["Action"] == "signer:SignPayload"
    ]
    assert {"below", "around", "all"} == {item.rpartition("/")[2] for item in signing["Resource"]}


def repositories(stack: cdk.Stack, number_of_them: int = 100) -> Iterator[Repository]:
    """Yield repositories of one team."""
    for number in range(number_of_them):
        name = f"payments/service-{number:03}"
        yield Repository(
            stack, f"Service{number:03}", repository_name=name, tags={"team": "payments"}
        )


def sizes(rendered: Template, resource_type: str) -> list[int]:
    """Return the lengths of the policies of a type, with the ARNs that references stand for."""
    names = {
        logical_id: properties["RepositoryName"]
        for logical_id, properties in of_type(rendered, REPOSITORY).items()
    }

    def arn(value: dict[str, Any]) -> Any:
        if "Fn::GetAtt" in value:
            return f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{names[value['Fn::GetAtt'][0]]}"
        return value

    texts = [
        json.dumps(policy["PolicyDocument"]) for policy in of_type(rendered, resource_type).values()
    ]
    return [len(compact(json.loads(text, object_hook=arn))) for text in texts]


def test_a_hundred_repositories_by_prefix_and_by_tag(stack: cdk.Stack) -> None:
    """The policy does not grow with the number of repositories."""
    registry = Registry(stack, "Registry")
    registry.grant_pull_push(role_of(stack, "ByPrefix"), prefix="payments/")
    registry.grant_pull_push(role_of(stack, "ByTag"), tags={"team": "payments"})
    all_of_them = list(repositories(stack))

    rendered = template(stack)
    there = World.of((rendered, ACCOUNT, REGION))
    assert 100 == len(all_of_them)
    assert all(size < 600 for size in sizes(rendered, "AWS::IAM::Policy"))
    assert [] == sizes(rendered, "AWS::IAM::ManagedPolicy")
    for role in ("ByPrefix", "ByTag"):
        assert there.can(there.role(role), "ecr:PutImage", "payments/service-099")


def test_a_hundred_repositories_one_by_one(stack: cdk.Stack) -> None:
    """What one role may use fits IAM's limits, with one login, and every repository is there."""
    role = role_of(stack)
    for repository in repositories(stack):
        repository.grant_pull(role)

    rendered = template(stack)
    there = World.of((rendered, ACCOUNT, REGION))
    inline, managed = (sizes(rendered, f"AWS::IAM::{kind}Policy") for kind in ("", "Managed"))
    assert sum(inline) <= INLINE
    assert all(policy <= MANAGED for policy in managed)
    assert len(managed) <= 10
    who = there.role("Role")
    assert all(there.can(who, "ecr:BatchGetImage", f"payments/service-{n:03}") for n in range(100))
    assert 1 == str(rendered).count(LOGIN)


def test_too_many_one_by_one_fail_the_synthesis(stack: cdk.Stack) -> None:
    """Where CDK cannot split a policy, the error says how to grant them all."""
    limits: dict[Any, int] = {
        iam.User(stack, "User"): 2_048,
        iam.Group(stack, "Group"): 5_120,
        iam.Role.from_role_arn(stack, "Own", f"arn:aws:iam::{ACCOUNT}:role/own"): 10_240,
    }
    for repository in repositories(stack, 145):
        for grantee in limits:
            repository.grant_pull(grantee)

    with pytest.raises(RuntimeError, match="ValidationFailed") as caught:
        template(stack)
    for grantee, limit in limits.items():
        where = f"[{grantee.node.path}]"
        [line] = [text for text in str(caught.value).splitlines() if where in text]
        assert all(value in line for value in (f"{limit:,}", "145", "prefix='payments/'"))


def test_a_statement_too_long_for_a_managed_policy(stack: cdk.Stack) -> None:
    """CDK guesses the length of an ARN; names that are longer are found out."""
    role = role_of(stack)
    for number in range(100):
        name = f"{'n' * 200}/{'m' * 40}-{number:03}" if number % 2 else f"{number:03}/{'k' * 240}"
        Repository(stack, f"R{number}", repository_name=name).grant_pull(role)

    with pytest.raises(RuntimeError, match=r"IAM accepts 6,144.*prefix='payments/'"):
        template(stack)


def test_a_repository_policy_names_a_hundred_roles(stack: cdk.Stack) -> None:
    """Roles of one account share a statement, so that ECR's limit holds."""
    repository = Repository(stack, "Api", repository_name="payments/api")
    for number in range(100):
        arn = f"arn:aws:iam::{OTHER_ACCOUNT}:role/deployer-{number:03}"
        repository.grant_pull(iam.Role.from_role_arn(stack, f"Role{number}", arn))

    policy = properties_of(stack)["RepositoryPolicyText"]
    assert 1 == len(policy["Statement"])
    assert len(compact(policy)) <= 10_240
