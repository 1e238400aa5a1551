"""Former names of keywords, which still work for a while."""

import warnings

from ecr_constructs.model.validation import reject


def renamed_keyword(
    name: str, value: bool | None, former_name: str, former_value: bool | None, *, stacklevel: int
) -> bool:
    """Return the value of a switch that is given under its present or its former name.

    Both names raise ``keyword-given-twice``. ``stacklevel`` leads to the code that the warning is
    about, as for `warnings.warn`.
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
