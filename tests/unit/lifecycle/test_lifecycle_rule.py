"""One lifecycle rule: the factories, the defaults, and what is refused."""

import re
from typing import Any

import pytest
from hypothesis import given

from ecr_constructs import LifecycleRule
from tests.support.strategies import rule_documents

IMAGES = {"countType": "imageCountMoreThan"}
PUSHED = {"countType": "sinceImagePushed", "countUnit": "days"}
PULLED = {"countType": "sinceImagePulled", "countUnit": "days"}
ARCHIVE = {"type": "transition", "targetStorageClass": "archive"}
EXPIRE = {"type": "expire"}
FACTORIES = {
    "expire_untagged": (
        LifecycleRule.expire_untagged(after_days=7),
        {"tagStatus": "untagged", **PUSHED, "countNumber": 7},
        EXPIRE,
    ),
    "expire": (
        LifecycleRule.expire(after_days=90),
        {"tagStatus": "any", **PUSHED, "countNumber": 90},
        EXPIRE,
    ),
    "expire by pattern": (
        LifecycleRule.expire(after_days=90, tag_patterns=["pr-*", "*-dev"]),
        {"tagStatus": "tagged", "tagPatternList": ["pr-*", "*-dev"], **PUSHED, "countNumber": 90},
        EXPIRE,
    ),
    "keep_last": (
        LifecycleRule.keep_last(100),
        {"tagStatus": "any", **IMAGES, "countNumber": 100},
        EXPIRE,
    ),
    "keep_last by prefix": (
        LifecycleRule.keep_last(1, tag_prefixes=["v"]),
        {"tagStatus": "tagged", "tagPrefixList": ["v"], **IMAGES, "countNumber": 1},
        EXPIRE,
    ),
    "protect": (
        LifecycleRule.protect("prod-*"),
        {"tagStatus": "tagged", "tagPatternList": ["prod-*"], **IMAGES, "countNumber": 999_999},
        EXPIRE,
    ),
    "archive by pull": (
        LifecycleRule.archive(not_pulled_for_days=90),
        {"tagStatus": "any", **PULLED, "countNumber": 90},
        ARCHIVE,
    ),
    "archive by push": (
        LifecycleRule.archive(after_days=30, tag_prefixes=["prod"]),
        {"tagStatus": "tagged", "tagPrefixList": ["prod"], **PUSHED, "countNumber": 30},
        ARCHIVE,
    ),
    "expire_archived": (
        LifecycleRule.expire_archived(after_days=365),
        {
            "tagStatus": "any",
            "storageClass": "archive",
            "countType": "sinceImageTransitioned",
            "countUnit": "days",
            "countNumber": 365,
        },
        EXPIRE,
    ),
}


def any_image(**fields: Any) -> LifecycleRule:
    """Return a rule for any image, with some fields changed."""
    sound = {"tag_status": "any", "count_type": "sinceImagePushed", "count_number": 90}
    return LifecycleRule(**{**sound, **fields})


@pytest.mark.parametrize(("rule", "selection", "action"), FACTORIES.values(), ids=FACTORIES)
def test_factory_writes_ecrs_json(
    rule: LifecycleRule, selection: dict[str, Any], action: dict[str, Any]
) -> None:
    """A factory writes the selection and the action that ECR documents, and nothing else."""
    assert {"selection": selection, "action": action} == rule.to_dict()


@pytest.mark.parametrize(
    "rule",
    [
        LifecycleRule.expire_untagged(after_days=1, description="why"),
        LifecycleRule.expire(after_days=1, description="why"),
        LifecycleRule.keep_last(1, description="why"),
        LifecycleRule.protect("v*", description="why"),
        LifecycleRule.archive(after_days=1, description="why"),
        LifecycleRule.expire_archived(after_days=90, description="why"),
    ],
    ids=["expire_untagged", "expire", "keep_last", "protect", "archive", "expire_archived"],
)
def test_factory_takes_a_description(rule: LifecycleRule) -> None:
    """Every factory takes a description."""
    assert rule.to_dict()["description"] == "why"


def test_keys_stand_in_ecrs_order() -> None:
    """Keys are written in the order of ECR's own examples."""
    written = any_image(rule_priority=1, description="why", action="transition").to_dict()

    assert list(written) == ["rulePriority", "description", "selection", "action"]
    assert list(written["selection"]) == ["tagStatus", "countType", "countUnit", "countNumber"]


def test_settles_what_follows() -> None:
    """The unit, the target and the standard class need not be written, or not at all."""
    rule = any_image(action="transition", storage_class="standard")

    assert (
        rule.count_unit,
        rule.target_storage_class,
        rule.storage_class,
    ) == ("days", "archive", None)


def test_lists_become_tuples() -> None:
    """A rule does not change when the list it was made of does, and it can be hashed."""
    patterns = ["v*"]
    rule = LifecycleRule.keep_last(1, tag_patterns=patterns)
    patterns.append("x*")

    assert rule.tag_pattern_list == ("v*",)
    assert {rule} == {LifecycleRule.keep_last(1, tag_patterns=("v*",))}


@pytest.mark.parametrize(
    ("rule", "protects"),
    [
        (LifecycleRule.protect("v*"), True),
        (LifecycleRule.keep_last(999_999), True),
        (LifecycleRule.keep_last(999_998), False),
        (LifecycleRule.expire(after_days=999_999), False),
    ],
)
def test_protects(rule: LifecycleRule, *, protects: bool) -> None:
    """A rule protects if it keeps more images than any repository can hold."""
    assert protects == rule.protects


@given(rule_documents())
def test_reads_back_what_it_writes(document: Any) -> None:
    """A sound rule's JSON is read and written as it is."""
    assert document == LifecycleRule.from_dict(document).to_dict()


REFUSED = {
    "a count of none": ({"count_number": 0}, "selection.countNumber must be at least 1, got 0"),
    "a negative count": ({"count_number": -3}, "selection.countNumber must be at least 1, got -3"),
    "half a day": ({"count_number": 1.5}, "selection.countNumber must be a whole number, got 1.5"),
    "days as text": ({"count_number": "7"}, "countNumber must be a whole number, got '7'"),
    "true days": ({"count_number": True}, "countNumber must be a whole number, got True"),
    "no count": ({"count_number": None}, "countNumber is null, which ECR refuses; leave the key"),
    "hours": ({"count_unit": "hours"}, "selection.countUnit must be 'days', got 'hours'"),
    "a unit for images": (
        {"count_type": "imageCountMoreThan", "count_unit": "days"},
        "selection.countUnit does not go with imageCountMoreThan; leave it out",
    ),
    "an unknown count type": (
        {"count_type": "imageAgeMoreThan"},
        "selection.countType must be 'imageCountMoreThan' or 'sinceImagePushed' or",
    ),
    "an unknown status": (
        {"tag_status": "all"},
        "selection.tagStatus must be 'tagged' or 'untagged' or 'any', got 'all'",
    ),
    "tagged without tags": (
        {"tag_status": "tagged"},
        "tagged needs exactly one of tagPatternList and tagPrefixList, got none",
    ),
    "tagged with both": (
        {"tag_status": "tagged", "tag_pattern_list": ["a"], "tag_prefix_list": ["b"]},
        "tagged needs exactly one of tagPatternList and tagPrefixList, got both",
    ),
    "any with patterns": (
        {"tag_pattern_list": ["v*"]},
        "selection.tagPatternList belongs to tagStatus tagged, not to any; leave it out",
    ),
    "untagged with prefixes": (
        {"tag_status": "untagged", "tag_prefix_list": ["v"]},
        "selection.tagPrefixList belongs to tagStatus tagged, not to untagged; leave it out",
    ),
    "patterns as one text": (
        {"tag_status": "tagged", "tag_pattern_list": "v*"},
        "tag_pattern_list must be a list of strings, got the string 'v*'; write ['v*']",
    ),
    "prefixes as one text": (
        {"tag_status": "tagged", "tag_prefix_list": "v"},
        "tag_prefix_list must be a list of strings, got the string 'v'; write ['v']",
    ),
    "five wildcards": (
        {"tag_status": "tagged", "tag_pattern_list": ["ok", "*a*b*c*d*"]},
        "selection.tagPatternList[1] may hold at most 4 '*', '*a*b*c*d*' holds 5",
    ),
    "an empty pattern": (
        {"tag_status": "tagged", "tag_pattern_list": [""]},
        "selection.tagPatternList[0] must be text of at least one character, got ''",
    ),
    "a number as prefix": (
        {"tag_status": "tagged", "tag_prefix_list": [1]},
        "selection.tagPrefixList[0] must be text of at least one character, got 1",
    ),
    "an unknown class": (
        {"storage_class": "glacier"},
        "selection.storageClass must be 'standard' or 'archive', got 'glacier'",
    ),
    "an unknown action": (
        {"action": "delete"},
        "action.type must be 'expire' or 'transition', got 'delete'",
    ),
    "a target of an expiry": (
        {"target_storage_class": "archive"},
        "action.targetStorageClass does not go with expire; leave it out",
    ),
    "an unknown target": (
        {"action": "transition", "target_storage_class": "standard"},
        "action.targetStorageClass must be 'archive', got 'standard'",
    ),
    "pulled and expired": (
        {"count_type": "sinceImagePulled"},
        "action.type sinceImagePulled can only archive; write 'transition'",
    ),
    "archived and transitioned": (
        {
            "count_type": "sinceImageTransitioned",
            "storage_class": "archive",
            "action": "transition",
        },
        "action.type sinceImageTransitioned can only 'expire'",
    ),
    "archived in the standard class": (
        {"count_type": "sinceImageTransitioned"},
        "selection.storageClass must be 'archive' with sinceImageTransitioned",
    ),
    "archived for 89 days": (
        {"count_type": "sinceImageTransitioned", "storage_class": "archive", "count_number": 89},
        "selection.countNumber must be at least 90 with sinceImageTransitioned, got 89",
    ),
    "a priority of none": ({"rule_priority": 0}, "rulePriority must be at least 1, got 0"),
    "a priority as text": ({"rule_priority": "1"}, "rulePriority must be a whole number, got '1'"),
    "a description that is none": ({"description": 7}, "description must be text, got a number"),
}


@pytest.mark.parametrize(("fields", "fault"), REFUSED.values(), ids=REFUSED)
def test_refuses(fields: dict[str, Any], fault: str) -> None:
    """A rule that ECR refuses raises an error with the place of each fault."""
    with pytest.raises(ValueError, match=re.escape(fault)):
        any_image(**fields)


def test_lists_every_fault() -> None:
    """A rule with several faults is refused with all of them and the JSON that was meant."""
    with pytest.raises(ValueError, match=re.escape("Invalid lifecycle rule (value: {")) as refusal:
        any_image(tag_status="all", count_number=0, action="delete", rule_priority=-1)

    assert str(refusal.value).count("\n  - ") == 4


@pytest.mark.parametrize(
    ("days", "got"),
    [({}, "none"), ({"not_pulled_for_days": 1, "after_days": 1}, "both")],
    ids=["none", "both"],
)
def test_archive_needs_one_age(days: dict[str, Any], got: str) -> None:
    """An archiving rule counts from the push or from the last pull, not from neither or both."""
    fault = f"archive needs exactly one of not_pulled_for_days and after_days, got {got}"
    with pytest.raises(ValueError, match=fault):
        LifecycleRule.archive(**days)
