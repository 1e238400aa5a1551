"""What is known of a resource's attributes before it exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.resource_types import PUBLIC_REPOSITORY, REPOSITORY, SECRET
from ecr_constructs.model.partitions import partition_of

if TYPE_CHECKING:
    from ecr_constructs.cloudformation.resource import Resource

_UNKNOWN_PARTS = {
    "partition": "${Token[AWS.Partition]}",
    "region": "${Token[AWS.Region]}",
    "account": "${Token[AWS.AccountId]}",
}


def attribute_of(resource: Resource, name: str) -> str | None:
    """Return an attribute's value as far as it is known; None if nothing is.

    Args:
        resource: The resource.
        name: The attribute, or ``Ref``.
    """
    if (resource.type, name) == (REPOSITORY, "Arn") and resource.text("RepositoryName"):
        return f"{_arn('ecr', resource)}:repository/{resource.text('RepositoryName')}"
    if resource.type in (REPOSITORY, PUBLIC_REPOSITORY) and name == "Ref":
        return resource.text("RepositoryName")
    if resource.type == SECRET and name in ("Ref", "Id") and resource.text("Name"):
        # Secrets Manager adds six characters that nobody knows.
        return f"{_arn('secretsmanager', resource)}:secret:{resource.text('Name')}-??????"
    return None


def _arn(service: str, resource: Resource) -> str:
    region, account = resource.stack.region, resource.stack.account
    partition = partition_of(region) if region else _UNKNOWN_PARTS["partition"]
    return (
        f"arn:{partition}:{service}:{region or _UNKNOWN_PARTS['region']}"
        f":{account or _UNKNOWN_PARTS['account']}"
    )
