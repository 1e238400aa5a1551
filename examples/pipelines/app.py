"""A pipeline in AWS that deploys each environment; a person approves production.

It defines the stages of `app.py`, with the same stacks: docs/guides/deploy-in-ci.md.
"""

import sys
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import pipelines

from ecr_constructs import EcrChecks
from ecr_constructs.environment.loading import load_environments
from stacks.extensions import extend
from stacks.stage import EnvironmentStage

ACCOUNT, REGION = "555566667777", "eu-central-1"
CONNECTION = (
    f"arn:aws:codeconnections:{REGION}:{ACCOUNT}:connection/5e5e5e5e-0000-4000-8000-000000000000"
)
# In this order. Nothing is deployed to an environment with an approval before somebody gives it.
APPROVAL = {"dev": False, "staging": False, "prod": True}

app = cdk.App()
cdk.Validations.of(app).add_plugins(EcrChecks())
stack = cdk.Stack(app, "Pipeline", env=cdk.Environment(account=ACCOUNT, region=REGION))
source = pipelines.CodePipelineSource.connection("acme/registry", "main", connection_arn=CONNECTION)
synth = pipelines.ShellStep(
    "Synth",
    input=source,
    install_commands=["pip install --requirement requirements.txt"],
    commands=[
        "ecr-constructs environment check environments",
        "npx --yes aws-cdk@2.1148.1 synth --quiet '**'",
        "ecr-constructs check cdk.out",
    ],
)
pipeline = pipelines.CodePipeline(
    stack, "Pipeline", synth=synth, cross_account_keys=True, enable_key_rotation=True
)

folder = app.node.try_get_context("environments") or Path(__file__).parents[2] / "environments"
environments = load_environments(Path(folder))
if missing := environments.keys() ^ APPROVAL.keys():
    sys.exit(f"APPROVAL and environments/ differ: {', '.join(sorted(missing))}")
for name, approved in APPROVAL.items():
    stage = EnvironmentStage(app, environments[name])
    extend(stage)
    approval = [pipelines.ManualApprovalStep(f"Approve {name}")] if approved else []
    pipeline.add_stage(stage, pre=approval)

app.synth()
