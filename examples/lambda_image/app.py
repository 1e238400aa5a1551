"""A Lambda function that runs from an image."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs

from ecr_constructs import Repository

app = cdk.App()

# Deployed first: a function cannot be created before its image is pushed.
images = cdk.Stack(app, "Images")
repository = Repository(images, "FraudScoring", repository_name="payments/fraud-scoring")

# The digest, where the pipeline knows it: `cdk deploy Function -c image=sha256:…`. Otherwise a
# tag, which names the same image permanently, since tags are immutable.
image = app.node.try_get_context("image") or "v1.0.0"

stack = cdk.Stack(app, "Function")
log = logs.LogGroup(stack, "Log", retention=logs.RetentionDays.ONE_MONTH)
# In place of the managed policy, which may write to every log of the account.
role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
log.grant_write(role)
lambda_.DockerImageFunction(
    stack,
    "Function",
    # Lambda pulls by itself, not with the function's role: the repository policy admits it.
    code=lambda_.DockerImageCode.from_ecr(repository, tag_or_digest=image),
    architecture=lambda_.Architecture.ARM_64,
    memory_size=512,
    timeout=cdk.Duration.seconds(10),
    role=role,
    log_group=log,
)

app.synth()
