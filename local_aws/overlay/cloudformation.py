"""The resource types of ECR and AWS::IAM::OIDCProvider, each a few calls of their operations."""

# ruff: noqa: SLF001 - ministack offers its stores and handlers by private names only

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack import app
from ministack.core.responses import AccountScopedDict, get_account_id, get_region, now_iso
from ministack.core.router import SERVICE_PATTERNS
from ministack.services import ecr, iam
from ministack.services.cloudformation import provisioners

from ecr_constructs.cloudformation.update_behavior import create_only, name_property
from ecr_constructs.model.public_catalog import PUBLIC_REGION
from local_aws.overlay import registry, repositories
from local_aws.overlay.operations import (
    OPERATIONS,
    RejectedError,
    answered,
    now,
    operation,
    page,
    target,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_aws.overlay.operations import HttpAnswer, Members, Operation

    Created = tuple[str, Members]

_API_NAMES = {
    "ImageTagMutabilityExclusionFilterType": "filterType",
    "ImageTagMutabilityExclusionFilterValue": "filter",
    "RepositoryDescription": "description",
}
_BOOLEANS = ("Enabled", "ScanOnPush")
_POLICIES = ("PolicyText", "RepositoryPolicyText")
_TAG = {"Key", "Value"}
_PUBLIC: dict[str, Operation] = {}
PUBLIC_REPOSITORIES = AccountScopedDict()


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


def _add(
    resource_type: str,
    *,
    create: Callable[[str, Members, str], Created],
    update: Callable[[str, Members, Members, str], Created] | None = None,
    delete: Callable[[str, Members], object],
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
        tags: Whether the type has Tags, which then carry the stack's too.
    """
    handlers = {"create": create, "delete": delete, **({"update": update} if update else {})}
    provisioners._RESOURCE_HANDLERS[resource_type] = handlers
    paths = create_only(resource_type)
    replaced_by = tuple(dict.fromkeys(path.partition("/")[0] for path in paths))
    provisioners._REPLACING_PROPERTIES[resource_type] = replaced_by
    if (name := name_property(resource_type)) is not None:
        # CloudFormation does not replace a resource with a custom name.
        provisioners._CUSTOM_NAME_REPLACEMENT[resource_type] = {"name": name}
    if tags:
        provisioners._STACK_TAG_PROPERTY[resource_type] = ("Tags", "list")


def _name(logical_id: str, properties: Members, stack: str, longest: int) -> str:
    generated = provisioners._physical_name(stack, logical_id, lowercase=True, max_len=longest)
    return str(properties.get("RepositoryName") or generated)


# --- AWS::ECR::Repository ---


def _repository_attributes(name: str) -> Created:
    record = repositories.find(name)
    return name, {"Arn": record["repositoryArn"], "RepositoryUri": record["repositoryUri"]}


def _create_repository(logical_id: str, properties: Members, stack: str) -> Created:
    name = _name(logical_id, properties, stack, 256)
    repositories.create({**to_api(properties), "repositoryName": name})
    provisioners._ecr_repo_apply_policies(name, properties)
    return _repository_attributes(name)


def _update_repository(name: str, _: Members, new: Members, __: str) -> Created:
    record = repositories.find(name)
    members = {**to_api(new), "repositoryName": name}
    # The handler leaves what the template does not declare as it is, except policies and tags.
    if "imageTagMutability" in members:
        repositories.put_tag_mutability(members)
    if "imageScanningConfiguration" in members:
        scanning = {"scanOnPush": False, **members["imageScanningConfiguration"]}
        record["imageScanningConfiguration"] = scanning
    # It removes every tag that the template does not list, also one of somebody else's.
    record["tags"][:] = new.get("Tags", [])
    provisioners._ecr_repo_apply_policies(name, new)
    return _repository_attributes(name)


def _delete_repository(name: str, properties: Members) -> None:
    if name in ecr._repositories:
        force = str(properties.get("EmptyOnDelete", False)).lower() == "true"
        repositories.delete({"repositoryName": name, "force": force})


# --- the settings of a registry, and what it holds by prefix or principal ---


def _quietly(function: Operation, members: Members) -> None:
    """Delete what may be gone already."""
    try:
        function(members)
    except RejectedError as rejection:
        if "NotFound" not in rejection.code:
            raise


def _add_setting(kind: str, reset: str, *, only: str = "", **members: Any) -> None:
    """Add a type of which a registry has one.

    Args:
        kind: The last part of its name.
        reset: The operation that deletes it.
        only: The setting whose create handler refuses a second owner. The handlers of the other
            types are not published: there, the later stack overwrites the earlier.
        members: What `reset` is called with.
    """

    def create(_: str, properties: Members, __: str) -> Created:
        if only and registry.is_set(only):
            identifier = f"with identifier '{get_account_id()}' already exists"
            message = f"Resource of type 'AWS::ECR::{kind}' {identifier}."
            raise RejectedError(message, "AlreadyExists")
        return put(properties)

    def put(properties: Members) -> Created:
        values = to_api(properties)
        signing = {"signingConfiguration": values}
        OPERATIONS[f"Put{kind}"](signing if kind == "SigningConfiguration" else values)
        return get_account_id(), {"RegistryId": get_account_id()}

    _add(
        f"AWS::ECR::{kind}",
        create=create,
        update=lambda _, __, properties, ___: put(properties),
        delete=lambda _, __: _quietly(OPERATIONS[reset], members),
    )


def _add_keyed(
    kind: str,
    key: str,
    *,
    create: Operation,
    update: Operation | None = None,
    delete: Operation,
) -> None:
    """Add a type whose physical id is its create-only property `key`."""

    def created(_: str, properties: Members, __: str) -> Created:
        create(to_api(properties))
        return properties[key], {}

    def updated(physical_id: str, _: Members, properties: Members, __: str) -> Created:
        assert update
        update(to_api(properties))
        return physical_id, {}

    _add(
        f"AWS::ECR::{kind}",
        create=created,
        update=updated if update else None,
        delete=lambda physical_id, _: _quietly(delete, to_api({key: physical_id})),
    )


# --- ECR Public, which exists in one Region ---


def _create_public(logical_id: str, properties: Members, stack: str) -> Created:
    if get_region() != PUBLIC_REGION:
        msg = f"Public repositories exist in {PUBLIC_REGION} only, not in {get_region()}"
        raise ValueError(msg)
    name, account = _name(logical_id, properties, stack, 205), get_account_id()
    if name in PUBLIC_REPOSITORIES:
        msg = f"The repository with name '{name}' already exists"
        raise ValueError(msg)
    repository = {
        "repositoryArn": f"arn:aws:ecr-public::{account}:repository/{name}",
        "registryId": account,
        "repositoryName": name,
        "repositoryUri": f"public.ecr.aws/local{account}/{name}",
        "createdAt": now(),
    }
    PUBLIC_REPOSITORIES[name] = {"repository": repository}
    return _update_public(name, {}, properties, stack)


def _update_public(name: str, _: Members, properties: Members, __: str) -> Created:
    record = PUBLIC_REPOSITORIES[name]
    record["settings"] = to_api(properties)
    return name, public_arn(name)


def public_arn(name: str) -> Members:
    """Return the attributes of a public repository."""
    return {"Arn": PUBLIC_REPOSITORIES[name]["repository"]["repositoryArn"]}


def _find_public(name: str) -> Members:
    if name not in PUBLIC_REPOSITORIES:
        message = f"The repository with name '{name}' does not exist"
        raise RejectedError(message, "RepositoryNotFoundException")
    return dict(PUBLIC_REPOSITORIES[name])


@operation("DescribeRepositories", _PUBLIC)
def _describe_public(members: Members) -> Members:
    names = members.get("repositoryNames") or PUBLIC_REPOSITORIES.keys()
    return page(members, "repositories", [_find_public(name)["repository"] for name in names])


@operation("GetRepositoryCatalogData", _PUBLIC)
def _catalog_of_public(members: Members) -> Members:
    settings = _find_public(members["repositoryName"])["settings"]
    return {"catalogData": settings.get("repositoryCatalogData", {})}


async def _handle_public(
    _: str, __: str, headers: dict[str, str], body: bytes, ___: Members
) -> HttpAnswer:
    return answered(_PUBLIC.get(target(headers)), headers, body)


# --- AWS::IAM::OIDCProvider, which the identity of a CI system needs ---


def _create_provider(_: str, properties: Members, stack: str) -> Created:
    host = properties["Url"].removeprefix("https://").rstrip("/")
    arn = f"arn:aws:iam::{get_account_id()}:oidc-provider/{host}"
    if arn in iam._oidc_providers:
        msg = f"Provider with url {properties['Url']} already exists."
        raise ValueError(msg)
    iam._oidc_providers[arn] = {"Url": host, "Arn": arn, "CreateDate": now_iso()}
    return _update_provider(arn, {}, properties, stack)


def _update_provider(arn: str, _: Members, properties: Members, __: str) -> Created:
    iam._oidc_providers[arn] |= {
        "ClientIDList": properties.get("ClientIdList", []),
        "ThumbprintList": properties.get("ThumbprintList", []),
        "Tags": properties.get("Tags", []),
    }
    return arn, provider_arn(arn)


def provider_arn(arn: str) -> Members:
    """Return the attributes of an identity provider."""
    return {"Arn": arn}


# --- AWS::EC2::VPC ---


def _add_addresses_of_networks() -> None:
    """Add the attribute of a VPC that CDK asks for, and ministack does not have."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::EC2::VPC"]
    create = handlers["create"]

    def created(logical_id: str, properties: Members, stack: str) -> Created:
        physical_id, attributes = create(logical_id, properties, stack)
        return physical_id, {**attributes, "CidrBlock": properties["CidrBlock"]}

    handlers["create"] = created


def install() -> None:
    """Add the types, and the service that reads public repositories back."""
    _add(
        "AWS::ECR::Repository",
        create=_create_repository,
        update=_update_repository,
        delete=_delete_repository,
        tags=True,
    )
    _add_setting("RegistryPolicy", "DeleteRegistryPolicy", only="policyText")
    _add_setting("RegistryScanningConfiguration", "PutRegistryScanningConfiguration")
    _add_setting(
        "ReplicationConfiguration",
        "PutReplicationConfiguration",
        only="replicationConfiguration",
        replicationConfiguration={"rules": []},
    )
    _add_setting("SigningConfiguration", "DeleteSigningConfiguration")
    _add_keyed(
        "RepositoryCreationTemplate",
        "Prefix",
        create=registry.create_template,
        update=registry.put_template,
        delete=registry.delete_template,
    )
    _add_keyed(
        "PullThroughCacheRule",
        "EcrRepositoryPrefix",
        create=registry.create_rule,
        delete=registry.delete_rule,
    )
    _add_keyed(
        "PullTimeUpdateExclusion",
        "PrincipalArn",
        create=registry.register_exclusion,
        delete=registry.deregister_exclusion,
    )
    SERVICE_PATTERNS["ecr-public"] = {"target_prefixes": ["SpencerFrontendService"]}
    app.SERVICE_HANDLERS["ecr-public"] = _handle_public
    _add(
        "AWS::ECR::PublicRepository",
        create=_create_public,
        update=_update_public,
        delete=lambda name, _: PUBLIC_REPOSITORIES.pop(name, None),
        tags=True,
    )
    _add(
        "AWS::IAM::OIDCProvider",
        create=_create_provider,
        update=_update_provider,
        delete=lambda arn, _: iam._oidc_providers.pop(arn, None),
        tags=True,
    )
    _add_addresses_of_networks()
