"""Collect every error of a value, and raise them together."""

from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from dataclasses import replace
from typing import Any, NoReturn

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.printable import printable
from ecr_constructs.model.tokens import is_list_mark, is_unresolved

# Characters of a rejected value that its error repeats.
_SHOWN = 500


class ValidationError(ValueError):
    """A value that ECR, CloudFormation or this library rejects.

    Attributes:
        subject: What the value is, in ECR's terms: ``repository name``.
        diagnostics: Every problem with the value, each with a stable code.

    Example:
        >>> from ecr_constructs.model.names import check_repository_name
        >>> try:
        ...     check_repository_name("Payments")
        ... except ValidationError as error:
        ...     print([problem.code for problem in error.diagnostics])
        ['repository-name-characters']
    """

    def __init__(self, subject: str, value: object, diagnostics: Iterable[Diagnostic]) -> None:
        """Describe a rejected value.

        Args:
            subject: What the value is, in the singular.
            value: The value as it was given; the message repeats at most 500 characters of it.
            diagnostics: Every problem with it.
        """
        self.subject = subject
        self.diagnostics = tuple(diagnostics)
        lines = "".join(f"\n  - {printable(str(diagnostic))}" for diagnostic in self.diagnostics)
        shown = str(value)
        if len(shown) > _SHOWN:
            shown = f"{shown[:_SHOWN]}…"
        super().__init__(f"Invalid {subject} (value: {printable(shown)}):{lines}")


def raise_if_invalid(subject: str, value: object, errors: Iterable[Diagnostic]) -> None:
    """Raise one ValidationError that lists every problem, or return if there is none."""
    if diagnostics := tuple(errors):
        raise ValidationError(subject, value, diagnostics)


def reject(
    subject: str, value: object, code: str, message: str, *, path: str = "", remedy: str = ""
) -> NoReturn:
    """Raise the ValidationError of a value with a single problem."""
    problem = Diagnostic(code, message, path, remedy)
    raise ValidationError(subject, value, [problem]) from None


def located(path: str, errors: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """Yield the problems of one part of a value, with the path of that part."""
    for error in errors:
        yield replace(error, path=path)


def item_errors(
    path: str,
    values: Iterable[Any],
    errors_of: Callable[[Any], Iterable[Diagnostic]],
    *,
    name_values: bool = False,
) -> Iterator[Diagnostic]:
    """Yield the problems of each value of a list, with its index; deploy-time values pass."""
    for index, value in enumerate(values):
        yield from value_errors(f"{path}[{index}]", value, errors_of, name_value=name_values)


def value_errors(
    path: str,
    value: Any,
    errors_of: Callable[[Any], Iterable[Diagnostic]],
    *,
    name_value: bool = False,
) -> Iterator[Diagnostic]:
    """Yield the problems of one value, with its path; a deploy-time value passes."""
    for error in () if is_unresolved(value) else errors_of(value):
        message = f"{value!r}: {error.message}" if name_value else error.message
        yield replace(error, path=path, message=message)


def duplicate_errors(code: str, path: str, values: Sequence[str]) -> Iterator[Diagnostic]:
    """Yield a problem for each value that an earlier one equals; deploy-time values pass."""
    for index, value in enumerate(values):
        if value in values[:index] and not is_unresolved(value):
            yield Diagnostic(code, f"{value!r} is listed twice", f"{path}[{index}]")


def count_errors(
    code: str, values: Sized, most: int, what: str, path: str = "", *, remedy: str = ""
) -> Iterator[Diagnostic]:
    """Yield a problem if there are more values than AWS accepts."""
    if len(values) > most:
        message = f"at most {most} {what} are allowed, these are {len(values)}"
        yield Diagnostic(code, message, path, remedy)


def text_length_errors(
    code: str, subject: str, text: str, most: int, *, least: int = 0
) -> Iterator[Diagnostic]:
    """Yield a problem if a text is too short or too long; the message begins with the subject."""
    if not least <= len(text) <= most:
        limits = f"{least:,} to {most:,}" if least else f"at most {most:,}"
        message = f"{subject} must be {limits} characters long, is {len(text):,}"
        yield Diagnostic(code, message.lstrip())


def require_list(name: str, value: object) -> None:
    """Reject a string, whose letters would count, where a list of strings is expected.

    A list that CDK resolves at deploy time has no values to check, and is rejected too.
    """
    raise_if_invalid(name, value, list_errors(name, value))


def list_errors(path: str, value: object) -> Iterator[Diagnostic]:
    """Yield a problem if a value only looks like a list of strings; see `require_list`."""
    if isinstance(value, str):
        yield Diagnostic(
            "list-is-string",
            f"must be a list of strings, got the string {value!r}",
            path,
            f"write [{value!r}]",
        )
    elif isinstance(value, list | tuple) and any(map(is_list_mark, value)):
        yield Diagnostic(
            "list-unresolved",
            "is a list whose values are known only at deploy time and cannot be validated",
            path,
            "list the values one by one; each of them may be a deploy-time value",
        )
