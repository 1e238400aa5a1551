"""The shipped environments, and environments of a test's own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from ecr_constructs.environment.loading import load_environments
from ecr_constructs.environment.models import Environment
from ecr_constructs.environment.resolution import ResolvedEnvironment, resolve
from ecr_constructs.environment.source import EnvironmentFileError
from stacks.stage import EnvironmentStage

ROOT = Path(__file__).parents[2]
SHIPPED = ("dev", "prod", "staging")

Templates = dict[str, dict[str, Any]]
Synth = Callable[..., Templates]


def environment(name: str = "prod", **content: Any) -> ResolvedEnvironment:
    """Return an environment with some content, else one repository in production."""
    valid = {
        "account": "111122223333",
        "region": "eu-central-1",
        "profile": "production",
        "teams": {"payments": {"repositories": ["payments/api"]}},
    }
    resolved, problems = resolve(name, Environment.model_validate({**valid, **content}))
    assert problems == []
    return resolved


def problems(load: Callable[[Path], object], path: Path) -> list[str]:
    """Return the problems of a file, ``line: key: code``, or of a folder, after the file's name."""
    with pytest.raises(EnvironmentFileError) as caught:
        load(path)
    return [
        ": ".join(filter(None, (name, str(item.line or ""), item.path, item.code)))
        for item in caught.value.diagnostics
        for name in [Path(item.file).name if path.is_dir() else ""]
    ]


def of_type(template: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """Return the properties of a template's resources of a type."""
    return [
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"] == kind
    ]


@pytest.fixture(scope="session")
def shipped() -> dict[str, ResolvedEnvironment]:
    """Return the samples of this checkout by name, without files of the user's own."""
    environments = load_environments(ROOT / "environments")
    return {name: environments[name] for name in SHIPPED}


@pytest.fixture(scope="session")
def synth(tmp_path_factory: pytest.TempPathFactory) -> Synth:
    """Return a function that synthesizes environments as app.py does: templates by stack's path."""
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]

    def synthesize(*environments: ResolvedEnvironment) -> Templates:
        outdir = tmp_path_factory.mktemp("cdk.out")
        app = cdk.App(analytics_reporting=False, context=context, outdir=str(outdir))
        for environment in environments:
            EnvironmentStage(app, environment)
        return {
            stack.hierarchical_id: json.loads(
                Path(stack.template_full_path).read_text(encoding="utf-8")
            )
            for stage in app.synth().nested_assemblies
            for stack in stage.nested_assembly.stacks
        }

    return synthesize


@pytest.fixture(scope="session")
def templates(shipped: dict[str, ResolvedEnvironment], synth: Synth) -> Templates:
    """Return the templates of the shipped environments by path: ``Prod/EuWest1/Payments``."""
    return synth(*shipped.values())
