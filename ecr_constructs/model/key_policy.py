"""Key policies in which the key policy alone decides who manages and uses a key."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, get_args

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.partitions import DOMAINS
from ecr_constructs.model.principals import principal_arn_errors
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import located, raise_if_invalid

KeyAccess = Literal["iam", "key_policy"]
"""Who decides about a key: the account's IAM policies, or the key policy."""

# Everything but the use of the key: kms:CreateGrant would let an administrator decrypt.
# https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html#key-policy-default-allow-administrators
MANAGE = [
    *("kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DisableKey"),
    *("kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation", "kms:PutKeyPolicy"),
    *("kms:RevokeGrant", "kms:RotateKeyOnDemand", "kms:ScheduleKeyDeletion", "kms:TagResource"),
    *("kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription"),
]
READ = ["kms:Describe*", "kms:Get*", "kms:List*"]
# What the key policy of the AWS managed key aws/ecr allows through ECR. A repository's creator
# needs DescribeKey and CreateGrant, its deletion RetireGrant; ECR pushes and pulls by its grants.
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
USE = [
    *("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt"),
    *("kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:RetireGrant"),
]
# Each makes every image unreadable, or lets somebody else do so.
DESTROY = ["kms:DisableKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"]


def check_key_access(access: object, administrators: Sequence[str], deployer: str | None) -> None:
    """Reject a key policy that would delegate, or that the deploying role could not change.

    Args:
        access: Who decides about the key.
        administrators: ARNs of roles and users; deploy-time values pass.
        deployer: The ARN of the role that deploys, or None if it is unknown.

    Raises:
        ValidationError: ``key-access-unknown``, an ARN of another kind, or
            ``key-deployer-unknown``.
    """
    raise_if_invalid("key access", access, _errors(access, administrators, deployer))


def _errors(
    access: object, administrators: Sequence[str], deployer: str | None
) -> Iterator[Diagnostic]:
    if access not in get_args(KeyAccess):
        yield Diagnostic(
            "key-access-unknown",
            f"must be 'iam' or 'key_policy', got {access!r}",
            "access",
        )
    if access != "key_policy":
        return
    for index, arn in enumerate(administrators):
        path = f"administrators[{index}]"
        if not is_unresolved(arn):
            yield from located(path, principal_arn_errors(arn))
    if deployer is None and not administrators:
        yield Diagnostic(
            "key-deployer-unknown",
            "the stack's synthesizer does not tell which role deploys, and KMS rejects a key "
            "policy that the deploying role cannot change",
            "administrators",
            "name that role in administrators",
        )


def key_policy(
    *,
    partition: str,
    account: str,
    region: str,
    domain: str,
    administrators: Sequence[str],
    deployer: str | None,
) -> list[dict[str, Any]]:
    """Return the statements of a key policy that decides alone.

    The administrators, the role that deploys and the account's root user manage the key; root is
    the last resort if the roles are deleted. In the account, IAM policies can allow the use of the
    key through ECR of its Region, and reading its settings; nothing else.
    """
    root = f"arn:{partition}:iam::{account}:root"
    fixed = [root, *([deployer] if deployer is not None else ())]
    statements = [
        _statement(
            "ManageByDeploymentAndRootUser",
            [*MANAGE, *READ],
            root,
            {"ArnEquals": {"aws:PrincipalArn": fixed}},
        ),
        _statement(
            "UseThroughECR",
            USE,
            root,
            {
                "StringEquals": {
                    "kms:CallerAccount": account,
                    "kms:ViaService": _services(region, domain),
                }
            },
        ),
        _statement("ReadSettings", READ, root),
        _statement(
            "KeepFromOthers",
            DESTROY,
            "*",
            {"ArnNotEquals": {"aws:PrincipalArn": [*fixed, *administrators]}},
            effect="Deny",
        ),
    ]
    if administrators:
        arns = list(administrators)
        manage = _statement("Manage", [*MANAGE, *READ], arns if len(arns) > 1 else arns[0])
        statements.insert(1, manage)
    return statements


def _services(region: str, domain: str) -> list[str]:
    """Return how KMS names ECR of a Region.

    Of partitions with another domain, both names are admitted: nobody but AWS sends either.
    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
    """
    return [f"ecr.{region}.{name}" for name in dict.fromkeys([DOMAINS["aws"], domain])]


def _statement(
    sid: str,
    actions: list[str],
    principal: str | list[str],
    condition: dict[str, Any] | None = None,
    *,
    effect: str = "Allow",
) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": effect,
        "Principal": {"AWS": principal},
        "Action": actions,
        "Resource": "*",
        **({"Condition": condition} if condition else {}),
    }
