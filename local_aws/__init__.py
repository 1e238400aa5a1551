"""The embedded AWS: CloudFormation, ECR with a real registry, KMS and IAM on this laptop.

Two environments meet in this package. `server.py` and `overlay/` run inside `.venv-local-aws`
and import ministack; everything else runs in the development environment and talks to that
server over HTTP. So this module imports neither.
"""


class LocalAwsError(Exception):
    """What the user must know and can change: the command line prints it and exits with 2."""
