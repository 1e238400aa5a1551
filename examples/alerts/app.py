"""Notifications: each release to a deployer, each severe finding to people."""

import aws_cdk as cdk
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs

from ecr_constructs import Repository, ScanAlerts

ENV = cdk.Environment(account="111122223333", region="eu-central-1")

app = cdk.App()

storefront = cdk.Stack(app, "Storefront", env=ENV)
web = Repository(storefront, "Web", repository_name="storefront/web")

# Findings of either scanner, from HIGH upwards, to an encrypted topic.
security = cdk.Stack(app, "Security", env=ENV)
ScanAlerts(security, "Findings", severity="HIGH", emails=["security@example.com"])

# Releases, to the queue of a stack that the repository's knows nothing of.
delivery = cdk.Stack(app, "Delivery", env=ENV)
releases = sqs.Queue(delivery, "Releases", enforce_ssl=True)
web.on_image_pushed(
    "Released", tags=["v*"], target=targets.SqsQueue(releases), cross_stack_scope=delivery
)
cdk.CfnOutput(delivery, "QueueUrl", value=releases.queue_url)

app.synth()
