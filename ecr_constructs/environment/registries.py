"""The registries of an environment: its home, and the replicas that images are copied to."""

from collections.abc import Iterator
from dataclasses import dataclass

from ecr_constructs.environment.models import Environment, Repository, Team
from ecr_constructs.environment.resolution import is_replicated
from ecr_constructs.model.prefixes import cover
from ecr_constructs.model.registry_id import RegistryId


@dataclass(frozen=True, slots=True)
class Site:
    """One registry of an environment.

    Attributes:
        registry: Its account and Region.
        is_home: Whether images are pushed here.
    """

    registry: RegistryId
    is_home: bool = False


def home(environment: Environment) -> Site:
    """Return the registry that images are pushed to."""
    return Site(RegistryId(environment.account, environment.region), is_home=True)


def replicas(environment: Environment) -> Iterator[Site]:
    """Yield the registries that images are copied to."""
    for region in environment.replica_regions or ():
        yield Site(RegistryId(environment.account, region))
    for replica in environment.replica_accounts or ():
        yield Site(RegistryId(replica.account, replica.region))


def repositories_at(site: Site, environment: Environment, team: Team) -> list[Repository]:
    """Return a team's repositories that exist at a site."""
    if site.is_home:
        return list(team.repositories)
    return [each for each in team.repositories if is_replicated(environment, each)]


def replicated_prefixes(environment: Environment) -> tuple[str, ...]:
    """Return the prefixes that cover what is replicated and nothing else that is declared.

    Raises:
        ValueError: No prefix tells a replicated repository from one that is not.
    """
    declared = [each for team in environment.teams.values() for each in team.repositories]
    wanted = {each.name for each in declared if is_replicated(environment, each)}
    return cover(wanted, {each.name for each in declared} - wanted)
