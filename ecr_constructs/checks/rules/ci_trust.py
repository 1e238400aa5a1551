"""Roles that CI systems assume to push images: GitHub Actions, GitLab CI, Bitbucket, CircleCI."""

import re
from collections.abc import Iterator

from ecr_constructs.checks.rule import IAM_GUIDE, Problem, error_rule, model_problems, warning_rule
from ecr_constructs.cloudformation.conditions import bare
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.iam_policy import Condition, Statement, policies_of
from ecr_constructs.cloudformation.intrinsics import is_unknown
from ecr_constructs.cloudformation.resource_types import ROLE
from ecr_constructs.cloudformation.template import Place
from ecr_constructs.model.tokens import is_unresolved

_HOST = "token.actions.githubusercontent.com"
# An enterprise may have an issuer of its own: token.actions.githubusercontent.com/ENTERPRISE.
_GITHUB = re.compile(rf"{re.escape(_HOST)}(/[^/]+)?$")
_AUDIENCE = "sts.amazonaws.com"
_SOURCE = f"{IAM_GUIDE}/id_roles_create_for-idp_oidc.html"
# Other claims that identify the workflow, and those of CircleCI that identify the project.
# https://aws.amazon.com/about-aws/whats-new/2026/01/aws-sts-supports-validation-identity-provider-claims/
_CALLERS = ("job_workflow_ref", "repository", "repository_id")
_CIRCLECI_CLAIMS = ("oidc.circleci.com/project-id", "oidc.circleci.com/vcs-origin")
# Organizations can customize the claims in a subject.
_CLAIM = re.compile(r"[a-z_]+:")
_REPOSITORY = re.compile(r"repo:(?P<owner>[^/:]*)/(?P<name>[^:]*)(?P<rest>:.*)?")
# gitlab.com, and self-managed instances named gitlab.*.
_GITLAB = re.compile(r"(?:^|/)gitlab\.[a-z0-9.-]+$")
_ANY_GROUP = re.compile(r"\*|project_path:[^/:]*\*")
_TENANTS = re.compile(
    r"api\.bitbucket\.org/2\.0/workspaces/[^/]+/pipelines-config/identity/oidc$"
    r"|oidc\.circleci\.com/org/[^/:]+$"
)
_ANY_REPOSITORY = re.compile(r"\{?\*|org/[^/]+/project/\*(?!.*/vcs-origin/[^*?]+/vcs-ref/)|org/\*")


@error_rule(
    "ECR510",
    "A role for GitHub Actions names the repository that can assume it",
    types=[ROLE],
    why="Without a condition on sub, or with one that matches any repository, every workflow on "
    "GitHub can assume the role.",
    remedy=f"Add Condition: {{StringLike: {{{_HOST}:sub: 'repo:OWNER/REPOSITORY:*'}}}}.",
    source=f"{_SOURCE}#idp_oidc_Create_GitHub",
)
def _names_repository(resource: Resource) -> Iterator[Problem]:
    for statement in _trusting(resource, _GITHUB):
        if not any(_tests(statement, claim) for claim in ("sub", *_CALLERS)):
            message = "no condition on sub: every repository can assume the role"
            yield Problem(statement.path, message)
        for path, test, value in _subjects(statement):
            yield from model_problems(path, _github_errors(test, value))


def _github_errors(test: Condition, value: str) -> Iterator[str]:
    match = _REPOSITORY.fullmatch(value)
    if is_unresolved(value):
        return
    if _is_taken_literally(test, value):
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


@error_rule(
    "ECR511",
    "A role for GitHub Actions names the audience",
    types=[ROLE],
    why="A token that a workflow requested for another service would be accepted.",
    remedy=f"Add Condition: {{StringEquals: {{{_HOST}:aud: {_AUDIENCE}}}}}.",
    source=f"{_SOURCE}#idp_oidc_Create_GitHub",
)
def _names_audience(resource: Resource) -> Iterator[Problem]:
    for statement in _trusting(resource, _GITHUB):
        audiences = _tests(statement, "aud")
        if not audiences:
            yield Problem(statement.path, "no condition on aud")
        for test in audiences:
            if "*" in test.values:
                path = (*statement.path, "Condition", test.operator, test.key)
                yield Problem(path, "any audience is accepted")


@warning_rule(
    "ECR512",
    "A role for GitHub Actions is limited to one repository",
    types=[ROLE],
    why="Every repository of the owner can assume the role.",
    remedy="Name the repository, and the branch or environment where possible.",
    source=f"{_SOURCE}#idp_oidc_Create_GitHub",
)
def _one_repository(resource: Resource) -> Iterator[Problem]:
    for statement in _trusting(resource, _GITHUB):
        for path, _, value in _subjects(statement):
            match = _REPOSITORY.fullmatch(value)
            if match and match["name"].startswith("*") and "*" not in match["owner"]:
                yield Problem(path, f"{value!r} matches every repository of {match['owner']}")


@error_rule(
    "ECR513",
    "A role for GitLab CI names the project that can assume it",
    types=[ROLE],
    why="Without a condition on sub, or with one that matches any project, every pipeline of the "
    "GitLab instance can assume the role; anyone can register on gitlab.com.",
    remedy="Add Condition: {StringLike: {gitlab.com:sub: "
    "'project_path:GROUP/PROJECT:ref_type:branch:ref:BRANCH'}}.",
    source="https://docs.gitlab.com/ci/cloud_services/aws/",
)
def _names_gitlab_project(resource: Resource) -> Iterator[Problem]:
    for statement in _trusting(resource, _GITLAB):
        yield from _wide_subjects(
            statement, _ANY_GROUP, "projects of other groups", everyone="every project"
        )


@warning_rule(
    "ECR514",
    "A role for Bitbucket Pipelines or CircleCI names the repository that can assume it",
    types=[ROLE],
    why="The issuer covers a whole workspace or organization: without a condition on sub, each of "
    "its repositories can assume the role.",
    remedy="Add Condition: {StringLike: {ISSUER:sub: …}} with '{REPOSITORY-UUID}:*' of Bitbucket, "
    "or 'org/ID/project/ID/*' of CircleCI.",
    source=_SOURCE,
)
def _names_repository_of_tenant(resource: Resource) -> Iterator[Problem]:
    everyone = "every repository of the workspace or organization"
    for statement in _trusting(resource, _TENANTS):
        if not any(_tests(statement, claim) for claim in _CIRCLECI_CLAIMS):
            yield from _wide_subjects(
                statement, _ANY_REPOSITORY, "every repository", everyone=everyone
            )


def _wide_subjects(
    statement: Statement, wide: re.Pattern[str], who: str, *, everyone: str
) -> Iterator[Problem]:
    if not _tests(statement, "sub"):
        message = f"no condition on sub: {everyone} can assume the role"
        yield Problem(statement.path, message)
    for path, test, value in _subjects(statement):
        if is_unresolved(value):
            continue
        if _is_taken_literally(test, value):
            message = f"{test.operator} treats {value!r} as literal text: no token matches"
            yield Problem(path, message)
        elif wide.match(value):
            yield Problem(path, f"{value!r} allows {who} to assume the role")


def _subjects(statement: Statement) -> Iterator[tuple[Place, Condition, str]]:
    """Yield the values of the conditions on sub, each with its place and condition."""
    for test in _tests(statement, "sub"):
        path = (*statement.path, "Condition", test.operator, test.key)
        yield from ((path, test, value) for value in test.values)


def _trusting(role: Resource, issuer: re.Pattern[str]) -> Iterator[Statement]:
    """Yield the statements of a role that accept tokens of an issuer.

    The pattern is one for the end of the lowercase URL of the issuer.
    """
    for policy in policies_of(role):
        for statement in policy.statements if policy.kind == "trust" else ():
            federated = [value for kind, value in statement.principals if kind == "Federated"]
            provided = any(_is_of(role, principal, issuer) for principal in federated)
            keys = [test.key.lower().partition(":")[0] for test in statement.conditions]
            if statement.allows and (provided or (federated and any(map(issuer.search, keys)))):
                yield statement


def _tests(statement: Statement, claim: str) -> list[Condition]:
    """Return the conditions that require specific values of a claim."""
    return [
        test
        for test in statement.conditions
        if (test.key.lower().endswith(f":{claim}") or is_unknown(test.key))
        and bare(test.operator) in ("stringequals", "stringlike", "stringequalsignorecase")
        and not test.operator.lower().startswith("forallvalues:")
    ]


def _is_taken_literally(test: Condition, value: str) -> bool:
    """Tell whether a value has wildcards that its operator treats as literal text."""
    return bare(test.operator) != "stringlike" and ("*" in value or "?" in value)


def _is_of(role: Resource, principal: str, issuer: re.Pattern[str]) -> bool:
    provider = role.assembly.referred_to(principal)
    url = provider.get("Url") if provider is not None else None
    return any(isinstance(name, str) and issuer.search(name.lower()) for name in (principal, url))
