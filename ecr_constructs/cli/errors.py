"""How a command ends: with a status, or with one line on standard error."""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING

from ecr_constructs.model.diagnostics import Diagnostic, DiagnosticError
from ecr_constructs.model.printable import printable
from ecr_constructs.model.validation import ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable

FAILED = 2
INTERNAL = 3
INTERRUPTED = 130
FAILURES = (DiagnosticError, ValidationError)
# Shows the traceback of an internal error.
DEBUG = "ECR_CONSTRUCTS_DEBUG"
# Characters of the message of an internal error, which can hold anything.
_SHOWN = 300


class CommandError(DiagnosticError):
    """The command cannot do what it was asked for."""


def one_line(error: DiagnosticError | ValidationError) -> str:
    """Return the message of an error, and its codes in brackets; line breaks become semicolons."""
    lines = (line.strip().removeprefix("- ").rstrip(";") for line in str(error).splitlines())
    message = "; ".join(filter(None, lines)).replace(":; ", ": ")
    codes = dict.fromkeys(diagnostic.code for diagnostic in error.diagnostics)
    return f"{message} [{', '.join(codes)}]"


def guarded(program: str, run: Callable[[], int]) -> int:
    """Run a command, and return its exit status.

    Returns:
        What `run` returns. 2 if arguments, a file, a service, the disk or the memory fail, after
        one line on standard error. 3 if this program does. 130 if the user interrupts it.
    """
    try:
        _require_output()
        status, message = run(), ""
        sys.stdout.flush()
    except FAILURES as error:
        status, message = FAILED, one_line(error)
    except OSError as error:
        _discard_output()
        status, message = FAILED, _unwritable(error)
    except MemoryError:
        status, message = FAILED, "there is not enough memory for the input [memory-exhausted]"
    except KeyboardInterrupt:
        status, message = INTERRUPTED, ""
    except Exception as error:  # noqa: BLE001 - a verdict must not depend on an error of ours
        status, message = INTERNAL, _internal(error)
    if message:
        # Standard error may be closed, or on the same full disk.
        with suppress(OSError, AttributeError):
            sys.stderr.write(f"{program}: {message}\n")
    return status


def _require_output() -> None:
    if sys.stdout is None:
        raise CommandError(Diagnostic("output-unwritable", "standard output is closed"))


def _unwritable(error: OSError) -> str:
    if isinstance(error, BrokenPipeError):
        # The reader, such as `head`, has seen enough.
        return ""
    if error.filename is not None:
        name = f"cannot read or write {error.filename}: {error.strerror}"
        return f"{printable(name)} [file-inaccessible]"
    return f"cannot write standard output: {error.strerror or error} [output-unwritable]"


def _internal(error: Exception) -> str:
    if os.environ.get(DEBUG):
        traceback.print_exception(error)
    *_, frame = traceback.extract_tb(error.__traceback__)
    message = printable(f"{type(error).__name__} at {frame.filename}:{frame.lineno}: {error}")
    shown = message if len(message) <= _SHOWN else f"{message[:_SHOWN]}…"
    return (
        f"internal error: {shown}; nothing is known about the input. Please report it, with what "
        f"{DEBUG}=1 prints [internal-error]"
    )


def _discard_output() -> None:
    """Put standard output away, since Python would complain at exit about what is left of it."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
