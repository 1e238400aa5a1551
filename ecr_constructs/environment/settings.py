"""Settings of repositories: those of the file, and those that ECR creates."""

import json
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from ecr_constructs.environment.lifecycle_rules import Rule
from ecr_constructs.environment.parts import BY_KIND, FLAG, LIST, MAPPING, TEXT, Strict
from ecr_constructs.environment.push import Push
from ecr_constructs.environment.statements import RepositoryStatement
from ecr_constructs.environment.values import (
    AccountId,
    Acknowledgments,
    KeyArn,
    OrganizationalUnit,
    PrincipalArn,
    Tags,
)
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.principals import check_names
from ecr_constructs.model.validation import reject

Profile = Literal["development", "staging", "production"]
EncryptionKind = Literal["aes256", "aws_managed", "customer_managed", "dual_layer"]


class ExistingKey(Strict):
    """A KMS key that exists already, instead of the environment's own."""

    key: KeyArn
    """The key's ARN, of the home Region; not an alias."""
    replica_keys: dict[str, KeyArn] | None = None
    """The keys of replicas, by Region or by `ACCOUNT/REGION`. Default: the environment's own key of
    the replica."""
    dual_layer: bool = False
    """Whether images are encrypted twice (KMS_DSSE), in AWS GovCloud (US) Regions only."""


class AwsLifecycle(Strict):
    """A lifecycle policy in AWS's own JSON."""

    rules: list[dict[str, Any]]
    """The rules as in `aws ecr get-lifecycle-policy`."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        self.policy()
        return self

    def policy(self) -> LifecyclePolicy:
        """Return the library's policy."""
        return LifecyclePolicy.from_json(json.dumps({"rules": self.rules}))


class LambdaAccess(Strict):
    """Lambda functions that may run the images."""

    functions: Annotated[list[str], Field(min_length=1)] | None = None
    """Names of functions, in which `*` matches any text. Default: all of the accounts."""
    accounts: Annotated[list[AccountId], Field(min_length=1)] | None = None
    """Accounts of the functions, which may then also pull. Default: the registry's own."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_names("functions", self.functions or ())
        return self


def _lifecycle_kind(value: object) -> str:
    return MAPPING if isinstance(value, AwsLifecycle | dict) and "rules" in dict(value) else LIST


Encryption = Annotated[
    Annotated[EncryptionKind, Tag(TEXT)] | Annotated[ExistingKey, Tag(MAPPING)], BY_KIND
]
Lifecycle = Annotated[
    Annotated[list[Rule], Tag(LIST)] | Annotated[AwsLifecycle, Tag(MAPPING)],
    Discriminator(_lifecycle_kind),
]
AdmitLambda = Annotated[Annotated[bool, Tag(FLAG)] | Annotated[LambdaAccess, Tag(MAPPING)], BY_KIND]


class CachedSettings(Strict):
    """Settings of the repositories of a pull-through cache."""

    tag_mutability: Literal["mutable", "immutable"] | None = None
    """Whether a tag can be moved to another image."""
    tag_mutability_exceptions: list[str] | None = None
    """Exceptions to the tag mutability: at most 5 tags, or patterns with `*`."""
    encryption: Encryption | None = None
    """How images are encrypted, or the ARN of a key that exists: `{key: ARN}`. CloudFormation
    rejects a change."""
    lifecycle: Lifecycle | None = None
    """A lifecycle policy of your own instead of a predefined one, as a list of rules or in AWS's
    own JSON, `{rules: [...]}`. `[]` keeps every image."""
    lifecycle_dry_run: bool | None = None
    """Whether the lifecycle policy is only previewed, with `ecr-constructs lifecycle preview`: ECR
    gets none and keeps every image. Default: false."""
    organization_may_pull: bool | None = None
    """Whether every account of the organization may pull. Default: true; of caches, false."""
    pull_organizational_units: list[OrganizationalUnit] | None = None
    """Organizational units that may pull, by their paths:
    `o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*`."""
    pull_accounts: list[AccountId] | None = None
    """Additional accounts that may pull."""
    pull_principals: list[PrincipalArn] | None = None
    """Roles and users, of any account, that may pull. They must already exist."""
    policy_statements: list[RepositoryStatement] | None = None
    """Further statements of the repository policy, in AWS's own JSON."""
    admit_lambda: AdmitLambda | None = None
    """Lambda functions that may run the images: `true` for those of the registry's own account, or
    `{accounts: [...], functions: [...]}`. Default: none."""
    tags: Tags | None = None
    """Tags, in addition to those of the defaults and the team."""
    acknowledge: Acknowledgments | None = None
    """Accepted findings of `ecr-constructs check`, and warnings: rule ids, or names of warnings,
    each with the reason. In addition to those of the defaults."""


class CreatedSettings(CachedSettings):
    """Settings of repositories that ECR creates."""

    retention: Profile | None = None
    """A predefined lifecycle policy, instead of `lifecycle`."""
    protect_tags: list[str] | None = None
    """Patterns of tags whose images are never deleted, whatever the lifecycle policy says."""
    protect_in_use: bool | None = None
    """Whether a first lifecycle rule keeps the images that `ecr-constructs protect` has tagged as
    in use. Default: false."""
    push_accounts: list[AccountId] | None = None
    """Additional accounts that may push and pull."""
    push_principals: list[PrincipalArn] | None = None
    """Roles and users, of any account, that may push and pull. They must already exist."""

    @model_validator(mode="after")
    def _check_lifecycle(self) -> Self:
        if self.lifecycle is not None and self.retention is not None:
            message = "sets the lifecycle policy, and so does `lifecycle`"
            remedy = "remove one of the two"
            reject(
                "settings",
                self.retention,
                "lifecycle-twice",
                message,
                path="retention",
                remedy=remedy,
            )
        return self


class RepositorySettings(CreatedSettings):
    """Settings of a repository. Omitted settings come from the defaults, then from the profile."""

    scan_on_push: bool | None = None
    """Whether ECR scans an image when it is pushed. A scanning configuration of the registry takes
    precedence."""
    push: Push | None = None
    """A CI project that may push, with a role of its own and without a stored secret."""
    deletion_lock: bool | None = None
    """Whether the repository policy denies everyone but the role with which CDK deploys to delete
    the repository. Default: false."""
    replicate: bool | None = None
    """Whether images are copied to the replicas. Default: true."""
    extra_tags: Literal["keep", "remove"] | None = None
    """Whether tags that the repository has and the file does not are wanted. CloudFormation removes
    them in any case when it updates or imports the repository; with `keep`, a review says so.
    Default: `remove`."""
