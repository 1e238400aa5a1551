"""The lifecycle policy that a template gives a repository, as far as it is known."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ecr_constructs.cloudformation.resource_types import REPOSITORY
from ecr_constructs.model.lifecycle import LifecyclePolicy
from ecr_constructs.model.lifecycle.json_text import compact
from ecr_constructs.model.tokens import is_unresolved

if TYPE_CHECKING:
    from ecr_constructs.cloudformation.graph import Resource


class Stated(NamedTuple):
    """What a template says.

    Attributes:
        policy: The policy; without rules if there is none, which keeps every image. None: it is
            known only at deploy time, or ECR refuses it.
        is_refused: Whether ECR refuses it.
    """

    policy: LifecyclePolicy | None
    is_refused: bool = False

    @property
    def words(self) -> list[str] | None:
        """What each rule does; None if that is not known."""
        return None if self.policy is None else list(self.policy.in_words())


def stated(resource: Resource) -> Stated:
    """Return the policy of a repository, or that of a creation template."""
    given: Any = resource.get("LifecyclePolicy")
    if resource.type == REPOSITORY and isinstance(given, Mapping):
        given = given.get("LifecyclePolicyText")
    if given is None:
        return Stated(LifecyclePolicy())
    return _read(given if isinstance(given, str) else compact(given))


@lru_cache(maxsize=1024)
def _read(text: str) -> Stated:
    # The repositories of a company repeat the same few policies.
    try:
        return Stated(LifecyclePolicy.from_json(text))
    except ValueError:
        return Stated(None, is_refused=not is_unresolved(text))
