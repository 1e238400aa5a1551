"""Collect every error of a value, and raise them together."""

from collections.abc import Iterable
from typing import NoReturn

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.tokens import is_list_mark

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
        lines = "".join(f"\n  - {diagnostic}" for diagnostic in self.diagnostics)
        shown = str(value)
        if len(shown) > _SHOWN:
            shown = f"{shown[:_SHOWN]}…"
        super().__init__(f"Invalid {subject} (value: {shown}):{lines}")


def raise_if_invalid(subject: str, value: object, errors: Iterable[Diagnostic | str]) -> None:
    """Raise one error that lists every problem, or return if there is none.

    Raises:
        ValidationError: There is at least one problem.
    """
    diagnostics = [
        Diagnostic(code="invalid", message=error) if isinstance(error, str) else error
        for error in errors
    ]
    if diagnostics:
        raise ValidationError(subject, value, diagnostics)


def reject(
    subject: str, value: object, code: str, message: str, *, path: str = "", remedy: str = ""
) -> NoReturn:
    """Raise the error of a value with a single problem.

    Args:
        subject: What the value is.
        value: The value as it was given.
        code: The kind of problem.
        message: What was given and what is allowed.
        path: Where the problem is.
        remedy: What to write instead.

    Raises:
        ValidationError: Always.
    """
    problem = Diagnostic(code=code, message=message, path=path, remedy=remedy)
    raise ValidationError(subject, value, [problem]) from None


def require_list(name: str, value: object) -> None:
    """Reject a string, or an unresolved list, where a list of strings is expected.

    Args:
        name: The parameter that the value was given for.
        value: The value as it was given.

    Raises:
        ValidationError: ``list-is-string``: a string would count as its letters.
            ``list-unresolved``: a list that CDK resolves at deploy time has no values to check.
    """
    if isinstance(value, str):
        reject(
            name,
            value,
            "list-is-string",
            f"must be a list of strings, got the string {value!r}",
            path=name,
            remedy=f"write [{value!r}]",
        )
    if isinstance(value, Iterable) and any(map(is_list_mark, value)):
        reject(
            name,
            value,
            "list-unresolved",
            "is a list whose values are known only at deploy time and cannot be validated",
            path=name,
            remedy="list the values one by one; each of them may be a deploy-time value",
        )
