"""The attributes of resources that templates, or what is deployed, tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

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
    from ecr_constructs.cloudformation.resource_body import ResourceBody

ANY_SUFFIX = "??????"
"""Six characters that are known after the creation only, at the end of a secret's ARN."""

_UNKNOWN_PARTS = {
    "partition": "${Token[AWS.Partition]}",
    "region": "${Token[AWS.Region]}",
    "account": "${Token[AWS.AccountId]}",
}


def attribute_of(
    resource: ResourceBody,
    name: str,
    *,
    account: str | None,
    region: str | None,
    physical_id: str | None,
) -> str | None:
    """Return the known part of the value of an attribute, or of ``Ref``; None if none is known.

    Args:
        resource: The resource.
        name: The name of the attribute: ``Arn``.
        account: The account of its stack. None: unknown.
        region: The Region of its stack. None: unknown.
        physical_id: The ID that it has since its deployment. None: unknown.
    """
    place = _Place(account, region)
    written = _written_attribute_of(resource, name, place)
    if physical_id is not None and (written is None or written.endswith(ANY_SUFFIX)):
        return _deployed_attribute_of(resource, name, place, physical_id) or written
    return written


class _Place(NamedTuple):
    account: str | None
    region: str | None

    def arn(self, service: str) -> str:
        """Return the beginning of the ARN of a resource."""
        partition = partition_of(self.region) if self.region else _UNKNOWN_PARTS["partition"]
        return (
            f"arn:{partition}:{service}:{self.region or _UNKNOWN_PARTS['region']}"
            f":{self.account or _UNKNOWN_PARTS['account']}"
        )


def _written_attribute_of(resource: ResourceBody, name: str, place: _Place) -> str | None:
    repository = resource.text("RepositoryName")
    if (resource.type, name) == (REPOSITORY, "Arn") and repository:
        return f"{place.arn('ecr')}:repository/{repository}"
    if resource.type in (REPOSITORY, PUBLIC_REPOSITORY) and name == "Ref":
        return repository
    if resource.type == SECRET and name in ("Ref", "Id") and resource.text("Name"):
        # Secrets Manager appends six random characters.
        return f"{place.arn('secretsmanager')}:secret:{resource.text('Name')}-{ANY_SUFFIX}"
    return None


# What stands before the physical ID in the ARN of a resource, if the ID is not an ARN itself.
_ARN_PREFIXES = {
    REPOSITORY: ("ecr", "repository/"),
    KEY: ("kms", "key/"),
    REPLICA_KEY: ("kms", "key/"),
    FUNCTION: ("lambda", "function:"),
}


def _deployed_attribute_of(
    resource: ResourceBody, name: str, place: _Place, physical_id: str
) -> str | None:
    """Return an attribute that the physical ID of a deployed resource tells."""
    if name == "Ref":
        return physical_id
    if name in ("Arn", "Id", "TopicArn") and physical_id.startswith("arn:"):
        return physical_id
    if name == "KeyId" and resource.type in (KEY, REPLICA_KEY):
        return physical_id
    if name == "Arn" and resource.type in _ARN_PREFIXES:
        service, prefix = _ARN_PREFIXES[resource.type]
        return f"{place.arn(service)}:{prefix}{physical_id}"
    if name == "Arn" and resource.type in (ROLE, USER):
        kind = resource.type.rpartition("::")[2].lower()
        path = resource.get("Path")
        path = "/" if path is None else str(path)
        # IAM has no Region.
        partition, account = (place.arn("iam").split(":")[part] for part in (1, 4))
        return f"arn:{partition}:iam::{account}:{kind}{path}{physical_id}"
    return None
