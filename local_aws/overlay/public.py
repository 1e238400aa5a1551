"""Public repositories: the resource type, and what reads it back."""

# ruff: noqa: SLF001 - ministack offers its stores and handlers by private names only

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ministack import app
from ministack.core.responses import AccountScopedDict, get_account_id, get_region
from ministack.core.router import SERVICE_PATTERNS
from ministack.services.cloudformation import provisioners

from local_aws.overlay import cloudformation
from local_aws.overlay.operations import now, page, rejected, succeeded

if TYPE_CHECKING:
    from local_aws.overlay.operations import HttpAnswer, Members

HOME = "us-east-1"
_CATALOG = {
    "AboutText": "aboutText",
    "Architectures": "architectures",
    "OperatingSystems": "operatingSystems",
    "RepositoryDescription": "description",
    "UsageText": "usageText",
}

_records = AccountScopedDict()


def _create(logical_id: str, properties: Members, stack: str) -> tuple[str, Members]:
    if get_region() != HOME:
        msg = f"Public repositories exist in {HOME} only, not in {get_region()}"
        raise ValueError(msg)
    name = properties.get("RepositoryName") or provisioners._physical_name(
        stack, logical_id, lowercase=True, max_len=205
    )
    if name in _records:
        msg = f"The repository with name '{name}' already exists"
        raise ValueError(msg)
    account = get_account_id()
    repository = {
        "repositoryArn": f"arn:aws:ecr-public::{account}:repository/{name}",
        "registryId": account,
        "repositoryName": name,
        "repositoryUri": f"public.ecr.aws/local{account}/{name}",
        "createdAt": now(),
    }
    _records[name] = {"repository": repository}
    return _update(name, {}, properties, stack)


def _update(name: str, _: Members, properties: Members, __: str) -> tuple[str, Members]:
    catalog = properties.get("RepositoryCatalogData") or {}
    record = _records[name]
    record["catalogData"] = {_CATALOG[key]: value for key, value in catalog.items()}
    record["policyText"] = cloudformation.to_api(
        properties.get("RepositoryPolicyText", ""), "RepositoryPolicyText"
    )
    record["tags"] = properties.get("Tags", [])
    return name, {"Arn": record["repository"]["repositoryArn"]}


def _delete(name: str, _: Members) -> None:
    _records.pop(name, None)


async def handle_request(
    _: str, __: str, headers: dict[str, str], body: bytes, ___: Members
) -> HttpAnswer:
    """Answer the operations of ECR Public that read a repository back."""
    members = json.loads(body or b"{}")
    name = members.get("repositoryName")
    names = [name] if name else members.get("repositoryNames") or _records.keys()
    unknown = [name for name in names if name not in _records]
    if unknown:
        message = f"The repository with name '{unknown[0]}' does not exist"
        return rejected("RepositoryNotFoundException", message)
    records = [_records[name] for name in names]
    match headers.get("x-amz-target", "").rpartition(".")[2]:
        case "DescribeRepositories":
            repositories = [record["repository"] for record in records]
            return succeeded(page(members, "repositories", repositories))
        case "GetRepositoryCatalogData":
            return succeeded({"catalogData": records[0]["catalogData"]})
        case "GetRepositoryPolicy" if records[0]["policyText"]:
            answer = {"registryId": get_account_id(), "repositoryName": name}
            return succeeded({**answer, "policyText": records[0]["policyText"]})
        case action:
            return rejected("InvalidAction", f"No answer to {action}")


def install() -> None:
    """Add the service and its resource type."""
    SERVICE_PATTERNS["ecr-public"] = {"target_prefixes": ["SpencerFrontendService"]}
    app.SERVICE_HANDLERS["ecr-public"] = handle_request
    cloudformation.add(
        "AWS::ECR::PublicRepository",
        create=_create,
        update=_update,
        delete=_delete,
        replaced_by=("RepositoryName",),
        tags=True,
    )
