"""Repositories that ECR creates: pull-through caches and creation templates."""

from abc import abstractmethod
from typing import Annotated, Literal, Self

from pydantic import Field, Tag, model_validator

from ecr_constructs.environment.parts import BY_KIND, MAPPING, TEXT, Strict, schema, valid
from ecr_constructs.environment.settings import CachedSettings, CreatedSettings
from ecr_constructs.environment.values import AccountId, Region, SecretArn
from ecr_constructs.model.creation_template import DESCRIPTION_MAX_LENGTH
from ecr_constructs.model.names import NAMESPACE_MAX_LENGTH, namespace_errors
from ecr_constructs.model.pull_through_cache import PREFIX_MAX_LENGTH, PREFIX_MIN_LENGTH
from ecr_constructs.model.upstreams import Upstream, secret_name_errors
from ecr_constructs.model.validation import located, raise_if_invalid

CachePrefix = Annotated[str, schema(minLength=PREFIX_MIN_LENGTH, maxLength=PREFIX_MAX_LENGTH)]
TemplatePrefix = Annotated[
    str, valid(namespace_errors), schema(minLength=1, maxLength=NAMESPACE_MAX_LENGTH)
]


class NewCredential(Strict):
    """A secret that is created; put the token into it after the deployment."""

    name: str
    """The part after `ecr-pullthroughcache/` of the secret's name: `docker-hub`."""
    username: Annotated[str, Field(min_length=1)]
    """The user's name in the upstream registry."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        raise_if_invalid("name", self.name, located("name", secret_name_errors(self.name)))
        return self


Credential = Annotated[
    Annotated[SecretArn, Tag(TEXT)] | Annotated[NewCredential, Tag(MAPPING)], BY_KIND
]


class Cache(CachedSettings):
    """A pull-through cache."""

    repository_prefix: CachePrefix | None = None
    """The prefix of the names of cached repositories: `docker-hub`; or `ROOT` for every name that
    no other cache covers. Default: as in the AWS Management Console."""
    upstream_repository_prefix: CachePrefix | None = None
    """The prefix of the names of the upstream's repositories. Default: none."""
    import_accounts: list[AccountId] | None = None
    """Other accounts that may import images with their first pull; the registry policy allows it.
    They also need `pull_accounts` or the organization. Default: none."""
    template_role: str | None = None
    """The ARN of the role that ECR assumes to tag and to encrypt. Default: a new one, if there are
    tags or a KMS key."""

    @abstractmethod
    def upstream_registry(self) -> Upstream:
        """Return the library's upstream; a secret that is created has no ARN yet."""

    @property
    def new_credential(self) -> NewCredential | None:
        """The secret that is created to log in, or None."""
        return None


class PublicCache(Cache):
    """A cache of a registry that needs no login."""

    upstream: Literal["ecr_public", "kubernetes", "quay"]
    """The registry whose images are cached."""

    def upstream_registry(self) -> Upstream:
        """Return the library's upstream."""
        factories = {
            "ecr_public": Upstream.ecr_public,
            "kubernetes": Upstream.kubernetes,
            "quay": Upstream.quay,
        }
        return factories[self.upstream]()


class _WithCredential(Cache):
    credential: Credential
    """The ARN of the secret to log in with, whose name begins with `ecr-pullthroughcache/`; or
    `{name, username}` for a secret that is created."""

    @property
    def new_credential(self) -> NewCredential | None:
        """The secret that is created to log in, or None."""
        return None if isinstance(self.credential, str) else self.credential

    @property
    def _arn(self) -> str:
        # A deploy-time value, as CDK would write it.
        return self.credential if isinstance(self.credential, str) else "${Token[Secret]}"


class CredentialCache(_WithCredential):
    """A cache of a registry that ECR logs in to."""

    upstream: Literal["docker_hub", "github", "gitlab", "chainguard"]
    """The registry whose images are cached."""

    def upstream_registry(self) -> Upstream:
        """Return the library's upstream."""
        factories = {
            "docker_hub": Upstream.docker_hub,
            "github": Upstream.github,
            "gitlab": Upstream.gitlab,
            "chainguard": Upstream.chainguard,
        }
        return factories[self.upstream](self._arn)


class AzureCache(_WithCredential):
    """A cache of a Microsoft Azure Container Registry."""

    upstream: Literal["azure"]
    """The registry whose images are cached."""
    registry_url: str
    """The host of the registry: `NAME.azurecr.io`."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        self.upstream_registry()
        return self

    def upstream_registry(self) -> Upstream:
        """Return the library's upstream."""
        return Upstream.azure(self.registry_url, self._arn)


class EcrCache(Cache):
    """A cache of another registry of Amazon ECR."""

    upstream: Literal["ecr"]
    """The registry whose images are cached."""
    account: AccountId
    """Its account."""
    region: Region
    """Its Region."""
    role: str | None = None
    """The ARN of the role that reads it. Default: a new one, if it is in another account."""

    def upstream_registry(self) -> Upstream:
        """Return the library's upstream."""
        return Upstream.ecr(account=self.account, region=self.region, role=self.role)


AnyCache = Annotated[
    PublicCache | CredentialCache | AzureCache | EcrCache, Field(discriminator="upstream")
]


class Template(CreatedSettings):
    """Settings of repositories that ECR creates below a prefix.

    Omitted settings come from the defaults and the profile; those of caches keep their own.
    """

    prefix: TemplatePrefix
    """`payments` covers `payments/api` and everything below; `ROOT` every name that no other
    template covers."""
    applied_for: Annotated[
        list[Literal["create_on_push", "pull_through_cache", "replication"]], Field(min_length=1)
    ]
    """The events for which ECR creates a repository."""
    description: Annotated[str, schema(maxLength=DESCRIPTION_MAX_LENGTH)] | None = None
    """A description of the template."""
    role: str | None = None
    """The ARN of the role that ECR assumes to tag and to encrypt, without a path. Default: a new
    one, if there are tags or a KMS key."""
