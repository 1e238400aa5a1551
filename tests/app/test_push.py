"""CI that pushes: what an environment file says of it, and the roles that it comes to."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.environment.ci_access import pushes
from ecr_constructs.environment.loading import load_environment, load_environments
from ecr_constructs.environment.models import Environment
from ecr_constructs.environment.yaml_file import EnvironmentFileError
from tests.app.conftest import Synth, Templates

FILE = """\
account: "{account}"
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


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes an environment file and gives its path."""

    def write_file(
        team: str = GITHUB,
        *,
        worker: str = "",
        environment: str = "",
        account: str = "111122223333",
        name: str = "dev.yaml",
    ) -> Path:
        text = FILE.format(team=team, worker=worker, environment=environment, account=account)
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


def _of_type(template: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [r["Properties"] for r in template["Resources"].values() if r["Type"] == kind]


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
    push: str, subject: str | list[str], write: Write, synth: Synth
) -> None:
    """The role trusts the provider of the same stack, for the subject that the file means."""
    template = synth({"dev": load_environment(write(push))})["Dev/Push"]

    [provider] = _of_type(template, "AWS::IAM::OIDCProvider")
    [role] = _of_type(template, "AWS::IAM::Role")
    [statement] = role["AssumeRolePolicyDocument"]["Statement"]
    path = provider["Url"].removeprefix("https://")
    assert f"arn:aws:iam::111122223333:oidc-provider/{path}" == statement["Principal"]["Federated"]
    tests = {
        **statement["Condition"]["StringEquals"],
        **statement["Condition"].get("StringLike", {}),
    }
    assert {f"{path}:aud": provider["ClientIdList"][0], f"{path}:sub": subject} == tests


def _pushed(environment: Environment) -> dict[str, list[str]]:
    return {each.push.project().name: each.repositories for each in pushes(environment)}


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


def test_a_project_has_one_role_for_all_of_its_repositories(write: Write, synth: Synth) -> None:
    """A provider serves every project; each role pushes to its own; each ARN is put out."""
    own = ", push: {github: acme/worker, branches: [main], session_hours: 2}"
    template = synth({"dev": load_environment(write(worker=own))})["Dev/Push"]

    assert 1 == len(_of_type(template, "AWS::IAM::OIDCProvider"))
    policies = _of_type(template, "AWS::IAM::Policy")
    repository = "arn:aws:ecr:eu-central-1:111122223333:repository/payments"
    assert [f"{repository}/api", f"{repository}/worker"] == [
        each["PolicyDocument"]["Statement"][0]["Resource"] for each in policies
    ]
    assert [3600, 7200] == [
        each["MaxSessionDuration"] for each in _of_type(template, "AWS::IAM::Role")
    ]
    assert [
        "What CI of acme/payments assumes to push images",
        "What CI of acme/worker assumes to push images",
    ] == [each["Description"] for each in template["Outputs"].values()]


def test_a_role_has_its_boundary(write: Write, synth: Synth) -> None:
    """What a security team demands of every role of an account can be said."""
    arn = "arn:aws:iam::111122223333:policy/Boundary"
    push = GITHUB.replace("}", f", permissions_boundary: '{arn}'}}")
    template = synth({"dev": load_environment(write(push))})["Dev/Push"]

    assert [arn] == [each["PermissionsBoundary"] for each in _of_type(template, "AWS::IAM::Role")]


def test_a_provider_that_exists_is_not_made(write: Write, synth: Synth) -> None:
    """The role trusts it by its ARN."""
    existing = "existing_ci_providers: [github]"
    template = synth({"dev": load_environment(write(environment=existing))})["Dev/Push"]

    assert {"AWS::IAM::Role", "AWS::IAM::Policy"} == {
        each["Type"] for each in template["Resources"].values()
    }


def test_nothing_is_pushed_to_a_replica(templates: Templates) -> None:
    """Prod has two replicas and one stack of roles."""
    assert ["Dev/Push", "Prod/Push", "Staging/Push"] == sorted(
        path for path in templates if path.endswith("Push")
    )


def test_without_ci_there_is_no_stack(write: Write, synth: Synth) -> None:
    """Who pushes by other means has no provider and no role."""
    assert ["Dev/Payments"] == list(synth({"dev": load_environment(write("null"))}))


PUSH = "dev.yaml:7: teams.payments.push"
FAULTS = {
    "no system": (
        "{branches: [main]}",
        f"{PUSH}: push has exactly one of the keys github, gitlab, bitbucket, circleci; got none",
    ),
    "two systems": (
        "{github: a/b, gitlab: a/b, branches: [main]}",
        (
            f"{PUSH}: push has exactly one of the keys github, gitlab, bitbucket, circleci; got "
            "github and gitlab"
        ),
    ),
    "a system misspelt": (
        "{guthub: a/b}",
        (
            f"{PUSH}.guthub: is not a key here, did you mean 'github'? Allowed: github, gitlab, "
            "bitbucket, circleci, url, branches, tags, environments, pull_requests, pull_back, "
            "session_hours, permissions_boundary"
        ),
    ),
    "text": (
        "acme/payments",
        f"{PUSH}: must be a mapping of keys to values, got 'acme/payments'",
    ),
    "everyone": (
        "{github: 'acme/*', branches: [main]}",
        (
            f"{PUSH}: Invalid project of GitHub Actions (value: acme/*): - a wildcard in the owner "
            "or the repository would let in repositories that somebody else may make; write "
            "'OWNER/NAME', and a role for each repository"
        ),
    ),
    "every job": (
        "{gitlab: acme/payments}",
        (
            f"{PUSH}: Invalid project of GitLab CI (value: acme/payments): - says nothing but the "
            "project, so that every job of it might push, on whatever branch; give branches such "
            "as ['main'] or tags such as ['v*']"
        ),
    ),
    "every branch": (
        "{github: acme/payments, branches: ['*']}",
        (
            f"{PUSH}: Invalid project of GitHub Actions (value: acme/payments): - branches: '*' "
            "would admit all branches, those that nobody reviewed too; name each, or write a "
            "pattern such as 'release/*'"
        ),
    ),
    "branches of Bitbucket": (
        f"{{bitbucket: {BITBUCKET}, branches: [main], tags: [v1]}}",
        f"{PUSH}: the tokens of bitbucket do not tell branches and tags; give environments",
    ),
    "environments of GitLab": (
        "{gitlab: a/b, environments: [prod]}",
        f"{PUSH}: the tokens of gitlab do not tell environments; give branches or tags",
    ),
    "a URL of CircleCI": (
        f"{{circleci: {CIRCLECI}, branches: [main], url: 'https://circleci.example.com'}}",
        f"{PUSH}: the issuer of circleci follows from the ids; leave url out",
    ),
    "a day": (
        "{github: a/b, branches: [main], session_hours: 24}",
        f"{PUSH}.session_hours: must be at most 12, got 24",
    ),
    "an id missing": (
        f"{{circleci: {{organization_id: {UUID}}}, branches: [main]}}",
        f"{PUSH}.circleci.project_id: is missing",
    ),
}


@pytest.mark.parametrize(("push", "expected"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_said_with_its_line(push: str, expected: str, write: Write) -> None:
    """What was given, what is allowed, and where it stands."""
    path = write(push)
    with pytest.raises(EnvironmentFileError) as caught:
        load_environment(path)

    assert expected == str(caught.value).replace(f"{path.parent}/", "").splitlines()[0]


def test_a_project_says_the_same_everywhere(write: Write) -> None:
    """Two roles of one project would have to be told apart in its workflows."""
    path = write(worker=", push: {github: acme/payments, tags: ['v*']}")
    message = (
        f"{path}:10: teams.payments.repositories[1]: acme/payments pushes with other settings than "
        "to teams.payments.repositories[0]; a project has one role in an environment, so say the "
        "same for both"
    )
    with pytest.raises(EnvironmentFileError, match=f"^{re.escape(message)}$"):
        load_environment(path)


def test_an_account_has_a_provider_once(write: Write) -> None:
    """Of two files for one account, the second is told what to write."""
    first = write(name="a.yaml")
    text = first.read_text(encoding="utf-8")
    second = first.with_name("b.yaml")
    second.write_text(text.replace("payments/", "other/"), encoding="utf-8")
    message = (
        f"{second}:9: teams.payments.repositories[0]: the provider "
        "https://token.actions.githubusercontent.com of account 111122223333 is made by "
        f"{first} already, and an account has one; write here existing_ci_providers: [github]"
    )
    with pytest.raises(EnvironmentFileError, match=f"^{re.escape(message)}$"):
        load_environments(first.parent)

    mended = second.read_text(encoding="utf-8") + "existing_ci_providers: [github]\n"
    second.write_text(mended, encoding="utf-8")
    assert ["a", "b"] == list(load_environments(first.parent))


def test_accounts_have_providers_of_their_own(write: Write) -> None:
    """Dev and prod in different accounts each make one."""
    folder = write(name="dev.yaml").parent
    write(name="prod.yaml", account="333344445555")
    assert ["dev", "prod"] == list(load_environments(folder))
