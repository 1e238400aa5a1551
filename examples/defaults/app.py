"""Our defaults for repositories that other people's code defines."""

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from ecr_constructs import ExpireUntagged, MakeTagsImmutable, RepositoryDefaults, Retain, ScanOnPush

ENV = cdk.Environment(account="111122223333", region="eu-central-1")


class Service(Construct):
    """Stands for a construct of another library: it has a repository, and asks no one how."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        """Define the repository of a service."""
        super().__init__(scope, construct_id)
        ecr.Repository(self, "Images")


# Every ecr.Repository of the app has the defaults of our Repository.
app = cdk.App(property_injectors=[RepositoryDefaults()])
shop = cdk.Stack(app, "Shop", env=ENV)
Service(shop, "Web")
Service(cdk.NestedStack(shop, "Backend"), "Orders")

# An L1, as cfn-include or an older library defines it, takes mixins.
legacy = cdk.Stack(app, "Legacy", env=ENV)
ecr.CfnRepository(legacy, "Images", repository_name="legacy/images")
cdk.Mixins.of(legacy).apply(
    MakeTagsImmutable(except_for=["latest"]), ScanOnPush(), Retain(), ExpireUntagged(after_days=7)
)

app.synth()
