"""Who may do what after a grant, as the synthesized policies say it."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from ecr_constructs import Repository
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
    ORGANIZATION,
    OTHER_ACCOUNT,
    REGION,
    identity_statements,
    new_app,
    role_of,
    statements_of,
    synth,
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


def world(stack: cdk.Stack) -> World:
    """Synthesize the app of a stack and return its policies."""
    app = stack.node.root
    assert isinstance(app, cdk.App)
    return World.of(
        *((body, ACCOUNT, REGION) for name, body in synth(app).items() if "Far" not in name),
        *((body, OTHER_ACCOUNT, REGION) for name, body in synth(app).items() if "Far" in name),
    )


def far(name: str = "deployer", **more: Any) -> Caller:
    """Return a role of another account that may do everything there."""
    return Caller(arn=f"arn:aws:iam::{OTHER_ACCOUNT}:role/{name}", **more)


def repository_of(stack: cdk.Stack) -> Repository:
    """Return a repository of the stack."""
    return Repository(stack, "Api", repository_name=NAME)


def abroad(stack: cdk.Stack, name: str = "deployer") -> iam.IRole:
    """Return a role of another account that may not exist yet."""
    return iam.Role.from_role_arn(stack, name, f"arn:aws:iam::{OTHER_ACCOUNT}:role/{name}")


GRANTS: dict[str, tuple[Callable[[Repository, iam.IGrantable], iam.Grant], set[str]]] = {
    "read": (Repository.grant_read, {*READ_ACTIONS}),
    "pull": (Repository.grant_pull, {LOGIN, *PULL_ACTIONS}),
    "push": (Repository.grant_push, {LOGIN, *PUSH_ONLY_ACTIONS}),
    "pull and push": (Repository.grant_pull_push, {LOGIN, *PUSH_ACTIONS}),
    "delete images": (Repository.grant_delete_image, {*DELETE_IMAGE_ACTIONS}),
    "manage the lifecycle": (Repository.grant_manage_lifecycle, {*LIFECYCLE_ACTIONS}),
}


@pytest.fixture(scope="module")
def granted(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Each grant, given to a role of its own here and to one of another account."""
    stack = cdk.Stack(new_app(tmp_path_factory.mktemp("cdk.out")), "Stack", env=ENV)
    repository = repository_of(stack)
    Repository(stack, "Worker", repository_name="payments/worker")
    for name, (grant, _) in GRANTS.items():
        words = f"{name.title().replace(' ', '')}Role"
        assert grant(repository, role_of(stack, words)).success
        assert grant(repository, abroad(stack, f"far-{words}")).success
    return world(stack)


@pytest.mark.parametrize("name", GRANTS)
def test_a_grant_gives_what_it_says_and_no_more(granted: World, name: str) -> None:
    """A role may do what the grant is named after, with this repository only."""
    role = granted.role(f"{name.title().replace(' ', '')}Role")
    _, expected = GRANTS[name]

    assert expected == {action for action in EVERY_ACTION if granted.can(role, action, NAME)} | (
        {LOGIN} if granted.can(role, LOGIN) else set()
    )
    assert not any(
        granted.can(role, action, "payments/worker") for action in EVERY_ACTION - {LOGIN}
    )


@pytest.mark.parametrize("name", GRANTS)
def test_a_role_of_another_account_is_admitted_by_its_arn(granted: World, name: str) -> None:
    """It may do the same, if its own account permits it; its neighbours may not."""
    role = f"far-{name.title().replace(' ', '')}Role"
    _, expected = GRANTS[name]

    def may(who: Caller) -> set[str]:
        return {action for action in EVERY_ACTION - {LOGIN} if granted.can(who, action, NAME)}

    assert expected - {LOGIN} == may(far(role))
    assert set() == may(far(f"{role}2"))
    assert set() == may(far(role, identity=()))


def test_roles_of_an_account_share_a_statement(stack: cdk.Stack) -> None:
    """The account is named, which exists, and the ARNs are told in one condition."""
    repository = repository_of(stack)
    for name in ("one", "two"):
        repository.grant_pull(abroad(stack, name))
    repository.grant_pull(iam.ArnPrincipal(f"arn:aws:iam::{OTHER_ACCOUNT}:user/jo"))
    repository.grant_pull(iam.ArnPrincipal(f"arn:aws:iam::{OTHER_ACCOUNT}:user/jo"))

    arns = [f"arn:aws:iam::{OTHER_ACCOUNT}:{item}" for item in ("role/one", "role/two", "user/jo")]
    assert [
        {
            "Action": [*PULL_ACTIONS],
            "Condition": {"ArnEquals": {"aws:PrincipalArn": arns}},
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:root"},
        }
    ] == statements_of(stack)


def test_a_principal_keeps_its_own_conditions(stack: cdk.Stack) -> None:
    """What the caller demands of a role of another account is demanded next to its ARN."""
    tagged = iam.PrincipalWithConditions(
        abroad(stack), {"StringEquals": {"aws:PrincipalTag/team": "payments"}}
    )
    repository_of(stack).grant_pull(tagged)

    there = world(stack)
    assert there.can(far(tags={"team": "payments"}), "ecr:BatchGetImage", NAME)
    assert not there.can(far(), "ecr:BatchGetImage", NAME)
    assert not there.can(far("other", tags={"team": "payments"}), "ecr:BatchGetImage", NAME)


def test_conditions_around_principals_here(stack: cdk.Stack) -> None:
    """A role of this account may under conditions in its own policy, an account in the other."""
    repository = repository_of(stack)
    repository.grant_pull(iam.PrincipalWithConditions(role_of(stack), {}))
    repository.grant_pull(
        iam.AccountPrincipal(OTHER_ACCOUNT).with_conditions(
            {"StringEquals": {"aws:PrincipalTag/team": "payments"}}
        )
    )

    there = world(stack)
    assert there.can(there.role("Role"), "ecr:BatchGetImage", NAME)
    assert there.can(far(tags={"team": "payments"}), "ecr:BatchGetImage", NAME)
    assert not there.can(far(), "ecr:BatchGetImage", NAME)


def test_a_role_that_another_account_defines(app: cdk.App, stack: cdk.Stack) -> None:
    """A role of this app needs no name: CDK tells it by a tag; both sides are rendered."""
    stack_abroad = cdk.Stack(app, "Far", env=cdk.Environment(account=OTHER_ACCOUNT, region=REGION))
    role, other = role_of(stack_abroad), role_of(stack_abroad, "Other")
    repository_of(stack).grant_pull(role)
    iam.Grant.add_to_principal(grantee=other, actions=["ecr:*"], resource_arns=["*"])

    there = world(stack)
    assert there.can(there.role("Role"), "ecr:BatchGetImage", NAME)
    assert not there.can(there.role("Role"), "ecr:PutImage", NAME)
    assert there.can(there.role("Role"), LOGIN)
    assert not there.can(there.role("Other"), "ecr:BatchGetImage", NAME)


def test_a_role_that_takes_no_policy_is_admitted_by_the_repository(stack: cdk.Stack) -> None:
    """A role of this account that the app must not change is named; it has to log in itself."""
    role = iam.Role.from_role_arn(stack, "Own", f"arn:aws:iam::{ACCOUNT}:role/own", mutable=False)
    repository_of(stack).grant_pull(role)

    there = world(stack)
    nobody = Caller(arn=f"arn:aws:iam::{ACCOUNT}:role/own", identity=())
    assert there.can(nobody, "ecr:BatchGetImage", NAME)
    assert not there.can(far("own"), "ecr:BatchGetImage", NAME)
    assert ["ecr-constructs:loginElsewhere"] == warnings_of(stack)


MEMBERS: dict[str, tuple[Callable[[Repository], object], Caller, Caller]] = {
    "an account": (
        lambda repository: repository.grant_pull(iam.AccountPrincipal(OTHER_ACCOUNT)),
        far(),
        Caller(arn="arn:aws:iam::777788889999:role/x"),
    ),
    "an organization": (
        lambda repository: repository.grant_pull(iam.OrganizationPrincipal(ORGANIZATION)),
        far(organization=ORGANIZATION),
        far(organization="o-zzzzzzzzzz"),
    ),
    "a user of another account": (
        lambda repository: repository.grant_pull(
            iam.ArnPrincipal(f"arn:aws:iam::{OTHER_ACCOUNT}:user/jo")
        ),
        Caller(arn=f"arn:aws:iam::{OTHER_ACCOUNT}:user/jo"),
        Caller(arn=f"arn:aws:iam::{OTHER_ACCOUNT}:user/jim"),
    ),
}


@pytest.mark.parametrize(("grant", "member", "stranger"), MEMBERS.values(), ids=MEMBERS)
def test_principals_without_a_policy_here(
    stack: cdk.Stack, grant: Callable[[Repository], object], member: Caller, stranger: Caller
) -> None:
    """They are admitted by the repository policy, and nobody else is."""
    grant(repository_of(stack))

    there = world(stack)
    assert there.can(member, "ecr:BatchGetImage", NAME)
    assert not there.can(member, "ecr:PutImage", NAME)
    assert not there.can(stranger, "ecr:BatchGetImage", NAME)


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
        assert expected == there.can(far(paths=(path,)), "ecr:BatchGetImage", NAME)
    assert not there.can(far(), "ecr:BatchGetImage", NAME)
    assert not there.can(far(paths=(UNIT,)), "ecr:PutImage", NAME)


def function(name: str, account: str = ACCOUNT, region: str = REGION) -> dict[str, Any]:
    """Return what Lambda tells of the function that it pulls for."""
    return {"aws:SourceArn": f"arn:aws:lambda:{region}:{account}:function:{name}"}


def project(name: str, account: str = ACCOUNT) -> dict[str, Any]:
    """Return what CodeBuild tells of the project that it pulls for."""
    arn = f"arn:aws:codebuild:{REGION}:{account}:project/{name}"
    return {"aws:SourceArn": arn, "aws:SourceAccount": account}


def by_code(repository: Repository) -> None:
    """Let CDK itself grant to Lambda."""
    code = lambda_.DockerImageCode.from_ecr(repository, tag_or_digest="1")
    lambda_.DockerImageFunction(repository.stack, "Function", code=code)


def to_far(repository: Repository) -> None:
    """Let the functions of another account pull."""
    repository.grant_pull_to_lambda(account=OTHER_ACCOUNT)


NARROWED = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
ADMITTED: dict[str, tuple[str, Callable[[Repository], object]]] = {
    "bare": (LAMBDA, lambda r: r.grant_pull(iam.ServicePrincipal(LAMBDA))),
    "helper": (LAMBDA, lambda r: r.grant_pull_to_lambda()),
    "by-cdk": (LAMBDA, by_code),
    "named": (LAMBDA, lambda r: r.grant_pull_to_lambda(functions=["payments-*", "refunds"])),
    "far": (LAMBDA, to_far),
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
            _how,
            {**function("api"), "aws:SourceAccount": OTHER_ACCOUNT},
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

    assert expected == admitted.can(Service(service, context), "ecr:BatchGetImage", name)


def test_whoever_creates_a_function_elsewhere_may_pull(admitted: World) -> None:
    """Lambda asks for the account's permission as well as its own."""
    assert admitted.can(far(), "ecr:BatchGetImage", "far")
    assert not admitted.can(far(), "ecr:BatchGetImage", "helper")


def test_a_project_pulls_with_its_role(stack: cdk.Stack) -> None:
    """CDK's projects pull with their role by default."""
    image = codebuild.LinuxBuildImage.from_ecr_repository(repository_of(stack), "1")
    codebuild.Project(
        stack,
        "Build",
        build_spec=codebuild.BuildSpec.from_object({"version": "0.2"}),
        environment=codebuild.BuildEnvironment(build_image=image),
    )

    there = world(stack)
    assert there.can(there.role("BuildRole"), "ecr:BatchGetImage", NAME)
    assert not there.can(Service(CODE_BUILD, project("Build")), "ecr:BatchGetImage", NAME)


NOT_GRANTED: dict[str, tuple[Callable[[Repository, cdk.Stack], object], list[str]]] = {
    **{
        f"{service}": (
            lambda r, _, service=service: r.grant_pull(  # type: ignore[misc]
                iam.ServicePrincipal(f"{service}.amazonaws.com")
            ),
            [code],
        )
        for service, code in {
            "build.apprunner": "service-pulls-with-role",
            "sagemaker": "service-pulls-with-role",
            "batch": "service-pulls-with-role",
            "example": "service-source-missing",
        }.items()
    },
    "Lambda that pushes": (
        lambda r, _: r.grant_push(iam.ServicePrincipal(LAMBDA)),
        ["service-source-missing"],
    ),
    "a service next to others": (
        lambda r, _: r.grant_pull(
            iam.CompositePrincipal(iam.ServicePrincipal(LAMBDA), iam.ServicePrincipal(CODE_BUILD))
        ),
        ["service-source-missing"] * 2,
    ),
    "a function by ARN": (
        lambda r, _: r.grant_pull_to_lambda(functions=[function("api")["aws:SourceArn"]]),
        ["functions[0]: source-name-format"],
    ),
    "functions as a string": (
        lambda r, _: r.grant_pull_to_lambda(functions="api"),
        ["functions: list-is-string"],
    ),
    "no account": (
        lambda r, _: r.grant_pull_to_lambda(account="1"),
        ["account[0]: account-id-format"],
    ),
    "a project by path": (
        lambda r, _: r.grant_pull_to_code_build(projects=["a/b"]),
        ["projects[0]: source-name-format"],
    ),
    "no action": (lambda r, stack: r.grant(role_of(stack)), ["actions: grant-without-actions"]),
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
