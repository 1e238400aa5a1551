"""Reading a deployed registry; the only part that imports boto3."""


class LiveError(Exception):
    """ECR rejects a request, cannot be reached, or has something that cannot be read."""
