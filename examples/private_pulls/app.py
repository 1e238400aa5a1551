"""A VPC without a way to the internet, whose workloads pull from a central registry."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2

from ecr_constructs import RegistryEndpoints

PLATFORM = "111122223333"

app = cdk.App()
stack = cdk.Stack(
    app, "Workloads", env=cdk.Environment(account="444455556666", region="eu-central-1")
)

isolated = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
vpc = ec2.Vpc(
    stack,
    "Vpc",
    availability_zones=["eu-central-1a", "eu-central-1b"],
    nat_gateways=0,
    restrict_default_security_group=False,
    subnet_configuration=[
        ec2.SubnetConfiguration(name="Workloads", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
    ],
)

# Nothing else of S3 is needed here; what is would be named in s3_statements.
RegistryEndpoints(
    stack, "Pulls", vpc=vpc, account=PLATFORM, prefixes=["payments/"], subnets=isolated
)

app.synth()
