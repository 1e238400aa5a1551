"""The key that encrypts a registry's images."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from ecr_constructs.constructs._arguments import checked
from ecr_constructs.model.encryption import check_key_alias

PENDING_WINDOW = cdk.Duration.days(30)


@checked
class RegistryKey(kms.Key):
    """A customer managed key for all repositories of one environment and Region.

    It is symmetric, rotates once a year, outlives its stack (without it every image is lost) and
    is deleted 30 days after the request, the longest period of KMS. One key serves every
    repository: KMS charges for each key, and ECR creates a grant for each repository. The key
    policy delegates access to the account's IAM policies and names no repository, so keys and
    repositories never depend on each other.

    Example::

        key = RegistryKey(stack, "Key", alias="alias/ecr/prod")
        Repository(stack, "Api", encryption=Encryption.customer_managed(key))
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        alias: str,
        administrators: Sequence[iam.IGrantable] | None = (),
    ) -> None:
        """Define a key.

        Args:
            scope: The stack, or a construct below one.
            construct_id: The construct's id. Changing it replaces the key.
            alias: A display name, such as ``alias/ecr/prod``. Repositories use the key's ARN.
            administrators: Principals that may manage the key, its policy and its grants. Roles
                and users of the app get an IAM policy, others a statement of the key policy.
                Default: principals that the account's IAM policies allow.

        Raises:
            ValidationError: An alias that KMS rejects.
        """
        check_key_alias(alias)
        super().__init__(
            scope,
            construct_id,
            alias=alias,
            admins=[grantee.grant_principal for grantee in administrators or ()] or None,
            description=f"Encrypts the images of the container registry ({alias})",
            enable_key_rotation=True,
            pending_window=PENDING_WINDOW,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
