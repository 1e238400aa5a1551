"""What ECR accepts as one lifecycle rule, judged on the rule's own JSON.

Everything that can be wrong is said at once, each fault with the place it is at. The source is
https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html unless a
line names another.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ecr_constructs.model.tokens import is_unresolved

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


class Fault(NamedTuple):
    """One thing that ECR refuses in a policy.

    Attributes:
        where: The place in the document: ``rules[0].selection.countNumber``.
        what: A sentence without its subject: ``must be at least 1, got 0``.
    """

    where: str
    what: str

    def __str__(self) -> str:
        """Join place and sentence; a fault of the whole has no place."""
        return f"{self.where} {self.what}" if self.where else self.what


def rule_errors(rule: object, where: str = "") -> Iterator[Fault]:
    """Yield every fault of one rule, as far as it can be judged alone.

    Args:
        rule: The rule's JSON.
        where: The rule's place in its document. Default: the rule is the document.
    """
    if not isinstance(rule, Mapping):
        yield Fault(where, f"must be a JSON object, got {kind_of(rule)}")
        return
    inside = f"{where}." if where else ""
    yield from key_errors(inside, rule, _RULE_KEYS, required=("selection", "action"))
    yield from _integer_errors(f"{inside}rulePriority", rule.get("rulePriority", 1))
    if is_unresolved(rule.get("rulePriority")):
        yield Fault(
            f"{inside}rulePriority", "puts the rules in order; it cannot wait for the deploy"
        )
    description = rule.get("description", "")
    if not isinstance(description, str):
        yield Fault(f"{inside}description", f"must be text, got {kind_of(description)}")
    selection, action = rule.get("selection"), rule.get("action")
    for name, part in (("selection", selection), ("action", action)):
        if part is not None and not isinstance(part, Mapping):
            yield Fault(f"{inside}{name}", f"must be a JSON object, got {kind_of(part)}")
    if isinstance(selection, Mapping):
        yield from _selection_errors(f"{inside}selection.", selection)
    if isinstance(action, Mapping):
        yield from _action_errors(f"{inside}action.", action)
    if isinstance(selection, Mapping) and isinstance(action, Mapping):
        yield from _pairing_errors(inside, selection, action)


def _selection_errors(inside: str, selection: Mapping[str, Any]) -> Iterator[Fault]:
    required = ("tagStatus", "countType", "countNumber")
    yield from key_errors(inside, selection, _SELECTION_KEYS, required=required)
    yield from _choice_errors(f"{inside}tagStatus", selection.get("tagStatus"), TAG_STATUSES)
    yield from _choice_errors(f"{inside}countType", selection.get("countType"), COUNT_TYPES)
    yield from _tag_list_errors(inside, selection)
    yield from _storage_class_errors(inside, selection)
    yield from _count_errors(inside, selection)


def _tag_list_errors(inside: str, selection: Mapping[str, Any]) -> Iterator[Fault]:
    lists = [key for key in ("tagPatternList", "tagPrefixList") if selection.get(key) is not None]
    status = selection.get("tagStatus")
    if status == "tagged" and len(lists) != 1:
        found = "both" if lists else "none"
        yield Fault(
            f"{inside}tagStatus",
            f"tagged needs exactly one of tagPatternList and tagPrefixList, got {found}",
        )
    elif status in ("untagged", "any") and lists:
        yield Fault(
            f"{inside}{lists[0]}",
            f"belongs to tagStatus tagged, not to {status}; leave it out",
        )
    for key in lists:
        tags = selection[key]
        if not isinstance(tags, list | tuple) or not tags:
            yield Fault(f"{inside}{key}", f"must be a list of at least one text, got {tags!r}")
            continue
        for index, tag in enumerate(tags):
            at = f"{inside}{key}[{index}]"
            if not isinstance(tag, str) or not tag:
                yield Fault(at, f"must be text of at least one character, got {tag!r}")
            elif key == "tagPatternList" and tag.count("*") > MAX_WILDCARDS:
                yield Fault(
                    at, f"may hold at most {MAX_WILDCARDS} '*', {tag!r} holds {tag.count('*')}"
                )


def _storage_class_errors(inside: str, selection: Mapping[str, Any]) -> Iterator[Fault]:
    storage_class = selection.get("storageClass")
    yield from _choice_errors(f"{inside}storageClass", storage_class, STORAGE_CLASSES)
    if storage_class == "standard":
        # https://github.com/cloudposse/terraform-aws-ecr/issues/159
        yield Fault(
            f"{inside}storageClass",
            "'standard' is what its absence means and is refused when written; leave it out",
        )


def _count_errors(inside: str, selection: Mapping[str, Any]) -> Iterator[Fault]:
    count_type, unit = selection.get("countType"), selection.get("countUnit")
    if "countNumber" in selection:
        yield from _integer_errors(f"{inside}countNumber", selection["countNumber"])
    if count_type == "imageCountMoreThan":
        if unit is not None:
            yield Fault(f"{inside}countUnit", "does not go with imageCountMoreThan; leave it out")
    elif count_type in COUNT_TYPES and unit is None:
        yield Fault(f"{inside}countUnit", f"is missing; {count_type} counts in 'days'")
    elif unit is not None:
        yield from _choice_errors(f"{inside}countUnit", unit, ("days",))


def _action_errors(inside: str, action: Mapping[str, Any]) -> Iterator[Fault]:
    yield from key_errors(inside, action, _ACTION_KEYS, required=("type",))
    kind, target = action.get("type"), action.get("targetStorageClass")
    yield from _choice_errors(f"{inside}type", kind, ACTIONS)
    yield from _choice_errors(f"{inside}targetStorageClass", target, ("archive",))
    if kind == "transition" and "targetStorageClass" not in action:
        yield Fault(f"{inside}targetStorageClass", "is missing; a transition goes to 'archive'")
    if kind == "expire" and target is not None:
        yield Fault(f"{inside}targetStorageClass", "does not go with expire; leave it out")


def _pairing_errors(
    inside: str, selection: Mapping[str, Any], action: Mapping[str, Any]
) -> Iterator[Fault]:
    count_type, kind = selection.get("countType"), action.get("type")
    if count_type == "sinceImagePulled" and kind == "expire":
        # https://github.com/aws/containers-roadmap/issues/2728
        yield Fault(
            f"{inside}action.type",
            "sinceImagePulled can only archive; write 'transition', and expire what has been "
            "archived long enough with a sinceImageTransitioned rule",
        )
    if count_type != "sinceImageTransitioned":
        return
    if kind == "transition":
        yield Fault(f"{inside}action.type", "sinceImageTransitioned can only 'expire'")
    if selection.get("storageClass") != "archive":
        yield Fault(
            f"{inside}selection.storageClass", "must be 'archive' with sinceImageTransitioned"
        )
    days = selection.get("countNumber")
    if isinstance(days, int) and 1 <= days < MIN_DAYS_IN_ARCHIVE:
        yield Fault(
            f"{inside}selection.countNumber",
            f"must be at least {MIN_DAYS_IN_ARCHIVE} with sinceImageTransitioned, got {days}",
        )


def key_errors(
    inside: str, mapping: Mapping[str, Any], known: Sequence[str], *, required: Sequence[str]
) -> Iterator[Fault]:
    """Yield a fault for each key that is unknown, null or missing."""
    for key, value in mapping.items():
        if key not in known:
            yield Fault(f"{inside}{key}", f"is not known here; allowed are {', '.join(known)}")
        elif value is None:
            # https://github.com/cloudposse/terraform-aws-ecr/issues/158
            yield Fault(f"{inside}{key}", "is null, which ECR refuses; leave the key out")
    for key in required:
        if key not in mapping:
            yield Fault(f"{inside}{key}", "is missing")


def _choice_errors(where: str, value: object, allowed: Sequence[str]) -> Iterator[Fault]:
    if value is not None and value not in allowed:
        options = " or ".join(map(repr, allowed))
        yield Fault(where, f"must be {options}, got {value!r}")


def _integer_errors(where: str, value: object) -> Iterator[Fault]:
    if value is None or (isinstance(value, float) and is_unresolved(value)):
        return
    if isinstance(value, bool) or not isinstance(value, int):
        yield Fault(where, f"must be a whole number, got {value!r}")
    elif value < 1:
        yield Fault(where, f"must be at least 1, got {value}")


def kind_of(value: object) -> str:
    """Name a JSON value's type in words."""
    names = {list: "a list", str: "text", type(None): "null", bool: "true or false"}
    return names.get(type(value), "a number" if isinstance(value, int | float) else repr(value))
