"""The key that encrypts a registry's images."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from ecr_constructs.model.encryption import check_key_alias

PENDING_WINDOW = cdk.Duration.days(30)


class RegistryKey(kms.Key):
    """A customer managed key for all repositories of one environment and Region.

    It is symmetric, rotates once a year, outlives its stack (without it every image is lost) and
    waits 30 days, the longest time there is, before a requested deletion. One key serves every
    repository: KMS charges for each key, and ECR asks it for a grant of its own for each
    repository. The key policy lets the account's IAM policies decide who may use the key; it
    names no repository, so keys and repositories never wait for each other.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        alias: str,
        administrators: Sequence[iam.IPrincipal] = (),
    ) -> None:
        """Define a key.

        Args:
            scope: The stack, or a construct below one.
            construct_id: The construct's id. Changing it replaces the key.
            alias: A name for people, ``alias/ecr/prod``. Repositories use the key's ARN.
            administrators: Principals that may manage the key, its policy and its grants. Roles
                and users of the app get an IAM policy, others a statement of the key policy.
                Default: whoever the account's IAM policies allow to.

        Raises:
            ValueError: An alias that KMS refuses.
        """
        check_key_alias(alias)
        super().__init__(
            scope,
            construct_id,
            alias=alias,
            admins=list(administrators) or None,
            description=f"Encrypts the images of the container registry ({alias})",
            enable_key_rotation=True,
            pending_window=PENDING_WINDOW,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
