"""What ends a command: one line on standard error, and exit status 2."""


class CommandError(Exception):
    """The command cannot do what it was asked for."""


def one_line(error: Exception) -> str:
    """Return the message of an error; line breaks become semicolons."""
    lines = (line.strip().removeprefix("- ").rstrip(";") for line in str(error).splitlines())
    return "; ".join(filter(None, lines)).replace(":; ", ": ")
