"""Problems of environments whose single values are valid: within a file, and between files."""

from collections.abc import Collection, Hashable, Iterable, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.template import Place, dotted
from ecr_constructs.environment.models import Environment
from ecr_constructs.environment.resolution import ResolvedEnvironment, is_replicated
from ecr_constructs.environment.source import FileDiagnostic, Problem, SourceFile, problems_at
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.names import construct_id, stack_name
from ecr_constructs.model.partitions import regions
from ecr_constructs.model.replication import ReplicationRule, destination_errors, replication_errors
from ecr_constructs.model.validation import ValidationError, raise_if_invalid

if TYPE_CHECKING:
    from ecr_constructs.environment.resolved_registry import ResolvedRegistry
    from ecr_constructs.model.registry_id import RegistryId

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MAX_RESOURCES = 500
# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
STACK_NAME_MAX_LENGTH = 128
# Names of stacks that any environment may have.
RESERVED = ("alerts", "key", "push", "registry")


def validate(environment: Environment, resolved: ResolvedEnvironment) -> Iterator[Problem]:
    """Yield the problems of one file; what it resolves to may be incomplete."""
    yield from _region_problems(environment)
    reserved = _reserved(resolved)
    yield from _team_problems(environment, reserved)
    yield from _stack_name_problems(resolved.name, environment.teams, reserved)
    yield from _size_problems(resolved)
    yield from _replica_problems(environment, resolved)


def _region_problems(environment: Environment) -> Iterator[Problem]:
    places: dict[Place, str] = {("region",): environment.region}
    for index, region in enumerate(environment.replica_regions or ()):
        places["replica_regions", index] = region
    for index, replica in enumerate(environment.replica_accounts or ()):
        places["replica_accounts", index, "region"] = replica.region
    for place, region in places.items():
        if region not in regions():
            close = get_close_matches(region, sorted(regions()), n=1)
            remedy = f"did you mean {close[0]!r}?" if close else ""
            yield Problem(place, "region-unknown", f"{region!r} is not an AWS Region", remedy)


def _reserved(resolved: ResolvedEnvironment) -> set[str]:
    """Return the names of the stacks next to those of the teams."""
    used = {
        part
        for settings in resolved.registry_settings.values()
        for part, has_stack in (
            ("settings", settings.account_settings),
            ("alarms", settings.alarms),
            ("events", settings.events),
            ("endpoints", settings.endpoints),
            ("public", settings.public_repositories),
        )
        if has_stack
    }
    return {*RESERVED, *used}


def _team_problems(environment: Environment, reserved: Collection[str]) -> Iterator[Problem]:
    first: dict[str, Place] = {}
    ids: dict[str, str] = {}
    for name, team in environment.teams.items():
        place: Place = ("teams", name)
        if (other := ids.setdefault(construct_id(name), name)) != name:
            message = f"its stack has the same construct id as that of {other!r}"
            yield Problem(place, "team-name-shared", message, "choose another name for the team")
        if name in reserved:
            message = f"{name!r} is the name of another stack of the environment"
            yield Problem(place, "team-name-reserved", message, "choose another name for the team")
        if (count := len(team.repositories)) > MAX_RESOURCES:
            message = (
                f"has {count} repositories; a team is one stack, which CloudFormation limits to "
                f"{MAX_RESOURCES} resources"
            )
            yield Problem((*place, "repositories"), "team-too-large", message, "split the team")
        for index, repository in enumerate(team.repositories):
            here: Place = (*place, "repositories", index)
            if first.setdefault(repository.name, here) != here:
                message = f"duplicate repository {repository.name!r}"
                remedy = f"it is also {dotted(first[repository.name])}"
                yield Problem(here, "repository-duplicate", message, remedy)


def _stack_name_problems(
    name: str, teams: Collection[str], reserved: Collection[str]
) -> Iterator[Problem]:
    longest = max(sorted(reserved), key=len)
    for part in sorted({*teams, longest}):
        stack = stack_name(name, part)
        if len(stack) > STACK_NAME_MAX_LENGTH:
            message = (
                f"the name of the stack {stack} has {len(stack)} characters, of which "
                f"CloudFormation accepts {STACK_NAME_MAX_LENGTH}"
            )
            place: Place = ("teams", part) if part in teams else ()
            remedy = "shorten the name of the environment or of the team"
            yield Problem(place, "stack-name-length", message, remedy)


def _size_problems(resolved: ResolvedEnvironment) -> Iterator[Problem]:
    """Yield the lists of which one stack cannot have as many resources as they become."""
    counts: dict[Place, int] = {}
    for settings in resolved.registry_settings.values():
        alarms, origins = settings.alarms, settings.origins
        if alarms is not None:
            of_usage = alarms.usage.repositories or () if alarms.usage is not None else ()
            thresholds = (
                len(item.repositories) * ((item.more_than, item.fewer_than).count(None) % 2 or 2)
                for item in alarms.pulls or ()
            )
            counts[origins["alarms"]] = len({*of_usage}) + sum(thresholds)
        for key, items in (("events", settings.events), ("creation_templates", settings.templates)):
            if items:
                counts[origins[key]] = len(items)
    if resolved.alerts is not None:
        counts["alerts", "emails"] = len(resolved.alerts.emails or ())
    if resolved.ci_access:
        # Each is a role and its policy.
        counts[resolved.ci_access[0].place] = 2 * len(resolved.ci_access)
    for place, count in counts.items():
        if count > MAX_RESOURCES:
            message = (
                f"becomes {count} resources of one stack, which CloudFormation limits to "
                f"{MAX_RESOURCES}"
            )
            yield Problem(place, "stack-too-large", message, "define some of them in Python")


def _replica_problems(environment: Environment, resolved: ResolvedEnvironment) -> Iterator[Problem]:
    places: list[Place] = [
        *(("replica_regions", index) for index in range(len(environment.replica_regions or ()))),
        *(("replica_accounts", index) for index in range(len(environment.replica_accounts or ()))),
    ]
    first: dict[RegistryId, Place] = {}
    for place, replica in zip(places, resolved.replicas, strict=True):
        # Unknown Regions have a better place already.
        known_regions = {*regions(), replica.region}
        yield from _problems(place, destination_errors(replica, resolved.home, known_regions))
        if first.setdefault(replica, place) != place:
            message, remedy = f"duplicate replica {replica}", f"it is also {dotted(first[replica])}"
            yield Problem(place, "replica-duplicate", message, remedy)
    if not places:
        return
    repositories = (item for team in environment.teams.values() for item in team.repositories)
    if not any(is_replicated(environment, repository) for repository in repositories):
        message = "nothing is replicated: every repository has `replicate: false`"
        yield Problem(places[0], "replica-empty", message)
    rule = ReplicationRule(frozenset(resolved.replicated_prefixes), frozenset(first))
    yield from _problems(places[0], replication_errors([rule]))


def _problems(place: Place, errors: Iterable[Diagnostic]) -> Iterator[Problem]:
    """Yield what the model finds, at a place of the file."""
    try:
        raise_if_invalid("replication", place, errors)
    except ValidationError as error:
        yield from problems_at(place, error)


def validate_together(
    loaded: Iterable[tuple[SourceFile, ResolvedEnvironment]],
) -> Iterator[FileDiagnostic]:
    """Yield the problems between files, none of which has a problem of its own.

    An environment claims what exists once in a registry or account; the first claim counts.
    """
    claims: dict[Hashable, tuple[SourceFile, Place]] = {}
    for file, environment in loaded:
        for claimed, problem in _claims(environment):
            owner, place = claims.setdefault((problem.code, claimed), (file, problem.place))
            if owner is not file:
                message = f"{owner.name}:{owner.line_of(place)} already {problem.message}"
                yield file.locate(problem._replace(message=message))


def _claims(environment: ResolvedEnvironment) -> Iterator[tuple[Hashable, Problem]]:
    """Yield what an environment claims, with the problem of another one that claims it too."""
    home = environment.home
    message = f"has the construct id {construct_id(environment.name)} in the app"
    problem = Problem((), "environment-name-shared", message, "choose another name for the file")
    yield construct_id(environment.name), problem
    for registry in environment.registries:
        for team in environment.teams:
            stack = stack_name(environment.name, team)
            message = f"has the stack {stack!r} in {registry}"
            remedy = "choose another name for the team"
            problem = Problem(("teams", team), "stack-name-shared", message, remedy)
            yield (registry, stack), problem
        for team, repositories in environment.teams.items():
            for index, repository in enumerate(repositories):
                if registry == home or repository.replicate:
                    place: Place = ("teams", team, "repositories", index)
                    message = f"declares {repository.name!r} in {registry}"
                    remedy = "names are unique in a registry"
                    problem = Problem(place, "repository-shared", message, remedy)
                    yield (registry, repository.name), problem
    for registry, settings in environment.registry_settings.items():
        if environment.replicas or settings.is_configured:
            key = "region" if registry == home else "replica_regions"
            place = (key,) if environment.replicas else ("registry",)
            message = (
                f"configures the registry {registry}, whose configuration and policy this file "
                "would overwrite"
            )
            remedy = "describe both environments in one file, or use another account"
            yield registry, Problem(place, "registry-shared", message, remedy)
        yield from _claims_next_to(registry, settings)
    # The first place of each provider, since one line of the file corrects them all.
    created = {
        (access.system, access.project.issuer.url): access.place
        for access in reversed(environment.ci_access)
        if access.system not in environment.existing_ci_providers
    }
    for (system, url), place in created.items():
        message = f"creates the OIDC provider {url} of account {environment.account}"
        remedy = f"write existing_ci_providers: [{system}]"
        yield (environment.account, url), Problem(place, "ci-provider-shared", message, remedy)
    if environment.alerts:
        # They are about all repositories of a registry, whichever file declares them.
        message = f"has alerts for the registry {home}; each finding would raise two"
        yield home, Problem(("alerts",), "alerts-shared", message, "list all addresses in one file")


def _claims_next_to(
    registry: "RegistryId", settings: "ResolvedRegistry"
) -> Iterator[tuple[Hashable, Problem]]:
    """Yield what exists once in an account or Region, besides the registry itself."""
    remedy = "write them in one file"
    for key, part in (("account_settings", settings.account_settings), ("alarms", settings.alarms)):
        if part:
            problem = Problem(
                settings.origins[key],
                f"{key.replace('_', '-')}-shared",
                f"has {key} for {registry}",
                remedy,
            )
            yield (key, registry), problem
    for index, repository in enumerate(settings.public_repositories):
        place = (*settings.origins["public_repositories"], index)
        message = f"declares {repository.name!r} in the public registry of {registry.account}"
        remedy = "names are unique in a registry"
        problem = Problem(place, "public-repository-shared", message, remedy)
        yield (registry.account, repository.name), problem
