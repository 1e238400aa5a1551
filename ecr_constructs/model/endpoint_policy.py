"""What VPC endpoints let through: pulls from one registry, and its layers.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
"""

from collections.abc import Sequence
from typing import Any

from ecr_constructs.model import principals
from ecr_constructs.model.creation_template import namespace_of
from ecr_constructs.model.prefixes import filter_errors, namespace_errors
from ecr_constructs.model.pull_through_cache import IMPORT_ACTIONS
from ecr_constructs.model.repository_policy import PULL_ACTIONS
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid, require_list


def check_pulls(account: str, prefixes: Sequence[str], cache_prefixes: Sequence[str]) -> None:
    """Raise one ValueError for everything that no registry or repository can be; tokens pass."""
    require_list("prefixes", prefixes)
    require_list("cache_prefixes", cache_prefixes)
    principals.check_each("account", [account], principals.account_id_errors)
    faults = [
        fault
        for names, faults_of in ((prefixes, filter_errors), (cache_prefixes, namespace_errors))
        for each in names
        if not is_unresolved(each)
        for fault in faults_of(each)
    ]
    raise_if_invalid(
        "private pulls", {"prefixes": prefixes, "cache_prefixes": cache_prefixes}, faults
    )


def pull_statements(
    repositories_arn: str, prefixes: Sequence[str], cache_prefixes: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the statements of the policy of both endpoints for ECR.

    Args:
        repositories_arn: ``arn:aws:ecr:REGION:ACCOUNT:repository/``, to which prefixes are added.
        prefixes: Beginnings of names of repositories. None stands for all.
        cache_prefixes: Prefixes of pull-through caches, which also import what is not cached yet.
    """
    namespaces = [namespace_of(each) for each in cache_prefixes]
    beginnings = {*prefixes, *namespaces} if prefixes else {""}
    pulled = sorted(f"{repositories_arn}{each}*" for each in beginnings)
    # A login is for no repository.
    statements = [_allow(["ecr:GetAuthorizationToken"], ["*"]), _allow(PULL_ACTIONS, pulled)]
    if namespaces:
        imported = sorted({f"{repositories_arn}{each}*" for each in namespaces})
        statements.append(_allow(IMPORT_ACTIONS, imported))
    return statements


def layers_statement(partition: str, region: str) -> dict[str, Any]:
    """Return the statement of the policy of the endpoint for S3.

    ECR keeps layers in a bucket of its own, and sends whoever pulls there.
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
