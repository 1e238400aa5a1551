"""What ends a command: one line on standard error, and exit status 2."""

from ecr_constructs.model.diagnostics import DiagnosticError
from ecr_constructs.model.validation import ValidationError

FAILURES = (DiagnosticError, ValidationError)


class CommandError(DiagnosticError):
    """The command cannot do what it was asked for."""


def one_line(error: DiagnosticError | ValidationError) -> str:
    """Return the message of an error, and its codes in brackets; line breaks become semicolons."""
    lines = (line.strip().removeprefix("- ").rstrip(";") for line in str(error).splitlines())
    message = "; ".join(filter(None, lines)).replace(":; ", ": ")
    codes = dict.fromkeys(diagnostic.code for diagnostic in error.diagnostics)
    return f"{message} [{', '.join(codes)}]"
