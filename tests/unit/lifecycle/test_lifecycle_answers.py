"""What a simulation answers beyond outcomes: what follows, each rule, each image, recent pulls."""

from datetime import timedelta
from typing import Any

import pytest

from ecr_constructs import LifecyclePolicy, LifecycleRule
from ecr_constructs.model.lifecycle import Image, Simulation
from tests.support.errors import rejects
from tests.unit.lifecycle.test_lifecycle_simulate import NOW, ago, archived, image, simulate

expire, archive = LifecycleRule.expire, LifecycleRule.archive
protect, keep_last = LifecycleRule.protect, LifecycleRule.keep_last
UNTAGGED, KEEP_ONE = LifecycleRule.expire_untagged(after_days=1), keep_last(1)
OF_V = keep_last(1, tag_patterns=["v*"])
NEW = image("new", 0.1, "v9")


def listed(simulation: Simulation) -> dict[str, tuple[str, int]]:
    """Return what ECR previews."""
    return {
        result.image.digest: (result.fate.value, result.rule_priority)
        for result in simulation.preview_results
    }


def following(simulation: Simulation) -> dict[str, tuple[Any, ...]]:
    """Return what follows: the outcome, after what, why, by which rule, and within how long."""
    return {item.image.digest: (item.fate.value, *item[2:]) for item in simulation.follow_ups}


# Rules, images, what ECR previews, and what follows.
CASES: dict[str, tuple[Any, ...]] = {
    "nothing follows": ([KEEP_ONE], [NEW, image("a", 9)], {"a": ("expired", 1)}, {}),
    "children follow their index": (
        [KEEP_ONE],
        [NEW, image("index", 9, references=("child",)), image("child", 9.1)],
        {"index": ("expired", 1)},
        {"child": ("expired", "index", "INDEX_GONE", 1, 48)},
    ),
    "a child of two indexes follows the later one": (
        [KEEP_ONE],
        [
            NEW,
            image("outer", 8, references=("inner",)),
            image("inner", 9, references=("child",)),
            image("other", 7, references=("child",)),
            image("child", 9.1),
        ],
        {"outer": ("expired", 1), "other": ("expired", 1)},
        {
            "inner": ("expired", "outer", "INDEX_GONE", 1, 48),
            "child": ("expired", "inner", "INDEX_GONE", 1, 72),
        },
    ),
    "a referrer without a rule follows its subject": (
        [OF_V],
        [NEW, image("image", 9, "v1"), image("signature", 9, subject="image")],
        {"image": ("expired", 1)},
        {"signature": ("expired", "image", "SUBJECT_GONE", None, 48)},
    ),
    "a referrer that a rule deletes waits for nothing": (
        [OF_V, UNTAGGED],
        [NEW, image("image", 9, "v1"), image("signature", 9, subject="image")],
        {"image": ("expired", 1), "signature": ("expired", 2)},
        {},
    ),
    "a referrer of a referrer": (
        [OF_V],
        [
            NEW,
            image("image", 9, "v1"),
            image("sbom", 9, subject="image"),
            image("signature", 9, subject="sbom"),
        ],
        {"image": ("expired", 1)},
        {
            "sbom": ("expired", "image", "SUBJECT_GONE", None, 48),
            "signature": ("expired", "sbom", "SUBJECT_GONE", None, 72),
        },
    ),
    # ECR archives it today; its subject is deleted, and it follows.
    "archived now and deleted later": (
        [OF_V, archive(after_days=5)],
        [NEW, image("image", 9, "v1"), image("signature", 9, "s", subject="image")],
        {"image": ("expired", 1), "signature": ("archived", 2)},
        {"signature": ("expired", "image", "SUBJECT_GONE", None, 48)},
    ),
    "children are archived after their index": (
        [archive(after_days=5)],
        [image("index", 9, "v1", references=("child",)), image("child", 9.1)],
        {"index": ("archived", 1)},
        {"child": ("archived", "index", "INDEX_GONE", 1, 48)},
    ),
    "an archived index protects nothing": (
        [UNTAGGED],
        [archived("index", 9, references=("child",)), image("child", 9.1)],
        {"child": ("expired", 1)},
        {},
    ),
    "an index that stays protects": (
        [UNTAGGED],
        [image("index", 9, "v1", references=("child",)), image("child", 9.1)],
        {},
        {},
    ),
    "an archived index is not what a child waits for": (
        [KEEP_ONE],
        [
            NEW,
            archived("cold", 9, references=("child",)),
            image("index", 9, references=("child",)),
            image("child", 9.1),
        ],
        {"index": ("expired", 1)},
        {"child": ("expired", "index", "INDEX_GONE", 1, 48)},
    ),
    "a child of two indexes that wait": (
        [KEEP_ONE],
        [
            NEW,
            image("outer", 8, references=("left", "right")),
            image("left", 8.1, references=("child",)),
            image("right", 8.2, references=("child",)),
            image("child", 9.1),
        ],
        {"outer": ("expired", 1)},
        {
            "left": ("expired", "outer", "INDEX_GONE", 1, 48),
            "right": ("expired", "outer", "INDEX_GONE", 1, 48),
            "child": ("expired", "left", "INDEX_GONE", 1, 72),
        },
    ),
    # Digests rule that out.
    "images that list each other": (
        [KEEP_ONE],
        [NEW, image("a", 8, references=("b",)), image("b", 9, references=("a",))],
        {},
        {
            "b": ("expired", "a", "INDEX_GONE", 1, 48),
            "a": ("expired", "b", "INDEX_GONE", 1, 48),
        },
    ),
}


@pytest.mark.parametrize(("rules", "images", "now", "later"), CASES.values(), ids=CASES)
def test_what_goes_now_and_what_follows(
    rules: list[LifecycleRule], images: list[Image], now: Any, later: Any
) -> None:
    """ECR's preview has the former only."""
    simulation = simulate(*images, rules=rules)

    assert (now, later) == (listed(simulation), following(simulation))


def test_an_archived_index_may_protect() -> None:
    """If it does not release its children, they are not in the preview either."""
    images = archived("index", 9, references=("child",)), image("child", 9.1)

    assert {} == listed(simulate(*images, rules=[UNTAGGED], archived_index_releases_children=False))


def test_the_reason_names_the_index() -> None:
    images = NEW, image("index", 9, references=("child",)), image("child", 9.1)

    assert (
        simulate(*images, rules=[KEEP_ONE])
        .outcome("child")
        .reason.endswith("; waits for the index index")
    )


# --- rule by rule -------------------------------------------------------------------------------

CHILD = [image("index", 9, "v1", references=("child",)), image("child", 9)]
# Rules, images; of each rule, how many images it selects, marks and acts on, and a part of why.
EFFECTS: dict[str, tuple[Any, ...]] = {
    "it acts": ([KEEP_ONE], [NEW, image("a", 9)], [(2, 1, 1, "")]),
    "no image": ([UNTAGGED], [NEW], [(0, 0, 0, "selects none of the 1 image")]),
    "a shield": ([protect("v*")], [NEW], [(1, 0, 0, "keeps all that it selects")]),
    "a count": ([keep_last(25)], [NEW], [(1, 0, 0, "keeps the newest 25, and there are no more")]),
    "an age": (
        [expire(after_days=365)],
        [NEW, image("a", 9)],
        [(2, 0, 0, "none is older than 365 days: the oldest was pushed exactly 9 days ago")],
    ),
    "the age of pulls": (
        [archive(not_pulled_for_days=90)],
        [image("a", 200, last_recorded_pull_time=ago(3))],
        [(1, 0, 0, "the oldest was last pulled exactly 3 days ago")],
    ),
    "an archive": (
        [LifecycleRule.expire_archived(after_days=90)],
        [archived("a", 3)],
        [(1, 0, 0, "the oldest was archived exactly 3 days ago")],
    ),
    "an archive of unknown age": (
        [LifecycleRule.expire_archived(after_days=90)],
        [Image(digest="a", pushed_at=ago(400), status="ARCHIVED")],
        [(1, 0, 0, "the oldest was archived at an unknown time")],
    ),
    "earlier rules": (
        [protect("v*"), protect("w*"), expire(after_days=5)],
        [image("a", 9, "v1"), image("b", 9, "w1"), image("c", 9)],
        [(1, 0, 0, ""), (1, 0, 0, ""), (3, 3, 1, "rule 1 and rule 2 selected 2 first")],
    ),
    "an index": ([UNTAGGED], CHILD, [(1, 1, 0, "an index that stays lists 1 of those")]),
    "a subject": (
        [OF_V, archive(after_days=5)],
        [NEW, image("image", 9, "v1"), image("signature", 9, "s", subject="image")],
        [(2, 1, 1, ""), (3, 2, 0, "of those that it marks, 1 go with their subject instead")],
    ),
}


@pytest.mark.parametrize(("rules", "images", "expected"), EFFECTS.values(), ids=EFFECTS)
def test_what_each_rule_does(
    rules: list[LifecycleRule], images: list[Image], expected: list[Any]
) -> None:
    """Selected, marked and acted on, and why not more."""
    effects = simulate(*images, rules=rules).rule_effects

    assert [counts[:3] for counts in expected] == [effect[1:4] for effect in effects]
    for (*_, reason), effect in zip(expected, effects, strict=True):
        assert reason in effect.reason
        assert bool(effect.reason) or effect.acted


def test_unselected_images_are_counted() -> None:
    """A child and a signature depend on other images, but a child stays without its index."""
    images = [*CHILD, image("signature", 9, subject="index"), image("other", 9)]

    assert 2 == simulate(*images, rules=[expire(after_days=1, tag_patterns=["x"])]).unselected_count
    assert 1 == simulate(*images, rules=[OF_V]).unselected_count
    assert 2 == simulate(*images, NEW, rules=[OF_V]).unselected_count


# One image, rules, and of each rule whether it selects, marks, acts, and a part of why.
STEPS: dict[str, tuple[Any, ...]] = {
    "untagged": (image("a", 9, "v1"), [UNTAGGED], [(False, False, False, "has a tag")]),
    "tagged": (image("a", 9), [protect("v*")], [(False, False, False, "has no tag")]),
    "patterns": (
        image("a", 9, "v1"),
        [keep_last(9, tag_patterns=["v*", "w*"])],
        [(False, False, False, "no tag of it matches w*")],
    ),
    "prefixes": (
        image("a", 9, "v1"),
        [expire(after_days=1, tag_prefixes=["w", "v", "x"])],
        [(False, False, False, "no tag of it matches w* or x*")],
    ),
    "an archived image": (archived("a", 9), [UNTAGGED], [(False, False, False, "standard")]),
    "an archive": (
        image("a", 9),
        [LifecycleRule.expire_archived(after_days=90)],
        [(False, False, False, "archived storage only")],
    ),
    "kept by a count": (image("a", 9), [keep_last(2)], [(True, False, False, "number 2")]),
    "kept by an age": (
        image("a", 9),
        [expire(after_days=30)],
        [(True, False, False, "9 days ago")],
    ),
    "deleted": (image("a", 9), [KEEP_ONE], [(True, True, True, "deletes it: it is number 2")]),
    "archived": (image("a", 9), [archive(after_days=5)], [(True, True, True, "archives it")]),
    "locked": (
        image("a", 9, "v1"),
        [protect("v*"), archive(after_days=5)],
        [(True, False, False, ""), (True, True, False, "rule 1 selects it first")],
    ),
    "protected": (CHILD[1], [UNTAGGED], [(True, True, False, "another image decides")]),
}


@pytest.mark.parametrize(("subject", "rules", "expected"), STEPS.values(), ids=STEPS)
def test_what_each_rule_does_to_one_image(
    subject: Image, rules: list[LifecycleRule], expected: list[Any]
) -> None:
    index = image("index", 20, "i1", references=("child",))
    steps = simulate(index, NEW, subject, rules=rules).rule_steps(subject.digest)

    assert [item[:3] for item in expected] == [step[1:4] for step in steps]
    for (*_, reason), step in zip(expected, steps, strict=True):
        assert reason in step.reason


def test_an_image_that_takes_no_place_is_not_counted() -> None:
    simulation = simulate(*CHILD, rules=[KEEP_ONE], children_take_places=False)

    assert "it does not count" in simulation.rule_steps("child")[0].reason
    with rejects("x: image-unknown"):
        simulation.rule_steps("x")


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("v9", "sha256:abc1"),
        ("sha256:abc1", "sha256:abc1"),
        ("sha256:abc2", "sha256:abc2"),
        ("repository@sha256:abc2", "sha256:abc2"),
        ("abc2", "sha256:abc2"),
        ("f", "sha256:fff"),
    ],
)
def test_an_image_is_found_by_tag_or_digest(name: str, digest: str) -> None:
    images = [image("sha256:abc1", 1, "v9"), image("sha256:abc2", 2), image("sha256:fff", 3)]

    assert digest == simulate(*images, rules=[]).find(name).image.digest


@pytest.mark.parametrize(
    ("name", "code"),
    [("v1", "unknown"), ("", "unknown"), ("sha256:", "unknown"), ("ab", "ambiguous")],
)
def test_an_image_that_is_not_found(name: str, code: str) -> None:
    images = [image("sha256:abc1", 1, "v9"), image("sha256:abc2", 2)]
    with rejects(f"{name}: image-{code}" if name else f"image-{code}"):
        simulate(*images, rules=[]).find(name)


# --- recent pulls -------------------------------------------------------------------------------


def test_images_in_use_come_first() -> None:
    """Then tagged ones, then the oldest; deleted ones before archived ones."""
    images = [
        image("old", 90),
        image("tagged", 80, "a1"),
        image("pulled", 20, last_recorded_pull_time=ago(0.5)),
        image("pulled-and-tagged", 20, "a2", last_recorded_pull_time=ago(6)),
        image("pulled-last", 20, "a3", last_recorded_pull_time=ago(0.1)),
        image("future", 20, last_recorded_pull_time=NOW + timedelta(days=1)),
        image("archived", 20, "w1", last_recorded_pull_time=ago(1)),
    ]
    moving = archive(after_days=9, tag_patterns=["w*"])
    simulation = simulate(*images, rules=[moving, expire(after_days=9)])
    ranked = simulation.evaluation.ranking.images

    order = simulation.by_attention(simulation.evaluation.resolution.expired, 7)
    expected = ["pulled-last", "pulled-and-tagged", "future", "pulled", "tagged", "old"]
    assert expected == [ranked[rank].digest for rank in order]
    pulled = [outcome.image.digest for outcome in simulation.pulled_within(7)]
    assert [*expected[:4], "archived"] == pulled
    assert ["future"] == [outcome.image.digest for outcome in simulation.pulled_within(0)]


def test_findings_take_the_number_of_days() -> None:
    policy = LifecyclePolicy(keep_last(1, tag_patterns=["v*"]))
    images = [NEW, image("a", 90, "v1", last_recorded_pull_time=ago(10))]
    findings = [
        [finding.id for finding in policy.lint(images, now=NOW, pulled_within_days=days)]
        for days in (9, 10)
    ]

    assert [[], ["LC012"]] == findings
