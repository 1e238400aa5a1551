"""Roles by which GitHub Actions and GitLab CI push, without a secret."""

import aws_cdk as cdk

from ecr_constructs import CiProvider, CiPushRole, GitHubActions, GitLabCi, Repository

app = cdk.App()
env = cdk.Environment(account="111122223333", region="eu-central-1")

api_ci = GitHubActions(repository="acme/orders-api", branches=["main"], tags=["v*"])
web_ci = GitLabCi(project="acme/orders/web", branches=["main"])

# An account has each provider once, whichever team's stack makes it.
shared = cdk.Stack(app, "CiProviders", env=env)
github = CiProvider(shared, "GitHub", issuer=api_ci.issuer)
gitlab = CiProvider(shared, "GitLab", issuer=web_ci.issuer)

orders = cdk.Stack(app, "Orders", env=env)
api = Repository(orders, "Api", repository_name="orders/api")
web = Repository(orders, "Web", repository_name="orders/web")

api_push = CiPushRole(orders, "ApiPush", ci=api_ci, repositories=[api], provider=github)
# It also reads the image that it builds upon.
web_push = CiPushRole(
    orders, "WebPush", ci=web_ci, repositories=[web], provider=gitlab, allow_pull=True
)
cdk.CfnOutput(orders, "ApiPushRole", value=api_push.role_arn)
cdk.CfnOutput(orders, "WebPushRole", value=web_push.role_arn)

app.synth()
