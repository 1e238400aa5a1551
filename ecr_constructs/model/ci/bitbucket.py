"""Bitbucket Pipelines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ecr_constructs.model.ci.issuer import CiIssuer
from ecr_constructs.model.ci.project import CiProject
from ecr_constructs.model.ci.uuids import ANY_UUID, braced, uuid_errors
from ecr_constructs.model.validation import raise_if_invalid, require_list


@dataclass(frozen=True, slots=True, kw_only=True)
class BitbucketPipelines(CiProject):
    """Steps of one Bitbucket repository's pipelines that deploy to an environment.

    Bitbucket's subject is ``{REPOSITORY}:{ENVIRONMENT}:{STEP}``. It names no branch, so which
    branches may push is a setting of the deployment environment in Bitbucket.
    https://support.atlassian.com/bitbucket-cloud/docs/deploy-on-aws-using-bitbucket-pipelines-openid-connect/

    Attributes:
        workspace: The workspace's id, as in its address: ``acme``.
        workspace_uuid: Its UUID. Repository settings > OpenID Connect shows all three UUIDs.
        repository_uuid: The repository's UUID.
        environments: UUIDs of deployment environments, at least one.

    Raises:
        ValueError: Something that is no UUID, or no environment.
    """

    workspace: str
    workspace_uuid: str
    repository_uuid: str
    environments: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Judge the project."""
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
        return tuple(f"{repository}:{braced(each)}:{{{ANY_UUID}}}" for each in self.environments)

    def _errors(self) -> Iterator[str]:
        yield from uuid_errors("repository_uuid", self.repository_uuid)
        for each in self.environments:
            yield from uuid_errors("environments:", each)
        if not self.environments:
            yield (
                "says no environment, so that every step of the repository might push, on whatever "
                "branch: Bitbucket's tokens name none. Give environments the UUID of a deployment "
                "environment that Bitbucket restricts to your branches"
            )
