"""A rule: one requirement, why it is one, and the function that finds where it is not met."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ecr_constructs.checks.finding import Severity
from ecr_constructs.cloudformation.resource import Resource
from ecr_constructs.cloudformation.template import Place


class Fault(NamedTuple):
    """A place where a rule is not met.

    Attributes:
        path: The place below the resource.
        message: What was given, and what is allowed.
        remedy: What to write instead. Default: the rule's own remedy.
    """

    path: Place
    message: str
    remedy: str | None = None


Judge = Callable[[Resource], Iterator[Fault]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule.

    Attributes:
        id: ``ECR`` and three digits, the first of which is the family.
        severity: How bad it is not to meet it.
        summary: The requirement, in one line.
        why: What happens otherwise.
        remedy: What to write instead, where a finding does not say it more exactly.
        source: Where the requirement comes from.
        types: The resource types that are judged; none: the template as a whole.
        judge: Yields the faults of one resource.
        controls: The controls of security standards that ask for the same.
    """

    id: str
    severity: Severity
    summary: str
    why: str
    remedy: str
    source: str
    types: tuple[str, ...]
    judge: Judge
    controls: tuple[str, ...] = ()


def rule(
    rule_id: str,
    severity: Severity,
    summary: str,
    *,
    types: Sequence[str],
    why: str,
    remedy: str,
    source: str,
    controls: Sequence[str] = (),
) -> Callable[[Judge], Rule]:
    """Make a rule of the function below; the arguments are the rule's attributes."""

    def made(judge: Judge) -> Rule:
        return Rule(
            id=rule_id,
            severity=severity,
            summary=summary,
            why=why,
            remedy=remedy,
            source=source,
            types=tuple(types),
            judge=judge,
            controls=tuple(controls),
        )

    return made
