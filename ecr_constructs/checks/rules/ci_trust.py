"""Roles that CI systems assume to push images: GitHub Actions, GitLab CI, Bitbucket, CircleCI."""

import re
from collections.abc import Iterator

from ecr_constructs.checks.rule import Problem, model_problems, rule
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.iam_policy import Condition, Statement
from ecr_constructs.cloudformation.resource_types import ROLE
from ecr_constructs.cloudformation.web_identity import taken_literally, tests, trusting
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.tokens import is_unresolved

_HOST = "token.actions.githubusercontent.com"
# An enterprise may have an issuer of its own: token.actions.githubusercontent.com/ENTERPRISE.
_ISSUER = re.compile(rf"{re.escape(_HOST)}(/[^/]+)?$")
_AUDIENCE = "sts.amazonaws.com"
_SOURCE = (
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html"
    "#idp_oidc_Create_GitHub"
)
# Other claims that identify the workflow.
# https://aws.amazon.com/about-aws/whats-new/2026/01/aws-sts-supports-validation-identity-provider-claims/
_CALLERS = ("job_workflow_ref", "repository", "repository_id")
# Organizations can customize the claims in a subject.
_CLAIM = re.compile(r"[a-z_]+:")
_REPOSITORY = re.compile(r"repo:(?P<owner>[^/:]*)/(?P<name>[^:]*)(?P<rest>:.*)?")


@rule(
    "ECR510",
    Severity.ERROR,
    "A role for GitHub Actions names the repository that can assume it",
    types=[ROLE],
    why="Without a condition on sub, or with one that matches any repository, every workflow on "
    "GitHub can assume the role.",
    remedy=f"Add Condition: {{StringLike: {{{_HOST}:sub: 'repo:OWNER/REPOSITORY:*'}}}}.",
    source=_SOURCE,
)
def names_repository(resource: Resource) -> Iterator[Problem]:
    """Validate the condition on sub."""
    for statement in trusting(resource, _ISSUER):
        subjects = tests(statement, "sub")
        if not subjects and not any(tests(statement, claim) for claim in _CALLERS):
            yield Problem(
                statement.path, "no condition on sub: every repository can assume the role"
            )
        for test in subjects:
            path = (*statement.path, "Condition", test.operator, test.key)
            for value in test.values:
                if not is_unresolved(value):
                    yield from model_problems(path, _sub_errors(test, value))


def _sub_errors(test: Condition, value: str) -> Iterator[str]:
    match = _REPOSITORY.fullmatch(value)
    if taken_literally(test, value):
        yield f"{test.operator} treats {value!r} as literal text: no token matches"
    elif match is None:
        if value.startswith(("*", "repo:*")):
            yield f"{value!r} allows every repository to assume the role"
        elif not _CLAIM.match(value):
            yield f"{value!r} is not a GitHub subject, which begins with 'repo:OWNER/REPOSITORY:'"
    # A wildcard id still belongs to this owner, because names cannot contain '@'.
    # https://docs.github.com/en/actions/reference/security/oidc#immutable-subject-claims
    elif "*" in match["owner"].removesuffix("@*"):
        yield f"{value!r} allows repositories of other owners to assume the role"


@rule(
    "ECR511",
    Severity.ERROR,
    "A role for GitHub Actions names the audience",
    types=[ROLE],
    why="A token that a workflow requested for another service would be accepted.",
    remedy=f"Add Condition: {{StringEquals: {{{_HOST}:aud: {_AUDIENCE}}}}}.",
    source=_SOURCE,
)
def names_audience(resource: Resource) -> Iterator[Problem]:
    """Validate the condition on aud."""
    for statement in trusting(resource, _ISSUER):
        audiences = tests(statement, "aud")
        if not audiences:
            yield Problem(statement.path, "no condition on aud")
        for test in audiences:
            if "*" in test.values:
                path = (*statement.path, "Condition", test.operator, test.key)
                yield Problem(path, "any audience is accepted")


@rule(
    "ECR512",
    Severity.WARNING,
    "A role for GitHub Actions is limited to one repository",
    types=[ROLE],
    why="Every repository of the owner can assume the role.",
    remedy="Name the repository, and the branch or environment where possible.",
    source=_SOURCE,
)
def one_repository(resource: Resource) -> Iterator[Problem]:
    """Find subjects that match every repository of an owner."""
    for statement in trusting(resource, _ISSUER):
        for test in tests(statement, "sub"):
            for value in test.values:
                match = _REPOSITORY.fullmatch(value)
                if match and match["name"].startswith("*") and "*" not in match["owner"]:
                    path = (*statement.path, "Condition", test.operator, test.key)
                    yield Problem(path, f"{value!r} matches every repository of {match['owner']}")


# gitlab.com, and self-managed instances named gitlab.*.
_GITLAB = re.compile(r"(?:^|/)gitlab\.[a-z0-9.-]+$")
_ANY_GROUP = re.compile(r"\*|project_path:[^/:]*\*")
_TENANTS = re.compile(
    r"api\.bitbucket\.org/2\.0/workspaces/[^/]+/pipelines-config/identity/oidc$"
    r"|oidc\.circleci\.com/org/[^/:]+$"
)
_ANY_REPOSITORY = re.compile(r"\{?\*|org/[^/]+/project/\*(?!.*/vcs-origin/[^*?]+/vcs-ref/)|org/\*")
# The CircleCI claims that IAM supports in addition to the subject.
# https://aws.amazon.com/about-aws/whats-new/2026/01/aws-sts-supports-validation-identity-provider-claims/
_CIRCLECI_CLAIMS = ("oidc.circleci.com/project-id", "oidc.circleci.com/vcs-origin")


@rule(
    "ECR513",
    Severity.ERROR,
    "A role for GitLab CI names the project that can assume it",
    types=[ROLE],
    why="Without a condition on sub, or with one that matches any project, every pipeline of the "
    "GitLab instance can assume the role; anyone can register on gitlab.com.",
    remedy="Add Condition: {StringLike: {gitlab.com:sub: "
    "'project_path:GROUP/PROJECT:ref_type:branch:ref:BRANCH'}}.",
    source="https://docs.gitlab.com/ci/cloud_services/aws/",
)
def names_gitlab_project(resource: Resource) -> Iterator[Problem]:
    """Validate the condition on sub."""
    for statement in trusting(resource, _GITLAB):
        if not tests(statement, "sub"):
            yield Problem(statement.path, "no condition on sub: every project can assume the role")
        yield from _subject_errors(statement, _ANY_GROUP, "projects of other groups")


@rule(
    "ECR514",
    Severity.WARNING,
    "A role for Bitbucket Pipelines or CircleCI names the repository that can assume it",
    types=[ROLE],
    why="The issuer covers a whole workspace or organization: without a condition on sub, each of "
    "its repositories can assume the role.",
    remedy="Add Condition: {StringLike: {ISSUER:sub: …}} with '{REPOSITORY-UUID}:*' of Bitbucket, "
    "or 'org/ID/project/ID/*' of CircleCI.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html",
)
def names_repository_of_tenant(resource: Resource) -> Iterator[Problem]:
    """Validate the condition on sub."""
    for statement in trusting(resource, _TENANTS):
        if any(tests(statement, claim) for claim in _CIRCLECI_CLAIMS):
            continue
        if not tests(statement, "sub"):
            yield Problem(
                statement.path,
                "no condition on sub: every repository of the workspace or organization can "
                "assume the role",
            )
        yield from _subject_errors(statement, _ANY_REPOSITORY, "every repository")


def _subject_errors(statement: Statement, wide: re.Pattern[str], who: str) -> Iterator[Problem]:
    for test in tests(statement, "sub"):
        path = (*statement.path, "Condition", test.operator, test.key)
        for value in test.values:
            if is_unresolved(value):
                continue
            if taken_literally(test, value):
                yield Problem(
                    path,
                    f"{test.operator} treats {value!r} as literal text: no token matches",
                )
            elif wide.match(value):
                yield Problem(path, f"{value!r} allows {who} to assume the role")
