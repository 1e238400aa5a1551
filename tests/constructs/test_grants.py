"""Who may do what after a grant of a repository, a registry or a cache, as the policies say it."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from ecr_constructs import PullThroughCache, Registry, Repository, Upstream
from ecr_constructs.model.json_text import compact
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
    REGION,
    REPOSITORY,
    Template,
    allow,
    existing_role,
    far_role,
    function_of,
    identity_statements,
    in_order,
    new_app,
    of_type,
    project_of,
    properties_of,
    role_of,
    root,
    statements_of,
    template,
    warnings_of,
)
from tests.support.errors import rejects
from tests.support.policy_evaluator import Caller, Service, World

LOGIN = "ecr:GetAuthorizationToken"
EVERY_ACTION = {
    *(LOGIN, *PUSH_ACTIONS, *READ_ACTIONS, *DELETE_IMAGE_ACTIONS, *LIFECYCLE_ACTIONS),
    *("ecr:SetRepositoryPolicy", "ecr:DeleteRepository", "ecr:PutImageTagMutability"),
}
NAME = "payments/api"
UNIT = f"{ORGANIZATION}/r-ab12/ou-ab12-11111111/"
LAMBDA = "lambda.amazonaws.com"
CODE_BUILD = "codebuild.amazonaws.com"
SCAN = "ecr:DescribeImageScanFindings"
TEAM = {"team": "payments"}
PROFILE = f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/"
INLINE, MANAGED = 10_240, 6_144


def world(stack: cdk.Stack) -> World:
    """Synthesize the app of a stack and return its policies."""
    app = stack.node.root
    assert isinstance(app, cdk.App)
    return World.of_assembly(Path(app.synth().directory))


def far(name: str = "deployer", **more: Any) -> Caller:
    """Return a role of another account that may do everything there."""
    return Caller(arn=f"arn:aws:iam::{OTHER_ACCOUNT}:role/{name}", **more)


def repository_of(stack: cdk.Stack) -> Repository:
    """Return a repository of the stack."""
    return Repository(stack, "Api", repository_name=NAME)


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


def may(there: World, who: Caller, repository: str) -> set[str]:
    """Return what a role may do with a repository."""
    return {action for action in EVERY_ACTION - {LOGIN} if there.can(who, action, repository)}


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


PAYMENTS = {"StringEquals": {"aws:PrincipalTag/team": "payments"}}
PULL, PUSH = "ecr:BatchGetImage", "ecr:PutImage"
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


def test_two_accounts_that_are_not_known_are_one(app: cdk.App) -> None:
    """In a stack of any account, a role of the stack is granted in its own policy."""
    stack = cdk.Stack(app, "Agnostic")
    repository = Repository(stack, "Api")
    repository.grant_pull(role_of(stack))
    repository.grant_pull_to_lambda()

    [statement] = statements_of(stack)
    assert {"Service": LAMBDA} == statement["Principal"]
    assert isinstance(repository, ecr.RepositoryBase)


# --- registries, and the sizes of policies ----------------------------------------------------


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
        registry.sign(f"{PROFILE}below", filters=["payments/api"])
        registry.sign(f"{PROFILE}around", filters=["pay*"])
        registry.sign(f"{PROFILE}elsewhere", filters=["search/*", "pay"])
        registry.sign(f"{PROFILE}all")

    in_order(sign, lambda: registry.grant_push(role, prefix="payments/"), late=late)

    [signing] = [
        statement
        for statement in identity_statements(stack)
        if statement["Action"] == "signer:SignPayload"
    ]
    assert {"below", "around", "all"} == {item.rpartition("/")[2] for item in signing["Resource"]}


def repositories(stack: cdk.Stack) -> Iterator[Repository]:
    """Yield a hundred repositories of one team."""
    for number in range(100):
        name = f"payments/service-{number:03}"
        yield Repository(stack, f"Service{number:03}", repository_name=name, tags=TEAM)


def sizes(rendered: Template, resource_type: str) -> dict[str, int]:
    """Return the lengths of the policies of a type, with the ARNs that references stand for."""
    names = {
        logical_id: properties["RepositoryName"]
        for logical_id, properties in of_type(rendered, REPOSITORY).items()
    }

    def arn(value: dict[str, Any]) -> Any:
        if "Fn::GetAtt" in value:
            return f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{names[value['Fn::GetAtt'][0]]}"
        return value

    texts = {
        logical_id: json.dumps(policy["PolicyDocument"])
        for logical_id, policy in of_type(rendered, resource_type).items()
    }
    return {
        logical_id: len(compact(json.loads(text, object_hook=arn)))
        for logical_id, text in texts.items()
    }


def test_a_hundred_repositories(stack: cdk.Stack) -> None:
    """A policy by prefix or tag does not grow with their number; one by one, IAM's limits hold."""
    registry = Registry(stack, "Registry")
    registry.grant_pull_push(role_of(stack, "ByPrefix"), prefix="payments/")
    registry.grant_pull_push(role_of(stack, "ByTag"), tags={"team": "payments"})
    role = role_of(stack, "OneByOne")
    for repository in repositories(stack):
        repository.grant_pull(role)

    rendered = template(stack)
    there = world(stack)
    inline, managed = (sizes(rendered, f"AWS::IAM::{kind}Policy") for kind in ("", "Managed"))
    one_by_one = [inline.pop(name) for name in [*inline] if name.startswith("OneByOne")]
    assert sum(one_by_one) <= INLINE
    assert all(name.startswith("OneByOne") for name in managed)
    assert all(size <= MANAGED for size in managed.values())
    assert len(managed) <= 10
    who = there.role("OneByOne")
    assert all(there.can(who, "ecr:BatchGetImage", f"payments/service-{n:03}") for n in range(100))
    assert 3 == str(rendered).count(LOGIN)

    assert 2 == len(inline)
    assert all(size < 600 for size in inline.values())
    for name in ("ByPrefix", "ByTag"):
        assert there.can(there.role(name), "ecr:PutImage", "payments/service-099")


def test_too_many_one_by_one_fail_the_synthesis(stack: cdk.Stack) -> None:
    """Where CDK cannot split a policy, the error says how to grant them all."""
    limits: dict[Any, int] = {
        iam.User(stack, "User"): 2_048,
        iam.Group(stack, "Group"): 5_120,
        existing_role(stack): 10_240,
    }
    for number in range(40):
        name = f"payments/{'x' * 240}-{number}"
        repository = Repository(stack, f"R{number}", repository_name=name)
        for grantee in limits:
            repository.grant_pull(grantee)

    with pytest.raises(RuntimeError, match="ValidationFailed") as caught:
        template(stack)
    for grantee, limit in limits.items():
        where = f"[{grantee.node.path}]"
        [line] = [text for text in str(caught.value).splitlines() if where in text]
        assert all(value in line for value in (f"{limit:,}", "40", "prefix='payments/'"))


def test_a_statement_too_long_for_a_managed_policy(stack: cdk.Stack) -> None:
    """CDK guesses the length of an ARN; names that are longer are found out."""
    role = role_of(stack)
    for number in range(85):
        name = f"{'n' * 200}/{'m' * 40}-{number:03}" if number % 2 else f"{number:03}/{'k' * 240}"
        Repository(stack, f"R{number}", repository_name=name).grant_pull(role)

    with pytest.raises(RuntimeError, match=r"IAM accepts 6,144.*prefix='payments/'"):
        template(stack)


def test_a_repository_policy_names_many_roles(stack: cdk.Stack) -> None:
    """Roles of one account share a statement: one for each would be longer than ECR accepts."""
    repository = Repository(stack, "Api", repository_name="payments/api")
    for number in range(60):
        repository.grant_pull(far_role(stack, f"deployer-{number:03}"))

    policy = properties_of(stack)["RepositoryPolicyText"]
    assert 1 == len(policy["Statement"])
    assert len(compact(policy)) <= 10_240
