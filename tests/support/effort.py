"""How much a test does: `make test` does all of it, the run with coverage a fraction."""

import os

_SHARE = 40 if os.environ.get("HYPOTHESIS_PROFILE") == "few" else 1


def examples(count: int) -> int:
    """Return the number of random examples of a test that wants more than the profile has."""
    return max(5, count // _SHARE)
