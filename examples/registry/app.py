"""What an account and Region has only one of: policy, scanning, signing, exclusions."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from ecr_constructs import LifecyclePolicy, LifecycleRule, Registry, Repository

ENV = cdk.Environment(account="111122223333", region="eu-central-1")
PROFILE = "arn:aws:signer:eu-central-1:111122223333:/signing-profiles/payments"

app = cdk.App()

# The platform team's stack owns the registry.
platform = cdk.Stack(app, "Platform", env=ENV)
registry = Registry(platform, "Registry")
registry.allow_create_on_push(["444455556666"], prefixes=["sandbox/"])
scanner = iam.Role(platform, "Scanner", assumed_by=iam.AccountRootPrincipal())
registry.exclude_from_pull_time("ScannerExclusion", scanner.role_arn)

# A team's stack finds it, and asks for what its repositories need.
payments = cdk.Stack(app, "Payments", env=ENV)
Registry.of(payments).scan_enhanced(continuous=["payments/*"])
Registry.of(payments).sign(PROFILE, filters=["payments/*"])
api = Repository(
    payments,
    "Api",
    repository_name="payments/api",
    lifecycle=LifecyclePolicy(LifecycleRule.archive(not_pulled_for_days=90)),
)
# The role may push, and sign what it pushes.
api.grant_push(iam.Role(payments, "Builder", assumed_by=iam.AccountRootPrincipal()))

app.synth()
