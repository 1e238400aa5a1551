"""Who may still delete a repository whose policy denies it."""

from collections.abc import Sequence

from constructs import Construct

from ecr_constructs.constructs._stack_env import deploying_role, partition_in, region_of
from ecr_constructs.model.principals import deleting_role_errors
from ecr_constructs.model.validation import item_errors, raise_if_invalid, reject, require_list


def deleting_roles(scope: Construct, lock: bool | Sequence[str] | None) -> list[str]:
    """Return the ARNs of the roles that may delete a repository; none if it has no lock.

    Raises:
        ValidationError: ``deletion-lock-role-unknown``: the stack does not say which role deploys
            it; ``deletion-lock-empty``; or an ARN that IAM rejects.
    """
    if lock is None or isinstance(lock, bool):
        return [_deploy_role(scope)] if lock else []
    require_list("deletion_lock", lock)
    if not lock:
        reject(
            "deletion lock",
            lock,
            "deletion-lock-empty",
            "nobody could delete the repository, not even CloudFormation",
            path="deletion_lock",
            remedy="write True for the role with which CDK deploys, or name roles",
        )
    partition = partition_in(region_of(scope))
    errors = item_errors("deletion_lock", lock, lambda arn: deleting_role_errors(arn, partition))
    raise_if_invalid("deletion lock", list(lock), errors)
    return [*lock]


def _deploy_role(scope: Construct) -> str:
    """Return the ARN of the role that CloudFormation assumes for a stack."""
    arn = deploying_role(scope)
    if arn is None:
        reject(
            "deletion lock",
            scope.node.path,
            "deletion-lock-role-unknown",
            "the synthesizer of the stack does not say with which role CloudFormation deploys it",
            path="deletion_lock",
            remedy="name the role, that of the bootstrap stack for example: deletion_lock="
            "['arn:aws:iam::ACCOUNT:role/cdk-QUALIFIER-cfn-exec-role-ACCOUNT-REGION']",
        )
    return arn
