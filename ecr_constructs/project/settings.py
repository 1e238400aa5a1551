"""What a new project is made for, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.names import (
    construct_id,
    environment_name_errors,
    repository_name_errors,
    team_name_errors,
)
from ecr_constructs.model.partitions import known_region_errors, partition_of, region_errors
from ecr_constructs.model.principals import account_id_errors, organization_id_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

CiSystem = Literal["github", "gitlab", "none"]
# The profile of an environment by its name; that of any other name deletes the least.
PROFILES = {
    **dict.fromkeys(("dev", "development", "sandbox", "test"), "development"),
    **dict.fromkeys(("staging", "stage", "qa", "uat", "preprod"), "staging"),
}
PROFILE_NAMES = ("development", "staging", "production")


@dataclass(frozen=True)
class EnvironmentSettings:
    """One environment: a file, and a stage of the app.

    Attributes:
        name: The name, which is that of the file: ``dev``.
        account: The account's id: 12 digits.
        region: The home Region.
        profile: Default settings of its repositories.
    """

    name: str
    account: str
    region: str
    profile: str

    @property
    def stage(self) -> str:
        """The name of the stage in the app: ``Dev``."""
        return construct_id(self.name)

    @property
    def partition(self) -> str:
        """The partition of the Region."""
        return partition_of(self.region)


@dataclass(frozen=True)
class ProjectSettings:
    """What a project is made for.

    Attributes:
        environments: The environments, in the order in which they are deployed.
        team: The first team.
        repositories: The names of its repositories.
        organization: The organization whose accounts may pull. Default: none.
        ci: The system whose workflows are written. Default: GitHub's.
    """

    environments: tuple[EnvironmentSettings, ...]
    team: str
    repositories: tuple[str, ...]
    organization: str | None = None
    ci: CiSystem = "github"

    def errors(self) -> Iterator[Diagnostic]:
        """Yield what the model rejects, with the option that sets it as the path."""
        for environment in self.environments:
            yield from value_errors("--environment", environment.name)
            yield from value_errors("--account", environment.account)
            yield from value_errors("--region", environment.region)
            if environment.profile not in PROFILE_NAMES:
                message = f"{environment.profile!r} is not a profile"
                remedy = f"write one of {', '.join(PROFILE_NAMES)}"
                yield Diagnostic("profile-unknown", message, "--environment", remedy)
        yield from value_errors("--team", self.team)
        for repository in self.repositories:
            yield from value_errors("--repository", repository)
        if self.organization is not None:
            yield from value_errors("--organization", self.organization)


_ERRORS: dict[str, Callable[[str], Iterable[Diagnostic]]] = {
    "--environment": environment_name_errors,
    "--account": account_id_errors,
    "--region": lambda region: [*region_errors(region)] or known_region_errors(region),
    "--team": team_name_errors,
    "--repository": lambda name: dict.fromkeys(repository_name_errors(name)),
    "--organization": organization_id_errors,
}


def value_errors(option: str, value: str) -> Iterator[Diagnostic]:
    """Yield what the model rejects in the value of an option, with the value in the message."""
    for error in _ERRORS[option](value):
        yield replace(error, path=option, message=f"{value!r}: {error.message}")
