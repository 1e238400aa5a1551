"""Snapshots for tests: answers that botocore's models accept, and a small registry of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from botocore.validate import ParamValidator

from ecr_constructs.model.account_settings import ACCOUNT_SETTINGS
from ecr_constructs.model.json_text import compact
from ecr_constructs.snapshot.document import CallError, Header, NotAsked, Record, Snapshot
from tests.support.service_models import model

ACCOUNT, REGION, AT = "111122223333", "eu-central-1", "2026-11-27T23:05:00Z"
DENIED = "AccessDeniedException"
IMAGES = {"filter": {"imageStatus": "ANY"}}
LIFECYCLE: Mapping[str, Any] = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 14,
            },
            "action": {"type": "expire"},
        }
    ]
}
"""A lifecycle policy; the API's model accepts none of less than 100 characters."""


def snapshot(
    *records: Record | Iterable[Record],
    account: str = ACCOUNT,
    region: str = REGION,
    not_asked: Sequence[NotAsked] = (),
    finished: str | None = AT,
) -> Snapshot:
    """Return a snapshot of records, or of lists of them."""
    flat: list[Record] = []
    for item in records:
        flat += [item] if isinstance(item, Record) else item
    caller = f"arn:aws:sts::{account}:assumed-role/audit/tests"
    header = Header(account, region, caller, AT, not_asked=not_asked)
    return Snapshot(header, flat, finished=finished)


def answered(
    operation: str,
    request: Mapping[str, Any] | None,
    output: Mapping[str, Any],
    *,
    service: str = "ecr",
    more: bool = False,
) -> Record:
    """Return a page of an answer, in a shape that botocore documents; times are texts."""
    if service != "kubernetes":
        shape = model(service).operation_model(operation)
        _check(output, shape.output_shape)
        _check(request or {}, shape.input_shape)
    return Record(service, operation, request or {}, AT, output, more=more)


def refused(
    operation: str,
    request: Mapping[str, Any] | None = None,
    code: str = DENIED,
    *,
    service: str = "ecr",
) -> Record:
    """Return a call that AWS did not answer; some codes say that there is no such thing."""
    return Record(service, operation, request or {}, AT, error=CallError(code, "for a test"))


def without(records: Sequence[Record], operation: str) -> list[Record]:
    """Return answers without those of an operation."""
    return [record for record in records if record.operation != operation]


def denied(record: Record) -> Record:
    """Return that a call was refused."""
    return refused(record.operation, record.request, service=record.service)


def cut(record: Record) -> Record:
    """Return an answer of which a further page is missing."""
    return replace(record, more=True)


def replaced(
    records: Sequence[Record], operation: str, by: Callable[[Record], Record]
) -> list[Record]:
    """Return answers, with others in the place of those of an operation."""
    return [by(record) if record.operation == operation else record for record in records]


def _check(value: Mapping[str, Any], shape: Any) -> None:
    """Raise an error unless AWS can answer a value: members, types, and values of enumerations."""
    if shape is None:
        assert not value
        return
    report = ParamValidator().validate(_with_times(value, shape), shape)
    assert not report.has_errors(), report.generate_report()


def _with_times(value: Any, shape: Any) -> Any:
    """Return a value with its times as such; a snapshot has them as text."""
    match shape.type_name, value:
        case "structure", Mapping():
            unknown = value.keys() - shape.members.keys()
            assert not unknown, f"{shape.name} has no {sorted(unknown)}"
            return {key: _with_times(item, shape.members[key]) for key, item in value.items()}
        case "list", [*items]:
            return [_with_times(item, shape.member) for item in items]
        case "map", Mapping():
            return {key: _with_times(item, shape.value) for key, item in value.items()}
        case "timestamp", str():
            return datetime.fromisoformat(value)
        case "string", str():
            assert not shape.enum or value in shape.enum, f"{shape.name} is never {value!r}"
    return value


def arn_of(name: str, account: str = ACCOUNT, region: str = REGION) -> str:
    """Return the ARN of a repository."""
    return f"arn:aws:ecr:{region}:{account}:repository/{name}"


def repository(
    name: str,
    *,
    account: str = ACCOUNT,
    region: str = REGION,
    policy: Any = None,
    lifecycle: Any = None,
    evaluated: str = AT,
    tags: Mapping[str, str] | None = None,
    images: Sequence[Mapping[str, Any]] = (),
    **settings: Any,
) -> tuple[Mapping[str, Any], list[Record]]:
    """Return the description of a repository, and what ECR answers about it.

    Args:
        name: The name.
        account: The account.
        region: The Region.
        policy: The repository policy. Default: none.
        lifecycle: The lifecycle policy. Default: none.
        evaluated: When the lifecycle policy was evaluated.
        tags: The tags.
        images: The images, as DescribeImages answers them.
        settings: Members of DescribeRepositories that differ from ECR's defaults.
    """
    description: dict[str, Any] = {
        "repositoryArn": arn_of(name, account, region),
        "registryId": account,
        "repositoryName": name,
        "repositoryUri": f"{account}.dkr.ecr.{region}.amazonaws.com/{name}",
        "createdAt": AT,
        "imageTagMutability": "MUTABLE",
        "imageScanningConfiguration": {"scanOnPush": False},
        "encryptionConfiguration": {"encryptionType": "AES256"},
        **settings,
    }
    request = {"repositoryName": name}
    keys = {"registryId": account, "repositoryName": name}
    about = [
        refused("GetRepositoryPolicy", request, "RepositoryPolicyNotFoundException")
        if policy is None
        else answered("GetRepositoryPolicy", request, {**keys, "policyText": _text(policy)}),
        refused("GetLifecyclePolicy", request, "LifecyclePolicyNotFoundException")
        if lifecycle is None
        else answered(
            "GetLifecyclePolicy",
            request,
            {**keys, "lifecyclePolicyText": _text(lifecycle), "lastEvaluatedAt": evaluated},
        ),
        answered(
            "ListTagsForResource",
            {"resourceArn": arn_of(name, account, region)},
            {"tags": [{"Key": key, "Value": value} for key, value in (tags or {}).items()]},
        ),
        answered(
            "DescribeImages",
            request | IMAGES,
            {"imageDetails": [{**keys, **image} for image in images]},
        ),
    ]
    return description, about


def registry(
    *repositories: tuple[Mapping[str, Any], Sequence[Record]],
    account: str = ACCOUNT,
    policy: Any = None,
    replication: Sequence[Mapping[str, Any]] = (),
    scan_type: str = "BASIC",
    scan_rules: Sequence[Mapping[str, Any]] = (),
    frequencies: Mapping[str, str] | None = None,
    signing: Sequence[Mapping[str, Any]] | None = None,
    settings: Mapping[str, str] | None = None,
    caches: Sequence[Mapping[str, Any]] = (),
    invalid: Mapping[str, str] | None = None,
    templates: Sequence[Mapping[str, Any]] = (),
    exclusions: Sequence[str] = (),
) -> list[Record]:
    """Return all that ECR answers about a registry, its repositories and images.

    Args:
        repositories: Results of `repository`.
        account: The account.
        policy: The registry policy. Default: none.
        replication: The replication rules.
        scan_type: BASIC or ENHANCED.
        scan_rules: The scanning rules.
        frequencies: The effective scan frequency of repositories. Default: MANUAL.
        signing: The signing rules. Default: there is no configuration.
        settings: The account settings that differ from those of a new account.
        caches: The pull through cache rules, as ECR describes them.
        invalid: Why caches do not validate, by prefix. Default: they do.
        templates: The repository creation templates, as ECR describes them.
        exclusions: The principals whose pulls are not recorded.
    """
    values = {"BASIC_SCAN_TYPE_VERSION": "AWS_NATIVE", "REGISTRY_POLICY_SCOPE": "V2"}
    values |= {"BLOB_MOUNTING": "DISABLED"} | dict(settings or {})
    records = [
        answered(
            "DescribeRegistry",
            {},
            {"registryId": account, "replicationConfiguration": {"rules": [*replication]}},
        ),
        refused("GetRegistryPolicy", {}, "RegistryPolicyNotFoundException")
        if policy is None
        else answered(
            "GetRegistryPolicy", {}, {"registryId": account, "policyText": _text(policy)}
        ),
        answered(
            "GetRegistryScanningConfiguration",
            {},
            {
                "registryId": account,
                "scanningConfiguration": {"scanType": scan_type, "rules": [*scan_rules]},
            },
        ),
        refused("GetSigningConfiguration", {}, "SigningConfigurationNotFoundException")
        if signing is None
        else answered(
            "GetSigningConfiguration",
            {},
            {"registryId": account, "signingConfiguration": {"rules": [*signing]}},
        ),
        *(
            answered("GetAccountSetting", {"name": name}, {"name": name, "value": values[name]})
            for name in ACCOUNT_SETTINGS
        ),
        answered("DescribePullThroughCacheRules", {}, {"pullThroughCacheRules": [*caches]}),
    ]
    for cache in caches:
        failure = (invalid or {}).get(prefix := cache["ecrRepositoryPrefix"])
        output = {"ecrRepositoryPrefix": prefix, "registryId": account, "isValid": failure is None}
        output |= {"failure": failure} if failure else {}
        request = {"ecrRepositoryPrefix": prefix}
        records.append(answered("ValidatePullThroughCacheRule", request, output))
    descriptions = [description for description, _ in repositories]
    records += [
        answered(
            "DescribeRepositoryCreationTemplates",
            {},
            {"registryId": account, "repositoryCreationTemplates": [*templates]},
        ),
        answered("ListPullTimeUpdateExclusions", {}, {"pullTimeUpdateExclusions": [*exclusions]}),
        answered("DescribeRepositories", {}, {"repositories": descriptions}),
    ]
    arns = {item["repositoryName"]: item["repositoryArn"] for item in descriptions}
    names = sorted(arns)
    for start in range(0, len(names), 25):
        batch = names[start : start + 25]
        effective = [
            {
                "repositoryArn": arns[name],
                "repositoryName": name,
                "scanOnPush": (frequency := (frequencies or {}).get(name, "MANUAL"))
                == "SCAN_ON_PUSH",
                "scanFrequency": frequency,
            }
            for name in batch
        ]
        request = {"repositoryNames": batch}
        output = {"scanningConfigurations": effective, "failures": []}
        records.append(answered("BatchGetRepositoryScanningConfiguration", request, output))
    return [*records, *(record for _, about in repositories for record in about)]


def _text(document: Any) -> str:
    return document if isinstance(document, str) else compact(document)
