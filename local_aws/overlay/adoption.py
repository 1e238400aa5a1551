"""Import of what exists: `cdk import`, and `cdk deploy --import-existing-resources`.

CloudFormation reads a resource by its identifier and takes it into the stack. Of a type that has
tags it then updates them, and by that runs the type's whole update handler: a repository loses the
policies and tags that the template does not declare.
https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-ecr
https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2493
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-manually.html
"""

# ruff: noqa: SLF001 - ministack offers its stores and handlers by private names only

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from ministack.core.responses import get_account_id
from ministack.services import ecr, iam
from ministack.services.cloudformation import (
    _stacks,
    changesets,
    handlers,
    helpers,
    provisioners,
)

from local_aws.overlay import registry
from local_aws.overlay.cloudformation import PUBLIC_REPOSITORIES, provider_arn, public_arn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from local_aws.overlay.operations import Members

    Imported = tuple[str, Members]

_SUMMARY_END = "</GetTemplateSummaryResult>"
_stock_deploy = changesets._deploy_stack_async
_stock_import = changesets._import_resources_async
_stock_summary = handlers._get_template_summary


def _add(
    resource_type: str,
    key: str,
    exists: Callable[[str], object],
    read: Callable[[str], Members] = lambda _: {},
) -> None:
    """Add the import of a type.

    Args:
        resource_type: Its name.
        key: Its identifier, which is also the physical id.
        exists: Called with the identifier; false if there is no such resource.
        read: Called with it; returns the attributes.
    """

    def problem(identifier: str) -> str | None:
        if exists(identifier):
            return None
        reason = changesets._IMPORT_NOT_FOUND.format(type=resource_type, value=identifier)
        return str(reason)

    def imported(identifier: Members) -> Imported:
        return identifier[key], read(identifier[key])

    changesets._IMPORT_LOOKUPS[resource_type] = ((key,), problem)
    provisioners._RESOURCE_HANDLERS[resource_type]["import"] = imported


def _has_setting(name: str) -> Callable[[str], object]:
    """Return a function that finds a setting by the account of the registry."""
    return lambda account: account == get_account_id() and registry.is_set(name)


def _repository(name: str) -> Members:
    record = ecr._repositories[name]
    return {"Arn": record["repositoryArn"], "RepositoryUri": record["repositoryUri"]}


def _update(stack_name: str, logical_ids: Iterable[str]) -> None:
    """Run the update handler of each imported resource whose type has tags."""
    stack = _stacks[stack_name]
    for logical_id in logical_ids:
        record = stack["_resources"][logical_id]
        resource_type = record["ResourceType"]
        if resource_type not in provisioners._STACK_TAG_PROPERTY or not _is_ours(resource_type):
            continue
        properties = provisioners._with_stack_tags(
            resource_type,
            record["Properties"],
            stack.get("Tags", []),
            stack_name,
            stack["StackId"],
            logical_id,
        )
        update = provisioners._RESOURCE_HANDLERS[resource_type]["update"]
        update(record["PhysicalResourceId"], {}, properties, stack_name)


def _is_ours(resource_type: str) -> bool:
    return resource_type.startswith("AWS::ECR::") or resource_type == "AWS::IAM::OIDCProvider"


async def _import(change_set: Members, stack: Members, new_stack: Any) -> None:
    await _stock_import(change_set, stack, new_stack)
    if stack["StackStatus"] == "IMPORT_COMPLETE":
        entries = change_set["_resources_to_import"]
        _update(stack["StackName"], [entry["LogicalResourceId"] for entry in entries])


async def _deploy(stack_name: str, *arguments: Any, **options: Any) -> None:
    await _stock_deploy(stack_name, *arguments, **options)
    stack = _stacks.get(stack_name, {})
    imported = options.get("imports") or {}
    if stack.get("StackStatus") in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        _update(stack_name, imported)


def _summary(params: Members) -> Any:
    """Add how each type of the template is identified, which `cdk import` asks for."""
    status, headers, body = _stock_summary(params)
    text, _ = handlers._resolve_template(params)
    if status != 200 or not text:  # noqa: PLR2004
        return status, headers, body
    template = helpers._parse_template(text)
    types: dict[str, list[str]] = defaultdict(list)
    for logical_id, resource in template.get("Resources", {}).items():
        if resource.get("Type") in changesets._IMPORT_LOOKUPS:
            types[resource["Type"]].append(logical_id)
    summaries = "".join(
        f"<member><ResourceType>{resource_type}</ResourceType>"
        f"<LogicalResourceIds>{_members(logical_ids)}</LogicalResourceIds>"
        "<ResourceIdentifiers>"
        f"{_members(changesets._IMPORT_LOOKUPS[resource_type][0])}"
        "</ResourceIdentifiers></member>"
        for resource_type, logical_ids in types.items()
    )
    block = f"<ResourceIdentifierSummaries>{summaries}</ResourceIdentifierSummaries>"
    answer = body.decode().replace(_SUMMARY_END, block + _SUMMARY_END)
    headers = {name: value for name, value in headers.items() if name.lower() != "content-length"}
    return status, headers, answer.encode()


def _members(values: Iterable[str]) -> str:
    return "".join(f"<member>{value}</member>" for value in values)


def install() -> None:
    """Add the import of the types, after the types themselves."""
    _add("AWS::ECR::Repository", "RepositoryName", ecr._repositories.get, _repository)
    _add("AWS::ECR::PublicRepository", "RepositoryName", PUBLIC_REPOSITORIES.get, public_arn)
    _add("AWS::ECR::PullThroughCacheRule", "EcrRepositoryPrefix", registry.RULES.get)
    _add("AWS::ECR::RepositoryCreationTemplate", "Prefix", registry.TEMPLATES.get)
    _add("AWS::ECR::PullTimeUpdateExclusion", "PrincipalArn", registry.EXCLUSIONS.get)
    for kind, setting in (
        ("RegistryPolicy", "policyText"),
        ("RegistryScanningConfiguration", "scanningConfiguration"),
        ("ReplicationConfiguration", "replicationConfiguration"),
        ("SigningConfiguration", "signingConfiguration"),
    ):
        _add(
            f"AWS::ECR::{kind}",
            "RegistryId",
            _has_setting(setting),
            lambda account: {"RegistryId": account},
        )
    _add("AWS::IAM::OIDCProvider", "Arn", iam._oidc_providers.get, provider_arn)
    changesets._import_resources_async = _import
    changesets._deploy_stack_async = _deploy
    handlers._ACTION_HANDLERS["GetTemplateSummary"] = _summary
