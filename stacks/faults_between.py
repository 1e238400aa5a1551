"""What is wrong between environments although each of them is sound."""

from collections.abc import Iterator, Sequence

from stacks.environment import Environment
from stacks.yaml_file import Place, YamlFile


def faults_between(
    read: Sequence[tuple[YamlFile, Environment]],
) -> Iterator[tuple[YamlFile, tuple[Place, str]]]:
    """Yield file, place and a sentence for each repository that two environments would own."""
    owners: dict[tuple[str, str, str], str] = {}
    for file, environment in read:
        for name, team in environment.teams.items():
            for index, repository in enumerate(team.repositories):
                place: Place = ("teams", name, "repositories", index)
                registry = (environment.account, environment.region)
                here = f"{file.path}:{file.line_of(place)}"
                first = owners.setdefault((*registry, repository.name), here)
                if first != here and not first.startswith(f"{file.path}:"):
                    what = (
                        f"{repository.name!r} is in account {registry[0]}, {registry[1]} already, "
                        f"by {first}; a name is unique in a registry"
                    )
                    yield file, (place, what)
