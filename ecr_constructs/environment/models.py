"""The environment file: an account, a Region and the repositories of its teams."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import Annotated, Any, Literal, Self, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_before_validator_function

from ecr_constructs.checks import RULES
from ecr_constructs.model import alerts, names, partitions, principals
from ecr_constructs.model.ci import (
    BitbucketPipelines,
    CiIssuer,
    CiProject,
    CircleCi,
    GitHubActions,
    GitLabCi,
)
from ecr_constructs.model.ci.project import MAX_SESSION_HOURS, MIN_SESSION_HOURS
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.events import Severity
from ecr_constructs.model.key_policy import KeyAccess
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.tags import tag_errors
from ecr_constructs.model.validation import ValidationError, raise_if_invalid, reject

Profile = Literal["development", "staging", "production"]
EncryptionKind = Literal["aes256", "aws_managed", "customer_managed", "dual_layer"]


def _valid(errors_of: Callable[[Any], Iterator[Diagnostic]]) -> AfterValidator:
    """Return a validator that rejects a value with every error that the model finds."""

    def validate(value: Any) -> Any:
        # A path of the model begins with its name of the value, which the file has as a key.
        errors = [
            replace(error, path=re.sub(r"^\w+", "", error.path)) for error in errors_of(value)
        ]
        raise_if_invalid("value", value, errors)
        return value

    return AfterValidator(validate)


@contextmanager
def _as_written(keys: Mapping[str, str]) -> Iterator[None]:
    """Write the paths of errors as the file does; ``*`` stands for what has no key of its own."""
    try:
        yield
    except ValidationError as error:
        problems = []
        for problem in error.diagnostics:
            [(name, rest)] = re.findall(r"^([\w.]*)(.*)", problem.path)
            path = f"{keys[name]}{rest}" if name in keys else keys.get("*", problem.path)
            problems.append(replace(problem, path=path))
        raise ValidationError(error.subject, "", problems) from None


def _pattern(pattern: str) -> WithJsonSchema:
    """Return the part of the JSON Schema with which an editor checks a string."""
    return WithJsonSchema({"type": "string", "pattern": f"^(?:{pattern})$"})


def _team_name_errors(name: str) -> Iterator[Diagnostic]:
    if not re.fullmatch(_TEAM, name):
        message = "a team name is lowercase letters and digits, joined by single hyphens"
        yield Diagnostic("team-name", message)


_TEAM = "[a-z][a-z0-9]*(-[a-z0-9]+)*"

AccountId = Annotated[
    str, _valid(principals.account_id_errors), _pattern(principals.ACCOUNT_ID.pattern)
]
OrganizationId = Annotated[
    str, _valid(principals.organization_id_errors), _pattern(principals.ORGANIZATION_ID.pattern)
]
PrincipalArn = Annotated[
    str, _valid(principals.principal_arn_errors), _pattern(principals.PRINCIPAL_ARN.pattern)
]
RepositoryName = Annotated[str, _valid(names.repository_name_errors), _pattern(names.NAME_PATTERN)]
TeamName = Annotated[str, _valid(_team_name_errors), _pattern(_TEAM)]
Region = Annotated[str, _valid(partitions.region_errors), _pattern(partitions.REGION.pattern)]
EmailAddress = Annotated[str, _valid(alerts.email_errors), _pattern(alerts.EMAIL.pattern)]
Tags = Annotated[dict[str, str], _valid(tag_errors)]


class Strict(BaseModel):
    """A part of an environment file: unknown keys and values of another type are errors."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True
    )


def _given(part: Strict, names: Iterable[str]) -> list[tuple[str, Any]]:
    """Return which of some keys have a value, with the values."""
    values = ((name, getattr(part, name)) for name in names)
    return [(name, value) for name, value in values if value is not None]


def _require_one(part: Strict, subject: str, names: Iterable[str]) -> None:
    """Reject a part that has none or several of some keys."""
    given = [name for name, _ in _given(part, names)]
    if len(given) != 1:
        reject(
            subject,
            " and ".join(given) or "none",
            f"{subject}-not-one-key",
            f"must have exactly one of the keys {', '.join(names)}, got "
            f"{' and '.join(given) or 'none'}",
        )


_Days = Annotated[int, Field(ge=1)]
_Tags = Annotated[list[str], Field(min_length=1)]
_COUNTS = ("count", "after_days", "not_pulled_for_days")


class AfterDays(Strict):
    """A rule with a number of days."""

    after_days: _Days
    """Number of days."""
    description: str | None = None
    """A description, which ECR stores with the rule."""


class Selecting(Strict):
    """A rule for all images, or for those with certain tags."""

    tag_patterns: _Tags | None = None
    """Only images with tags that match every pattern; `*` is the only wildcard."""
    tag_prefixes: _Tags | None = None
    """Only images with tags that begin with every prefix."""
    description: str | None = None
    """A description, which ECR stores with the rule."""


class Expire(Selecting):
    """Delete images by age."""

    after_days: _Days
    """Days since the image was pushed."""


class KeepLast(Selecting):
    """Keep a number of images and delete the others."""

    count: Annotated[int, Field(ge=1)]
    """Number of images to keep, the newest first."""


class Protect(Strict):
    """Keep images, whatever later rules say."""

    tag_pattern: str
    """A pattern; images with a tag that matches it are never deleted."""
    description: str | None = None
    """A description, which ECR stores with the rule."""


class Archive(Selecting):
    """Move images to the archive storage class."""

    not_pulled_for_days: _Days | None = None
    """Days since the image was last pulled."""
    after_days: _Days | None = None
    """Days since the image was pushed."""


class Rule(Strict):
    """A lifecycle rule: exactly one of these keys."""

    expire_untagged: AfterDays | None = None
    """Delete untagged images, by days since the push."""
    expire: Expire | None = None
    """Delete images, by days since the push."""
    keep_last: KeepLast | None = None
    """Keep the newest images and delete the others."""
    protect: Protect | None = None
    """Keep every image that has a matching tag."""
    archive: Archive | None = None
    """Move images to the archive storage class."""
    expire_archived: AfterDays | None = None
    """Delete archived images, by days since they were archived: at least 90."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        _require_one(self, "rule", type(self).model_fields)
        self.rule()
        return self

    def rule(self) -> LifecycleRule:
        """Return the library's rule."""
        [(factory, arguments)] = _given(self, type(self).model_fields)
        keywords = arguments.model_dump(exclude_none=True)
        counted = [name for name in _COUNTS if name in keywords]
        positional = [keywords.pop(name) for name in ("count", "tag_pattern") if name in keywords]
        keys = {
            "selection.countNumber": ".".join([factory, *counted]),
            "selection.tagPatternList": f"{factory}.tag_patterns",
            "selection.tagPrefixList": f"{factory}.tag_prefixes",
            "description": f"{factory}.description",
            "*": factory,
        }
        with _as_written(keys if factory != "protect" else {"*": f"{factory}.tag_pattern"}):
            rule: LifecycleRule = getattr(LifecycleRule, factory)(*positional, **keywords)
        return rule


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
    permissions_boundary: str | None = None
    """The ARN of the policy that is the role's permissions boundary."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        _require_one(self, "push", _PROJECTS)
        self.project()
        return self

    @property
    def system(self) -> CiSystem:
        """The CI system."""
        [(system, _)] = _given(self, _PROJECTS)
        return cast("CiSystem", system)

    def project(self) -> CiProject:
        """Return the library's project."""
        kind = _PROJECTS[self.system]
        selectors = [name for name in _SELECTORS if name in {field.name for field in fields(kind)}]
        selection = dict(_given(self, _SELECTORS))
        if unsupported := [name for name in selection if name not in selectors]:
            reject(
                "push",
                self.system,
                "push-selector-unsupported",
                f"jobs of {self.system} cannot be selected by {' and '.join(unsupported)}",
                path=unsupported[0],
                remedy=f"write {' or '.join(selectors)}",
            )
        with _as_written({"": "url", "audience": "audience"}):
            identity = self._identity()
        with _as_written(_PROJECT_KEYS):
            return kind(**identity, **selection)

    def _identity(self) -> dict[str, Any]:
        keywords = dict(_given(self, ("url", "audience")))
        if self.github is not None:
            issuer = {"issuer": CiIssuer.github_actions(**keywords)} if keywords else {}
            return {"repository": self.github, **issuer}
        if self.gitlab is not None:
            issuer = {"issuer": CiIssuer.gitlab(**keywords)} if keywords else {}
            return {"project": self.gitlab, **issuer}
        for key, value in keywords.items():
            message, remedy = f"the {key} of {self.system} follows from the ids", f"leave {key} out"
            reject("push", value, f"push-{key}-unsupported", message, path=key, remedy=remedy)
        [(_, identity)] = _given(self, ("bitbucket", "circleci"))
        return dict(identity)


def _acknowledgment_errors(reasons: dict[str, str]) -> Iterator[Diagnostic]:
    for rule, reason in reasons.items():
        if rule not in RULES:
            message, remedy = "is not a rule", "`ecr-constructs check --list` lists the rules"
            yield Diagnostic("acknowledgment-rule-unknown", message, f"['{rule}']", remedy)
        if not reason.strip():
            message, remedy = "has no reason", "say why the finding is acceptable"
            yield Diagnostic("acknowledgment-reason-missing", message, f"['{rule}']", remedy)


Acknowledgments = Annotated[dict[str, str], _valid(_acknowledgment_errors)]


class RepositorySettings(Strict):
    """Settings of a repository. Omitted settings come from the defaults, then from the profile."""

    tag_mutability: Literal["mutable", "immutable"] | None = None
    """Whether a tag can be moved to another image."""
    tag_mutability_exceptions: list[str] | None = None
    """Exceptions to the tag mutability: at most 5 tags, or patterns with `*`."""
    encryption: EncryptionKind | None = None
    """How images are encrypted. Changing it replaces the repository."""
    scan_on_push: bool | None = None
    """Whether ECR scans an image when it is pushed."""
    retention: Profile | None = None
    """A predefined lifecycle policy."""
    lifecycle: list[Rule] | None = None
    """A lifecycle policy of your own instead of a predefined one. `[]` keeps every image."""
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
    """The name, which is the image's path: `payments/api`. Changing it replaces the repository."""


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

    emails: Annotated[list[EmailAddress], _valid(alerts.repeated_errors)] | None = None
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
