"""The examples that run images, each synthesized in this process.

They import ECS, Lambda and EKS, which takes seconds, so they share one process; the other examples
are run as a user runs them.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from ecr_constructs import EcrChecks
from tests.support.examples import run_example

WORKLOADS = ("app_runner", "ecs_fargate", "eks", "lambda_image", "pipeline")


@dataclass(frozen=True)
class Workload:
    """An example's templates by stack, as deployed, and the rules of both linters it breaks."""

    templates: dict[str, dict[str, Any]]
    broken: set[str]

    def resources(self, resource_type: str) -> list[dict[str, Any]]:
        """Return the properties of all resources of a type."""
        return [
            value["Properties"]
            for template in self.templates.values()
            for value in template["Resources"].values()
            if value["Type"] == resource_type
        ]


def synthesize(name: str, outdir: Path, *, image: str | None = None) -> Workload:
    """Run the example of a folder, with the image of `cdk deploy -c image=…` if there is one."""
    try:
        run_example(
            name,
            outdir,
            AwsSolutionsChecks(),
            EcrChecks(fail_on="warning"),
            context={"image": image} if image else None,
            # What is deployed here needs no bucket for templates.
            default_stack_synthesizer=cdk.BootstraplessSynthesizer(),
        )
    except RuntimeError:
        report = json.loads((outdir / "validation-report.json").read_text(encoding="utf-8"))
        findings = [
            violation for plugin in report["pluginReports"] for violation in plugin["violations"]
        ]
    else:
        findings = []
    manifest = json.loads((outdir / "manifest.json").read_text(encoding="utf-8"))["artifacts"]
    stacks = {
        stack: item
        for stack, item in manifest.items()
        if item["type"] == "aws:cloudformation:stack"
    }
    ordered = sorted(stacks, key=lambda stack: len(stacks[stack].get("dependencies", ())))
    return Workload(
        {
            stack: json.loads((outdir / stacks[stack]["properties"]["templateFile"]).read_text())
            for stack in ordered
        },
        {item["ruleName"] for item in findings},
    )
