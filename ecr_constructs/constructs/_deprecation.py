"""Former names of keywords, which still work for a while."""

import warnings

from ecr_constructs.model.validation import reject


def renamed_keyword(
    name: str,
    value: bool | None,
    former_name: str,
    former_value: bool | None,
    *,
    stacklevel: int = 3,
) -> bool:
    """Return the value of a switch that is given under its present or its former name.

    Args:
        name: The keyword.
        value: Its value, None if it is not given.
        former_name: The keyword's former name.
        former_value: The value under the former name, None if it is not given.
        stacklevel: Frames up to the code that the warning is about, as for `warnings.warn`.

    Raises:
        ValidationError: ``keyword-given-twice``: both names are given.
    """
    if former_value is None:
        return bool(value)
    if value is not None:
        reject(
            "keyword",
            former_name,
            "keyword-given-twice",
            f"{former_name} is the former name of {name}, and both are given",
            path=name,
            remedy=f"remove {former_name}",
        )
    warnings.warn(
        f"{former_name} is deprecated and will be removed; write {name}",
        DeprecationWarning,
        stacklevel=stacklevel,
    )
    return former_value
