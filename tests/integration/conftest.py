"""One embedded AWS for all integration tests of a process, a code host, and the command line."""

from tests.cli.conftest import run
from tests.support.embedded_aws import cdk, local_aws, new_account, outdir, place, read_back
from tests.support.reviewed_pull_request import clone, host

__all__ = [
    "cdk",
    "clone",
    "host",
    "local_aws",
    "new_account",
    "outdir",
    "place",
    "read_back",
    "run",
]
