"""Roles that GitHub Actions assume to push images.

https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws
"""

import re
from collections.abc import Iterator

from ecr_constructs.checks.rule import Fault, rule
from ecr_constructs.cloudformation.iam_policy import Condition
from ecr_constructs.cloudformation.resource import Resource
from ecr_constructs.cloudformation.resource_types import ROLE
from ecr_constructs.cloudformation.web_identity import taken_literally, tests, trusting
from ecr_constructs.model.tokens import is_unresolved

_HOST = "token.actions.githubusercontent.com"
# An enterprise may have an issuer of its own: token.actions.githubusercontent.com/ENTERPRISE.
_ISSUER = re.compile(rf"{re.escape(_HOST)}(/[^/]+)?$")
_AUDIENCE = "sts.amazonaws.com"
_SOURCE = (
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html"
    "#idp_oidc_Create_GitHub"
)
# Other claims that tell whose workflow it is.
# https://aws.amazon.com/about-aws/whats-new/2026/01/aws-sts-supports-validation-identity-provider-claims/
_CALLERS = ("job_workflow_ref", "repository", "repository_id")
# An organization may have made its subjects of other claims.
_CLAIM = re.compile(r"[a-z_]+:")
_REPOSITORY = re.compile(r"repo:(?P<owner>[^/:]*)/(?P<name>[^:]*)(?P<rest>:.*)?")


@rule(
    "ECR510",
    "error",
    "A role for GitHub Actions names the repository that may assume it",
    types=[ROLE],
    why="Without a condition on sub, or with one that any repository meets, every workflow on "
    "GitHub can assume the role.",
    remedy=f"Add Condition: {{StringLike: {{{_HOST}:sub: 'repo:OWNER/REPOSITORY:*'}}}}.",
    source=_SOURCE,
)
def names_repository(resource: Resource) -> Iterator[Fault]:
    """Judge the condition on sub."""
    for statement in trusting(resource, _ISSUER):
        subjects = tests(statement, "sub")
        if not subjects and not any(tests(statement, each) for each in _CALLERS):
            yield Fault(statement.path, "no condition on sub: every repository may assume the role")
        for test in subjects:
            path = (*statement.path, "Condition", test.operator, test.key)
            for value in test.values:
                if not is_unresolved(value):
                    yield from (Fault(path, fault) for fault in _sub_errors(test, value))


def _sub_errors(test: Condition, value: str) -> Iterator[str]:
    match = _REPOSITORY.fullmatch(value)
    if taken_literally(test, value):
        yield f"{test.operator} takes {value!r} literally: nobody may assume the role"
    elif match is None:
        if value.startswith(("*", "repo:*")):
            yield f"{value!r} lets every repository assume the role"
        elif not _CLAIM.match(value):
            yield f"{value!r} is no subject of GitHub: it begins with 'repo:OWNER/REPOSITORY:'"
    # An id that is left open is still one of this owner: no name holds an '@'.
    # https://docs.github.com/en/actions/reference/security/oidc#immutable-subject-claims
    elif "*" in match["owner"].removesuffix("@*"):
        yield f"{value!r} lets repositories of other owners assume the role"


@rule(
    "ECR511",
    "error",
    "A role for GitHub Actions names the audience",
    types=[ROLE],
    why="A token that a workflow asked for to log in elsewhere could be used here.",
    remedy=f"Add Condition: {{StringEquals: {{{_HOST}:aud: {_AUDIENCE}}}}}.",
    source=_SOURCE,
)
def names_audience(resource: Resource) -> Iterator[Fault]:
    """Judge the condition on aud."""
    for statement in trusting(resource, _ISSUER):
        audiences = tests(statement, "aud")
        if not audiences:
            yield Fault(statement.path, "no condition on aud")
        for test in audiences:
            if "*" in test.values:
                path = (*statement.path, "Condition", test.operator, test.key)
                yield Fault(path, "any audience is admitted")


@rule(
    "ECR512",
    "warning",
    "A role for GitHub Actions is for one repository",
    types=[ROLE],
    why="Every repository of the owner can assume the role, whoever made it, whatever it is for.",
    remedy="Name the repository, and the branch or environment where that is possible.",
    source=_SOURCE,
)
def one_repository(resource: Resource) -> Iterator[Fault]:
    """Look for an owner with any repository."""
    for statement in trusting(resource, _ISSUER):
        for test in tests(statement, "sub"):
            for value in test.values:
                match = _REPOSITORY.fullmatch(value)
                if match and match["name"].startswith("*") and "*" not in match["owner"]:
                    path = (*statement.path, "Condition", test.operator, test.key)
                    yield Fault(path, f"{value!r} is every repository of {match['owner']}")
