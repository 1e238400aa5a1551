"""The key that encrypts a registry's images."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from ecr_constructs.constructs._arguments import checked
from ecr_constructs.constructs._stack_env import account_of, deploying_role, partition_in, region_of
from ecr_constructs.model.encryption import check_key_alias
from ecr_constructs.model.key_policy import KeyAccess, check_key_access, key_policy
from ecr_constructs.model.partitions import DOMAINS, partition_of
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import reject

PENDING_WINDOW = cdk.Duration.days(30)


@checked
class RegistryKey(kms.Key):
    """A customer managed key for all repositories of one environment and Region.

    It is symmetric, rotates once a year, outlives its stack (without it every image is lost) and
    is deleted 30 days after CloudFormation's request, the longest period of KMS. One key serves
    every repository: KMS charges for each key, and ECR creates grants for each repository. The key
    policy names no repository, so keys and repositories never depend on each other.

    ``access`` says who decides about the key. A change updates the key policy in place, without
    replacing the key:

    - ``"iam"``: the key policy delegates to the account's IAM policies. Whoever has ``kms:Decrypt``
      or ``kms:ScheduleKeyDeletion`` there, such as AWS's PowerUserAccess, uses or deletes the key.
    - ``"key_policy"``: the key policy decides. Only the administrators, the role that deploys the
      stack and the account's root user manage the key; others cannot disable or delete it or
      change its policy, whatever IAM policies allow. The key is used only through ECR of its
      Region (``kms:ViaService``) and only by the account (``kms:CallerAccount``), as far as IAM
      policies allow it. Pulls and pushes, also those of other accounts, use ECR's own grants.

    Example::

        key = RegistryKey(stack, "Key", alias="alias/ecr/prod", access="key_policy")
        Repository(stack, "Api", encryption=Encryption.customer_managed(key))
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        alias: str,
        administrators: Sequence[iam.IGrantable] | None = (),
        access: KeyAccess | None = "iam",
    ) -> None:
        """Define a key.

        Args:
            scope: The stack, or a construct below one.
            id: The construct's id. Changing it replaces the key.
            alias: A display name, such as ``alias/ecr/prod``. Repositories use the key's ARN.
            administrators: Principals that may manage the key, its policy and its grants. With
                ``access="iam"``, roles and users of the app get an IAM policy, others a statement
                of the key policy; with ``"key_policy"`` each of them, a role or user that exists,
                is named by the key policy. Default: the principals that ``access`` allows.
            access: Who decides about the key, see above. Default: ``"iam"``.

        Raises:
            ValidationError: An alias that KMS rejects; ``key-administrator-delegates``: an
                administrator that is an account, a service or everyone, or that has conditions;
                ``key-deployer-unknown``: a stack whose deploying role is unknown, without
                administrators.
        """
        check_key_alias(alias)
        deployer = deploying_role(scope) if access == "key_policy" else None
        principals = [grantee.grant_principal for grantee in administrators or ()]
        arns = _arns(scope, principals) if access == "key_policy" else []
        check_key_access(access or "iam", arns, deployer)
        policy: iam.PolicyDocument | None = None
        if access == "key_policy":
            region = region_of(scope)
            statements = key_policy(
                partition=partition_in(region),
                account=account_of(scope),
                region=region,
                domain=cdk.Aws.URL_SUFFIX
                if is_unresolved(region)
                else DOMAINS[partition_of(region)],
                administrators=arns,
                deployer=deployer,
            )
            policy = iam.PolicyDocument(
                statements=[iam.PolicyStatement.from_json(statement) for statement in statements]
            )
        self._is_alone = policy is not None
        super().__init__(
            scope,
            id,
            alias=alias,
            description=f"Encrypts the images of the container registry ({alias})",
            enable_key_rotation=True,
            pending_window=PENDING_WINDOW,
            policy=policy,
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        for administrator in () if policy else principals:
            self.grant_admin(administrator)

    @property
    def grants(self) -> kms.KeyGrants:
        """The grants of CDK, which ``grant_decrypt`` and the others use.

        With ``access="key_policy"`` they are in the key policy too, since it does not delegate. It
        names the role, or the account of a role whose stack depends on that of the key.
        """
        return kms.KeyGrants.from_key(self, not self._is_alone)


def _arns(scope: Construct, administrators: Sequence[iam.IPrincipal]) -> list[str]:
    """Return the ARNs of roles and users."""
    stack = cdk.Stack.of(scope)
    arns = []
    for index, administrator in enumerate(administrators):
        fragment = administrator.policy_fragment
        principals = fragment.principal_json
        # The ARN of an account is a deploy-time value, because of its partition.
        is_account = ":root'" in str(stack.resolve(principals))
        if is_account or fragment.conditions or set(principals) != {"AWS"}:
            reject(
                "key access",
                dict(principals),
                "key-administrator-delegates",
                "is not a role or user without conditions",
                path=f"administrators[{index}]",
                remedy="name each role and user, or write access='iam'",
            )
        arns += principals["AWS"]
    return arns
