"""Which CI projects of an environment push to which repositories."""

from collections.abc import Iterator
from dataclasses import dataclass

from ecr_constructs.environment.models import Environment, Repository, Team
from ecr_constructs.environment.push import Push
from ecr_constructs.environment.yaml_file import Place, dotted


@dataclass(frozen=True, slots=True)
class Pushed:
    """A CI project and what it pushes to.

    Attributes:
        push: The project, and which of its jobs.
        place: Where it stands first.
        repositories: Names, in the order of the file.
    """

    push: Push
    place: Place
    repositories: list[str]


def pushes(environment: Environment) -> list[Pushed]:
    """Return the CI projects of an environment, each once with all of its repositories."""
    return list(_by_project(environment).values())


def push_errors(environment: Environment) -> Iterator[tuple[Place, str]]:
    """Yield a fault for each project that has one role and would need two."""
    projects = _by_project(environment)
    for place, push in _said(environment):
        first = projects[_key(push)]
        if push != first.push:
            what = (
                f"{push.project().name} pushes with other settings than to "
                f"{dotted(first.place)}; a project has one role in an environment, so say the same "
                "for both"
            )
            yield place, what


def _by_project(environment: Environment) -> dict[tuple[str, str], Pushed]:
    found: dict[tuple[str, str], Pushed] = {}
    for place, push in _said(environment):
        _, team, _, index = place
        name = environment.teams[str(team)].repositories[int(index)].name
        found.setdefault(_key(push), Pushed(push, place, [])).repositories.append(name)
    return found


def _said(environment: Environment) -> Iterator[tuple[Place, Push]]:
    """Yield each repository's place with what pushes to it."""
    for name, team in environment.teams.items():
        for index, repository in enumerate(team.repositories):
            push = _nearest(environment, team, repository)
            if push is not None:
                yield ("teams", name, "repositories", index), push


def _nearest(environment: Environment, team: Team, repository: Repository) -> Push | None:
    levels = (repository.push, team.push, environment.defaults.push)
    return next((push for push in levels if push is not None), None)


def _key(push: Push) -> tuple[str, str]:
    project = push.project()
    return project.issuer.url, project.name
