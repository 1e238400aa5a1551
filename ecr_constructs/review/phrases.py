"""Values, numbers and resources in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ecr_constructs.cloudformation.intrinsics import as_written
from ecr_constructs.cloudformation.resource_types import (
    ALARM,
    ALIAS,
    CACHE,
    CREATION_TEMPLATE,
    EVENT_RULE,
    KEY,
    OIDC_PROVIDER,
    PULL_TIME_EXCLUSION,
    ROLE,
    SINGLETONS,
    TOPIC,
)
from ecr_constructs.cloudformation.update_behavior import name_of
from ecr_constructs.model.diagnostics import pluralize
from ecr_constructs.model.json_text import compact

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.comparison import Comparison, Pair

_LONGEST = 120


def format_value(value: Any) -> str:
    """Return the value of a property for a sentence, at most 120 characters."""
    if value is None:
        return "absent"
    text = strip_tokens(value if isinstance(value, str) else compact(value))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def strip_tokens(text: str) -> str:
    """Replace values that are known only at deploy time by their expressions: ``${Key.Arn}``."""
    return as_written(text)


def join_names(names: Any, most: int = 5) -> str:
    """Return names as ``a, b and c``, and the number of names that are left out."""
    shown = [str(name) for name in names]
    if len(shown) > most:
        shown = [*shown[: most - 1], f"{len(shown) - most + 1:,} more"]
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1] if shown else "")))


def except_for(names: Sequence[str]) -> str:
    """Return ``, except a and b``, or an empty text."""
    return f", except {join_names(names)}" if names else ""


def affected(repositories: Iterable[str]) -> tuple[str, ...]:
    """Return a sentence with the repositories of the app that a change affects, if any."""
    names = list(repositories)
    return (f"Affected repositories of this app: {join_names(names)}.",) if names else ()


def images_of(comparison: Comparison, repository: Resource, owner: str | None = None) -> str:
    """Return ``its images``, or ``the images of owner``, with their number if it is known."""
    inventory = comparison.inventories.of(repository)
    images = "images" if inventory is None else pluralize(len(inventory), "image")
    return f"its {images}" if owner is None else f"the {images} of {owner}"


# Names of types before the names of resources in sentences.
_NOUNS = {
    ALARM: "alarm",
    ALIAS: "alias",
    CACHE: "cache",
    CREATION_TEMPLATE: "creation template",
    EVENT_RULE: "event rule",
    KEY: "key",
    OIDC_PROVIDER: "identity provider",
    PULL_TIME_EXCLUSION: "pull-time exclusion of",
    ROLE: "role",
    TOPIC: "topic",
}


def subject(pair: Pair) -> str:
    """Return the subject of a sentence: ``payments/api``, ``creation template web``."""
    return subject_of(pair.resource)


def subject_of(resource: Resource) -> str:
    """Return the name of a resource in sentences: ``payments/api``, ``key Images``."""
    if resource.type in SINGLETONS:
        return registry_of(resource)
    name = name_of(resource)
    if resource.type in _NOUNS:
        return f"{_NOUNS[resource.type]} {name or resource.id}"
    return name or f"{resource.type} {resource.id}"


def registry_of(resource: Resource) -> str:
    """Return ``registry 111122223333/eu-central-1``, or the registry of a stack."""
    if resource.registry is None:
        return f"registry of {resource.stack.template.stack or resource.stack.template.name}"
    return f"registry {'/'.join(resource.registry)}"
