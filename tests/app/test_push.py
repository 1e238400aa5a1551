"""CI that pushes: what is rejected in an environment file, and the roles that are created."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.environment.loading import load_environment
from ecr_constructs.environment.resolution import ResolvedEnvironment
from tests.app.conftest import Synth, Templates, of_type, problems

FILE = """\
account: "111122223333"
region: eu-central-1
profile: development
{environment}
teams:
  payments:
    push: {team}
    repositories:
      - payments/api
      - {{name: payments/worker{worker}}}
"""
GITHUB = "{github: acme/payments, branches: [main]}"
UUID, OTHER = "1d397906-81bf-459e-9a8d-eae79c0bc5f3", "37f7aa0f-722b-4737-a1ba-74f42f300734"
BITBUCKET = f"{{workspace: acme, workspace_uuid: {UUID}, repository_uuid: {OTHER}}}"
CIRCLECI = (
    f"{{organization_id: {UUID}, project_id: {OTHER}, vcs_origin: github.com/acme/payments-api}}"
)

Write = Callable[..., Path]
Template = dict[str, Any]
PushStack = Callable[..., Template]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes an environment file and gives its path."""

    def write_file(team: str = GITHUB, *, worker: str = "", environment: str = "") -> Path:
        text = FILE.format(team=team, worker=worker, environment=environment)
        path = tmp_path / "dev.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


@pytest.fixture
def push_stack(write: Write, synth: Synth) -> PushStack:
    """Return a function that returns the template of the stack with roles, if there is one."""

    def template(*arguments: str, **content: str) -> Template:
        return synth(load_environment(write(*arguments, **content)))["Dev/Push"]

    return template


SUBJECTS = {
    "github": (GITHUB, "repo:acme/payments:ref:refs/heads/main"),
    "github with ids": (
        "{github: acme@1/payments@2, environments: [prod], pull_requests: true}",
        ["repo:acme@1/payments@2:environment:prod", "repo:acme@1/payments@2:pull_request"],
    ),
    "github of one's own": (
        "{github: acme/x, tags: ['v*'], url: 'https://git.example.com/_services/token'}",
        "repo:acme/x:ref:refs/tags/v*",
    ),
    "gitlab": (
        "{gitlab: acme/payments/api, branches: [main]}",
        "project_path:acme/payments/api:ref_type:branch:ref:main",
    ),
    "gitlab of one's own": (
        "{gitlab: acme/api, tags: ['v*'], url: 'https://gitlab.example.com'}",
        "project_path:acme/api:ref_type:tag:ref:v*",
    ),
    "bitbucket": (
        f"{{bitbucket: {BITBUCKET}, environments: [{UUID}]}}",
        f"{{{OTHER}}}:{{{UUID}}}:{{????????-????-????-????-????????????}}",
    ),
    "circleci": (
        f"{{circleci: {CIRCLECI}, branches: [main]}}",
        (
            f"org/{UUID}/project/{OTHER}/user/????????-????-????-????-????????????/vcs-origin/"
            "github.com/acme/payments-api/vcs-ref/refs/heads/main"
        ),
    ),
}


@pytest.mark.parametrize(("push", "subject"), SUBJECTS.values(), ids=SUBJECTS)
def test_every_system_has_a_provider_and_a_role(
    push: str, subject: str | list[str], push_stack: PushStack
) -> None:
    """The role trusts the provider of the same stack, for the subject that the file means."""
    template = push_stack(push)

    [provider] = of_type(template, "AWS::IAM::OIDCProvider")
    [role] = of_type(template, "AWS::IAM::Role")
    [statement] = role["AssumeRolePolicyDocument"]["Statement"]
    path = provider["Url"].removeprefix("https://")
    assert f"arn:aws:iam::111122223333:oidc-provider/{path}" == statement["Principal"]["Federated"]
    tests = {
        **statement["Condition"]["StringEquals"],
        **statement["Condition"].get("StringLike", {}),
    }
    assert {f"{path}:aud": provider["ClientIdList"][0], f"{path}:sub": subject} == tests


IDS = "{repository_id: 1, actor_id: ['2', 3]}"
CLAIMED: dict[str, tuple[str, dict[str, Any]]] = {
    "an environment and a branch": (
        "{github: acme/payments, environments: [prod], branches: [main], match: all}",
        {"sub": "repo:acme/payments:environment:prod", "ref": "refs/heads/main"},
    ),
    "ids and an audience": (
        f"{{github: acme/a, branches: [main], audience: acme, claims: {IDS}}}",
        {
            "aud": "acme",
            "sub": "repo:acme/a:ref:refs/heads/main",
            "repository_id": "1",
            "actor_id": ["2", "3"],
        },
    ),
    "a protected branch": (
        "{gitlab: acme/api, branches: [main], audience: acme, claims: {ref_protected: true}}",
        {
            "aud": "acme",
            "sub": "project_path:acme/api:ref_type:branch:ref:main",
            "ref_protected": "true",
        },
    ),
}


@pytest.mark.parametrize(("push", "claims"), CLAIMED.values(), ids=CLAIMED)
def test_claims_of_the_file_are_required(
    push: str, claims: dict[str, Any], push_stack: PushStack
) -> None:
    """The role requires them, and the provider accepts the audience."""
    template = push_stack(push)

    [provider] = of_type(template, "AWS::IAM::OIDCProvider")
    [role] = of_type(template, "AWS::IAM::Role")
    path = provider["Url"].removeprefix("https://")
    condition = role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["StringEquals"]
    default = {"aud": provider["ClientIdList"][0]}
    assert {f"{path}:{name}": value for name, value in (default | claims).items()} == condition
    assert condition[f"{path}:aud"] in provider["ClientIdList"]


def test_one_provider_accepts_every_audience(push_stack: PushStack) -> None:
    """Two projects of one issuer may require different audiences."""
    own = ", push: {github: acme/worker, branches: [main], audience: acme}"
    [provider] = of_type(push_stack(worker=own), "AWS::IAM::OIDCProvider")
    assert ["sts.amazonaws.com", "acme"] == provider["ClientIdList"]


def _pushed(environment: ResolvedEnvironment) -> dict[str, list[str]]:
    return {access.project.name: access.repositories for access in environment.ci_access}


def test_the_nearest_project_pushes(write: Write) -> None:
    """A repository's own takes the place of the team's, the team's of the defaults'."""
    defaults = "defaults: {push: {github: acme/everything, branches: [main]}}"
    own = ", push: {github: acme/worker, branches: [main]}"
    assert {"acme/payments": ["payments/api"], "acme/worker": ["payments/worker"]} == _pushed(
        load_environment(write(worker=own, environment=defaults))
    )
    assert {"acme/everything": ["payments/api", "payments/worker"]} == _pushed(
        load_environment(write("null", environment=defaults))
    )


def test_a_project_has_one_role_for_all_of_its_repositories(push_stack: PushStack) -> None:
    """A provider serves every project; a role pushes to its own repositories; ARNs are outputs."""
    own = ", push: {github: acme/worker, branches: [main], session_hours: 2}"
    template = push_stack(worker=own)

    assert 1 == len(of_type(template, "AWS::IAM::OIDCProvider"))
    policies = of_type(template, "AWS::IAM::Policy")
    repository = "arn:aws:ecr:eu-central-1:111122223333:repository/payments"
    assert [f"{repository}/api", f"{repository}/worker"] == [
        policy["PolicyDocument"]["Statement"][0]["Resource"] for policy in policies
    ]
    assert [3600, 7200] == [
        role["MaxSessionDuration"] for role in of_type(template, "AWS::IAM::Role")
    ]
    assert [
        "What CI of acme/payments assumes to push images",
        "What CI of acme/worker assumes to push images",
    ] == [output["Description"] for output in template["Outputs"].values()]


def test_a_role_has_its_boundary(push_stack: PushStack) -> None:
    """A security team may require one for every role of an account."""
    arn = "arn:aws:iam::111122223333:policy/Boundary"
    push = GITHUB.replace("}", f", permissions_boundary: '{arn}'}}")
    template = push_stack(push)

    assert [arn] == [role["PermissionsBoundary"] for role in of_type(template, "AWS::IAM::Role")]


def test_a_provider_that_exists_is_not_made(push_stack: PushStack) -> None:
    """The role trusts it by its ARN."""
    existing = "existing_ci_providers: [github]"
    template = push_stack(environment=existing)

    assert {"AWS::IAM::Role", "AWS::IAM::Policy"} == {
        resource["Type"] for resource in template["Resources"].values()
    }


def test_nothing_is_pushed_to_a_replica(templates: Templates) -> None:
    """Prod has two replicas and one stack of roles."""
    assert ["Dev/Push", "Prod/Push", "Staging/Push"] == sorted(
        path for path in templates if path.endswith("Push")
    )


def test_without_ci_there_is_no_stack(write: Write, synth: Synth) -> None:
    """Who pushes by other means has no provider and no role."""
    assert ["Dev/Payments"] == list(synth(load_environment(write("null"))))


def test_a_project_has_the_same_settings_everywhere(write: Write) -> None:
    """It has one role in an environment."""
    path = write(worker=", push: {github: acme/payments, tags: ['v*']}")

    expected = "10: teams.payments.repositories[1]: push-settings-conflict"
    assert [expected] == problems(load_environment, path)
