"""Registries for a page to show: with hostile texts, or with a thousand repositories."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from ecr_constructs.snapshot.document import Header, NotAsked, Record, Snapshot
from tests.support.snapshots import (
    ACCOUNT,
    AT,
    LIFECYCLE,
    REGION,
    denied,
    registry,
    replaced,
    repository,
)

NOW = datetime.fromisoformat(AT)
TEAMS = ("payments", "search", "platform", "data", "web", "mobile")
HOSTILE = "</script><img src=x onerror=alert(1)>\u202e\"'&"
_AFTER_120_DAYS = {
    "rulePriority": 2,
    "selection": {
        "tagStatus": "any",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": 120,
    },
    "action": {"type": "expire"},
}
_POLICY = {"rules": [*LIFECYCLE["rules"], _AFTER_120_DAYS]}
_KMS = {"encryptionType": "KMS", "kmsKey": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"}


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
    items = []
    for number in range(repositories):
        team = TEAMS[number % len(TEAMS)]
        tag = HOSTILE if hostile and number == 0 else team
        item = _repository(f"{team}/service-{number:04}", random, tag, images)
        items.append(_without_images(*item) if refused and number % 9 == 4 else item)
    names = sorted(description["repositoryName"] for description, _ in items)
    records = registry(
        *items,
        replication=[
            {
                "destinations": [
                    {"region": "eu-west-1", "registryId": ACCOUNT},
                    {"region": "us-east-1", "registryId": "444455556666"},
                ],
                "repositoryFilters": [{"filter": "payments/", "filterType": "PREFIX_MATCH"}],
            },
            {"destinations": [{"region": "ap-southeast-2", "registryId": ACCOUNT}]},
        ],
        frequencies={name: random.choice(["SCAN_ON_PUSH", "MANUAL"]) for name in names},
    )
    caller = f"arn:aws:sts::{ACCOUNT}:assumed-role/audit/{HOSTILE if hostile else 'jo'}"
    not_asked = [NotAsked("ecs", "not selected")] if refused else []
    header = Header(ACCOUNT, REGION, caller, AT, ["registry", "images"], not_asked)
    return Snapshot(header, records, finished=AT)


def _repository(
    name: str, random: Random, team: str, images: int
) -> tuple[Mapping[str, Any], list[Record]]:
    mutability = random.choice(["IMMUTABLE", "IMMUTABLE", "MUTABLE"])
    encryption = random.choice([_KMS, {"encryptionType": "AES256"}])
    lifecycle = None if random.random() < 0.15 else _POLICY
    details = [_image(number, random) for number in range(random.randint(1, images))]
    return repository(
        name,
        lifecycle=lifecycle,
        tags={"team": team},
        images=details,
        imageTagMutability=mutability,
        encryptionConfiguration=encryption,
    )


def _without_images(
    description: Mapping[str, Any], about: list[Record]
) -> tuple[Mapping[str, Any], list[Record]]:
    return description, replaced(about, "DescribeImages", denied)


def _image(number: int, random: Random) -> dict[str, Any]:
    pushed = NOW - timedelta(hours=random.randint(1, 2_900))
    detail: dict[str, Any] = {
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
