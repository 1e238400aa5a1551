"""What a push needs to know of an environment file.

The app that deploys such files judges them whole, and is not installed with this command.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.files import read_text
from ecr_constructs.cloudformation.errors import CheckError
from ecr_constructs.cloudformation.parsing import read_yaml
from ecr_constructs.model.partitions import region_errors
from ecr_constructs.model.principals import account_id_errors

# Names that an error lists.
_SHOWN = 5


class Home(NamedTuple):
    """Where an environment's images are pushed to.

    Attributes:
        account: The account's id.
        region: The home Region.
    """

    account: str
    region: str


def read_home(file: str, repository: str) -> Home:
    """Return where a repository of an environment file is.

    Args:
        file: The file's name; ``-`` is standard input.
        repository: The repository's name.

    Raises:
        CommandError: The file cannot be read, is no environment file, or has no such repository.
    """
    text = read_text(file)
    try:
        content, *_ = read_yaml(text)
    except CheckError as error:
        msg = f"{file}: {error}"
        raise CommandError(msg) from None
    if not isinstance(content, Mapping) or not isinstance(content.get("teams"), Mapping):
        msg = f"{file} is no environment file: it has the keys account, region, profile, teams"
        raise CommandError(msg)
    account, region = content.get("account"), content.get("region")
    faults = [
        *(f"account {account}: {fault}" for fault in account_id_errors(account)),
        *(f"region {region}: {fault}" for fault in region_errors(region)),
    ]
    if faults:
        msg = f"{file}: {'; '.join(faults)}"
        raise CommandError(msg)
    names = sorted(_names(content["teams"]))
    if repository not in names:
        msg = f"{file} has no repository {repository}; {_instead(repository, names)}"
        raise CommandError(msg)
    return Home(str(account), str(region))


def _names(teams: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names; what is otherwise wrong in the file is for the app to say."""
    for team in teams.values():
        listed = team.get("repositories") if isinstance(team, Mapping) else None
        for each in listed if isinstance(listed, list) else ():
            name = each.get("name") if isinstance(each, Mapping) else each
            if isinstance(name, str):
                yield name


def _instead(repository: str, names: list[str]) -> str:
    if close := get_close_matches(repository, names, n=1):
        return f"did you mean {close[0]}?"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"it has {', '.join(names[:_SHOWN]) or 'none'}{more}"
