"""Lifecycle rules in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    images, number = _selected(rule, "images"), rule.count_number
    if rule.count_type == "imageCountMoreThan":
        return f"keep the newest {number:,} {images}, {verb} the older ones"
    days = "day" if number == 1 else "days"
    return f"{verb} {images} {number} {days} {_SINCE[rule.count_type]}"


def _selected(rule: LifecycleRule, noun: str) -> str:
    if rule.storage_class == "archive":
        noun = f"archived {noun}"
    if rule.tag_status == "untagged":
        return f"untagged {noun}"
    tags = rule.tag_pattern_list or [f"{prefix}*" for prefix in rule.tag_prefix_list]
    return f"{noun} tagged {' and '.join(tags)}" if tags else noun
