"""The environment file: an account, a Region and the repositories of its teams."""

from typing import Annotated

from pydantic import (
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_before_validator_function

from ecr_constructs.environment.parts import Strict, valid
from ecr_constructs.environment.push import CiSystem, Push
from ecr_constructs.environment.registry import HomeRegistry
from ecr_constructs.environment.settings import Profile, RepositorySettings
from ecr_constructs.environment.values import (
    AccountId,
    EmailAddress,
    OrganizationId,
    PrincipalArn,
    Region,
    RepositoryName,
    Tags,
    TeamName,
)
from ecr_constructs.model import alerts, names
from ecr_constructs.model.events import Severity
from ecr_constructs.model.key_policy import KeyAccess


class Repository(RepositorySettings):
    """A repository. Write only its name if it has no settings of its own."""

    name: RepositoryName
    """The name, which is the image's path: `payments/api`. Another name is a new repository."""


class _ByName:
    """Accept a repository that is written as its name only."""

    @staticmethod
    def __get_pydantic_core_schema__(
        source: type[Repository], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        def repository(value: object) -> object:
            return {"name": value} if isinstance(value, str) else value

        return no_info_before_validator_function(repository, handler(source))

    @staticmethod
    def __get_pydantic_json_schema__(
        schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        name = {"type": "string", "pattern": f"^(?:{names.NAME_PATTERN})$"}
        return {"anyOf": [name, handler(schema)]}


class Team(Strict):
    """The repositories of a team, deployed as one stack."""

    repositories: Annotated[list[Annotated[Repository, _ByName]], Field(min_length=1)]
    """The team's repositories, in any order."""
    push: Push | None = None
    """A CI project that may push to each of them without a `push` of its own."""
    tags: Tags | None = None
    """Tags of all of the team's repositories."""


class ReplicaAccount(Strict):
    """A registry in another account that images are copied to."""

    account: AccountId
    """The account's id: 12 digits, in quotes."""
    region: Region
    """The Region, which may be the home Region."""


class Alerts(Strict):
    """Alerts about scan findings in the images of the home registry."""

    emails: Annotated[list[EmailAddress], valid(alerts.repeated_errors)] | None = None
    """E-mail addresses to notify. SNS asks each address to confirm first."""
    severity: Severity = "HIGH"
    """Minimum severity of a finding that raises an alert."""


class Environment(Strict):
    """One environment: one AWS account and home Region."""

    account: AccountId
    """The account's id: 12 digits, in quotes."""
    region: Region
    """The home Region, such as `eu-central-1`."""
    profile: Profile
    """Default settings: `development` has mutable tags and short retention, `staging` immutable
    tags, `production` immutable tags, a customer managed key and long retention."""
    organization: OrganizationId | None = None
    """The organization's id; its accounts may pull."""
    key_administrators: list[PrincipalArn] | None = None
    """Roles and users that may manage the key, its policy and its grants. They must already
    exist."""
    key_access: KeyAccess = "iam"
    """Who decides about the key. `iam`: the IAM policies of the account. `key_policy`: the key
    policy alone; only the key administrators, the role that deploys and the account's root user
    manage the key, and it is used through ECR only."""
    replica_regions: list[Region] | None = None
    """Regions of the same account that images are copied to. The same repositories are created
    there first, with the same settings and a key of that Region."""
    replica_accounts: list[ReplicaAccount] | None = None
    """Registries in other accounts that images are copied to, prepared in the same way."""
    replicate_deletions: bool = False
    """Whether an image that is deleted at home, by a user or by a lifecycle policy, is also deleted
    in every replica."""
    termination_protection: bool = False
    """Whether the stacks of the environment are protected against deletion."""
    existing_ci_providers: list[CiSystem] | None = None
    """CI systems whose OIDC provider already exists in the account. Default: none; the providers of
    all systems that push are created."""
    alerts: Alerts | None = None
    """Alerts about scan findings. Default: no alerts."""
    registry: HomeRegistry | None = None
    """Settings of the registry as a whole, and of its replicas."""
    defaults: RepositorySettings = RepositorySettings()
    """Default settings of every repository."""
    teams: Annotated[
        dict[TeamName, Team], Field(min_length=1, json_schema_extra={"additionalProperties": False})
    ]
    """The teams, by name."""
