"""How much a test does: all of it at night, a part of it where somebody waits for the result."""

import os

_SHARE = {"nightly": 1, "few": 40}.get(os.environ.get("HYPOTHESIS_PROFILE", ""), 10)


def examples(count: int) -> int:
    """Return the number of random examples of a test that wants more than the profile has."""
    return max(5, count // _SHARE)
