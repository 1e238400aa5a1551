"""What a repository's settings come to: its own, the defaults', the profile's."""

from dataclasses import dataclass
from typing import Any

from ecr_constructs import LifecyclePolicy, Retention, TagMutability
from ecr_constructs.environment.models import (
    EncryptionKind,
    Environment,
    Profile,
    RepositorySettings,
    Team,
)
from ecr_constructs.model.lifecycle.presets import protect

# MUTABLE and AES-256 for fast development, IMMUTABLE and a key of one's own for production.
PROFILES: dict[Profile, RepositorySettings] = {
    "development": RepositorySettings(
        tag_mutability="mutable", encryption="aes256", retention="development"
    ),
    "staging": RepositorySettings(
        tag_mutability="immutable", encryption="aes256", retention="staging"
    ),
    "production": RepositorySettings(
        tag_mutability="immutable", encryption="customer_managed", retention="production"
    ),
}

_NOTHING = RepositorySettings()


@dataclass(frozen=True, slots=True)
class Resolved:
    """Settings that leave nothing open."""

    tag_mutability: TagMutability
    encryption: EncryptionKind
    lifecycle: LifecyclePolicy
    keywords: dict[str, Any]
    """The other keywords of `ecr_constructs.Repository`."""
    acknowledged: dict[str, str]
    """Rules that need not be kept, with the reasons."""


def uses_key(environment: Environment) -> bool:
    """Tell whether any repository is encrypted with the environment's own key."""
    return any(
        resolve(environment, team, repository).encryption in ("customer_managed", "dual_layer")
        for team in environment.teams.values()
        for repository in team.repositories
    )


def is_replicated(environment: Environment, repository: RepositorySettings) -> bool:
    """Tell whether a repository's images are copied to the environment's replicas."""
    levels = (repository, environment.defaults)
    replicas = environment.replica_regions or environment.replica_accounts
    return bool(replicas) and bool(_nearest(levels, "replicate", default=True))


def resolve(
    environment: Environment, team: Team | None = None, repository: RepositorySettings = _NOTHING
) -> Resolved:
    """Return what a repository's settings come to.

    A value given for the repository takes the place of the default; tags and acknowledgments are
    added up. Without a
    team and a repository, it is what the environment gives to one that nobody declared.

    Raises:
        ValueError: The values do not go together.
    """
    # From the nearest to the farthest.
    levels = (repository, environment.defaults, PROFILES[environment.profile])
    organization = environment.organization
    pulls = organization and _nearest(levels, "organization_may_pull", default=True)
    return Resolved(
        tag_mutability=_tag_mutability(levels),
        encryption=_nearest(levels, "encryption"),
        lifecycle=_lifecycle(levels),
        keywords={
            "scan_on_push": _nearest(levels, "scan_on_push", default=True),
            "pull_organizations": [organization] if pulls else [],
            **{
                keyword: _nearest(levels, keyword, default=[])
                for keyword in (
                    "pull_accounts",
                    "pull_principals",
                    "push_accounts",
                    "push_principals",
                )
            },
            "tags": {
                **(environment.defaults.tags or {}),
                **((team and team.tags) or {}),
                **(repository.tags or {}),
            },
        },
        acknowledged={
            **(environment.defaults.acknowledge or {}),
            **(repository.acknowledge or {}),
        },
    )


_Levels = tuple[RepositorySettings, ...]


def _nearest(levels: _Levels, name: str, *, default: Any = None) -> Any:
    given = (getattr(level, name) for level in levels)
    return next((value for value in given if value is not None), default)


def _tag_mutability(levels: _Levels) -> TagMutability:
    # Exceptions belong to the mutability they are excepted from: a nearer mutability drops them.
    nearest = next(i for i, level in enumerate(levels) if level.tag_mutability is not None)
    exceptions = _nearest(levels[: nearest + 1], "tag_mutability_exceptions", default=[])
    if levels[nearest].tag_mutability == "immutable":
        return TagMutability.immutable(except_for=exceptions)
    return TagMutability.mutable(except_for=exceptions)


def _lifecycle(levels: _Levels) -> LifecyclePolicy:
    protected = _nearest(levels, "protect_tags")
    level = next(level for level in levels if level.lifecycle is not None or level.retention)
    if level.lifecycle is not None:
        rules = [listed.rule() for listed in level.lifecycle]
        return LifecyclePolicy(*protect(protected or []), *rules)
    preset = {
        "development": Retention.development,
        "staging": Retention.staging,
        "production": Retention.production,
    }[level.retention or "production"]
    return preset() if protected is None else preset(protect_tags=protected)
