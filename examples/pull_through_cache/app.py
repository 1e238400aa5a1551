"""Caches before Docker Hub and Quay, and a role that pulls through them."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from ecr_constructs import PullThroughCache, PullThroughCredential, Upstream

app = cdk.App()
stack = cdk.Stack(app, "Caches", env=cdk.Environment(account="111122223333", region="eu-central-1"))

credential = PullThroughCredential(stack, "DockerHubLogin", name="docker-hub", username="acme")
docker_hub = PullThroughCache(stack, "DockerHub", upstream=Upstream.docker_hub(credential))
quay = PullThroughCache(stack, "Quay", upstream=Upstream.quay())

nodes = iam.Role(stack, "Nodes", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
for cache in (docker_hub, quay):
    cache.grant_pull(nodes)

cdk.CfnOutput(stack, "Nginx", value=docker_hub.uri_for("library/nginx:1.27"))

app.synth()
