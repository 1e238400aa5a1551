"""Lifecycle rules: factories, defaults, errors and phrases."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given

from ecr_constructs import LifecycleRule
from ecr_constructs.model.lifecycle.rule import rule_in_words
from tests.support.errors import by_code, rejection_test
from tests.support.strategies import rule_documents, rules

IMAGES = {"countType": "imageCountMoreThan"}
PUSHED = {"countType": "sinceImagePushed", "countUnit": "days"}
PULLED = {"countType": "sinceImagePulled", "countUnit": "days"}
ARCHIVE = {"type": "transition", "targetStorageClass": "archive"}
EXPIRE = {"type": "expire"}
TRANSITIONED = {"countType": "sinceImageTransitioned", "countUnit": "days"}
ANY, ANY_ARCHIVED = {"tagStatus": "any"}, {"tagStatus": "any", "storageClass": "archive"}


def tagged(**tags: list[str]) -> dict[str, Any]:
    """Return the selection of tagged images."""
    return {"tagStatus": "tagged", **tags}


R = LifecycleRule
# Each rule, the selection of its tags, its count and its action.
FACTORIES: dict[str, tuple[LifecycleRule, dict[str, Any], dict[str, str], int, dict[str, str]]] = {
    "untagged": (R.expire_untagged(after_days=7), {"tagStatus": "untagged"}, PUSHED, 7, EXPIRE),
    "expire": (R.expire(after_days=90), ANY, PUSHED, 90, EXPIRE),
    "expire by pattern": (
        R.expire(after_days=90, tag_patterns=["pr-*", "*-dev"]),
        *(tagged(tagPatternList=["pr-*", "*-dev"]), PUSHED, 90, EXPIRE),
    ),
    "keep_last": (R.keep_last(100), ANY, IMAGES, 100, EXPIRE),
    "keep_last by prefix": (
        R.keep_last(1, tag_prefixes=["v"]),
        *(tagged(tagPrefixList=["v"]), IMAGES, 1, EXPIRE),
    ),
    "protect": (R.protect("v*"), tagged(tagPatternList=["v*"]), IMAGES, 999_999, EXPIRE),
    "archive by pull": (R.archive(not_pulled_for_days=90), ANY, PULLED, 90, ARCHIVE),
    "archive by push": (
        R.archive(after_days=30, tag_prefixes=["prod"]),
        *(tagged(tagPrefixList=["prod"]), PUSHED, 30, ARCHIVE),
    ),
    "archived": (R.expire_archived(after_days=365), ANY_ARCHIVED, TRANSITIONED, 365, EXPIRE),
}


def any_image(**fields: Any) -> LifecycleRule:
    """Return a rule for any image, with some fields changed."""
    valid = {"tag_status": "any", "count_type": "sinceImagePushed", "count_number": 90}
    return LifecycleRule(**{**valid, **fields})


@pytest.mark.parametrize(
    ("rule", "selection", "count", "number", "action"), FACTORIES.values(), ids=FACTORIES
)
def test_factory_creates_ecrs_json(
    rule: LifecycleRule,
    selection: dict[str, Any],
    count: dict[str, str],
    number: int,
    action: dict[str, str],
) -> None:
    """A factory creates exactly the selection and the action that ECR documents."""
    written = {"selection": {**selection, **count, "countNumber": number}, "action": action}

    assert written == rule.to_dict()


@pytest.mark.parametrize(
    "make",
    [
        partial(R.expire_untagged, after_days=1),
        partial(R.expire, after_days=1),
        partial(R.keep_last, 1),
        partial(R.protect, "v*"),
        partial(R.archive, after_days=1),
        partial(R.expire_archived, after_days=90),
    ],
    ids=["expire_untagged", "expire", "keep_last", "protect", "archive", "expire_archived"],
)
def test_factory_takes_a_description(make: Callable[..., LifecycleRule]) -> None:
    assert make(description="why").to_dict()["description"] == "why"


def test_keys_have_ecrs_order() -> None:
    """Keys are written in the order of ECR's own examples."""
    written = any_image(rule_priority=1, description="why", action="transition").to_dict()

    assert list(written) == ["rulePriority", "description", "selection", "action"]
    assert list(written["selection"]) == ["tagStatus", "countType", "countUnit", "countNumber"]


def test_fills_in_defaults() -> None:
    """The unit and the target have defaults; the standard class is omitted."""
    rule = any_image(action="transition", storage_class="standard")

    assert ("days", "archive") == (rule.count_unit, rule.target_storage_class)
    assert rule.storage_class is None


def test_lists_become_tuples() -> None:
    """A rule is hashable and independent of the lists it was created from."""
    patterns = ["v*"]
    rule = R.keep_last(1, tag_patterns=patterns)
    patterns.append("x*")

    assert rule.tag_pattern_list == ("v*",)
    assert {rule} == {R.keep_last(1, tag_patterns=("v*",))}


@pytest.mark.parametrize(
    ("rule", "protects"),
    [
        (R.protect("v*"), True),
        (R.keep_last(999_999), True),
        (R.keep_last(999_998), False),
        (R.expire(after_days=999_999), False),
    ],
)
def test_protects(rule: LifecycleRule, *, protects: bool) -> None:
    """A rule protects if it keeps more images than a repository can hold."""
    assert protects == rule.protects


@given(rule_documents())
def test_reads_back_what_it_writes(document: Any) -> None:
    assert document == R.from_dict(document).to_dict()


ARCHIVED = {"count_type": "sinceImageTransitioned", "storage_class": "archive"}


REJECTED = by_code(
    {
        "selection.countNumber: number-too-small": {
            "a count of 0": {"count_number": 0},
            "a negative count": {"count_number": -3},
            "archived for 89 days": {**ARCHIVED, "count_number": 89},
        },
        "selection.countNumber: wrong-type": {
            "half a day": {"count_number": 1.5},
            "days as text": {"count_number": "7"},
            "true days": {"count_number": True},
        },
        "selection.countNumber: key-null": {"no count": {"count_number": None}},
        "selection.countUnit: value-not-allowed": {"hours": {"count_unit": "hours"}},
        "selection.countUnit: key-not-applicable": {
            "a unit for images": {"count_type": "imageCountMoreThan", "count_unit": "days"}
        },
        "selection.countType: value-not-allowed": {
            "an unknown count type": {"count_type": "imageAgeMoreThan"}
        },
        "selection.tagStatus: value-not-allowed": {"an unknown status": {"tag_status": "all"}},
        "selection.tagStatus: tag-list-count": {
            "tagged without tags": {"tag_status": "tagged"},
            "both": {"tag_status": "tagged", "tag_pattern_list": ["a"], "tag_prefix_list": ["b"]},
        },
        "selection.tagPatternList: key-not-applicable": {
            "any with patterns": {"tag_pattern_list": ["v*"]}
        },
        "selection.tagPrefixList: key-not-applicable": {
            "untagged with prefixes": {"tag_status": "untagged", "tag_prefix_list": ["v"]}
        },
        "tag_pattern_list: list-is-string": {
            "patterns as one text": {"tag_status": "tagged", "tag_pattern_list": "v*"}
        },
        "tag_prefix_list: list-is-string": {
            "prefixes as one text": {"tag_status": "tagged", "tag_prefix_list": "v"}
        },
        "selection.tagPatternList[1]: tag-wildcards": {
            "five wildcards": {"tag_status": "tagged", "tag_pattern_list": ["ok", "*a*b*c*d*"]}
        },
        "selection.tagPatternList[0]: tag-empty": {
            "an empty pattern": {"tag_status": "tagged", "tag_pattern_list": [""]}
        },
        "selection.tagPrefixList[0]: tag-empty": {
            "a number as prefix": {"tag_status": "tagged", "tag_prefix_list": [1]}
        },
        "selection.storageClass: value-not-allowed": {
            "an unknown class": {"storage_class": "glacier"}
        },
        "action.type: value-not-allowed": {"an unknown action": {"action": "delete"}},
        "action.targetStorageClass: key-not-applicable": {
            "a target of an expiry": {"target_storage_class": "archive"}
        },
        "action.targetStorageClass: value-not-allowed": {
            "an unknown target": {"action": "transition", "target_storage_class": "standard"}
        },
        "action.type: action-not-allowed": {
            "pulled and expired": {"count_type": "sinceImagePulled"},
            "archived and transitioned": {**ARCHIVED, "action": "transition"},
        },
        "selection.storageClass: storage-class-not-archive": {
            "archived in the standard class": {"count_type": "sinceImageTransitioned"}
        },
        "rulePriority: number-too-small": {"a priority of 0": {"rule_priority": 0}},
        "rulePriority: wrong-type": {"a priority as text": {"rule_priority": "1"}},
        "description: wrong-type": {"a description that is not text": {"description": 7}},
    }
) | {
    "several problems": (
        {"tag_status": "all", "count_number": 0, "action": "delete", "rule_priority": -1},
        "rulePriority: number-too-small",
        "selection.tagStatus: value-not-allowed",
        "selection.countNumber: number-too-small",
        "action.type: value-not-allowed",
    )
}
test_rejects = rejection_test(lambda fields: any_image(**fields), REJECTED)


AGES = by_code({"archive-age-count": [{}, {"not_pulled_for_days": 1, "after_days": 1}]})
test_archive_needs_one_age = rejection_test(lambda days: R.archive(**days), AGES)


# --- phrases ------------------------------------------------------------------------------------

PHRASES = [
    (R.expire_untagged(after_days=1), "delete untagged images 1 day after their push"),
    (R.expire(after_days=90), "delete images 90 days after their push"),
    (
        R.expire(after_days=3, tag_patterns=["pr-*", "*-dev"]),
        "delete images tagged pr-* and *-dev 3 days after their push",
    ),
    (R.keep_last(1000), "keep the newest 1,000 images, delete the older ones"),
    (
        R.keep_last(5, tag_prefixes=["v"]),
        "keep the newest 5 images tagged v*, delete the older ones",
    ),
    (R.protect("prod-*"), "keep every image tagged prod-*"),
    (R.keep_last(999_999), "keep every image"),
    (R.archive(not_pulled_for_days=90), "archive images 90 days after their last pull"),
    (
        any_image(tag_status="untagged", count_type="imageCountMoreThan", action="transition"),
        "keep the newest 90 untagged images, archive the older ones",
    ),
    (R.expire_archived(after_days=365), "delete archived images 365 days after they were archived"),
]


@pytest.mark.parametrize(("rule", "phrase"), PHRASES, ids=[phrase for _, phrase in PHRASES])
def test_describes_a_rule(rule: LifecycleRule, phrase: str) -> None:
    assert phrase == rule_in_words(rule)


@given(rules())
def test_every_rule_has_a_phrase(rule: LifecycleRule) -> None:
    """The phrase contains the rule's number, unless the rule keeps every image."""
    phrase = rule_in_words(rule)

    assert phrase.startswith(("keep ", "delete ", "archive "))
    in_phrase = rule.count_number == 1 or str(rule.count_number) in phrase.replace(",", "")
    assert rule.protects or in_phrase


def test_a_deploy_time_count_in_words() -> None:
    """The phrase does not show CDK's mark of a number."""
    rule = R.keep_last(-1.8881545897087505e289)  # type: ignore[arg-type]

    phrase = rule_in_words(rule)
    assert phrase.startswith("keep the newest ")
    assert "e289" not in phrase
