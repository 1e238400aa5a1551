"""A service on App Runner, which pulls with an access role."""

import aws_cdk as cdk
from aws_cdk import aws_apprunner as apprunner
from aws_cdk import aws_iam as iam

from ecr_constructs import Repository

app = cdk.App()

# Deployed first: a service cannot be created before its image is pushed.
images = cdk.Stack(app, "Images")
repository = Repository(images, "Web", repository_name="storefront/web")

# The digest, where the pipeline knows it: `cdk deploy Service -c image=sha256:…`. Otherwise a
# tag, which names the same image permanently, since tags are immutable.
image = app.node.try_get_context("image") or "v1.0.0"

stack = cdk.Stack(app, "Service")
access = iam.Role(stack, "Access", assumed_by=iam.ServicePrincipal("build.apprunner.amazonaws.com"))
service = apprunner.CfnService(
    stack,
    "Service",
    source_configuration=apprunner.CfnService.SourceConfigurationProperty(
        authentication_configuration=apprunner.CfnService.AuthenticationConfigurationProperty(
            access_role_arn=access.role_arn
        ),
        # Deploying another image is a change of this template.
        auto_deployments_enabled=False,
        image_repository=apprunner.CfnService.ImageRepositoryProperty(
            image_identifier=repository.repository_uri_for_tag_or_digest(image),
            image_repository_type="ECR",
            image_configuration=apprunner.CfnService.ImageConfigurationProperty(port="8080"),
        ),
    ),
)
# App Runner looks the image up before it pulls it; the service comes when the role may do both.
repository.grant(access, "ecr:DescribeImages")
repository.grant_pull(access).apply_before(service)

app.synth()
