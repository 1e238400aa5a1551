"""One way to refuse a value: everything that is wrong with it, said at once."""

from collections.abc import Iterable

from ecr_constructs.model.tokens import is_list_mark

# Characters of a refused value that its error repeats.
_SHOWN = 500


def refusal(what: str, value: object, faults: Iterable[str]) -> str:
    """Word a refusal: what was given, then a line for each fault.

    Args:
        what: The thing in ECR's words, in the singular: ``repository name``.
        value: The value as it was given.
        faults: Sentences that each name the fault, what is allowed and what to write.
    """
    lines = "".join(f"\n  - {fault}" for fault in faults)
    shown = str(value)
    if len(shown) > _SHOWN:
        shown = f"{shown[:_SHOWN]}…"
    return f"Invalid {what} (value: {shown}):{lines}"


def refuse(what: str, value: object, faults: Iterable[str]) -> None:
    """Raise one ValueError that lists every fault, or return if there is none."""
    if faults := list(faults):
        raise ValueError(refusal(what, value, faults))


def check_list(name: str, value: object) -> None:
    """Refuse what only looks like a list of strings.

    Raises:
        ValueError: A string, which would count as its letters; or a list that CDK knows only at
            deploy time, which cannot be taken apart to be judged and rendered.
    """
    if isinstance(value, str):
        msg = f"{name} must be a list of strings, got the string {value!r}; write [{value!r}]"
        raise ValueError(msg)  # noqa: TRY004 - one kind of error for every refused value
    if isinstance(value, Iterable) and any(map(is_list_mark, value)):
        msg = (
            f"{name} is a list that is known only at deploy time, so that its values cannot be "
            "judged; name each value, which may itself be known only then"
        )
        raise ValueError(msg)
