"""The apps in examples/, synthesized in this process."""

import runpy
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aws_cdk as cdk

from tests.support.constructs import ROOT

# A pipeline of every environment of app.py: tests/app/test_pipelines_example.py.
PIPELINES = "pipelines"
EXAMPLES = {path.parent.name: path for path in sorted((ROOT / "examples").glob("*/app.py"))}


def run_example(name: str, outdir: Path, *plugins: Any, **options: Any) -> None:
    """Synthesize an example into a folder; a finding of a plugin is a RuntimeError at the end."""
    original = cdk.App

    def app(**own: Any) -> cdk.App:
        created = original(outdir=str(outdir), analytics_reporting=False, **options, **own)
        if plugins:
            cdk.Validations.of(created).add_plugins(*plugins)
        return created

    with patch.object(cdk, "App", app):
        runpy.run_path(str(EXAMPLES[name]))
