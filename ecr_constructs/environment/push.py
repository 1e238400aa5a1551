"""The CI projects of an environment file."""

from dataclasses import fields
from typing import Annotated, Any, Literal, Self, cast

from pydantic import (
    Field,
    model_validator,
)

from ecr_constructs.environment.parts import Strict, as_written, given, require_one
from ecr_constructs.environment.values import PolicyArn
from ecr_constructs.model.ci import (
    BitbucketPipelines,
    CiIssuer,
    CiProject,
    CircleCi,
    GitHubActions,
    GitLabCi,
)
from ecr_constructs.model.ci.project import MAX_SESSION_HOURS, MIN_SESSION_HOURS
from ecr_constructs.model.validation import reject

CiSystem = Literal["github", "gitlab", "bitbucket", "circleci"]
_PROJECTS: dict[str, type[GitHubActions | GitLabCi | BitbucketPipelines | CircleCi]] = {
    "github": GitHubActions,
    "gitlab": GitLabCi,
    "bitbucket": BitbucketPipelines,
    "circleci": CircleCi,
}
# Where the file has what the library's project takes.
_PROJECT_KEYS = {
    "repository": "github",
    "project": "gitlab",
    **{name: f"bitbucket.{name}" for name in ("workspace", "workspace_uuid", "repository_uuid")},
    **{name: f"circleci.{name}" for name in ("organization_id", "project_id", "vcs_origin")},
}
_SELECTORS = ("branches", "tags", "environments", "pull_requests", "match", "claims")


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
    """A project of one CI system, and those of its jobs that may push."""

    github: str | None = None
    """A repository of GitHub: `acme/payments-api`, or with ids `acme@1234/payments-api@5678`."""
    gitlab: str | None = None
    """A project of GitLab, with all groups: `acme/payments/api`."""
    bitbucket: BitbucketRepository | None = None
    """A repository of Bitbucket."""
    circleci: CircleCiProject | None = None
    """A project of CircleCI."""
    url: str | None = None
    """Issuer of the tokens, if it is not github.com or gitlab.com: the issuer of a GitHub
    Enterprise, or the address of a self-managed GitLab."""
    audience: str | None = None
    """Audience of the tokens, of GitHub and GitLab. Default: that of AWS's action, or the address
    of the GitLab instance."""
    branches: list[str] | None = None
    """Branches whose jobs may push; `*` matches any text."""
    tags: list[str] | None = None
    """Tags whose jobs may push; `*` matches any text."""
    environments: list[str] | None = None
    """Environments whose jobs may push: of GitHub by name, of Bitbucket by UUID."""
    pull_requests: bool | None = None
    """Whether jobs of GitHub pull requests may push."""
    match: Literal["any", "all"] | None = None
    """`any`: a job of a branch, of a tag or of an environment may push. `all`: a job of GitHub must
    have an environment and run on a branch or tag. Default: `any`."""
    claims: dict[str, str | int | bool | list[str | int]] | None = None
    """Further claims that a token must have, such as `repository_id` of GitHub or `project_id` of
    GitLab: a value, or a list of accepted values."""
    pull_back: bool = False
    """Whether the jobs may also pull images."""
    session_hours: Annotated[int, Field(ge=MIN_SESSION_HOURS, le=MAX_SESSION_HOURS)] = 1
    """Maximum duration of a session in hours."""
    permissions_boundary: PolicyArn | None = None
    """The ARN of the policy that is the role's permissions boundary."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        require_one(self, "push", _PROJECTS)
        self.project()
        return self

    @property
    def system(self) -> CiSystem:
        """The CI system."""
        [(system, _)] = given(self, _PROJECTS)
        return cast("CiSystem", system)

    def project(self) -> CiProject:
        """Return the library's project."""
        kind = _PROJECTS[self.system]
        selectors = [name for name in _SELECTORS if name in {field.name for field in fields(kind)}]
        selection = dict(given(self, _SELECTORS))
        if unsupported := [name for name in selection if name not in selectors]:
            reject(
                "push",
                self.system,
                "push-selector-unsupported",
                f"jobs of {self.system} cannot be selected by {' and '.join(unsupported)}",
                path=unsupported[0],
                remedy=f"write {' or '.join(selectors)}",
            )
        with as_written({"": "url", "audience": "audience"}):
            identity = self._identity()
        with as_written(_PROJECT_KEYS):
            return kind(**identity, **selection)

    def _identity(self) -> dict[str, Any]:
        keywords = dict(given(self, ("url", "audience")))
        if self.github is not None:
            issuer = {"issuer": CiIssuer.github_actions(**keywords)} if keywords else {}
            return {"repository": self.github, **issuer}
        if self.gitlab is not None:
            issuer = {"issuer": CiIssuer.gitlab(**keywords)} if keywords else {}
            return {"project": self.gitlab, **issuer}
        for key, value in keywords.items():
            message, remedy = f"the {key} of {self.system} follows from the ids", f"leave {key} out"
            reject("push", value, f"push-{key}-unsupported", message, path=key, remedy=remedy)
        [(_, identity)] = given(self, ("bitbucket", "circleci"))
        return dict(identity)
