"""The settings of a repository: the nearest level that has a value decides."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache
from typing import Any

from ecr_constructs.cloudformation.template import Place
from ecr_constructs.environment.parts import as_written
from ecr_constructs.environment.settings import (
    AwsLifecycle,
    CachedSettings,
    EncryptionKind,
    ExistingKey,
    LambdaAccess,
    Profile,
    RepositorySettings,
)
from ecr_constructs.environment.source import (
    PROFILE_MUTABILITY,
    Problem,
    mutability_of,
    problems_at,
)
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.encryption import Encryption
from ecr_constructs.model.lifecycle.in_use_tags import protect_in_use
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy, Retention, protect
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.mutability import TagMutability
from ecr_constructs.model.partitions import partition_of
from ecr_constructs.model.principals import LAMBDA, Source
from ecr_constructs.model.references import AnyKey
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.repository_policy import (
    Access,
    document,
    length_errors,
    pull_by_service,
)
from ecr_constructs.model.tags import tag_errors
from ecr_constructs.model.validation import ValidationError, raise_if_invalid

PROFILES: dict[Profile, RepositorySettings] = {
    "development": RepositorySettings(
        tag_mutability=PROFILE_MUTABILITY["development"],
        encryption="aes256",
        retention="development",
    ),
    "staging": RepositorySettings(
        tag_mutability=PROFILE_MUTABILITY["staging"], encryption="aes256", retention="staging"
    ),
    "production": RepositorySettings(
        tag_mutability=PROFILE_MUTABILITY["production"],
        encryption="customer_managed",
        retention="production",
    ),
}
CACHE_DEFAULTS = CachedSettings(
    tag_mutability="mutable", encryption="aes256", lifecycle=[], organization_may_pull=False
)
"""What a pull-through cache has instead of the defaults and the profile: its tags follow the
upstream, and its images are in use although they are untagged."""
ACCESS = (
    "pull_organizational_units",
    "pull_accounts",
    "pull_principals",
    "push_accounts",
    "push_principals",
)
"""The keys that name who may pull and push."""
_MERGED = ("tags", "acknowledge")
_NO_REPLICAS = "list it in replica_regions"

Levels = Mapping[Place, CachedSettings]
"""The settings that count, by their places, from the nearest to the farthest."""


@dataclass(frozen=True, slots=True)
class Functions:
    """Lambda functions that may run the images of a repository.

    Attributes:
        names: Names of the functions, in which ``*`` matches any text; all if empty.
        account: Their account. None: that of the registry.
    """

    names: tuple[str, ...] = ()
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of a repository, with every default applied.

    Attributes:
        access: Who may pull and push, by the keywords of `ecr_constructs.Repository`.
        existing_keys: Keys that exist already, by registry; in others the environment's own is
            used.
        policy_statements: Further statements of the repository policy, as AWS's JSON.
        functions: Lambda functions that may run the images.
        keeps_extra_tags: Whether tags that the file does not have are wanted.
    """

    tag_mutability: TagMutability
    encryption: EncryptionKind
    scan_on_push: bool
    lifecycle: LifecyclePolicy
    access: Mapping[str, list[str]]
    tags: Mapping[str, str]
    deletion_lock: bool = False
    existing_keys: Mapping[RegistryId, str] = field(default_factory=dict)
    policy_statements: tuple[Mapping[str, Any], ...] = ()
    functions: tuple[Functions, ...] = ()
    keeps_extra_tags: bool = False

    def encrypted_with(self, key: AnyKey | None, registry: RegistryId | None = None) -> Encryption:
        """Return the encryption, with the key of the registry where a key is used."""
        if self.encryption == "aes256":
            return Encryption.aes256()
        if registry is not None:
            key = self.existing_keys.get(registry, key)
        if self.encryption == "aws_managed" or key is None:
            return Encryption.aws_managed()
        if self.encryption == "dual_layer":
            return Encryption.dual_layer(key)
        return Encryption.customer_managed(key)

    def uses_own_key(self, registry: RegistryId) -> bool:
        """Return whether the environment's own key of a registry encrypts the images."""
        uses_key = self.encryption in ("customer_managed", "dual_layer")
        return uses_key and registry not in self.existing_keys

    def keywords(self, key: AnyKey | None, registry: RegistryId | None = None) -> dict[str, Any]:
        """Return the keywords that repositories and repository creation templates share."""
        return {
            "tag_mutability": self.tag_mutability,
            "encryption": self.encrypted_with(key, registry),
            "lifecycle": self.lifecycle,
            "tags": self.tags,
            **self.access,
        }


@dataclass(frozen=True, slots=True)
class Context:
    """What the settings of an environment's repositories depend on besides their levels.

    Attributes:
        organization: The organization whose accounts may pull.
        registries: The home registry, then the replicas.
    """

    organization: str | None
    registries: tuple[RegistryId, ...]

    @property
    def home(self) -> RegistryId:
        """The home registry."""
        return self.registries[0]

    def replica(self, name: str) -> RegistryId | None:
        """Return the replica that the file calls by its Region or by `ACCOUNT/REGION`."""
        names = {str(registry): registry for registry in self.registries[1:]}
        names |= {
            registry.region: registry
            for registry in self.registries[1:]
            if registry.account == self.home.account
        }
        return names.get(name)

    def name_of(self, replica: RegistryId) -> str:
        """Return the name by which the file calls a replica."""
        return replica.region if replica.account == self.home.account else str(replica)


def replica_errors(context: Context, names: Iterable[str], path: str) -> Iterator[Diagnostic]:
    """Yield a problem for each name of a mapping that is not that of one more replica."""
    first: dict[RegistryId, str] = {}
    replicas = [context.name_of(registry) for registry in context.registries[1:]]
    for name in names:
        replica, here = context.replica(name), f"{path}['{name}']"
        if replica is None:
            close = get_close_matches(name, replicas, n=1)
            remedy = f"did you mean {close[0]!r}? " if close else ""
            remedy = f"{remedy}There are: {', '.join(replicas)}" if replicas else _NO_REPLICAS
            message = f"{name!r} is not a replica of this environment"
            yield Diagnostic("replica-unknown", message, here, remedy)
        elif first.setdefault(replica, name) != name:
            message = f"is the same replica as {first[replica]!r}"
            yield Diagnostic("replica-duplicate", message, here, "write it once")


def settings_of(
    context: Context, levels: Levels, team_tags: Mapping[str, str] | None = None
) -> Settings:
    """Apply the defaults and the profile to a repository, or to what no team declares.

    Raises:
        ValidationError: The values contradict each other.
    """
    settings = tuple(levels.values())
    organization = context.organization
    may_pull = organization and nearest(settings, "organization_may_pull", default=True)
    encryption = nearest(settings, "encryption")
    resolved = Settings(
        tag_mutability=mutability_of(
            [(level.tag_mutability, level.tag_mutability_exceptions) for level in settings]
        ),
        encryption=_kind_of(encryption),
        scan_on_push=nearest(settings, "scan_on_push", default=True),
        lifecycle=_lifecycle(settings),
        access={
            "pull_organizations": [organization] if organization and may_pull else [],
            **{keyword: nearest(settings, keyword, default=[]) for keyword in ACCESS},
        },
        tags=_tags(levels, team_tags or {}),
        deletion_lock=nearest(settings, "deletion_lock", default=False),
        existing_keys=_existing_keys(context, encryption),
        policy_statements=tuple(
            statement.document() for statement in nearest(settings, "policy_statements", default=())
        ),
        functions=_functions(nearest(settings, "admit_lambda")),
        keeps_extra_tags=nearest(settings, "extra_tags") == "keep",
    )
    _check_keys(context, resolved, encryption)
    # Each level has as many tags as there may be; together they may have more.
    raise_if_invalid("tags", resolved.tags, tag_errors(resolved.tags))
    if resolved.policy_statements or resolved.functions or any(resolved.access.values()):
        statements = _statements(resolved, context.home)
        raise_if_invalid("repository policy", statements, length_errors(document(statements)))
    return resolved


def _statements(settings: Settings, registry: RegistryId) -> list[Mapping[str, Any]]:
    """Return the statements of a repository's policy, but those of the deletion lock."""
    partition = partition_of(registry.region)
    accounts = [item.account for item in settings.functions if item.account is not None]
    access = {**settings.access}
    access["pull_accounts"] = [
        *access["pull_accounts"],
        *(account for account in accounts if account != registry.account),
    ]
    return [
        *Access(**access).statements(partition),
        *settings.policy_statements,
        *(
            pull_by_service(
                LAMBDA,
                Source(partition, registry.region, item.account or registry.account).functions(
                    item.names
                ),
            )
            for item in settings.functions
        ),
    ]


def _check_keys(
    context: Context, settings: Settings, encryption: EncryptionKind | ExistingKey
) -> None:
    """Reject a key of another Region, or of a replica that does not exist."""
    if isinstance(encryption, ExistingKey):
        names = encryption.replica_keys or ()
        raise_if_invalid(
            "mapping of replicas", names, replica_errors(context, names, "replica_keys")
        )
    for registry in context.registries:
        if settings.encryption == "dual_layer":
            with as_written({"*": "dual_layer"} if settings.existing_keys else {}):
                Encryption.dual_layer().check_region(registry.region)
        if registry in settings.existing_keys:
            is_home = registry == context.home
            path = "key" if is_home else f"replica_keys['{context.name_of(registry)}']"
            with as_written({"*": path}):
                settings.encrypted_with(None, registry).check_region(registry.region)


def acknowledged_by(levels: Levels, settings: Settings) -> dict[str, str]:
    """Return the accepted findings: those that the profile decides, then those of each level.

    A profile with mutable tags accepts the warning about them; a file that makes the tags of
    another profile mutable does not.
    """
    reasons: dict[str, str] = {}
    for place, level in reversed([*levels.items()]):
        profile_decides = place == ("profile",) and level.tag_mutability == "mutable"
        if profile_decides and not settings.tag_mutability.is_immutable:
            reasons["ECR012"] = "The profile of the environment has mutable tags."
        reasons |= level.acknowledge or {}
    return reasons


def _kind_of(encryption: EncryptionKind | ExistingKey) -> EncryptionKind:
    if isinstance(encryption, ExistingKey):
        return "dual_layer" if encryption.dual_layer else "customer_managed"
    return encryption


def _existing_keys(
    context: Context, encryption: EncryptionKind | ExistingKey
) -> Mapping[RegistryId, str]:
    if not isinstance(encryption, ExistingKey):
        return {}
    replicas = {
        registry: key
        for name, key in (encryption.replica_keys or {}).items()
        if (registry := context.replica(name)) is not None
    }
    return {context.home: encryption.key, **replicas}


def _functions(access: bool | LambdaAccess | None) -> tuple[Functions, ...]:
    if isinstance(access, LambdaAccess):
        names = tuple(access.functions or ())
        return tuple(Functions(names, account) for account in access.accounts or (None,))
    return (Functions(),) if access else ()


def _tags(levels: Levels, team_tags: Mapping[str, str]) -> dict[str, str]:
    # From the farthest to the nearest; a team's are between those of the defaults and its own.
    own, *farther = levels.values()
    merged = {key: tag for level in reversed(farther) for key, tag in (level.tags or {}).items()}
    return {**merged, **team_tags, **(own.tags or {})}


def nearest(levels: Iterable[Any], name: str, *, default: Any = None) -> Any:
    """Return the value of the nearest level that has one."""
    values = (getattr(level, name, None) for level in levels)
    return next((value for value in values if value is not None), default)


def _lifecycle(levels: Sequence[CachedSettings]) -> LifecyclePolicy:
    policy = _enabled_lifecycle(levels)
    is_dry_run = nearest(levels, "lifecycle_dry_run", default=False)
    return policy.dry_run() if is_dry_run else policy


def _protects_in_use(levels: Iterable[CachedSettings]) -> bool:
    return bool(nearest(levels, "protect_in_use", default=False))


def _enabled_lifecycle(levels: Sequence[CachedSettings]) -> LifecyclePolicy:
    protected = nearest(levels, "protect_tags")
    level = _decides_lifecycle(levels)
    if level.lifecycle is None:
        tags = None if protected is None else tuple(protected)
        return _preset(str(_retention(level)), tags, _protects_in_use(levels))
    first = [*protect(protected or [])]
    if level.lifecycle and _protects_in_use(levels):
        # A policy without rules keeps every image.
        first.insert(0, protect_in_use())
    if isinstance(level.lifecycle, AwsLifecycle):
        return _preceded(first, level.lifecycle.policy())
    return LifecyclePolicy(*first, *(rule.rule() for rule in level.lifecycle))


def _preceded(first: Sequence[LifecycleRule], policy: LifecyclePolicy) -> LifecyclePolicy:
    """Return a policy with other rules before its own."""
    rules = (replace(rule, rule_priority=None) for rule in policy.rules)
    return LifecyclePolicy(*first, *rules) if first else policy


@cache
def _preset(
    retention: str, protected: tuple[str, ...] | None, protects_in_use: bool
) -> LifecyclePolicy:
    """Return a predefined policy, which most repositories of a file share."""
    preset: Callable[..., LifecyclePolicy] = getattr(Retention, retention)
    policy = preset() if protected is None else preset(protect_tags=protected)
    return _preceded([protect_in_use()] if protects_in_use else [], policy)


def _retention(level: CachedSettings) -> Profile | None:
    return getattr(level, "retention", None)


def _decides_lifecycle(levels: Iterable[CachedSettings]) -> CachedSettings:
    return next(level for level in levels if level.lifecycle is not None or _retention(level))


def setting_problems(levels: Levels, error: ValidationError) -> Iterator[Problem]:
    """Yield the problems of resolved settings, at the settings that they come from."""
    has_rules = _decides_lifecycle(levels.values()).lifecycle is not None
    protected = len(nearest(levels.values(), "protect_tags", default=()))
    protected += _protects_in_use(levels.values())
    for problem in problems_at((), error):
        key, remedy = "encryption", problem.remedy
        match problem.place:
            case ("except_for", *steps):
                key = "tag_mutability_exceptions"
            case ("rules", *steps) if has_rules:
                # Protected tags are the first rules, and other keys of a rule are not in the file.
                key = "lifecycle"
                steps = [step - protected for step in steps[:1] if isinstance(step, int)]
            case ("rules" | "selection", *steps):
                key, steps = "protect_tags", []
            case ("tags", *steps):
                key = "tags"
            case steps if problem.code == "repository-policy-length":
                key = next(
                    name
                    for name in ("policy_statements", "admit_lambda", *ACCESS)
                    if nearest(levels.values(), name)
                )
            case steps:
                if problem.code == "encryption-type-region":
                    remedy = "write customer_managed"
        origin = next(
            place for place, level in levels.items() if getattr(level, key, None) is not None
        )
        yield problem._replace(place=(*origin, key, *steps), remedy=remedy)


def origins_of(
    levels: Levels, team: Place = (), team_tags: Mapping[str, str] | None = None
) -> dict[str, Place]:
    """Return where the file sets each effective setting, by its key.

    Tags and acknowledgments are merged, so each has an origin of its own: ``tags.team``. What the
    profile decides is at ``("profile",)``; a setting without an origin has its built-in default.
    """
    origins: dict[str, Place] = {}
    for place, level in reversed([*levels.items()]):
        # Of a lifecycle policy and a predefined one, the nearer decides.
        if level.lifecycle is not None or _retention(level):
            origins.pop("lifecycle", None)
            origins.pop("retention", None)
        if level.tag_mutability is not None:
            origins.pop("tag_mutability_exceptions", None)
        for key in level.model_fields_set - {"name"}:
            value = getattr(level, key)
            if value is None:
                continue
            here = place if place == ("profile",) else (*place, key)
            if key in _MERGED:
                origins |= {f"{key}.{name}": (*here, name) for name in value}
            else:
                origins[key] = here
        if place == ("defaults",):
            origins |= {f"tags.{name}": (*team, "tags", name) for name in team_tags or ()}
    return origins
