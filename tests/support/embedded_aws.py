"""The fixtures of tests that use the embedded AWS: one server for all tests of a process."""

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


# An organization with one member; new accounts are not members.
ORGANIZATION, MEMBER = "o-a1b2c3d4e5", "555566667777"
_accounts = itertools.count(1)


@pytest.fixture(scope="session")
def local_aws() -> Iterator[LocalAws]:
    """Start the embedded AWS."""
    with LocalAws(organizations={ORGANIZATION: [MEMBER]}) as aws:
        yield aws


@pytest.fixture(scope="session")
def new_account() -> Callable[[], str]:
    """Return a function that returns an account which no other test has used."""
    return lambda: f"{next(_accounts):012}"


@pytest.fixture(scope="session")
def cdk(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Cdk:
    """Return the CDK CLI on `app.py`; what it writes stays out of the checkout.

    The app runs once for the same environment files: later commands read its cloud assembly.
    """
    assemblies: dict[tuple[str, ...], Path] = {}

    def run(
        *arguments: str, account: str, environments: Path = paths.PROJECT / "environments"
    ) -> subprocess.CompletedProcess[str]:
        content = tuple(path.read_text() for path in sorted(environments.glob("*.yaml")))
        if content in assemblies:
            source = ["--app", str(assemblies[content])]
        else:
            assemblies[content] = tmp_path_factory.mktemp("cdk.out")
            source = ["--context", f"environments={environments}"]
            source += ["--output", str(assemblies[content])]
        return subprocess.run(
            [str(paths.CDK), *arguments, "--no-notices", "--no-color", *source],
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
    """Return `cdk deploy`, which must succeed."""

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
    """Return a function that reads an environment's repositories from ECR, by name."""

    def read(environment: ResolvedEnvironment) -> dict[str, dict[str, Any]]:
        ecr = local_aws.client("ecr", account=environment.account, region=environment.region)
        names = [repository.name for repository in environment.repositories]
        repositories = ecr.describe_repositories(repositoryNames=names)["repositories"]
        return {
            repository["repositoryName"]: _settings(ecr, repository) for repository in repositories
        }

    return read


def _settings(ecr: Any, repository: dict[str, Any]) -> dict[str, Any]:
    name = {"repositoryName": repository["repositoryName"]}
    tags = ecr.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]
    filters = repository.get("imageTagMutabilityExclusionFilters", [])
    return {
        "identity": (repository["repositoryArn"], repository["createdAt"]),
        "tag mutability": (
            repository["imageTagMutability"],
            [rule["filter"] for rule in filters],
        ),
        "encryption": repository["encryptionConfiguration"],
        "scan on push": repository["imageScanningConfiguration"]["scanOnPush"],
        "lifecycle": _document(ecr, "get_lifecycle_policy", "lifecyclePolicyText", name),
        "policy": _document(ecr, "get_repository_policy", "policyText", name),
        # CloudFormation's own are named aws:…
        "tags": {tag["Key"]: tag["Value"] for tag in tags if tag["Key"][:4] != "aws:"},
        "images": ecr.describe_images(**name)["imageDetails"],
    }


def _document(ecr: Any, get: str, member: str, name: dict[str, str]) -> Any:
    try:
        return json.loads(getattr(ecr, get)(**name)[member])
    except ClientError as error:
        if error.response["Error"]["Code"].endswith("PolicyNotFoundException"):
            return None
        raise
