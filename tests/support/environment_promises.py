"""What the app promises of every environment file, as one function that a test calls."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import aws_cdk as cdk
import jsonschema
import yaml
from aws_cdk import cx_api

from ecr_constructs.checks import Severity, Template, check
from ecr_constructs.environment.explanation import explain
from ecr_constructs.environment.loading import load_file
from ecr_constructs.environment.resolution import ResolvedEnvironment
from ecr_constructs.environment.source import EnvironmentFileError
from scripts import schema
from stacks.stage import EnvironmentStage
from tests.support.constructs import ROOT


@cache
def _editor() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(schema.schema()))


def loaded(content: Any, folder: Path) -> ResolvedEnvironment | None:
    """Load a file as the app does; it is accepted, explained and right for an editor, or refused.

    Returns:
        The environment. None: the file is refused, with a code and a line for each problem.
    """
    path = folder / "prod.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    try:
        file, environment = load_file(path)
    except EnvironmentFileError as error:
        problems = error.diagnostics
    else:
        problems = ()
    assert [] == [item for item in problems if not (item.code and item.file and item.line)]
    if problems:
        return None
    assert [] == [error.message for error in _editor().iter_errors(content)]
    for repository in environment.repositories:
        settings = explain(file, environment, repository)
        assert {"tag_mutability", "encryption", "scan_on_push"} <= {item.name for item in settings}
        json.dumps([item.value for item in settings])
    return environment


def synthesized(environment: ResolvedEnvironment) -> list[cx_api.CloudFormationStackArtifact]:
    """Return the stacks of an environment, in which the checks find no error."""
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    app = cdk.App(analytics_reporting=False, context=context, outdir=mkdtemp(prefix="cdk.out"))
    EnvironmentStage(app, environment)
    stacks = [
        stack for stage in app.synth().nested_assemblies for stack in stage.nested_assembly.stacks
    ]
    templates = [Template(stack.hierarchical_id, template_of(stack)) for stack in stacks]
    assert [] == [item for item in check(templates) if item.severity is Severity.ERROR]
    assert [] == [*_empty(templates)]
    return stacks


def template_of(stack: cx_api.CloudFormationStackArtifact) -> dict[str, Any]:
    """Return the template of a stack."""
    content: dict[str, Any] = json.loads(Path(stack.template_full_path).read_text(encoding="utf-8"))
    return content


def _empty(templates: list[Template]) -> Iterator[str]:
    """Yield the stacks without a resource, which CloudFormation rejects."""
    for template in templates:
        if not template.body.get("Resources"):
            yield template.name
