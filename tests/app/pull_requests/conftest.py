"""Both sides of every pull request, synthesized once."""

from pathlib import Path

import pytest

from tests.app.pull_requests.apps import PULL_REQUESTS
from tests.support.constructs import new_app

Sides = dict[str, tuple[Path, Path]]


@pytest.fixture(scope="session")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Sides:
    """Return the cloud assemblies of base and head, by the pull request's name."""
    folders_of = {}
    for name, build in PULL_REQUESTS.items():
        folders = []
        for head in (False, True):
            outdir = tmp_path_factory.mktemp(f"{name}-{'head' if head else 'base'}") / "cdk.out"
            app = new_app(outdir)
            build(app, head)
            app.synth()
            folders.append(outdir)
        folders_of[name] = (folders[0], folders[1])
    return folders_of
