"""Ready-made lifecycle policies."""

from collections.abc import Callable

import pytest

from ecr_constructs import LifecyclePolicy, Retention
from ecr_constructs.model.lifecycle.presets import protect

WORDS = {
    "development": (
        Retention.development(),
        (
            "delete untagged images 3 days after their push",
            "keep the newest 50 images, delete the older ones",
        ),
    ),
    "development, protected": (
        Retention.development(protect_tags=["demo-*", "keep"]),
        (
            "keep every image tagged demo-*",
            "keep every image tagged keep",
            "delete untagged images 3 days after their push",
            "keep the newest 50 images, delete the older ones",
        ),
    ),
    "staging": (
        Retention.staging(),
        (
            "delete untagged images 7 days after their push",
            "keep the newest 200 images, delete the older ones",
        ),
    ),
    "staging, protected": (
        Retention.staging(protect_tags=["rc-*"]),
        (
            "keep every image tagged rc-*",
            "delete untagged images 7 days after their push",
            "keep the newest 200 images, delete the older ones",
        ),
    ),
    "production": (
        Retention.production(),
        (
            "keep every image tagged v*",
            "keep every image tagged release-*",
            "delete untagged images 30 days after their push",
            "delete images 365 days after their push",
        ),
    ),
    "production, unprotected": (
        Retention.production(protect_tags=[]),
        (
            "delete untagged images 30 days after their push",
            "delete images 365 days after their push",
        ),
    ),
}


@pytest.mark.parametrize(("policy", "words"), WORDS.values(), ids=WORDS)
def test_says_what_it_deletes(policy: LifecyclePolicy, words: tuple[str, ...]) -> None:
    """Protected tags come first, one rule for each pattern, and then what is deleted."""
    assert words == policy.in_words()


def test_protecting_rules_say_so() -> None:
    """A protecting rule's description tells the reader of the console what it is for."""
    assert [rule.description for rule in protect(["v*", "1.*"])] == ["Protect v*", "Protect 1.*"]


@pytest.mark.parametrize("preset", [Retention.development, Retention.staging, Retention.production])
def test_refuses_a_bare_string(preset: Callable[..., LifecyclePolicy]) -> None:
    """One pattern in place of a list is refused."""
    with pytest.raises(ValueError, match="protect_tags must be a list of strings, got the string"):
        preset(protect_tags="v*")
