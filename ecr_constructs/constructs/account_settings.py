"""Settings of a registry that CloudFormation does not know."""

from aws_cdk import aws_iam as iam
from aws_cdk import custom_resources as cr
from constructs import Construct

from ecr_constructs.constructs._app_registry import RegistryIndex
from ecr_constructs.model.account_settings import account_settings


class AccountSettings(Construct):
    """The settings of an account and Region, made by a custom resource with a Lambda function.

    CloudFormation has no type for them, so a function calls ``ecr:PutAccountSetting`` during the
    deployment. It is the only construct of this library that deploys code: a function, its role
    and its log group. Whoever wants none of that makes the settings once by hand::

        aws ecr put-account-setting --name REGISTRY_POLICY_SCOPE --value V2

    Deleting the construct leaves the settings as they are: what they were before is not recorded,
    and a default may have moved on since. Nor is a change that somebody makes by hand undone
    before the construct's own values change.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        basic_scan_version: str | None = None,
        registry_policy_scope: str | None = None,
        blob_mounting: bool | None = None,
    ) -> None:
        """Define settings, at least one.

        Args:
            scope: The stack, or a construct below one.
            construct_id: The construct's id.
            basic_scan_version: The scanner of basic scanning: ``AWS_NATIVE``. ECR no longer
                accepts a return to ``CLAIR``. Default: as it is.
            registry_policy_scope: Which actions a registry policy governs: ``V2``, all of them.
                ECR no longer accepts a return to ``V1``, three of them. Default: as it is.
            blob_mounting: Whether a push reuses layers that other repositories of the registry
                hold. Default: as it is.

        Raises:
            ValueError: No setting, a value that ECR refuses, or another construct of the app
                makes one of the settings for this account and Region.
        """
        settings = account_settings(
            basic_scan_version=basic_scan_version,
            registry_policy_scope=registry_policy_scope,
            blob_mounting=blob_mounting,
        )
        index = RegistryIndex.of(scope)
        for name in settings:
            index.claim(
                f"the account setting {name}",
                scope,
                construct_id,
                instead="Make all settings of an account and Region in one place.",
            )

        super().__init__(scope, construct_id)
        for name, value in settings.items():
            _put(self, name, value)


def _put(scope: Construct, name: str, value: str) -> None:
    cr.AwsCustomResource(
        scope,
        _IDS[name],
        # It stands for the creation too.
        on_update=cr.AwsSdkCall(
            service="ECR",
            action="PutAccountSetting",
            parameters={"name": name, "value": value},
            physical_resource_id=cr.PhysicalResourceId.of(name),
        ),
        # The action knows no resources.
        policy=cr.AwsCustomResourcePolicy.from_statements(
            [iam.PolicyStatement(actions=["ecr:PutAccountSetting"], resources=["*"])]
        ),
        # The SDK in the runtime knows the call; nothing is fetched during a deployment.
        install_latest_aws_sdk=False,
    )


_IDS = {
    "BASIC_SCAN_TYPE_VERSION": "BasicScanVersion",
    "REGISTRY_POLICY_SCOPE": "RegistryPolicyScope",
    "BLOB_MOUNTING": "BlobMounting",
}
