"""What is wrong in an environment although each of its values is sound."""

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from functools import cache

from aws_cdk import region_info

from ecr_constructs import Encryption
from ecr_constructs.environment.ci_access import push_errors
from ecr_constructs.environment.models import Environment
from ecr_constructs.environment.registries import home, replicas, replicated_prefixes
from ecr_constructs.environment.resolution import resolve
from ecr_constructs.environment.yaml_file import Place, dotted
from ecr_constructs.model.replication import Destination, ReplicationRule, replication_errors
from ecr_constructs.model.validation import ValidationError

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MAX_RESOURCES = 500
# Names of the stacks that stand beside the teams'.
RESERVED = ("alerts", "key", "push", "registry")

_Faults = Iterator[tuple[Place, str]]


def faults_within(environment: Environment) -> _Faults:
    """Yield the place and a sentence for each fault."""
    yield from _region_errors(environment)
    yield from _replica_errors(environment)
    yield from push_errors(environment)
    seen: dict[str, str] = {}
    for name, team in environment.teams.items():
        place: Place = ("teams", name)
        if name in RESERVED:
            yield place, "is the name of a stack of the registry itself; call the team otherwise"
        if (count := len(team.repositories)) > MAX_RESOURCES:
            what = (
                f"holds {count} repositories, and a team is one stack, which CloudFormation limits "
                f"to {MAX_RESOURCES} resources; split the team"
            )
            yield (*place, "repositories"), what
        for index, repository in enumerate(team.repositories):
            here: Place = (*place, "repositories", index)
            if repository.name in seen:
                yield (
                    here,
                    f"{repository.name!r} stands twice, first as {seen[repository.name]}",
                )
            seen.setdefault(repository.name, dotted(here))
            try:
                resolved = resolve(environment, team, repository)
                for site in (home(environment), *replicas(environment)):
                    if resolved.encryption == "dual_layer":
                        Encryption.dual_layer().check_region(site.registry.region)
            except ValueError as error:
                yield here, str(error)


def _region_errors(environment: Environment) -> _Faults:
    names = known_regions()
    if environment.region not in names:
        yield ("region",), _unknown_region(environment.region, names)
    for index, region in enumerate(environment.replica_regions or ()):
        if region not in names:
            yield ("replica_regions", index), _unknown_region(region, names)
    for index, replica in enumerate(environment.replica_accounts or ()):
        if replica.region not in names:
            yield ("replica_accounts", index, "region"), _unknown_region(replica.region, names)


def _unknown_region(region: str, names: Collection[str]) -> str:
    close = get_close_matches(region, names, n=1)
    meant = f"; did you mean {close[0]!r}?" if close else ""
    return f"{region!r} is not a Region that the installed aws-cdk-lib knows{meant}"


def _replica_errors(environment: Environment) -> _Faults:
    places: list[Place] = [
        *(("replica_regions", index) for index in range(len(environment.replica_regions or ()))),
        *(("replica_accounts", index) for index in range(len(environment.replica_accounts or ()))),
    ]
    source = home(environment).registry
    seen: dict[Destination, str] = {}
    for place, site in zip(places, replicas(environment), strict=True):
        known = {*known_regions(), site.registry.region}
        for fault in site.registry.faults_from(source, known):
            yield place, fault.text
        if site.registry in seen:
            yield place, f"{site.registry} is a replica twice, first as {seen[site.registry]}"
        seen.setdefault(site.registry, dotted(place))
    if not places:
        return
    try:
        prefixes = replicated_prefixes(environment)
    except ValidationError as error:
        yield ("teams",), "; ".join(problem.text for problem in error.diagnostics)
        return
    if not prefixes:
        yield places[0], "is a replica of nothing: every repository says replicate: false"
    rule = ReplicationRule(frozenset(prefixes), frozenset(seen))
    for fault in replication_errors([rule]):
        yield places[0], fault.text


@cache
def known_regions() -> tuple[str, ...]:
    """Return the Regions that the installed CDK knows."""
    return tuple(region.name for region in region_info.RegionInfo.regions)
