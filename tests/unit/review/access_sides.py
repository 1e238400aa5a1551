"""Two sides that differ in a policy, and the changes of access between them."""

from collections.abc import Mapping, Sequence
from typing import Any

from ecr_constructs.checks import Template
from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.review.access.analyzer import changes
from ecr_constructs.review.change import Change
from ecr_constructs.review.comparison import Comparison
from tests.support.rule_examples.build import Resources, document, repository, template

WIDENED, NARROWED = "access-widened", "access-narrowed"
HERE = "arn:aws:ecr:eu-central-1:111122223333:repository"


def access_changes(
    base: Resources | Sequence[Template], head: Resources | Sequence[Template]
) -> list[Change]:
    """Return the changes of access between two sides."""
    return list(changes(Comparison(_assembly(base), _assembly(head))))


def summaries(
    base: Resources | Sequence[Template], head: Resources | Sequence[Template]
) -> dict[str, list[str]]:
    """Return the summaries of the changes of access, by kind."""
    by_kind: dict[str, list[str]] = {}
    for change in access_changes(base, head):
        by_kind.setdefault(change.kind, []).append(change.summary)
    return by_kind


def having(*statements: Any, name: str = "payments/api") -> dict[str, Any]:
    """Return a repository with these statements, or without a policy."""
    policy = {"RepositoryPolicyText": document(*statements)} if statements else {}
    return {"Api": repository(RepositoryName=name, **policy)}


def deny(action: Any, **parts: Any) -> dict[str, Any]:
    """Return a statement that denies."""
    return {"Effect": "Deny", "Action": action, **parts}


def _assembly(given: Resources | Sequence[Template]) -> TemplateSet:
    return TemplateSet([template(given)] if isinstance(given, Mapping) else given)
