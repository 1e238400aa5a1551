"""Errors of the template reader."""

from pathlib import Path

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


CheckError = TemplateError
"""The public name in `ecr_constructs.checks`."""
