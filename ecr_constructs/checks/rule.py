"""A rule: one requirement, its reason, and the function that finds violations."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from ecr_constructs.cloudformation.choices import choices_of
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.template import Place
from ecr_constructs.model.diagnostics import Diagnostic, Severity

# Where the requirements are documented.
_AWS = "https://docs.aws.amazon.com"
ECR_GUIDE = f"{_AWS}/AmazonECR/latest/userguide"
ECR_API = f"{_AWS}/AmazonECR/latest/APIReference"
CFN_GUIDE = f"{_AWS}/AWSCloudFormation/latest/UserGuide"
CFN_REFERENCE = f"{_AWS}/AWSCloudFormation/latest/TemplateReference"
IAM_GUIDE = f"{_AWS}/IAM/latest/UserGuide"


class Problem(NamedTuple):
    """A place where a rule is violated. The engine adds the rule and the template.

    Attributes:
        path: The place below the resource.
        message: What is set, and what is allowed.
        remedy: What to write instead. Default: the remedy of the rule.
    """

    path: Place
    message: str
    remedy: str | None = None


CheckFunction = Callable[[Resource], Iterator[Problem]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rule:
    """A rule.

    Attributes:
        id: ``ECR`` and three digits; the first digit is the family.
        severity: How bad a violation is.
        summary: The requirement, in one line.
        why: The consequence of a violation.
        remedy: What to write instead, unless a finding is more specific.
        source: The documentation of the requirement.
        types: The resource types that the rule checks; empty: the template as a whole.
        check: Yields the problems of one resource.
        controls: The controls of security standards with the same requirement.
        is_opt_in: Whether the rule is off unless a configuration selects it.
        properties: The only properties that it reads, so that resources with equal ones are
            checked once. Default: it may read all, and other resources.

    Example:
        >>> from ecr_constructs.checks import RULES
        >>> print(RULES["ECR012"].severity, RULES["ECR012"].summary)
        warning Tags are immutable
    """

    id: str
    severity: Severity
    summary: str
    why: str
    remedy: str
    source: str
    types: tuple[str, ...]
    check: CheckFunction
    controls: tuple[str, ...] = ()
    is_opt_in: bool = False
    properties: tuple[str, ...] = ()

    def problems(self, resource: Resource) -> tuple[Problem, ...]:
        """Return the different problems of a resource."""
        if self.properties:
            return resource.shared(self.properties, self._problems)
        return self._problems(resource)

    def _problems(self, resource: Resource) -> tuple[Problem, ...]:
        # Two statements or settings can cause the same problem.
        return tuple(dict.fromkeys(self.check(resource)))


def rule(
    severity: Severity,
    rule_id: str,
    summary: str,
    *,
    types: Sequence[str],
    why: str,
    remedy: str,
    source: str,
    controls: Sequence[str] = (),
    is_opt_in: bool = False,
    properties: Sequence[str] = (),
) -> Callable[[CheckFunction], Rule]:
    """Decorate a function as the check of a rule; the arguments are the attributes of `Rule`."""

    def decorate(check: CheckFunction) -> Rule:
        return Rule(
            id=rule_id,
            severity=severity,
            summary=summary,
            why=why,
            remedy=remedy,
            source=source,
            types=tuple(types),
            check=check,
            controls=tuple(controls),
            is_opt_in=is_opt_in,
            properties=tuple(properties),
        )

    return decorate


error_rule = partial(rule, Severity.ERROR)
warning_rule = partial(rule, Severity.WARNING)
note_rule = partial(rule, Severity.NOTE)


def each_choice(check: CheckFunction, *, by_condition: bool = False) -> CheckFunction:
    """Make a check of a single resource judge each allowed value of its parameters.

    A problem with some of the values only names the first of them. A check that compares resources
    with each other cannot be varied this way.

    Args:
        check: The check.
        by_condition: Only vary what conditions of the template decide; for warnings.
    """

    def check_choices(resource: Resource) -> Iterator[Problem]:
        places = set()
        for problem in check(resource):
            places.add(problem.path)
            yield problem
        for choice in choices_of(resource, by_condition=by_condition):
            others = [item for item in check(choice.resource) if item.path not in places]
            places.update(item.path for item in others)
            for item in others:
                yield item._replace(message=f"if {choice}: {item.message}")

    return check_choices


each_condition = partial(each_choice, by_condition=True)


def model_problems(
    path: Place, errors: Iterable[Diagnostic], prefix: str = ""
) -> Iterator[Problem]:
    """Yield what the model rejects at a place, each message after a prefix."""
    return (Problem(path, f"{prefix}{error}") for error in errors)


def problems_at(path: Place, messages: Iterable[str], prefix: str = "") -> Iterator[Problem]:
    """Yield a problem for each message about one place, after a prefix."""
    return (Problem(path, f"{prefix}{message}") for message in messages)


def wrong_type_problems(
    resource: Resource, path: Place, value: object, wanted: str, name: str
) -> Iterator[Problem]:
    """Yield a problem if a value refers to a resource that is definitely of another type."""
    wrong = resource.assembly.wrong_type_reference(value, wanted)
    if wrong is not None:
        yield Problem(path, f"{wrong.id} is of type {wrong.type}, not a {name}")
