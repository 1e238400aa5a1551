"""The embedded AWS, one for all integration tests of a process."""

from __future__ import annotations

import itertools
import json
import subprocess
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from botocore.exceptions import ClientError

from local_aws import paths
from local_aws.process import LocalAws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ecr_constructs.environment.resolution import ResolvedEnvironment


class Cdk(Protocol):
    """The CDK CLI, run on the app as the root of an account."""

    def __call__(
        self, *arguments: str, account: str, environments: Path = ...
    ) -> subprocess.CompletedProcess[str]:
        """Run a command; by default on the shipped environments."""


# An organization with one member, which no new account is.
ORGANIZATION, MEMBER = "o-a1b2c3d4e5", "555566667777"
_accounts = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses the embedded AWS, and keep it in one worker: starting one costs seconds."""
    for item in items:
        if "local_aws" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.integration)
            item.add_marker(pytest.mark.xdist_group("local_aws"))


@pytest.fixture(scope="session")
def local_aws() -> Iterator[LocalAws]:
    """The embedded AWS."""
    with LocalAws(organizations={ORGANIZATION: [MEMBER]}) as aws:
        yield aws


@pytest.fixture(scope="session")
def new_account() -> Callable[[], str]:
    """Gives an account that no other test has used, so no test sees what another left."""
    return lambda: f"{next(_accounts):012}"


@pytest.fixture(scope="session")
def cdk(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Cdk:
    """The CDK CLI on `app.py`; what it writes stays out of the checkout."""

    def run(
        *arguments: str, account: str, environments: Path = paths.PROJECT / "environments"
    ) -> subprocess.CompletedProcess[str]:
        command = [
            *(str(paths.CDK), *arguments),
            *("--no-notices", "--no-color", "--context", f"environments={environments}"),
            *("--output", str(tmp_path_factory.mktemp("cdk.out"))),
        ]
        return subprocess.run(
            command,
            cwd=paths.PROJECT,
            env=local_aws.env(account=account, region="eu-central-1"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def deploy(cdk: Cdk) -> Cdk:
    """`cdk deploy`, which must succeed."""

    def run(
        *patterns: str, account: str, environments: Path = paths.PROJECT / "environments"
    ) -> subprocess.CompletedProcess[str]:
        done = cdk(
            "deploy",
            *patterns,
            *("--require-approval=never", "--concurrency=4"),
            account=account,
            environments=environments,
        )
        assert done.returncode == 0, done.stdout
        return done

    return run


@pytest.fixture(scope="session")
def read_back(local_aws: LocalAws) -> Callable[[ResolvedEnvironment], dict[str, dict[str, Any]]]:
    """Reads the repositories of an environment from ECR: settings and contents by name."""

    def read(environment: ResolvedEnvironment) -> dict[str, dict[str, Any]]:
        ecr = local_aws.client("ecr", account=environment.account, region=environment.region)
        names = [each.name for each in environment.repositories]
        found = ecr.describe_repositories(repositoryNames=names)["repositories"]
        return {each["repositoryName"]: _settings(ecr, each) for each in found}

    return read


def _settings(ecr: Any, repository: dict[str, Any]) -> dict[str, Any]:
    name = {"repositoryName": repository["repositoryName"]}
    tags = ecr.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]
    filters = repository.get("imageTagMutabilityExclusionFilters", [])
    return {
        "identity": (repository["repositoryArn"], repository["createdAt"]),
        "tag mutability": (repository["imageTagMutability"], [each["filter"] for each in filters]),
        "encryption": repository["encryptionConfiguration"],
        "scan on push": repository["imageScanningConfiguration"]["scanOnPush"],
        "lifecycle": _document(ecr, "get_lifecycle_policy", "lifecyclePolicyText", name),
        "policy": _document(ecr, "get_repository_policy", "policyText", name),
        # CloudFormation's own are named aws:…
        "tags": {each["Key"]: each["Value"] for each in tags if each["Key"][:4] != "aws:"},
        "images": ecr.describe_images(**name)["imageDetails"],
    }


def _document(ecr: Any, get: str, member: str, name: dict[str, str]) -> Any:
    try:
        return json.loads(getattr(ecr, get)(**name)[member])
    except ClientError as error:
        if error.response["Error"]["Code"].endswith("PolicyNotFoundException"):
            return None
        raise
