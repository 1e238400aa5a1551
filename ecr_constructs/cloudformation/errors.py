"""Errors of the template reader."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from ecr_constructs.model.diagnostics import Diagnostic, DiagnosticError


class TemplateError(DiagnosticError):
    """A file that cannot be read, or is not what it should be; the message is one line.

    Attributes:
        code: What kind of problem it is, stable across releases: ``template-not-json``.
        path: The file or folder; None for a text without a file.

    Example:
        >>> from ecr_constructs.checks import CheckError, load
        >>> try:
        ...     load(["none.json"])
        ... except CheckError as error:
        ...     print(error.code, error.path)
        file-unreadable none.json
    """

    def __init__(self, message: str, *, code: str, path: Path | None = None) -> None:
        """Describe the problem.

        Args:
            message: The problem, with the name of the file.
            code: The kind of problem.
            path: The file or folder. Default: there is none.
        """
        super().__init__(Diagnostic(code, message))
        self.code = code
        self.path = path

    @classmethod
    def combined(cls, errors: Sequence[Self]) -> Self:
        """Return one error with the problems of all, and the code and path of the first."""
        first, *others = errors
        if not others:
            return first
        error = cls(str(first), code=first.code, path=first.path)
        error.diagnostics = tuple(problem for item in errors for problem in item.diagnostics)
        error.args = ("\n".join(map(str, error.diagnostics)),)
        return error


CheckError = TemplateError
"""The public name in `ecr_constructs.checks`."""
