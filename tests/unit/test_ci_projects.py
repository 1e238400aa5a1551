"""Projects of CI systems: the subjects of their tokens, and the jobs that they admit."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs import BitbucketPipelines, CiIssuer, CircleCi, GitHubActions, GitLabCi
from ecr_constructs.model.ci import CiProject
from tests.support.errors import rejects

UUID, OTHER = "1d397906-81bf-459e-9a8d-eae79c0bc5f3", "37f7aa0f-722b-4737-a1ba-74f42f300734"
ORGANIZATION, USER = "c5a99188-154f-4f69-8da2-b442b1bf78dd", "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"


def github(repository: str = "acme/payments-api", **selection: Any) -> GitHubActions:
    return GitHubActions(repository=repository, **(selection or {"branches": ["main"]}))


def gitlab(project: str = "acme/payments/api", **selection: Any) -> GitLabCi:
    return GitLabCi(project=project, **(selection or {"branches": ["main"]}))


def bitbucket(**changes: Any) -> BitbucketPipelines:
    valid = {"workspace": "acme", "workspace_uuid": f"{{{UUID}}}", "repository_uuid": OTHER}
    return BitbucketPipelines(**{**valid, "environments": [USER], **changes})


def circleci(**changes: Any) -> CircleCi:
    valid = {
        "organization_id": ORGANIZATION,
        "project_id": OTHER,
        "vcs_origin": "github.com/acme/payments-api",
    }
    selection = {} if {"branches", "tags"} & set(changes) else {"branches": ["main"]}
    return CircleCi(**{**valid, **selection, **changes})


# The subjects are those of the four systems' documentation, with other names.
_GITHUB, _GITLAB = "repo:acme/payments-api", "project_path:acme/payments/api"
_CIRCLECI = f"org/{ORGANIZATION}/project/{OTHER}/user/{USER}/vcs-origin"
_ORIGIN, _IDS = "github.com/acme/payments-api", "acme@123456/payments-api@456789"
_IMITATION = f"github.com/evil/fork/vcs-ref/refs/heads/x/vcs-origin/{_ORIGIN}"
ADMITTED: dict[str, tuple[CiProject, str]] = {
    "GitHub: a branch": (github(), f"{_GITHUB}:ref:refs/heads/main"),
    "GitHub: a branch that fits a pattern": (
        github(branches=["release/*"]),
        f"{_GITHUB}:ref:refs/heads/release/1.2",
    ),
    "GitHub: a tag": (github(tags=["v*"]), f"{_GITHUB}:ref:refs/tags/v1.2.0"),
    "GitHub: an environment": (github(environments=["prod"]), f"{_GITHUB}:environment:prod"),
    "GitHub: an environment with a colon": (
        github(environments=["Production:V1"]),
        f"{_GITHUB}:environment:Production%3AV1",
    ),
    "GitHub: a pull request": (github(pull_requests=True), f"{_GITHUB}:pull_request"),
    "GitHub: an immutable subject": (github(_IDS), f"repo:{_IDS}:ref:refs/heads/main"),
    "GitLab: a branch": (gitlab(), f"{_GITLAB}:ref_type:branch:ref:main"),
    "GitLab: a tag": (gitlab(tags=["v*"]), f"{_GITLAB}:ref_type:tag:ref:v1.2.0"),
    "Bitbucket: an environment": (bitbucket(), f"{{{OTHER}}}:{{{USER}}}:{{{UUID}}}"),
    "CircleCI: a branch": (circleci(), f"{_CIRCLECI}/{_ORIGIN}/vcs-ref/refs/heads/main"),
    "CircleCI: a tag": (circleci(tags=["v*"]), f"{_CIRCLECI}/{_ORIGIN}/vcs-ref/refs/tags/v1.2.0"),
}
_ANOTHER = _IDS.replace("123456", "999999")
_FORK = _ORIGIN.replace("acme", "evil")
NOT_ADMITTED: dict[str, tuple[CiProject, str]] = {
    "GitHub: another branch": (github(), f"{_GITHUB}:ref:refs/heads/main2"),
    "GitHub: a tag named like the branch": (github(), f"{_GITHUB}:ref:refs/tags/main"),
    "GitHub: another repository": (github(), f"{_GITHUB}2:ref:refs/heads/main"),
    "GitHub: another owner": (github(), "repo:evil/payments-api:ref:refs/heads/main"),
    "GitHub: other capitals": (github(), "repo:Acme/payments-api:ref:refs/heads/main"),
    "GitHub: a pull request": (github(branches=["*/main", "main"]), f"{_GITHUB}:pull_request"),
    "GitHub: an environment": (github(), f"{_GITHUB}:environment:main"),
    "GitHub: a namesake with other ids": (github(_IDS), f"repo:{_ANOTHER}:ref:refs/heads/main"),
    "GitLab: a project below": (gitlab("acme/payments"), f"{_GITLAB}:ref_type:branch:ref:main"),
    "GitLab: a tag named like the branch": (gitlab(), f"{_GITLAB}:ref_type:tag:ref:main"),
    "Bitbucket: a step without environment": (bitbucket(), f"{{{OTHER}}}:{{{UUID}}}"),
    "Bitbucket: another environment": (bitbucket(), f"{{{OTHER}}}:{{{UUID}}}:{{{USER}}}"),
    "Bitbucket: another repository": (bitbucket(), f"{{{UUID}}}:{{{USER}}}:{{{UUID}}}"),
    "CircleCI: the older token": (circleci(), f"org/{ORGANIZATION}/project/{OTHER}/user/{USER}"),
    "CircleCI: a fork": (circleci(), f"{_CIRCLECI}/{_FORK}/vcs-ref/refs/heads/main"),
    "CircleCI: a branch that carries another subject in its name": (
        circleci(),
        f"{_CIRCLECI}/{_IMITATION}/vcs-ref/refs/heads/main",
    ),
}


def admits(project: CiProject, subject: str) -> bool:
    """Return IAM's answer to a token: all operators must match, each with any of its values."""
    conditions = project.conditions()
    assert conditions["StringEquals"][f"{project.issuer.path}:aud"] == project.issuer.audience
    [(operator, wanted)] = [
        (operator, tests[key])
        for operator, tests in conditions.items()
        for key in tests
        if key == f"{project.issuer.path}:sub"
    ]
    values = [wanted] if isinstance(wanted, str) else wanted
    if operator == "StringEquals":
        return subject in values
    patterns = [re.escape(value).replace(r"\*", ".*").replace(r"\?", ".") for value in values]
    return any(re.fullmatch(pattern, subject, re.DOTALL) for pattern in patterns)


@pytest.mark.parametrize(("project", "subject"), ADMITTED.values(), ids=ADMITTED)
def test_admits_the_subjects_that_the_systems_document(project: CiProject, subject: str) -> None:
    """A selected job is admitted."""
    assert admits(project, subject)


@pytest.mark.parametrize(("project", "subject"), NOT_ADMITTED.values(), ids=NOT_ADMITTED)
def test_admits_no_other_subject(project: CiProject, subject: str) -> None:
    """A similar job is not admitted."""
    assert not admits(project, subject)


_BRANCH = st.from_regex(r"[a-z0-9./@_-]{1,80}", fullmatch=True)


@given(branch=_BRANCH, owner=st.from_regex(r"[a-z]{1,9}", fullmatch=True))
def test_a_branch_name_cannot_imitate_another_repository(branch: str, owner: str) -> None:
    """A branch of another repository is not admitted, whatever its name."""
    ref = f"{branch}/vcs-origin/github.com/acme/payments-api/vcs-ref/refs/heads/main"
    for project, subject in (
        (github(branches=["m*n"]), f"repo:{owner}/x:ref:refs/heads/{ref}"),
        (gitlab(branches=["m*n"]), f"project_path:{owner}/x:ref_type:branch:ref:{ref}"),
        (circleci(branches=["m*n"]), f"{_CIRCLECI}/github.com/{owner}/x/vcs-ref/refs/heads/{ref}"),
    ):
        assert not admits(project, subject)


def test_several_subjects_are_tested_by_one_operator() -> None:
    """Two operators would both have to match; without a wildcard the comparison is exact."""
    host = "token.actions.githubusercontent.com"
    subjects = ["repo:a/b:ref:refs/heads/main", "repo:a/b:environment:prod"]
    exact = github("a/b", branches=["main"], environments=["prod"])
    assert exact.conditions() == {
        "StringEquals": {f"{host}:aud": "sts.amazonaws.com", f"{host}:sub": subjects}
    }
    wild = github("a/b", branches=["main"], tags=["v*"])
    assert wild.conditions() == {
        "StringEquals": {f"{host}:aud": "sts.amazonaws.com"},
        "StringLike": {f"{host}:sub": [subjects[0], "repo:a/b:ref:refs/tags/v*"]},
    }


_STS, _ACTIONS = "sts.amazonaws.com", "https://token.actions.githubusercontent.com"
_SERVER, _SELF_MANAGED = "https://github.example.com/_services/token", "https://gitlab.example.com"
_PIPELINES = "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"
_MAIN = ["main"]
ISSUERS = {
    "GitHub": (github(), _ACTIONS, _STS),
    "GitHub Enterprise Server": (
        github(issuer=CiIssuer.github_actions(_SERVER), branches=_MAIN),
        _SERVER,
        _STS,
    ),
    "GitLab": (gitlab(), "https://gitlab.com", "https://gitlab.com"),
    "GitLab, self-managed": (
        gitlab(issuer=CiIssuer.gitlab(_SELF_MANAGED), branches=_MAIN),
        _SELF_MANAGED,
        _SELF_MANAGED,
    ),
    "Bitbucket": (bitbucket(), _PIPELINES, f"ari:cloud:bitbucket::workspace/{UUID}"),
    "CircleCI": (circleci(), f"https://oidc.circleci.com/org/{ORGANIZATION}", ORGANIZATION),
}


@pytest.mark.parametrize(("project", "url", "audience"), ISSUERS.values(), ids=ISSUERS)
def test_issuer_and_audience_are_fixed(project: CiProject, url: str, audience: str) -> None:
    """Each system has a fixed issuer and audience."""
    assert (url, audience) == (project.issuer.url, project.issuer.audience)


@pytest.mark.parametrize(
    ("project", "name"),
    [
        (github("acme@1/payments-api@2"), "acme/payments-api"),
        (gitlab(), "acme/payments/api"),
        (bitbucket(), f"acme/{{{OTHER}}}"),
        (circleci(), "acme/payments-api"),
    ],
    ids=["GitHub, without ids", "GitLab", "Bitbucket", "CircleCI"],
)
def test_a_project_has_a_name(project: CiProject, name: str) -> None:
    """The name does not depend on the form of the subject."""
    assert name == project.name


def test_provider_arn() -> None:
    """The ARN of an account's provider needs no look-up."""
    assert (
        "arn:aws-us-gov:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
        == CiIssuer.github_actions().provider_arn(partition="aws-us-gov", account="111122223333")
    )


def test_deploy_time_values_pass() -> None:
    """Deploy-time values become part of subjects."""
    token = "${Token[Repository.1]}"
    assert github(token, branches=[token]).subjects == (f"repo:{token}:ref:refs/heads/{token}",)
    assert gitlab(token).name == token


# The problem, and a project or an issuer that has it.
REJECTED: list[tuple[str, Callable[[], object]]] = [
    ("repository: github-repository-wildcard", lambda: github("*")),
    ("repository: github-repository-wildcard", lambda: github("acme/*")),
    ("repository: github-repository-wildcard", lambda: github("acme/payments-?pi")),
    ("repository: github-repository-format", lambda: github("payments-api")),
    ("repository: github-repository-format", lambda: github("acme@1/payments-api")),
    ("repository: github-repository-format", lambda: github("repo:acme/payments-api")),
    (
        "repository: github-repository-is-address",
        lambda: github("https://github.com/acme/payments-api.git"),
    ),
    (
        "repository: github-repository-is-address",
        lambda: github("git@github.com:acme/payments-api"),
    ),
    ("ci-selection-missing", lambda: GitHubActions(repository="acme/payments-api")),
    ("ci-selection-missing", lambda: GitLabCi(project="acme/api")),
    ("ci-selection-missing", lambda: circleci(branches=[])),
    ("branches[0]: ci-selection-matches-all", lambda: github(branches=["*"])),
    ("branches[0]: ci-selection-matches-all", lambda: github(branches=[""])),
    ("branches[0]: ci-selection-matches-all", lambda: gitlab(branches=["*"])),
    ("tags[1]: ci-selection-matches-all", lambda: github(tags=["v*", "**"])),
    ("environments[0]: ci-selection-matches-all", lambda: github(environments=["?*"])),
    ("branches[0]: ci-selection-is-ref", lambda: github(branches=["refs/heads/main"])),
    ("branches[0]: ci-selection-characters", lambda: github(branches=["main branch"])),
    ("branches[0]: ci-selection-characters", lambda: github(branches=["日本語"])),
    ("branches[0]: ci-selection-variable", lambda: github(branches=["${aws:username}"])),
    ("environments[0]: ci-selection-characters", lambda: github(environments=["a\nb"])),
    ("branches: list-is-string", lambda: github(branches="main")),
    ("branches: list-is-string", lambda: circleci(branches="main")),
    ("project: gitlab-project-wildcard", lambda: gitlab("acme/*")),
    ("project: gitlab-project-format", lambda: gitlab("api")),
    ("tags: list-is-string", lambda: gitlab(tags="v*")),
    ("issuer-url-format", lambda: CiIssuer.gitlab("https://gitlab.example.com:8443")),
    ("issuer-url-format", lambda: CiIssuer.gitlab("http://gitlab.example.com")),
    ("issuer-url-format", lambda: CiIssuer.gitlab("https://gitlab.com/")),
    ("issuer-url-length", lambda: CiIssuer.gitlab(f"https://{'a' * 260}.com")),
    ("environments: ci-selection-missing", lambda: bitbucket(environments=[])),
    ("environments[1]: uuid-format", lambda: bitbucket(environments=[UUID, "production"])),
    ("environments: list-is-string", lambda: bitbucket(environments=UUID)),
    ("repository_uuid: uuid-format", lambda: bitbucket(repository_uuid="*")),
    ("workspace: workspace-format", lambda: bitbucket(workspace="bitbucket.org/acme")),
    ("workspace_uuid: uuid-format", lambda: bitbucket(workspace_uuid="acme")),
    ("organization_id: uuid-format", lambda: circleci(organization_id="gh/acme")),
    ("organization_id: uuid-format", lambda: CiIssuer.circleci(organization_id=f"{{{UUID}}}")),
    ("project_id: uuid-format", lambda: circleci(project_id="*")),
    ("vcs_origin: circleci-origin-format", lambda: circleci(vcs_origin="github.com/acme/*")),
    ("tags[0]: ci-selection-matches-all", lambda: circleci(tags=["*"])),
]


@pytest.mark.parametrize(("problem", "make"), REJECTED, ids=[problem for problem, _ in REJECTED])
def test_rejects(problem: str, make: Callable[[], object]) -> None:
    """Projects that would admit other jobs, or no job, are rejected."""
    with rejects(problem):
        make()


def test_every_problem_of_a_project_is_listed() -> None:
    """One error lists every problem."""
    with rejects(
        "repository: github-repository-format",
        "branches[0]: ci-selection-matches-all",
        "tags[0]: ci-selection-is-ref",
    ):
        github("acme", branches=["*"], tags=["refs/tags/v1"])
