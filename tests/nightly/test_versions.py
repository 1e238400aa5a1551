"""The versions that pyproject.toml claims: the lowest aws-cdk-lib, and each Python at hand."""

import json
import subprocess
import sys

import pytest

from scripts.versions import UV, failures


def interpreters() -> dict[str, str]:
    """Return the installed interpreters of other supported versions, by version."""
    command = [
        str(UV),
        "python",
        "list",
        "--only-installed",
        "--offline",
        "--output-format",
        "json",
    ]
    listed = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return {
        f"3.{minor}": item["path"]
        for item in listed
        for minor in [item["version_parts"]["minor"]]
        if minor >= 11 and minor != sys.version_info.minor
    }


COMBINATIONS = {
    "lowest aws-cdk-lib": (sys.executable, "lowest"),
    "newest aws-cdk-lib": (sys.executable, "newest"),
    **{f"Python {version}": (path, "locked") for version, path in interpreters().items()},
}


@pytest.mark.parametrize(("python", "cdk"), COMBINATIONS.values(), ids=COMBINATIONS)
def test_app_and_examples(python: str, cdk: str) -> None:
    """They synthesize, and `EcrChecks` accepts them."""
    assert [] == failures(python, cdk)
