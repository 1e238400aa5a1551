"""The shipped environments have no findings, other than acknowledged ones."""

import json
import os
import sys
from pathlib import Path

import pytest

from ecr_constructs.checks import Report, load, report
from tests.app.conftest import ROOT
from tests.support.processes import run


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run app.py and return what it synthesized."""
    outdir = tmp_path_factory.mktemp("cdk.out")
    env = {**os.environ, "CDK_OUTDIR": str(outdir)}
    done = run([sys.executable, "app.py"], ROOT, env)
    assert (0, "") == (done.returncode, done.stdout)
    return outdir


@pytest.fixture(scope="module")
def checked(assembly: Path) -> Report:
    """Return the report of the command line."""
    return report(load([assembly]))


def test_the_app_is_checked_when_it_is_synthesized(assembly: Path) -> None:
    """The plugin reports nothing but what is acknowledged."""
    validation = json.loads((assembly / "validation-report.json").read_text(encoding="utf-8"))

    [plugin] = validation["pluginReports"]
    expected = {"pluginName": "EcrChecks", "conclusion": "success", "violations": []}
    assert expected == {key: plugin[key] for key in expected}


def test_the_command_line_finds_nothing(checked: Report) -> None:
    """It checks the same without CDK."""
    assert () == checked.findings


def test_acknowledgments_come_from_the_files(checked: Report) -> None:
    """Tags move in development, and caches are caches."""
    acknowledged = {entry.finding.rule for entry in checked.suppressed}

    assert {"ECR012", "ECR013", "ECR115"} == acknowledged
    assert all(entry.reason for entry in checked.suppressed)
