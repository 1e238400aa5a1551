"""What the shipped environments deploy keeps every rule, or says why not."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ecr_constructs.checks import Report, load, report
from tests.app.conftest import ROOT


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run app.py and return what it synthesized."""
    outdir = tmp_path_factory.mktemp("cdk.out")
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**os.environ, "CDK_OUTDIR": str(outdir)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert (0, "") == (done.returncode, done.stdout)
    return outdir


@pytest.fixture(scope="module")
def judged(assembly: Path) -> Report:
    """Return what the command line says of it."""
    return report(load([assembly]))


def test_the_app_is_checked_when_it_is_synthesized(assembly: Path) -> None:
    """The plugin reports nothing but what is acknowledged."""
    validation = json.loads((assembly / "validation-report.json").read_text(encoding="utf-8"))

    [found] = validation["pluginReports"]
    assert ("EcrChecks", "success", []) == (
        found["pluginName"],
        found["conclusion"],
        found["violations"],
    )


def test_the_command_line_finds_nothing(judged: Report) -> None:
    """Without CDK the same is known."""
    assert () == judged.findings


def test_what_is_acknowledged_is_what_a_file_says(judged: Report) -> None:
    """Tags move in development, and caches are caches."""
    acknowledged = {each.finding.rule for each in judged.suppressed}

    assert {"ECR012", "ECR013", "ECR115"} == acknowledged
    assert all(each.reason for each in judged.suppressed)
