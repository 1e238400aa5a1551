"""Images in a second Region and in the account of a partner, with settings of their own there."""

import aws_cdk as cdk

from ecr_constructs import Registry, Repository, Retention

HOME, PARTNER = "111122223333", "444455556666"
PREFIX = "payments/"


def repositories(stack: cdk.Stack) -> None:
    """Define the repositories, the same in every registry: nothing but images is replicated."""
    for name in ("api", "worker"):
        Repository(
            stack, name.title(), repository_name=f"{PREFIX}{name}", lifecycle=Retention.production()
        )


app = cdk.App()
source, replica, partner = (
    cdk.Stack(app, name, env=cdk.Environment(account=account, region=region))
    for name, account, region in [
        ("Source", HOME, "eu-central-1"),
        ("Replica", HOME, "eu-west-1"),
        ("Partner", PARTNER, "eu-central-1"),
    ]
)
for stack in (source, replica, partner):
    repositories(stack)

Registry(partner, "Registry").allow_replication_from([HOME], prefixes=[PREFIX])
Registry(source, "Registry").replicate(
    to_regions=["eu-west-1"], to_accounts={PARTNER: ["eu-central-1"]}, prefixes=[PREFIX]
)
# The repositories are there, and the partner lets images in, before the first one is sent.
source.add_stack_dependency(replica)
source.add_stack_dependency(partner)

app.synth()
