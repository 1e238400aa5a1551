"""Phrases that describe lifecycle rules."""

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
    """Return the effect of a rule: ``keep the newest 9 images, delete the older ones``."""
    if rule.protects:
        return f"keep every {_selection(rule, 'image')}"
    verb = "archive" if rule.action == "transition" else "delete"
    if rule.count_type == "imageCountMoreThan":
        return f"keep the newest {_count(rule)}, {verb} the older ones"
    days = "1 day" if rule.count_number == 1 else f"{_number(rule)} days"
    return f"{verb} {_selection(rule, 'images')} {days} {_SINCE[rule.count_type]}"


def _count(rule: LifecycleRule) -> str:
    if rule.count_number == 1:
        return _selection(rule, "image")
    return f"{_number(rule)} {_selection(rule, 'images')}"


def _number(rule: LifecycleRule) -> str:
    if is_unresolved(rule.count_number):
        return "(a deploy-time number of)"
    return f"{rule.count_number:,}"


def selected_in_words(rule: LifecycleRule) -> str:
    """Return the selection of a rule: ``images tagged v*``."""
    return _selection(rule, "images")


def _selection(rule: LifecycleRule, noun: str) -> str:
    if rule.storage_class == "archive":
        noun = f"archived {noun}"
    if rule.tag_status == "untagged":
        return f"untagged {noun}"
    tags = rule.tag_pattern_list or [f"{prefix}*" for prefix in rule.tag_prefix_list]
    return f"{noun} tagged {' and '.join(tags)}" if tags else noun
