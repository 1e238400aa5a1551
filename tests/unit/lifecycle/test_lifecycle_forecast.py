"""Forecast when images are deleted or archived if nothing is pushed."""

from datetime import date, timedelta
from typing import Any

import pytest

from ecr_constructs import LifecyclePolicy, LifecycleRule
from ecr_constructs.model.lifecycle import Fate, Image
from tests.support.errors import rejects
from tests.unit.lifecycle.test_lifecycle_simulate import NOW, ago, archived, image


def events(
    *images: Image, rules: list[LifecycleRule], days: int = 90
) -> list[tuple[str, str, Any]]:
    """Return digest, fate and days from now of each event."""
    forecast = LifecyclePolicy(*rules).forecast(images, now=NOW, days=days)
    return [
        (event.image.digest, event.fate.value, (event.at - NOW) / timedelta(days=1))
        for event in forecast.events
    ]


def test_an_image_is_deleted_when_it_reaches_the_age() -> None:
    """The instant is exact; an image that is older already is deleted now."""
    images = image("old", 9), image("young", 1.25), image("exact", 7)

    assert [("old", "expired", 0), ("exact", "expired", 0), ("young", "expired", 5.75)] == events(
        *images, rules=[LifecycleRule.expire(after_days=7)]
    )


def test_a_count_marks_no_further_images() -> None:
    """Without pushes the remaining images stay."""
    images = image("a", 3), image("b", 2), image("c", 1)

    assert [("a", "expired", 0)] == events(*images, rules=[LifecycleRule.keep_last(2)])


def test_an_archived_image_is_deleted_later() -> None:
    """The age in the archive starts with the archiving."""
    rules = [
        LifecycleRule.archive(not_pulled_for_days=30),
        LifecycleRule.expire_archived(after_days=90),
    ]
    pulled = image("a", 100, last_recorded_pull_time=ago(20))

    assert [("a", "archived", 10), ("cold", "expired", 40), ("a", "expired", 100)] == events(
        pulled, archived("cold", 50), rules=rules, days=200
    )


def test_a_restored_image_is_archived_again() -> None:
    """The age in the archive starts with the last archiving."""
    rules = [LifecycleRule.archive(after_days=30), LifecycleRule.expire_archived(after_days=90)]
    restored = image("a", 400, last_archived_at=ago(300), last_activated_at=ago(20))

    assert [("a", "archived", 10), ("a", "expired", 100)] == events(restored, rules=rules, days=200)


def test_an_archived_image_replaces_another_in_the_archive() -> None:
    """A count of the archive marks more images when one arrives."""
    rules = [
        LifecycleRule.archive(after_days=30),
        LifecycleRule(
            tag_status="any",
            storage_class="archive",
            count_type="imageCountMoreThan",
            count_number=1,
        ),
    ]

    assert [("new", "archived", 10), ("cold", "expired", 10)] == [
        (digest, fate, round(day))
        for digest, fate, day in events(image("new", 20), archived("cold", 50), rules=rules)
    ]


def test_a_child_waits_for_its_index() -> None:
    """It is deleted at the same instant, and so is the signature of an image."""
    rules = [
        LifecycleRule.expire(after_days=10, tag_patterns=["v*"]),
        LifecycleRule.expire_untagged(after_days=1),
    ]
    index = image("index", 4, "v1", references=("child",))
    signature = image("signature", 4, "s", subject="child")

    assert [(name, "expired", 6) for name in ("signature", "index", "child")] == sorted(
        events(index, image("child", 4), signature, rules=rules),
        key=lambda event: ("signature", "index", "child").index(event[0]),
    )


def test_a_signature_is_deleted_only_once() -> None:
    """A signature that was deleted before its image does not follow it."""
    rules = [
        LifecycleRule.expire(after_days=10, tag_patterns=["v*"]),
        LifecycleRule.expire_untagged(after_days=1),
    ]
    signature = image("signature", 4, subject="image")

    assert [("signature", "expired", 0), ("image", "expired", 6)] == events(
        image("image", 4, "v1"), signature, rules=rules
    )


def test_a_deleted_index_protects_nothing() -> None:
    """Its child is deleted when it reaches the age of its own rule."""
    rules = [
        LifecycleRule.expire(after_days=5, tag_patterns=["v*"]),
        LifecycleRule.expire_untagged(after_days=10),
    ]
    index = image("index", 4, "v1", references=("child",))

    assert [("index", "expired", 1), ("child", "expired", 6)] == events(
        index, image("child", 4), rules=rules
    )


def test_days_and_remaining_images() -> None:
    """Days without events are left out."""
    images = image("a", 6), image("b", 6.1), image("c", 1), image("keep", 1, "v1")
    forecast = LifecyclePolicy(LifecycleRule.expire_untagged(after_days=7)).forecast(
        images, now=NOW
    )

    expected = {date(2026, 11, 25): {Fate.EXPIRED: 2}, date(2026, 11, 30): {Fate.EXPIRED: 1}}
    assert expected == forecast.days
    assert (1, NOW + timedelta(days=90)) == (forecast.left, forecast.until)


def test_events_after_the_end_are_left_out() -> None:
    assert [] == events(image("a", 1), rules=[LifecycleRule.expire(after_days=7)], days=5)


@pytest.mark.parametrize("days", [0, -1, 10**9])
def test_rejects_days_out_of_range(days: int) -> None:
    with rejects("days: days-out-of-range"):
        LifecyclePolicy().forecast([], now=NOW, days=days)
