"""What an environment file says: an account, a Region and the repositories of its teams."""

import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_before_validator_function

from ecr_constructs.checks import RULES
from ecr_constructs.environment.lifecycle_rules import Rule
from ecr_constructs.environment.push import CiSystem, Push
from ecr_constructs.environment.strict import Strict
from ecr_constructs.model import alerts, names, partitions, principals
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.events import Severity
from ecr_constructs.model.tags import tag_errors

Profile = Literal["development", "staging", "production"]
EncryptionKind = Literal["aes256", "aws_managed", "customer_managed", "dual_layer"]


def _text(fault: Diagnostic | str) -> str:
    return fault if isinstance(fault, str) else fault.text


def _judged(faults_of: Callable[[Any], Iterator[Diagnostic | str]]) -> AfterValidator:
    """Return a validator that asks the model and tells all that it finds."""

    def judge(value: Any) -> Any:
        if faults := list(dict.fromkeys(map(_text, faults_of(value)))):
            raise ValueError("; ".join(faults))
        return value

    return AfterValidator(judge)


def _written(pattern: str) -> WithJsonSchema:
    """Return what an editor can check of a string."""
    return WithJsonSchema({"type": "string", "pattern": f"^(?:{pattern})$"})


def _like(pattern: str, rule: str) -> AfterValidator:
    return _judged(lambda value: iter([] if re.fullmatch(pattern, value) else [rule]))


_TEAM = "[a-z][a-z0-9]*(-[a-z0-9]+)*"
_TEAM_RULE = "a team is named in lowercase letters and digits, joined by single hyphens"

AccountId = Annotated[
    str, _judged(principals.account_id_errors), _written(principals.ACCOUNT_ID.pattern)
]
OrganizationId = Annotated[
    str, _judged(principals.organization_id_errors), _written(principals.ORGANIZATION_ID.pattern)
]
PrincipalArn = Annotated[
    str, _judged(principals.principal_arn_errors), _written(principals.PRINCIPAL_ARN.pattern)
]
RepositoryName = Annotated[str, _judged(names.repository_name_errors), _written(names.NAME_PATTERN)]
TeamName = Annotated[str, _like(_TEAM, _TEAM_RULE), _written(_TEAM)]
Region = Annotated[str, _judged(partitions.region_errors), _written(partitions.REGION.pattern)]
EmailAddress = Annotated[str, _judged(alerts.email_errors), _written(alerts.EMAIL.pattern)]
Tags = Annotated[dict[str, str], _judged(tag_errors)]


def _acknowledgment_errors(reasons: dict[str, str]) -> Iterator[str]:
    for rule, reason in reasons.items():
        if rule not in RULES:
            yield f"no rule is named {rule!r}; `ecr-constructs check --list` names them"
        if not reason.strip():
            yield f"{rule} is acknowledged without a reason; say why it need not be kept"


Acknowledgments = Annotated[dict[str, str], _judged(_acknowledgment_errors)]


class RepositorySettings(Strict):
    """Settings of a repository; what is left out comes from the defaults and the profile."""

    tag_mutability: Literal["mutable", "immutable"] | None = None
    """Whether a tag may be moved to another image."""
    tag_mutability_exceptions: list[str] | None = None
    """At most 5 tags or patterns with `*` that behave the other way."""
    encryption: EncryptionKind | None = None
    """How images are encrypted. Changing it replaces the repository."""
    scan_on_push: bool | None = None
    """Whether ECR scans an image when it is pushed."""
    retention: Profile | None = None
    """A ready-made lifecycle policy."""
    lifecycle: list[Rule] | None = None
    """A lifecycle policy of your own, in place of a ready-made one. `[]` keeps every image."""
    protect_tags: list[str] | None = None
    """Patterns of tags whose images are never deleted, whatever the lifecycle policy says."""
    organization_may_pull: bool | None = None
    """Whether every account of the organization may pull. Default: it may."""
    pull_accounts: list[AccountId] | None = None
    """Further accounts that may pull."""
    pull_principals: list[PrincipalArn] | None = None
    """Roles and users, of any account, that may pull. They must exist already."""
    push_accounts: list[AccountId] | None = None
    """Further accounts that may push and pull."""
    push_principals: list[PrincipalArn] | None = None
    """Roles and users, of any account, that may push and pull. They must exist already."""
    push: Push | None = None
    """A project of a CI system that may push, by a role of its own and without a secret."""
    replicate: bool | None = None
    """Whether images are copied to the replicas. Default: they are, if there are any."""
    tags: Tags | None = None
    """Tags, added to those of the defaults and the team."""
    acknowledge: Acknowledgments | None = None
    """Rules of `ecr-constructs check` that need not be kept, each with the reason; added to those
    of the defaults."""


class Repository(RepositorySettings):
    """A repository. Its name alone stands for one without settings of its own."""

    name: RepositoryName
    """The name, which is the image's path: `payments/api`. Changing it replaces the repository."""


class _ByName:
    """Lets a repository be written as its name alone."""

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
    """A team's repositories, deployed as one stack."""

    repositories: Annotated[list[Annotated[Repository, _ByName]], Field(min_length=1)]
    """The team's repositories, in any order."""
    push: Push | None = None
    """A project of a CI system that may push to all of them that do not say otherwise."""
    tags: Tags | None = None
    """Tags of all of them."""


class ReplicaAccount(Strict):
    """A registry of another account that images are copied to."""

    account: AccountId
    """The account's id: 12 digits, in quotes."""
    region: Region
    """The Region, which may be the home Region."""


class Alerts(Strict):
    """Who is told of what scanners find in the images of the home registry."""

    emails: Annotated[list[EmailAddress], _judged(alerts.repeated_errors)] | None = None
    """Addresses that are written to; each is asked to confirm first."""
    severity: Severity = "HIGH"
    """The lowest severity that is told of."""


class Environment(Strict):
    """One environment: one AWS account and home Region."""

    account: AccountId
    """The account's id: 12 digits, in quotes."""
    region: Region
    """The home Region, such as `eu-central-1`."""
    profile: Profile
    """What the settings start from: `development` is mutable and short-lived, `staging` immutable,
    `production` immutable, encrypted with a customer managed key and long-lived."""
    organization: OrganizationId | None = None
    """The organization's id; its accounts may pull."""
    key_administrators: list[PrincipalArn] | None = None
    """Roles and users that may manage the key, its policy and its grants. They must exist
    already."""
    replica_regions: list[Region] | None = None
    """Regions of the same account that images are copied to. The same repositories are made there
    first, with their own key, mutability, scanning, lifecycle and access."""
    replica_accounts: list[ReplicaAccount] | None = None
    """Registries of other accounts that images are copied to, prepared in the same way."""
    replicate_deletions: bool = False
    """Whether an image deleted at home, by hand or by its lifecycle policy, is deleted in every
    replica too."""
    existing_ci_providers: list[CiSystem] | None = None
    """CI systems whose OIDC provider the account has already, made elsewhere. Default: none, so
    that the providers are made of those systems that push."""
    alerts: Alerts | None = None
    """Alerts about what scanners find. Default: nobody is told."""
    defaults: RepositorySettings = RepositorySettings()
    """Settings of every repository that does not say otherwise."""
    teams: Annotated[
        dict[TeamName, Team],
        Field(min_length=1, json_schema_extra={"additionalProperties": False}),
    ]
    """The teams, by name."""
