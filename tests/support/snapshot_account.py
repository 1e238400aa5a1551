"""An account with a registry at a loopback endpoint, and what a snapshot of it says."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.snapshot.document import Snapshot
from ecr_constructs.snapshot.files import read_snapshot
from tests.cli.conftest import Result
from tests.support.aws_environment import aws_environment
from tests.support.fake_account import FakeAccount, Request, pages

NAMES = ("api", "web", "worker")
INDEX = "application/vnd.oci.image.index.v1+json"
ARN = "arn:aws:ecr:eu-central-1:111122223333:repository/"
FUNCTION = "arn:aws:lambda:eu-central-1:111122223333:function:f:1"
FILE = "snapshots/111122223333-eu-central-1.jsonl.gz"


def images(request: Request) -> Any:
    """Answer DescribeImages: three images in two pages, one of them an index."""
    name = request.parameters["repositoryName"]
    details = [
        {
            "imageDigest": f"sha256:{name}{number}",
            "imageTags": [f"v{number}"],
            "imagePushedAt": 1_790_000_000.5 + number,
            "imageStatus": "ACTIVE",
            "imageManifestMediaType": INDEX if number == 0 else "application/json",
        }
        for number in range(3)
    ]
    return pages("imageDetails", details)(request)


REPOSITORIES = [
    {"repositoryName": name, "repositoryArn": f"{ARN}{name}", "createdAt": 1_790_000_000}
    for name in NAMES
]
REGISTRY: Mapping[str, Any] = {
    "ecr:DescribeRegistry": {"replicationConfiguration": {"rules": []}},
    "ecr:GetRegistryPolicy": "RegistryPolicyNotFoundException",
    "ecr:GetRegistryScanningConfiguration": {"scanningConfiguration": {"scanType": "BASIC"}},
    "ecr:GetSigningConfiguration": "SigningConfigurationNotFoundException",
    "ecr:GetAccountSetting": lambda request: {"name": request.parameters["name"], "value": "V2"},
    "ecr:DescribePullThroughCacheRules": pages(
        "pullThroughCacheRules", [{"ecrRepositoryPrefix": "hub"}]
    ),
    "ecr:ValidatePullThroughCacheRule": {"isValid": True},
    "ecr:DescribeRepositoryCreationTemplates": pages("repositoryCreationTemplates", []),
    "ecr:ListPullTimeUpdateExclusions": pages("pullTimeUpdateExclusions", ["a", "b", "c"]),
    "ecr:DescribeRepositories": pages("repositories", REPOSITORIES),
    "ecr:GetRepositoryPolicy": "RepositoryPolicyNotFoundException",
    "ecr:GetLifecyclePolicy": {"lifecyclePolicyText": "{}", "lastEvaluatedAt": 1_790_000_000},
    "ecr:ListTagsForResource": {"tags": []},
    "ecr:BatchGetRepositoryScanningConfiguration": {"scanningConfigurations": []},
    "ecr:DescribeImages": images,
    "ecr:BatchGetImage": {"images": []},
}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAccount]:
    """Give an account with a registry at a loopback endpoint; nobody waits."""
    with FakeAccount() as fake:
        fake.data.update(REGISTRY)
        aws_environment(monkeypatch, fake.url)
        monkeypatch.setattr(time, "sleep", lambda _: None)
        yield fake


def answers(snapshot: Snapshot) -> dict[Any, Any]:
    """Return what is known about each call."""
    return {
        key: (answer.state, [*answer.pages], answer.error) for key, answer in snapshot.calls.items()
    }


def codes(result: Result) -> list[str]:
    """Return the codes of the error, which follows notes."""
    return result._replace(err=result.err.splitlines()[-1]).codes


def read(file: str = FILE) -> Snapshot:
    """Return the snapshot of a file."""
    return read_snapshot(Path(file))


def interrupted(account: FakeAccount, number: int, answer: Any) -> None:
    """Let a request and all after it have this answer."""
    account.requests.clear()
    account.fault = lambda now, _: answer if now >= number else None
