"""Replicas: deployed by the real CDK CLI, filled by real pushes, changed and removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from ecr_constructs.environment.loading import load_environments
from ecr_constructs.model.registry_id import RegistryId
from local_aws import images, paths
from local_aws.registry import PushRejectedError
from tests.integration.test_app_changes import rewrite

if TYPE_CHECKING:
    from pathlib import Path

    from local_aws.process import LocalAws
    from tests.support.embedded_aws import Cdk

# Of their own: other tests read what the shipped accounts hold.
ACCOUNT, OTHER = "666677778888", "777788889990"
HOME = RegistryId(ACCOUNT, "eu-central-1")
REGION = RegistryId(ACCOUNT, "eu-west-1")
ELSEWHERE = RegistryId(OTHER, "eu-central-1")
EVERY_REPLICA = pytest.mark.parametrize("there", [REGION, ELSEWHERE], ids=str)


@dataclass(frozen=True)
class Registries:
    """An environment with two replicas, deployed once."""

    aws: LocalAws
    folder: Path

    def client(self, service: str, there: RegistryId) -> Any:
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

    def rules(self) -> list[dict[str, Any]]:
        """Return the replication rules of the home registry."""
        answer = self.client("ecr", HOME).describe_registry()
        return list(answer["replicationConfiguration"]["rules"])


@pytest.fixture(scope="module")
def registries(
    local_aws: LocalAws, deploy: Cdk, tmp_path_factory: pytest.TempPathFactory
) -> Registries:
    folder = tmp_path_factory.mktemp("environments")
    file = folder / "prod.yaml"
    file.write_bytes((paths.PROJECT / "environments" / "prod.yaml").read_bytes())

    def move(content: dict[str, Any]) -> None:
        content["account"] = ACCOUNT
        content["replica_accounts"][0]["account"] = OTHER

    rewrite(file, move)
    environment = load_environments(folder)["prod"]
    local_aws.bootstrap(environment.registries, trust=ACCOUNT)
    deploy("**", account=ACCOUNT, environments=folder)
    return Registries(local_aws, folder)


@EVERY_REPLICA
def test_a_pushed_image_arrives(registries: Registries, there: RegistryId) -> None:
    """The replica holds the same digest under the same tag."""
    digest = registries.push(HOME, "payments/api:v7", "arrives")

    assert registries.digests(there, "payments/api")["v7"] == digest


@EVERY_REPLICA
def test_a_tag_is_immutable_there_too(registries: Registries, there: RegistryId) -> None:
    """A replica rejects another image under a tag that has arrived."""
    registries.push(HOME, "payments/api:v8", "first")

    with pytest.raises(PushRejectedError, match=r"'v8' already exists .* the tag is immutable"):
        registries.push(there, "payments/api:v8", "second")


@EVERY_REPLICA
def test_a_replica_is_encrypted_with_its_own_key(registries: Registries, there: RegistryId) -> None:
    """The key is the one that the alias of that account and Region points to."""
    kms = registries.client("kms", there)
    key = kms.describe_key(KeyId="alias/prod-ecr")["KeyMetadata"]["Arn"]

    assert f":{there.region}:{there.account}:" in key
    encryption = registries.describe(there, "payments/api")["encryptionConfiguration"]
    assert encryption == {"encryptionType": "KMS", "kmsKey": key}


@EVERY_REPLICA
def test_what_replication_creates_has_its_templates_settings(
    registries: Registries, there: RegistryId
) -> None:
    """A repository that is declared nowhere arrives immutable, encrypted and with a policy."""
    name = f"storefront/undeclared-{there.account}-{there.region}"
    registries.client("ecr", HOME).create_repository(repositoryName=name)
    registries.push(HOME, f"{name}:v1", "undeclared")

    repository = registries.describe(there, name)
    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert repository["encryptionConfiguration"]["encryptionType"] == "KMS"
    assert registries.client("ecr", there).get_lifecycle_policy(repositoryName=name)


@EVERY_REPLICA
def test_what_is_not_to_be_replicated_stays_at_home(
    registries: Registries, there: RegistryId
) -> None:
    """A build cache is pushed often and copied nowhere."""
    registries.push(HOME, "platform/build-cache:any", "cache")

    pages = registries.client("ecr", there).get_paginator("describe_repositories").paginate()
    names = {repository["repositoryName"] for page in pages for repository in page["repositories"]}
    assert "platform/build-cache" not in names
    assert "platform/base-python" in names


def test_a_change_is_made_in_place_and_a_removal_leaves_the_images(
    registries: Registries, deploy: Cdk
) -> None:
    """The rule follows the file; what has arrived in a replica that is given up stays there."""
    file = registries.folder / "prod.yaml"
    digest = registries.push(HOME, "storefront/web:v9", "kept")
    assert len(registries.rules()[0]["destinations"]) == 2

    rewrite(file, lambda content: content.update(replicate_deletions=True))
    deploy("**", account=ACCOUNT, environments=registries.folder)
    assert registries.rules()[0]["deleteReplication"] == {"enabled": True}

    rewrite(file, lambda content: content.pop("replica_accounts"))
    deploy("**", account=ACCOUNT, environments=registries.folder)
    [rule] = registries.rules()
    assert [destination["region"] for destination in rule["destinations"]] == ["eu-west-1"]
    registries.push(HOME, "storefront/web:v10", "later")
    assert registries.digests(ELSEWHERE, "storefront/web") == {"v9": digest}
    assert set(registries.digests(REGION, "storefront/web")) == {"v9", "v10"}
