"""Judge the subjects and claims that trust policies demand of CI tokens.

Patterns are those of IAM: ``*`` matches any characters and ``?`` matches one. A subject with a
deploy-time part is judged as far as it is known.
"""

import re
from collections.abc import Callable, Iterable
from enum import IntEnum
from itertools import pairwise

from ecr_constructs.model.ci.issuer import UUID

_MARK = re.compile(r"\$\{Token\[[^\[\]]*\]\}")
_WILDCARD = re.compile(r"[*?]")
# A wildcard continues the deploy-time part, which can be a whole subject.
_OPEN_MARK = re.compile(rf"{_MARK.pattern}[*?]")


class Reach(IntEnum):
    """Whose tokens a subject or claim matches."""

    NOBODY = 0
    """No token has such a value."""
    PROJECT = 1
    """The tokens of named projects, or those of a deploy-time value."""
    OWNER = 2
    """The tokens of several projects of one owner."""
    EVERYONE = 3
    """The tokens of owners that nobody named."""


Judge = Callable[[str], Reach]
"""Judges a pattern; a literal text has no wildcards."""


def reach_of(judge: Judge, value: str, *, is_wild: bool) -> Reach:
    """Judge a value with a comparison that supports wildcards, or treats them as literal text."""
    if _WILDCARD.search(value) and not is_wild:
        return Reach.NOBODY
    if not _MARK.search(value):
        return judge(value)
    # Only what is wrong whatever the deploy-time part is, be it an owner or a repository.
    texts = ["x", "x/x", *["x/x:x"] * bool(_OPEN_MARK.search(value))]
    reaches = [judge(_MARK.sub(text, value)) for text in texts]
    certain = [reach for reach in reaches if reach is not Reach.NOBODY]
    is_certain = bool(certain) and Reach.PROJECT not in certain
    return min(certain) if is_certain else Reach.PROJECT


def is_literal_wildcard(value: str) -> bool:
    """Tell whether a value consists of wildcards only."""
    return not _WILDCARD.sub("", value)


# --- GitHub Actions: https://docs.github.com/en/actions/reference/security/oidc ---

# What an organization or repository can put into its subjects.
_GITHUB_PARTS = frozenset(
    {
        *("actor", "actor_id", "base_ref", "check_run_id", "context", "enterprise"),
        *("enterprise_id", "environment", "event_name", "head_ref", "job_workflow_ref"),
        *("job_workflow_sha", "ref", "ref_protected", "ref_type", "repo", "repository"),
        *("repository_id", "repository_owner", "repository_owner_id", "repository_visibility"),
        *("run_attempt", "run_id", "run_number", "runner_environment", "sha", "workflow"),
        *("workflow_ref", "workflow_sha"),
    }
)
_PROPERTY = "repo_property_"
_REFS = ("refs/heads/", "refs/tags/", "refs/pull/")
# A wildcard id still belongs to this owner or repository, because names cannot contain '@'.
# https://docs.github.com/en/actions/reference/security/oidc#immutable-subject-claims
_ANY_ID = "@*"


def github_repository(value: str) -> Reach:
    """Judge ``OWNER/NAME``."""
    owner, slash, name = value.partition("/")
    if _WILDCARD.search(owner.removesuffix(_ANY_ID)):
        return Reach.EVERYONE
    if not owner or not slash or not name:
        return Reach.NOBODY
    stem = _WILDCARD.split(name)[0]
    if "/" in stem:
        return Reach.NOBODY
    return Reach.OWNER if _WILDCARD.search(name.removesuffix(_ANY_ID)) else Reach.PROJECT


def github_workflow(value: str) -> Reach:
    """Judge ``OWNER/NAME/.github/workflows/FILE@REF``."""
    owner, slash, path = value.partition("/")
    return github_repository(f"{owner}{slash}{path.partition('/')[0]}")


def of_owner(value: str) -> Reach:
    """Judge a value that several projects of one owner share, such as the owner's id."""
    return Reach.EVERYONE if _WILDCARD.search(value) else Reach.OWNER


def of_project(value: str) -> Reach:
    """Judge a value that one project has, such as its id."""
    return Reach.EVERYONE if _WILDCARD.search(value) else Reach.PROJECT


# The claims that identify the repository, its owner or the workflow.
_GITHUB_JUDGES: dict[str, Judge] = {
    "repo": github_repository,
    "repository": github_repository,
    "job_workflow_ref": github_workflow,
    "workflow_ref": github_workflow,
    "repository_id": of_project,
    "repository_owner": of_owner,
    "repository_owner_id": of_owner,
    "enterprise": of_owner,
    "enterprise_id": of_owner,
}


def github_subject(value: str) -> Reach:
    """Judge a subject of GitHub Actions: ``repo:OWNER/NAME:…``, or claims of one's own choice.

    A subject that names no repository or owner, such as ``environment:production``, can be
    configured by the owner of any repository.
    """
    parts = value.split(":")
    if not _may_be_claim(parts[0]):
        return Reach.NOBODY
    reaches = [
        _GITHUB_JUDGES[name](text) for name, text in pairwise(parts) if name in _GITHUB_JUDGES
    ]
    reach = min(reaches, default=Reach.EVERYONE)
    if parts[0] != "repo" or reach is Reach.NOBODY:
        return reach
    return reach if _github_context(parts[1:]) else Reach.NOBODY


def _may_be_claim(part: str) -> bool:
    if _WILDCARD.search(part):
        stem = _WILDCARD.split(part)[0]
        return any(name.startswith(stem) for name in (*_GITHUB_PARTS, _PROPERTY))
    return part in _GITHUB_PARTS or part.startswith(_PROPERTY)


def _github_context(parts: list[str]) -> bool:
    """Tell whether a token can have what follows ``repo:``."""
    repository, *rest = parts
    if not rest:
        # The last wildcard covers the rest.
        return repository.endswith("*")
    if rest[0] == "pull_request" or _WILDCARD.search(rest[0]):
        return True
    if len(rest) == 1 or not rest[1]:
        return False
    if rest[0] == "ref":
        stem = _WILDCARD.split(rest[1])[0]
        is_whole = stem == rest[1]
        return any(
            stem.startswith(kind) or (kind.startswith(stem) and not is_whole) for kind in _REFS
        )
    return _may_be_claim(rest[0])


# --- GitLab: https://docs.gitlab.com/ci/secrets/id_token_authentication/#token-payload ---

_GITLAB_START = "project_path"


def gitlab_subject(value: str) -> Reach:
    """Judge a subject of GitLab: ``project_path:GROUP/PROJECT:ref_type:branch:ref:NAME``."""
    start, colon, rest = value.partition(":")
    if _WILDCARD.search(start):
        stem = _WILDCARD.split(start)[0]
        return Reach.EVERYONE if _GITLAB_START.startswith(stem) else Reach.NOBODY
    if start != _GITLAB_START or not colon:
        return Reach.NOBODY
    path, *others = rest.split(":")
    group, slash, project = path.partition("/")
    if _WILDCARD.search(group):
        return Reach.EVERYONE
    if not group or not slash or not project:
        return Reach.NOBODY
    kinds = [text for name, text in pairwise(others) if name == "ref_type"]
    is_kind = all(_WILDCARD.search(kind) or kind in ("branch", "tag") for kind in kinds)
    return Reach.PROJECT if is_kind else Reach.NOBODY


# --- Bitbucket and CircleCI: the issuer belongs to a workspace or organization ---

_BITBUCKET = re.compile(rf"\{{{UUID.pattern}\}}")
_CIRCLECI_ORIGIN = re.compile(r"/vcs-origin/[^*?]+/vcs-ref/")


def bitbucket_subject(value: str) -> Reach:
    """Judge a subject of Bitbucket: ``{REPOSITORY}:{ENVIRONMENT}:{STEP}``, all of them UUIDs."""
    if _BITBUCKET.match(value):
        return Reach.PROJECT
    return Reach.EVERYONE if _WILDCARD.search(value.partition(":")[0]) else Reach.NOBODY


def circleci_subject(value: str) -> Reach:
    """Judge a subject of CircleCI: ``org/ID/project/ID/user/ID``, perhaps with the origin.

    https://circleci.com/docs/openid-connect-tokens/#format-of-the-openid-connect-id-token
    """
    if _WILDCARD.match(value):
        return Reach.EVERYONE
    match value.split("/"):
        case ["org", organization, *_] if _WILDCARD.search(organization):
            return Reach.EVERYONE
        case ["org", _, "project", project, *_]:
            is_wide = _WILDCARD.search(project) and not _CIRCLECI_ORIGIN.search(value)
            return Reach.EVERYONE if is_wide else Reach.PROJECT
        case ["org", _, kind, *_] if _WILDCARD.search(kind):
            return Reach.EVERYONE
    return Reach.NOBODY


# --- Any other issuer ---

# https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html
_SERVICE_ACCOUNT = "system:serviceaccount:"


def any_subject(value: str) -> Reach:
    """Judge a subject of another issuer, of which only wildcards are known."""
    text = value.removeprefix(_SERVICE_ACCOUNT).replace(":", "")
    return Reach.EVERYONE if is_literal_wildcard(text) and text else Reach.PROJECT


def widest(reaches: Iterable[Reach]) -> Reach:
    """Return the widest of alternatives; nobody satisfies an empty list."""
    return max(reaches, default=Reach.NOBODY)
