"""The environment file: an account, a Region and the repositories of its teams."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import (
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_before_validator_function

from ecr_constructs.checks import RULES
from ecr_constructs.environment.lifecycle_rules import Rule
from ecr_constructs.environment.parts import Strict, pattern, valid
from ecr_constructs.environment.push import CiSystem, Push
from ecr_constructs.model import alerts, names, partitions, principals
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.events import Severity
from ecr_constructs.model.key_policy import KeyAccess
from ecr_constructs.model.tags import tag_errors

Profile = Literal["development", "staging", "production"]
EncryptionKind = Literal["aes256", "aws_managed", "customer_managed", "dual_layer"]


def _team_name_errors(name: str) -> Iterator[Diagnostic]:
    if not re.fullmatch(_TEAM, name):
        message = "a team name is lowercase letters and digits, joined by single hyphens"
        yield Diagnostic("team-name", message)


_TEAM = "[a-z][a-z0-9]*(-[a-z0-9]+)*"

AccountId = Annotated[
    str, valid(principals.account_id_errors), pattern(principals.ACCOUNT_ID.pattern)
]
OrganizationId = Annotated[
    str, valid(principals.organization_id_errors), pattern(principals.ORGANIZATION_ID.pattern)
]
PrincipalArn = Annotated[
    str, valid(principals.principal_arn_errors), pattern(principals.PRINCIPAL_ARN.pattern)
]
RepositoryName = Annotated[str, valid(names.repository_name_errors), pattern(names.NAME_PATTERN)]
TeamName = Annotated[str, valid(_team_name_errors), pattern(_TEAM)]
Region = Annotated[str, valid(partitions.region_errors), pattern(partitions.REGION.pattern)]
EmailAddress = Annotated[str, valid(alerts.email_errors), pattern(alerts.EMAIL.pattern)]
Tags = Annotated[dict[str, str], valid(tag_errors)]


def _acknowledgment_errors(reasons: dict[str, str]) -> Iterator[Diagnostic]:
    for rule, reason in reasons.items():
        if rule not in RULES:
            message, remedy = "is not a rule", "`ecr-constructs check --list` lists the rules"
            yield Diagnostic("acknowledgment-rule-unknown", message, f"['{rule}']", remedy)
        if not reason.strip():
            message, remedy = "has no reason", "say why the finding is acceptable"
            yield Diagnostic("acknowledgment-reason-missing", message, f"['{rule}']", remedy)


Acknowledgments = Annotated[dict[str, str], valid(_acknowledgment_errors)]


class RepositorySettings(Strict):
    """Settings of a repository. Omitted settings come from the defaults, then from the profile."""

    tag_mutability: Literal["mutable", "immutable"] | None = None
    """Whether a tag can be moved to another image."""
    tag_mutability_exceptions: list[str] | None = None
    """Exceptions to the tag mutability: at most 5 tags, or patterns with `*`."""
    encryption: EncryptionKind | None = None
    """How images are encrypted. CloudFormation rejects a change; a review says what to do."""
    scan_on_push: bool | None = None
    """Whether ECR scans an image when it is pushed."""
    retention: Profile | None = None
    """A predefined lifecycle policy."""
    lifecycle: list[Rule] | None = None
    """A lifecycle policy of your own instead of a predefined one. `[]` keeps every image."""
    lifecycle_dry_run: bool | None = None
    """Whether the lifecycle policy is only previewed, with `ecr-constructs lifecycle preview`: ECR
    gets none and keeps every image. Default: false."""
    protect_tags: list[str] | None = None
    """Patterns of tags whose images are never deleted, whatever the lifecycle policy says."""
    organization_may_pull: bool | None = None
    """Whether every account of the organization may pull. Default: true."""
    pull_accounts: list[AccountId] | None = None
    """Additional accounts that may pull."""
    pull_principals: list[PrincipalArn] | None = None
    """Roles and users, of any account, that may pull. They must already exist."""
    push_accounts: list[AccountId] | None = None
    """Additional accounts that may push and pull."""
    push_principals: list[PrincipalArn] | None = None
    """Roles and users, of any account, that may push and pull. They must already exist."""
    push: Push | None = None
    """A CI project that may push, with a role of its own and without a stored secret."""
    deletion_lock: bool | None = None
    """Whether the repository policy denies everyone but the role with which CDK deploys to delete
    the repository. Default: false."""
    replicate: bool | None = None
    """Whether images are copied to the replicas. Default: true."""
    tags: Tags | None = None
    """Tags, in addition to those of the defaults and the team."""
    acknowledge: Acknowledgments | None = None
    """Accepted findings of `ecr-constructs check`: rule ids, each with the reason. In addition to
    those of the defaults."""


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
    defaults: RepositorySettings = RepositorySettings()
    """Default settings of every repository."""
    teams: Annotated[
        dict[TeamName, Team], Field(min_length=1, json_schema_extra={"additionalProperties": False})
    ]
    """The teams, by name."""
