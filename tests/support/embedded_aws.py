"""The fixtures of tests that use the embedded AWS: one server for all tests of a process."""

import dataclasses
import itertools
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol, Self

import pytest
from aws_cdk import cx_api
from botocore.exceptions import ClientError

from ecr_constructs.environment.resolution import ResolvedEnvironment
from ecr_constructs.model.partitions import registry_host
from local_aws import paths
from local_aws.images import Artifact
from local_aws.process import LocalAws
from local_aws.registry import Registry
from tests.support import processes


class Cdk(Protocol):
    """The CDK CLI, run on the app and the shipped environments as the root of an account."""

    def __call__(self, *arguments: str, account: str) -> subprocess.CompletedProcess[str]:
        """Run a command."""


# An organization with one member; new accounts are not members.
ORGANIZATION, MEMBER = "o-a1b2c3d4e5", "555566667777"
# Another one; the first of its accounts manages it.
COMPANY, COMPANY_ACCOUNTS = "o-z9y8x7w6v5", ["888877776666", "777766665555"]
_accounts = itertools.count(1)


@pytest.fixture(scope="session")
def local_aws() -> Iterator[LocalAws]:
    """Start the embedded AWS; in repositories below `scanned/`, scans find something."""
    findings = Path(__file__).with_name("scan_findings.json")
    organizations = {ORGANIZATION: [MEMBER], COMPANY: COMPANY_ACCOUNTS}
    with LocalAws(organizations=organizations, scan_findings=findings) as aws:
        yield aws


@pytest.fixture(scope="session")
def new_account() -> Callable[[], str]:
    """Return a function that returns an account which no other test has used."""
    return lambda: f"{next(_accounts):012}"


@dataclasses.dataclass(frozen=True)
class Place:
    """An account of the embedded AWS in a Region."""

    aws: LocalAws
    account: str
    region: str = "eu-central-1"

    def client(self, service: str, *, caller: str = "") -> Any:
        """Return a client, of the root of the account or of a session's key."""
        return self.aws.client(service, account=caller or self.account, region=self.region)

    @property
    def ecr(self) -> Any:
        """The client of ECR."""
        return self.client("ecr")

    def registry(self, caller: str | None = None) -> Registry:
        """Log in to the registry, as the root of the account or with a session's key."""
        return self.aws.registry(self.account, self.region, caller=caller)

    def push_image(self, reference: str, artifact: Artifact) -> str:
        """Push to `REPOSITORY:TAG` as the root of the account; return the digest."""
        return self.registry().push(reference, artifact)

    def uri(self, reference: str) -> str:
        """Return the name by which workloads pull `REPOSITORY:TAG` or `REPOSITORY@DIGEST`."""
        return f"{registry_host(self.account, self.region)}/{reference}"

    def at(self, region: str, account: str = "") -> Self:
        """Return another Region, by default of the same account."""
        return dataclasses.replace(self, region=region, account=account or self.account)


@pytest.fixture
def place(local_aws: LocalAws, new_account: Callable[[], str]) -> Place:
    """Return an account of the test's own."""
    return Place(local_aws, new_account())


def settled(cloudformation: Any, stack: str) -> str:
    """Wait until nothing is in progress in a stack; return its status."""
    for _ in range(500):
        [description] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
        if not description["StackStatus"].endswith("_IN_PROGRESS"):
            return str(description["StackStatus"])
        time.sleep(0.02)
    pytest.fail(f"{stack} does not settle")


def deploy_assembly(aws: LocalAws, outdir: Path) -> list[str]:
    """Create or update the stacks of a cloud assembly, in its order; return those that changed.

    It does what `cdk bootstrap` and `cdk deploy` do, in a fraction of the time.
    """
    changed = []
    for stack in cx_api.CloudAssembly(str(outdir)).stacks_recursively:
        place = {"account": stack.environment.account, "region": stack.environment.region}
        # What `cdk bootstrap` leaves for the rule in each template.
        aws.client("ssm", **place).put_parameter(
            Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String", Overwrite=True
        )
        _upload_files(aws.client("s3", account=place["account"], region="us-east-1"), stack)
        cloudformation = aws.client("cloudformation", **place)
        request = {
            "StackName": stack.stack_name,
            "TemplateBody": Path(stack.template_full_path).read_text(encoding="utf-8"),
            "Tags": [{"Key": key, "Value": value} for key, value in stack.tags.items()],
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
        }
        try:
            cloudformation.create_stack(**request)
        except cloudformation.exceptions.AlreadyExistsException:
            try:
                cloudformation.update_stack(**request)
            except ClientError as error:
                if "No updates" not in str(error):
                    raise
                continue
        status = settled(cloudformation, stack.stack_name)
        assert status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), stack.stack_name
        changed.append(stack.hierarchical_id)
    return changed


def _upload_files(s3: Any, stack: Any) -> None:
    """Upload the templates of nested stacks."""
    folder = Path(stack.assembly.directory)
    files = json.loads((folder / f"{stack.id}.assets.json").read_text(encoding="utf-8"))["files"]
    for file in files.values():
        path = file["source"]["path"]
        for place in file["destinations"].values() if path != stack.template_file else ():
            bucket = place["bucketName"]
            s3.create_bucket(Bucket=bucket)
            s3.put_object(Bucket=bucket, Key=place["objectKey"], Body=(folder / path).read_bytes())


@pytest.fixture(scope="session")
def outdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that `app.py` is synthesized to."""
    return tmp_path_factory.mktemp("cdk.out")


@pytest.fixture(scope="session")
def cdk(local_aws: LocalAws, outdir: Path) -> Cdk:
    """Return the CDK CLI on `app.py`, which runs once: later commands read its cloud assembly."""

    def run(*arguments: str, account: str) -> subprocess.CompletedProcess[str]:
        source = "--app" if (outdir / "manifest.json").exists() else "--output"
        command = [paths.CDK, *arguments, "--no-notices", "--no-color", source, outdir]
        env = local_aws.env(account=account, region="eu-central-1")
        return processes.run(command, paths.PROJECT, env)

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
        "tag mutability": (repository["imageTagMutability"], [rule["filter"] for rule in filters]),
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
