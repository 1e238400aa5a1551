"""A service on Fargate, in a network without the internet, that pulls one repository."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_logs as logs

from ecr_constructs import Repository

app = cdk.App()

# Deployed first: a service does not start before its image is pushed.
images = cdk.Stack(app, "Images")
repository = Repository(images, "Api", repository_name="payments/api")

# The digest, where the pipeline knows it: `cdk deploy Service -c image=sha256:…`. Otherwise a
# tag, which names the same image permanently, since tags are immutable.
image = app.node.try_get_context("image") or "v1.0.0"

stack = cdk.Stack(app, "Service")
vpc = ec2.Vpc(
    stack,
    "Network",
    max_azs=2,
    subnet_configuration=[
        ec2.SubnetConfiguration(name="Tasks", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
    ],
    flow_logs={"All": ec2.FlowLogOptions()},
)
task = ecs.FargateTaskDefinition(stack, "Task", cpu=256, memory_limit_mib=512)
task.add_container(
    "api",
    # Grants the execution role a pull of this repository, and nothing else.
    image=ecs.ContainerImage.from_ecr_repository(repository, image),
    logging=ecs.LogDrivers.aws_logs(
        stream_prefix="api",
        log_group=logs.LogGroup(stack, "Log", retention=logs.RetentionDays.ONE_MONTH),
    ),
    readonly_root_filesystem=True,
)
cluster = ecs.Cluster(
    stack, "Cluster", vpc=vpc, container_insights_v2=ecs.ContainerInsights.ENABLED
)
service = ecs.FargateService(
    stack, "Service", cluster=cluster, task_definition=task, min_healthy_percent=100
)

# Manifests come from ECR, layers from S3. Only the service's tasks reach the endpoints.
endpoints = ec2.InterfaceVpcEndpointAwsService
for name, endpoint in {
    "Ecr": endpoints.ECR,
    "Docker": endpoints.ECR_DOCKER,
    "Logs": endpoints.CLOUDWATCH_LOGS,
}.items():
    vpc.add_interface_endpoint(
        name, service=endpoint, open=False
    ).connections.allow_default_port_from(service)
vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)

app.synth()
