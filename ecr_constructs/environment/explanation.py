"""Explain an environment file: each effective setting of a repository, and where it is set."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import getitem
from typing import TYPE_CHECKING, Any, Literal

from ecr_constructs.environment.inheritance import ACCESS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ecr_constructs.cloudformation.template import Place
    from ecr_constructs.environment.resolution import ResolvedEnvironment, ResolvedRepository
    from ecr_constructs.environment.source import SourceFile

Level = Literal["repository", "team", "defaults", "environment", "profile", "built-in"]
"""Where a setting comes from, from the nearest to the farthest."""


@dataclass(frozen=True, slots=True)
class EffectiveSetting:
    """A setting of a repository that counts.

    Attributes:
        name: The key of the file that sets it: ``scan_on_push``, ``tags.team``.
        value: The value, as JSON.
        level: Where it comes from.
        line: The line in the file. None: the file does not have it.
        note: What the setting does not do. Default: nothing.
    """

    name: str
    value: Any
    level: Level
    line: int | None = None
    note: str = ""


_EXTRA_TAGS = (
    "CloudFormation removes tags that the file does not have whenever it updates or imports the "
    "repository: list those that must stay in tags"
)
_SCANNING = "the scanning of the registry takes precedence"


def explain(
    file: SourceFile, environment: ResolvedEnvironment, repository: ResolvedRepository
) -> list[EffectiveSetting]:
    """Return every effective setting of a repository.

    Args:
        file: The environment file.
        environment: What it resolves to.
        repository: A repository of it.

    Example:
        >>> from pathlib import Path
        >>> from ecr_constructs.environment.loading import load_file
        >>> file, environment = load_file(Path("environments/dev.yaml"))
        >>> repository = environment.repositories[0]
        >>> [mutability, *_] = explain(file, environment, repository)
        >>> mutability.name, mutability.value, mutability.level
        ('tag_mutability', 'mutable', 'profile')
    """
    origins = _origins(file, repository)
    settings = []
    for name, value in _values(environment, repository, origins, file.content):
        place = origins.get(name)
        line = None if place is None else file.line_of(place)
        note = _note(environment, name, value)
        settings.append(EffectiveSetting(name, value, _level_of(place), line, note))
    return settings


def _note(environment: ResolvedEnvironment, name: str, value: Any) -> str:
    if name == "extra_tags" and value == "keep":
        return _EXTRA_TAGS
    has_scanning = environment.registry_settings[environment.home].scanning is not None
    return _SCANNING if name == "scan_on_push" and has_scanning else ""


def _level_of(place: Place | None) -> Level:
    match place:
        case None:
            return "built-in"
        case ("profile",):
            return "profile"
        case ("defaults", *_):
            return "defaults"
        case ("teams", _, "repositories", *_):
            return "repository"
        case ("teams", *_):
            return "team"
        case _:
            return "environment"


def _origins(file: SourceFile, repository: ResolvedRepository) -> Mapping[str, Place]:
    """Return the places of the settings, with those of keys that are not of the repository."""
    origins = dict(repository.origins)
    team = repository.place[:2]
    in_team = (*team, "push")
    if origins.get("push", ())[:1] != ("teams",) and file.find_line(in_team) is not None:
        origins["push"] = in_team
    if repository.settings.access["pull_organizations"]:
        origins.setdefault("organization_may_pull", ("organization",))
    # The profile accepts the finding of its own mutable tags.
    if origins["tag_mutability"] == ("profile",):
        origins.setdefault("acknowledge.ECR012", ("profile",))
    return origins


def _values(
    environment: ResolvedEnvironment,
    repository: ResolvedRepository,
    origins: Mapping[str, Place],
    content: Any,
) -> Iterator[tuple[str, Any]]:
    settings = repository.settings
    yield "tag_mutability", "immutable" if settings.tag_mutability.is_immutable else "mutable"
    if settings.tag_mutability.except_for:
        yield "tag_mutability_exceptions", list(settings.tag_mutability.except_for)
    keys = {str(registry): key for registry, key in settings.existing_keys.items()}
    yield "encryption", {"type": settings.encryption, "keys": keys} if keys else settings.encryption
    yield "scan_on_push", settings.scan_on_push
    policy = "lifecycle" if "lifecycle" in origins else "retention"
    yield policy, list(settings.lifecycle.in_words())
    for name in ("protect_tags", "protect_in_use", "lifecycle_dry_run"):
        if name in origins:
            # Part of the policy above; here as it is written.
            yield name, reduce(getitem, origins[name], content)
    yield from _access(environment, repository)
    yield "deletion_lock", settings.deletion_lock
    yield "replicate", repository.replicate
    for key, value in settings.tags.items():
        yield f"tags.{key}", value
    yield "extra_tags", "keep" if settings.keeps_extra_tags else "remove"
    for rule, reason in repository.acknowledged.items():
        yield f"acknowledge.{rule}", reason


def _access(
    environment: ResolvedEnvironment, repository: ResolvedRepository
) -> Iterator[tuple[str, Any]]:
    """Yield who may pull and push."""
    settings = repository.settings
    yield "organization_may_pull", settings.access["pull_organizations"] or False
    for name in ACCESS:
        if settings.access[name]:
            yield name, list(settings.access[name])
    if settings.functions:
        functions = [
            {"account": item.account or environment.account, "functions": list(item.names)}
            for item in settings.functions
        ]
        yield "admit_lambda", functions
    if settings.policy_statements:
        yield "policy_statements", [dict(item) for item in settings.policy_statements]
    for access in environment.ci_access:
        if repository.name in access.repositories:
            yield "push", {access.system: access.project.name}
