"""The registry of a repository, read from an environment file without pydantic.

`push-commands` needs only this much; the app validates the whole file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from ecr_constructs.environment.source import Problem, parse_source, problems_at
from ecr_constructs.model.partitions import region_errors
from ecr_constructs.model.principals import account_id_errors
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.validation import ValidationError, raise_if_invalid

# Names that an error lists.
_SHOWN = 5


def home_of(name: str, text: str, repository: str) -> RegistryId:
    """Return the registry that a repository of an environment file is pushed to.

    Args:
        name: What errors call the file.
        text: The content of the file.
        repository: The repository's name.

    Raises:
        EnvironmentFileError: The text is not an environment file, or has no such repository.
    """
    file = parse_source(name, text)
    content = file.content
    if not isinstance(content, Mapping) or not isinstance(content.get("teams"), Mapping):
        message = "is not an environment file: it has the keys account, region, profile, teams"
        raise file.error([Problem((), "not-environment-file", message)])
    account, region = content.get("account"), content.get("region")
    problems: list[Problem] = []
    for key, value, errors_of in (
        ("account", account, account_id_errors),
        ("region", region, region_errors),
    ):
        try:
            raise_if_invalid(key, value, errors_of(value))
        except ValidationError as error:
            problems += problems_at((key,), error, f"{value!r}: ")
    if not problems and repository not in (names := sorted(_names(content["teams"]))):
        message = f"there is no repository {repository!r}"
        problems.append(Problem((), "repository-unknown", message, _suggestion(repository, names)))
    if problems:
        raise file.error(problems)
    return RegistryId(str(account), str(region))


def _names(teams: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of repositories, without validating anything else."""
    for team in teams.values():
        repositories = team.get("repositories") if isinstance(team, Mapping) else None
        for repository in repositories if isinstance(repositories, list) else ():
            name = repository.get("name") if isinstance(repository, Mapping) else repository
            if isinstance(name, str):
                yield name


def _suggestion(repository: str, names: list[str]) -> str:
    if close := get_close_matches(repository, names, n=1):
        return f"did you mean {close[0]!r}?"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"there are {', '.join(names[:_SHOWN]) or 'none'}{more}"
