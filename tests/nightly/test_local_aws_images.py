"""Images in the embedded ECR, pushed and pulled by a real OCI client."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import oras.client
import pytest
from botocore.exceptions import ClientError

from local_aws import LocalAwsError, images
from local_aws.images import Artifact
from local_aws.process import LocalAws
from local_aws.registry import PushRejectedError, Registry
from tests.support.embedded_aws import Place

CHART, INDEX = images.helm_chart(1), images.index(1)


@pytest.fixture
def ecr(place: Place) -> Any:
    place.ecr.create_repository(repositoryName="api")
    return place.ecr


@pytest.fixture
def registry(place: Place, ecr: Any) -> Registry:
    assert ecr
    return place.registry()


def described(ecr: Any, **request: Any) -> list[dict[str, Any]]:
    return list(ecr.describe_images(repositoryName="api", **request)["imageDetails"])


def put(ecr: Any, artifact: Artifact, tag: str) -> None:
    """Push a manifest through the API."""
    text = artifact.manifest.data.decode()
    ecr.put_image(repositoryName="api", imageManifest=text, imageTag=tag)


def filters(*patterns: str) -> list[dict[str, str]]:
    return [{"filterType": "WILDCARD", "filter": pattern} for pattern in patterns]


@pytest.mark.parametrize(
    "build", [images.image, images.index, images.helm_chart, images.build_cache]
)
def test_what_is_pulled_is_what_was_pushed(
    registry: Registry, build: Callable[[int], Artifact]
) -> None:
    """Manifest, configuration, layers and the children of an index come back byte by byte."""
    digest = registry.push("api:v1", build(1))

    assert registry.pull("api", "v1") == build(1)
    assert registry.pull("api", digest) == build(1)


@pytest.mark.parametrize(
    ("artifact", "expected"),
    [
        (CHART, {"imageSizeInBytes": CHART.size, "artifactMediaType": images.HELM_CONFIG}),
        # ECR's reference: "the max size of all manifests in the list".
        (INDEX, {"imageSizeInBytes": max(child.size for child in INDEX.children)}),
    ],
    ids=["by its configuration and layers", "an index by its largest child"],
)
def test_an_image_is_described_by_its_content(
    registry: Registry, ecr: Any, artifact: Artifact, expected: dict[str, Any]
) -> None:
    """Size, media type and artifact type are those of what was pushed."""
    registry.push("api:v1", artifact)

    (detail,) = described(ecr, filter={"tagStatus": "TAGGED"})
    media_type = {"imageManifestMediaType": artifact.manifest.media_type}
    assert (expected | media_type | {"imageTags": ["v1"]}).items() <= detail.items()


def test_pushes_have_an_order(registry: Registry, ecr: Any) -> None:
    """No two images are pushed at the same time, however fast they come."""
    digests = [registry.push(f"api:{seed}", images.image(seed)) for seed in range(3)]

    details = sorted(described(ecr), key=lambda detail: detail["imagePushedAt"])
    assert [detail["imageDigest"] for detail in details] == digests
    assert len({detail["imagePushedAt"] for detail in details}) == 3


def test_the_times_of_an_image(registry: Registry, ecr: Any) -> None:
    """Another tag does not renew the push; the last pull appears with the first, by digest too."""
    digest = registry.push("api:v1", images.image(1))
    (first,) = described(ecr)
    registry.tag("api", "v1", "v2")
    (tagged,) = described(ecr)
    assert tagged["imageTags"] == ["v1", "v2"]
    assert tagged["imagePushedAt"] == first["imagePushedAt"]
    assert "lastRecordedPullTime" not in first

    registry.pull("api", digest)
    (pulled,) = described(ecr)
    assert pulled["lastRecordedPullTime"] > pulled["imagePushedAt"]


@pytest.mark.parametrize(
    ("mutability", "patterns", "tag", "moves"),
    [
        ("MUTABLE", (), "v1", True),
        ("IMMUTABLE", (), "v1", False),
        *(
            ("IMMUTABLE_WITH_EXCLUSION", ("latest", "dev-*"), tag, moves)
            for tag, moves in {"v1": False, "latest": True, "dev-7": True, "a-dev-7": False}.items()
        ),
        ("MUTABLE_WITH_EXCLUSION", ("v*",), "v1", False),
        ("MUTABLE_WITH_EXCLUSION", ("v*",), "latest", True),
    ],
)
def test_a_tag_moves_only_where_it_may(
    registry: Registry,
    ecr: Any,
    *,
    mutability: str,
    patterns: tuple[str, ...],
    tag: str,
    moves: bool,
) -> None:
    """Registry and API agree."""
    ecr.put_image_tag_mutability(
        repositoryName="api",
        imageTagMutability=mutability,
        **({"imageTagMutabilityExclusionFilters": filters(*patterns)} if patterns else {}),
    )
    first = registry.push(f"api:{tag}", images.image(1))

    if moves:
        assert registry.push(f"api:{tag}", images.image(2)) != first
        assert registry.manifest("api", tag).digest == images.image(2).digest
    else:
        with pytest.raises(PushRejectedError, match=f"api:{tag} rejected: TAG_INVALID: "):
            registry.push(f"api:{tag}", images.image(2))
        with pytest.raises(ClientError, match="ImageTagAlreadyExistsException"):
            put(ecr, images.image(2), tag)
        assert registry.manifest("api", tag).digest == first


def test_the_same_image_is_pushed_again(registry: Registry, ecr: Any) -> None:
    """The registry takes it even where the tag is immutable; the API calls it a duplicate."""
    ecr.put_image_tag_mutability(repositoryName="api", imageTagMutability="IMMUTABLE")
    first = registry.push("api:v1", images.image(1))

    assert registry.push("api:v1", images.image(1)) == first
    with pytest.raises(ClientError, match="ImageAlreadyExistsException"):
        put(ecr, images.image(1), "v1")


def test_an_oci_client_needs_nothing_of_ours(local_aws: LocalAws, ecr: Any, tmp_path: Path) -> None:
    """The client's own login, push and pull do, with what GetAuthorizationToken gives."""
    (grant,) = ecr.get_authorization_token()["authorizationData"]
    user, token = base64.b64decode(grant["authorizationToken"]).decode().split(":")
    host = urlsplit(grant["proxyEndpoint"]).netloc
    file, config = tmp_path / "file.txt", tmp_path / "config.json"
    file.write_text("some text")
    client = oras.client.OrasClient(hostname=host, insecure=True, auth_backend="basic")
    client.login(username=user, password=token, hostname=host, config_path=str(config))
    client.push(f"{host}/api:v1", files=[str(file)], disable_path_validation=True)
    (pulled,) = client.pull(f"{host}/api:v1", outdir=str(tmp_path / "pulled"))

    assert grant["proxyEndpoint"] == local_aws.endpoint_url
    assert Path(pulled).read_text() == "some text"


def test_a_registry_wants_a_login(local_aws: LocalAws) -> None:
    """A wrong token, a right token under another name: both are rejected with 401."""
    host = local_aws.endpoint_url.removeprefix("http://")

    for user in ("AWS", "someone"):
        with pytest.raises(LocalAwsError, match="401"):
            Registry.login_with(host, user, "wrong")


def test_a_token_opens_one_registry(place: Place, new_account: Callable[[], str]) -> None:
    """Two accounts in two Regions have four repositories of one name, on one host and port."""
    accounts, regions = (place.account, new_account()), ("eu-central-1", "eu-west-1")
    places = [place.at(region, account) for account in accounts for region in regions]
    for seed, there in enumerate(places):
        there.ecr.create_repository(repositoryName="api")
        there.registry().push("api:v1", images.image(seed))

    pulled = [there.registry().manifest("api", "v1").digest for there in places]
    assert pulled == [images.image(seed).digest for seed in range(4)]


def test_a_repository_must_exist(registry: Registry) -> None:
    """A push to another name is rejected as ECR rejects it."""
    with pytest.raises(PushRejectedError, match="NAME_UNKNOWN"):
        registry.push("other:v1", images.image(1))


def test_a_push_creates_what_a_template_covers(registry: Registry, ecr: Any) -> None:
    """A template applied for CREATE_ON_PUSH makes the repository with its settings."""
    ecr.create_repository_creation_template(
        prefix="team", appliedFor=["CREATE_ON_PUSH"], imageTagMutability="IMMUTABLE"
    )
    registry.push("team/web:v1", images.image(1))

    (created,) = ecr.describe_repositories(repositoryNames=["team/web"])["repositories"]
    assert created["imageTagMutability"] == "IMMUTABLE"


def test_deleting_a_tag_deletes_the_image_with_its_last(registry: Registry, ecr: Any) -> None:
    """BatchDeleteImage by tag untags, until no tag is left."""
    registry.push("api:v1", images.image(1))
    registry.tag("api", "v1", "v2")

    ecr.batch_delete_image(repositoryName="api", imageIds=[{"imageTag": "v1"}])
    assert [detail["imageTags"] for detail in described(ecr)] == [["v2"]]
    ecr.batch_delete_image(repositoryName="api", imageIds=[{"imageTag": "v2"}])
    assert described(ecr) == []


def test_the_children_of_an_index_cannot_go_before_it(registry: Registry, ecr: Any) -> None:
    """Deleting a listed image fails with ECR's code."""
    registry.push("api:v1", images.index(1))
    child = {"imageDigest": images.index(1).children[0].digest}

    (failure,) = ecr.batch_delete_image(repositoryName="api", imageIds=[child])["failures"]
    assert failure["failureCode"] == "ImageReferencedByManifestList"
    ids = [{"imageTag": "v1"}, child]
    assert ecr.batch_delete_image(repositoryName="api", imageIds=ids)["failures"] == []


def test_images_are_paged_and_filtered(registry: Registry, ecr: Any) -> None:
    """Pages follow each other without loss; untagged images can be asked for, unknown cannot."""
    digests = [registry.push(f"api:{seed}", images.image(seed)) for seed in range(3)]
    digests.append(registry.push("api", images.image(3)))

    paginator = ecr.get_paginator("describe_images")
    pages = list(paginator.paginate(repositoryName="api", PaginationConfig={"PageSize": 3}))
    assert [len(page["imageDetails"]) for page in pages] == [3, 1]
    assert [item["imageDigest"] for page in pages for item in page["imageDetails"]] == digests
    (untagged,) = described(ecr, filter={"tagStatus": "UNTAGGED"})
    assert untagged["imageDigest"] == digests[3]
    with pytest.raises(ClientError, match="ImageNotFoundException"):
        described(ecr, imageIds=[{"imageTag": "no"}])


def test_a_repository_with_images_is_kept(registry: Registry, ecr: Any) -> None:
    """Deletion wants force; a repository of the same name then starts empty."""
    digest = registry.push("api:v1", images.image(1))

    with pytest.raises(ClientError, match="RepositoryNotEmptyException"):
        ecr.delete_repository(repositoryName="api")
    ecr.delete_repository(repositoryName="api", force=True)
    ecr.create_repository(repositoryName="api")
    with pytest.raises(LocalAwsError, match="MANIFEST_UNKNOWN"):
        registry.manifest("api", digest)


def test_encryption_is_reported_with_the_arn_of_the_key(place: Place, ecr: Any) -> None:
    """Without a key it is the one that AWS manages, the same for all repositories."""
    kms = place.client("kms")
    key = kms.create_key()["KeyMetadata"]
    for name, key_id in {"own": {"kmsKey": key["KeyId"]}, "aws-1": {}, "aws-2": {}}.items():
        ecr.create_repository(
            repositoryName=name, encryptionConfiguration={"encryptionType": "KMS", **key_id}
        )

    reported = {
        item["repositoryName"]: item["encryptionConfiguration"].get("kmsKey")
        for item in ecr.describe_repositories()["repositories"]
    }
    managed = kms.describe_key(KeyId="alias/aws/ecr")["KeyMetadata"]["Arn"]
    assert reported == {"api": None, "own": key["Arn"], "aws-1": managed, "aws-2": managed}
