"""The statements of a registry policy, as plain documents."""

from collections.abc import Sequence
from typing import Any

from ecr_constructs.model import principals
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.prefixes import filter_errors
from ecr_constructs.model.validation import item_errors, raise_if_invalid, require_list

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutRegistryPolicy.html
POLICY_MAX_LENGTH = 10_240


def allow_replication(
    registry_arn: str,
    partition: str,
    accounts: Sequence[str],
    prefixes: Sequence[str],
    *,
    tagging: bool,
) -> dict[str, Any]:
    """Return the statement that allows accounts to replicate into a registry.

    Args:
        registry_arn: ``arn:aws:ecr:REGION:ACCOUNT:repository/``, to which a prefix is added.
        partition: The accounts' partition.
        accounts: Ids of the accounts that may replicate.
        prefixes: Beginnings of the names of the repositories that they may replicate to.
        tagging: Whether repositories that ECR creates are tagged by a creation template.

    Raises:
        ValidationError: There is no account or no prefix, or ECR rejects one.
    """
    _check("allow_replication_from", accounts, prefixes)
    actions = ["ecr:CreateRepository", "ecr:ReplicateImage"]
    if tagging:
        actions.append("ecr:TagResource")
    return _statement(actions, registry_arn, partition, accounts, prefixes)


def allow_create_on_push(
    registry_arn: str, partition: str, accounts: Sequence[str], prefixes: Sequence[str]
) -> dict[str, Any]:
    """Return the statement that allows accounts to create a repository by pushing to it.

    Arguments and errors are as for `allow_replication`.
    """
    _check("allow_create_on_push", accounts, prefixes)
    return _statement(["ecr:CreateRepository"], registry_arn, partition, accounts, prefixes)


def _check(method: str, accounts: Sequence[str], prefixes: Sequence[str]) -> None:
    principals.check_each("accounts", accounts, principals.account_id_errors)
    require_list("prefixes", prefixes)
    errors = list(item_errors("prefixes", prefixes, filter_errors))
    if not accounts:
        message = "name at least one account"
        errors.append(Diagnostic("registry-policy-accounts-missing", message, "accounts"))
    if not prefixes:
        message = "name at least one prefix: without one, every repository would be open"
        errors.append(Diagnostic("registry-policy-prefixes-missing", message, "prefixes"))
    raise_if_invalid(method, {"accounts": list(accounts), "prefixes": list(prefixes)}, errors)


def _statement(
    actions: list[str],
    registry_arn: str,
    partition: str,
    accounts: Sequence[str],
    prefixes: Sequence[str],
) -> dict[str, Any]:
    roots = sorted({f"arn:{partition}:iam::{account}:root" for account in accounts})
    resources = sorted({f"{registry_arn}{prefix}*" for prefix in prefixes})
    return {
        "Action": actions if len(actions) > 1 else actions[0],
        "Effect": "Allow",
        "Principal": {"AWS": roots if len(roots) > 1 else roots[0]},
        "Resource": resources if len(resources) > 1 else resources[0],
    }
