"""The validators of AWS and of the community, and the templates that they read."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks
from cfnlint.config import ConfigMixIn
from cfnlint.decode.decode import decode_str
from cfnlint.helpers import REGIONS
from cfnlint.runner import Runner, run_template_by_data
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from cloudformation_validate import (
    CelEngine,
    PseudoParameterOverrides,
    Severity,
    TemplateContent,
    ValidateConfig,
)

from tests.support.constructs import CONTEXT, ROOT, new_app, template
from tests.support.examples import EXAMPLES, PIPELINES
from tests.support.galleries import GALLERIES
from tests.support.workloads import WORKLOADS

# Replicated deletions are newer than the schemas of both validators, so this finding is a false
# alarm. ECR's API has them:
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ReplicationRule.html
NEWER_THAN_THE_SCHEMAS = "'DeleteReplication' was unexpected"

_GALLERIES = {make.__name__: make for make in GALLERIES}
# The examples that run images are validated where they are deployed: test_workloads.py.
APPS = {"app": ROOT / "app.py"} | {
    f"examples/{name}": path
    for name, path in EXAMPLES.items()
    if name not in (*WORKLOADS, PIPELINES)
}
SOURCES = (*_GALLERIES, *APPS)


class Synthesized(NamedTuple):
    """A template, as it is deployed.

    Attributes:
        stack: The stack's name.
        text: The template.
        region: The Region that it is for. None: any.
    """

    stack: str
    text: str
    region: str | None


def synthesize(source: str, outdir: Path) -> list[Synthesized]:
    """Return the templates of a gallery, or of an app that is run as its user runs it."""
    if source in _GALLERIES:
        stack = _GALLERIES[source](new_app(outdir))
        region = None if cdk.Token.is_unresolved(stack.region) else stack.region
        return [Synthesized(stack.stack_name, json.dumps(template(stack)), region)]
    done = subprocess.run(
        [sys.executable, "-W", "error", APPS[source]],
        # Node reads where to write when it starts, so each app has a process of its own.
        env={
            **os.environ,
            "CDK_OUTDIR": str(outdir),
            "CDK_CONTEXT_JSON": json.dumps(CONTEXT if source == "app" else {}),
        },
        cwd=APPS[source].parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)
    return list(_stacks(outdir))


def _stacks(assembly: Path) -> Iterator[Synthesized]:
    for manifest in sorted(assembly.rglob("manifest.json")):
        artifacts = json.loads(manifest.read_text(encoding="utf-8"))["artifacts"]
        for name, artifact in artifacts.items():
            if artifact["type"] == "aws:cloudformation:stack":
                path = manifest.parent / artifact["properties"]["templateFile"]
                region = artifact["environment"].rpartition("/")[2]
                yield Synthesized(name, path.read_text(encoding="utf-8"), region)


def linted(text: str, regions: Sequence[str] = ("ALL_REGIONS",)) -> list[str]:
    """Return the findings of cfn-lint in a template, by default for every Region."""
    document, unreadable = decode_str(text)
    assert document is not None, unreadable
    findings = run_template_by_data(document, ConfigMixIn(regions=[*regions]), _rules())
    return [
        f"{item.rule.id} {item.path}: {item.message}"
        for item in findings
        if NEWER_THAN_THE_SCHEMAS not in item.message
    ]


@cache
def _rules() -> Any:
    """Load cfn-lint's 340 rules, which takes a second, once."""
    return Runner(ConfigMixIn()).rules


def validated(text: str, region: str) -> list[str]:
    """Return the warnings and errors of CloudFormation's own validator in a template."""
    config = ValidateConfig(pseudo_parameter_overrides=PseudoParameterOverrides(region=region))
    findings = _engine().validate_template(TemplateContent(text), config).diagnostics
    # Its notes apply to every template of repositories: tags, replacements.
    return [
        f"{finding.rule_id}: {finding.message}"
        for finding in findings
        if finding.severity.value >= Severity.WARN.value
        and NEWER_THAN_THE_SCHEMAS not in finding.message
    ]


@cache
def _engine() -> Any:
    """Start the validator once; it takes a quarter of a second."""
    return CelEngine()


def nag(app: cdk.App) -> dict[str, list[str]]:
    """Synthesize with cdk-nag and return each rule that is broken, with the constructs' paths."""
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    try:
        app.synth()
    except RuntimeError:
        report = json.loads((Path(app.outdir) / "validation-report.json").read_text("utf-8"))
        return {
            violation["ruleName"]: [
                construct["constructPath"] for construct in violation["violatingConstructs"]
            ]
            for violation in report["pluginReports"][0]["violations"]
        }
    return {}


@cache
def regions_with(resource_type: str) -> tuple[str, ...]:
    """Return the Regions that have a resource type, as cfn-lint knows them."""
    manager = PROVIDER_SCHEMA_MANAGER
    return tuple(
        region for region in REGIONS if resource_type in manager.get_resource_types(region)
    )
