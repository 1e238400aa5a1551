"""Deletions that are replicated, and CDK's bundled validator, which does not know them yet."""

import os
import sys
from pathlib import Path

from local_aws import paths
from tests.support.processes import run

# CDK's validation is switched when Node starts, so this needs a process of its own.
DELETIONS = """
import sys
import aws_cdk as cdk
from ecr_constructs import Registry

def stack(outdir):
    app = cdk.App(
        analytics_reporting=False,
        context={"@aws-cdk/core:validateAgainstDefaultRules": True},
        outdir=f"{sys.argv[1]}/{outdir}",
    )
    return cdk.Stack(app, "Stack", env=cdk.Environment(account="111122223333", region="eu-west-1"))

ours = stack("ours")
registry = Registry(ours, "Registry")
registry.replicate(to_regions=["us-east-1"], replicate_deletions=True)
registry.replicate(to_regions=["us-east-2"], prefixes=["pay"], replicate_deletions=True)
ours.node.root.synth()

theirs = stack("theirs")
cdk.aws_ecr.CfnReplicationConfiguration(
    theirs, "Replication", replication_configuration={"rules": []}
).add_property_override("ReplicationConfiguration.Unknown", True)
try:
    theirs.node.root.synth()
except RuntimeError as error:
    print("CloudFormation-Validate::F3002" in str(error))
"""


def test_deletions_pass_cdks_own_validation(tmp_path: Path) -> None:
    """The bundled validator does not know them yet, which is acknowledged where they are."""
    env = {**os.environ, "CDK_VALIDATION": "true"}
    done = run([sys.executable, "-c", DELETIONS, tmp_path], paths.PROJECT, env, apart=True)

    assert (0, "True\n") == (done.returncode, done.stdout), done.stderr
