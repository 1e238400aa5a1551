"""An environment with two replicas: filled by pushes, changed in its file, and destroyed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecr_constructs.environment.loading import load_environments
from ecr_constructs.environment.resolution import ResolvedEnvironment
from ecr_constructs.model.registry_id import RegistryId
from local_aws import images, paths
from local_aws.process import LocalAws
from local_aws.registry import PushRejectedError
from stacks.stage import EnvironmentStage
from tests.support.constructs import new_app
from tests.support.embedded_aws import deploy_assembly

Repositories = dict[str, dict[str, Any]]
Read = Callable[[ResolvedEnvironment], Repositories]

# Of their own: other tests read what the shipped accounts hold.
ACCOUNT, OTHER = "666677778888", "777788889990"
HOME = RegistryId(ACCOUNT, "eu-central-1")
REGION = RegistryId(ACCOUNT, "eu-west-1")
ELSEWHERE = RegistryId(OTHER, "eu-central-1")
EVERY_REPLICA = pytest.mark.parametrize("there", [REGION, ELSEWHERE], ids=str)
CHANGED, ADDED = "storefront/web", "storefront/returns"


@dataclass
class History:
    """An environment's life, by deployment: changed stacks, repositories at home, replication."""

    aws: LocalAws
    folder: Path
    read_back: Read
    changed: list[set[str]] = field(default_factory=list)
    held: list[Repositories] = field(default_factory=list)
    rules: list[list[dict[str, Any]]] = field(default_factory=list)

    def client(self, service: str, there: RegistryId = HOME) -> Any:
        """Return a client in the account and Region of a registry."""
        return self.aws.client(service, account=there.account, region=there.region)

    def push(self, there: RegistryId, reference: str, seed: str) -> str:
        """Push an image and return its digest."""
        return self.aws.registry(there.account, there.region).push(reference, images.image(seed))

    def digests(self, there: RegistryId, name: str) -> dict[str, str]:
        """Return what a repository holds: digests by tag."""
        details = self.client("ecr", there).describe_images(repositoryName=name)["imageDetails"]
        return {
            tag: image["imageDigest"] for image in details for tag in image.get("imageTags", [])
        }

    def describe(self, there: RegistryId, name: str) -> dict[str, Any]:
        """Return a repository as ECR describes it."""
        answer = self.client("ecr", there).describe_repositories(repositoryNames=[name])
        return dict(answer["repositories"][0])

    def deploy(self, outdir: Path, change: Callable[[dict[str, Any]], None]) -> set[str]:
        """Change the file and deploy it; remember what is then there. Return what another did."""
        file = self.folder / "prod.yaml"
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        change(content)
        file.write_text(yaml.safe_dump(content), encoding="utf-8")
        environment = load_environments(self.folder)["prod"]
        app = new_app(outdir)
        EnvironmentStage(app, environment)
        app.synth()
        self.changed.append(set(deploy_assembly(self.aws, outdir)))
        self.held.append(self.read_back(environment))
        answer = self.client("ecr").describe_registry()["replicationConfiguration"]
        self.rules.append(answer["rules"])
        return set(deploy_assembly(self.aws, outdir))


def move(content: dict[str, Any]) -> None:
    """Move the environment to accounts of its own."""
    content["account"] = ACCOUNT
    content["replica_accounts"][0]["account"] = OTHER


def relax(content: dict[str, Any]) -> None:
    """Change every setting of a repository, and of replication, that may change in place."""
    content["replicate_deletions"] = True
    repositories = content["teams"]["storefront"]["repositories"]
    repositories[repositories.index(CHANGED)] = {
        "name": CHANGED,
        "lifecycle": [{"keep_last": {"count": 7}}],
        "tag_mutability_exceptions": ["latest"],
        "pull_accounts": ["444455556666"],
        "scan_on_push": False,
        "tags": {"tier": "edge"},
    }


def extend(content: dict[str, Any]) -> None:
    """Add a repository, and give up a replica."""
    content["teams"]["storefront"]["repositories"].append(ADDED)
    del content["replica_accounts"]


@pytest.fixture(scope="module")
def registries(
    local_aws: LocalAws, read_back: Read, tmp_path_factory: pytest.TempPathFactory
) -> History:
    """Return the environment as it is deployed first."""
    folder = tmp_path_factory.mktemp("environments")
    (folder / "prod.yaml").write_bytes((paths.PROJECT / "environments/prod.yaml").read_bytes())
    deployed = History(local_aws, folder, read_back)
    assert set() == deployed.deploy(tmp_path_factory.mktemp("cdk.out"), move)
    return deployed


@EVERY_REPLICA
def test_a_pushed_image_arrives(registries: History, there: RegistryId) -> None:
    """The replica holds the same digest under the same tag."""
    digest = registries.push(HOME, "payments/api:v7", "arrives")

    assert registries.digests(there, "payments/api")["v7"] == digest


@EVERY_REPLICA
def test_a_tag_is_immutable_there_too(registries: History, there: RegistryId) -> None:
    """A replica rejects another image under a tag that has arrived."""
    registries.push(HOME, "payments/api:v8", "first")

    with pytest.raises(PushRejectedError, match="TAG_INVALID"):
        registries.push(there, "payments/api:v8", "second")


@EVERY_REPLICA
def test_a_replica_is_encrypted_with_its_own_key(registries: History, there: RegistryId) -> None:
    """The key is the one that the alias of that account and Region points to."""
    kms = registries.client("kms", there)
    key = kms.describe_key(KeyId="alias/prod-ecr")["KeyMetadata"]["Arn"]

    assert f":{there.region}:{there.account}:" in key
    encryption = registries.describe(there, "payments/api")["encryptionConfiguration"]
    assert encryption == {"encryptionType": "KMS", "kmsKey": key}


@EVERY_REPLICA
def test_what_replication_creates_has_its_templates_settings(
    registries: History, there: RegistryId
) -> None:
    """A repository that is declared nowhere arrives immutable, encrypted and with a policy."""
    name = f"storefront/undeclared-{there.account}-{there.region}"
    registries.client("ecr").create_repository(repositoryName=name)
    registries.push(HOME, f"{name}:v1", "undeclared")

    repository = registries.describe(there, name)
    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert repository["encryptionConfiguration"]["encryptionType"] == "KMS"
    assert registries.client("ecr", there).get_lifecycle_policy(repositoryName=name)


@EVERY_REPLICA
def test_what_is_not_to_be_replicated_stays_at_home(registries: History, there: RegistryId) -> None:
    """A build cache is pushed often and copied nowhere."""
    registries.push(HOME, "platform/build-cache:any", "cache")

    pages = registries.client("ecr", there).get_paginator("describe_repositories").paginate()
    names = {repository["repositoryName"] for page in pages for repository in page["repositories"]}
    assert "platform/build-cache" not in names
    assert "platform/base-python" in names


@pytest.fixture(scope="module")
def history(registries: History, tmp_path_factory: pytest.TempPathFactory) -> History:
    """Return the environment after all of its changes."""
    registries.push(HOME, f"{CHANGED}:v9", "release")
    registries.held = [registries.read_back(load_environments(registries.folder)["prod"])]
    for change in (relax, extend):
        # A second deployment of the same changes nothing.
        assert set() == registries.deploy(tmp_path_factory.mktemp("cdk.out"), change)
    registries.push(HOME, f"{CHANGED}:v10", "later")
    return registries


def test_a_change_is_made_in_place(history: History) -> None:
    """The repository is the one that was there, with its image; the settings are the new ones."""
    before, after, _ = (held[CHANGED] for held in history.held)

    assert len(after["images"]) == 1
    for kept in ("identity", "images", "encryption"):
        assert after[kept] == before[kept]
    assert after["tag mutability"] == ("IMMUTABLE_WITH_EXCLUSION", ["latest"])
    assert after["scan on push"] is False
    assert after["tags"] == {**before["tags"], "tier": "edge"}
    [rule] = after["lifecycle"]["rules"]
    assert rule["selection"]["countNumber"] == 7
    accounts = [statement["Principal"]["AWS"] for statement in after["policy"]["Statement"]]
    assert accounts == ["*", "arn:aws:iam::444455556666:root"]


def test_a_change_of_one_repository_leaves_the_others(history: History) -> None:
    """Nothing of theirs is touched, in their stack or another; replication is a setting of home."""
    before, after, _ = history.held
    assert {name for name in before if before[name] != after[name]} == {CHANGED}
    assert history.changed[1] == {
        "Prod/Registry",
        *(f"Prod/{site}Storefront" for site in ("", "EuWest1/", "Account777788889990/EuCentral1/")),
    }


def test_another_repository_touches_its_own_stacks(history: History) -> None:
    """The others have no changes, and the repositories that were there stay as they are."""
    _, before, after = history.held
    assert history.changed[2] == {"Prod/Registry", "Prod/Storefront", "Prod/EuWest1/Storefront"}
    assert set(after) == {*before, ADDED}
    assert before.items() <= after.items()


def test_replication_follows_the_file(history: History) -> None:
    """A replica that is given up keeps the images that have arrived, and receives no others."""
    [first], [second], [third] = history.rules
    assert len(first["destinations"]) == len(second["destinations"]) == 2
    assert second["deleteReplication"] == {"enabled": True}
    assert [destination["region"] for destination in third["destinations"]] == ["eu-west-1"]
    assert set(history.digests(ELSEWHERE, CHANGED)) == {"v9"}
    assert set(history.digests(REGION, CHANGED)) == {"v9", "v10"}


def test_destroying_the_stacks_loses_no_image(history: History) -> None:
    """Every repository, its images and the key that decrypts them are still there."""
    environment = load_environments(history.folder)["prod"]
    before = history.read_back(environment)
    stacks = history.client("cloudformation")
    names = [stack["StackName"] for stack in stacks.describe_stacks()["Stacks"]]
    # Those that import a value go before the one that exports it.
    for name in sorted(names, key=lambda name: name.endswith("-key")):
        stacks.delete_stack(StackName=name)
    assert [] == stacks.describe_stacks()["Stacks"]

    key = before[CHANGED]["encryption"]["kmsKey"]
    metadata = history.client("kms").describe_key(KeyId=key)["KeyMetadata"]
    assert metadata["KeyState"] == "Enabled"
    after = history.read_back(environment)
    for kept in ("identity", "encryption", "images"):
        assert {name: before[name][kept] for name in before} == {
            name: after[name][kept] for name in after
        }
