"""Findings about policies, each with cases in which it is and is not reported."""

from typing import Any

import pytest

from ecr_constructs import LifecyclePolicy, LifecycleRule, Retention
from ecr_constructs.model.lifecycle import Context, Finding, Image, Severity
from tests.unit.lifecycle.test_lifecycle_simulate import INDEX, NOW, ago, archived, image

R = LifecycleRule


def lint(
    *rules: LifecycleRule, images: list[Image] | None = None, **context: bool
) -> dict[tuple[str, int | None], Finding]:
    """Return the findings by id and rule."""
    findings = LifecyclePolicy(*rules).lint(images, now=NOW, context=Context(**context))
    return {(finding.id, finding.rule_priority): finding for finding in findings}


def of_archive(**fields: Any) -> LifecycleRule:
    count = {"tag_status": "any", "count_type": "imageCountMoreThan", "count_number": 5}
    return R(storage_class="archive", **{**count, **fields})


@pytest.mark.parametrize(
    ("rules", "finding"),
    [
        ([R.protect("v*"), R.expire(after_days=9, tag_patterns=["v1*"])], ("LC001", 2)),
        ([R.protect("v*"), R.expire(after_days=9, tag_prefixes=["v1"])], ("LC001", 2)),
        ([R.protect("v*"), R.expire(after_days=9, tag_patterns=["v1", "x"])], ("LC001", 2)),
        ([R.expire_untagged(after_days=1), R.protect("*"), R.keep_last(9)], ("LC001", 3)),
        ([R.expire(after_days=9, tag_patterns=["a*", "b*"])], ("LC002", 1)),
        ([R.expire(after_days=9, tag_prefixes=["a", "b"])], ("LC002", 1)),
        ([R.protect(".*")], ("LC003", 1)),
        ([R.protect("-a*")], ("LC003", 1)),
        ([R.protect("v[0-9]+")], ("LC003", 1)),
        ([R.protect("a b")], ("LC003", 1)),
        ([R.protect("a" * 301)], ("LC003", 1)),
        ([R.expire(after_days=1, tag_prefixes=["v*"])], ("LC003", 1)),
        ([R.keep_last(9)], ("LC005", 1)),
        ([R.expire(after_days=9)], ("LC007", 1)),
        ([R.expire_untagged(after_days=1), R.expire(after_days=9)], ("LC007", 2)),
        ([R.archive(not_pulled_for_days=9)], ("LC008", 1)),
        ([of_archive(action="transition")], ("LC009", 1)),
        ([of_archive()], ("LC010", 1)),
    ],
)
def test_reported_without_an_inventory(
    rules: list[LifecycleRule], finding: tuple[str, int]
) -> None:
    assert finding in lint(*rules)


@pytest.mark.parametrize(
    ("rules", "absent"),
    [
        ([R.protect("v1*"), R.expire(after_days=9, tag_patterns=["v*"])], "LC001"),
        ([R.protect("v*"), of_archive(tag_status="tagged", tag_pattern_list=["v1"])], "LC001"),
        ([R.protect(".*"), R.expire(after_days=9, tag_patterns=[".*"])], "LC001"),
        ([R.protect("v*"), R.expire_untagged(after_days=1), R.keep_last(9)], "LC001"),
        ([R.expire(after_days=9, tag_patterns=["a*", "ab*"])], "LC002"),
        ([R.protect("v*.*_*-*")], "LC003"),
        ([R.protect("*.md")], "LC003"),
        ([R.keep_last(9, tag_patterns=["v*"]), R.keep_last(999_999)], "LC005"),
        ([R.protect("v*"), R.expire(after_days=9)], "LC007"),
        ([R.expire_untagged(after_days=9)], "LC007"),
        ([R.archive(after_days=9)], "LC007"),
        ([R.archive(after_days=9)], "LC008"),
        ([R.archive(after_days=9), R.expire_archived(after_days=90)], "LC010"),
    ],
)
def test_not_reported(rules: list[LifecycleRule], absent: str) -> None:
    assert absent not in {name for name, _ in lint(*rules)}


@pytest.mark.parametrize(
    ("pattern", "remedy"),
    [
        (".*", "write '*'."),
        ("v[0-9]+", "write 'v*'."),
        (r"^v\d+\.\d+$", "write 'v*'."),
        ("v{1,2}", "write 'v*'."),
        ("-a*", "Write the tags as they are pushed; '*' is the only wildcard."),
    ],
)
def test_suggestion_for_a_regular_expression(pattern: str, remedy: str) -> None:
    assert lint(R.protect(pattern))["LC003", 1].remedy.endswith(remedy)


def test_a_prefix_with_a_star() -> None:
    """It is literal, so that no tag matches it."""
    finding = lint(R.expire(after_days=1, tag_prefixes=["v*"]))["LC003", 1]

    assert finding.severity is Severity.ERROR
    assert "the prefix 'v*' of rule 1" in finding.message
    assert finding.message.endswith("write the tagPatternList ['v*'].")


def test_a_pull_through_cache() -> None:
    """Images that are pulled by digest are untagged; archiving them is no problem."""
    for rule in (R.expire_untagged(after_days=1), R.expire(after_days=1)):
        assert lint(rule, pull_through_cache=True)["LC006", 1].severity is Severity.ERROR
        assert ("LC006", 1) not in lint(rule)
    archive = R.archive(not_pulled_for_days=30)
    assert {} == lint(archive, pull_through_cache=True, pull_time_exclusions=True)


def test_images_pulled_by_digest_look_like_a_cache() -> None:
    """The children of indexes do not."""
    images = [
        image("pulled", 9, last_recorded_pull_time=ago(1)),
        image("index", 9, "v1", references=("child",)),
        image("child", 9, last_recorded_pull_time=ago(1)),
        image("other", 9),
    ]
    finding = lint(R.expire_untagged(after_days=1), images=images)["LC006", 1]

    assert finding.severity is Severity.WARNING
    assert "1 of the 2" in finding.sentence
    assert {} == lint(R.expire_untagged(after_days=1), images=images[1:])


def test_a_protecting_rule_without_images() -> None:
    """The tags have changed, so that images that were protected are deleted."""
    images = [image("a", 400, "1.0"), image("b", 400, "1.1"), image("c", 1, "main")]
    protect, rest = R.protect("v*"), R.expire(after_days=365)
    finding = lint(protect, rest, images=images)["LC004", 1]

    assert finding.severity is Severity.ERROR
    assert "none of the 3 images" in finding.sentence
    assert "delete 2 tagged ones" in finding.sentence
    assert finding.remedy.endswith("such as main, 1.0, 1.1.")
    assert ("LC004", 1) not in lint(protect, rest, images=[image("a", 1, "1.0")])
    assert ("LC004", 1) not in lint(R.protect("1*"), rest, images=images)


def test_a_list_that_looks_like_or() -> None:
    """It is no finding if an image has all tags, and an error if images are lost."""
    rules = [R.keep_last(9, tag_patterns=["v*", "w*"]), R.expire(after_days=1)]

    assert lint(*rules)["LC002", 1].severity is Severity.WARNING
    lost = lint(*rules, images=[image("a", 9, "v1"), image("b", 0, "x")])
    assert lost["LC002", 1].severity is Severity.ERROR
    assert ("LC002", 1) not in lint(*rules, images=[image("a", 9, "v1", "w1")])
    kept = lint(*rules, images=[image("a", 0, "v1")])
    assert kept["LC002", 1].severity is Severity.WARNING


def test_places_taken_by_children_and_referrers() -> None:
    """They are counted, with those that cosign attaches by tag, if the rule marks an image."""
    attached = f"sha256-{'0' * 64}.sig"
    images = [
        image("index", 1, "v2", references=("child",), media_type=INDEX),
        image("child", 1.1),
        image("sig", 1.2, subject="index"),
        image("cosign", 1.3, attached),
        image("old", 9, "v1"),
    ]
    finding = lint(R.keep_last(4), images=images)["LC005", 1]

    assert finding.severity is Severity.WARNING
    assert "3 of the 4 places" in finding.sentence
    assert ("LC005", 1) not in lint(R.keep_last(9), images=images)
    assert ("LC005", 1) not in lint(R.keep_last(1), images=images)


def test_a_rule_that_is_shadowed_by_tags() -> None:
    """Only the images show it: earlier rules select all that have its tags."""
    rules = [R.protect("v*"), R.expire(after_days=1, tag_patterns=["*-rc"])]

    assert ("LC001", 2) not in lint(*rules)
    assert lint(*rules, images=[image("a", 9, "v1-rc")])["LC001", 2].severity is (Severity.WARNING)


def test_a_policy_that_deletes_every_image() -> None:
    """It is an error if it does now, and a warning if it does without further pushes."""
    rules = [R.expire(after_days=5)]

    assert lint(*rules, images=[image("a", 9)])["LC007", None].severity is Severity.ERROR
    assert lint(*rules, images=[image("a", 1)])["LC007", 1].severity is Severity.WARNING
    assert ("LC007", None) not in lint(*rules, images=[image("a", 9), archived("b", 9)])


def test_a_signature_that_is_deleted_before_its_image() -> None:
    """Referrers of deleted images, or of images outside the inventory, are no finding."""
    images = [
        image("image", 9, "v1"),
        image("sig", 9, subject="image"),
        image("orphan", 9, subject="elsewhere"),
    ]
    finding = lint(R.expire_untagged(after_days=1), images=images)["LC011", 1]

    assert "removes 1 signatures" in finding.sentence
    rest = R.expire(after_days=5)
    assert ("LC011", 1) not in lint(R.expire_untagged(after_days=1), rest, images=images)


def test_an_empty_inventory_changes_nothing() -> None:
    assert lint(R.keep_last(9)) == lint(R.keep_last(9), images=[])


@pytest.mark.parametrize(
    "policy", [Retention.development(), Retention.staging(), Retention.production()]
)
def test_presets_have_only_notes(policy: LifecyclePolicy) -> None:
    assert {Severity.NOTE} >= {finding.severity for finding in policy.lint()}


def test_findings_are_sorted_by_severity_and_priority() -> None:
    findings = LifecyclePolicy(
        R.keep_last(9, tag_patterns=["a*", "b*"]), R.protect(".*"), R.keep_last(5)
    ).lint()

    assert [("LC003", 2), ("LC002", 1), ("LC005", 3)] == [
        (finding.id, finding.rule_priority) for finding in findings
    ]
