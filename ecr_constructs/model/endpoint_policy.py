"""Policies of VPC endpoints that allow only pulls from one registry.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
"""

from collections.abc import Sequence
from typing import Any

from ecr_constructs.model import principals
from ecr_constructs.model.creation_template import namespace_of
from ecr_constructs.model.prefixes import filter_errors, namespace_errors
from ecr_constructs.model.pull_through_cache import IMPORT_ACTIONS
from ecr_constructs.model.repository_policy import PULL_ACTIONS
from ecr_constructs.model.validation import item_errors, raise_if_invalid, require_list


def check_pulls(account: str, prefixes: Sequence[str], cache_prefixes: Sequence[str]) -> None:
    """Reject an account or prefixes that no registry has; deploy-time values pass.

    Raises:
        ValidationError: The account or a prefix is invalid.
    """
    require_list("prefixes", prefixes)
    require_list("cache_prefixes", cache_prefixes)
    principals.check_each("account", [account], principals.account_id_errors)
    errors = (
        *item_errors("prefixes", prefixes, filter_errors),
        *item_errors("cache_prefixes", cache_prefixes, namespace_errors),
    )
    value = {"prefixes": prefixes, "cache_prefixes": cache_prefixes}
    raise_if_invalid("private pulls", value, errors)


def pull_statements(
    repositories_arn: str, prefixes: Sequence[str], cache_prefixes: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the statements of the policy of both endpoints for ECR.

    Args:
        repositories_arn: ``arn:aws:ecr:REGION:ACCOUNT:repository/``, to which prefixes are added.
        prefixes: Beginnings of names of repositories. An empty list covers all.
        cache_prefixes: Prefixes of pull-through caches, whose repositories also import images.
    """
    namespaces = [namespace_of(prefix) for prefix in cache_prefixes]
    beginnings = {*prefixes, *namespaces} if prefixes else {""}
    pulled = sorted(f"{repositories_arn}{beginning}*" for beginning in beginnings)
    # A login applies to the registry, not to a repository.
    statements = [_allow(["ecr:GetAuthorizationToken"], ["*"]), _allow(PULL_ACTIONS, pulled)]
    if namespaces:
        imported = sorted({f"{repositories_arn}{namespace}*" for namespace in namespaces})
        statements.append(_allow(IMPORT_ACTIONS, imported))
    return statements


def layers_statement(partition: str, region: str) -> dict[str, Any]:
    """Return the statement of the policy of the endpoint for S3.

    ECR stores layers in a bucket of its own, to which it redirects pulls.
    """
    bucket = f"arn:{partition}:s3:::prod-{region}-starport-layer-bucket/*"
    return _allow(["s3:GetObject"], [bucket])


def _allow(actions: Sequence[str], resources: Sequence[str]) -> dict[str, Any]:
    return {
        "Action": list(actions),
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Resource": list(resources),
    }
