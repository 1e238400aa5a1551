"""The actions of ECR that statements allow, and whether they allow them on every repository."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from ecr_constructs.cloudformation.aws_metadata import actions_of
from ecr_constructs.cloudformation.iam_policy import Policy, Statement, matches
from ecr_constructs.model.tokens import is_unresolved

PUSH = frozenset({"PutImage"})
DELETE = frozenset({"BatchDeleteImage", "DeleteRepository"})
OPEN = frozenset({"DeleteRepositoryPolicy", "SetRepositoryPolicy"})

# A deploy-time value or a policy variable can have any value.
ANY_VALUE = re.compile(r"\$\{Token\[[^\[\]]*\]\}|\$\{[^{}]*\}")
# Names that no pattern for some repositories matches together.
_PROBES = ("a0", "z9/y_8.x-7")
_ARN_PARTS = 6
_SAMPLE = "arn:aws:ecr:eu-central-1:111122223333:repository/"


@lru_cache(maxsize=4096)
def actions_matching(pattern: str, service: str) -> frozenset[str]:
    """Return the existing actions of a service that a pattern such as ``ecr:Put*`` matches."""
    return frozenset(
        action for action in actions_of(service) if matches(pattern, f"{service}:{action}")
    )


def effective_actions(statement: Statement, service: str = "ecr") -> frozenset[str]:
    """Return the existing actions that a statement definitely covers, without the service."""
    is_exclusion = "NotAction" in statement.body
    names = statement.excluded_actions if is_exclusion else statement.actions
    resolved = [name for name in names if not is_unresolved(name)]
    named = frozenset[str]().union(*(actions_matching(name, service) for name in resolved))
    if not is_exclusion:
        return named
    # An unknown exception can be any action.
    return frozenset(actions_of(service)) - named if len(resolved) == len(names) else frozenset()


def actions_on_every_repository(policy: Policy) -> Iterator[tuple[Statement, frozenset[str]]]:
    """Yield the statements that allow actions on every repository, with these actions.

    Conditions on the tags of repositories, and statements that deny, limit the repositories; so do
    conditions that are not known.
    """
    denied = frozenset[str]().union(
        *(effective_actions(item) for item in policy.statements if _denies(item))
    )
    for statement in policy.statements:
        if statement.allows and _is_on_every_repository(statement):
            yield statement, effective_actions(statement) - denied


def _denies(statement: Statement) -> bool:
    # A condition on the caller, such as MFA, does not protect repositories from all callers.
    is_conditional = bool(statement.conditions) and not _is_by_tag(statement)
    return statement.body.get("Effect") == "Deny" and not is_conditional


def _is_on_every_repository(statement: Statement) -> bool:
    if _is_by_tag(statement):
        return False
    if "NotResource" in statement.body:
        return not any(
            is_unresolved(arn) or covers_every_repository(arn)
            for arn in statement.excluded_resources
        )
    return any(map(covers_every_repository, statement.resources))


def _is_by_tag(statement: Statement) -> bool:
    """Tell whether a condition limits the repositories, or may do so."""
    keys = [condition.key for condition in statement.conditions]
    return any("resourcetag/" in key.lower() or is_unresolved(key) for key in keys)


def covers_every_repository(arn: str) -> bool:
    """Tell whether the pattern of an ARN matches every repository of an account and Region."""
    # A deploy-time value or a policy variable is not every name.
    pattern = ANY_VALUE.sub("x", arn)
    parts = pattern.split(":", _ARN_PARTS - 1)
    if len(parts) < _ARN_PARTS:
        return all(matches(pattern, f"{_SAMPLE}{name}") for name in _PROBES)
    is_ecr = matches(parts[2], "ecr")
    return is_ecr and all(matches(parts[-1], f"repository/{name}") for name in _PROBES)


def covers_registry(statement: Statement) -> bool:
    """Tell whether a statement covers, or may cover, actions on the registry: Resource ``*``.

    Such actions have no resource, so that the ARN of a repository never matches them.
    """
    if "NotResource" in statement.body:
        return "*" not in statement.excluded_resources
    return any(not ANY_VALUE.sub("", arn).strip("*") for arn in statement.resources)


def named_services(actions: Iterable[str]) -> frozenset[str]:
    """Return the services that action patterns name: ``ecr`` of ``ecr:*``."""
    return frozenset(
        action.partition(":")[0].lower()
        for action in actions
        if ":" in action and not is_unresolved(action)
    )
