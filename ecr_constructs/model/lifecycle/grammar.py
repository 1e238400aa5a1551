"""Which JSON ECR accepts as a lifecycle rule and as a lifecycle policy.

Every problem is reported at once, each with its path in the document. The source is
https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html unless a
comment names another.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.tokens import is_unresolved

MAX_RULES = 50
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutLifecyclePolicy.html
TEXT_MAX_LENGTH = 30_720
MAX_WILDCARDS = 4
MIN_DAYS_IN_ARCHIVE = 90

TAG_STATUSES = ("tagged", "untagged", "any")
STORAGE_CLASSES = ("standard", "archive")
ACTIONS = ("expire", "transition")
COUNT_TYPES = (
    "imageCountMoreThan",
    "sinceImagePushed",
    "sinceImagePulled",
    "sinceImageTransitioned",
)

# "When using a countType of imageCountMoreThan, sinceImagePushed, or sinceImagePulled, the only
# supported value is standard."
_COUNTS_IN_STANDARD = COUNT_TYPES[:3]

_RULE_KEYS = ("rulePriority", "description", "selection", "action")
_SELECTION_KEYS = (
    "tagStatus",
    "tagPatternList",
    "tagPrefixList",
    "storageClass",
    "countType",
    "countUnit",
    "countNumber",
)
_ACTION_KEYS = ("type", "targetStorageClass")

_Json = Mapping[str, Any]
_Indexed = Sequence[tuple[int, _Json]]


def policy_errors(document: object) -> Iterator[Diagnostic]:
    """Yield every error of a policy document, ``{"rules": [...]}``."""
    if not isinstance(document, Mapping):
        yield _error(
            "", "wrong-type", f'must be a JSON object {{"rules": […]}}, got {kind_of(document)}'
        )
        return
    yield from _key_errors("", document, ("rules",), required=("rules",))
    rules = document.get("rules")
    if rules is None:
        return
    if not isinstance(rules, list | tuple):
        yield _error("rules", "wrong-type", f"must be a list, got {kind_of(rules)}")
        return
    if not rules:
        yield _error("rules", "rule-count", f"must hold 1 to {MAX_RULES} rules, holds 0")
    yield from rule_count_errors(rules)
    for index, rule in enumerate(rules):
        yield from rule_errors(rule, f"rules[{index}]")
    yield from combination_errors(rules)


def rule_count_errors(rules: Sequence[Any]) -> Iterator[Diagnostic]:
    """Yield an error if a policy has more rules than ECR accepts."""
    if len(rules) > MAX_RULES:
        message = f"must hold 1 to {MAX_RULES} rules, holds {len(rules)}"
        yield _error("rules", "rule-count", message)


def length_errors(text: str) -> Iterator[Diagnostic]:
    """Yield an error if a policy's compact JSON is longer than ECR accepts."""
    if len(text) > TEXT_MAX_LENGTH:
        yield _error(
            "",
            "policy-length",
            f"may be {TEXT_MAX_LENGTH:,} characters long as compact JSON, is {len(text):,}",
        )


def rule_errors(rule: object, path: str = "") -> Iterator[Diagnostic]:
    """Yield every error that a rule has by itself, with paths below its path in the document."""
    if not isinstance(rule, Mapping):
        yield _error(path, "wrong-type", f"must be a JSON object, got {kind_of(rule)}")
        return
    prefix = f"{path}." if path else ""
    yield from _key_errors(prefix, rule, _RULE_KEYS, required=("selection", "action"))
    yield from _integer_errors(f"{prefix}rulePriority", rule.get("rulePriority", 1))
    if is_unresolved(rule.get("rulePriority")):
        yield _error(
            f"{prefix}rulePriority",
            "rule-priority-unresolved",
            "determines the order of the rules and cannot be a deploy-time value",
            "write a whole number",
        )
    description = rule.get("description", "")
    if not isinstance(description, str | None):
        message = f"must be text, got {kind_of(description)}"
        yield _error(f"{prefix}description", "wrong-type", message)
    selection, action = rule.get("selection"), rule.get("action")
    for name, part in (("selection", selection), ("action", action)):
        if part is not None and not isinstance(part, Mapping):
            message = f"must be a JSON object, got {kind_of(part)}"
            yield _error(f"{prefix}{name}", "wrong-type", message)
    if isinstance(selection, Mapping):
        yield from _selection_errors(f"{prefix}selection.", selection)
    if isinstance(action, Mapping):
        yield from _action_errors(f"{prefix}action.", action)
    if isinstance(selection, Mapping) and isinstance(action, Mapping):
        yield from _pairing_errors(prefix, selection, action)


# --- one rule -----------------------------------------------------------------------------------


def _selection_errors(prefix: str, selection: _Json) -> Iterator[Diagnostic]:
    required = ("tagStatus", "countType", "countNumber")
    yield from _key_errors(prefix, selection, _SELECTION_KEYS, required=required)
    yield from _choice_errors(f"{prefix}tagStatus", selection.get("tagStatus"), TAG_STATUSES)
    yield from _choice_errors(f"{prefix}countType", selection.get("countType"), COUNT_TYPES)
    yield from _tag_list_errors(prefix, selection)
    storage_class = selection.get("storageClass")
    yield from _choice_errors(f"{prefix}storageClass", storage_class, STORAGE_CLASSES)
    count_type = selection.get("countType")
    if storage_class == "archive" and count_type in _COUNTS_IN_STANDARD:
        yield _error(
            f"{prefix}storageClass",
            "storage-class-not-standard",
            f"must be 'standard', the default, with {count_type}",
            "leave it out, or count archived images by sinceImageTransitioned",
        )
    yield from _count_errors(prefix, selection)


def _tag_list_errors(prefix: str, selection: _Json) -> Iterator[Diagnostic]:
    lists = [key for key in ("tagPatternList", "tagPrefixList") if selection.get(key) is not None]
    status = selection.get("tagStatus")
    if status == "tagged" and len(lists) != 1:
        yield _error(
            f"{prefix}tagStatus",
            "tag-list-count",
            "tagged needs exactly one of tagPatternList and tagPrefixList, got "
            f"{'both' if lists else 'none'}",
            "keep one of them" if lists else 'write "tagPatternList": ["v*"], or tagStatus any',
        )
    elif status in ("untagged", "any") and lists:
        message = f"is for tagStatus tagged, not for {status}"
        yield _error(f"{prefix}{lists[0]}", "key-not-applicable", message, "leave it out")
    for key in lists:
        tags = selection[key]
        if not isinstance(tags, list | tuple) or not tags:
            message = f"must be a list of at least one text, got {tags!r}"
            yield _error(f"{prefix}{key}", "tag-list-empty", message)
            continue
        for index, tag in enumerate(tags):
            path = f"{prefix}{key}[{index}]"
            if not isinstance(tag, str) or not tag:
                message = f"must be text of at least one character, got {tag!r}"
                yield _error(path, "tag-empty", message)
            elif key == "tagPatternList" and tag.count("*") > MAX_WILDCARDS:
                message = f"may hold at most {MAX_WILDCARDS} '*', {tag!r} holds {tag.count('*')}"
                yield _error(path, "tag-wildcards", message)


def _count_errors(prefix: str, selection: _Json) -> Iterator[Diagnostic]:
    count_type, unit = selection.get("countType"), selection.get("countUnit")
    path = f"{prefix}countUnit"
    if "countNumber" in selection:
        yield from _integer_errors(f"{prefix}countNumber", selection["countNumber"])
    if count_type == "imageCountMoreThan":
        if unit is not None:
            message = "is not used with imageCountMoreThan"
            yield _error(path, "key-not-applicable", message, "leave it out")
    elif count_type in COUNT_TYPES and unit is None:
        message = f"is missing; {count_type} counts in days"
        yield _error(path, "key-missing", message, 'write "countUnit": "days"')
    elif unit is not None:
        yield from _choice_errors(path, unit, ("days",))


def _action_errors(prefix: str, action: _Json) -> Iterator[Diagnostic]:
    yield from _key_errors(prefix, action, _ACTION_KEYS, required=("type",))
    kind, target = action.get("type"), action.get("targetStorageClass")
    path = f"{prefix}targetStorageClass"
    yield from _choice_errors(f"{prefix}type", kind, ACTIONS)
    yield from _choice_errors(path, target, ("archive",))
    if kind == "transition" and "targetStorageClass" not in action:
        message = "is missing; the target of a transition is the archive"
        yield _error(path, "key-missing", message, 'write "targetStorageClass": "archive"')
    if kind == "expire" and target is not None:
        yield _error(path, "key-not-applicable", "is not used with expire", "leave it out")


def _pairing_errors(prefix: str, selection: _Json, action: _Json) -> Iterator[Diagnostic]:
    count_type, kind = selection.get("countType"), action.get("type")
    if count_type == "sinceImagePulled" and kind == "expire":
        # https://github.com/aws/containers-roadmap/issues/2728
        yield _error(
            f"{prefix}action.type",
            "action-not-allowed",
            "sinceImagePulled can only archive",
            "write 'transition', and expire archived images with a sinceImageTransitioned rule",
        )
    if count_type != "sinceImageTransitioned":
        return
    if kind == "transition":
        message = "sinceImageTransitioned can only 'expire'"
        yield _error(f"{prefix}action.type", "action-not-allowed", message)
    if selection.get("storageClass") != "archive":
        message = "must be 'archive' with sinceImageTransitioned"
        yield _error(f"{prefix}selection.storageClass", "storage-class-not-archive", message)
    days = selection.get("countNumber")
    if isinstance(days, int) and 1 <= days < MIN_DAYS_IN_ARCHIVE:
        yield _error(
            f"{prefix}selection.countNumber",
            "number-too-small",
            f"must be at least {MIN_DAYS_IN_ARCHIVE} with sinceImageTransitioned, got {days}",
        )


# --- several rules ------------------------------------------------------------------------------


def combination_errors(rules: Sequence[Any]) -> Iterator[Diagnostic]:
    """Yield the errors that no rule has by itself: priorities, order, duplicate selections."""
    objects = [
        (index, rule)
        for index, rule in enumerate(rules)
        if isinstance(rule, Mapping) and isinstance(rule.get("selection"), Mapping)
    ]
    for index, rule in objects:
        if "rulePriority" not in rule:
            yield _error(f"rules[{index}].rulePriority", "key-missing", "is missing")
    priorities = Counter(rule["rulePriority"] for _, rule in objects if _has_priority(rule))
    for priority, uses in priorities.items():
        if uses > 1:
            message = f"use rulePriority {priority} {uses} times; each priority must be unique"
            yield _error("rules", "rule-priority-duplicate", message)
    for storage_class in STORAGE_CLASSES:
        of_class = [
            (index, rule)
            for index, rule in objects
            if rule["selection"].get("storageClass", "standard") == storage_class
        ]
        yield from _order_errors(of_class, storage_class)
        yield from _uniqueness_errors(of_class, storage_class)


def _order_errors(rules: _Indexed, storage_class: str) -> Iterator[Diagnostic]:
    highest = max((rule["rulePriority"] for _, rule in rules if _has_priority(rule)), default=0)
    for index, rule in rules:
        if (
            rule["selection"].get("tagStatus") == "any"
            and _has_priority(rule)
            and rule["rulePriority"] < highest
        ):
            yield _error(
                f"rules[{index}].rulePriority",
                "rule-priority-order",
                f"must be the highest of the {storage_class} rules, {highest + 1} or more, "
                f"because tagStatus is any; got {rule['rulePriority']}",
            )


def _uniqueness_errors(rules: _Indexed, storage_class: str) -> Iterator[Diagnostic]:
    untagged = [
        f"rules[{index}]"
        for index, rule in rules
        if rule["selection"].get("tagStatus") == "untagged"
    ]
    if len(untagged) > 1:
        yield _error(
            "rules",
            "untagged-duplicate",
            f"may select untagged images of the {storage_class} class once, "
            f"{', '.join(untagged)} all do",
        )
    first_uses: dict[frozenset[str], int] = {}
    for index, rule in rules:
        prefixes = rule["selection"].get("tagPrefixList")
        if not isinstance(prefixes, list | tuple) or not all(isinstance(p, str) for p in prefixes):
            continue
        first = first_uses.setdefault(frozenset(prefixes), index)
        if first != index:
            yield _error(
                f"rules[{index}].selection.tagPrefixList",
                "tag-prefixes-duplicate",
                f"has the same prefixes as rules[{first}]; each set of prefixes must be unique",
            )


def _has_priority(rule: _Json) -> bool:
    return isinstance(rule.get("rulePriority"), int)


# --- values -------------------------------------------------------------------------------------


def _key_errors(
    prefix: str, mapping: _Json, allowed: Sequence[str], *, required: Sequence[str]
) -> Iterator[Diagnostic]:
    for key, value in mapping.items():
        if key not in allowed:
            message = f"is not a valid key; allowed are {', '.join(allowed)}"
            near = get_close_matches(str(key), allowed, n=1)
            remedy = f"write {near[0]}" if near else "leave it out"
            yield _error(f"{prefix}{key}", "key-unknown", message, remedy)
        elif value is None:
            # https://github.com/cloudposse/terraform-aws-ecr/issues/158
            message = "is null, which ECR rejects"
            yield _error(f"{prefix}{key}", "key-null", message, "leave the key out")
    for key in required:
        if key not in mapping:
            yield _error(f"{prefix}{key}", "key-missing", "is missing")


def _choice_errors(path: str, value: object, allowed: Sequence[str]) -> Iterator[Diagnostic]:
    if value is not None and value not in allowed:
        options = " or ".join(map(repr, allowed))
        near = get_close_matches(str(value).lower(), {item.lower(): item for item in allowed}, n=1)
        choices = [item for item in allowed if item.lower() in near] or allowed
        remedy = f"write {' or '.join(map(json.dumps, choices))}"
        yield _error(path, "value-not-allowed", f"must be {options}, got {value!r}", remedy)


def _integer_errors(path: str, value: object) -> Iterator[Diagnostic]:
    if value is None or (isinstance(value, float) and is_unresolved(value)):
        return
    if isinstance(value, bool) or not isinstance(value, int):
        yield _error(path, "wrong-type", f"must be a whole number, got {value!r}")
    elif value < 1:
        yield _error(path, "number-too-small", f"must be at least 1, got {value}")


def _error(path: str, code: str, message: str, remedy: str = "") -> Diagnostic:
    return Diagnostic(code, message, path, remedy)


def kind_of(value: object) -> str:
    """Return the name of a JSON value's type for messages: ``a list``."""
    names = {
        list: "a list",
        dict: "an object",
        str: "text",
        type(None): "null",
        bool: "true or false",
    }
    return names.get(type(value), "a number" if isinstance(value, int | float) else repr(value))
