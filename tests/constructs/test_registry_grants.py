"""Grants on a whole registry, by prefix and by tag, and the sizes that policies come to."""

import json
from collections.abc import Callable, Iterator
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
    ENV,
    OTHER_ACCOUNT,
    REGION,
    Template,
    new_app,
    resources,
    template,
)
from tests.support.policy_evaluator import World

LOGIN = "ecr:GetAuthorizationToken"
EVERY_ACTION = {*PUSH_ACTIONS, *READ_ACTIONS, *DELETE_IMAGE_ACTIONS, *LIFECYCLE_ACTIONS}
PROFILE = f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/"
INLINE, MANAGED = 10_240, 6_144


def role_of(stack: cdk.Stack, construct_id: str = "Role") -> iam.Role:
    """Return a role of the stack."""
    return iam.Role(stack, construct_id, assumed_by=iam.AccountRootPrincipal())


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


REFUSED: dict[str, tuple[Callable[[Registry, iam.Role], object], str]] = {
    "nothing named": (lambda r, role: r.grant_pull(role), "prefix='' includes every"),
    "no action": (
        lambda r, role: r.grant(role, prefix="payments/"),
        "a grant of no action grants nothing",
    ),
    "a pattern": (
        lambda r, role: r.grant_pull(role, prefix="payments/*"),
        "must be the beginning of names, not a pattern; write 'payments/'",
    ),
    "a tag of AWS": (
        lambda r, role: r.grant_pull(role, tags={"aws:x": "y"}),
        "aws:",
    ),
    "an account": (
        lambda r, _: r.grant_pull(iam.AccountPrincipal(OTHER_ACCOUNT), prefix="payments/"),
        "access to many repositories cannot be granted .* Name it where each repository is",
    ),
    "a service": (
        lambda r, _: r.grant_pull(iam.ServicePrincipal("lambda.amazonaws.com"), prefix="payments/"),
        "cannot be granted to this principal",
    ),
    "a role that another account defines": (
        lambda r, _: r.grant_pull(
            role_of(
                cdk.Stack(
                    cdk.Stage.of(r) or r,
                    "Far",
                    env=cdk.Environment(account=OTHER_ACCOUNT, region=REGION),
                )
            ),
            prefix="payments/",
        ),
        "cannot be granted to this principal",
    ),
}


@pytest.mark.parametrize(("grant", "message"), REFUSED.values(), ids=REFUSED)
def test_refuses_what_would_grant_nothing_or_everything(
    stack: cdk.Stack, grant: Callable[[Registry, iam.Role], object], message: str
) -> None:
    """Repositories must be named, and the principal must have a policy here."""
    with pytest.raises(ValueError, match=message):
        grant(Registry(stack, "Registry"), role_of(stack))


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

    def push() -> None:
        registry.grant_push(role, prefix="payments/")

    for step in (push, sign) if late else (sign, push):
        step()

    [policy] = resources(stack, "AWS::IAM::Policy")
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    [signing] = [each for each in statements if each["Action"] == "signer:SignPayload"]
    assert {"below", "around", "all"} == {each.rpartition("/")[2] for each in signing["Resource"]}


def repositories(stack: cdk.Stack, number_of_them: int = 100) -> Iterator[Repository]:
    """Yield repositories of one team."""
    for number in range(number_of_them):
        name = f"payments/service-{number:03}"
        yield Repository(
            stack, f"Service{number:03}", repository_name=name, tags={"team": "payments"}
        )


def sizes(found: Template, resource_type: str) -> list[int]:
    """Return the lengths of the policies of a type, with the ARNs that references stand for."""
    names = {
        logical_id: each["Properties"]["RepositoryName"]
        for logical_id, each in found["Resources"].items()
        if each["Type"] == "AWS::ECR::Repository"
    }

    def arn(value: dict[str, Any]) -> Any:
        if "Fn::GetAtt" in value:
            return f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{names[value['Fn::GetAtt'][0]]}"
        return value

    return [
        len(
            json.dumps(
                json.loads(json.dumps(each["Properties"]["PolicyDocument"]), object_hook=arn),
                separators=(",", ":"),
            )
        )
        for each in found["Resources"].values()
        if each["Type"] == resource_type
    ]


def test_a_hundred_repositories_by_prefix_and_by_tag(stack: cdk.Stack) -> None:
    """The policy does not grow with the number of repositories."""
    registry = Registry(stack, "Registry")
    registry.grant_pull_push(role_of(stack, "ByPrefix"), prefix="payments/")
    registry.grant_pull_push(role_of(stack, "ByTag"), tags={"team": "payments"})
    all_of_them = list(repositories(stack))

    found = template(stack)
    there = World.of((found, ACCOUNT, REGION))
    assert 100 == len(all_of_them)
    assert all(size < 600 for size in sizes(found, "AWS::IAM::Policy"))
    assert [] == sizes(found, "AWS::IAM::ManagedPolicy")
    for role in ("ByPrefix", "ByTag"):
        assert there.can(there.role(role), "ecr:PutImage", "payments/service-099")


def test_a_hundred_repositories_one_by_one(stack: cdk.Stack) -> None:
    """What one role may use fits IAM's limits, with one login, and every repository is there."""
    role = role_of(stack)
    for each in repositories(stack):
        each.grant_pull(role)

    found = template(stack)
    there = World.of((found, ACCOUNT, REGION))
    inline, managed = (sizes(found, f"AWS::IAM::{kind}Policy") for kind in ("", "Managed"))
    assert sum(inline) <= INLINE
    assert all(each <= MANAGED for each in managed)
    assert len(managed) <= 10
    who = there.role("Role")
    assert all(there.can(who, "ecr:BatchGetImage", f"payments/service-{n:03}") for n in range(100))
    assert 1 == str(found).count(LOGIN)


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

    with pytest.raises(RuntimeError, match="ValidationFailed") as raised:
        template(stack)
    for grantee, limit in limits.items():
        where = f"[{grantee.node.path}]"
        [line] = [each for each in str(raised.value).splitlines() if where in each]
        assert f"where IAM accepts {limit:,}: it names 145 repositories one by one" in line
        assert "Registry.of(stack).grant_pull(grantee, prefix='payments/')" in line


def test_a_statement_too_long_for_a_managed_policy(stack: cdk.Stack) -> None:
    """CDK guesses the length of an ARN; names that are longer are found out."""
    role = role_of(stack)
    for number in range(100):
        name = f"{'n' * 200}/{'m' * 40}-{number:03}" if number % 2 else f"{number:03}/{'k' * 240}"
        Repository(stack, f"R{number}", repository_name=name).grant_pull(role)

    with pytest.raises(RuntimeError, match=r"where IAM accepts 6,144.*prefix='payments/'"):
        template(stack)


def test_a_repository_policy_names_a_hundred_roles(stack: cdk.Stack) -> None:
    """Roles of one account share a statement, so that ECR's limit holds."""
    repository = Repository(stack, "Api", repository_name="payments/api")
    for number in range(100):
        arn = f"arn:aws:iam::{OTHER_ACCOUNT}:role/deployer-{number:03}"
        repository.grant_pull(iam.Role.from_role_arn(stack, f"Role{number}", arn))

    [found] = resources(stack, "AWS::ECR::Repository")
    policy = found["Properties"]["RepositoryPolicyText"]
    assert 1 == len(policy["Statement"])
    assert len(json.dumps(policy, separators=(",", ":"))) <= 10_240
