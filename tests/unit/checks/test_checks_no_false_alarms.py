"""Settings that are valid, if seldom: no rule says anything of them."""

from typing import Any

import pytest

from ecr_constructs.checks import check
from ecr_constructs.cloudformation.resource_types import (
    CACHE,
    EVENT_RULE,
    PUBLIC_REPOSITORY,
    SCANNING,
)
from tests.support.rule_examples.access import ORGANIZATION, PULL, open_to, role
from tests.support.rule_examples.build import (
    allow,
    creation_template,
    document,
    get_att,
    key,
    repository,
    resource,
    rule,
    template,
)
from tests.support.rule_examples.events import BITBUCKET, CIRCLECI, UUID, ci, github

GOVERNMENT = ("111122223333", "us-gov-west-1")
FILTER = {
    "ImageTagMutabilityExclusionFilterType": "WILDCARD",
    "ImageTagMutabilityExclusionFilterValue": "cache-*",
}
DENIED = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "ecr:*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
ARCHIVE = [
    rule(
        1,
        "transition",
        tagStatus="any",
        countType="imageCountMoreThan",
        countNumber=50,
    ),
    rule(
        2,
        tagStatus="any",
        storageClass="archive",
        countType="sinceImageTransitioned",
        countUnit="days",
        countNumber=365,
    ),
]
PARAMETER = {"Ref": "Given"}
QUEUE = [{"Arn": "arn:aws:sqs:eu-central-1:111122223333:scans", "Id": "Queue"}]


def asks(source: str, detail: str) -> dict[str, Any]:
    """Return a rule for events of a kind."""
    pattern = {"source": [source], "detail-type": [detail]}
    return resource(EVENT_RULE, {"EventPattern": pattern, "Targets": QUEUE})


SOUND = {
    "ids that are left open": github(sub="repo:acme@*/payments@*:ref:refs/heads/main"),
    "ids of GitHub": github(sub="repo:acme@1/payments@2:ref:refs/heads/main"),
    "a group of GitLab": ci("gitlab.com", "project_path:acme/*:ref_type:branch:ref:main"),
    "a deploy-time project of GitLab": ci("gitlab.com", {"Ref": "Given"}),
    "a repository of Bitbucket": ci(BITBUCKET, f"{{{UUID}}}:*"),
    "an origin of CircleCI": ci(
        CIRCLECI,
        f"org/{UUID}/project/*/user/*/vcs-origin/github.com/acme/api/vcs-ref/refs/heads/main",
    ),
    "a claim of CircleCI": ci(CIRCLECI, UUID, "StringEquals", "oidc.circleci.com/project-id"),
    "a rule for each scanner": {
        "Scanning": resource(SCANNING, {"ScanType": "ENHANCED", "Rules": []}),
        "Basic": asks("aws.ecr", "ECR Image Scan"),
        "Enhanced": asks("aws.inspector2", "Inspector2 Finding"),
    },
    "exclusion filters": {
        "Api": repository(
            ImageTagMutability="IMMUTABLE_WITH_EXCLUSION",
            ImageTagMutabilityExclusionFilters=[FILTER],
        )
    },
    "archive rules": {"Api": repository(*ARCHIVE)},
    "an organization": open_to(PULL, Principal={"AWS": "*"}, Condition=ORGANIZATION),
    "a Deny for everyone": {"Api": repository(RepositoryPolicyText=document(DENIED))},
    "a name known at deployment": {"Api": repository(RepositoryName={"Fn::Sub": "${Given}/api"})},
    "everything known at deployment": {
        "Api": repository(
            RepositoryName=PARAMETER,
            ImageTagMutability=PARAMETER,
            ImageScanningConfiguration=PARAMETER,
            LifecyclePolicy={"LifecyclePolicyText": PARAMETER},
            RepositoryPolicyText=PARAMETER,
            EncryptionConfiguration=PARAMETER,
            EmptyOnDelete=PARAMETER,
            Tags=PARAMETER,
        )
    },
    "a condition that is not known": {
        "Api": repository(
            ImageTagMutability={"Fn::If": ["Mutable", "MUTABLE", "IMMUTABLE"]},
        )
    },
    "a secret of a parameter": {
        "Hub": resource(
            CACHE,
            {
                "EcrRepositoryPrefix": "hub",
                "UpstreamRegistryUrl": "registry-1.docker.io",
                "CredentialArn": PARAMETER,
            },
        )
    },
    "a cache of every repository": {
        "Quay": resource(CACHE, {"EcrRepositoryPrefix": "ROOT", "UpstreamRegistryUrl": "quay.io"})
    },
    "truth as text": {"Api": repository(ImageScanningConfiguration={"ScanOnPush": "true"})},
    "ARNs with variables": role(
        PULL,
        Resource=[
            {"Fn::Sub": "arn:${AWS::Partition}:ecr:*:${AWS::AccountId}:repository/a/*"},
            "arn:aws:ecr:*:*:repository/${aws:PrincipalTag/team}/*",
            get_att("Api"),
            "arn:aws:ecr:*",
        ],
    )
    | {"Api": repository()},
    "a role for one branch": github(sub="repo:acme/payments:ref:refs/heads/main"),
    "a role for several repositories": github(sub=["repo:acme/a:*", "repo:acme/b:*"]),
    "all actions of a service": role("ecr:Describe*", Resource="*"),
    "a template for what is created by a push": {
        "Root": creation_template(Prefix="ROOT", AppliedFor=["CREATE_ON_PUSH"])
    },
    "a resource that is not made": {"Api": {**repository(RepositoryName="Bad"), "Condition": "No"}},
}
SECTIONS: dict[str, Any] = {
    "Parameters": {"Given": {"Type": "String", "Default": "Payments"}},
    "Conditions": {
        "Mutable": {"Fn::Equals": [{"Ref": "Given"}, "yes"]},
        "No": {"Fn::Equals": ["a", "b"]},
    },
}


@pytest.mark.parametrize("resources", SOUND.values(), ids=SOUND)
def test_valid_settings_raise_nothing(resources: dict[str, Any]) -> None:
    """A valid template has no finding."""
    findings = check([template(resources, **SECTIONS)])
    assert [] == [f"{each.rule} {each.where} {each.message}" for each in findings]


def test_dual_layer_encryption_in_govcloud() -> None:
    """KMS_DSSE is valid where it exists."""
    configuration = {"EncryptionType": "KMS_DSSE", "KmsKey": get_att("Key")}
    api = repository(EncryptionConfiguration=configuration)
    assert [] == check([template({"Api": api, "Key": key()}, GOVERNMENT)])


def test_resources_of_others_are_left_alone() -> None:
    """What has nothing to do with ECR is not judged."""
    resources = {
        "Key": {"Type": "AWS::KMS::Key", "Properties": {}},
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Rule": {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {"source": ["x"]}}},
        "Role": role("s3:*", Resource="*")["Task"],
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "Bad"}},
        "Any": {"Type": "Custom::Any"},
    }
    assert [] == check([template(resources)])


def test_a_public_repository_may_be_public() -> None:
    """A policy of a public repository is not asked to narrow anyone."""
    policy = document(allow("ecr-public:*", Principal="*"))
    tags = [{"Key": "team", "Value": "cli"}]
    cli = resource(PUBLIC_REPOSITORY, {"RepositoryPolicyText": policy, "Tags": tags})
    assert [] == check([template({"Cli": cli}, ("111122223333", "us-east-1"))])
