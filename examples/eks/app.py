"""A cluster on EKS whose nodes pull one repository, and the add-ons that AWS publishes."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks as eks
from aws_cdk import aws_iam as iam

from ecr_constructs import Repository

# Whose images the add-ons of most Regions are, and which logs the control plane writes.
# https://docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html
ADD_ONS = "602401143452"
LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")

app = cdk.App()
image = app.node.try_get_context("image") or "v1.0.0"
stack = cdk.Stack(app, "Cluster")
repository = Repository(stack, "Api", repository_name="payments/api")


def role(name: str, service: str, *policies: str) -> iam.Role:
    """Define a role with policies that AWS manages."""
    managed = [iam.ManagedPolicy.from_aws_managed_policy_name(policy) for policy in policies]
    principal = iam.ServicePrincipal(service)
    return iam.Role(stack, name, assumed_by=principal, managed_policies=managed)


# Without AmazonEC2ContainerRegistryPullOnly, which pulls every repository of the account.
nodes = role("Nodes", "ec2.amazonaws.com", "AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy")
add_ons = f"arn:{stack.partition}:ecr:{stack.region}:{ADD_ONS}:repository/*"
pull = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
nodes.add_to_policy(iam.PolicyStatement(actions=pull, resources=[add_ons]))

subnets = ec2.Vpc(
    stack, "Network", max_azs=2, flow_logs={"All": ec2.FlowLogOptions()}
).select_subnets(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)
enabled = [eks.CfnCluster.LoggingTypeConfigProperty(type=log) for log in LOGS]
cluster = eks.CfnCluster(
    stack,
    "Cluster",
    role_arn=role("ControlPlane", "eks.amazonaws.com", "AmazonEKSClusterPolicy").role_arn,
    resources_vpc_config=eks.CfnCluster.ResourcesVpcConfigProperty(
        subnet_ids=subnets.subnet_ids, endpoint_private_access=True, endpoint_public_access=False
    ),
    logging=eks.CfnCluster.LoggingProperty(
        cluster_logging=eks.CfnCluster.ClusterLoggingProperty(enabled_types=enabled)
    ),
)
workers = eks.CfnNodegroup(
    stack, "Workers", cluster_name=cluster.ref, node_role=nodes.role_arn, subnets=subnets.subnet_ids
)
repository.grant_pull(nodes).apply_before(workers)
# What pods name: by digest, where the pipeline knows it.
cdk.CfnOutput(stack, "Image", value=repository.repository_uri_for_tag_or_digest(image))

app.synth()
