"""Projects of CI systems: the subjects of their tokens, whom they admit, and what is refused."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs import (
    BitbucketPipelines,
    CiIssuer,
    CircleCi,
    GitHubActions,
    GitLabCi,
)
from ecr_constructs.model.ci import CiProject

UUID, OTHER = "1d397906-81bf-459e-9a8d-eae79c0bc5f3", "37f7aa0f-722b-4737-a1ba-74f42f300734"
ORGANIZATION, USER = "c5a99188-154f-4f69-8da2-b442b1bf78dd", "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"


def github(repository: str = "acme/payments-api", **selection: Any) -> GitHubActions:
    return GitHubActions(repository=repository, **(selection or {"branches": ["main"]}))


def gitlab(project: str = "acme/payments/api", **selection: Any) -> GitLabCi:
    return GitLabCi(project=project, **(selection or {"branches": ["main"]}))


def bitbucket(**changes: Any) -> BitbucketPipelines:
    sound = {"workspace": "acme", "workspace_uuid": f"{{{UUID}}}", "repository_uuid": OTHER}
    return BitbucketPipelines(**{**sound, "environments": [USER], **changes})


def circleci(**changes: Any) -> CircleCi:
    sound = {
        "organization_id": ORGANIZATION,
        "project_id": OTHER,
        "vcs_origin": "github.com/acme/payments-api",
    }
    selection = {} if {"branches", "tags"} & set(changes) else {"branches": ["main"]}
    return CircleCi(**{**sound, **selection, **changes})


# The subjects are those of the four systems' documentation, with other names.
_CIRCLECI = f"org/{ORGANIZATION}/project/{OTHER}/user/{USER}/vcs-origin"
ADMITTED: dict[str, tuple[CiProject, str]] = {
    "GitHub: a branch": (github(), "repo:acme/payments-api:ref:refs/heads/main"),
    "GitHub: a branch that fits a pattern": (
        github(branches=["release/*"]),
        "repo:acme/payments-api:ref:refs/heads/release/1.2",
    ),
    "GitHub: a tag": (github(tags=["v*"]), "repo:acme/payments-api:ref:refs/tags/v1.2.0"),
    "GitHub: an environment": (
        github(environments=["prod"]),
        "repo:acme/payments-api:environment:prod",
    ),
    "GitHub: an environment with a colon": (
        github(environments=["Production:V1"]),
        "repo:acme/payments-api:environment:Production%3AV1",
    ),
    "GitHub: a pull request": (
        github(pull_requests=True),
        "repo:acme/payments-api:pull_request",
    ),
    "GitHub: an immutable subject": (
        github("acme@123456/payments-api@456789"),
        "repo:acme@123456/payments-api@456789:ref:refs/heads/main",
    ),
    "GitLab: a branch": (gitlab(), "project_path:acme/payments/api:ref_type:branch:ref:main"),
    "GitLab: a tag": (
        gitlab(tags=["v*"]),
        "project_path:acme/payments/api:ref_type:tag:ref:v1.2.0",
    ),
    "Bitbucket: an environment": (bitbucket(), f"{{{OTHER}}}:{{{USER}}}:{{{UUID}}}"),
    "CircleCI: a branch": (
        circleci(),
        f"{_CIRCLECI}/github.com/acme/payments-api/vcs-ref/refs/heads/main",
    ),
    "CircleCI: a tag": (
        circleci(tags=["v*"]),
        f"{_CIRCLECI}/github.com/acme/payments-api/vcs-ref/refs/tags/v1.2.0",
    ),
}
KEPT_OUT: dict[str, tuple[CiProject, str]] = {
    "GitHub: another branch": (github(), "repo:acme/payments-api:ref:refs/heads/main2"),
    "GitHub: a tag named like the branch": (github(), "repo:acme/payments-api:ref:refs/tags/main"),
    "GitHub: another repository": (github(), "repo:acme/payments-api2:ref:refs/heads/main"),
    "GitHub: another owner": (github(), "repo:evil/payments-api:ref:refs/heads/main"),
    "GitHub: other capitals": (github(), "repo:Acme/payments-api:ref:refs/heads/main"),
    "GitHub: a pull request": (
        github(branches=["*/main", "main"]),
        "repo:acme/payments-api:pull_request",
    ),
    "GitHub: an environment": (github(), "repo:acme/payments-api:environment:main"),
    "GitHub: a namesake with other ids": (
        github("acme@123456/payments-api@456789"),
        "repo:acme@999999/payments-api@456789:ref:refs/heads/main",
    ),
    "GitLab: a project below": (
        gitlab("acme/payments"),
        "project_path:acme/payments/api:ref_type:branch:ref:main",
    ),
    "GitLab: a tag named like the branch": (
        gitlab(),
        "project_path:acme/payments/api:ref_type:tag:ref:main",
    ),
    "Bitbucket: a step without environment": (bitbucket(), f"{{{OTHER}}}:{{{UUID}}}"),
    "Bitbucket: another environment": (bitbucket(), f"{{{OTHER}}}:{{{UUID}}}:{{{USER}}}"),
    "Bitbucket: another repository": (bitbucket(), f"{{{UUID}}}:{{{USER}}}:{{{UUID}}}"),
    "CircleCI: the older token": (circleci(), f"org/{ORGANIZATION}/project/{OTHER}/user/{USER}"),
    "CircleCI: a fork": (
        circleci(),
        f"{_CIRCLECI}/github.com/evil/payments-api/vcs-ref/refs/heads/main",
    ),
    "CircleCI: a branch that carries another subject in its name": (
        circleci(),
        (
            f"{_CIRCLECI}/github.com/evil/fork/vcs-ref/refs/heads/x/vcs-origin/github.com/acme/"
            "payments-api/vcs-ref/refs/heads/main"
        ),
    ),
}


def admits(project: CiProject, subject: str) -> bool:
    """Tell what IAM says to a token: all operators must hold, of one operator any value."""
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
    patterns = [re.escape(each).replace(r"\*", ".*").replace(r"\?", ".") for each in values]
    return any(re.fullmatch(each, subject, re.DOTALL) for each in patterns)


@pytest.mark.parametrize(("project", "subject"), ADMITTED.values(), ids=ADMITTED)
def test_admits_the_subjects_that_the_systems_document(project: CiProject, subject: str) -> None:
    """A job that is meant gets in."""
    assert admits(project, subject)


@pytest.mark.parametrize(("project", "subject"), KEPT_OUT.values(), ids=KEPT_OUT)
def test_keeps_everyone_else_out(project: CiProject, subject: str) -> None:
    """A job that comes close does not get in."""
    assert not admits(project, subject)


_BRANCH = st.from_regex(r"[a-z0-9./@_-]{1,80}", fullmatch=True)


@given(branch=_BRANCH, owner=st.from_regex(r"[a-z]{1,9}", fullmatch=True))
def test_no_branch_name_makes_up_for_another_repository(branch: str, owner: str) -> None:
    """Whatever somebody calls a branch of a repository of their own, it stays outside."""
    ref = f"{branch}/vcs-origin/github.com/acme/payments-api/vcs-ref/refs/heads/main"
    for project, subject in (
        (github(branches=["m*n"]), f"repo:{owner}/x:ref:refs/heads/{ref}"),
        (gitlab(branches=["m*n"]), f"project_path:{owner}/x:ref_type:branch:ref:{ref}"),
        (circleci(branches=["m*n"]), f"{_CIRCLECI}/github.com/{owner}/x/vcs-ref/refs/heads/{ref}"),
    ):
        assert not admits(project, subject)


def test_several_subjects_are_tested_by_one_operator() -> None:
    """Two operators would both have to hold; without a wildcard the comparison is exact."""
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


ISSUERS = {
    "GitHub": (
        github(),
        "https://token.actions.githubusercontent.com",
        "sts.amazonaws.com",
    ),
    "GitHub Enterprise Server": (
        github(
            issuer=CiIssuer.github_actions("https://github.example.com/_services/token"),
            branches=["main"],
        ),
        "https://github.example.com/_services/token",
        "sts.amazonaws.com",
    ),
    "GitLab": (gitlab(), "https://gitlab.com", "https://gitlab.com"),
    "GitLab of one's own": (
        gitlab(issuer=CiIssuer.gitlab("https://gitlab.example.com"), branches=["main"]),
        "https://gitlab.example.com",
        "https://gitlab.example.com",
    ),
    "Bitbucket": (
        bitbucket(),
        "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc",
        f"ari:cloud:bitbucket::workspace/{UUID}",
    ),
    "CircleCI": (circleci(), f"https://oidc.circleci.com/org/{ORGANIZATION}", ORGANIZATION),
}


@pytest.mark.parametrize(("project", "url", "audience"), ISSUERS.values(), ids=ISSUERS)
def test_issuer_and_audience_are_fixed(project: CiProject, url: str, audience: str) -> None:
    """Nobody has to find out what a system's tokens are issued by and for."""
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
    """What people call it stays the same whichever form its subject has."""
    assert name == project.name


def test_a_provider_has_an_arn_that_is_known_beforehand() -> None:
    """An account's provider needs no look-up."""
    assert (
        "arn:aws-us-gov:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
        == CiIssuer.github_actions().provider_arn(partition="aws-us-gov", account="111122223333")
    )


def test_deploy_time_values_pass() -> None:
    """What CDK knows only at deploy time cannot be judged yet."""
    token = "${Token[Repository.1]}"
    assert github(token, branches=[token]).subjects == (f"repo:{token}:ref:refs/heads/{token}",)
    assert gitlab(token).name == token


URL = (
    "must be an https URL in which nothing follows the path, as the tokens have it in 'iss': no "
    "port, no query, no closing slash"
)
IS_UUID = (
    "must be a UUID in lowercase, such as '1d397906-81bf-459e-9a8d-eae79c0bc5f3'; a wildcard or a "
    "name will not do"
)
EVERY_JOB = (
    "says nothing but the project, so that every job of it might push, on whatever branch; give "
    "branches such as ['main'] or tags such as ['v*']"
)
OWNER = (
    "a wildcard in the owner or the repository would let in repositories that somebody else may "
    "make; write 'OWNER/NAME', and a role for each repository"
)
FORM = "must be 'OWNER/NAME', or with the ids of both 'OWNER@123456/NAME@456789'"
NAME_OF = "holds a character that Git or IAM refuses in such a name"
REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "GitHub: everything": (lambda: github("*"), OWNER),
    "GitHub: every repository of an owner": (lambda: github("acme/*"), OWNER),
    "GitHub: one letter open": (lambda: github("acme/payments-?pi"), OWNER),
    "GitHub: no owner": (lambda: github("payments-api"), FORM),
    "GitHub: an id of one only": (lambda: github("acme@1/payments-api"), FORM),
    "GitHub: a subject": (lambda: github("repo:acme/payments-api"), FORM),
    "GitHub: an address": (
        lambda: github("https://github.com/acme/payments-api.git"),
        "is an address, not a name; write 'acme/payments-api'",
    ),
    "GitHub: an address of SSH": (
        lambda: github("git@github.com:acme/payments-api"),
        "is an address, not a name; write 'acme/payments-api'",
    ),
    "GitHub: nothing selected": (
        lambda: GitHubActions(repository="acme/payments-api"),
        f"{EVERY_JOB} or environments such as ['prod']",
    ),
    "GitHub: every branch": (
        lambda: github(branches=["*"]),
        (
            "branches: '*' would admit all branches, those that nobody reviewed too; name each, or "
            "write a pattern such as 'release/*'"
        ),
    ),
    "GitHub: every tag": (lambda: github(tags=["**"]), "tags: '**' would admit all tags"),
    "GitHub: every environment": (
        lambda: github(environments=["?*"]),
        "environments: '?*' would admit all environments",
    ),
    "GitHub: an empty branch": (lambda: github(branches=[""]), "branches: '' would admit all"),
    "GitHub: a whole ref": (
        lambda: github(branches=["refs/heads/main"]),
        "branches: 'refs/heads/main' is a whole ref; write 'main'",
    ),
    "GitHub: a branch that Git refuses": (
        lambda: github(branches=["main branch"]),
        f"branches: 'main branch' {NAME_OF}",
    ),
    "GitHub: a branch that no policy can hold": (
        lambda: github(branches=["日本語"]),
        f"branches: '日本語' {NAME_OF}",
    ),
    "GitHub: a variable of IAM": (
        lambda: github(branches=["${aws:username}"]),
        "branches: '${aws:username}' holds '${', which IAM takes for one of its variables",
    ),
    "GitHub: an environment with a line break": (
        lambda: github(environments=["a\nb"]),
        f"environments: 'a\\nb' {NAME_OF}",
    ),
    "GitLab: every project of a group": (
        lambda: gitlab("acme/*"),
        (
            "a wildcard in the project would let in projects that somebody else may make; write "
            "'GROUP/PROJECT', and a role for each project"
        ),
    ),
    "GitLab: no group": (
        lambda: gitlab("api"),
        "must be the project's path with all groups, 'GROUP/PROJECT'",
    ),
    "GitLab: nothing selected": (lambda: GitLabCi(project="acme/api"), EVERY_JOB),
    "GitLab: every branch": (lambda: gitlab(branches=["*"]), "branches: '*' would admit all"),
    "GitLab: a port": (lambda: CiIssuer.gitlab("https://gitlab.example.com:8443"), URL),
    "GitLab: no https": (lambda: CiIssuer.gitlab("http://gitlab.example.com"), URL),
    "GitLab: a closing slash": (lambda: CiIssuer.gitlab("https://gitlab.com/"), URL),
    "an endless URL": (
        lambda: CiIssuer.gitlab(f"https://{'a' * 260}.com"),
        "must be at most 255 characters long, is 272",
    ),
    "Bitbucket: no environment": (
        lambda: bitbucket(environments=[]),
        (
            "says no environment, so that every step of the repository might push, on whatever "
            "branch: Bitbucket's tokens name none. Give environments the UUID of a deployment "
            "environment that Bitbucket restricts to your branches"
        ),
    ),
    "Bitbucket: an environment by name": (
        lambda: bitbucket(environments=["production"]),
        f"environments: 'production' {IS_UUID}",
    ),
    "Bitbucket: every repository": (
        lambda: bitbucket(repository_uuid="*"),
        f"repository_uuid '*' {IS_UUID}",
    ),
    "Bitbucket: a workspace by its address": (
        lambda: bitbucket(workspace="bitbucket.org/acme"),
        (
            "workspace 'bitbucket.org/acme' is no workspace id, the part after bitbucket.org/ in "
            "its address: 'acme'"
        ),
    ),
    "Bitbucket: a workspace without UUID": (
        lambda: bitbucket(workspace_uuid="acme"),
        f"workspace_uuid 'acme' {IS_UUID}",
    ),
    "CircleCI: an organization by name": (
        lambda: circleci(organization_id="gh/acme"),
        f"organization_id 'gh/acme' {IS_UUID}",
    ),
    "CircleCI: the issuer of one": (
        lambda: CiIssuer.circleci(organization_id=f"{{{UUID}}}"),
        f"organization_id '{{{UUID}}}' {IS_UUID}",
    ),
    "CircleCI: every project": (
        lambda: circleci(project_id="*"),
        f"project_id '*' {IS_UUID}",
    ),
    "CircleCI: every origin": (
        lambda: circleci(vcs_origin="github.com/acme/*"),
        (
            "vcs_origin 'github.com/acme/*' must be a repository without a scheme and a wildcard, "
            "'github.com/OWNER/NAME'"
        ),
    ),
    "CircleCI: nothing selected": (lambda: circleci(branches=[]), EVERY_JOB),
    "CircleCI: every tag": (lambda: circleci(tags=["*"]), "tags: '*' would admit all tags"),
}


@pytest.mark.parametrize(("make", "fault"), REFUSED.values(), ids=REFUSED)
def test_refuses(make: Callable[[], object], fault: str) -> None:
    """What would let others in, or nobody, is refused with what to write instead."""
    with pytest.raises(ValueError, match=re.escape(f"\n  - {fault}")):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: github(branches="main"),
        lambda: gitlab(tags="v*"),
        lambda: bitbucket(environments=UUID),
        lambda: circleci(branches="main"),
    ],
    ids=["GitHub", "GitLab", "Bitbucket", "CircleCI"],
)
def test_refuses_a_bare_string(make: Callable[[], object]) -> None:
    """A string where a list is expected would count as its characters."""
    with pytest.raises(ValueError, match="must be a list of strings, got the string"):
        make()


def test_every_fault_of_a_project_is_said_at_once() -> None:
    """One run tells all there is to mend."""
    with pytest.raises(ValueError, match="Invalid project of GitHub Actions") as refusal:
        github("acme", branches=["*"], tags=["refs/tags/v1"])

    assert len(str(refusal.value).splitlines()) == 4
