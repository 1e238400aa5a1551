"""Problems of environments whose single values are valid: within a file, and between files."""

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.aws_metadata import regions
from ecr_constructs.environment.models import Environment
from ecr_constructs.environment.resolution import ResolvedEnvironment, is_replicated
from ecr_constructs.environment.source import (
    FileDiagnostic,
    Place,
    Problem,
    SourceFile,
    dotted,
    problems_at,
)
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.replication import ReplicationRule, destination_errors, replication_errors
from ecr_constructs.model.validation import ValidationError, raise_if_invalid

if TYPE_CHECKING:
    from ecr_constructs.model.registry_id import RegistryId

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MAX_RESOURCES = 500
# Names of the stacks next to those of the teams.
RESERVED = ("alerts", "key", "push", "registry")


def validate(environment: Environment, resolved: ResolvedEnvironment) -> Iterator[Problem]:
    """Yield the problems of one file.

    Args:
        environment: The content of the file.
        resolved: What it resolves to, maybe incomplete.
    """
    yield from _region_problems(environment)
    yield from _team_problems(environment)
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


def _team_problems(environment: Environment) -> Iterator[Problem]:
    first: dict[str, Place] = {}
    for name, team in environment.teams.items():
        place: Place = ("teams", name)
        if name in RESERVED:
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


_Loaded = Sequence[tuple[SourceFile, ResolvedEnvironment]]


def validate_together(loaded: _Loaded) -> Iterator[FileDiagnostic]:
    """Yield the problems between files: what two environments would own.

    Args:
        loaded: The environments, none of which has a problem of its own.
    """
    yield from _shared_repositories(loaded)
    yield from _shared_registries(loaded)
    yield from _shared_providers(loaded)
    yield from _shared_alerts(loaded)


def _shared_repositories(loaded: _Loaded) -> Iterator[FileDiagnostic]:
    owners: dict[tuple[RegistryId, str], tuple[SourceFile, Place]] = {}
    for file, environment in loaded:
        for registry in environment.registries:
            for team, repositories in environment.teams.items():
                for index, repository in enumerate(repositories):
                    if registry != environment.home and not repository.replicate:
                        continue
                    here: Place = ("teams", team, "repositories", index)
                    owner, place = owners.setdefault((registry, repository.name), (file, here))
                    if owner is not file:
                        message = (
                            f"{owner.name}:{owner.line_of(place)} already declares "
                            f"{repository.name!r} in {registry}; names are unique in a registry"
                        )
                        yield file.locate(Problem(here, "repository-shared", message))


def _shared_registries(loaded: _Loaded) -> Iterator[FileDiagnostic]:
    """Replication, policy and templates exist once for each account and Region."""
    owners: dict[RegistryId, SourceFile] = {}
    for file, environment in loaded:
        for registry in environment.registries if environment.replicas else ():
            owner = owners.setdefault(registry, file)
            if owner is not file:
                message = (
                    f"{owner.name} already configures the registry {registry}, whose replication "
                    "configuration and policy this file would overwrite"
                )
                remedy = "describe both environments in one file, or use another account"
                key = "region" if registry == environment.home else "replica_regions"
                yield file.locate(Problem((key,), "registry-shared", message, remedy))


def _shared_providers(loaded: _Loaded) -> Iterator[FileDiagnostic]:
    """An account has one OIDC provider for each issuer."""
    owners: dict[tuple[str, str], SourceFile] = {}
    for file, environment in loaded:
        # The first place of each provider, since one line of the file corrects them all.
        created = {
            (access.system, access.project.issuer.url): access.place
            for access in reversed(environment.ci_access)
            if access.system not in environment.existing_ci_providers
        }
        for (system, url), place in created.items():
            owner = owners.setdefault((environment.account, url), file)
            if owner is not file:
                message = (
                    f"{owner.name} already creates the OIDC provider {url} of account "
                    f"{environment.account}"
                )
                remedy = f"write existing_ci_providers: [{system}]"
                yield file.locate(Problem(place, "ci-provider-shared", message, remedy))


def _shared_alerts(loaded: _Loaded) -> Iterator[FileDiagnostic]:
    """Alerts are about all repositories of a registry, whichever file declares them."""
    owners: dict[RegistryId, SourceFile] = {}
    for file, environment in loaded:
        if environment.alerts and (owner := owners.setdefault(environment.home, file)) is not file:
            message = (
                f"{owner.name} already has alerts for the registry {environment.home}; each "
                "finding would raise two"
            )
            remedy = "list all addresses in one file"
            yield file.locate(Problem(("alerts",), "alerts-shared", message, remedy))
