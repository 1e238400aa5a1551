"""A pipeline that builds, pushes, and has ECS run the digest that was pushed."""

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_ecs as ecs

from ecr_constructs import Repository

ACCOUNT, REGION = "111122223333", "eu-central-1"
CONNECTION = (
    f"arn:aws:codeconnections:{REGION}:{ACCOUNT}:connection/5e5e5e5e-0000-4000-8000-000000000000"
)
SERVICE = f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/payments/api"

app = cdk.App()
stack = cdk.Stack(app, "Pipeline", env=cdk.Environment(account=ACCOUNT, region=REGION))
repository = Repository(stack, "Api", repository_name="payments/api")

# What it runs is buildspec.yml, at the root of the source.
build = codebuild.PipelineProject(
    stack,
    "Build",
    # Docker runs in privileged mode only.
    environment=codebuild.BuildEnvironment(
        build_image=codebuild.LinuxBuildImage.STANDARD_7_0, privileged=True
    ),
    environment_variables={
        "REGISTRY": codebuild.BuildEnvironmentVariable(value=repository.registry_uri),
        "REPOSITORY": codebuild.BuildEnvironmentVariable(value=repository.repository_uri),
    },
)
repository.grant_pull_push(build)

source, built = codepipeline.Artifact(), codepipeline.Artifact()
pipeline = codepipeline.Pipeline(
    stack,
    "Pipeline",
    pipeline_type=codepipeline.PipelineType.V2,
    cross_account_keys=True,
    enable_key_rotation=True,
)
checkout = actions.CodeStarConnectionsSourceAction(
    action_name="Checkout", connection_arn=CONNECTION, owner="acme", repo="api", output=source
)
push = actions.CodeBuildAction(action_name="Push", project=build, input=source, outputs=[built])
deploy = actions.EcsDeployAction(
    action_name="Deploy",
    # It runs already; the action registers its task definition anew, with the digest.
    service=ecs.BaseService.from_service_arn_with_cluster(stack, "Service", SERVICE),
    input=built,
)
for stage in (checkout, push, deploy):
    pipeline.add_stage(stage_name=stage.action_properties.action_name, actions=[stage])

app.synth()
