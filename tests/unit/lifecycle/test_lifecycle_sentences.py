"""What AWS documents about lifecycle policies, sentence by sentence.

Each sentence of docs/reference/lifecycle-sentences.md has a case here with its number, or names the
test that it has elsewhere.
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs import LifecyclePolicy
from ecr_constructs.model.lifecycle import Image, Inventory
from ecr_constructs.model.lifecycle.grammar import policy_errors

ROOT = Path(__file__).parents[3]
DOCUMENT = ROOT / "docs" / "reference" / "lifecycle-sentences.md"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAYS = {"countUnit": "days"}
AGED = {"countType": "sinceImageTransitioned", **DAYS, "countNumber": 90}


def rule(priority: int = 1, *, action: Any = "expire", **selection: Any) -> dict[str, Any]:
    """Return a rule that keeps the newest image, with other keys of its selection."""
    chosen = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1, **selection}
    written = {"type": action} if isinstance(action, str) else action
    return {
        "rulePriority": priority,
        "selection": {key: value for key, value in chosen.items() if value is not None},
        "action": written,
    }


def tagged(priority: int, *patterns: str, **selection: Any) -> dict[str, Any]:
    return rule(priority, tagStatus="tagged", tagPatternList=list(patterns), **selection)


def older(days: int) -> dict[str, Any]:
    return {"countType": "sinceImagePushed", **DAYS, "countNumber": days}


ARCHIVE = {"type": "transition", "targetStorageClass": "archive"}


def image(name: str, days: float, *tags: str, **members: Any) -> Image:
    return Image(digest=name, tags=tags, pushed_at=ago(days), **members)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def codes(*rules: Any) -> set[str]:
    """Return the codes of the errors of a policy."""
    return {error.code for error in policy_errors({"rules": list(rules)})}


def accepts(*rules: Any) -> bool:
    return not codes(*rules)


def applied(rules: list[Any], *images: Image) -> dict[str, tuple[str, int | None]]:
    """Return what happens to each image that does not stay, and by which rule."""
    policy = LifecyclePolicy.from_json(json.dumps({"rules": rules}))
    simulation = policy.simulate(Inventory(images), now=NOW)
    return {
        outcome.image.digest: (outcome.fate.value, outcome.rule_priority)
        for outcome in (*simulation.expired, *simulation.archived)
    }


def gone(rules: list[Any], *images: Image) -> set[str]:
    return set(applied(rules, *images))


# --- LifecyclePolicies --------------------------------------------------------------------------


def rules_are_evaluated_together_and_applied_by_priority() -> None:
    images = [image("a", 9, "v1"), image("b", 8, "x"), image("c", 7, "v2")]
    for listed in ([tagged(1, "v*"), rule(2)], [rule(2), tagged(1, "v*")]):
        assert applied(listed, *images) == {"a": ("expired", 1), "b": ("expired", 2)}


def one_rule_or_none_acts_on_an_image() -> None:
    rules = [tagged(1, "v*"), tagged(2, "v1"), rule(3)]
    assert applied(rules, image("a", 9, "v1"), image("b", 8, "v2")) == {"a": ("expired", 1)}


def a_lower_rule_cannot_act_on_what_a_higher_one_matches() -> None:
    rules = [tagged(1, "v*"), rule(2, **older(1))]
    assert gone(rules, image("kept", 9, "v1"), image("other", 9)) == {"other"}


def a_lower_rule_counts_what_a_higher_one_marks() -> None:
    rules = [tagged(1, "v*", **older(1)), rule(2, countNumber=2)]
    images = [image("a", 9, "x"), image("b", 3, "v1"), image("c", 2, "v2")]
    assert gone(rules, *images) == {"a", "b", "c"}


def prefixes_are_unique_in_a_storage_class() -> None:
    twice = {"tagStatus": "tagged", "tagPrefixList": ["a", "b"]}
    assert codes(rule(1, **twice), rule(2, **twice)) == {"tag-prefixes-duplicate"}
    assert accepts(rule(1, **twice), rule(2, **twice, **AGED, storageClass="archive"))


def one_rule_selects_untagged_images_of_a_storage_class() -> None:
    untagged = {"tagStatus": "untagged"}
    assert codes(rule(1, **untagged), rule(2, **untagged)) == {"untagged-duplicate"}
    assert accepts(rule(1, **untagged), rule(2, **untagged, **AGED, storageClass="archive"))


def an_index_goes_before_its_images() -> None:
    index = image("index", 1, "v1", references=("child",))
    untagged = rule(1, tagStatus="untagged", **older(1))
    assert gone([untagged], index, image("child", 9)) == set()


def a_restored_image_counts_from_its_restore() -> None:
    restored = image("a", 400, last_archived_at=ago(99), last_activated_at=ago(1))
    assert gone([rule(1, **older(30))], restored) == set()
    assert gone([rule(1)], restored, image("b", 2)) == {"b"}


def a_rule_has_patterns_or_prefixes() -> None:
    both = {"tagPatternList": ["a*"], "tagPrefixList": ["a"]}
    assert codes(rule(1, tagStatus="tagged", **both)) == {"tag-list-count"}
    assert accepts(tagged(1, "a*"), rule(2, tagStatus="tagged", tagPrefixList=["a"]))


def an_image_has_a_tag_for_each_pattern_or_prefix() -> None:
    images = [image("one", 9, "v1"), image("both", 9, "v2", "w2"), image("new", 1, "v3", "w3")]
    patterns, prefixes = tagged(1, "v*", "w*"), {"tagPrefixList": ["v", "w"]}
    assert gone([patterns], *images) == {"both"}
    assert gone([rule(1, tagStatus="tagged", **prefixes)], *images) == {"both"}


def patterns_and_prefixes_are_for_tagged_images() -> None:
    for status in ("untagged", "any"):
        for key in ("tagPatternList", "tagPrefixList"):
            assert codes(rule(1, tagStatus=status, **{key: ["a"]})) == {"key-not-applicable"}


def a_star_matches_any_characters() -> None:
    for pattern, tag, matches in (
        ("prod*", "prod", True),
        ("prod*", "prod1", True),
        ("prod*", "production-team1", True),
        ("prod*", "repo-production", False),
        ("*prod*", "repo-production", True),
        ("*prod*", "prod-team", True),
        ("*prod*", "team", False),
    ):
        assert bool(gone([tagged(1, pattern, **older(1))], image("a", 9, tag))) is matches


def a_pattern_has_four_stars_at_most() -> None:
    assert accepts(tagged(1, "*test*1*2*3", "test*1*2*3*"))
    assert codes(tagged(1, "test*1*2*3*4*5*6")) == {"tag-wildcards"}


def a_prefix_is_literal() -> None:
    prefix = {"tagStatus": "tagged", "tagPrefixList": ["prod"], **older(1)}
    assert gone([rule(1, **prefix)], image("a", 9, "prod-1"), image("b", 9, "a-prod")) == {"a"}


def a_count_is_ordered_by_push() -> None:
    assert gone([rule(1, countNumber=2)], *(image(f"{n}", n) for n in (3, 1, 4, 2))) == {"3", "4"}


def an_age_is_older_than_the_days() -> None:
    assert gone([rule(1, **older(7))], image("a", 7), image("b", 7.001)) == {"b"}


def unpulled_images_are_archived() -> None:
    unpulled = {"countType": "sinceImagePulled", **DAYS, "countNumber": 30}
    archive = rule(1, action=ARCHIVE, **unpulled)
    pulled, restored = ago(40), {"last_activated_at": ago(5), "last_archived_at": ago(20)}
    images = [
        image("pulled", 90, last_recorded_pull_time=ago(1)),
        image("idle", 90, last_recorded_pull_time=pulled),
        image("never", 31),
        image("restored", 90, last_recorded_pull_time=pulled, **restored),
    ]
    assert applied([archive], *images) == {"idle": ("archived", 1), "never": ("archived", 1)}
    assert codes(rule(1, **unpulled)) == {"action-not-allowed"}


def archived_images_go_after_their_days() -> None:
    aged = rule(1, storageClass="archive", **AGED)
    images = [
        image(f"{days}", 400, status="ARCHIVED", last_archived_at=ago(days)) for days in (90, 91)
    ]
    assert gone([aged], *images, image("active", 400)) == {"91"}
    assert codes({**aged, "action": ARCHIVE}) == {"action-not-allowed"}


def archived_images_stay_for_ninety_days() -> None:
    assert codes(rule(1, storageClass="archive", **{**AGED, "countNumber": 89})) == {
        "number-too-small"
    }


def referrers_follow_their_subject() -> None:
    signature = image("signature", 1, "sha256-a.sig", subject="a")
    assert gone([tagged(1, "v*", **older(7))], image("a", 9, "v1"), signature) == {"a", "signature"}


# --- lifecycle policy properties ----------------------------------------------------------------


def a_priority_is_a_unique_whole_number() -> None:
    assert codes({**rule(), "rulePriority": "1"}) == {"wrong-type"}
    assert codes(tagged(1, "a"), tagged(1, "b")) == {"rule-priority-duplicate"}
    assert codes({key: value for key, value in rule().items() if key != "rulePriority"}) == {
        "key-missing"
    }


def priorities_may_have_gaps() -> None:
    assert accepts(tagged(3, "a"), tagged(10, "b"), rule(99))


def any_is_last() -> None:
    assert codes(rule(1), tagged(2, "a")) == {"rule-priority-order"}


def a_description_is_optional_text() -> None:
    assert accepts({**rule(), "description": "Why"})
    assert codes({**rule(), "description": 1}) == {"wrong-type"}


def a_status_is_tagged_untagged_or_any() -> None:
    assert accepts(tagged(1, "a"), rule(2, tagStatus="untagged"), rule(3, tagStatus="any"))
    assert codes(rule(1, tagStatus="all")) == {"value-not-allowed"}
    assert codes(rule(1, tagStatus=None)) == {"key-missing"}


def tagged_needs_a_list() -> None:
    assert codes(rule(1, tagStatus="tagged")) == {"tag-list-count"}


def archive_is_for_the_time_in_the_archive() -> None:
    assert accepts(rule(1, storageClass="archive", **AGED))
    assert codes(rule(1, **AGED)) == {"storage-class-not-archive"}
    assert codes(rule(1, storageClass="standard", **AGED)) == {"storage-class-not-archive"}


def standard_is_for_all_other_counts() -> None:
    pulled = {"countType": "sinceImagePulled", **DAYS}
    for count, actions in (
        ({}, ["expire", ARCHIVE]),
        (older(1), ["expire", ARCHIVE]),
        (pulled, [ARCHIVE]),
    ):
        for action in actions:
            assert accepts(rule(1, storageClass="standard", action=action, **count))
            assert codes(rule(1, storageClass="archive", action=action, **count)) == {
                "storage-class-not-standard"
            }


def standard_is_the_default() -> None:
    archived = image("archived", 9, status="ARCHIVED", last_archived_at=ago(5))
    for storage_class in ("standard", None):
        selection = {"storageClass": storage_class, **older(1)}
        assert gone([rule(1, **selection)], image("active", 9), archived) == {"active"}


def a_count_type_is_one_of_four() -> None:
    assert codes(rule(1, countType="sinceImageCreated")) == {"value-not-allowed"}
    assert codes(rule(1, countType=None)) == {"key-missing"}


def days_are_the_unit_of_ages_only() -> None:
    assert codes(rule(1, countType="sinceImagePushed")) == {"key-missing"}
    assert codes(rule(1, countType="sinceImagePushed", countUnit="weeks")) == {"value-not-allowed"}
    assert codes(rule(1, countUnit="days")) == {"key-not-applicable"}


def a_number_is_positive() -> None:
    assert codes(rule(1, countNumber=0)) == {"number-too-small"}
    assert codes(rule(1, countNumber=1.5)) == {"wrong-type"}
    assert codes(rule(1, countNumber=None)) == {"key-missing"}


def an_action_is_expire_or_transition() -> None:
    assert accepts(rule(1, action=ARCHIVE))
    assert codes(rule(1, action="delete")) == {"value-not-allowed"}
    assert codes(rule(1, action={})) == {"key-missing"}


def a_transition_has_a_target() -> None:
    assert codes(rule(1, action="transition")) == {"key-missing"}
    assert codes(rule(1, action={**ARCHIVE, "targetStorageClass": "standard"})) == {
        "value-not-allowed"
    }


# By the number in the document.
SENTENCES: dict[str, Callable[[], None]] = {
    "L1": rules_are_evaluated_together_and_applied_by_priority,
    "L2": one_rule_or_none_acts_on_an_image,
    "L3": a_lower_rule_cannot_act_on_what_a_higher_one_matches,
    "L4": a_lower_rule_counts_what_a_higher_one_marks,
    "L5": prefixes_are_unique_in_a_storage_class,
    "L6": one_rule_selects_untagged_images_of_a_storage_class,
    "L7": an_index_goes_before_its_images,
    "L8": a_restored_image_counts_from_its_restore,
    "L9": a_rule_has_patterns_or_prefixes,
    "L10": an_image_has_a_tag_for_each_pattern_or_prefix,
    "L11": patterns_and_prefixes_are_for_tagged_images,
    "L12": a_star_matches_any_characters,
    "L13": a_pattern_has_four_stars_at_most,
    "L14": a_prefix_is_literal,
    "L15": a_count_is_ordered_by_push,
    "L16": an_age_is_older_than_the_days,
    "L17": unpulled_images_are_archived,
    "L18": archived_images_go_after_their_days,
    "L19": archived_images_stay_for_ninety_days,
    "L20": referrers_follow_their_subject,
    "P1": a_priority_is_a_unique_whole_number,
    "P2": priorities_may_have_gaps,
    "P3": any_is_last,
    "P4": a_description_is_optional_text,
    "P5": a_status_is_tagged_untagged_or_any,
    "P6": tagged_needs_a_list,
    "P7": archive_is_for_the_time_in_the_archive,
    "P8": standard_is_for_all_other_counts,
    "P9": standard_is_the_default,
    "P10": a_count_type_is_one_of_four,
    "P11": days_are_the_unit_of_ages_only,
    "P12": a_number_is_positive,
    "P13": an_action_is_expire_or_transition,
    "P14": a_transition_has_a_target,
}


@pytest.mark.parametrize("number", SENTENCES)
def test_a_sentence(number: str) -> None:
    """The model does what the sentence says."""
    SENTENCES[number]()


def rows() -> Iterator[tuple[str, str]]:
    """Yield the number and the test of each sentence of the document."""
    for line in DOCUMENT.read_text("utf-8").splitlines():
        if match := re.fullmatch(r"\| ([A-Z][0-9]+) \|.*\| ([^|]+) \|", line):
            yield match[1], match[2]


def test_every_sentence_has_a_test() -> None:
    """A case of this file, or a test elsewhere that exists."""
    listed = dict(rows())
    here = {number for number, test in listed.items() if test == "here"}

    assert here == set(SENTENCES)
    for test in set(listed.values()) - {"here"}:
        path, _, name = test.strip("`").partition("::")
        assert f"def {name}(" in (ROOT / path).read_text("utf-8"), test
