"""The shipped environments, and environments of a test's own."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from ecr_constructs.environment.loading import load_environments
from ecr_constructs.environment.models import Environment
from stacks.stage import EnvironmentStage

ROOT = Path(__file__).parents[2]

Templates = dict[str, dict[str, Any]]
Synth = Callable[[Mapping[str, Environment]], Templates]


@pytest.fixture(scope="session")
def shipped() -> dict[str, Environment]:
    """Return the environments of this checkout by name."""
    return load_environments(ROOT / "environments")


@pytest.fixture(scope="session")
def synth(tmp_path_factory: pytest.TempPathFactory) -> Synth:
    """Return a function that synthesizes environments as app.py does: templates by stack's path."""
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]

    def synthesize(environments: Mapping[str, Environment]) -> Templates:
        outdir = tmp_path_factory.mktemp("cdk.out")
        app = cdk.App(analytics_reporting=False, context=context, outdir=str(outdir))
        for name, environment in environments.items():
            EnvironmentStage(app, name, environment)
        return {
            stack.hierarchical_id: json.loads(
                Path(stack.template_full_path).read_text(encoding="utf-8")
            )
            for stage in app.synth().nested_assemblies
            for stack in stage.nested_assembly.stacks
        }

    return synthesize


@pytest.fixture(scope="session")
def templates(shipped: dict[str, Environment], synth: Synth) -> Templates:
    """Return the templates of the shipped environments by path: ``Prod/EuWest1/Payments``."""
    return synth(shipped)
