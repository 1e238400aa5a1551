"""What one registry of an environment has of its own, with every default applied."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ecr_constructs.cloudformation.source_locations import SourceLocation
from ecr_constructs.cloudformation.template import Place
from ecr_constructs.environment.caches import NewCredential
from ecr_constructs.environment.endpoints import Endpoint
from ecr_constructs.environment.events import AnyEvent
from ecr_constructs.environment.inheritance import Settings
from ecr_constructs.environment.public import PublicRepository
from ecr_constructs.environment.registry import Alarms, PolicyGrant, TaggingGrant
from ecr_constructs.model.creation_template import Occasion
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.scanning import Scanning
from ecr_constructs.model.signing import SigningRule
from ecr_constructs.model.upstreams import Upstream


@dataclass(frozen=True, slots=True)
class ResolvedCache:
    """A pull-through cache.

    Attributes:
        upstream: The registry whose images are cached; without the ARN of a new credential.
        new_credential: The secret that is created to log in.
    """

    prefix: str
    upstream: Upstream
    new_credential: NewCredential | None
    upstream_prefix: str | None
    import_accounts: tuple[str, ...]
    settings: Settings
    template_role: str | None
    acknowledged: Mapping[str, str]
    place: Place
    source: SourceLocation | None = None


@dataclass(frozen=True, slots=True)
class ResolvedTemplate:
    """A creation template."""

    prefix: str
    applied_for: tuple[Occasion, ...]
    description: str | None
    settings: Settings
    role: str | None
    acknowledged: Mapping[str, str]
    place: Place
    source: SourceLocation | None = None


@dataclass(frozen=True, slots=True)
class ResolvedPolicy:
    """A registry policy; without any part there is none."""

    replication_from: tuple[TaggingGrant, ...] = ()
    create_on_push: tuple[PolicyGrant, ...] = ()
    pull_through_from: tuple[TaggingGrant, ...] = ()
    statements: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class ResolvedRegistry:
    """What one registry has of its own.

    Attributes:
        registry: The account and Region.
        account_settings: The keywords of `ecr_constructs.AccountSettings`.
        public_repositories: At home only; in us-east-1 of its account.
        acknowledged: Accepted findings, and warnings, about the registry: ids with reasons.
        origins: Where the file sets each key that counts here.
    """

    registry: RegistryId
    scanning: Scanning | None = None
    caches: tuple[ResolvedCache, ...] = ()
    templates: tuple[ResolvedTemplate, ...] = ()
    policy: ResolvedPolicy = ResolvedPolicy()
    signing: tuple[SigningRule, ...] = ()
    pull_time_exclusions: tuple[str, ...] = ()
    account_settings: Mapping[str, Any] = field(default_factory=dict)
    alarms: Alarms | None = None
    events: tuple[AnyEvent, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    public_repositories: tuple[PublicRepository, ...] = ()
    acknowledged: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, Place] = field(default_factory=dict)

    @property
    def is_configured(self) -> bool:
        """Whether the registry itself has a resource."""
        parts = (self.scanning, self.caches, self.templates, self.signing)
        has_policy = self.policy != ResolvedPolicy()
        return any(parts) or has_policy or bool(self.pull_time_exclusions)

    @property
    def settings(self) -> Iterator[Settings]:
        """The settings of the repositories that ECR creates."""
        yield from (cache.settings for cache in self.caches)
        yield from (template.settings for template in self.templates)
