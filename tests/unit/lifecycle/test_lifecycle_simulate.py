"""Simulate policies: AWS's published examples, then each documented behaviour."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from syrupy.assertion import SnapshotAssertion

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
from ecr_constructs.model.lifecycle.grammar import CountType
from ecr_constructs.model.lifecycle.image import Blob
from ecr_constructs.model.lifecycle.selection import Tags, covers
from ecr_constructs.model.lifecycle.simulation import bits
from ecr_constructs.model.wildcards import matcher
from tests.support.errors import rejects

DATA = Path(__file__).parents[2] / "support" / "data" / "lifecycle-examples.json"
EXAMPLES = json.loads(DATA.read_text(encoding="utf-8"))
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


expire, archive = LifecycleRule.expire, LifecycleRule.archive
protect, keep_last = LifecycleRule.protect, LifecycleRule.keep_last
KEEP_ONE, KEEP_TWO = keep_last(1), keep_last(2)
UNTAGGED = LifecycleRule.expire_untagged(after_days=1)
EXPIRE_30 = expire(after_days=30)
UNPULLED_90 = archive(not_pulled_for_days=90)


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
    policy = LifecyclePolicy.from_json(json.dumps(case["policy"]))

    assert case["policy"] == json.loads(policy.to_json())
    assert [] == list(policy.simulate([], now=NOW).outcomes)


def test_all_published_policies_are_tested() -> None:
    """The data file has eighteen policies, so that a change of its format loses none."""
    assert 18 == sum("policy" in case for case in EXAMPLES["cases"])


@pytest.mark.parametrize("case", of_group("tag-match"))
def test_published_pattern(case: Any) -> None:
    images = [image(tag, 9, tag) for tag in [*case["matches"], "unlike"]]
    rule = expire(after_days=1, tag_patterns=case["tagPatternList"])

    assert set(case["matches"]) == set(gone(simulate(*images, rules=[rule])))


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


# --- documented behaviour and open questions -----------------------------------------------------


NONE: Mapping[str, Any] = MappingProxyType({})


class Case(NamedTuple):
    """A policy, images, and their outcome.

    Attributes:
        rules: The rules.
        images: The images.
        expired: The deleted images, each with its rule; oldest first.
        archived: The archived images, each with its rule.
        assumed: The assumptions, each with the number of images that it decides.
        options: Other options than the default ones.
    """

    rules: list[LifecycleRule]
    images: list[Image]
    expired: Mapping[str, int] = NONE
    archived: Mapping[str, int] = NONE
    assumed: Mapping[str, int] = NONE
    options: Mapping[str, Any] = NONE


def one_of(count_type: CountType, **fields: Any) -> LifecycleRule:
    """Return a rule with the count 1, by default for any image."""
    valid = {"tag_status": "any", "count_number": 1}
    return LifecycleRule(count_type=count_type, **{**valid, **fields})


WEB_AND_PROD = [image("both", 9, "prod-1", "web-1"), image("single", 9, "prod-2")]
NINE_DAYS = [image("child", 9), image("other", 9)]
CHILDREN, REFERRERS = {"childrenTakePlaces": 1}, {"referrersTakePlaces": 1}
RELEASED = {"archivedIndexReleasesChildren": 1}
TIES = [image("b", 5), image("a", 5), image("c", 9)]
TWO_PLATFORMS = [
    *(image("index", 1, "v2", references=("amd", "arm")), image("old", 5, "v1")),
    *(image("amd", 1.1), image("arm", 1.2)),
]
SIGNED = [image("image", 2, "v2"), image("sig", 1, subject="image"), image("old", 5, "v1")]
COLD_INDEX = [archived("index", 9, references=("child",)), image("child", 9)]
RESTORED = image("restored", 400, last_archived_at=ago(200), last_activated_at=ago(2))
RESTORING = image("restoring", 400, status="ACTIVATING", last_archived_at=ago(200))
MISSING_DATA = [UNTAGGED, LifecycleRule.expire_archived(after_days=90)]
UNREAD_INDEX = image("index", 9, "v1", media_type=INDEX)
CASES = {
    # Several patterns or prefixes select images with a tag for each.
    "all patterns must match": Case(
        [expire(after_days=1, tag_patterns=["prod-*", "web-*"])], WEB_AND_PROD, {"both": 1}
    ),
    "all prefixes must match": Case(
        [expire(after_days=1, tag_prefixes=["prod-", "web-"])], WEB_AND_PROD, {"both": 1}
    ),
    "untagged images have no tag": Case(
        [UNTAGGED], [image("untagged", 9), image("tagged", 9, "v1")], {"untagged": 1}
    ),
    # An image is deleted when it is older than N days, to the microsecond.
    "age is strict": Case(
        [expire(after_days=7)],
        [image("exact", 7), image("older", 7 + 1 / 86_400_000_000)],
        {"older": 1},
    ),
    "an age out of the range of datetime": Case([expire(after_days=10**10)], [image("old", 9000)]),
    # Each rule counts the complete inventory: the newest two of all are v3 and v2.
    "images that a higher rule marked still count": Case(
        [expire(after_days=1, tag_patterns=["v*"]), KEEP_TWO],
        [
            *(image("old", 9, "v1"), image("young", 1, "v2")),
            *(image("other", 5, "x"), image("youngest", 0.5, "v3")),
        ],
        {"old": 1, "other": 2},
    ),
    "being identified locks an image": Case(
        [protect("v*"), EXPIRE_30],
        [image("release", 900, "v1"), image("build", 900, "b1")],
        {"build": 2},
    ),
    "no rule identifies an image": Case([UNTAGGED], [image("a", 9, "v1")]),
    "a restore is a push for ages": Case([EXPIRE_30], [RESTORED]),
    "a restore is a push for counts": Case([KEEP_ONE], [RESTORED, image("other", 3)], {"other": 1}),
    # It is in the standard class, and counts as the newest image.
    "an image that is being restored is new": Case([EXPIRE_30], [RESTORING]),
    "an image that is being restored is the newest": Case(
        [KEEP_ONE], [RESTORING, image("other", 3)], {"other": 1}
    ),
    # The age starts at the last pull, or at the push or restore if there was no pull since.
    "a pull": Case(
        [UNPULLED_90],
        [image("a", 300, last_recorded_pull_time=ago(91) - timedelta(hours=1))],
        archived={"a": 1},
    ),
    "no pull": Case([UNPULLED_90], [image("a", 300)], archived={"a": 1}),
    "no pull since the restore": Case(
        [UNPULLED_90],
        [image("a", 300, last_recorded_pull_time=ago(200), last_activated_at=ago(100))],
        archived={"a": 1},
    ),
    "a pull keeps an image from the archive": Case(
        [UNPULLED_90],
        [
            image("a", 300, last_recorded_pull_time=ago(5)),
            image("b", 300, last_recorded_pull_time=ago(5), last_activated_at=ago(200)),
        ],
    ),
    # A rule neither counts nor deletes images of the other storage class.
    "each rule looks at its own storage class": Case(
        [KEEP_ONE, LifecycleRule.expire_archived(after_days=365)],
        [image("new", 1), image("old", 100), archived("cold", 400), archived("cool", 80)],
        {"cold": 2, "old": 1},
    ),
    "a count may archive": Case(
        [one_of("imageCountMoreThan", action="transition")],
        [image("new", 1), image("old", 2)],
        archived={"old": 1},
    ),
    "an index protects its children": Case(
        [UNTAGGED],
        [image("index", 9, "v1", references=("child", "gone")), *NINE_DAYS],
        {"other": 1},
    ),
    # A child of two indexes stays until both are deleted.
    "children are deleted with their last index": Case(
        [UNTAGGED],
        [
            image("index-1", 9, references=("a",)),
            image("index-2", 9, references=("a", "b")),
            image("kept", 9, "v1", references=("b",)),
            *(image("a", 9), image("b", 9)),
        ],
        {"index-1": 1, "index-2": 1, "a": 1},
    ),
    "an archived index releases its children": Case(
        [UNTAGGED], COLD_INDEX, {"child": 1}, assumed=RELEASED
    ),
    "an archived index may protect its children": Case(
        [UNTAGGED],
        COLD_INDEX,
        assumed=RELEASED,
        options={"archived_index_releases_children": False},
    ),
    # Signatures and their own referrers follow, regardless of the rules for them.
    "a referrer follows its subject": Case(
        [UNTAGGED],
        [
            image("image", 9),
            image("signature", 9, "s1", subject="image"),
            image("attestation", 9, "s2", subject="signature"),
            image("orphan", 9, "s3", subject="elsewhere"),
        ],
        {"image": 1, "signature": 1, "attestation": 1},
    ),
    # A referrer that is archived already stays there.
    "a referrer follows its subject to the archive": Case(
        [archive(after_days=5, tag_patterns=["v*"])],
        [
            image("image", 9, "v1"),
            image("signature", 400, "s", subject="image"),
            archived("cold", 9, subject="image"),
        ],
        archived={"image": 1, "signature": 1},
    ),
    "references of an image to itself are ignored": Case(
        [UNTAGGED], [image("broken", 9, references=("broken",), subject="broken")], {"broken": 1}
    ),
    # Of images with one timestamp the one with the lower digest counts as newer.
    "a tie that decides": Case([KEEP_ONE], TIES, {"c": 1, "b": 1}, assumed={"ties": 2}),
    "a tie that does not decide": Case([KEEP_TWO], TIES, {"c": 1}),
    "the listed order may break ties": Case(
        [KEEP_ONE], TIES[:2], {"b": 1}, assumed={"ties": 2}, options={"ties": TieOrder.LISTED}
    ),
    "the listed order, swapped": Case(
        [KEEP_ONE], TIES[1::-1], {"a": 1}, assumed={"ties": 2}, options={"ties": TieOrder.LISTED}
    ),
    # A locked image takes the place, so that the other one is deleted.
    "a tie predicts a deletion": Case(
        [protect("v*"), KEEP_ONE],
        [image("a", 5, "x"), image("b", 5, "v1"), image("c", 9, "v2")],
        {"a": 2},
        assumed={"ties": 2},
    ),
    # By default an image for two platforms takes three places, and a signature one.
    "children take places": Case([keep_last(3)], TWO_PLATFORMS, {"old": 1}, assumed=CHILDREN),
    "children may take no places": Case(
        [keep_last(3)], TWO_PLATFORMS, assumed=CHILDREN, options={"children_take_places": False}
    ),
    "referrers take places": Case([KEEP_TWO], SIGNED, {"old": 1}, assumed=REFERRERS),
    "referrers may take no places": Case(
        [KEEP_TWO], SIGNED, assumed=REFERRERS, options={"referrers_take_places": False}
    ),
    # The manifests of indexes and the archived images may be missing.
    "missing data": Case(
        MISSING_DATA,
        [UNREAD_INDEX, image("child", 9)],
        {"child": 1},
        assumed={"manifestsUnknown": 1, "archiveUnlisted": 0},
    ),
    "no missing data": Case(MISSING_DATA, [UNREAD_INDEX, archived("a", 9)]),
    # Clocks may differ.
    "an image from the future is new": Case([expire(after_days=1)], [image("a", -1)]),
    "ages are in hours below two days": Case(
        [expire(after_days=1)],
        [image("a", 0.05), image("b", 1.5), image("c", 2.5)],
        {"c": 1, "b": 1},
    ),
}


def simulated(case: Case) -> Simulation:
    """Return the simulation of a case."""
    return simulate(*case.images, rules=case.rules, **case.options)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_behaviour(case: Case) -> None:
    simulation = simulated(case)

    assert (case.expired, case.archived) == (gone(simulation), moved(simulation))
    assert case.assumed == {item.id: item.images for item in simulation.assumptions}


def test_reasons(snapshot: SnapshotAssertion) -> None:
    """Each image has its rule, the subject that it follows, and a reason in words."""
    reasons = {
        name: {
            outcome.image.digest: f"{outcome.rule_priority}, {outcome.follows}: {outcome.reason}"
            for outcome in simulated(case).outcomes
        }
        for name, case in CASES.items()
    }

    assert reasons == snapshot


def test_rules_are_applied_by_priority() -> None:
    """The order in the document does not matter."""
    late = expire(after_days=1, tag_patterns=["a*"]).to_dict()
    early = protect("ab*").to_dict()
    listed = [late | {"rulePriority": 9}, early | {"rulePriority": 2}]
    policy = LifecyclePolicy.from_json(json.dumps({"rules": listed}))
    images = image("1", 9, "abc"), image("2", 9, "a")

    assert {"2": 9} == gone(policy.simulate(images, now=NOW))


def test_a_forecast_of_an_age_out_of_range_is_empty() -> None:
    """A number of days beyond the range of datetime keeps every image."""
    policy = LifecyclePolicy(expire(after_days=10**10))

    assert () == policy.forecast([image("old", 9000)], now=NOW).events


# --- the result ---------------------------------------------------------------------------------


def test_counts_and_order() -> None:
    """Images of one fate are listed oldest first, all outcomes in the order of the inventory."""
    images = image("b", 8), image("c", 9), image("a", 1)
    simulation = simulate(*images, rules=[KEEP_ONE])

    assert {Fate.EXPIRED: 2, Fate.ARCHIVED: 0, Fate.KEPT: 1} == simulation.counts
    assert ["c", "b"] == list(gone(simulation))
    assert ["a"] == [outcome.image.digest for outcome in simulation.kept]
    assert ["b", "c", "a"] == [outcome.image.digest for outcome in simulation.outcomes]


def test_an_outcome_by_digest() -> None:
    simulation = simulate(image("a", 1), rules=[KEEP_ONE])

    assert Fate.KEPT is simulation.outcome("a").fate
    with rejects("x: image-unknown"):
        simulation.outcome("x")


def test_many_images() -> None:
    """Large sets of ranks are read in another way than small ones."""
    images = [image(str(number), 1 + number) for number in range(200)]

    assert {str(number): 1 for number in range(1, 200)} == gone(simulate(*images, rules=[KEEP_ONE]))


def test_a_ranking_answers_for_earlier_instants_too() -> None:
    """What it remembers of later instants does not count."""
    ranking = simulate(image("a", 1), rules=[UNPULLED_90]).evaluation.ranking

    assert 1 == ranking.older("sinceImagePulled", 90, NOW + timedelta(days=100))
    assert 0 == ranking.older("sinceImagePulled", 90, NOW)


def test_bytes_are_a_range_without_manifests() -> None:
    """Layers may be shared with images that stay; an index itself has no layers."""
    sizes = {"a": (9, 50), "b": (9, 20), "kept": (0.1, 90)}
    images = [image(name, days, size_bytes=size) for name, (days, size) in sizes.items()]
    index = image("index", 9, size_bytes=70, media_type=INDEX)
    simulation = simulate(index, *images, rules=[KEEP_ONE])

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
    rule = one_of("imageCountMoreThan", tag_status="tagged", **tags)
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
        events = policy.forecast(images, now=NOW, readings=options).events
    assert ["a"] == [event.image.digest for event in events]
    with rejects("readings: options-duplicate"):
        policy.simulate(images, now=NOW, options=options, readings=options)


def test_an_inventory_is_used_as_it_is() -> None:
    inventory = Inventory([image("a", 1)])

    assert inventory is LifecyclePolicy(KEEP_ONE).simulate(inventory, now=NOW).inventory
