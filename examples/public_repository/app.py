"""A repository that everyone may pull from."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from ecr_constructs import PublicRepository

app = cdk.App()
stack = cdk.Stack(app, "Public", env=cdk.Environment(account="111122223333", region="us-east-1"))

cli = PublicRepository(
    stack,
    "Cli",
    repository_name="acme/cli",
    description="The command line of Acme",
    about="# Acme\n\nEverything that Acme does, from a terminal.",
    usage="`docker run --rm public.ecr.aws/acme/acme/cli --help`",
    architectures=["ARM 64", "x86-64"],
    operating_systems=["Linux"],
    tags={"team": "cli"},
)
cli.grant_push(iam.Role(stack, "Release", assumed_by=iam.AccountRootPrincipal()))

app.synth()
