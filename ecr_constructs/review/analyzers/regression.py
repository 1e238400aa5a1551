"""One thing that one side has and the other lacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.review.phrases import join_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ecr_constructs.cloudformation.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """Something that one side has and the other lacks.

    Attributes:
        weaker: What to say if it goes.
        stronger: What to say if it comes.
        properties: The properties that it is about.
        severity: How bad it is if it goes.
        details: Further sentences if it goes.
    """

    weaker: str
    stronger: str
    properties: tuple[str, ...]
    severity: Severity = Severity.WARNING
    details: tuple[str, ...] = ()


def images_of(patterns: Sequence[str]) -> str:
    """Return ``images of payments/*``, or of all repositories."""
    return f"images of {'all repositories' if '*' in patterns else join_names(patterns)}"


def flag(resource: Resource, name: str, *path: str, default: bool) -> bool | None:
    """Return a property that is true or false; None if it is not known."""
    value = resource.get(name, *path)
    if value is None:
        return default
    return {"true": True, "false": False}.get(str(value).lower())
