"""UUIDs, by which Bitbucket and CircleCI name everything."""

import re
from collections.abc import Iterator

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BRACED = re.compile(rf"\{{{UUID.pattern}\}}|{UUID.pattern}")
# What stands for a UUID in an IAM pattern: as long as one, so that nothing else slips in.
ANY_UUID = "-".join("?" * length for length in (8, 4, 4, 4, 12))


def uuid_errors(keyword: str, value: str, *, braces: bool = True) -> Iterator[str]:
    """Yield a sentence if a value is no UUID.

    Args:
        keyword: What the value was given as.
        value: The value.
        braces: Whether it may stand in braces, as Bitbucket shows it.
    """
    if not (_BRACED if braces else UUID).fullmatch(value):
        yield (
            f"{keyword} {value!r} must be a UUID in lowercase, such as "
            "'1d397906-81bf-459e-9a8d-eae79c0bc5f3'; a wildcard or a name will not do"
        )


def braced(uuid: str) -> str:
    """Return a UUID in braces, as Bitbucket's tokens have it."""
    return f"{{{UUID.findall(uuid)[0]}}}"
