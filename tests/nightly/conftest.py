"""One embedded AWS for all tests of its fidelity, what is in it, and the command line."""

from tests.cli.conftest import run
from tests.support.ecs_tasks import api_v1
from tests.support.embedded_aws import cdk, local_aws, new_account, outdir, place, read_back
from tests.support.second_day import new_story

__all__ = [
    "api_v1",
    "cdk",
    "local_aws",
    "new_account",
    "new_story",
    "outdir",
    "place",
    "read_back",
    "run",
]
