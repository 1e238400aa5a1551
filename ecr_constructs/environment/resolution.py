"""Resolve an environment file once: every default, profile, registry and setting is applied."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ecr_constructs.cloudformation.source_locations import SourceLocation
from ecr_constructs.cloudformation.template import Place, dotted
from ecr_constructs.environment.inheritance import (
    PROFILES,
    Context,
    Levels,
    Settings,
    acknowledged_by,
    nearest,
    origins_of,
    setting_problems,
    settings_of,
)
from ecr_constructs.environment.models import Alerts, Environment, Repository
from ecr_constructs.environment.policies import statement_problems
from ecr_constructs.environment.push import CiSystem, Push
from ecr_constructs.environment.registries import resolve_registries
from ecr_constructs.environment.registry_section import Surrounding
from ecr_constructs.environment.resolved_registry import ResolvedRegistry
from ecr_constructs.environment.settings import CachedSettings, RepositorySettings
from ecr_constructs.environment.source import Problem, problems_at
from ecr_constructs.model.ci import CiProject
from ecr_constructs.model.key_policy import KeyAccess
from ecr_constructs.model.names import cover
from ecr_constructs.model.public_catalog import PUBLIC_REGION
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.validation import ValidationError


@dataclass(frozen=True, slots=True)
class ResolvedRepository:
    """A repository.

    Attributes:
        replicate: Whether its images are copied to the replicas.
        acknowledged: Accepted findings of `ecr-constructs check`: rule ids with reasons.
        place: Where the file declares it.
        source: The file and the line. None: it is not from a file.
        origins: Where the file sets each effective setting; see `inheritance.origins_of`.
    """

    name: str
    settings: Settings
    replicate: bool
    acknowledged: Mapping[str, str]
    place: Place = ()
    source: SourceLocation | None = None
    origins: Mapping[str, Place] = field(default_factory=dict)


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
        registry_settings: What each registry has of its own, from the section `registry`.

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
    registry_settings: Mapping[RegistryId, ResolvedRegistry]

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
    def deployed_to(self) -> tuple[RegistryId, ...]:
        """Each account and Region with a stack: also that of public repositories."""
        public = RegistryId(self.account, PUBLIC_REGION)
        if not self.registry_settings[self.home].public_repositories or public in self.registries:
            return self.registries
        return (*self.registries, public)

    @property
    def repositories(self) -> list[ResolvedRepository]:
        """The repositories of all teams, in the order of the file."""
        return [repository for team in self.teams.values() for repository in team]

    @property
    def uses_key(self) -> bool:
        """Whether the home registry has a key of the environment's own."""
        return self.uses_key_at(self.home)

    def uses_key_at(self, registry: RegistryId) -> bool:
        """Return whether a registry has a key of the environment's own.

        It has one if images are encrypted with it there, or would be: each replica has what the
        home registry has.
        """
        settings = [
            item.settings
            for item in self.repositories
            if registry == self.home or item.replicate or not item.settings.existing_keys
        ]
        settings += self.registry_settings[registry].settings
        return any(item.uses_own_key(registry) for item in settings)

    def replicates_at(self, registry: RegistryId) -> bool:
        """Return whether replication has a resource in a registry.

        At home it is the rule; at a replica the permission for another account, or the templates
        of namespaces. Without either the replica's stack would be empty.
        """
        if registry == self.home:
            return bool(self.replicas)
        has_templates = any(prefix.endswith("/") for prefix in self.replicated_prefixes)
        return registry.account != self.account or has_templates

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
    context = Context(environment.organization, (home, *replicas))
    teams: dict[str, tuple[ResolvedRepository, ...]] = {}
    for team_name, team in environment.teams.items():
        resolved = []
        inherited: Settings | None = None
        for index, repository in enumerate(team.repositories):
            place = ("teams", team_name, "repositories", index)
            levels = _levels(environment, repository, place)
            has_own = repository.model_fields_set != {"name"}
            try:
                # Most repositories of a team are a name and nothing else.
                settings = (None if has_own else inherited) or settings_of(
                    context, levels, team.tags
                )
            except ValidationError as error:
                problems += setting_problems(levels, error)
                continue
            if not has_own:
                inherited = settings
            resolved.append(
                ResolvedRepository(
                    name=repository.name,
                    settings=settings,
                    replicate=is_replicated(environment, repository),
                    acknowledged=acknowledged_by(levels, settings),
                    place=place,
                    origins=origins_of(levels, ("teams", team_name), team.tags),
                )
            )
        teams[team_name] = tuple(resolved)
    problems += _statement_problems(environment)
    prefixes = _prefixes(environment, problems)
    registries, registry_problems = resolve_registries(
        Surrounding(
            context,
            environment.registry,
            _levels(environment),
            has_alerts=environment.alerts is not None,
            replicated=tuple(prefix.rstrip("/") for prefix in prefixes if prefix.endswith("/")),
        )
    )
    return ResolvedEnvironment(
        name=name,
        home=home,
        replicas=replicas,
        replicate_deletions=environment.replicate_deletions,
        termination_protection=environment.termination_protection,
        replicated_prefixes=prefixes,
        organization=environment.organization,
        key_administrators=tuple(environment.key_administrators or ()),
        key_access=environment.key_access,
        existing_ci_providers=tuple(environment.existing_ci_providers or ()),
        alerts=environment.alerts,
        undeclared=_undeclared(environment, context, problems) if replicas else None,
        teams=teams,
        ci_access=_ci_access(environment, problems),
        registry_settings=registries,
    ), [*problems, *registry_problems]


def _replicas(environment: Environment) -> Iterator[RegistryId]:
    for region in environment.replica_regions or ():
        yield RegistryId(environment.account, region)
    for replica in environment.replica_accounts or ():
        yield RegistryId(replica.account, replica.region)


def is_replicated(environment: Environment, repository: RepositorySettings) -> bool:
    """Return whether the images of a repository are copied to the replicas."""
    has_replicas = environment.replica_regions or environment.replica_accounts
    levels = (repository, environment.defaults)
    return bool(has_replicas) and bool(nearest(levels, "replicate", default=True))


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


def _undeclared(
    environment: Environment, context: Context, problems: list[Problem]
) -> Settings | None:
    levels = _levels(environment)
    try:
        return settings_of(context, levels)
    except ValidationError as error:
        problems += setting_problems(levels, error)
        return None


def _statement_problems(environment: Environment) -> Iterator[Problem]:
    """Yield the problems of policy statements, once for each list that the file has."""
    shared = environment.defaults
    levels: dict[Place, RepositorySettings] = {("defaults",): shared}
    for name, team in environment.teams.items():
        for index, repository in enumerate(team.repositories):
            levels["teams", name, "repositories", index] = repository
    for place, level in levels.items():
        if level.policy_statements:
            yield from statement_problems(
                "AWS::ECR::Repository",
                (*place, "policy_statements"),
                [statement.document() for statement in level.policy_statements],
                {**(shared.acknowledge or {}), **(level.acknowledge or {})},
            )


def _levels(
    environment: Environment, repository: Repository | None = None, place: Place = ()
) -> Levels:
    levels: dict[Place, CachedSettings] = {place: repository} if repository else {}
    profile = PROFILES[environment.profile]
    return {**levels, ("defaults",): environment.defaults, ("profile",): profile}


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
            push = nearest((repository, team, environment.defaults), "push")
            if push is not None:
                yield ("teams", name, "repositories", index), repository, push
