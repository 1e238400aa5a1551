"""What is suspicious about a policy: each finding with what it is about and what it is not."""

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
    found = LifecyclePolicy(*rules).lint(images, now=NOW, context=Context(**context))
    return {(each.id, each.rule_priority): each for each in found}


def of_archive(**fields: Any) -> LifecycleRule:
    given = {"tag_status": "any", "count_type": "imageCountMoreThan", "count_number": 5, **fields}
    return R(storage_class="archive", **given)


@pytest.mark.parametrize(
    ("rules", "where"),
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
def test_a_policy_shows_by_itself(rules: list[LifecycleRule], where: tuple[str, int]) -> None:
    """No inventory is needed to see it."""
    assert where in lint(*rules)


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
def test_what_is_not_suspicious(rules: list[LifecycleRule], absent: str) -> None:
    """Though it looks like it."""
    assert absent not in {name for name, _ in lint(*rules)}


@pytest.mark.parametrize(
    ("pattern", "remedy"),
    [
        (".*", "'*' is the only wildcard and stands for any characters; write '*'."),
        ("v[0-9]+", "'*' is the only wildcard and stands for any characters; write 'v*'."),
        (
            r"^v\d+\.\d+$",
            "'*' is the only wildcard and stands for any characters; write 'v*'.",
        ),
        ("v{1,2}", "'*' is the only wildcard and stands for any characters; write 'v*'."),
        ("-a*", "Write the tags as they are pushed; '*' is the only wildcard."),
    ],
)
def test_what_to_write_instead_of_a_regular_expression(pattern: str, remedy: str) -> None:
    """A guess, if there is one."""
    assert remedy == lint(R.protect(pattern))["LC003", 1].remedy


def test_a_prefix_with_a_star() -> None:
    """It is taken literally, which no tag matches."""
    finding = lint(R.expire(after_days=1, tag_prefixes=["v*"]))["LC003", 1]

    assert finding.severity is Severity.ERROR
    assert finding.message == (
        "No tag can match the prefix 'v*' of rule 1, since tags hold only letters, digits, '_', "
        "'.' and '-', never '*': the rule never acts. A prefix is taken literally; write the "
        "tagPatternList ['v*']."
    )


def test_a_pull_through_cache() -> None:
    """Its images are untagged and pulled by digest; archiving them is fine."""
    for rule in (R.expire_untagged(after_days=1), R.expire(after_days=1)):
        assert lint(rule, pull_through_cache=True)["LC006", 1].severity is Severity.ERROR
        assert ("LC006", 1) not in lint(rule)
    archive = R.archive(not_pulled_for_days=30)
    assert {} == lint(archive, pull_through_cache=True, pull_time_exclusions=True)


def test_images_pulled_by_digest_look_like_a_cache() -> None:
    """But not what an index lists."""
    images = [
        image("pulled", 9, last_recorded_pull_time=ago(1)),
        image("index", 9, "v1", references=("child",)),
        image("child", 9, last_recorded_pull_time=ago(1)),
        image("other", 9),
    ]
    finding = lint(R.expire_untagged(after_days=1), images=images)["LC006", 1]

    assert finding.sentence == (
        "Rule 1 deletes untagged images, and 1 of the 2 that it selects have been pulled: by "
        "digest, as through a pull-through cache."
    )
    assert {} == lint(R.expire_untagged(after_days=1), images=images[1:])


def test_a_shield_that_matches_nothing() -> None:
    """Tags have changed, and what was protected goes."""
    images = [image("a", 400, "1.0"), image("b", 400, "1.1"), image("c", 1, "main")]
    shield, rest = R.protect("v*"), R.expire(after_days=365)
    finding = lint(shield, rest, images=images)["LC004", 1]

    assert finding.severity is Severity.ERROR
    assert finding.message == (
        "Rule 1 selects none of the 3 images, so it protects nothing, while other rules delete 2 "
        "tagged ones. Compare its patterns with the tags in use, such as main, 1.0, 1.1."
    )
    assert ("LC004", 1) not in lint(shield, rest, images=[image("a", 1, "1.0")])
    assert ("LC004", 1) not in lint(R.protect("1*"), rest, images=images)


def test_a_list_that_looks_like_or() -> None:
    """With images it is judged by them: fine if one has all tags, an error if images are lost."""
    rules = [R.keep_last(9, tag_patterns=["v*", "w*"]), R.expire(after_days=1)]

    assert lint(*rules)["LC002", 1].severity is Severity.WARNING
    lost = lint(*rules, images=[image("a", 9, "v1"), image("b", 0, "x")])
    assert lost["LC002", 1].severity is Severity.ERROR
    assert ("LC002", 1) not in lint(*rules, images=[image("a", 9, "v1", "w1")])
    kept = lint(*rules, images=[image("a", 0, "v1")])
    assert kept["LC002", 1].severity is Severity.WARNING


def test_places_that_are_taken() -> None:
    """By children, signatures, and what cosign attaches by tag; said only if something goes."""
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
    assert finding.sentence.startswith("3 of the 4 places of rule 1 are taken by")
    assert ("LC005", 1) not in lint(R.keep_last(9), images=images)
    assert ("LC005", 1) not in lint(R.keep_last(1), images=images)


def test_a_rule_whose_images_are_all_decided_before() -> None:
    """Seen only with the images."""
    rules = [R.protect("v*"), R.expire(after_days=1, tag_patterns=["*-rc"])]

    assert ("LC001", 2) not in lint(*rules)
    assert lint(*rules, images=[image("a", 9, "v1-rc")])["LC001", 2].sentence == (
        "Rule 2 does not act: the 1 images that it selects are all selected by rules before it, "
        "which alone decide."
    )


def test_a_policy_that_deletes_every_image() -> None:
    """Now, or when nothing is pushed any more."""
    rules = [R.expire(after_days=5)]

    assert lint(*rules, images=[image("a", 9)])["LC007", None].severity is Severity.ERROR
    assert lint(*rules, images=[image("a", 1)])["LC007", 1].severity is Severity.WARNING
    assert ("LC007", None) not in lint(*rules, images=[image("a", 9), archived("b", 9)])


def test_a_signature_that_goes_before_its_image() -> None:
    """It is untagged; what goes with its image is fine, and what refers to nothing here."""
    images = [
        image("image", 9, "v1"),
        image("sig", 9, subject="image"),
        image("orphan", 9, subject="elsewhere"),
    ]
    finding = lint(R.expire_untagged(after_days=1), images=images)["LC011", 1]

    assert finding.sentence.startswith("Rule 1 takes 1 signatures, SBOMs or the like from images")
    rest = R.expire(after_days=5)
    assert ("LC011", 1) not in lint(R.expire_untagged(after_days=1), rest, images=images)


def test_no_images_are_no_evidence() -> None:
    """An empty inventory shows nothing."""
    assert lint(R.keep_last(9)) == lint(R.keep_last(9), images=[])


@pytest.mark.parametrize(
    "policy", [Retention.development(), Retention.staging(), Retention.production()]
)
def test_the_ready_made_policies_are_not_suspicious(policy: LifecyclePolicy) -> None:
    """At most there is something to know."""
    assert [] == [each for each in policy.lint() if each.severity > Severity.INFO]


def test_the_worst_comes_first() -> None:
    """Then the rule that is applied first."""
    found = LifecyclePolicy(
        R.keep_last(9, tag_patterns=["a*", "b*"]), R.protect(".*"), R.keep_last(5)
    ).lint()

    assert [("LC003", 2), ("LC002", 1), ("LC005", 3)] == [
        (each.id, each.rule_priority) for each in found
    ]
