"""Workflow commands, with which GitHub Actions annotates a line or a run.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from typing import Literal

Command = Literal["error", "warning", "notice"]


def workflow_command(command: Command, message: str, **properties: str) -> str:
    """Return a command.

    Args:
        command: The severity.
        message: The text, which may have several lines.
        properties: The place and the title.
    """
    listed = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in properties.items())
    return f"::{command} {listed}::{_escaped(message)}"


def _escaped(value: str, more: str = "") -> str:
    for special in ("%", "\r", "\n", *more):
        value = value.replace(special, f"%{ord(special):02X}")
    return value
