"""What repositories are that replication and pushes bring into being."""

import aws_cdk as cdk

from ecr_constructs import (
    Encryption,
    RegistryKey,
    RepositoryCreationTemplate,
    Retention,
    TagMutability,
)

app = cdk.App()
stack = cdk.Stack(app, "Templates", env=cdk.Environment(account="111122223333", region="eu-west-1"))

RepositoryCreationTemplate(
    stack,
    "Payments",
    prefix="payments",
    applied_for=["REPLICATION"],
    encryption=Encryption.customer_managed(RegistryKey(stack, "Key", alias="alias/ecr/prod")),
    lifecycle=Retention.production(),
    tags={"team": "payments"},
)
RepositoryCreationTemplate(
    stack,
    "Sandbox",
    prefix="sandbox",
    applied_for=["CREATE_ON_PUSH"],
    tag_mutability=TagMutability.mutable(),
    lifecycle=Retention.development(),
)

app.synth()
