"""Settings of a registry for which CloudFormation has no resource type."""

from typing import Literal

from aws_cdk import aws_iam as iam
from aws_cdk import custom_resources as cr
from constructs import Construct

from ecr_constructs.constructs._app_registry import AppRegistry
from ecr_constructs.constructs._arguments import checked
from ecr_constructs.constructs.role_options import RoleOptions
from ecr_constructs.model.account_settings import account_settings


@checked
class AccountSettings(Construct):
    """The settings of an account and Region, set by a custom resource with a Lambda function.

    CloudFormation has no type for them, so a function calls ``ecr:PutAccountSetting`` during the
    deployment. It is the only construct of this library that deploys code: a function, its role
    and its log group. To avoid them, set the values once by hand::

        aws ecr put-account-setting --name REGISTRY_POLICY_SCOPE --value V2

    Deleting the construct leaves the settings as they are, because their earlier values are not
    recorded and a default may have changed since. A change by hand stays until the construct's own
    values change.

    Example::

        AccountSettings(stack, "Settings", basic_scan_version="AWS_NATIVE", blob_mounting=True)
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        basic_scan_version: Literal["AWS_NATIVE"] | None = None,
        registry_policy_scope: Literal["V2"] | None = None,
        blob_mounting: bool | None = None,
        role_options: RoleOptions | None = None,
    ) -> None:
        """Define settings, at least one.

        Args:
            scope: The stack, or a construct below one.
            id: The construct's id.
            basic_scan_version: The scanner of basic scanning: ``AWS_NATIVE``. ECR no longer
                accepts a return to ``CLAIR``. Default: unchanged.
            registry_policy_scope: Which actions a registry policy governs: ``V2``, all of them.
                ECR no longer accepts a return to ``V1``, three of them. Default: unchanged.
            blob_mounting: Whether a push reuses layers that other repositories of the registry
                have. Default: unchanged.
            role_options: The name, path and permissions boundary of the function's role. All custom
                resources of a stack that call AWS share one function, and so the role of the first
                one. Default: CDK defines the role.

        Raises:
            ValidationError: No setting; a value that ECR rejects; or ``defined-twice``: another
                construct of the app has one of the settings for this account and Region.
        """
        settings = account_settings(
            basic_scan_version=basic_scan_version,
            registry_policy_scope=registry_policy_scope,
            blob_mounting=blob_mounting,
        )
        app = AppRegistry.of(scope)
        for name in settings:
            app.claim(
                f"the account setting {name}",
                scope,
                id,
                hint="set all values of an account and Region in one place",
            )

        super().__init__(scope, id)
        role = None if role_options is None else _role(self, role_options)
        for name, value in settings.items():
            _put(self, name, value, role)


def _role(scope: Construct, options: RoleOptions) -> iam.Role:
    return iam.Role(
        scope,
        "Role",
        description="Lets a function set account settings of Amazon ECR",
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        managed_policies=[
            iam.ManagedPolicy.from_aws_managed_policy_name(
                "service-role/AWSLambdaBasicExecutionRole"
            )
        ],
        role_name=options.role_name,
        path=options.path,
        permissions_boundary=options.permissions_boundary,
    )


def _put(scope: Construct, name: str, value: str, role: iam.Role | None) -> None:
    cr.AwsCustomResource(
        scope,
        _IDS[name],
        # It is called for the creation too.
        on_update=cr.AwsSdkCall(
            service="ECR",
            action="PutAccountSetting",
            parameters={"name": name, "value": value},
            physical_resource_id=cr.PhysicalResourceId.of(name),
        ),
        # The action supports no resources.
        policy=cr.AwsCustomResourcePolicy.from_statements(
            [iam.PolicyStatement(actions=["ecr:PutAccountSetting"], resources=["*"])]
        ),
        role=role,
        # The SDK in the runtime has the call; nothing is downloaded during a deployment.
        install_latest_aws_sdk=False,
    )


_IDS = {
    "BASIC_SCAN_TYPE_VERSION": "BasicScanVersion",
    "REGISTRY_POLICY_SCOPE": "RegistryPolicyScope",
    "BLOB_MOUNTING": "BlobMounting",
}
