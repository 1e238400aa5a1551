"""Reading a deployed registry; the only part that imports boto3."""

from ecr_constructs.model.diagnostics import DiagnosticError


class LiveError(DiagnosticError):
    """ECR rejects a request, cannot be reached, or has something that cannot be read."""
