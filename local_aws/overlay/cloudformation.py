"""The AWS::ECR resource types, each a few calls of the operations that own it."""

# ruff: noqa: SLF001 - ministack offers its stores and handlers by private names only

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack.core.responses import get_account_id
from ministack.services import ecr
from ministack.services.cloudformation import provisioners

from local_aws.overlay import registry, repositories, templates
from local_aws.overlay.operations import RejectedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_aws.overlay.operations import Members

    Created = tuple[str, Members]

_API_NAMES = {
    "ImageTagMutabilityExclusionFilterType": "filterType",
    "ImageTagMutabilityExclusionFilterValue": "filter",
}
_BOOLEANS = ("Enabled", "ScanOnPush")
_POLICIES = ("PolicyText", "RepositoryPolicyText")
_TAG = {"Key", "Value"}


def to_api(value: Any, name: str = "") -> Any:
    """Translate the properties of a template into the members of the API."""
    if name in _POLICIES and not isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, list):
        return [to_api(item) for item in value]
    if isinstance(value, dict) and set(value) != _TAG:
        return {
            _API_NAMES.get(key, key[:1].lower() + key[1:]): to_api(item, key)
            for key, item in value.items()
        }
    # A template may say "true".
    return str(value).lower() == "true" if name in _BOOLEANS else value


def add(
    resource_type: str,
    *,
    create: Callable[[str, Members, str], Created],
    update: Callable[[str, Members, Members, str], Created] | None = None,
    delete: Callable[[str, Members], object],
    replaced_by: tuple[str, ...] = (),
    tags: bool = False,
) -> None:
    """Add a resource type to CloudFormation.

    Args:
        resource_type: Its name.
        create: Called with logical id, properties and stack name; returns physical id and
            attributes.
        update: Called with physical id, old and new properties and stack name. By default every
            property replaces the resource.
        delete: Called with physical id and properties.
        replaced_by: The create-only properties.
        tags: Whether the type has Tags, which then carry the stack's too.
    """
    handlers = {"create": create, "delete": delete, **({"update": update} if update else {})}
    provisioners._RESOURCE_HANDLERS[resource_type] = handlers
    provisioners._REPLACING_PROPERTIES[resource_type] = replaced_by
    if tags:
        provisioners._STACK_TAG_PROPERTY[resource_type] = ("Tags", "list")


def _repository_attributes(name: str) -> Created:
    record = repositories.find(name)
    return name, {"Arn": record["repositoryArn"], "RepositoryUri": record["repositoryUri"]}


def _create_repository(logical_id: str, properties: Members, stack: str) -> Created:
    name = properties.get("RepositoryName") or provisioners._physical_name(
        stack, logical_id, lowercase=True, max_len=256
    )
    repositories.create({**to_api(properties), "repositoryName": name})
    provisioners._ecr_repo_apply_policies(name, properties)
    return _repository_attributes(name)


def _update_repository(name: str, old: Members, new: Members, _: str) -> Created:
    record = repositories.find(name)
    members = {"imageTagMutability": "MUTABLE", **to_api(new), "repositoryName": name}
    repositories.put_tag_mutability(members)
    scanning = {"scanOnPush": False, **members.get("imageScanningConfiguration", {})}
    record["imageScanningConfiguration"] = scanning
    provisioners._reconcile_tag_list(record["tags"], old, new)
    provisioners._ecr_repo_apply_policies(name, new)
    return _repository_attributes(name)


def _delete_repository(name: str, properties: Members) -> None:
    if name in ecr._repositories:
        force = str(properties.get("EmptyOnDelete", False)).lower() == "true"
        repositories.delete({"repositoryName": name, "force": force})


def _add_setting(
    resource_type: str, put: Callable[[Members], object], reset: Callable[[Members], object]
) -> None:
    """Add a type of which a registry has one: the later stack overwrites the earlier."""

    def create(_: str, properties: Members, __: str) -> Created:
        put(to_api(properties))
        return get_account_id(), {"RegistryId": get_account_id()}

    def update(_: str, __: Members, properties: Members, stack: str) -> Created:
        return create("", properties, stack)

    def delete(_: str, __: Members) -> None:
        _quietly(reset, {})

    add(resource_type, create=create, update=update, delete=delete)


def _quietly(function: Callable[[Members], object], members: Members) -> None:
    """Delete what may be gone already."""
    try:
        function(members)
    except RejectedError as refusal:
        if "NotFound" not in refusal.code:
            raise


def _add_settings() -> None:
    _add_setting(
        "AWS::ECR::ReplicationConfiguration",
        registry.put_replication,
        lambda _: registry.put_replication({"replicationConfiguration": {"rules": []}}),
    )
    _add_setting("AWS::ECR::RegistryPolicy", registry.put_policy, registry.delete_policy)
    _add_setting(
        "AWS::ECR::RegistryScanningConfiguration",
        registry.put_scanning,
        lambda _: registry.put_scanning({}),
    )
    _add_setting(
        "AWS::ECR::SigningConfiguration",
        lambda members: registry.put_signing({"signingConfiguration": members}),
        registry.delete_signing,
    )


def _add_keyed(
    resource_type: str,
    key: str,
    *,
    create: Callable[[Members], object],
    update: Callable[[Members], object] | None = None,
    delete: Callable[[Members], object],
    replaced_by: tuple[str, ...] = (),
) -> None:
    """Add a type whose physical id is its create-only property `key`."""

    def created(_: str, properties: Members, __: str) -> Created:
        create(to_api(properties))
        return properties[key], {}

    def updated(physical_id: str, _: Members, properties: Members, __: str) -> Created:
        assert update
        update(to_api(properties))
        return physical_id, {}

    def deleted(physical_id: str, _: Members) -> None:
        _quietly(delete, to_api({key: physical_id}))

    add(
        resource_type,
        create=created,
        update=updated if update else None,
        delete=deleted,
        replaced_by=(key, *replaced_by),
    )


def _add_addresses_of_networks() -> None:
    """Add the attribute of a VPC that CDK asks for, and ministack does not have."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::EC2::VPC"]
    create = handlers["create"]

    def created(logical_id: str, properties: Members, stack: str) -> Created:
        physical_id, attributes = create(logical_id, properties, stack)
        return physical_id, {**attributes, "CidrBlock": properties["CidrBlock"]}

    handlers["create"] = created


def install() -> None:
    """Add the types, the one of ministack's own included."""
    add(
        "AWS::ECR::Repository",
        create=_create_repository,
        update=_update_repository,
        delete=_delete_repository,
        replaced_by=("RepositoryName", "EncryptionConfiguration"),
        tags=True,
    )
    _add_addresses_of_networks()
    _add_settings()
    _add_keyed(
        "AWS::ECR::RepositoryCreationTemplate",
        "Prefix",
        create=templates.create_template,
        update=templates.put_template,
        delete=templates.delete_template,
    )
    _add_keyed(
        "AWS::ECR::PullThroughCacheRule",
        "EcrRepositoryPrefix",
        create=templates.create_rule,
        delete=templates.delete_rule,
        replaced_by=(
            "CredentialArn",
            "CustomRoleArn",
            "UpstreamRegistry",
            "UpstreamRegistryUrl",
            "UpstreamRepositoryPrefix",
        ),
    )
    # Without this the replacement, which has the same prefix, would be tried and then rejected.
    provisioners._CUSTOM_NAME_REPLACEMENT["AWS::ECR::PullThroughCacheRule"] = {
        "name": "EcrRepositoryPrefix"
    }
    _add_keyed(
        "AWS::ECR::PullTimeUpdateExclusion",
        "PrincipalArn",
        create=registry.register_exclusion,
        delete=registry.deregister_exclusion,
    )
