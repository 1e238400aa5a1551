"""Roles that GitLab CI, Bitbucket Pipelines and CircleCI assume to push images."""

import re
from collections.abc import Iterator

from ecr_constructs.checks.rule import Fault, rule
from ecr_constructs.cloudformation.iam_policy import Statement
from ecr_constructs.cloudformation.resource import Resource
from ecr_constructs.cloudformation.resource_types import ROLE
from ecr_constructs.cloudformation.web_identity import taken_literally, tests, trusting
from ecr_constructs.model.tokens import is_unresolved

# gitlab.com, and instances that are called after what they are.
_GITLAB = re.compile(r"(?:^|/)gitlab\.[a-z0-9.-]+$")
_ANY_GROUP = re.compile(r"\*|project_path:[^/:]*\*")
_TENANTS = re.compile(
    r"api\.bitbucket\.org/2\.0/workspaces/[^/]+/pipelines-config/identity/oidc$"
    r"|oidc\.circleci\.com/org/[^/:]+$"
)
_ANY_REPOSITORY = re.compile(r"\{?\*|org/[^/]+/project/\*(?!.*/vcs-origin/[^*?]+/vcs-ref/)|org/\*")
# IAM reads these of CircleCI's claims besides the subject.
# https://aws.amazon.com/about-aws/whats-new/2026/01/aws-sts-supports-validation-identity-provider-claims/
_CIRCLECI_CLAIMS = ("oidc.circleci.com/project-id", "oidc.circleci.com/vcs-origin")


@rule(
    "ECR513",
    "error",
    "A role for GitLab CI names the project that may assume it",
    types=[ROLE],
    why="Without a condition on sub, or with one that any project meets, every pipeline of the "
    "GitLab instance can assume the role; gitlab.com is everyone's.",
    remedy="Add Condition: {StringLike: {gitlab.com:sub: "
    "'project_path:GROUP/PROJECT:ref_type:branch:ref:BRANCH'}}.",
    source="https://docs.gitlab.com/ci/cloud_services/aws/",
)
def names_gitlab_project(resource: Resource) -> Iterator[Fault]:
    """Judge the condition on sub."""
    for statement in trusting(resource, _GITLAB):
        if not tests(statement, "sub"):
            yield Fault(statement.path, "no condition on sub: every project may assume the role")
        yield from _subject_errors(statement, _ANY_GROUP, "projects of other groups")


@rule(
    "ECR514",
    "warning",
    "A role for Bitbucket Pipelines or CircleCI names the repository that may assume it",
    types=[ROLE],
    why="The issuer is a whole workspace or organization: without a condition on sub, each of its "
    "repositories can assume the role, whoever made it.",
    remedy="Add Condition: {StringLike: {ISSUER:sub: …}} with '{REPOSITORY-UUID}:*' of Bitbucket, "
    "or 'org/ID/project/ID/*' of CircleCI.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html",
)
def names_repository_of_tenant(resource: Resource) -> Iterator[Fault]:
    """Judge the condition on sub."""
    for statement in trusting(resource, _TENANTS):
        if any(tests(statement, claim) for claim in _CIRCLECI_CLAIMS):
            continue
        if not tests(statement, "sub"):
            yield Fault(
                statement.path,
                "no condition on sub: every repository of the workspace or organization may "
                "assume the role",
            )
        yield from _subject_errors(statement, _ANY_REPOSITORY, "every repository")


def _subject_errors(statement: Statement, wide: re.Pattern[str], whom: str) -> Iterator[Fault]:
    for test in tests(statement, "sub"):
        path = (*statement.path, "Condition", test.operator, test.key)
        for value in test.values:
            if is_unresolved(value):
                continue
            if taken_literally(test, value):
                yield Fault(
                    path, f"{test.operator} takes {value!r} literally: nobody may assume the role"
                )
            elif wide.match(value):
                yield Fault(path, f"{value!r} lets {whom} assume the role")
