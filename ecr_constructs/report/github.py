"""Commands with which GitHub Actions mark a line, or say something of a run.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from typing import Literal

Command = Literal["error", "warning", "notice"]


def workflow_command(command: Command, message: str, **properties: str) -> str:
    """Return a command.

    Args:
        command: How bad it is.
        message: What is said.
        properties: Where, and under which title.
    """
    said = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in properties.items())
    return f"::{command} {said}::{_escaped(message)}"


def _escaped(value: str, more: str = "") -> str:
    for special in ("%", "\r", "\n", *more):
        value = value.replace(special, f"%{ord(special):02X}")
    return value
