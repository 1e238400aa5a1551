"""Findings about policies, each with cases in which it is and is not reported."""

from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from ecr_constructs import LifecyclePolicy, LifecycleRule, Retention
from ecr_constructs.model.lifecycle import Context, Finding, Severity
from tests.unit.lifecycle.test_lifecycle_simulate import INDEX, NOW, ago, archived, image

R, protect, keep = LifecycleRule, LifecycleRule.protect, LifecycleRule.keep_last
UNTAGGED, FIVE_DAYS = R.expire_untagged(after_days=1), R.expire(after_days=5)
OLDEST, ONE_DAY = R.expire(after_days=365), R.expire(after_days=1)
CACHE, AGED, NEW = Context(pull_through_cache=True), image("a", 9), [image("a", 0, "v1")]


def lint(rules: list[LifecycleRule], images: Any = None, context: Context | None = None) -> Any:
    """Return the findings of a policy."""
    return LifecyclePolicy(*rules).lint(images, now=NOW, context=context or Context())


def old(*patterns: str) -> LifecycleRule:
    return R.expire(after_days=9, tag_patterns=patterns)


def of_archive(**fields: Any) -> LifecycleRule:
    count = {"tag_status": "any", "count_type": "sinceImageTransitioned", "count_number": 90}
    return R(storage_class="archive", **{**count, **fields})


PULLED = image("pulled", 9, last_recorded_pull_time=ago(1))
BY_DIGEST = [
    image("index", 9, "v1", references=("child",)),
    image("child", 9, last_recorded_pull_time=ago(1)),
    image("other", 9),
]
RELEASES = [image("a", 400, "1.0"), image("b", 400, "1.1"), image("c", 1, "main")]
LIST = [keep(9, tag_patterns=["v*", "w*"]), ONE_DAY]
PLACES = [
    image("index", 1, "v2", references=("child",), media_type=INDEX),
    image("child", 1.1),
    image("sig", 1.2, subject="index"),
    image("cosign", 1.3, f"sha256-{'0' * 64}.sig"),
    image("old", 9, "v1"),
]
TAGS = [protect("v*"), R.expire(after_days=1, tag_patterns=["*-rc"])]
REFERRERS = [
    image("image", 9, "v1"),
    image("sig", 9, subject="image"),
    image("orphan", 9, subject="elsewhere"),
]
# All findings, each with its severity and the priority of its rule; rules, images, context.
CASES: dict[str, tuple[Any, ...]] = {
    "a pattern in a wider one": ("LC001 warning 2", [protect("v*"), old("v1*")]),
    "a prefix in a wider pattern": (
        "LC001 warning 2",
        [protect("v*"), R.expire(after_days=9, tag_prefixes=["v1"])],
    ),
    "a list with a pattern in a wider one": (
        "LC001 warning 2, LC002 warning 2",
        [protect("v*"), old("v1", "x")],
    ),
    "untagged and tagged before any": (
        "LC001 warning 3, LC005 note 3",
        [UNTAGGED, protect("*"), keep(9)],
    ),
    "a pattern after a narrower one": ("", [protect("v1*"), old("v*")]),
    "a pattern of another storage class": (
        "LC010 note 2",
        [protect("v*"), of_archive(tag_status="tagged", tag_pattern_list=["v1"])],
    ),
    "a pattern after one that never matches": (
        "LC003 error 1, LC003 error 2",
        [protect(".*"), old(".*")],
    ),
    "untagged and some tagged before any": ("LC005 note 3", [protect("v*"), UNTAGGED, keep(9)]),
    "a list of patterns": ("LC002 warning 1", [old("a*", "b*")]),
    "a list of prefixes": ("LC002 warning 1", [R.expire(after_days=9, tag_prefixes=["a", "b"])]),
    "a list of dependent patterns": ("", [old("a*", "ab*")]),
    "a regular expression": ("LC003 error 1", [protect(".*")]),
    "a hyphen first": ("LC003 error 1", [protect("-a*")]),
    "a class of characters": ("LC003 error 1", [protect("v[0-9]+")]),
    "an anchored regular expression": ("LC003 error 1", [protect(r"^v\d+\.\d+$")]),
    "a repetition": ("LC003 error 1", [protect("v{1,2}")]),
    "a space": ("LC003 error 1", [protect("a b")]),
    "301 characters": ("LC003 error 1", [protect("a" * 301)]),
    "a prefix with a star": ("LC003 error 1", [R.expire(after_days=1, tag_prefixes=["v*"])]),
    "all characters of tags": ("", [protect("v*.*_*-*")]),
    "a dot inside": ("", [protect("*.md")]),
    "a count of all images": ("LC005 note 1", [keep(9)]),
    "a count by tag": ("", [keep(9, tag_patterns=["v*"]), keep(999_999)]),
    "an age of all images": ("LC007 warning 1", [old()]),
    "an age of all images, and of untagged": ("LC007 warning 2", [UNTAGGED, old()]),
    "an age of all but some": ("", [protect("v*"), old()]),
    "an age of untagged images": ("", [UNTAGGED]),
    "an archiving after days": ("", [R.archive(after_days=9)]),
    "an archiving of unpulled images": ("LC008 note 1", [R.archive(not_pulled_for_days=9)]),
    "an archive that nothing fills": ("LC010 note 1", [of_archive()]),
    "an archive a rule fills": ("", [R.archive(after_days=9), R.expire_archived(after_days=90)]),
    "a cache and untagged images": ("LC006 warning 1", [UNTAGGED], None, CACHE),
    "a cache and all images": ("LC006 warning 1", [ONE_DAY], None, CACHE),
    "a cache and a count of all images": ("LC005 note 1", [keep(500)], None, CACHE),
    "a cache and archiving": ("", [R.archive(not_pulled_for_days=30)], None, CACHE),
    "images that are pulled by digest": ("LC006 warning 1", [UNTAGGED], [PULLED, *BY_DIGEST]),
    "only children are pulled by digest": ("", [UNTAGGED], BY_DIGEST),
    "a protected tag that no image has": ("LC004 error 1", [protect("v*"), OLDEST], RELEASES),
    "no image that would be deleted": ("", [protect("v*"), OLDEST], [image("a", 1, "1.0")]),
    "a protected tag that images have": ("", [protect("1*"), OLDEST], RELEASES),
    "a list that looks like or": ("LC002 warning 1", LIST),
    "a list that matches nothing, and images are lost": (
        "LC002 error 1, LC004 error 1",
        LIST,
        [image("a", 9, "v1"), image("b", 0, "x")],
    ),
    "a list that matches an image": ("LC001 warning 2", LIST, [image("a", 9, "v1", "w1")]),
    "a list that matches nothing, and nothing is lost": ("LC002 warning 1", LIST, NEW),
    "places that others take": ("LC005 warning 1", [keep(4)], PLACES),
    "places for all": ("", [keep(9)], PLACES),
    "a place for one": ("LC011 warning 1", [keep(1)], PLACES),
    "tags that do not overlap by themselves": ("", TAGS),
    "tags that overlap in all images": ("LC001 warning 2", TAGS, [image("a", 9, "v1-rc")]),
    "every image is deleted now": ("LC007 error, LC007 warning 1", [FIVE_DAYS], [AGED]),
    "every image is deleted later": ("LC007 warning 1", [FIVE_DAYS], [image("a", 1)]),
    "every image but an archived one": ("LC007 warning 1", [FIVE_DAYS], [AGED, archived("b", 9)]),
    "a signature goes before its image": ("LC011 warning 1", [UNTAGGED], REFERRERS),
    "a signature goes with its image": (
        "LC007 error, LC007 warning 2",
        [UNTAGGED, FIVE_DAYS],
        REFERRERS,
    ),
    "no images": ("LC005 note 1", [keep(9)], []),
}


def brief(findings: tuple[Finding, ...]) -> str:
    """Return the id, the severity and the rule of each finding."""
    return ", ".join(
        f"{finding.id} {finding.severity} {finding.rule_priority or ''}".rstrip()
        for finding in findings
    )


@pytest.mark.parametrize(
    ("expected", "arguments"), [(row[0], row[1:]) for row in CASES.values()], ids=CASES
)
def test_findings(expected: str, arguments: tuple[Any, ...]) -> None:
    """A policy has these findings, the most severe first, and no others."""
    assert expected == brief(lint(*arguments))


def test_messages(snapshot: SnapshotAssertion) -> None:
    """Each finding names the rule, numbers and a remedy."""
    messages = {
        name: [finding.message for finding in lint(*arguments)]
        for name, (expected, *arguments) in CASES.items()
        if expected
    }

    assert messages == snapshot


@pytest.mark.parametrize(
    "policy", [Retention.development(), Retention.staging(), Retention.production()]
)
def test_presets_have_only_notes(policy: LifecyclePolicy) -> None:
    assert {Severity.NOTE} >= {finding.severity for finding in policy.lint()}


def test_findings_are_sorted_by_severity_and_priority() -> None:
    rules = [keep(9, tag_patterns=["a*", "b*"]), protect(".*"), keep(5)]

    assert "LC003 error 2, LC002 warning 1, LC005 note 3" == brief(lint(rules))
