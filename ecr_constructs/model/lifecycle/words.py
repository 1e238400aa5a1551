"""Lifecycle rules in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.model.tokens import is_unresolved

if TYPE_CHECKING:
    from ecr_constructs.model.lifecycle.rule import LifecycleRule

_SINCE = {
    "sinceImagePushed": "after their push",
    "sinceImagePulled": "after their last pull",
    "sinceImageTransitioned": "after they were archived",
}


def rule_in_words(rule: LifecycleRule) -> str:
    """Say what a rule does: ``keep the newest 100 images tagged v*, delete the older ones``."""
    if rule.protects:
        return f"keep every {_selected(rule, 'image')}"
    verb = "archive" if rule.action == "transition" else "delete"
    if rule.count_type == "imageCountMoreThan":
        return f"keep the newest {_counted(rule, 'image')}, {verb} the older ones"
    days = "1 day" if rule.count_number == 1 else f"{_number(rule)} days"
    return f"{verb} {_selected(rule, 'images')} {days} {_SINCE[rule.count_type]}"


def _counted(rule: LifecycleRule, noun: str) -> str:
    one = rule.count_number == 1
    return _selected(rule, noun) if one else f"{_number(rule)} {_selected(rule, f'{noun}s')}"


def _number(rule: LifecycleRule) -> str:
    known = not is_unresolved(rule.count_number)
    return f"{rule.count_number:,}" if known else "(a deploy-time number of)"


def selected_in_words(rule: LifecycleRule) -> str:
    """Say what a rule selects: ``images tagged v*``."""
    return _selected(rule, "images")


def _selected(rule: LifecycleRule, noun: str) -> str:
    if rule.storage_class == "archive":
        noun = f"archived {noun}"
    if rule.tag_status == "untagged":
        return f"untagged {noun}"
    tags = rule.tag_pattern_list or [f"{prefix}*" for prefix in rule.tag_prefix_list]
    return f"{noun} tagged {' and '.join(tags)}" if tags else noun
