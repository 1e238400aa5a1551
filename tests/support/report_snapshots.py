"""Registries for a page to show: with hostile texts, or with a thousand repositories."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from ecr_constructs.model.json_text import compact
from ecr_constructs.snapshot.document import CallError, Header, NotAsked, Record, Snapshot
from tests.support.snapshots import ACCOUNT, AT, IMAGES, REGION, arn_of

NOW = datetime.fromisoformat(AT)
TEAMS = ("payments", "search", "platform", "data", "web", "mobile")
HOSTILE = "</script><img src=x onerror=alert(1)>\u202e\"'&"
_POLICY = {
    "rules": [
        {
            "rulePriority": 1,
            "description": "untagged",
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 14,
            },
            "action": {"type": "expire"},
        },
        {
            "rulePriority": 2,
            "selection": {
                "tagStatus": "any",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 120,
            },
            "action": {"type": "expire"},
        },
    ]
}


def large_snapshot(
    repositories: int, images: int, *, hostile: bool = False, refused: bool = False
) -> Snapshot:
    """Return a snapshot of a registry, the same for the same arguments.

    Args:
        repositories: How many repositories it has.
        images: How many images the largest ones have.
        hostile: Whether texts of users are hostile.
        refused: Whether some answers are missing.
    """
    random = Random(repositories * 1_000 + images)  # noqa: S311 - reproducible
    descriptions, about = [], []
    for number in range(repositories):
        team = TEAMS[number % len(TEAMS)]
        name = f"{team}/service-{number:04}"
        descriptions.append(_description(name, random))
        tags = {"team": HOSTILE if hostile and number == 0 else team}
        about += _about(name, random, tags, images, missing=refused and number % 9 == 4)
    rules = [
        {
            "destinations": [
                {"region": "eu-west-1", "registryId": ACCOUNT},
                {"region": "us-east-1", "registryId": "444455556666"},
            ],
            "repositoryFilters": [{"filter": "payments/", "filterType": "PREFIX_MATCH"}],
        },
        {"destinations": [{"region": "ap-southeast-2", "registryId": ACCOUNT}]},
    ]
    records = [
        _record("DescribeRegistry", {}, {"replicationConfiguration": {"rules": rules}}),
        _record("DescribeRepositories", {}, {"repositories": descriptions}),
        _record(
            *("GetRegistryScanningConfiguration", {}),
            {"scanningConfiguration": {"scanType": "BASIC", "rules": []}},
        ),
        *about,
    ]
    names = [item["repositoryName"] for item in descriptions]
    for start in range(0, len(names), 25):
        batch = sorted(names)[start : start + 25]
        frequencies = [
            {"repositoryName": name, "scanFrequency": random.choice(["SCAN_ON_PUSH", "MANUAL"])}
            for name in batch
        ]
        records.append(
            _record(
                "BatchGetRepositoryScanningConfiguration",
                {"repositoryNames": batch},
                {"scanningConfigurations": frequencies},
            )
        )
    caller = f"arn:aws:sts::{ACCOUNT}:assumed-role/audit/{HOSTILE if hostile else 'jo'}"
    not_asked = [NotAsked("ecs", "not selected")] if refused else []
    header = Header(ACCOUNT, REGION, caller, AT, ["registry", "images"], not_asked)
    return Snapshot(header, records, finished=AT)


def _record(operation: str, request: Any, output: Any) -> Record:
    return Record("ecr", operation, request, AT, output)


def _description(name: str, random: Random) -> dict[str, Any]:
    kms = {"encryptionType": "KMS", "kmsKey": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"}
    return {
        "repositoryArn": arn_of(name),
        "registryId": ACCOUNT,
        "repositoryName": name,
        "repositoryUri": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}",
        "createdAt": AT,
        "imageTagMutability": random.choice(["IMMUTABLE", "IMMUTABLE", "MUTABLE"]),
        "encryptionConfiguration": random.choice([kms, {"encryptionType": "AES256"}]),
    }


def _about(
    name: str, random: Random, tags: dict[str, str], images: int, *, missing: bool
) -> list[Record]:
    request = {"repositoryName": name}
    policy: Record = _record(
        *("GetLifecyclePolicy", request),
        {"lifecyclePolicyText": compact(_POLICY), "lastEvaluatedAt": AT},
    )
    if random.random() < 0.15:
        policy = _error("GetLifecyclePolicy", request, "LifecyclePolicyNotFoundException")
    details = [_image(name, number, random) for number in range(random.randint(1, images))]
    described: Record = _record("DescribeImages", request | IMAGES, {"imageDetails": details})
    if missing:
        described = _error("DescribeImages", request | IMAGES, "AccessDeniedException")
    return [
        policy,
        described,
        _error("GetRepositoryPolicy", request, "RepositoryPolicyNotFoundException"),
        _record(
            *("ListTagsForResource", {"resourceArn": arn_of(name)}),
            {"tags": [{"Key": key, "Value": value} for key, value in tags.items()]},
        ),
    ]


def _error(operation: str, request: Any, code: str) -> Record:
    return Record("ecr", operation, request, AT, error=CallError(code))


def _image(name: str, number: int, random: Random) -> dict[str, Any]:
    pushed = NOW - timedelta(hours=random.randint(1, 2_900))
    detail: dict[str, Any] = {
        "registryId": ACCOUNT,
        "repositoryName": name,
        "imageDigest": f"sha256:{random.getrandbits(256):064x}",
        "imageSizeInBytes": random.randint(20_000_000, 400_000_000),
        "imagePushedAt": pushed.isoformat(),
        "imageStatus": "ACTIVE",
        "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
    }
    if number % 4:
        detail["imageTags"] = [f"v1.{number}.0"]
    if number % 3:
        pulled = min(pushed + timedelta(hours=random.randint(1, 900)), NOW)
        detail["lastRecordedPullTime"] = pulled.astimezone(UTC).isoformat()
    return detail
