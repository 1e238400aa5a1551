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


def pulled(days: float) -> dict[str, Any]:
    return {"last_recorded_pull_time": ago(days)}


def builds(pushed: float, last_pulled: float | None, *tags: str) -> Any:
    pulls = {} if last_pulled is None else pulled(last_pulled)
    return image(f"build-{pushed}", pushed, *tags, **pulls)


NEWER = image("newer", 1, "v9")
AGES = R.expire(after_days=3650, tag_patterns=["v*"])
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
    "images that are pulled by digest": (
        "LC012 error 1, LC006 warning 1, LC014 note",
        [UNTAGGED],
        [PULLED, *BY_DIGEST],
    ),
    "only children are pulled by digest": ("LC014 note", [UNTAGGED], BY_DIGEST),
    # `latest` moves with each push: an image was pulled by the tag before the next push.
    "pulls by a tag that has moved since": (
        "LC014 note",
        [UNTAGGED],
        [builds(40, 39), builds(30, 20), builds(20, None), builds(10, 1, "latest")],
    ),
    "a pull after the tag has moved": (
        "LC006 warning 1, LC014 note",
        [UNTAGGED],
        [builds(40, 29), builds(30, 20), builds(10, 1, "latest")],
    ),
    # The push of either image with a tag may have moved the tag.
    "two tags that move": (
        "LC014 note",
        [UNTAGGED],
        [builds(40, 29), builds(30, None, "web"), builds(10, None, "api")],
    ),
    "two tags that move, and a pull after both": (
        "LC006 warning 1, LC014 note",
        [UNTAGGED],
        [builds(40, 9), builds(30, None, "web"), builds(10, None, "api")],
    ),
    "a repository without tags": ("LC007 error, LC006 warning 1", [UNTAGGED], [builds(40, 20)]),
    # An index and a signature are not later images of their own children and subjects.
    "pulled by digest, and an index of its own": (
        "LC012 error 1, LC006 warning 1, LC014 note",
        [UNTAGGED],
        [
            image("child", 40.1, last_recorded_pull_time=ago(2)),
            image("index", 40, references=("child",), last_recorded_pull_time=ago(2)),
            image("signature", 39, subject="index", last_recorded_pull_time=ago(2)),
            builds(10, None, "latest"),
        ],
    ),
    "pulled lately": ("LC012 error 1", [old("v*")], [image("a", 20, "v1", **pulled(7)), NEWER]),
    "pulled a while ago": ("", [old("v*")], [image("a", 20, "v1", **pulled(7.1)), NEWER]),
    "pulled lately, perhaps by a tag that has moved": (
        "LC012 warning 1, LC014 note",
        [UNTAGGED],
        [builds(9, 3), builds(2, None, "latest")],
    ),
    "some by a tag that has moved": (
        "LC012 error 1, LC006 warning 1, LC012 warning 1, LC014 note",
        [UNTAGGED],
        [builds(12, 8), builds(9, 3), builds(20, 1), builds(2, None, "latest")],
    ),
    "archived although pulled lately": (
        "LC012 warning 1, LC014 note 1",
        [R.archive(after_days=5)],
        [image("a", 9, "v1", **pulled(1))],
    ),
    "archived by the age of the pull": (
        "LC008 note 1, LC014 note 1",
        [R.archive(not_pulled_for_days=2)],
        [image("a", 9, "v1", **pulled(3))],
    ),
    "many that were pulled lately": (
        "LC007 error, LC012 error 1",
        [old("v*")],
        [image(str(number), 20, f"v{number}", **pulled(number / 10)) for number in range(5)],
    ),
    "a protected tag that no image has": ("LC004 error 1", [protect("v*"), OLDEST], RELEASES),
    "no image that would be deleted": (
        "LC013 note 1",
        [protect("v*"), OLDEST],
        [image("a", 1, "1.0")],
    ),
    # A rule that keeps by a long age protects as a count does.
    "a long age that no image has": ("LC004 error 1, LC007 warning 2", [AGES, OLDEST], RELEASES),
    "a long age before a count": ("LC004 error 1", [AGES, keep(1)], RELEASES),
    "a list with a long age": (
        "LC002 error 1, LC004 error 1, LC007 warning 2",
        [R.expire(after_days=3650, tag_patterns=["v*", "main"]), R.expire(after_days=60)],
        [image("a", 90, "v1"), image("b", 80, "main"), image("c", 1, "x")],
    ),
    "a list that is said not to name what is lost": (
        "LC004 error 1, LC002 warning 1, LC007 warning 2",
        [R.expire(after_days=3650, tag_patterns=["v*", "main"]), R.expire(after_days=60)],
        [image("a", 90, "w1"), image("c", 1, "x")],
    ),
    "a list that one image has, and others are lost": (
        "LC002 warning 1, LC007 warning 2",
        [R.expire(after_days=3650, tag_patterns=["v*", "main"]), R.expire(after_days=60)],
        [image("a", 90, "v1"), image("b", 80, "v2", "main"), image("c", 1, "x")],
    ),
    "a list that is older than what is lost": (
        "LC002 warning 1, LC007 warning 2",
        [R.expire(after_days=70, tag_patterns=["v*", "main"]), R.expire(after_days=60)],
        [image("a", 90, "v1"), image("c", 1, "x")],
    ),
    # A short age cleans up.
    "a short age before a count": (
        "LC013 warning 1",
        [R.expire(after_days=14, tag_patterns=["pr-*"]), keep(1)],
        [image("a", 9, "main-1"), image("b", 1, "main-2")],
    ),
    "a shorter age": (
        "LC013 warning 1, LC007 warning 2",
        [R.expire(after_days=14, tag_patterns=["pr-*"]), R.expire(after_days=60)],
        [image("a", 90, "main-1"), image("b", 1, "main-2")],
    ),
    "a shield after the rule that deletes": (
        "LC001 warning 3, LC013 note 2",
        [old("main-*"), protect("v*"), keep(99)],
        [image("a", 90, "main-1"), image("b", 1, "main-2")],
    ),
    "a rule that selects nothing": (
        "LC013 warning 1, LC014 note, LC013 note 2",
        [old("efcms-*"), UNTAGGED],
        [image("a", 9, "web-1"), image("b", 1, "web-2")],
    ),
    "a rule for tags without tags": ("LC013 warning 1, LC014 note", [old("v*")], [image("a", 9)]),
    "tagged images that no rule selects": (
        "LC014 note",
        [old("v*")],
        [image("a", 1, "v1"), image("b", 1, "web-2")],
    ),
    "an archive that grows": (
        "LC014 note 1",
        [R.archive(after_days=5)],
        [image("a", 9, "v1")],
    ),
    "an archive that is emptied": (
        "",
        [R.archive(after_days=5), R.expire_archived(after_days=90)],
        [image("a", 9, "v1")],
    ),
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
    "every image but an archived one": (
        "LC007 warning 1, LC014 note",
        [FIVE_DAYS],
        [AGED, archived("b", 9)],
    ),
    "a signature goes before its image": ("LC011 warning 1, LC014 note", [UNTAGGED], REFERRERS),
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
