"""The container registry of every environment: `cdk deploy 'Prod/**'`."""

import sys
from pathlib import Path

import aws_cdk as cdk

from ecr_constructs import EcrChecks
from ecr_constructs.environment.loading import load_environments
from ecr_constructs.environment.source import EnvironmentFileError
from stacks.extensions import extend
from stacks.stage import EnvironmentStage


def main() -> None:
    """Synthesize a stage for each file in environments/."""
    # No metadata resource: it would change with every CDK release, and so would each template.
    app = cdk.App(analytics_reporting=False)
    cdk.Validations.of(app).add_plugins(EcrChecks())
    folder = app.node.try_get_context("environments") or "environments"
    try:
        environments = load_environments(Path(folder))
    except EnvironmentFileError as error:
        sys.exit(str(error))
    for environment in environments.values():
        extend(EnvironmentStage(app, environment))
    app.synth()


main()
