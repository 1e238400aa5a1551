"""What ends a command: one line on standard error, and exit status 2."""


class CommandError(Exception):
    """The command cannot do what it was asked for.

    Args:
        message: What was given, what is allowed, what to do; line breaks become semicolons.
    """

    def __init__(self, message: str) -> None:
        """Keep the message to one line."""
        lines = (line.strip().removeprefix("- ").rstrip(";") for line in message.splitlines())
        super().__init__("; ".join(filter(None, lines)).replace(":; ", ": "))
