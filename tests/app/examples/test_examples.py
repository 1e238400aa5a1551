"""Every app in examples/ synthesizes, warns of nothing, and passes the validators."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.examples.workloads import WORKLOADS
from tests.support.constructs import ROOT
from tests.support.validators import linted, validated

# CDK's own custom resource says twice what it depends on; an example names its zones, since CDK
# would look them up.
FALSE_ALARMS = ("W3005", "W3010")

EVERY = sorted((ROOT / "examples").glob("*/app.py"))
# Those that run images are judged where they are deployed: tests/integration/test_workloads.py.
EXAMPLES = [path for path in EVERY if path.parent.name not in WORKLOADS]


@pytest.fixture(scope="module", params=EXAMPLES, ids=lambda path: path.parent.name)
def assembly(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that an example synthesizes to, as a user runs it."""
    outdir = tmp_path_factory.mktemp("cdk.out")
    done = subprocess.run(
        [sys.executable, "-W", "error", request.param],
        # Node reads where to write when it starts, so each app has a process of its own.
        env={**os.environ, "CDK_OUTDIR": str(outdir)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)
    return outdir


def stacks(assembly: Path) -> Iterator[tuple[str, str]]:
    """Yield the template of each stack in an assembly, with the Region it is for."""
    for manifest in sorted(assembly.rglob("manifest.json")):
        artifacts = json.loads(manifest.read_text(encoding="utf-8"))["artifacts"].values()
        for artifact in artifacts:
            if artifact["type"] == "aws:cloudformation:stack":
                path = manifest.parent / artifact["properties"]["templateFile"]
                yield path.read_text(encoding="utf-8"), artifact["environment"].rpartition("/")[2]


def test_there_are_examples() -> None:
    """The examples are found."""
    assert len(EXAMPLES) >= 2


def test_the_validators_find_nothing(assembly: Path) -> None:
    """cfn-lint and CloudFormation's own validator have no finding in any stack."""
    matches = {
        text: [*linted(text, [region]), *validated(text, region)]
        for text, region in stacks(assembly)
    }

    assert matches
    assert [] == [
        finding
        for findings in matches.values()
        for finding in findings
        if not finding.startswith(FALSE_ALARMS)
    ]


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.parent.name)
def test_an_example_is_short(path: Path) -> None:
    """An example is read at a glance."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 60
