"""Projects of CI systems: the subjects of their tokens, and the jobs that they admit."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs import BitbucketPipelines, CiIssuer, CircleCi, GitHubActions, GitLabCi
from ecr_constructs.model.ci import CiProject
from tests.support.errors import by_code, rejection_test

UUID, OTHER = "1d397906-81bf-459e-9a8d-eae79c0bc5f3", "37f7aa0f-722b-4737-a1ba-74f42f300734"
ORGANIZATION, USER = "c5a99188-154f-4f69-8da2-b442b1bf78dd", "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"


ORIGIN = "github.com/acme/payments-api"


def github(repository: str = "acme/payments-api", **selection: Any) -> GitHubActions:
    return GitHubActions(repository=repository, **(selection or {"branches": ["main"]}))


def gitlab(project: str = "acme/payments/api", **selection: Any) -> GitLabCi:
    return GitLabCi(project=project, **(selection or {"branches": ["main"]}))


def bitbucket(**changes: Any) -> BitbucketPipelines:
    valid = {"workspace": "acme", "workspace_uuid": f"{{{UUID}}}", "repository_uuid": OTHER}
    return BitbucketPipelines(**{**valid, "environments": [USER], **changes})


def circleci(**changes: Any) -> CircleCi:
    valid = {"organization_id": ORGANIZATION, "project_id": OTHER, "vcs_origin": ORIGIN}
    selection = {} if {"branches", "tags"} & set(changes) else {"branches": ["main"]}
    return CircleCi(**{**valid, **selection, **changes})


_GITHUB = "repo:acme/payments-api"
_GITLAB = "project_path:acme/payments/api:ref_type"
_CIRCLECI = f"org/{ORGANIZATION}/project/{OTHER}/user/{USER}"
_ORIGIN = f"{_CIRCLECI}/vcs-origin/github.com"
_REFS = f"{_ORIGIN}/acme/payments-api/vcs-ref/refs"
_IMITATION = "x/vcs-origin/github.com/acme/payments-api/vcs-ref/refs/heads/main"
# Of each project the subjects that it admits, and similar ones that it does not. The subjects are
# those of the four systems' documentation, with other names.
SUBJECTS: dict[str, tuple[CiProject, list[str], list[str]]] = {
    "GitHub: a branch": (
        github(),
        [f"{_GITHUB}:ref:refs/heads/main"],
        [
            f"{_GITHUB}:ref:refs/heads/main2",
            f"{_GITHUB}:ref:refs/tags/main",
            f"{_GITHUB}:environment:main",
            f"{_GITHUB}2:ref:refs/heads/main",
            "repo:evil/payments-api:ref:refs/heads/main",
            "repo:Acme/payments-api:ref:refs/heads/main",
        ],
    ),
    "GitHub: patterns of branches": (
        github(branches=["release/*", "*/main", "main"]),
        [f"{_GITHUB}:ref:refs/heads/release/1.2"],
        [f"{_GITHUB}:pull_request"],
    ),
    "GitHub: a tag": (github(tags=["v*"]), [f"{_GITHUB}:ref:refs/tags/v1.2.0"], []),
    "GitHub: environments, one with a colon": (
        github(environments=["prod", "Production:V1"]),
        [f"{_GITHUB}:environment:prod", f"{_GITHUB}:environment:Production%3AV1"],
        [],
    ),
    "GitHub: a pull request": (github(pull_requests=True), [f"{_GITHUB}:pull_request"], []),
    "GitHub: an immutable subject": (
        github("acme@123456/payments-api@456789"),
        ["repo:acme@123456/payments-api@456789:ref:refs/heads/main"],
        ["repo:acme@999999/payments-api@456789:ref:refs/heads/main"],
    ),
    "GitLab: a branch": (gitlab(), [f"{_GITLAB}:branch:ref:main"], [f"{_GITLAB}:tag:ref:main"]),
    "GitLab: a tag": (gitlab(tags=["v*"]), [f"{_GITLAB}:tag:ref:v1.2.0"], []),
    "GitLab: a project above": (gitlab("acme/payments"), [], [f"{_GITLAB}:branch:ref:main"]),
    "Bitbucket: an environment": (
        bitbucket(),
        [f"{{{OTHER}}}:{{{USER}}}:{{{UUID}}}"],
        [
            f"{{{OTHER}}}:{{{UUID}}}",
            f"{{{OTHER}}}:{{{UUID}}}:{{{USER}}}",
            f"{{{UUID}}}:{{{USER}}}:{{{UUID}}}",
        ],
    ),
    # The older token names no branch; a fork's branch may imitate another subject by its name.
    "CircleCI: a branch": (
        circleci(),
        [f"{_REFS}/heads/main"],
        [
            _CIRCLECI,
            f"{_ORIGIN}/evil/payments-api/vcs-ref/refs/heads/main",
            f"{_ORIGIN}/evil/fork/vcs-ref/refs/heads/{_IMITATION}",
        ],
    ),
    "CircleCI: a tag": (circleci(tags=["v*"]), [f"{_REFS}/tags/v1.2.0"], []),
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


@pytest.mark.parametrize(("project", "admitted", "others"), SUBJECTS.values(), ids=SUBJECTS)
def test_admits_the_selected_jobs_and_no_others(
    project: CiProject, admitted: list[str], others: list[str]
) -> None:
    """A selected job is admitted, a similar one is not."""
    assert admitted == [subject for subject in admitted + others if admits(project, subject)]


_BRANCH = st.from_regex(r"[a-z0-9./@_-]{1,80}", fullmatch=True)


@given(branch=_BRANCH, owner=st.from_regex(r"[a-z]{1,9}", fullmatch=True))
def test_a_branch_name_cannot_imitate_another_repository(branch: str, owner: str) -> None:
    """A branch of another repository is not admitted, whatever its name."""
    ref = f"{branch}/vcs-origin/github.com/acme/payments-api/vcs-ref/refs/heads/main"
    for project, subject in (
        (github(branches=["m*n"]), f"repo:{owner}/x:ref:refs/heads/{ref}"),
        (gitlab(branches=["m*n"]), f"project_path:{owner}/x:ref_type:branch:ref:{ref}"),
        (circleci(branches=["m*n"]), f"{_ORIGIN}/{owner}/x/vcs-ref/refs/heads/{ref}"),
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


def test_an_environment_and_a_branch_can_be_required() -> None:
    """The subject names the environment, and the claim ``ref`` the branch; both must match."""
    host = "token.actions.githubusercontent.com"
    both = github("a/b", branches=["main"], tags=["v*"], environments=["prod"], match="all")
    assert both.subjects == ("repo:a/b:environment:prod",)
    assert both.conditions() == {
        "StringEquals": {
            f"{host}:aud": "sts.amazonaws.com",
            f"{host}:sub": "repo:a/b:environment:prod",
        },
        "StringLike": {f"{host}:ref": ["refs/heads/main", "refs/tags/v*"]},
    }


CLAIMS: dict[str, tuple[CiProject, dict[str, Any]]] = {
    "GitHub": (
        github(
            branches=["main"],
            claims={
                "repository_id": 456,
                "repository_owner_id": "1",
                "actor_id": ["2", 3],
                "job_workflow_ref": "acme/ci/.github/workflows/push.yml@refs/heads/main",
            },
        ),
        {
            "repository_id": "456",
            "repository_owner_id": "1",
            "actor_id": ["2", "3"],
            "job_workflow_ref": "acme/ci/.github/workflows/push.yml@refs/heads/main",
        },
    ),
    "GitHub with data residency": (
        github(
            branches=["main"],
            claims={"ref": "refs/heads/main"},
            issuer=CiIssuer.github_actions("https://token.actions.acme.ghe.com"),
        ),
        {"ref": "refs/heads/main"},
    ),
    "GitLab": (
        gitlab(branches=["main"], claims={"project_id": 7, "ref_protected": True}),
        {"project_id": "7", "ref_protected": "true"},
    ),
    "CircleCI": (
        circleci(claims={"project-id": OTHER}),
        {"oidc.circleci.com/project-id": OTHER},
    ),
    "a deploy-time value": (
        gitlab(branches=["main"], claims={"project_id": "${Token[Id.1]}"}),
        {"project_id": "${Token[Id.1]}"},
    ),
}


@pytest.mark.parametrize(("project", "claims"), CLAIMS.values(), ids=CLAIMS)
def test_further_claims_are_required(project: CiProject, claims: dict[str, Any]) -> None:
    """Each is a condition of its own, next to subject and audience."""
    path = project.issuer.path
    tests = {key: value for test in project.conditions().values() for key, value in test.items()}
    for key in ("aud", "sub"):
        tests.pop(f"{path}:{key}")
    assert {f"{path}:{name}": value for name, value in claims.items()} == tests


def test_a_pattern_of_a_claim_is_compared_as_one() -> None:
    """A wildcard needs StringLike, and only for this claim."""
    ref = "acme/ci/.github/workflows/push.yml@*"
    conditions = github(branches=["main"], claims={"job_workflow_ref": ref}).conditions()
    assert {"token.actions.githubusercontent.com:job_workflow_ref": ref} == conditions["StringLike"]


@pytest.mark.parametrize(
    "issuer",
    [
        CiIssuer.github_actions(audience="acme"),
        CiIssuer.gitlab(audience="acme"),
        CiIssuer.github_actions(audience="${Token[Audience.1]}"),
    ],
)
def test_an_audience_can_be_required(issuer: CiIssuer) -> None:
    """Tokens for other audiences are not admitted."""
    assert issuer.audience in ("acme", "${Token[Audience.1]}")
    project = github(issuer=issuer, branches=["main"])
    assert issuer.audience == project.conditions()["StringEquals"][f"{issuer.path}:aud"]


_OWN_GITHUB = "https://github.example.com/_services/token"
ISSUERS = {
    "GitHub": (github(), "https://token.actions.githubusercontent.com", "sts.amazonaws.com"),
    "GitHub Enterprise Server": (
        github(issuer=CiIssuer.github_actions(_OWN_GITHUB), branches=["main"]),
        _OWN_GITHUB,
        "sts.amazonaws.com",
    ),
    "GitLab": (gitlab(), "https://gitlab.com", "https://gitlab.com"),
    "GitLab, self-managed": (
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
    token = "${Token[Repository.1]}"
    assert github(token, branches=[token]).subjects == (f"repo:{token}:ref:refs/heads/{token}",)
    assert gitlab(token).name == token


def both(**changes: Any) -> GitHubActions:
    """Return a project of which an environment and a branch are required."""
    valid = {"branches": ["main"], "environments": ["prod"], "match": "all"}
    return github(**{**valid, **changes})


def claiming(**claims: Any) -> GitHubActions:
    """Return a project of which claims are required."""
    return github(branches=["main"], claims=claims)


REJECTED = by_code(
    {
        "repository: github-repository-wildcard": {
            "GitHub: everything": lambda: github("*"),
            "GitHub: every repository of an owner": lambda: github("acme/*"),
            "GitHub: one letter open": lambda: github("acme/payments-?pi"),
        },
        "repository: github-repository-format": {
            "GitHub: no owner": lambda: github("payments-api"),
            "GitHub: an id of one only": lambda: github("acme@1/payments-api"),
            "GitHub: a subject": lambda: github("repo:acme/payments-api"),
        },
        "repository: github-repository-is-address": {
            "GitHub: the ending of an address": lambda: github("acme/payments-api.git"),
            "GitHub: an address": lambda: github("https://github.com/acme/payments-api.git"),
            "GitHub: an address of SSH": lambda: github("git@github.com:acme/payments-api"),
        },
        "ci-selection-missing": {
            "GitHub: nothing selected": lambda: GitHubActions(repository="acme/payments-api"),
            "GitLab: nothing selected": lambda: GitLabCi(project="acme/api"),
            "CircleCI: nothing selected": lambda: circleci(branches=[]),
        },
        "branches[0]: ci-selection-matches-all": {
            "GitHub: every branch": lambda: github(branches=["*"]),
            "GitHub: an empty branch": lambda: github(branches=[""]),
            "GitLab: every branch": lambda: gitlab(branches=["*"]),
        },
        "tags[1]: ci-selection-matches-all": {
            "GitHub: every tag": lambda: github(tags=["v*", "**"])
        },
        "environments[0]: ci-selection-matches-all": {
            "GitHub: every environment": lambda: github(environments=["?*"])
        },
        "branches[0]: ci-selection-is-ref": {
            "GitHub: a whole ref": lambda: github(branches=["refs/heads/main"])
        },
        "branches[0]: ci-selection-characters": {
            "GitHub: a branch that Git rejects": lambda: github(branches=["main branch"]),
            "GitHub: a branch that no policy can contain": lambda: github(branches=["日本語"]),
        },
        "branches[0]: ci-selection-variable": {
            "GitHub: a variable of IAM": lambda: github(branches=["${aws:username}"])
        },
        "environments[0]: ci-selection-characters": {
            "GitHub: an environment with a line break": lambda: github(environments=["a\nb"])
        },
        "branches: list-is-string": {
            "GitHub: a bare string": lambda: github(branches="main"),
            "CircleCI: a bare string": lambda: circleci(branches="main"),
        },
        "project: gitlab-project-wildcard": {
            "GitLab: every project of a group": lambda: gitlab("acme/*")
        },
        "project: gitlab-project-format": {"GitLab: no group": lambda: gitlab("api")},
        "tags: list-is-string": {"GitLab: a bare string": lambda: gitlab(tags="v*")},
        "issuer-url-format": {
            "GitLab: a port": lambda: CiIssuer.gitlab("https://gitlab.example.com:8443"),
            "GitLab: no https": lambda: CiIssuer.gitlab("http://gitlab.example.com"),
            "GitLab: a closing slash": lambda: CiIssuer.gitlab("https://gitlab.com/"),
        },
        "issuer-url-length": {"a long URL": lambda: CiIssuer.gitlab(f"https://{'a' * 260}.com")},
        "environments: ci-selection-missing": {
            "Bitbucket: no environment": lambda: bitbucket(environments=[])
        },
        "environments[1]: uuid-format": {
            "Bitbucket: a name": lambda: bitbucket(environments=[UUID, "production"])
        },
        "environments: list-is-string": {
            "Bitbucket: a bare string": lambda: bitbucket(environments=UUID)
        },
        "repository_uuid: uuid-format": {
            "Bitbucket: every repository": lambda: bitbucket(repository_uuid="*")
        },
        "workspace: workspace-format": {
            "Bitbucket: an address": lambda: bitbucket(workspace="bitbucket.org/acme")
        },
        "workspace_uuid: uuid-format": {
            "Bitbucket: a workspace without UUID": lambda: bitbucket(workspace_uuid="acme")
        },
        "organization_id: uuid-format": {
            "CircleCI: an organization by name": lambda: circleci(organization_id="gh/acme"),
            "CircleCI: the issuer of one": lambda: CiIssuer.circleci(organization_id=f"{{{UUID}}}"),
        },
        "project_id: uuid-format": {"CircleCI: every project": lambda: circleci(project_id="*")},
        "vcs_origin: circleci-origin-format": {
            "CircleCI: every origin": lambda: circleci(vcs_origin="github.com/acme/*")
        },
        "audience: issuer-audience-length": {
            "no audience": lambda: CiIssuer.github_actions(audience=""),
        },
        "audience: issuer-audience-wildcard": {
            "any audience": lambda: CiIssuer.gitlab(audience="acme-*")
        },
        "match: ci-match-unknown": {"an unknown match": lambda: both(match="both")},
        "match: ci-match-incomplete": {
            "all, without a branch": lambda: both(branches=[]),
            "all, without an environment": lambda: both(environments=[]),
            "all, with pull requests": lambda: both(pull_requests=True),
        },
        "match: ci-claim-not-read": {
            "all, of a server": lambda: both(issuer=CiIssuer.github_actions(_OWN_GITHUB))
        },
        "claims['ref']: ci-claim-given-twice": {
            "all, with a ref": lambda: both(claims={"ref": "refs/heads/main"})
        },
        "claims['repository_owner']: ci-claim-not-read": {
            "GitHub: an owner by name": lambda: claiming(repository_owner="acme")
        },
        "claims['repository_id']: ci-claim-not-read": {
            "GitHub Enterprise Server": lambda: github(
                branches=["main"],
                claims={"repository_id": "1"},
                issuer=CiIssuer.github_actions(_OWN_GITHUB),
            )
        },
        "claims['environment']: ci-claim-not-read": {
            "GitLab: an environment": lambda: gitlab(
                branches=["main"], claims={"environment": "prod"}
            )
        },
        "claims['project_id']: ci-claim-not-read": {
            "GitLab, self-managed": lambda: gitlab(
                branches=["main"],
                claims={"project_id": 1},
                issuer=CiIssuer.gitlab("https://gitlab.example.com"),
            )
        },
        "claims['branchName']: ci-claim-not-read": {
            "Bitbucket: a branch": lambda: bitbucket(claims={"branchName": "main"})
        },
        "claims['vcs-ref']: ci-claim-not-read": {
            "CircleCI: a ref": lambda: circleci(claims={"vcs-ref": "refs/heads/main"})
        },
        "claims['actor']: ci-claim-matches-all": {
            "GitHub: any actor": lambda: claiming(actor="*"),
            "GitHub: an empty actor": lambda: claiming(actor=""),
        },
        "claims['actor']: ci-claim-empty": {"GitHub: no actor": lambda: claiming(actor=[])},
        "claims['actor']: wrong-type": {
            "GitHub: an actor that is none": lambda: claiming(actor=None),
            "GitHub: a list of lists": lambda: claiming(actor=[["octocat"]]),
        },
        "claims['actor']: ci-claim-variable": {
            "GitHub: a variable as a claim": lambda: claiming(actor="${aws:username}")
        },
        "claims['repository_id']: ci-claim-id-format": {
            "GitHub: a name as an id": lambda: claiming(repository_id="acme/x"),
            "GitHub: a pattern of ids": lambda: claiming(repository_id="12*"),
        },
        "claims['job_workflow_ref']: ci-claim-selects-strangers": {
            "GitHub: workflows of owners alike": lambda: claiming(job_workflow_ref="acm*/x/a.yml@*")
        },
        "claims['repository']: ci-claim-selects-strangers": {
            "GitHub: no repository": lambda: claiming(repository="acme")
        },
        "claims: wrong-type": {
            "claims as text": lambda: github(branches=["main"], claims="repository_id")
        },
        "tags[0]: ci-selection-matches-all": {"CircleCI: every tag": lambda: circleci(tags=["*"])},
    }
) | {
    "several problems": (
        lambda: github("acme", branches=["*"], tags=["refs/tags/v1"]),
        "repository: github-repository-format",
        "branches[0]: ci-selection-matches-all",
        "tags[0]: ci-selection-is-ref",
    )
}
test_rejects = rejection_test(lambda make: make(), REJECTED)
