"""What ECR accepts as a lifecycle policy, judged on the policy's own JSON.

Everything that can be wrong is said at once, each fault with the place it is at.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ecr_constructs.model.lifecycle.rule_grammar import (
    STORAGE_CLASSES,
    Fault,
    key_errors,
    kind_of,
    rule_errors,
)

MAX_RULES = 50
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutLifecyclePolicy.html
TEXT_MAX_LENGTH = 30_720


def policy_errors(document: object) -> Iterator[Fault]:
    """Yield every fault of a policy document, ``{"rules": [...]}``."""
    if not isinstance(document, Mapping):
        yield Fault("", f'must be a JSON object {{"rules": […]}}, got {kind_of(document)}')
        return
    yield from key_errors("", document, ("rules",), required=("rules",))
    rules = document.get("rules")
    if rules is None:
        return
    if not isinstance(rules, list | tuple):
        yield Fault("rules", f"must be a list, got {kind_of(rules)}")
        return
    if not 1 <= len(rules) <= MAX_RULES:
        yield Fault("rules", f"must hold 1 to {MAX_RULES} rules, holds {len(rules)}")
    for index, rule in enumerate(rules):
        yield from rule_errors(rule, f"rules[{index}]")
    yield from faults_between(rules)


def faults_between(rules: Sequence[Any]) -> Iterator[Fault]:
    """Yield the faults that no rule has alone: priorities, order, selections made twice."""
    sound = [
        (index, rule)
        for index, rule in enumerate(rules)
        if isinstance(rule, Mapping) and isinstance(rule.get("selection"), Mapping)
    ]
    for index, rule in sound:
        if "rulePriority" not in rule:
            yield Fault(f"rules[{index}].rulePriority", "is missing")
    priorities = Counter(
        priority for _, rule in sound if isinstance(priority := rule.get("rulePriority"), int)
    )
    for priority, uses in priorities.items():
        if uses > 1:
            yield Fault("rules", f"use rulePriority {priority} {uses} times; each must be unique")
    for storage_class in STORAGE_CLASSES:
        of_class = [
            (index, rule)
            for index, rule in sound
            if rule["selection"].get("storageClass", "standard") == storage_class
        ]
        yield from _order_errors(of_class, storage_class)
        yield from _uniqueness_errors(of_class, storage_class)


_Indexed = Sequence[tuple[int, Mapping[str, Any]]]


def _order_errors(rules: _Indexed, storage_class: str) -> Iterator[Fault]:
    highest = max((r["rulePriority"] for _, r in rules if _has_priority(r)), default=0)
    for index, rule in rules:
        if (
            rule["selection"].get("tagStatus") == "any"
            and _has_priority(rule)
            and rule["rulePriority"] < highest
        ):
            yield Fault(
                f"rules[{index}].rulePriority",
                f"must be the highest of the {storage_class} rules, {highest + 1} or more, since "
                f"tagStatus is any; got {rule['rulePriority']}",
            )


def _uniqueness_errors(rules: _Indexed, storage_class: str) -> Iterator[Fault]:
    untagged = [index for index, rule in rules if rule["selection"].get("tagStatus") == "untagged"]
    if len(untagged) > 1:
        places = ", ".join(f"rules[{index}]" for index in untagged)
        yield Fault(
            "rules",
            f"may select untagged images of the {storage_class} class once, {places} all do",
        )
    seen: dict[frozenset[str], int] = {}
    for index, rule in rules:
        prefixes = rule["selection"].get("tagPrefixList")
        if not isinstance(prefixes, list | tuple) or not all(isinstance(p, str) for p in prefixes):
            continue
        first = seen.setdefault(frozenset(prefixes), index)
        if first != index:
            yield Fault(
                f"rules[{index}].selection.tagPrefixList",
                f"selects what rules[{first}] selects; a set of prefixes may stand once",
            )


def _has_priority(rule: Mapping[str, Any]) -> bool:
    return isinstance(rule.get("rulePriority"), int)
