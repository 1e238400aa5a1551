"""Simulate policies: AWS's published examples, then each documented behaviour."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs import LifecyclePolicy, LifecycleRule
from ecr_constructs.model.lifecycle import (
    EvaluationOptions,
    Fate,
    Image,
    Inventory,
    Readings,
    Simulation,
    TieOrder,
)
from ecr_constructs.model.lifecycle.image import Blob
from ecr_constructs.model.lifecycle.selection import Tags, covers, matcher
from ecr_constructs.model.lifecycle.simulation import bits
from tests.support.errors import rejects

EXAMPLES = json.loads(
    (Path(__file__).parents[2] / "support" / "data" / "lifecycle-examples.json").read_text(
        encoding="utf-8"
    )
)
NOW = datetime.fromisoformat(EXAMPLES["now"])
INDEX = "application/vnd.oci.image.index.v1+json"


def of_group(group: str) -> list[Any]:
    return [
        pytest.param(case, id=case["id"]) for case in EXAMPLES["cases"] if case["group"] == group
    ]


def image(name: str, days: float, *tags: str, **fields: Any) -> Image:
    """Return an image that was pushed some days ago."""
    return Image(digest=name, tags=tags, pushed_at=ago(days), **fields)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def archived(name: str, days: float, *tags: str, pushed: float = 500, **fields: Any) -> Image:
    """Return an image that was archived some days ago."""
    return image(name, pushed, *tags, status="ARCHIVED", last_archived_at=ago(days), **fields)


def simulate(*images: Image, rules: list[LifecycleRule], **options: Any) -> Simulation:
    return LifecyclePolicy(*rules).simulate(images, now=NOW, options=EvaluationOptions(**options))


def gone(simulation: Simulation) -> dict[str, int | None]:
    """Return the deleted images with their rules."""
    return {outcome.image.digest: outcome.rule_priority for outcome in simulation.expired}


def moved(simulation: Simulation) -> dict[str, int | None]:
    """Return the archived images with their rules."""
    return {outcome.image.digest: outcome.rule_priority for outcome in simulation.archived}


KEEP_ONE = LifecycleRule.keep_last(1)
KEEP_TWO = LifecycleRule.keep_last(2)
ARCHIVE_ALL_BUT_ONE = LifecycleRule(
    tag_status="any", count_type="imageCountMoreThan", count_number=1, action="transition"
)


# --- AWS's published examples -------------------------------------------------------------------


@pytest.mark.parametrize("ties", TieOrder)
@pytest.mark.parametrize("case", of_group("evaluation"))
def test_published_example(case: Any, ties: TieOrder) -> None:
    """The result equals the published one, regardless of the order of ties."""
    images = [
        image(entry["name"], entry["pushedDaysAgo"], *entry["tags"]) for entry in case["inventory"]
    ]
    policy = LifecyclePolicy.from_json(json.dumps(case["policy"]))
    simulation = policy.simulate(images, now=NOW, options=EvaluationOptions(ties=ties))

    assert case["expected"]["appliedRulePriority"] == gone(simulation)
    assert case["expected"]["transition"] == list(moved(simulation))
    ranked = simulation.evaluation.ranking.images
    for result, expected in zip(simulation.evaluation.results, case["perRule"], strict=True):
        for key, ranks in (("identified", result.identified), ("wouldMark", result.marked)):
            assert expected[key] == sorted(ranked[rank].digest for rank in bits.members(ranks))


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case["id"]) for case in EXAMPLES["cases"] if "policy" in case]
)
def test_published_policy(case: Any) -> None:
    """A published policy is read, written with the same content, and can be simulated."""
    policy = LifecyclePolicy.from_json(json.dumps(case["policy"]))

    assert case["policy"] == json.loads(policy.to_json())
    assert [] == list(policy.simulate([], now=NOW).outcomes)


def test_all_published_policies_are_tested() -> None:
    """The data file has eighteen policies, so that a change of its format loses none."""
    assert 18 == sum("policy" in case for case in EXAMPLES["cases"])


@pytest.mark.parametrize("case", of_group("tag-match"))
def test_published_pattern(case: Any) -> None:
    images = [image(tag, 9, tag) for tag in [*case["matches"], "unlike"]]
    rule = LifecycleRule.expire(after_days=1, tag_patterns=case["tagPatternList"])

    assert set(case["matches"]) == set(gone(simulate(*images, rules=[rule])))


# --- selection ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "matches", "differs"),
    [
        ("v1", ["v1"], ["v1.0", "av1", "V1"]),
        ("v*", ["v", "v1"], ["av"]),
        ("*-rc", ["a-rc", "-rc"], ["a-rc1"]),
        ("a*b*c", ["abc", "axbyc"], ["acb"]),
        ("*", ["anything"], []),
        ("**", ["anything"], []),
        (".*", [".hidden"], ["v1", "a.b"]),
        ("v1.0", ["v1.0"], ["v1x0"]),
    ],
)
def test_a_pattern_is_not_a_regular_expression(
    pattern: str, matches: list[str], differs: list[str]
) -> None:
    """A star matches any characters; all other characters are literal."""
    tags = Tags({tag: rank for rank, tag in enumerate([*matches, *differs])}, 9)

    assert set(range(len(matches))) == set(tags.images_with_pattern(pattern))
    assert [True] * len(matches) == [bool(matcher(pattern)(tag)) for tag in matches]


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("v*", "v1*", True),
        ("v1*", "v*", False),
        ("*", "a*b", True),
        ("a*b", "a*b", True),
        ("*a*", "*", False),
        ("a*", "a", True),
        ("*b", "a*b", True),
    ],
)
def test_one_pattern_covers_another(wide: str, narrow: str, *, expected: bool) -> None:
    """Every tag that matches the narrow pattern matches the wide one."""
    assert expected == covers(wide, narrow)


def test_a_list_must_match_completely() -> None:
    """Several patterns or prefixes select images with a tag for each."""
    images = image("both", 9, "prod-1", "web-1"), image("single", 9, "prod-2")
    patterns = LifecycleRule.expire(after_days=1, tag_patterns=["prod-*", "web-*"])
    prefixes = LifecycleRule.expire(after_days=1, tag_prefixes=["prod-", "web-"])

    assert {"both": 1} == gone(simulate(*images, rules=[patterns]))
    assert {"both": 1} == gone(simulate(*images, rules=[prefixes]))


def test_untagged_images_have_no_tag() -> None:
    images = image("untagged", 9), image("tagged", 9, "v1")

    expected = {"untagged": 1}
    assert expected == gone(simulate(*images, rules=[LifecycleRule.expire_untagged(after_days=1)]))


# --- marking ------------------------------------------------------------------------------------


def test_age_is_strict() -> None:
    """An image is deleted when it is older than N days, to the microsecond."""
    older = Image(digest="older", pushed_at=ago(7) - timedelta(microseconds=1))
    simulation = simulate(image("exact", 7), older, rules=[LifecycleRule.expire(after_days=7)])

    assert {"older": 1} == gone(simulation)
    assert simulation.outcome("exact").reason == (
        "identified by rule 1, which deletes what was pushed more than 7 days ago; "
        "it was pushed exactly 7 days ago"
    )


def test_an_age_out_of_range_is_never_reached() -> None:
    """A number of days beyond the range of datetime keeps every image."""
    rule = LifecycleRule.expire(after_days=10**10)

    assert {} == gone(simulate(image("old", 9000), rules=[rule]))
    assert () == LifecyclePolicy(rule).forecast([image("old", 9000)], now=NOW).events


def test_images_that_a_higher_rule_marked_still_count() -> None:
    """Each rule counts the complete inventory."""
    images = [image("old", 9, "v1"), image("young", 1, "v2"), image("other", 5, "x")]
    rules = [LifecycleRule.expire(after_days=0 + 1, tag_patterns=["v*"]), KEEP_TWO]
    images.append(image("youngest", 0.5, "v3"))

    # The newest two of all are v3 and v2, although rule 1 deletes v2 later.
    assert {"old": 1, "other": 2} == gone(simulate(*images, rules=rules))


def test_being_identified_locks_an_image() -> None:
    """Later rules do not act on an image that an earlier rule identifies and keeps."""
    images = image("release", 900, "v1"), image("build", 900, "b1")
    rules = [LifecycleRule.protect("v*"), LifecycleRule.expire(after_days=30)]
    simulation = simulate(*images, rules=rules)

    assert {"build": 2} == gone(simulation)
    assert simulation.outcome("release").reason == (
        "identified by rule 1, which keeps all of them; this is number 1; "
        "rule 2 would mark it, but comes later"
    )


def test_rules_are_applied_by_priority() -> None:
    """The order in the document does not matter."""
    late = LifecycleRule.expire(after_days=1, tag_patterns=["a*"])
    early = LifecycleRule.protect("ab*")
    policy = LifecyclePolicy.from_json(
        json.dumps(
            {"rules": [late.to_dict() | {"rulePriority": 9}, early.to_dict() | {"rulePriority": 2}]}
        )
    )
    images = image("1", 9, "abc"), image("2", 9, "a")

    assert {"2": 9} == gone(policy.simulate(images, now=NOW))


def test_an_image_that_no_rule_identifies_stays() -> None:
    rules = [LifecycleRule.expire_untagged(after_days=1)]
    outcome = simulate(image("a", 9, "v1"), rules=rules).outcome("a")

    assert (Fate.KEPT, None, "no rule identifies it") == (
        outcome.fate,
        outcome.rule_priority,
        outcome.reason,
    )


# --- clocks and storage classes -----------------------------------------------------------------


def test_a_restore_counts_as_a_push() -> None:
    """It does for ages and for counts."""
    restored = image("restored", 400, last_archived_at=ago(200), last_activated_at=ago(2))
    aged = simulate(restored, rules=[LifecycleRule.expire(after_days=30)])
    counted = simulate(restored, image("other", 3), rules=[KEEP_ONE])

    assert {} == gone(aged)
    assert aged.outcome("restored").reason.endswith("it was restored exactly 2 days ago")
    assert {"other": 1} == gone(counted)


def test_an_image_that_is_being_restored_is_new() -> None:
    """It is in the standard class, and counts as the newest image."""
    restoring = image("restoring", 400, status="ACTIVATING", last_archived_at=ago(200))
    simulation = simulate(restoring, image("other", 3), rules=[KEEP_ONE])
    aged = simulate(restoring, rules=[LifecycleRule.expire(after_days=30)])

    assert {"other": 1} == gone(simulation)
    assert aged.outcome("restoring").reason.endswith("; it is being restored")


@pytest.mark.parametrize(
    ("fields", "age"),
    [
        ({"last_recorded_pull_time": ago(91) - timedelta(hours=1)}, "was last pulled 91 days ago"),
        ({}, "was pushed exactly 300 days ago and not pulled since"),
        (
            {"last_recorded_pull_time": ago(200), "last_activated_at": ago(100)},
            "was restored exactly 100 days ago and not pulled since",
        ),
    ],
)
def test_the_pull_clock(fields: dict[str, Any], age: str) -> None:
    """The age starts at the last pull, or at the push or restore if there was no pull since."""
    simulation = simulate(
        image("a", 300, **fields), rules=[LifecycleRule.archive(not_pulled_for_days=90)]
    )

    assert {"a": 1} == moved(simulation)
    assert simulation.outcome("a").reason == (
        f"identified by rule 1, which archives what was last pulled more than 90 days ago; it {age}"
    )


def test_a_pull_keeps_an_image_from_the_archive() -> None:
    """Its age does not matter, nor does a restore."""
    pulled = image("a", 300, last_recorded_pull_time=ago(5))
    restored = image("b", 300, last_recorded_pull_time=ago(5), last_activated_at=ago(200))
    rules = [LifecycleRule.archive(not_pulled_for_days=90)]

    assert {} == moved(simulate(pulled, restored, rules=rules))


def test_each_rule_looks_at_its_own_storage_class() -> None:
    """A rule neither counts nor deletes images of the other storage class."""
    images = image("new", 1), image("old", 100), archived("cold", 400), archived("cool", 80)
    rules = [KEEP_ONE, LifecycleRule.expire_archived(after_days=365)]
    simulation = simulate(*images, rules=rules)

    assert {"old": 1, "cold": 2} == gone(simulation)
    assert simulation.outcome("cold").reason == (
        "identified by rule 2, which deletes what was archived more than 365 days ago; "
        "it was archived exactly 400 days ago"
    )


def test_an_archived_image_is_not_archived_again() -> None:
    """A rule that archives archived images only identifies them."""
    rule = LifecycleRule(
        tag_status="any",
        storage_class="archive",
        count_type="sinceImagePushed",
        count_number=1,
        action="transition",
    )
    outcome = simulate(archived("a", 9), rules=[rule]).outcome("a")

    assert (Fate.KEPT, 1) == (outcome.fate, outcome.rule_priority)
    assert outcome.reason.endswith(", but it is archived already")


def test_a_count_may_archive() -> None:
    simulation = simulate(image("new", 1), image("old", 2), rules=[ARCHIVE_ALL_BUT_ONE])

    assert {"old": 1} == moved(simulation)
    assert simulation.outcome("old").reason == (
        "identified by rule 1, which keeps the newest 1 and archives the others; this is number 2"
    )


# --- indexes and referrers ----------------------------------------------------------------------

UNTAGGED = LifecycleRule.expire_untagged(after_days=1)


def test_an_index_protects_its_children() -> None:
    """Children stay as long as their index."""
    index = image("index", 9, "v1", references=("child", "elsewhere"))
    simulation = simulate(index, image("child", 9), image("other", 9), rules=[UNTAGGED])

    assert {"other": 1} == gone(simulation)
    assert simulation.outcome("child").reason == (
        "identified by rule 1, which deletes what was pushed more than 1 day ago; "
        "it was pushed exactly 9 days ago, but the index index lists it and stays"
    )


def test_children_are_deleted_with_their_last_index() -> None:
    """A child of two indexes stays until both are deleted."""
    indexes = (
        image("index-1", 9, references=("a",)),
        image("index-2", 9, references=("a", "b")),
        image("kept", 9, "v1", references=("b",)),
    )
    simulation = simulate(*indexes, image("a", 9), image("b", 9), rules=[UNTAGGED])

    assert {"index-1": 1, "index-2": 1, "a": 1} == gone(simulation)


def test_an_archived_index_releases_its_children() -> None:
    """An option assumes that only its deletion does."""
    images = archived("index", 9, references=("child",)), image("child", 9)

    assert {"child": 1} == gone(simulate(*images, rules=[UNTAGGED]))
    strict = simulate(*images, rules=[UNTAGGED], archived_index_releases_children=False)
    assert {} == gone(strict)
    assert strict.outcome("child").reason.endswith(
        ", but an index that lists it is archived and not deleted"
    )


def test_a_referrer_follows_its_subject() -> None:
    """Signatures and their own referrers follow, regardless of the rules for them."""
    images = (
        image("image", 9),
        image("signature", 9, "s1", subject="image"),
        image("attestation", 9, "s2", subject="signature"),
        image("orphan", 9, "s3", subject="elsewhere"),
    )
    simulation = simulate(*images, rules=[UNTAGGED])

    assert {"image": 1, "signature": 1, "attestation": 1} == gone(simulation)
    outcome = simulation.outcome("signature")
    assert ("image", 1) == (outcome.follows, outcome.rule_priority)
    assert outcome.reason == "refers to image, which is deleted, and follows it within 24 hours"


def test_a_referrer_follows_its_subject_to_the_archive() -> None:
    """A referrer that is archived already stays there."""
    signature = image("signature", 400, "s", subject="image")
    cold = archived("cold", 9, subject="image")
    rules = [LifecycleRule.archive(after_days=5, tag_patterns=["v*"])]
    simulation = simulate(image("image", 9, "v1"), signature, cold, rules=rules)

    assert {"image": 1, "signature": 1} == moved(simulation)


def test_references_of_an_image_to_itself_are_ignored() -> None:
    broken = image("broken", 9, references=("broken",), subject="broken")

    assert {"broken": 1} == gone(simulate(broken, rules=[UNTAGGED]))


# --- open questions -----------------------------------------------------------------------------


def assumed(simulation: Simulation) -> dict[str, int]:
    return {assumption.id: assumption.images for assumption in simulation.assumptions}


def test_a_tie_is_an_assumption_if_it_decides() -> None:
    """Of images with one timestamp the one with the lower digest counts as newer."""
    images = image("b", 5), image("a", 5), image("c", 9)
    simulation = simulate(*images, rules=[KEEP_ONE])

    assert {"b": 1, "c": 1} == gone(simulation)
    assert {"ties": 2} == assumed(simulation)
    assert simulation.outcome("b").reason.endswith("this is number 2")
    assert {} == assumed(simulate(*images, rules=[KEEP_TWO]))


def test_the_listed_order_may_break_ties() -> None:
    """The image that is listed later is the newer."""
    images = image("b", 5), image("a", 5)

    assert {"b": 1} == gone(simulate(*images, rules=[KEEP_ONE], ties=TieOrder.LISTED))
    swapped = simulate(*images[::-1], rules=[KEEP_ONE], ties=TieOrder.LISTED)
    assert {"a": 1} == gone(swapped)
    assert swapped.outcome("a").reason.endswith("this is number 2")


def test_by_default_a_tie_predicts_a_deletion() -> None:
    """A locked image takes the place, so that the other one is deleted."""
    images = image("a", 5, "x"), image("b", 5, "v1"), image("c", 9, "v2")
    simulation = simulate(*images, rules=[LifecycleRule.protect("v*"), KEEP_ONE])

    assert {"a": 2} == gone(simulation)
    assert {"ties": 2} == assumed(simulation)


def test_children_may_take_no_places() -> None:
    """By default an image for two platforms takes three places."""
    images = (
        image("index", 1, "v2", references=("amd", "arm")),
        image("amd", 1.1),
        image("arm", 1.2),
        image("old", 5, "v1"),
    )
    simulation = simulate(*images, rules=[LifecycleRule.keep_last(3)])
    uncounted = simulate(*images, rules=[LifecycleRule.keep_last(3)], children_take_places=False)

    assert {"old": 1} == gone(simulation)
    assert {"childrenTakePlaces": 1} == assumed(simulation)
    assert {} == gone(uncounted)
    assert uncounted.outcome("amd").reason.endswith(
        "which keeps the newest 3 and does not count it"
    )


def test_referrers_may_take_no_places() -> None:
    """By default a signature takes a place."""
    images = image("image", 2, "v2"), image("sig", 1, subject="image"), image("old", 5, "v1")
    simulation = simulate(*images, rules=[KEEP_TWO])

    assert {"old": 1} == gone(simulation)
    assert {"referrersTakePlaces": 1} == assumed(simulation)
    assert {} == gone(simulate(*images, rules=[KEEP_TWO], referrers_take_places=False))


def test_missing_data_is_an_assumption() -> None:
    """The manifests of indexes and the archived images may be missing."""
    index = image("index", 9, "v1", media_type=INDEX)
    rules = [UNTAGGED, LifecycleRule.expire_archived(after_days=90)]
    simulation = simulate(index, image("child", 9), rules=rules)

    assert {"manifestsUnknown": 1, "archiveUnlisted": 0} == assumed(simulation)
    with_one_archived = simulate(index, archived("a", 9), rules=rules)
    assert {} == assumed(with_one_archived)


# --- the result ---------------------------------------------------------------------------------


def test_counts_and_order() -> None:
    """Images of one fate are listed oldest first, all outcomes in the order of the inventory."""
    images = image("b", 8), image("c", 9), image("a", 1)
    simulation = simulate(*images, rules=[KEEP_ONE])

    assert {Fate.EXPIRED: 2, Fate.ARCHIVED: 0, Fate.KEPT: 1} == simulation.counts
    assert ["c", "b"] == list(gone(simulation))
    assert ["a"] == [outcome.image.digest for outcome in simulation.kept]
    assert ["b", "c", "a"] == [outcome.image.digest for outcome in simulation.outcomes]


def test_rejects_an_unknown_digest() -> None:
    with rejects("x: image-unknown"):
        simulate(image("a", 1), rules=[KEEP_ONE]).outcome("x")


def test_bytes_are_a_range_without_manifests() -> None:
    """Layers may be shared with images that stay; an index itself has no layers."""
    images = (
        image("index", 9, size_bytes=70, media_type=INDEX),
        image("a", 9, size_bytes=50),
        image("b", 9, size_bytes=20),
        image("kept", 0.1, size_bytes=90),
    )
    simulation = simulate(*images, rules=[KEEP_ONE])

    assert (0, 70) == simulation.expired_bytes
    assert (0, 0) == simulation.archived_bytes


def test_bytes_are_exact_with_manifests() -> None:
    """A layer is freed once, and only if no image that stays has it."""
    base, small, large = Blob("base", 100), Blob("small", 10), Blob("large", 20)
    images = (
        image("a", 9, size_bytes=110, blobs=(base, small)),
        image("b", 9, size_bytes=130, blobs=(large, small)),
        image("kept", 0.1, size_bytes=100, blobs=(base,)),
    )

    assert (30, 30) == simulate(*images, rules=[KEEP_ONE]).expired_bytes


def test_bytes_without_the_manifests_of_images_that_stay() -> None:
    """Every layer may be shared with them."""
    images = image("a", 9, blobs=(Blob("one", 10),)), image("kept", 0.1)

    assert (0, 10) == simulate(*images, rules=[KEEP_ONE]).expired_bytes


# --- arguments ----------------------------------------------------------------------------------


def test_now_is_the_current_time_in_utc_by_default() -> None:
    before = datetime.now(UTC)
    simulation = LifecyclePolicy(KEEP_ONE).simulate([])

    assert before <= simulation.now <= datetime.now(UTC)
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5)))
    assert NOW == LifecyclePolicy(KEEP_ONE).simulate([], now=elsewhere).now


def test_now_needs_a_zone() -> None:
    with rejects("now: instant-zone"):
        LifecyclePolicy(KEEP_ONE).simulate([], now=datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize("name", ["tag_pattern_list", "tag_prefix_list"])
def test_deploy_time_values_cannot_be_simulated(name: str) -> None:
    tags: dict[str, Any] = {name: ["${Token[TOKEN.7]}"]}
    rule = LifecycleRule(
        tag_status="tagged", count_type="imageCountMoreThan", count_number=1, **tags
    )
    with rejects(f"rules[0].{name}: value-unresolved"):
        LifecyclePolicy(rule).simulate([])


def test_readings_is_the_deprecated_name_of_options() -> None:
    """The former keyword works with a warning, but not together with the new one."""
    policy, images = LifecyclePolicy(KEEP_ONE), [image("a", 5), image("b", 5)]
    options = Readings(ties=TieOrder.LISTED)

    assert Readings is EvaluationOptions
    with pytest.deprecated_call(match="pass options="):
        assert {"a": 1} == gone(policy.simulate(images, now=NOW, readings=options))
    with pytest.deprecated_call(match="pass options="):
        assert ["a"] == [
            event.image.digest
            for event in policy.forecast(images, now=NOW, readings=options).events
        ]
    with rejects("readings: options-duplicate"):
        policy.simulate(images, now=NOW, options=options, readings=options)


def test_an_inventory_is_used_as_it_is() -> None:
    inventory = Inventory([image("a", 1)])

    assert inventory is LifecyclePolicy(KEEP_ONE).simulate(inventory, now=NOW).inventory


def test_an_image_from_the_future_is_new() -> None:
    """Clocks may differ."""
    rules = [LifecycleRule.expire(after_days=1)]
    outcome = simulate(image("a", -1), rules=rules).outcome("a")

    assert outcome.reason.endswith("; it was pushed after that instant")


def test_ages_are_in_hours_below_two_days() -> None:
    rules = [LifecycleRule.expire(after_days=1)]
    images = image("a", 0.05), image("b", 1.5), image("c", 2.5)

    assert ["1 hour ago", "36 hours ago", "2 days ago"] == [
        outcome.reason.rpartition("pushed ")[2]
        for outcome in simulate(*images, rules=rules).outcomes
    ]
