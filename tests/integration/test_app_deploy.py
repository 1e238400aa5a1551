"""The shipped environments, deployed by the real CDK CLI and read back.

The one integration path of `make test`: bootstrap, deploy, push, pull, who is rejected.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ecr_constructs import CiIssuer
from ecr_constructs.checks import Report, load, report
from ecr_constructs.environment.loading import load_environments
from ecr_constructs.environment.resolution import ResolvedEnvironment
from ecr_constructs.model.repository_policy import Access, document
from local_aws import images, paths, web_identity
from local_aws.process import LocalAws
from local_aws.registry import PullRejectedError, PushRejectedError, Registry
from tests.support.embedded_aws import MEMBER, Cdk

Repositories = dict[str, dict[str, Any]]
ReadBack = Callable[[ResolvedEnvironment], Repositories]

STAGES = ("Dev/**", "Prod/**")


@dataclass(frozen=True)
class Deployed:
    """Dev and prod, deployed once."""

    aws: LocalAws
    environments: dict[str, ResolvedEnvironment]
    output: str
    assembly: Path

    def client(self, service: str, name: str) -> Any:
        """Return a client in an environment's account and Region."""
        environment = self.environments[name]
        return self.aws.client(service, account=environment.account, region=environment.region)

    def registry(self, name: str, caller: str | None = None) -> Registry:
        """Log in to an environment's registry, by default as the root of its account."""
        environment = self.environments[name]
        return self.aws.registry(environment.account, environment.region, caller=caller)

    def job(self, name: str, subject: str) -> str:
        """Show a token to the push role of `acme/payments`; return the key of its session."""
        environment = self.environments[name]
        [stack] = self.client("cloudformation", name).describe_stacks(StackName=f"{name}-ecr-push")[
            "Stacks"
        ]
        [role] = [output["OutputValue"] for output in stack["Outputs"]]
        token = web_identity.token(CiIssuer.github_actions(), subject)
        session = web_identity.assume(self.aws, role, token, region=environment.region)
        return session["AccessKeyId"]

    @property
    def key_arn(self) -> str:
        """The ARN of the key that prod's alias points to."""
        metadata = self.client("kms", "prod").describe_key(KeyId="alias/prod-ecr")["KeyMetadata"]
        return str(metadata["Arn"])


@pytest.fixture(scope="session")
def deployed(local_aws: LocalAws, cdk: Cdk, outdir: Path) -> Deployed:
    shipped = load_environments(paths.PROJECT / "environments")
    environments = {name: shipped[name] for name in ("dev", "prod")}
    places = [place for entry in environments.values() for place in entry.registries]
    local_aws.bootstrap(places, trust=places[0][0])
    options = ("--require-approval=never", "--concurrency=4")
    done = cdk("deploy", *STAGES, *options, account=places[0][0])
    assert done.returncode == 0, done.stdout
    return Deployed(local_aws, environments, done.stdout, outdir)


@pytest.fixture(scope="module")
def repositories(deployed: Deployed, read_back: ReadBack) -> dict[str, Repositories]:
    """Return what ECR answers about the repositories of each environment, read once."""
    return {name: read_back(entry) for name, entry in deployed.environments.items()}


def expected(environment: ResolvedEnvironment, key_arn: str | None) -> dict[str, dict[str, Any]]:
    """Return what the files say of each repository, in the terms of `read_back`."""
    expected_settings = {}
    for repository in environment.repositories:
        settings = repository.settings
        mutability = settings.tag_mutability
        statements = Access(**settings.access).statements("aws")
        expected_settings[repository.name] = {
            "tag mutability": (mutability.setting, list(mutability.except_for)),
            "encryption": {"encryptionType": "AES256"}
            if settings.encryption == "aes256"
            else {"encryptionType": "KMS", "kmsKey": key_arn},
            "scan on push": settings.scan_on_push,
            "lifecycle": settings.lifecycle.to_dict(),
            "policy": document(statements) if statements else None,
            "tags": settings.tags,
        }
    return expected_settings


@pytest.fixture(scope="module")
def checked(deployed: Deployed) -> Report:
    """Return the report of the command line on what was deployed."""
    return report(load([deployed.assembly]))


def test_the_app_is_checked_when_it_is_synthesized(deployed: Deployed) -> None:
    """The plugin reports nothing but what is acknowledged, and prints nothing."""
    text = (deployed.assembly / "validation-report.json").read_text(encoding="utf-8")

    [plugin] = json.loads(text)["pluginReports"]
    expected = {"pluginName": "EcrChecks", "conclusion": "success", "violations": []}
    assert expected == {key: plugin[key] for key in expected}
    assert "EcrChecks" not in deployed.output
    assert "[Warning" not in deployed.output


def test_the_command_line_finds_nothing(checked: Report) -> None:
    """It checks the same without CDK."""
    assert () == checked.findings


def test_acknowledgments_come_from_the_files(checked: Report) -> None:
    """Tags move in development, and caches are caches."""
    acknowledged = {entry.finding.rule for entry in checked.suppressed}

    assert {"ECR012", "ECR013", "ECR115"} == acknowledged
    assert all(entry.reason for entry in checked.suppressed)


@pytest.mark.parametrize(
    "setting", ["tag mutability", "encryption", "scan on push", "lifecycle", "policy", "tags"]
)
@pytest.mark.parametrize("name", ["dev", "prod"])
def test_a_repository_is_what_its_file_says(
    deployed: Deployed, repositories: dict[str, Repositories], name: str, setting: str
) -> None:
    """ECR returns the resolved settings, for each of the 12 repositories."""
    settings = expected(deployed.environments[name], deployed.key_arn if name == "prod" else None)
    assert len(settings) == 12
    assert {repository: values[setting] for repository, values in repositories[name].items()} == {
        repository: values[setting] for repository, values in settings.items()
    }


def test_the_key_is_rotated_and_hard_to_lose(deployed: Deployed) -> None:
    """Prod has one; it rotates, and a deletion would wait for 30 days."""
    kms = deployed.client("kms", "prod")
    template = deployed.client("cloudformation", "prod").get_template(StackName="prod-ecr-key")
    resources = template["TemplateBody"]["Resources"].values()
    [properties] = [
        resource["Properties"] for resource in resources if resource["Type"] == "AWS::KMS::Key"
    ]

    assert kms.describe_key(KeyId=deployed.key_arn)["KeyMetadata"]["KeyState"] == "Enabled"
    assert kms.get_key_rotation_status(KeyId=deployed.key_arn)["KeyRotationEnabled"]
    # No API tells it before a deletion is requested.
    assert properties["PendingWindowInDays"] == 30


def test_every_stack_is_deployed(deployed: Deployed) -> None:
    """One stack a team at each registry, a key's before those that need it; at home CI's."""
    lines = [line for line in deployed.output.splitlines() if "✅" in line]
    stacks = [line.split()[1] for line in lines]

    teams = {"Payments", "Platform", "Storefront"}
    sites = ("Prod", "Prod/EuWest1", "Prod/Account444455556666/EuCentral1")
    once = {"Dev/Push", "Prod/Push", "Prod/Alerts"}
    assert {*stacks} == once | {f"Dev/{team}" for team in teams} | {
        f"{site}/{stack}" for site in sites for stack in (*teams, "Key", "Registry")
    }
    for site in sites:
        assert all(stacks.index(f"{site}/Key") < stacks.index(f"{site}/{t}") for t in teams)


def test_a_deployment_leaves_no_difference(deployed: Deployed, cdk: Cdk) -> None:
    """`cdk diff` finds nothing that a second deployment would change."""
    account = deployed.environments["dev"].account
    done = cdk("diff", *STAGES, "--fail", account=account)

    assert done.returncode == 0, done.stdout
    assert "Number of stacks with differences: 0" in done.stdout


@pytest.mark.parametrize(("name", "moves"), [("dev", True), ("prod", False)])
def test_a_tag_moves_where_the_file_says_so(deployed: Deployed, name: str, *, moves: bool) -> None:
    """A build in dev replaces the one before it; a release in prod stays what it is."""
    registry = deployed.registry(name)
    first = registry.push("storefront/web:v1", images.image("first"))
    if moves:
        assert first != registry.push("storefront/web:v1", images.image("second"))
        first = images.image("second").digest
    else:
        with pytest.raises(PushRejectedError, match="TAG_INVALID"):
            registry.push("storefront/web:v1", images.image("second"))
    assert registry.manifest("storefront/web", "v1").digest == first


def test_an_excepted_tag_moves_in_prod(deployed: Deployed) -> None:
    """`stable` of a base image follows its patches; the patches stay."""
    registry, base = deployed.registry("prod"), "platform/base-python"
    registry.push(f"{base}:3.12.1", images.index(1))
    registry.tag(base, "3.12.1", "stable")
    second = registry.push(f"{base}:3.12.2", images.index(2))

    assert registry.tag(base, "3.12.2", "stable") == second
    with pytest.raises(PushRejectedError, match="TAG_INVALID"):
        registry.tag(base, "3.12.2", "3.12.1")


@pytest.mark.parametrize(
    ("name", "subject", "may_pull"),
    [("dev", "ref:refs/heads/feature/login", True), ("prod", "environment:production", False)],
    ids=["dev, which allows to pull", "prod, push only"],
)
def test_ci_pushes_to_its_repositories_only(
    deployed: Deployed, name: str, subject: str, *, may_pull: bool
) -> None:
    """A job has the team's repositories; `pull_back` is for layers, every push reads manifests."""
    registry = deployed.registry(name, deployed.job(name, f"repo:acme/payments:{subject}"))
    artifact = images.image(name)

    assert registry.push("payments/worker:v7", artifact) == artifact.digest
    with pytest.raises(PushRejectedError, match=r"DENIED: .* ecr:\w+ on .*/web "):
        registry.push("storefront/web:v7", artifact)
    if may_pull:
        assert registry.pull("payments/worker", "v7") == artifact
    else:
        with pytest.raises(PullRejectedError, match="ecr:GetDownloadUrlForLayer"):
            registry.pull("payments/worker", "v7")


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("prod", "repo:acme/payments:ref:refs/heads/main"),
        ("prod", "repo:acme/storefront:environment:production"),
        ("dev", "repo:acme/payments:ref:refs/heads/try-out"),
        ("dev", "repo:acme/payments:pull_request"),
    ],
)
def test_no_other_job_pushes(deployed: Deployed, name: str, subject: str) -> None:
    """The role does not admit it."""
    with pytest.raises(ClientError, match="AccessDenied"):
        deployed.job(name, subject)


@pytest.mark.parametrize(
    ("repository", "pullers"),
    [
        ("storefront/web", {"a member"}),
        ("storefront/search-indexer", {"a member", "the partner"}),
        ("payments/fraud-scoring", set()),
    ],
)
def test_accounts_pull_what_the_file_opens_to_them(
    deployed: Deployed, repository: str, pullers: set[str]
) -> None:
    """Members of the organization, the partner of one repository, and no other account."""
    deployed.registry("prod").push(f"{repository}:v8", images.image(8))
    accounts = {"a member": MEMBER, "the partner": "777788889999", "a stranger": "888899990000"}
    pulled = set()
    for who, account in accounts.items():
        try:
            deployed.registry("prod", account).pull(repository, "v8")
            pulled.add(who)
        except PullRejectedError as rejection:
            assert "DENIED" == rejection.code  # noqa: PT017

    assert pullers == pulled
