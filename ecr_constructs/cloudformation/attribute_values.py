"""The attributes of resources that templates, or what is deployed, tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.resource_types import (
    FUNCTION,
    KEY,
    PUBLIC_REPOSITORY,
    REPLICA_KEY,
    REPOSITORY,
    ROLE,
    SECRET,
    USER,
)
from ecr_constructs.model.partitions import partition_of

if TYPE_CHECKING:
    from ecr_constructs.cloudformation.graph import Resource

ANY_SUFFIX = "??????"
"""Six characters that are known after the creation only, at the end of a secret's ARN."""

_UNKNOWN_PARTS = {
    "partition": "${Token[AWS.Partition]}",
    "region": "${Token[AWS.Region]}",
    "account": "${Token[AWS.AccountId]}",
}


def attribute_of(resource: Resource, name: str) -> str | None:
    """Return the known part of the value of an attribute, or of ``Ref``; None if none is known."""
    written = _written_attribute_of(resource, name)
    if written is None or written.endswith(ANY_SUFFIX):
        return _deployed_attribute_of(resource, name) or written
    return written


def _written_attribute_of(resource: Resource, name: str) -> str | None:
    if (resource.type, name) == (REPOSITORY, "Arn") and resource.text("RepositoryName"):
        return f"{_arn('ecr', resource)}:repository/{resource.text('RepositoryName')}"
    if resource.type in (REPOSITORY, PUBLIC_REPOSITORY) and name == "Ref":
        return resource.text("RepositoryName")
    if resource.type == SECRET and name in ("Ref", "Id") and resource.text("Name"):
        # Secrets Manager appends six random characters.
        return f"{_arn('secretsmanager', resource)}:secret:{resource.text('Name')}-{ANY_SUFFIX}"
    return None


# What stands before the physical ID in the ARN of a resource, if the ID is not an ARN itself.
_ARN_PREFIXES = {
    REPOSITORY: ("ecr", "repository/"),
    KEY: ("kms", "key/"),
    REPLICA_KEY: ("kms", "key/"),
    FUNCTION: ("lambda", "function:"),
}


def _deployed_attribute_of(resource: Resource, name: str) -> str | None:
    """Return an attribute that the physical ID of a deployed resource tells."""
    physical_id = resource.stack.template.physical_ids.get(resource.id)
    if physical_id is None or name == "Ref":
        return physical_id
    if name in ("Arn", "Id", "TopicArn") and physical_id.startswith("arn:"):
        return physical_id
    if name == "KeyId" and resource.type in (KEY, REPLICA_KEY):
        return physical_id
    if name == "Arn" and resource.type in _ARN_PREFIXES:
        service, prefix = _ARN_PREFIXES[resource.type]
        return f"{_arn(service, resource)}:{prefix}{physical_id}"
    if name == "Arn" and resource.type in (ROLE, USER):
        kind = resource.type.rpartition("::")[2].lower()
        path = resource.get("Path")
        path = "/" if path is None else str(path)
        # IAM has no Region.
        partition, account = (_arn("iam", resource).split(":")[part] for part in (1, 4))
        return f"arn:{partition}:iam::{account}:{kind}{path}{physical_id}"
    return None


def _arn(service: str, resource: Resource) -> str:
    region, account = resource.stack.region, resource.stack.account
    partition = partition_of(region) if region else _UNKNOWN_PARTS["partition"]
    return (
        f"arn:{partition}:{service}:{region or _UNKNOWN_PARTS['region']}"
        f":{account or _UNKNOWN_PARTS['account']}"
    )
