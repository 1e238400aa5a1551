"""Projects of GitHub, GitLab, Bitbucket and CircleCI, and the subjects of their tokens."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ecr_constructs.model.arguments import checked
from ecr_constructs.model.ci.claims import ClaimValue, claim_errors, sts_claims
from ecr_constructs.model.ci.issuer import ANY_UUID, CiIssuer, braced, uuid_errors
from ecr_constructs.model.ci.project import CiProject, selection_errors
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import located, raise_if_invalid, require_list

_OWNER = "[A-Za-z0-9][A-Za-z0-9_-]*"
_NAME = "[A-Za-z0-9._-]+"
_GITHUB_REPOSITORY = re.compile(f"{_OWNER}/{_NAME}|{_OWNER}@[0-9]+/{_NAME}@[0-9]+")
_GITLAB_PART = "[A-Za-z0-9_][A-Za-z0-9_.-]*"
_GITLAB_PROJECT = re.compile(f"{_GITLAB_PART}(?:/{_GITLAB_PART})+")
_GITLAB_COM = CiIssuer.gitlab()
_CIRCLECI_ORIGIN = re.compile(f"{_NAME}(?:/{_NAME})+")
_GITHUB_ADDRESS = re.compile(rf"github\.com[/:]({_OWNER}/{_NAME}?)(?:\.git)?/?$")
_GITHUB_COM = CiIssuer.github_actions()


@checked
@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubActions(CiProject):
    """Workflows of one GitHub repository.

    The subject of a job with an environment names the environment and not the branch or tag; that
    of a pull request names neither. So each is selected separately, and a job that matches one of
    the selections is admitted. With ``match="all"`` a job must match an environment *and* a branch
    or tag: the token's claim ``ref``, which STS compares too, names the latter. Who may push to
    another branch of the repository can then not use the environment from there.
    https://docs.github.com/en/actions/reference/security/oidc

    Attributes:
        repository: ``OWNER/NAME`` as GitHub displays it, capitals included. Repositories created,
            renamed or transferred after 15 July 2026 have ids in their tokens:
            ``OWNER@123456/NAME@456789``, which
            `gh api repos/OWNER/NAME/actions/oidc/customization/sub` prints.
        branches: Branches that are pushed to; ``*`` matches any characters. Default: none.
        tags: Tags that are pushed; ``*`` matches any characters. Default: none.
        environments: Environments of the jobs, whose protection rules then apply. Default: none.
        pull_requests: Whether pull requests are admitted before they are merged. Default: they are
            not.
        match: Whether a job must match one of the selections (``"any"``) or an environment and a
            branch or tag (``"all"``). Default: ``"any"``.
        claims: Further claims that a token must have: ``{"repository_id": "456789"}``, which a
            repository under a name that was given up does not; ``repository_owner_id``,
            ``job_workflow_ref``, ``actor_id``, ``enterprise_id`` and others. GitHub Enterprise
            Server has none that STS compares. Default: none.
        issuer: Another issuer, for GitHub Enterprise: ``CiIssuer.github_actions(url)``. Default:
            github.com's.

    Raises:
        ValidationError: The repository has a wildcard or another form, or the selection is empty
            or selects all jobs.

    Example:
        >>> GitHubActions(repository="acme/payments-api", branches=["main"]).subjects
        ('repo:acme/payments-api:ref:refs/heads/main',)
    """

    repository: str
    branches: Sequence[str] = ()
    tags: Sequence[str] = ()
    environments: Sequence[str] = ()
    pull_requests: bool = False
    match: Literal["any", "all"] = "any"
    claims: Mapping[str, ClaimValue] = field(default_factory=dict, hash=False)
    issuer: CiIssuer = _GITHUB_COM

    def __post_init__(self) -> None:
        """Validate the project."""
        raise_if_invalid("project of GitHub Actions", self.repository, self._errors())

    @property
    def name(self) -> str:
        """The repository, without ids."""
        return re.sub("@[0-9]+", "", self.repository)

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects of the tokens."""
        contexts = [
            *(f"ref:{ref}" for ref in (() if self.match == "all" else self._refs)),
            # GitHub escapes the colon, which separates the parts of a subject.
            *(f"environment:{name.replace(':', '%3A')}" for name in self.environments),
            *(["pull_request"] if self.pull_requests else ()),
        ]
        return tuple(f"repo:{self.repository}:{context}" for context in contexts)

    @property
    def _selected_claims(self) -> dict[str, list[str]]:
        return {"ref": self._refs} if self.match == "all" else {}

    @property
    def _refs(self) -> list[str]:
        branches = [f"refs/heads/{branch}" for branch in self.branches]
        return [*branches, *(f"refs/tags/{tag}" for tag in self.tags)]

    def _errors(self) -> Iterator[Diagnostic]:
        if not is_unresolved(self.repository):
            yield from located("repository", _repository_errors(self.repository))
        selections = "branches", "tags", "environments"
        yield from selection_errors(self, *selections, selects_others=self.pull_requests)
        yield from claim_errors(self.issuer.path.lower(), self.claims)
        yield from self._match_errors()

    def _match_errors(self) -> Iterator[Diagnostic]:
        if self.match not in ("any", "all"):
            message = f"match must be 'any' or 'all', got {self.match!r}"
            yield Diagnostic("ci-match-unknown", message, "match")
        if self.match != "all":
            return
        if not (self.environments and self._refs) or self.pull_requests:
            yield Diagnostic(
                "ci-match-incomplete",
                "match='all' needs environments, and branches or tags, and excludes pull_requests, "
                "of which the ref is of no branch",
                "match",
                "give both, or leave match out",
            )
        if "ref" in self.claims:
            message = "match='all' sets this claim from branches and tags"
            yield Diagnostic("ci-claim-given-twice", message, "claims['ref']", "remove one")
        elif "ref" not in sts_claims(self.issuer.path.lower()):
            yield Diagnostic(
                "ci-claim-not-read",
                f"STS does not compare the claim ref of tokens of {self.issuer.path}",
                "match",
                "leave it out, and restrict the environment to branches in GitHub",
            )


def _repository_errors(repository: str) -> Iterator[Diagnostic]:
    if "*" in repository or "?" in repository:
        yield Diagnostic(
            "github-repository-wildcard",
            "a wildcard would admit repositories that others may create",
            remedy="write 'OWNER/NAME', and a role for each repository",
        )
    elif address := _GITHUB_ADDRESS.search(repository):
        yield Diagnostic(
            "github-repository-is-address",
            "is an address, not a name",
            remedy=f"write {address[1]!r}",
        )
    elif repository.endswith(".git"):
        yield Diagnostic(
            "github-repository-is-address",
            "has the ending of an address, which no repository's name has",
            remedy=f"write {repository.removesuffix('.git')!r}",
        )
    elif not _GITHUB_REPOSITORY.fullmatch(repository):
        yield Diagnostic(
            "github-repository-format",
            "must be 'OWNER/NAME', or with the ids of both 'OWNER@123456/NAME@456789'",
        )


@checked
@dataclass(frozen=True, slots=True, kw_only=True)
class GitLabCi(CiProject):
    """Pipelines of one GitLab project.

    The token of a merge request's pipeline names the source branch. GitLab's subject does not name
    the environment, and STS does not compare it. A project that configures other components of the
    subject is not admitted.
    https://docs.gitlab.com/ci/secrets/id_token_authentication/#token-payload

    Attributes:
        project: Its path with all groups: ``acme/payments/api``.
        branches: Branches; ``*`` matches any characters. Default: none.
        tags: Tags; ``*`` matches any characters. Default: none.
        claims: Further claims that a token must have: ``{"project_id": "456"}``, which a project
            under a path that was given up does not; ``namespace_id``, ``ref_protected`` and
            others. Self-managed instances have none that STS compares. Default: none.
        issuer: A self-managed instance: ``CiIssuer.gitlab(url)``. Default: gitlab.com.

    Raises:
        ValidationError: The project has a wildcard or another form, or the selection is empty or
            selects all jobs.

    Example:
        >>> GitLabCi(project="acme/api", branches=["main"]).subjects
        ('project_path:acme/api:ref_type:branch:ref:main',)
    """

    project: str
    branches: Sequence[str] = ()
    tags: Sequence[str] = ()
    claims: Mapping[str, ClaimValue] = field(default_factory=dict, hash=False)
    issuer: CiIssuer = _GITLAB_COM

    def __post_init__(self) -> None:
        """Validate the project."""
        raise_if_invalid("project of GitLab CI", self.project, self._errors())

    @property
    def name(self) -> str:
        """The project's path."""
        return self.project

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects of the tokens."""
        return tuple(
            f"project_path:{self.project}:ref_type:{kind}:ref:{name}"
            for kind, names in (("branch", self.branches), ("tag", self.tags))
            for name in names
        )

    def _errors(self) -> Iterator[Diagnostic]:
        if "*" in self.project or "?" in self.project:
            yield Diagnostic(
                "gitlab-project-wildcard",
                "a wildcard would admit projects that others may create",
                "project",
                "write 'GROUP/PROJECT', and a role for each project",
            )
        elif not is_unresolved(self.project) and not _GITLAB_PROJECT.fullmatch(self.project):
            yield Diagnostic(
                "gitlab-project-format",
                "must be the project's path with all groups, 'GROUP/PROJECT'",
                "project",
            )
        yield from selection_errors(self, "branches", "tags")
        yield from claim_errors(self.issuer.path.lower(), self.claims)


@checked
@dataclass(frozen=True, slots=True, kw_only=True)
class BitbucketPipelines(CiProject):
    """Steps of one Bitbucket repository's pipelines that deploy to an environment.

    Bitbucket's subject is ``{REPOSITORY}:{ENVIRONMENT}:{STEP}``. It does not name the branch:
    restrict the branches in the settings of the deployment environment in Bitbucket.
    https://support.atlassian.com/bitbucket-cloud/docs/deploy-on-aws-using-bitbucket-pipelines-openid-connect/

    Attributes:
        workspace: The workspace's id, as in its address: ``acme``.
        workspace_uuid: Its UUID. Repository settings > OpenID Connect shows all three UUIDs.
        repository_uuid: The repository's UUID.
        environments: UUIDs of deployment environments, at least one.
        claims: Always empty: STS compares the subject of Bitbucket's tokens and no other claim.

    Raises:
        ValidationError: An id is not a UUID, or there is no environment.

    Example:
        >>> uuid = "1d397906-81bf-459e-9a8d-eae79c0bc5f3"
        >>> project = BitbucketPipelines(
        ...     workspace="acme", workspace_uuid=uuid, repository_uuid=uuid, environments=[uuid]
        ... )
        >>> project.issuer.path
        'api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc'
    """

    workspace: str
    workspace_uuid: str
    repository_uuid: str
    environments: Sequence[str] = ()
    claims: Mapping[str, ClaimValue] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        """Validate the project."""
        require_list("environments", self.environments)
        raise_if_invalid("project of Bitbucket Pipelines", self.repository_uuid, self._errors())
        _ = self.issuer

    @property
    def issuer(self) -> CiIssuer:
        """The issuer of the workspace."""
        return CiIssuer.bitbucket(workspace=self.workspace, workspace_uuid=self.workspace_uuid)

    @property
    def name(self) -> str:
        """The workspace and the repository."""
        return f"{self.workspace}/{braced(self.repository_uuid)}"

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects of the tokens."""
        repository = braced(self.repository_uuid)
        return tuple(f"{repository}:{braced(uuid)}:{{{ANY_UUID}}}" for uuid in self.environments)

    def _errors(self) -> Iterator[Diagnostic]:
        yield from uuid_errors("repository_uuid", self.repository_uuid)
        for index, uuid in enumerate(self.environments):
            yield from uuid_errors(f"environments[{index}]", uuid)
        if not self.environments:
            yield Diagnostic(
                "ci-selection-missing",
                "without an environment every step of every branch of the repository could "
                "push, since Bitbucket's tokens do not name the branch",
                "environments",
                "give the UUID of a deployment environment that Bitbucket restricts to your "
                "branches",
            )
        yield from claim_errors("api.bitbucket.org", self.claims)


@checked
@dataclass(frozen=True, slots=True, kw_only=True)
class CircleCi(CiProject):
    """Jobs of one CircleCI project.

    Only the token ``CIRCLE_OIDC_TOKEN_V2`` names the branch or tag. Its subject also names the
    user who triggered the job. Every user is admitted, by a pattern as long as a UUID: a ``*``
    would match beyond the user, so that a branch's name could imitate another subject.
    https://circleci.com/docs/openid-connect-tokens/#format-of-the-openid-connect-id-token

    Attributes:
        organization_id: The organization's id, a UUID.
        project_id: The project's id, a UUID.
        vcs_origin: The repository of the change, without a scheme:
            ``github.com/acme/payments-api``. A fork has another.
        branches: Branches; ``*`` matches any characters. Default: none.
        tags: Tags; ``*`` matches any characters. Default: none.
        claims: Further claims that a token must have. STS compares ``project-id``, which the
            subject has as well. Default: none.

    Raises:
        ValidationError: An id is not a UUID, the origin has another form, or the selection is
            empty or selects all jobs.

    Example:
        >>> uuid = "1d397906-81bf-459e-9a8d-eae79c0bc5f3"
        >>> project = CircleCi(
        ...     organization_id=uuid,
        ...     project_id=uuid,
        ...     vcs_origin="github.com/acme/payments-api",
        ...     branches=["main"],
        ... )
        >>> project.name
        'acme/payments-api'
    """

    organization_id: str
    project_id: str
    vcs_origin: str
    branches: Sequence[str] = ()
    tags: Sequence[str] = ()
    claims: Mapping[str, ClaimValue] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        """Validate the project."""
        raise_if_invalid("project of CircleCI", self.vcs_origin, self._errors())

    @property
    def issuer(self) -> CiIssuer:
        """The issuer of the organization."""
        return CiIssuer.circleci(organization_id=self.organization_id)

    @property
    def name(self) -> str:
        """The repository, without its host."""
        return self.vcs_origin.partition("/")[2]

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects of the tokens."""
        project = f"org/{self.organization_id}/project/{self.project_id}/user/{ANY_UUID}"
        return tuple(
            f"{project}/vcs-origin/{self.vcs_origin}/vcs-ref/refs/{kind}/{name}"
            for kind, names in (("heads", self.branches), ("tags", self.tags))
            for name in names
        )

    def _errors(self) -> Iterator[Diagnostic]:
        yield from uuid_errors("organization_id", self.organization_id, braces=False)
        yield from uuid_errors("project_id", self.project_id, braces=False)
        if not _CIRCLECI_ORIGIN.fullmatch(self.vcs_origin):
            yield Diagnostic(
                "circleci-origin-format",
                f"{self.vcs_origin!r} must be a repository without a scheme and a "
                "wildcard, 'github.com/OWNER/NAME'",
                "vcs_origin",
            )
        yield from selection_errors(self, "branches", "tags")
        yield from claim_errors(f"oidc.circleci.com/org/{self.organization_id}", self.claims)
