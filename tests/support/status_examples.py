"""A registry that is as its template declares, and ways in which it is not."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ecr_constructs.checks import Template
from ecr_constructs.snapshot.document import Record, Snapshot
from ecr_constructs.status.engine import status
from ecr_constructs.status.model import SettingStatus, Status
from tests.support.snapshots import (
    ACCOUNT,
    LIFECYCLE,
    REGION,
    answered,
    registry,
    repository,
    snapshot,
)

HERE = f"registry {ACCOUNT}/{REGION}"
PARTNER = "arn:aws:iam::444455556666:root"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/scanner"
LOGIN = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:ecr-pullthroughcache/hub-AbCdEf"
PROFILE = f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/images"


def allow(*actions: str, principal: Any = PARTNER, **members: Any) -> dict[str, Any]:
    """Return a policy of one statement."""
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": [*actions]}
    return {"Version": "2012-10-17", "Statement": [{**statement, **members}]}


PULL = allow("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
REPLICATE = allow("ecr:ReplicateImage", Resource="*")
TAGS = {"team": "payments"}


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    """Return a resource of ECR, which is retained."""
    return {"Type": f"AWS::ECR::{kind}", "DeletionPolicy": "Retain", "Properties": properties}


API = resource(
    "Repository",
    RepositoryName="payments/api",
    ImageTagMutability="IMMUTABLE",
    ImageScanningConfiguration={"ScanOnPush": True},
    RepositoryPolicyText=PULL,
    LifecyclePolicy={"LifecyclePolicyText": json.dumps(LIFECYCLE)},
    Tags=[{"Key": "team", "Value": "payments"}],
)
SETTING = {
    "Type": "Custom::AWS",
    "Properties": {
        "Create": json.dumps(
            {
                "service": "ECR",
                "action": "PutAccountSetting",
                "parameters": {"name": "BLOB_MOUNTING", "value": "ENABLED"},
            }
        )
    },
}
RESOURCES: Mapping[str, Mapping[str, Any]] = {
    "Api": API,
    "Policy": resource("RegistryPolicy", PolicyText=REPLICATE),
    "Replication": resource(
        "ReplicationConfiguration",
        ReplicationConfiguration={
            "Rules": [{"Destinations": [{"Region": "eu-west-1", "RegistryId": ACCOUNT}]}]
        },
    ),
    "Scanning": resource(
        "RegistryScanningConfiguration",
        ScanType="BASIC",
        Rules=[
            {
                "ScanFrequency": "SCAN_ON_PUSH",
                "RepositoryFilters": [{"Filter": "*", "FilterType": "WILDCARD"}],
            }
        ],
    ),
    "Signing": resource(
        "SigningConfiguration",
        Rules=[
            {
                "SigningProfileArn": PROFILE,
                "RepositoryFilters": [{"Filter": "payments/*", "FilterType": "WILDCARD_MATCH"}],
            }
        ],
    ),
    "Hub": resource(
        "PullThroughCacheRule",
        EcrRepositoryPrefix="hub",
        UpstreamRegistry="docker-hub",
        UpstreamRegistryUrl="registry-1.docker.io",
        CredentialArn=LOGIN,
    ),
    "Template": resource(
        "RepositoryCreationTemplate",
        Prefix="hub",
        AppliedFor=["PULL_THROUGH_CACHE"],
        LifecyclePolicy=json.dumps(LIFECYCLE),
        ResourceTags=[{"Key": "team", "Value": "platform"}],
    ),
    "Exclusion": resource("PullTimeUpdateExclusion", PrincipalArn=ROLE),
    "Setting": SETTING,
}

LIVE_API: Mapping[str, Any] = {
    "policy": PULL,
    "lifecycle": LIFECYCLE,
    "tags": {**TAGS, "aws:cloudformation:stack-name": "prod"},
    "imageTagMutability": "IMMUTABLE",
    "imageScanningConfiguration": {"scanOnPush": True},
}
LIVE: Mapping[str, Any] = {
    "policy": REPLICATE,
    "replication": [{"destinations": [{"region": "eu-west-1", "registryId": ACCOUNT}]}],
    "scan_rules": [
        {
            "scanFrequency": "SCAN_ON_PUSH",
            "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}],
        }
    ],
    "frequencies": {"payments/api": "SCAN_ON_PUSH"},
    "signing": [
        {
            "signingProfileArn": PROFILE,
            "repositoryFilters": [{"filter": "payments/*", "filterType": "WILDCARD_MATCH"}],
        }
    ],
    "settings": {"BLOB_MOUNTING": "ENABLED"},
    "caches": [
        {
            "ecrRepositoryPrefix": "hub",
            "upstreamRegistryUrl": "registry-1.docker.io",
            "upstreamRepositoryPrefix": "ROOT",
            "credentialArn": LOGIN,
        }
    ],
    "templates": [
        {
            "prefix": "hub",
            "appliedFor": ["PULL_THROUGH_CACHE"],
            "imageTagMutability": "MUTABLE",
            "encryptionConfiguration": {"encryptionType": "AES256"},
            "lifecyclePolicy": json.dumps(LIFECYCLE),
            "resourceTags": [{"Key": "team", "Value": "platform"}],
        }
    ],
    "exclusions": [ROLE],
}


def live(
    *others: tuple[Mapping[str, Any], Sequence[Record]],
    api: Mapping[str, Any] | None = None,
    **changes: Any,
) -> list[Record]:
    """Return the answers of the registry, with other repositories and with changed settings."""
    first = repository("payments/api", **{**LIVE_API, **(api or {})})
    return registry(first, *others, **{**LIVE, **changes})


def template(
    resources: Mapping[str, Any] = RESOURCES, name: str = "prod", **settings: Any
) -> Template:
    """Return the template of a stack of the registry."""
    place = {"account": ACCOUNT, "region": REGION, "stack_name": name, **settings}
    return Template(f"{name}.json", {"Resources": resources}, **place)


def deployed(resources: Mapping[str, Any] = RESOURCES, name: str = "prod") -> Record:
    """Return the answer with the template of a deployed stack."""
    request = {"StackName": name, "TemplateStage": "Processed"}
    body = json.dumps({"Resources": resources})
    return answered("GetTemplate", request, {"TemplateBody": body}, service="cloudformation")


def stacks(*names: str) -> Record:
    """Return the answer with the names of the deployed stacks."""
    time, state = "2026-11-27T23:05:00Z", "CREATE_COMPLETE"
    summaries = [{"StackName": name, "CreationTime": time, "StackStatus": state} for name in names]
    return answered("ListStacks", {}, {"StackSummaries": summaries}, service="cloudformation")


def physical_ids(name: str = "prod", **ids: str) -> Record:
    """Return the answer with the physical IDs of the resources of a stack."""
    summaries = [
        {
            "LogicalResourceId": logical_id,
            "PhysicalResourceId": physical_id,
            "ResourceType": "AWS::IAM::Role",
            "LastUpdatedTimestamp": "2026-11-27T23:05:00Z",
            "ResourceStatus": "CREATE_COMPLETE",
        }
        for logical_id, physical_id in ids.items()
    ]
    output = {"StackResourceSummaries": summaries}
    return answered("ListStackResources", {"StackName": name}, output, service="cloudformation")


def compared(
    *records: Record | Sequence[Record],
    templates: Sequence[Template] | None = None,
    resources: Mapping[str, Any] = RESOURCES,
    **settings: Any,
) -> Status:
    """Return the status of one snapshot, against one template by default."""
    declared = [template(resources)] if templates is None else templates
    return status([snapshot(*records, **settings)], declared)


def changed(**properties: Any) -> dict[str, Any]:
    """Return the resources with other properties of the repository; None removes one."""
    merged = {**API["Properties"], **properties}
    kept = {name: value for name, value in merged.items() if value is not None}
    return {**RESOURCES, "Api": {**API, "Properties": kept}}


def differing(result: Status) -> set[tuple[str, str]]:
    """Return the settings that differ."""
    return {(item.subject, item.setting) for item in result.settings}


def unknown(result: Status) -> set[tuple[str, str]]:
    """Return the settings that are not known."""
    return {(item.subject, item.setting) for item in result.unknown}


def only(result: Status) -> SettingStatus:
    """Return the only difference."""
    [item] = result.settings
    return item


def of(snapshots: Sequence[Snapshot], *templates: Template) -> Status:
    """Return the status of snapshots."""
    return status(snapshots, templates)
