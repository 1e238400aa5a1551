"""Two sides that differ in a policy, and the changes of access between them."""

from collections.abc import Mapping, Sequence
from typing import Any

from ecr_constructs.checks import Template
from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.cloudformation.intrinsics import as_written
from ecr_constructs.review.access.analyzer import changes
from ecr_constructs.review.change import Change
from ecr_constructs.review.comparison import Comparison
from tests.support.rule_examples.build import Resources, allow, document, repository, template
from tests.support.rule_examples.statements import PULL

WIDENED, NARROWED = "access-widened", "access-narrowed"
HERE = "arn:aws:ecr:eu-central-1:111122223333:repository"
ACCOUNT = "aws:principalaccount is 444455556666"
ORG_ID = "o-a1b2c3d4e5"
ORG = f"aws:principalorgid is {ORG_ID}"

Side = Resources | Sequence[Template]


def access_changes(base: Side, head: Side) -> list[Change]:
    """Return the changes of access between two sides."""
    return [change for change in all_changes(base, head) if change.kind != "other"]


def all_changes(base: Side, head: Side) -> list[Change]:
    """Return the changes of access between two sides, also where it is the same."""
    return list(changes(Comparison(_assembly(base), _assembly(head))))


def codes(base: Side, head: Side) -> list[str]:
    """Return the codes of each change: ``!`` widens (an error), ``+`` widens, ``-`` narrows."""
    signs = {(WIDENED, "error"): "!", (WIDENED, "warning"): "+", (NARROWED, "warning"): "-"}
    return [
        f"{signs[change.kind, str(change.severity)]} {as_written(' | '.join(change.codes))}"
        for change in access_changes(base, head)
    ]


def having(*statements: Any, name: str = "payments/api") -> dict[str, Any]:
    """Return a repository with these statements, or without a policy."""
    policy = {"RepositoryPolicyText": document(*statements)} if statements else {}
    return {"Api": repository(RepositoryName=name, **policy)}


def pulls(*arns: Any, **parts: Any) -> dict[str, Any]:
    """Return a statement that allows to pull: AWS principals by ARN or account, or `parts`."""
    principal = {"Principal": {"AWS": list(arns)}} if arns else {}
    return allow(PULL, **{**principal, **parts})


def deny(action: Any, **parts: Any) -> dict[str, Any]:
    """Return a statement that denies."""
    return {"Effect": "Deny", "Action": action, **parts}


def _assembly(side: Side) -> TemplateSet:
    return TemplateSet([template(side)] if isinstance(side, Mapping) else side)
