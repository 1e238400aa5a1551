"""Bitbucket Pipelines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ecr_constructs.model.ci.issuer import ANY_UUID, CiIssuer, braced, uuid_errors
from ecr_constructs.model.ci.project import CiProject
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.validation import raise_if_invalid, require_list


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
