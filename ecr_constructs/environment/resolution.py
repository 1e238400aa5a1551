"""Resolve an environment file once: every default, profile, registry and setting is applied."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ecr_constructs.cloudformation.source_locations import SourceLocation
from ecr_constructs.cloudformation.template import Place, dotted
from ecr_constructs.environment.models import (
    Alerts,
    EncryptionKind,
    Environment,
    Profile,
    Repository,
    RepositorySettings,
    Team,
)
from ecr_constructs.environment.push import CiSystem, Push
from ecr_constructs.environment.source import (
    PROFILE_MUTABILITY,
    Problem,
    mutability_of,
    problems_at,
)
from ecr_constructs.model.ci import CiProject
from ecr_constructs.model.encryption import Encryption
from ecr_constructs.model.key_policy import KeyAccess
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy, Retention, protect
from ecr_constructs.model.mutability import TagMutability
from ecr_constructs.model.names import cover
from ecr_constructs.model.references import AnyKey
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.validation import ValidationError

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
_ACCESS = ("pull_accounts", "pull_principals", "push_accounts", "push_principals")


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of a repository, with every default applied.

    Attributes:
        access: Who may pull and push, by the keywords of `ecr_constructs.Repository`.
    """

    tag_mutability: TagMutability
    encryption: EncryptionKind
    scan_on_push: bool
    lifecycle: LifecyclePolicy
    access: Mapping[str, list[str]]
    tags: Mapping[str, str]
    deletion_lock: bool = False

    def encrypted_with(self, key: AnyKey | None) -> Encryption:
        """Return the encryption, with the key of the registry where a key is used."""
        if self.encryption == "aes256":
            return Encryption.aes256()
        if self.encryption == "aws_managed" or key is None:
            return Encryption.aws_managed()
        if self.encryption == "dual_layer":
            return Encryption.dual_layer(key)
        return Encryption.customer_managed(key)

    def keywords(self, key: AnyKey | None) -> dict[str, Any]:
        """Return the keywords that repositories and repository creation templates share."""
        return {
            "tag_mutability": self.tag_mutability,
            "encryption": self.encrypted_with(key),
            "lifecycle": self.lifecycle,
            "tags": self.tags,
            **self.access,
        }


@dataclass(frozen=True, slots=True)
class ResolvedRepository:
    """A repository.

    Attributes:
        replicate: Whether its images are copied to the replicas.
        acknowledged: Accepted findings of `ecr-constructs check`: rule ids with reasons.
        place: Where the file declares it.
        source: The file and the line. None: it is not from a file.
    """

    name: str
    settings: Settings
    replicate: bool
    acknowledged: Mapping[str, str]
    place: Place = ()
    source: SourceLocation | None = None


@dataclass(frozen=True, slots=True)
class CiAccess:
    """A CI project and the repositories that it pushes to.

    Attributes:
        push: The project's settings, as they are written.
        place: The first repository that it pushes to, as a place in the file.
        repositories: Names, in the order of the file.
    """

    push: Push
    project: CiProject
    place: Place
    repositories: list[str] = field(default_factory=list)

    @property
    def system(self) -> CiSystem:
        """The CI system."""
        return self.push.system


@dataclass(frozen=True, slots=True)
class ResolvedEnvironment:
    """An environment with every default applied; the stacks only pass it on to the constructs.

    Attributes:
        name: The name of the file: ``prod`` for ``prod.yaml``.
        home: The registry that images are pushed to.
        replicas: The registries that images are copied to.
        replicated_prefixes: Prefixes of the replicated repositories and of no other.
        organization: The organization whose accounts may pull.
        key_administrators: ARNs of roles and users that manage the keys.
        key_access: Who decides about the keys: IAM policies, or the key policy.
        existing_ci_providers: CI systems whose OIDC provider the account already has.
        undeclared: Settings of repositories that replication creates although no team declares
            them. None: there are no replicas.

    Example:
        >>> from ecr_constructs.environment.models import Environment
        >>> file = {"account": "111122223333", "region": "eu-central-1", "profile": "staging",
        ...         "teams": {"payments": {"repositories": ["payments/api"]}}}
        >>> environment, problems = resolve("staging", Environment.model_validate(file))
        >>> [repository.name for repository in environment.repositories]
        ['payments/api']
    """

    name: str
    home: RegistryId
    replicas: tuple[RegistryId, ...]
    replicate_deletions: bool
    termination_protection: bool
    replicated_prefixes: tuple[str, ...]
    organization: str | None
    key_administrators: tuple[str, ...]
    key_access: KeyAccess
    existing_ci_providers: tuple[CiSystem, ...]
    alerts: Alerts | None
    undeclared: Settings | None
    teams: Mapping[str, tuple[ResolvedRepository, ...]]
    ci_access: tuple[CiAccess, ...]

    @property
    def account(self) -> str:
        """The account of the home registry."""
        return self.home.account

    @property
    def region(self) -> str:
        """The Region of the home registry."""
        return self.home.region

    @property
    def registries(self) -> tuple[RegistryId, ...]:
        """The home registry, then the replicas."""
        return (self.home, *self.replicas)

    @property
    def repositories(self) -> list[ResolvedRepository]:
        """The repositories of all teams, in the order of the file."""
        return [repository for team in self.teams.values() for repository in team]

    @property
    def uses_key(self) -> bool:
        """Whether a repository is encrypted with a customer managed key."""
        kinds = {repository.settings.encryption for repository in self.repositories}
        return not kinds.isdisjoint(("customer_managed", "dual_layer"))

    def repositories_at(self, registry: RegistryId, team: str) -> list[ResolvedRepository]:
        """Return a team's repositories that exist in a registry."""
        return [
            repository
            for repository in self.teams[team]
            if registry == self.home or repository.replicate
        ]


def resolve(name: str, environment: Environment) -> tuple[ResolvedEnvironment, list[Problem]]:
    """Apply every default, and collect the values that contradict each other.

    With a problem, the environment is incomplete: use it only to look for more problems.
    """
    problems: list[Problem] = []
    home = RegistryId(environment.account, environment.region)
    replicas = tuple(_replicas(environment))
    teams: dict[str, tuple[ResolvedRepository, ...]] = {}
    for team_name, team in environment.teams.items():
        resolved = []
        for index, repository in enumerate(team.repositories):
            place = ("teams", team_name, "repositories", index)
            levels = _levels(environment, repository, place)
            try:
                settings = _settings(environment, levels, team)
                if settings.encryption == "dual_layer":
                    for registry in (home, *replicas):
                        Encryption.dual_layer().check_region(registry.region)
            except ValidationError as error:
                problems += _setting_problems(levels, error)
                continue
            acknowledged = {
                **(environment.defaults.acknowledge or {}),
                **(repository.acknowledge or {}),
            }
            replicate = is_replicated(environment, repository)
            resolved.append(
                ResolvedRepository(repository.name, settings, replicate, acknowledged, place)
            )
        teams[team_name] = tuple(resolved)
    return ResolvedEnvironment(
        name=name,
        home=home,
        replicas=replicas,
        replicate_deletions=environment.replicate_deletions,
        termination_protection=environment.termination_protection,
        replicated_prefixes=_prefixes(environment, problems),
        organization=environment.organization,
        key_administrators=tuple(environment.key_administrators or ()),
        key_access=environment.key_access,
        existing_ci_providers=tuple(environment.existing_ci_providers or ()),
        alerts=environment.alerts,
        undeclared=_undeclared(environment, problems) if replicas else None,
        teams=teams,
        ci_access=_ci_access(environment, problems),
    ), problems


def _replicas(environment: Environment) -> Iterator[RegistryId]:
    for region in environment.replica_regions or ():
        yield RegistryId(environment.account, region)
    for replica in environment.replica_accounts or ():
        yield RegistryId(replica.account, replica.region)


def is_replicated(environment: Environment, repository: RepositorySettings) -> bool:
    """Return whether the images of a repository are copied to the replicas."""
    has_replicas = environment.replica_regions or environment.replica_accounts
    levels = (repository, environment.defaults)
    return bool(has_replicas) and bool(_nearest(levels, "replicate", default=True))


def _prefixes(environment: Environment, problems: list[Problem]) -> tuple[str, ...]:
    """Return the prefixes that cover the replicated repositories and no other declared one."""
    declared = [
        repository for team in environment.teams.values() for repository in team.repositories
    ]
    replicated = {item.name for item in declared if is_replicated(environment, item)}
    try:
        return cover(replicated, {item.name for item in declared} - replicated)
    except ValidationError as error:
        problems += problems_at(("teams",), error)
        return ()


def _undeclared(environment: Environment, problems: list[Problem]) -> Settings | None:
    levels = _levels(environment)
    try:
        return _settings(environment, levels)
    except ValidationError as error:
        problems += _setting_problems(levels, error)
        return None


# From the nearest to the farthest: the repository's, the defaults, the profile.
_Levels = Mapping[Place, RepositorySettings]


def _levels(
    environment: Environment, repository: Repository | None = None, place: Place = ()
) -> _Levels:
    levels: dict[Place, RepositorySettings] = {place: repository} if repository else {}
    profile = PROFILES[environment.profile]
    return {**levels, ("defaults",): environment.defaults, ("profile",): profile}


def _setting_problems(levels: _Levels, error: ValidationError) -> Iterator[Problem]:
    """Yield the problems of resolved settings, at the settings that they come from."""
    has_rules = _decides_lifecycle(levels.values()).lifecycle is not None
    protected = len(_nearest(levels.values(), "protect_tags", default=()))
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
            case steps:
                remedy = "write customer_managed"
        origin = next(place for place, level in levels.items() if getattr(level, key) is not None)
        yield problem._replace(place=(*origin, key, *steps), remedy=remedy)


def _settings(environment: Environment, levels: _Levels, team: Team | None = None) -> Settings:
    """Apply the defaults and the profile to a repository, or to what no team declares.

    Raises:
        ValidationError: The values contradict each other.
    """
    settings = tuple(levels.values())
    organization = environment.organization
    may_pull = organization and _nearest(settings, "organization_may_pull", default=True)
    tags = [environment.defaults.tags, team and team.tags, settings[0].tags]
    return Settings(
        tag_mutability=mutability_of(
            [(level.tag_mutability, level.tag_mutability_exceptions) for level in settings]
        ),
        encryption=_nearest(settings, "encryption"),
        scan_on_push=_nearest(settings, "scan_on_push", default=True),
        lifecycle=_lifecycle(settings),
        access={
            "pull_organizations": [organization] if organization and may_pull else [],
            **{keyword: _nearest(settings, keyword, default=[]) for keyword in _ACCESS},
        },
        tags={key: value for items in tags for key, value in (items or {}).items()},
        deletion_lock=_nearest(settings, "deletion_lock", default=False),
    )


def _nearest(levels: Iterable[Any], name: str, *, default: Any = None) -> Any:
    values = (getattr(level, name) for level in levels)
    return next((value for value in values if value is not None), default)


def _lifecycle(levels: Sequence[RepositorySettings]) -> LifecyclePolicy:
    policy = _enabled_lifecycle(levels)
    is_dry_run = _nearest(levels, "lifecycle_dry_run", default=False)
    return policy.dry_run() if is_dry_run else policy


def _enabled_lifecycle(levels: Sequence[RepositorySettings]) -> LifecyclePolicy:
    protected = _nearest(levels, "protect_tags")
    level = _decides_lifecycle(levels)
    if level.lifecycle is not None:
        rules = [rule.rule() for rule in level.lifecycle]
        return LifecyclePolicy(*protect(protected or []), *rules)
    preset: Callable[..., LifecyclePolicy] = getattr(Retention, str(level.retention))
    return preset() if protected is None else preset(protect_tags=protected)


def _decides_lifecycle(levels: Iterable[RepositorySettings]) -> RepositorySettings:
    return next(level for level in levels if level.lifecycle is not None or level.retention)


def _ci_access(environment: Environment, problems: list[Problem]) -> tuple[CiAccess, ...]:
    """Return each CI project once, with all of its repositories."""
    projects: dict[tuple[str, str], CiAccess] = {}
    for place, repository, push in _pushes(environment):
        project = push.project()
        key = (project.issuer.url, project.name)
        access = projects.setdefault(key, CiAccess(push, project, place))
        access.repositories.append(repository.name)
        if push != access.push:
            message = (
                f"{project.name} pushes with other settings than to {dotted(access.place)}; a "
                "project has one role in an environment"
            )
            remedy = "write the same settings for both"
            problems.append(Problem(place, "push-settings-conflict", message, remedy))
    return tuple(projects.values())


def _pushes(environment: Environment) -> Iterator[tuple[Place, Repository, Push]]:
    for name, team in environment.teams.items():
        for index, repository in enumerate(team.repositories):
            push = _nearest((repository, team, environment.defaults), "push")
            if push is not None:
                yield ("teams", name, "repositories", index), repository, push
