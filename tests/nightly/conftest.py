"""One embedded AWS for all tests of its fidelity, and the command line."""

from tests.cli.conftest import run
from tests.support.embedded_aws import cdk, local_aws, new_account, outdir, place, read_back

__all__ = ["cdk", "local_aws", "new_account", "outdir", "place", "read_back", "run"]
