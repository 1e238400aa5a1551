"""Forecast when images are deleted or archived if nothing is pushed."""

from datetime import date, timedelta
from typing import Any

import pytest

from ecr_constructs import LifecyclePolicy, LifecycleRule
from ecr_constructs.model.lifecycle import Fate, Image
from tests.support.errors import by_code, rejection_test
from tests.unit.lifecycle.test_lifecycle_simulate import NOW, ago, archived, image

EXPIRE_7, KEEP_TWO = LifecycleRule.expire(after_days=7), LifecycleRule.keep_last(2)
ARCHIVE_30 = LifecycleRule.archive(after_days=30)
UNPULLED_30 = LifecycleRule.archive(not_pulled_for_days=30)
EXPIRE_ARCHIVED = LifecycleRule.expire_archived(after_days=90)
UNTAGGED, UNTAGGED_10 = (LifecycleRule.expire_untagged(after_days=days) for days in (1, 10))
RELEASES = LifecycleRule.expire(after_days=10, tag_patterns=["v*"])
YOUNG_RELEASES = LifecycleRule.expire(after_days=5, tag_patterns=["v*"])
INDEX = image("index", 4, "v1", references=("child",))
# Rules and images, and each event: the image, its fate, and days from now.
CASES: dict[str, tuple[list[LifecycleRule], list[Image], list[tuple[str, str, float]]]] = {
    # The instant is exact; an image that is older already is deleted now.
    "an age": (
        [EXPIRE_7],
        [image("old", 9), image("young", 1.25), image("exact", 7)],
        [("old", "expired", 0), ("exact", "expired", 0), ("young", "expired", 5.75)],
    ),
    # Without pushes the remaining images stay.
    "a count marks no further images": (
        [KEEP_TWO],
        [image("a", 3), image("b", 2), image("c", 1)],
        [("a", "expired", 0)],
    ),
    # The age in the archive starts with the (last) archiving.
    "an archived image is deleted later": (
        [UNPULLED_30, EXPIRE_ARCHIVED],
        [image("a", 100, last_recorded_pull_time=ago(20)), archived("cold", 50)],
        [("a", "archived", 10), ("cold", "expired", 40), ("a", "expired", 100)],
    ),
    "a restored image is archived again": (
        [ARCHIVE_30, EXPIRE_ARCHIVED],
        [image("a", 400, last_archived_at=ago(300), last_activated_at=ago(20))],
        [("a", "archived", 10), ("a", "expired", 100)],
    ),
    # They are deleted at the same instant.
    "a child and a signature wait for the index": (
        [RELEASES, UNTAGGED],
        [INDEX, image("child", 4), image("signature", 4, "s", subject="child")],
        [("signature", "expired", 6), ("index", "expired", 6), ("child", "expired", 6)],
    ),
    # A signature that was deleted before its image does not follow it.
    "a signature is deleted only once": (
        [RELEASES, UNTAGGED],
        [image("image", 4, "v1"), image("signature", 4, subject="image")],
        [("signature", "expired", 0), ("image", "expired", 6)],
    ),
    # Its child is deleted when it reaches the age of its own rule.
    "a deleted index protects nothing": (
        [YOUNG_RELEASES, UNTAGGED_10],
        [INDEX, image("child", 4)],
        [("index", "expired", 1), ("child", "expired", 6)],
    ),
    "events after the end": ([LifecycleRule.expire(after_days=250)], [image("a", 1)], []),
}


@pytest.mark.parametrize(("rules", "images", "events"), CASES.values(), ids=CASES)
def test_events(
    rules: list[LifecycleRule], images: list[Image], events: list[tuple[str, str, float]]
) -> None:
    forecast = LifecyclePolicy(*rules).forecast(images, now=NOW, days=200)

    assert events == [
        (event.image.digest, event.fate.value, round((event.at - NOW) / timedelta(days=1), 2))
        for event in forecast.events
    ]


def test_days_and_remaining_images() -> None:
    """Days without events are left out."""
    images = image("a", 6), image("b", 6.1), image("c", 1), image("keep", 1, "v1")
    policy = LifecyclePolicy(LifecycleRule.expire_untagged(after_days=7))
    forecast = policy.forecast(images, now=NOW)

    expected = {date(2026, 11, 25): {Fate.EXPIRED: 2}, date(2026, 11, 30): {Fate.EXPIRED: 1}}
    assert expected == forecast.days
    assert (1, NOW + timedelta(days=90)) == (forecast.left, forecast.until)


def forecast_of_nothing(days: int) -> Any:
    LifecyclePolicy().forecast([], now=NOW, days=days)


test_days = rejection_test(
    forecast_of_nothing, by_code({"": [1, 200], "days: days-out-of-range": [0, -1, 10**9]})
)
