"""One way to refuse a value: everything that is wrong with it, said at once."""

from collections.abc import Iterable


def refusal(what: str, value: object, faults: Iterable[str]) -> str:
    """Word a refusal: what was given, then a line for each fault.

    Args:
        what: The thing in ECR's words, in the singular: ``repository name``.
        value: The value as it was given.
        faults: Sentences that each name the fault, what is allowed and what to write.
    """
    lines = "".join(f"\n  - {fault}" for fault in faults)
    return f"Invalid {what} (value: {value}):{lines}"


def refuse(what: str, value: object, faults: Iterable[str]) -> None:
    """Raise one ValueError that lists every fault, or return if there is none."""
    if faults := list(faults):
        raise ValueError(refusal(what, value, faults))


def refuse_bare_string(name: str, value: object) -> None:
    """Refuse a string where a list of strings is expected: it would count as its letters."""
    if isinstance(value, str):
        msg = f"{name} must be a list of strings, got the string {value!r}; write [{value!r}]"
        raise ValueError(msg)  # noqa: TRY004 - one kind of error for every refused value
