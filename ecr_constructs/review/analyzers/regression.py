"""Protections that one side has and the other lacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.review.phrases import join_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ecr_constructs.cloudformation.graph import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """A protection that one side has and the other lacks.

    Attributes:
        weaker: The sentence if it is lost.
        stronger: The sentence if it is gained.
        properties: The properties that decide it.
        severity: The severity of losing it.
        details: Further sentences if it is lost.
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
    """Return a boolean property; None if it is unknown."""
    value = resource.get(name, *path)
    if value is None:
        return default
    return {"true": True, "false": False}.get(str(value).lower())
