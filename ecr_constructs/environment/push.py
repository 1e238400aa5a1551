"""Who pushes, as an environment file writes it: a project of a CI system and some of its jobs."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Annotated, Any, Literal, Self, cast

from pydantic import Field, model_validator

from ecr_constructs.environment.strict import Strict
from ecr_constructs.model.ci import (
    BitbucketPipelines,
    CiIssuer,
    CiProject,
    CircleCi,
    GitHubActions,
    GitLabCi,
)
from ecr_constructs.model.ci.project import MAX_SESSION_HOURS, MIN_SESSION_HOURS

CiSystem = Literal["github", "gitlab", "bitbucket", "circleci"]
_PROJECTS: dict[str, type[GitHubActions | GitLabCi | BitbucketPipelines | CircleCi]] = {
    "github": GitHubActions,
    "gitlab": GitLabCi,
    "bitbucket": BitbucketPipelines,
    "circleci": CircleCi,
}
_SELECTIONS = ("branches", "tags", "environments", "pull_requests")


class BitbucketRepository(Strict):
    """A repository of Bitbucket; its settings show all three under OpenID Connect."""

    workspace: str
    """The workspace's id, as in its address: `acme`."""
    workspace_uuid: str
    """The workspace's UUID."""
    repository_uuid: str
    """The repository's UUID."""


class CircleCiProject(Strict):
    """A project of CircleCI."""

    organization_id: str
    """The organization's id, a UUID."""
    project_id: str
    """The project's id, a UUID."""
    vcs_origin: str
    """The repository that the changes are in: `github.com/acme/payments-api`."""


class Push(Strict):
    """A project of exactly one CI system, and which of its jobs may push."""

    github: str | None = None
    """A repository of GitHub: `acme/payments-api`, or with ids `acme@1234/payments-api@5678`."""
    gitlab: str | None = None
    """A project of GitLab, with all groups: `acme/payments/api`."""
    bitbucket: BitbucketRepository | None = None
    """A repository of Bitbucket."""
    circleci: CircleCiProject | None = None
    """A project of CircleCI."""
    url: str | None = None
    """Who issues the tokens, where it is not github.com or gitlab.com: a GitHub Enterprise's
    issuer, or a GitLab of your own."""
    branches: list[str] | None = None
    """Branches that may push; `*` stands for anything."""
    tags: list[str] | None = None
    """Tags that may push; `*` stands for anything."""
    environments: list[str] | None = None
    """Environments of GitHub by name, deployment environments of Bitbucket by UUID."""
    pull_requests: bool | None = None
    """Whether GitHub's pull requests may push too."""
    pull_back: bool = False
    """Whether the jobs may pull what was pushed, to build upon it."""
    session_hours: Annotated[int, Field(ge=MIN_SESSION_HOURS, le=MAX_SESSION_HOURS)] = 1
    """Hours that a session may last."""
    permissions_boundary: str | None = None
    """The ARN of a policy: the most that the role may ever be allowed."""

    @model_validator(mode="after")
    def _one_system(self) -> Self:
        given = [name for name, _ in self._given(*_PROJECTS)]
        if len(given) != 1:
            got = " and ".join(given) or "none"
            msg = f"push has exactly one of the keys {', '.join(_PROJECTS)}; got {got}"
            raise ValueError(msg)
        self.project()
        return self

    def _given(self, *names: str) -> Iterator[tuple[str, Any]]:
        given = ((name, getattr(self, name)) for name in names)
        yield from ((name, value) for name, value in given if value is not None)

    @property
    def system(self) -> CiSystem:
        """Which CI system it is."""
        [(system, _)] = self._given(*_PROJECTS)
        return cast("CiSystem", system)

    def project(self) -> CiProject:
        """Return the library's project.

        Raises:
            ValueError: The library refuses it, or the CI system's tokens do not tell what it
                selects by.
        """
        kind = _PROJECTS[self.system]
        known = {field.name for field in fields(kind)}
        selected = dict(self._given(*_SELECTIONS))
        if unknown := [name for name in selected if name not in known]:
            takes = " or ".join(name for name in _SELECTIONS if name in known)
            msg = f"the tokens of {self.system} do not tell {' and '.join(unknown)}; give {takes}"
            raise ValueError(msg)
        return kind(**self._identity(), **selected)

    def _identity(self) -> dict[str, Any]:
        if self.github is not None:
            url = self.url and {"issuer": CiIssuer.github_actions(self.url)}
            return {"repository": self.github, **(url or {})}
        if self.gitlab is not None:
            url = self.url and {"issuer": CiIssuer.gitlab(self.url)}
            return {"project": self.gitlab, **(url or {})}
        if self.url is not None:
            msg = f"the issuer of {self.system} follows from the ids; leave url out"
            raise ValueError(msg)
        [(_, identity)] = self._given("bitbucket", "circleci")
        return dict(identity)
