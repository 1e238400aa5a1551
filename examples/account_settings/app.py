"""Settings of a registry that only a custom resource can make."""

import aws_cdk as cdk

from ecr_constructs import AccountSettings

app = cdk.App()
stack = cdk.Stack(
    app, "Settings", env=cdk.Environment(account="111122223333", region="eu-central-1")
)

AccountSettings(
    stack,
    "Settings",
    basic_scan_version="AWS_NATIVE",
    registry_policy_scope="V2",
    blob_mounting=True,
)

app.synth()
