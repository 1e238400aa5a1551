"""The registry section of an environment file: what exists once in an account and Region."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ecr_constructs.environment.caches import AnyCache, Template
from ecr_constructs.environment.endpoints import Endpoint
from ecr_constructs.environment.events import AnyEvent
from ecr_constructs.environment.parts import Strict, as_written, schema, valid
from ecr_constructs.environment.public import PublicRepository
from ecr_constructs.environment.statements import RegistryStatement
from ecr_constructs.environment.values import (
    AccountId,
    Acknowledgments,
    ExcludedPrincipal,
    Prefixes,
    RepositoryName,
    TopicArn,
)
from ecr_constructs.model.account_settings import MAX_EXCLUSIONS, account_settings
from ecr_constructs.model.scanning import FILTER_MAX_LENGTH, MAX_FILTERS_PER_RULE, Scanning
from ecr_constructs.model.signing import MAX_FILTERS_PER_RULE as MAX_SIGNING_FILTERS
from ecr_constructs.model.signing import MAX_RULES as MAX_SIGNING_RULES
from ecr_constructs.model.signing import SigningRule
from ecr_constructs.model.usage import MAX_PERIOD_MINUTES, check_pull_alarms
from ecr_constructs.model.validation import duplicate_errors, reject

_Filter = Annotated[str, schema(minLength=1, maxLength=FILTER_MAX_LENGTH)]
_Filters = Annotated[list[_Filter], Field(max_length=MAX_FILTERS_PER_RULE)]


class _Scanning(Strict):
    on_push: _Filters | None = None
    """Filters of the repositories to scan when an image is pushed; a filter without `*` matches
    every name that contains it. Default: all, with `basic`; none, with `enhanced`."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        self.configuration()
        return self

    @abstractmethod
    def configuration(self) -> Scanning:
        """Return the library's configuration."""


class BasicScanning(_Scanning):
    """ECR's own scanner, which scans operating system packages on push."""

    type: Literal["basic"]
    """The scanner of all repositories: `basic`, ECR's own, or `enhanced`, Amazon Inspector."""

    def configuration(self) -> Scanning:
        """Return the library's configuration."""
        return Scanning.requested("BASIC", on_push=self.on_push)


class EnhancedScanning(_Scanning):
    """Amazon Inspector, which charges for each image."""

    type: Literal["enhanced"]
    """The scanner of all repositories: `basic`, ECR's own, or `enhanced`, Amazon Inspector."""
    continuous: _Filters | None = None
    """Filters of the repositories to scan also when a new vulnerability is published. Default:
    none; without `on_push` all."""

    def configuration(self) -> Scanning:
        """Return the library's configuration."""
        return Scanning.requested("ENHANCED", on_push=self.on_push, continuous=self.continuous)


AnyScanning = Annotated[BasicScanning | EnhancedScanning, Field(discriminator="type")]


class PolicyGrant(Strict):
    """Accounts that are allowed something, for the repositories of some prefixes."""

    accounts: Annotated[list[AccountId], Field(min_length=1)]
    """Ids of the accounts."""
    prefixes: Prefixes
    """Prefixes of the names of the repositories: `sandbox/`."""


class TaggingGrant(PolicyGrant):
    """Accounts that are allowed something for which ECR may create repositories."""

    tagging: bool = False
    """Whether a creation template or a cache tags repositories that ECR creates for them."""


class RegistryPolicy(Strict):
    """The registry policy: what other accounts may do."""

    replication_from: list[TaggingGrant] | None = None
    """Accounts that may replicate into this registry."""
    create_on_push: list[PolicyGrant] | None = None
    """Accounts that may create a repository by pushing to it."""
    pull_through_from: list[TaggingGrant] | None = None
    """Accounts that may import images into pull-through caches. A cache's `import_accounts` are
    added."""
    statements: list[RegistryStatement] | None = None
    """Further statements, in AWS's own JSON. A replica has those whose resources are also in the
    replica."""


class Signing(Strict):
    """A rule that signs images on push."""

    profile: str
    """The ARN of a signing profile of this Region."""
    filters: Annotated[list[str], Field(max_length=MAX_SIGNING_FILTERS)] | None = None
    """Repository names, in which `*` matches any text. Default: all."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        self.rule()
        return self

    def rule(self) -> SigningRule:
        """Return the library's rule."""
        with as_written({"profile_arn": "profile", "filters": "filters", "*": "profile"}):
            return SigningRule(self.profile, tuple(dict.fromkeys(self.filters or ())))


class AccountSettings(Strict):
    """Settings for which CloudFormation has no type.

    A custom resource with a Lambda function sets them during the deployment.
    """

    basic_scan_version: Literal["AWS_NATIVE"] | None = None
    """The scanner of basic scanning. ECR no longer accepts a return to CLAIR."""
    registry_policy_scope: Literal["V2"] | None = None
    """Which actions a registry policy governs: `V2`, all of them."""
    blob_mounting: bool | None = None
    """Whether a push reuses layers that other repositories of the registry have."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        account_settings(**self.model_dump())
        return self


class UsageAlarms(Strict):
    """An alarm for each quota of ECR whose usage CloudWatch records."""

    percent: Annotated[float, Field(gt=0, le=100)] = 80
    """The threshold in percent of the quota."""
    repositories: list[RepositoryName] | None = None
    """Repositories whose number of images gets an alarm. Default: none."""


class PullAlarms(Strict):
    """Alarms on the number of pulls of repositories."""

    repositories: Annotated[list[RepositoryName], Field(min_length=1)]
    """Names of repositories."""
    more_than: Annotated[int, Field(ge=0)] | None = None
    """The number of pulls in a period above which the alarm is raised."""
    fewer_than: Annotated[int, Field(ge=1)] | None = None
    """The number of pulls in a period below which the alarm is raised."""
    period_minutes: Annotated[int, Field(ge=1, le=MAX_PERIOD_MINUTES)] = 60
    """The period in minutes."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_pull_alarms(self.repositories, self.more_than, self.fewer_than, self.period_minutes)
        return self


class Alarms(Strict):
    """Alarms of CloudWatch."""

    topic: TopicArn | None = None
    """The ARN of the SNS topic to notify; its policy must allow CloudWatch. Default: the topic of
    the environment's `alerts`."""
    usage: UsageAlarms | None = None
    """Alarms for the quotas of ECR. Default: none."""
    pulls: list[PullAlarms] | None = None
    """Alarms on the number of pulls. Default: none."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.usage is None and not self.pulls:
            reject("alarms", self.topic, "alarms-empty", "must have usage, pulls or both")
        return self


def _exclusions(principals: Sequence[str]) -> object:
    return duplicate_errors("pull-time-exclusion-duplicate", "principals", principals)


class ReplicaRegistry(Strict):
    """Settings of a replica's registry.

    What is left out comes from the home registry where it fits: scanning, account settings, and the
    statements of the policy about the replica's repositories; in the same account also exclusions.
    Nothing else does.
    """

    scanning: AnyScanning | None = None
    """Which images are scanned, by which scanner and when. Default: as each repository says."""
    pull_through_caches: list[AnyCache] | None = None
    """Caches of other registries."""
    creation_templates: list[Template] | None = None
    """The settings of repositories that ECR creates."""
    policy: RegistryPolicy | None = None
    """The registry policy."""
    signing: Annotated[list[Signing], Field(max_length=MAX_SIGNING_RULES)] | None = None
    """Which images are signed when they are pushed."""
    pull_time_exclusions: (
        Annotated[list[ExcludedPrincipal], Field(max_length=MAX_EXCLUSIONS), valid(_exclusions)]
        | None
    ) = None
    """ARNs of roles and users whose pulls do not count as a use of an image."""
    account_settings: AccountSettings | None = None
    """Settings of the account and Region; adds a custom resource with a Lambda function."""
    alarms: Alarms | None = None
    """Alarms for quotas and pulls."""
    events: list[AnyEvent] | None = None
    """Rules that send events about images to a target."""
    endpoints: list[Endpoint] | None = None
    """VPC endpoints for pulls without the internet."""
    acknowledge: Acknowledgments | None = None
    """Accepted findings of `ecr-constructs check` and warnings about the registry, each with the
    reason."""


class HomeRegistry(ReplicaRegistry):
    """Settings of the home registry, and of its replicas."""

    public_repositories: list[PublicRepository] | None = None
    """Repositories that everyone may pull from, in us-east-1."""
    replica: ReplicaRegistry | None = None
    """Settings of each replica, instead of those of the home registry."""
    replicas: dict[str, ReplicaRegistry] | None = None
    """Settings of single replicas, by Region or by `ACCOUNT/REGION`; nearer than `replica`."""
