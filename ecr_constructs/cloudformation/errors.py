"""What ends a check before it begins."""


class CheckError(Exception):
    """A template cannot be read; the message is one line that says which and why."""
