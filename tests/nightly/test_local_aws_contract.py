"""Every answer of the embedded ECR has the shape that botocore's service model says."""

import json
from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError

from local_aws import images
from local_aws.process import LocalAws
from tests.support.embedded_aws import Place
from tests.support.shapes import watch

ROLE = "arn:aws:iam::111122223333:role/reader"
PREFIX = {"ecrRepositoryPrefix": "quay"}
FILTER = [{"filterType": "WILDCARD", "filter": "latest"}]
POLICY = json.dumps({"Version": "2012-10-17", "Statement": []})
IMAGE = images.image("contract")
SIGNATURE = images.signature(IMAGE).manifest.data.decode()
LAST_FIVE = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 5}
RULE = {"rulePriority": 1, "selection": LAST_FIVE, "action": {"type": "expire"}}
LIFECYCLE = json.dumps({"rules": [RULE]})


def filtered(kind: str, text: str = "*", **rule: Any) -> list[dict[str, Any]]:
    """Return the rules of a setting: one, for some repositories."""
    return [{**rule, "repositoryFilters": [{"filter": text, "filterType": kind}]}]


DESTINATION = {"region": "eu-west-1", "registryId": "999999999999"}
RULES = {"rules": filtered("PREFIX_MATCH", "scanned", destinations=[DESTINATION])}
SCAN = filtered("WILDCARD", scanFrequency="SCAN_ON_PUSH")
PROFILE = "arn:aws:signer:eu-central-1:111122223333:/signing-profiles/p"
SIGNING = {"rules": filtered("WILDCARD_MATCH", signingProfileArn=PROFILE)}
API, V1, KMS = {"repositoryName": "scanned/api"}, {"imageTag": "v1"}, {"encryptionType": "KMS"}
MUTABILITY = {
    "imageTagMutability": "MUTABLE_WITH_EXCLUSION",
    "imageTagMutabilityExclusionFilters": FILTER,
}
ARN = {"resourceArn": "arn:aws:ecr:eu-central-1:{account}:repository/scanned/api"}
TEMPLATE = {
    "prefix": "team",
    "appliedFor": ["REPLICATION"],
    "description": "A team's",
    **MUTABILITY,
    "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
    "lifecyclePolicy": LIFECYCLE,
    "repositoryPolicy": POLICY,
    "resourceTags": [{"Key": "team", "Value": "a"}],
    "encryptionConfiguration": {"encryptionType": "AES256"},
    "customRoleArn": ROLE,
}

# In the order in which they are made.
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("CreateRepository", {**API, "tags": [{"Key": "a", "Value": "b"}]}),
    ("CreateRepository", {"repositoryName": "own-key", "encryptionConfiguration": KMS}),
    ("DescribeRepositories", {"maxResults": 1}),
    ("PutImageTagMutability", {**API, **MUTABILITY}),
    ("PutImageScanningConfiguration", {**API, "imageScanningConfiguration": {"scanOnPush": True}}),
    ("ListTagsForResource", ARN),
    ("TagResource", {**ARN, "tags": [{"Key": "c", "Value": "d"}]}),
    ("UntagResource", {**ARN, "tagKeys": ["a"]}),
    ("SetRepositoryPolicy", {**API, "policyText": POLICY}),
    ("GetRepositoryPolicy", API),
    ("DeleteRepositoryPolicy", API),
    ("PutLifecyclePolicy", {**API, "lifecyclePolicyText": LIFECYCLE}),
    ("GetLifecyclePolicy", API),
    ("DeleteLifecyclePolicy", API),
    ("GetAuthorizationToken", {}),
    ("PutReplicationConfiguration", {"replicationConfiguration": RULES}),
    ("DescribeRegistry", {}),
    ("PutImage", {**API, "imageManifest": IMAGE.manifest.data.decode(), "imageTag": "v1"}),
    ("DescribeImages", API),
    ("DescribeImageReplicationStatus", {**API, "imageId": V1}),
    ("ListImages", API),
    ("BatchGetImage", {**API, "imageIds": [V1, {"imageTag": "no"}]}),
    ("StartLifecyclePolicyPreview", {**API, "lifecyclePolicyText": LIFECYCLE}),
    ("GetLifecyclePolicyPreview", API),
    ("PutImage", {**API, "imageManifest": SIGNATURE}),
    ("ListImageReferrers", {**API, "subjectId": {"imageDigest": IMAGE.digest}}),
    ("StartImageScan", {**API, "imageId": V1}),
    ("DescribeImageScanFindings", {**API, "imageId": V1}),
    ("PutSigningConfiguration", {"signingConfiguration": SIGNING}),
    ("DescribeImageSigningStatus", {**API, "imageId": V1}),
    ("UpdateImageStorageClass", {**API, "imageId": V1, "targetStorageClass": "ARCHIVE"}),
    ("DescribeImages", {**API, "filter": {"imageStatus": "ANY"}}),
    ("BatchDeleteImage", {**API, "imageIds": [V1, {"imageTag": "no"}]}),
    ("PutRegistryPolicy", {"policyText": POLICY}),
    ("GetRegistryPolicy", {}),
    ("DeleteRegistryPolicy", {}),
    ("GetRegistryScanningConfiguration", {}),
    ("PutRegistryScanningConfiguration", {"scanType": "BASIC", "rules": SCAN}),
    ("BatchGetRepositoryScanningConfiguration", {"repositoryNames": ["scanned/api", "no"]}),
    ("GetSigningConfiguration", {}),
    ("DeleteSigningConfiguration", {}),
    ("CreateRepositoryCreationTemplate", TEMPLATE),
    ("UpdateRepositoryCreationTemplate", {"prefix": "team", "description": "Another's"}),
    ("DescribeRepositoryCreationTemplates", {}),
    ("DeleteRepositoryCreationTemplate", {"prefix": "team"}),
    ("CreatePullThroughCacheRule", {**PREFIX, "upstreamRegistryUrl": "quay.io"}),
    ("UpdatePullThroughCacheRule", {**PREFIX, "customRoleArn": ROLE}),
    ("DescribePullThroughCacheRules", {}),
    ("ValidatePullThroughCacheRule", PREFIX),
    ("DeletePullThroughCacheRule", PREFIX),
    ("RegisterPullTimeUpdateExclusion", {"principalArn": ROLE}),
    ("ListPullTimeUpdateExclusions", {}),
    ("DeregisterPullTimeUpdateExclusion", {"principalArn": ROLE}),
    ("GetAccountSetting", {"name": "BASIC_SCAN_TYPE_VERSION"}),
    ("PutAccountSetting", {"name": "BLOB_MOUNTING", "value": "ENABLED"}),
    ("DeleteRepository", {**API, "force": True}),
]
ANSWERED = sorted({name for name, _ in CALLS})
NOT_ANSWERED = [
    "BatchCheckLayerAvailability",
    *("CompleteLayerUpload", "DescribeReplicationBackfillResults", "GetDownloadUrlForLayer"),
    *("InitiateLayerUpload", "ListReplicationBackfills", "StartReplicationBackfill"),
    *("StopReplicationBackfill", "UploadLayerPart"),
]


@pytest.fixture(scope="module")
def answers(local_aws: LocalAws, new_account: Callable[[], str]) -> dict[str, list[str]]:
    """Makes all the calls; gives for each operation where its answers differ from the model."""
    account = new_account()
    client = Place(local_aws, account).ecr
    errors = watch(client)
    methods = {api: python for python, api in client.meta.method_to_api_mapping.items()}
    for name, members in CALLS:
        arn = {key: value.format(account=account) for key, value in members.items() if key in ARN}
        getattr(client, methods[name])(**members | arn)
    return errors


def test_answers_have_the_shape_of_the_model(answers: dict[str, list[str]]) -> None:
    """No unknown member, none missing that is required, every value of its type."""
    assert answers == {name: [] for name in ANSWERED}


def test_every_operation_of_the_model_is_answered_or_named_as_missing() -> None:
    """An operation that a new botocore brings makes this list grow, knowingly."""
    names = botocore.session.get_session().get_service_model("ecr").operation_names

    assert sorted(names) == sorted(ANSWERED + NOT_ANSWERED)


@pytest.mark.parametrize("name", NOT_ANSWERED)
def test_an_operation_that_is_missing_is_rejected(place: Place, name: str) -> None:
    """What the embedded ECR does not do fails loudly instead of answering something."""
    client = place.ecr
    methods = {api: python for python, api in client.meta.method_to_api_mapping.items()}
    shape = client.meta.service_model.operation_model(name).input_shape
    request = {member: _example(shape.members[member]) for member in shape.required_members}

    with pytest.raises(ClientError, match="InvalidAction"):
        getattr(client, methods[name])(**request)


def _example(shape: Any) -> Any:
    """Return some value that botocore accepts for a shape."""
    if shape.type_name == "structure":
        return {name: _example(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "list":
        return [_example(shape.member)]
    if shape.type_name in ("blob", "long"):
        return b"layer" if shape.type_name == "blob" else 0
    # A digest where one is asked for; account ids and names are not validated here.
    return shape.enum[0] if getattr(shape, "enum", None) else "123456789012"
