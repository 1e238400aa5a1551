"""What a registry answered, as a file: everything that is judged later is read from it."""

from ecr_constructs.model.diagnostics import DiagnosticError


class SnapshotError(DiagnosticError):
    """A file is not a snapshot, or cannot be read."""
