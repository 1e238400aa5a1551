"""What is wrong in an environment although each of its values is sound."""

from collections.abc import Iterator
from difflib import get_close_matches

from aws_cdk import region_info

from ecr_constructs import Encryption
from stacks.environment import Environment
from stacks.settings import resolve
from stacks.yaml_file import Place

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MAX_RESOURCES = 500
# Names of the stacks that stand beside the teams'.
RESERVED = ("key", "registry")

_Faults = Iterator[tuple[Place, str]]


def faults_within(environment: Environment) -> _Faults:
    """Yield the place and a sentence for each fault."""
    yield from _region_faults(environment)
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
            here = f"teams.{name}.repositories[{index}]"
            if repository.name in seen:
                yield (
                    (*place, "repositories", index),
                    f"{repository.name!r} stands twice, first as {seen[repository.name]}",
                )
            seen.setdefault(repository.name, here)
            try:
                resolved = resolve(environment, team, repository)
                if resolved.encryption == "dual_layer":
                    Encryption.dual_layer().check_region(environment.region)
            except ValueError as error:
                yield (*place, "repositories", index), str(error)


def _region_faults(environment: Environment) -> _Faults:
    known = region_info.RegionInfo.regions
    names = [region.name for region in known]
    if environment.region not in names:
        close = get_close_matches(environment.region, names, n=1)
        meant = f"; did you mean {close[0]!r}?" if close else ""
        yield (
            ("region",),
            f"{environment.region!r} is not a Region that the installed aws-cdk-lib knows{meant}",
        )
