"""The one error a user can cause here."""

from __future__ import annotations


class LocalAwsError(Exception):
    """What the user must know and can change: the command line prints it and exits with 2."""
