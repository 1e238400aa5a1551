"""The shipped environments, deployed by the real CDK CLI and read back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from ecr_constructs.model.repository_policy import Access, document
from local_aws import images, paths
from local_aws.registry import PushRefusedError
from stacks.environment_file import load_environments
from stacks.settings import resolve
from stacks.sites import home, replicas

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_aws.process import LocalAws
    from local_aws.registry import Registry
    from stacks.environment import Environment
    from tests.integration.conftest import Cdk

STAGES = ("Dev/**", "Prod/**")


@dataclass(frozen=True)
class Deployed:
    """Dev and prod, deployed once."""

    aws: LocalAws
    environments: dict[str, Environment]
    output: str

    def client(self, service: str, name: str) -> Any:
        """Return a client in an environment's account and Region."""
        environment = self.environments[name]
        return self.aws.client(service, account=environment.account, region=environment.region)

    def registry(self, name: str) -> Registry:
        """Log in to an environment's registry."""
        environment = self.environments[name]
        return self.aws.registry(environment.account, environment.region)

    @property
    def key_arn(self) -> str:
        """The ARN of the key that prod's alias points to."""
        metadata = self.client("kms", "prod").describe_key(KeyId="alias/prod-ecr")["KeyMetadata"]
        return str(metadata["Arn"])


@pytest.fixture(scope="session")
def deployed(local_aws: LocalAws, deploy: Cdk) -> Deployed:
    shipped = load_environments(paths.PROJECT / "environments")
    environments = {name: shipped[name] for name in ("dev", "prod")}
    sites = [site for each in environments.values() for site in (home(each), *replicas(each))]
    places = [(site.registry.account, site.registry.region) for site in sites]
    local_aws.bootstrap(places, trust=places[0][0])
    output = deploy(*STAGES, account=places[0][0]).stdout
    return Deployed(local_aws, environments, output)


def expected(environment: Environment, key_arn: str | None) -> dict[str, dict[str, Any]]:
    """Return what the files say of each repository, in the terms of `read_back`."""
    said = {}
    for team in environment.teams.values():
        for repository in team.repositories:
            settings = resolve(environment, team, repository)
            keywords = settings.keywords
            who = {name: value for name, value in keywords.items() if name.startswith("pu")}
            statements = Access(**who).statements("aws")
            said[repository.name] = {
                "tag mutability": (
                    settings.tag_mutability.setting,
                    list(settings.tag_mutability.except_for),
                ),
                "encryption": {"encryptionType": "AES256"}
                if settings.encryption == "aes256"
                else {"encryptionType": "KMS", "kmsKey": key_arn},
                "scan on push": keywords["scan_on_push"],
                "lifecycle": settings.lifecycle.to_dict(),
                "policy": document(statements) if statements else None,
                "tags": keywords["tags"],
            }
    return said


@pytest.mark.parametrize(
    "setting", ["tag mutability", "encryption", "scan on push", "lifecycle", "policy", "tags"]
)
@pytest.mark.parametrize("name", ["dev", "prod"])
def test_a_repository_is_what_its_file_says(
    deployed: Deployed,
    read_back: Callable[[Environment], dict[str, dict[str, Any]]],
    name: str,
    setting: str,
) -> None:
    """ECR answers what the settings come to, for each of the 12 repositories."""
    environment = deployed.environments[name]
    said = expected(environment, deployed.key_arn if name == "prod" else None)
    assert len(said) == 12
    assert {each: values[setting] for each, values in read_back(environment).items()} == {
        each: values[setting] for each, values in said.items()
    }


def test_the_key_is_rotated_and_hard_to_lose(deployed: Deployed) -> None:
    """Prod has one; it rotates, and a deletion would wait for 30 days."""
    kms = deployed.client("kms", "prod")
    template = deployed.client("cloudformation", "prod").get_template(StackName="prod-ecr-key")
    resources = template["TemplateBody"]["Resources"].values()
    [properties] = [each["Properties"] for each in resources if each["Type"] == "AWS::KMS::Key"]

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


def test_a_release_stays_what_it_is(deployed: Deployed) -> None:
    """Prod refuses another image under a tag that it holds."""
    registry = deployed.registry("prod")
    first = registry.push("storefront/web:v1", images.image("release"))

    with pytest.raises(PushRefusedError, match=r"'v1' already exists .* the tag is immutable"):
        registry.push("storefront/web:v1", images.image("changed"))
    assert registry.manifest("storefront/web", "v1").digest == first


def test_a_build_replaces_the_one_before(deployed: Deployed) -> None:
    """Dev takes another image under the same tag."""
    registry = deployed.registry("dev")
    registry.push("storefront/web:v1", images.image(1))

    second = registry.push("storefront/web:v1", images.image(2))
    assert registry.manifest("storefront/web", "v1").digest == second


def test_an_excepted_tag_moves_in_prod(deployed: Deployed) -> None:
    """`stable` of a base image follows its patches; the patches stay."""
    registry, base = deployed.registry("prod"), "platform/base-python"
    registry.push(f"{base}:3.12.1", images.index(1))
    registry.tag(base, "3.12.1", "stable")
    second = registry.push(f"{base}:3.12.2", images.index(2))

    assert registry.tag(base, "3.12.2", "stable") == second
    with pytest.raises(PushRefusedError, match=r"'3\.12\.1' already exists"):
        registry.tag(base, "3.12.2", "3.12.1")
