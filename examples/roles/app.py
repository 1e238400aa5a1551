"""Four roles for one registry: read-only, developer, CI and break-glass."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from ecr_constructs import EcrChecks, Registry, Repository

app = cdk.App()
cdk.Validations.of(app).add_plugins(EcrChecks())
stack = cdk.Stack(app, "Access", env=cdk.Environment(account="111122223333", region="eu-central-1"))
registry = Registry(stack, "Registry")
Repository(stack, "Ledger", repository_name="payments/ledger", tags={"team": "payments"})

people = iam.AccountRootPrincipal()  # or the provider that people sign in with
with_mfa = people.with_conditions({"Bool": {"aws:MultiFactorAuthPresent": "true"}})
builds = iam.ServicePrincipal("codebuild.amazonaws.com")


def role(name: str, who: iam.IPrincipal, sentence: str) -> iam.Role:
    """Define a role that says what it may do."""
    return iam.Role(stack, name, assumed_by=who, description=sentence)


auditor = role("ReadOnly", people, "Sees which images there are and what scans found, everywhere.")
registry.grant_read(auditor, prefix="")
registry.grant(auditor, "ecr:DescribeImageScanFindings", prefix="")

developer = role("Developer", people, "Sees and pulls every image, and pushes below sandbox/.")
registry.grant_read(developer, prefix="")
registry.grant_pull(developer, prefix="")
registry.grant_push(developer, prefix="sandbox/")

ci = role("Ci", builds, "Pushes and pulls the images of repositories tagged team=payments.")
registry.grant_pull_push(ci, tags={"team": "payments"})

rescue = "With MFA, sees and deletes images and manages lifecycle policies, everywhere."
break_glass = role("BreakGlass", with_mfa, rescue)
registry.grant_read(break_glass, prefix="")
registry.grant_delete_image(break_glass, prefix="")
registry.grant_manage_lifecycle(break_glass, prefix="")
everywhere = cdk.Acknowledgment(id="EcrChecks::ECR212", reason="With MFA, in an emergency.")
cdk.Validations.of(break_glass).acknowledge(everywhere)

app.synth()
