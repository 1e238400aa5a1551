"""The claimed versions are those that CI tries, and the script that tries them reads them."""

import re
import tomllib
from pathlib import Path

import yaml
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner

from scripts import versions
from scripts.versions import ROOT, lowest, programs, requirements

WORKFLOW = ROOT / ".github" / "workflows" / "versions.yml"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def parts(version: str) -> tuple[int, ...]:
    """Return the parts of a version as numbers."""
    return tuple(map(int, version.split(".")))


def test_the_workflow_tries_every_claimed_version() -> None:
    """Each Python of the classifiers, with the lowest and the newest aws-cdk-lib."""
    job = yaml.safe_load(WORKFLOW.read_text("utf-8"))["jobs"]["versions"]
    matrix = job["strategy"]["matrix"]
    claimed = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))

    assert {*claimed} <= {*matrix["python"]}
    assert PROJECT["requires-python"] == f">={min(matrix['python'], key=parts)}"
    assert {"lowest", "newest"} == {*matrix["cdk"]}
    [command] = (step["run"] for step in job["steps"] if "scripts.versions" in step.get("run", ""))
    assert "--python ${{ matrix.python }} --cdk ${{ matrix.cdk }}" in command


def test_the_workflow_is_valid() -> None:
    """GitHub's schema accepts it."""
    command = ["--builtin-schema", "vendor.github-workflows", str(WORKFLOW)]

    assert 0 == CliRunner().invoke(check_jsonschema, command).exit_code


def test_the_lowest_version_is_below_the_one_of_the_tests() -> None:
    """So that both ends of the range are tried."""
    assert parts(lowest()) < parts(versions.locked())


def test_requirements() -> None:
    """A version, or a name for one; the newest is whatever the index has."""
    assert [f"aws-cdk-lib=={lowest()}"] == requirements("lowest")[1:]
    assert [f"aws-cdk-lib=={versions.locked()}"] == requirements("locked")[1:]
    assert ["aws-cdk-lib"] == requirements("newest")[1:]
    assert ["aws-cdk-lib==2.270.0"] == requirements("2.270.0")[1:]


def test_every_program_is_tried() -> None:
    """The app and the examples."""
    examples = {*Path(ROOT, "examples").glob("*/app.py")}

    assert {ROOT / "app.py", *examples} == {*programs()}
    assert len(examples) > 10
