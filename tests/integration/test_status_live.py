"""`status` on a registry of the embedded AWS: each change by hand is found, and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.cloudformation.loading import load
from ecr_constructs.live.collect import snapshot_of
from ecr_constructs.snapshot.document import Snapshot
from ecr_constructs.snapshot.files import lines_of
from ecr_constructs.status.engine import status
from local_aws.process import LocalAws
from tests.support.embedded_aws import settled
from tests.support.snapshots import ACCOUNT, LIFECYCLE, REGION
from tests.support.status_examples import (
    HERE,
    PROFILE,
    PULL,
    RESOURCES,
    ROLE,
    allow,
    differing,
)

NAMES = (
    *("policy-put", "policy-gone", "policy-new", "lifecycle-put", "lifecycle-gone"),
    *("lifecycle-new", "tagged", "untagged", "retagged", "movable", "excepted", "unscanned"),
    *("as-declared", "deleted", "encrypted"),
)


def repository(name: str) -> dict[str, Any]:
    """Return a repository of the template."""
    properties: dict[str, Any] = {
        "RepositoryName": f"team/{name}",
        "ImageTagMutability": "IMMUTABLE",
        "ImageScanningConfiguration": {"ScanOnPush": True},
        "RepositoryPolicyText": PULL,
        "LifecyclePolicy": {"LifecyclePolicyText": json.dumps(LIFECYCLE, indent=2)},
        "Tags": [{"Key": "team", "Value": "a"}],
    }
    if name in ("policy-new", "lifecycle-new"):
        del properties["RepositoryPolicyText" if name[0] == "p" else "LifecyclePolicy"]
    if name == "encrypted":
        kms = {"EncryptionType": "KMS", "KmsKey": {"Fn::GetAtt": ["Key", "Arn"]}}
        properties["EncryptionConfiguration"] = kms
        # Nobody but the role of this stack, whose name CloudFormation makes up.
        properties["RepositoryPolicyText"] = {
            **PULL,
            "Statement": [
                {**PULL["Statement"][0], "Principal": {"AWS": {"Fn::GetAtt": ["Role", "Arn"]}}}
            ],
        }
    return {"Type": "AWS::ECR::Repository", "DeletionPolicy": "Retain", "Properties": properties}


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    """Return another resource of the template."""
    return {"Type": f"AWS::{kind}", "Properties": properties}


TRUST = allow("sts:AssumeRole", principal=f"arn:aws:iam::{ACCOUNT}:root")
TEMPLATE = {
    "Resources": {
        **{name.title().replace("-", ""): repository(name) for name in NAMES},
        "Key": resource(
            "KMS::Key", KeyPolicy=allow("kms:*", principal=f"arn:aws:iam::{ACCOUNT}:root")
        ),
        "Role": resource("IAM::Role", AssumeRolePolicyDocument=TRUST),
        **{name: RESOURCES[name] for name in ("Policy", "Replication", "Scanning", "Exclusion")},
        "Signing": resource(
            "ECR::SigningConfiguration",
            Rules=[
                {
                    "SigningProfileArn": PROFILE,
                    "RepositoryFilters": [{"Filter": "team/*", "FilterType": "WILDCARD_MATCH"}],
                }
            ],
        ),
        "Public": resource(
            "ECR::PullThroughCacheRule",
            EcrRepositoryPrefix="ecr-public",
            UpstreamRegistryUrl="public.ecr.aws",
        ),
        "Quay": resource(
            "ECR::PullThroughCacheRule",
            EcrRepositoryPrefix="quay",
            UpstreamRegistryUrl="quay.io",
        ),
        "Template": resource(
            "ECR::RepositoryCreationTemplate",
            Prefix="ecr-public",
            AppliedFor=["PULL_THROUGH_CACHE"],
            ImageTagMutability="IMMUTABLE",
            LifecyclePolicy=json.dumps(LIFECYCLE),
        ),
    }
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the template of the stack, under the name of the stack."""
    folder = tmp_path_factory.mktemp("templates")
    (folder / "ecr-prod.template.json").write_text(json.dumps(TEMPLATE), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def aws() -> Any:
    """Start an embedded AWS with the stack deployed."""
    with LocalAws() as aws:
        cloudformation = aws.client("cloudformation", account=ACCOUNT, region=REGION)
        cloudformation.create_stack(
            StackName="ecr-prod",
            TemplateBody=json.dumps(TEMPLATE),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        assert "CREATE_COMPLETE" == settled(cloudformation, "ecr-prod")
        yield aws


def snapshot(aws: LocalAws, *sources: str) -> Snapshot:
    """Return a snapshot of the registry."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in aws.env(account=ACCOUNT, region=REGION).items():
            patch.setenv(name, value)
        return snapshot_of(sources=("registry", "repositories", *sources))


def test_each_change_by_hand_is_found(
    aws: LocalAws, folder: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First all is as declared; then each setting is changed, deleted or added."""
    templates = load([folder])
    before = status([snapshot(aws, "cloudformation")], templates)
    assert (set(), [], []) == (differing(before), [*before.unknown], [*before.not_known])
    assert before.same > 100

    expected = _changed_by_hand(aws.client("ecr", account=ACCOUNT, region=REGION))
    changed = snapshot(aws, "cloudformation")
    after = status([changed], templates)
    assert expected == differing(after)
    assert [] == [*after.unknown]
    # The template has not changed, and CloudFormation leaves what somebody changed.
    winners = {item.deployment.winner for item in after.settings if item.deployment is not None}
    assert {"live"} == winners

    (folder.parent / "snapshot.jsonl").write_text("".join(lines_of(changed)), encoding="utf-8")
    arguments = ("--snapshot", str(folder.parent / "snapshot.jsonl"), "--templates", str(folder))
    result = run("status", *arguments, "--no-config", "--format", "json")
    document = result.json
    assert expected == {(item["subject"], item["setting"]) for item in document["differences"]}
    assert 1 == result.status
    for name, value in aws.env(account=ACCOUNT, region=REGION).items():
        monkeypatch.setenv(name, value)
    now = run("status", "--live", "--templates", str(folder), "--no-config", "--format", "json")
    assert document["summary"] == now.json["summary"]


def _changed_by_hand(ecr: Any) -> set[tuple[str, str]]:
    def name(last: str) -> dict[str, str]:
        return {"repositoryName": f"team/{last}"}

    def arn(last: str) -> dict[str, str]:
        return {"resourceArn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/team/{last}"}

    other = json.dumps(LIFECYCLE).replace("14", "30")
    ecr.set_repository_policy(**name("policy-put"), policyText=json.dumps(allow("ecr:*")))
    ecr.delete_repository_policy(**name("policy-gone"))
    ecr.set_repository_policy(**name("policy-new"), policyText=json.dumps(PULL))
    ecr.put_lifecycle_policy(**name("lifecycle-put"), lifecyclePolicyText=other)
    ecr.delete_lifecycle_policy(**name("lifecycle-gone"))
    ecr.put_lifecycle_policy(**name("lifecycle-new"), lifecyclePolicyText=other)
    ecr.tag_resource(**arn("tagged"), tags=[{"Key": "owner", "Value": "b"}])
    ecr.untag_resource(**arn("untagged"), tagKeys=["team"])
    ecr.tag_resource(**arn("retagged"), tags=[{"Key": "team", "Value": "b"}])
    ecr.put_image_tag_mutability(**name("movable"), imageTagMutability="MUTABLE")
    ecr.put_image_tag_mutability(
        **name("excepted"),
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "latest"}],
    )
    ecr.put_image_scanning_configuration(
        **name("unscanned"), imageScanningConfiguration={"scanOnPush": False}
    )
    # Another order, format and spelling of the same.
    [statement] = PULL["Statement"]
    actions = [*reversed(statement["Action"])]
    same = {**statement, "Principal": {"AWS": "444455556666"}, "Action": actions}
    policy = {"Statement": [same], "Version": "2012-10-17"}
    ecr.set_repository_policy(**name("as-declared"), policyText=json.dumps(policy, indent=1))
    ecr.put_lifecycle_policy(
        **name("as-declared"), lifecyclePolicyText=json.dumps(LIFECYCLE).replace(": 1,", ": 7,")
    )
    ecr.delete_repository(**name("deleted"))
    ecr.create_repository(repositoryName="team/extra")
    ecr.create_repository(repositoryName="ecr-public/nginx")

    wide = allow("ecr:*", principal="444455556666")["Statement"][0] | {"Resource": "*"}
    ecr.put_registry_policy(policyText=json.dumps({"Version": "2012-10-17", "Statement": [wide]}))
    destinations = [{"region": "eu-west-1", "registryId": ACCOUNT}]
    rule = {"destinations": destinations, "deleteReplication": {"enabled": True}}
    ecr.put_replication_configuration(replicationConfiguration={"rules": [rule]})
    ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[])
    ecr.delete_signing_configuration()
    ecr.delete_pull_through_cache_rule(ecrRepositoryPrefix="quay")
    ecr.create_pull_through_cache_rule(
        ecrRepositoryPrefix="k8s", upstreamRegistryUrl="registry.k8s.io"
    )
    ecr.update_repository_creation_template(prefix="ecr-public", imageTagMutability="MUTABLE")
    ecr.create_repository_creation_template(prefix="other", appliedFor=["REPLICATION"])
    ecr.deregister_pull_time_update_exclusion(principalArn=ROLE)
    ecr.register_pull_time_update_exclusion(principalArn=f"{ROLE}-2")
    ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    return {
        ("team/policy-put", "repository-policy"),
        ("team/policy-gone", "repository-policy"),
        ("team/policy-new", "repository-policy"),
        ("team/lifecycle-put", "lifecycle-policy"),
        ("team/lifecycle-gone", "lifecycle-policy"),
        ("team/lifecycle-new", "lifecycle-policy"),
        ("team/tagged", "tags"),
        ("team/untagged", "tags"),
        ("team/retagged", "tags"),
        ("team/movable", "tag-mutability"),
        ("team/excepted", "tag-mutability"),
        ("team/unscanned", "scan-on-push"),
        ("team/deleted", "existence"),
        ("team/extra", "existence"),
        (HERE, "registry-policy"),
        (HERE, "replication"),
        (HERE, "scanning"),
        (HERE, "signing"),
        ("cache quay", "existence"),
        ("cache k8s", "existence"),
        ("creation template ecr-public", "tag-mutability"),
        ("creation template other", "existence"),
        (f"pull-time exclusion of {ROLE}", "existence"),
        (f"pull-time exclusion of {ROLE}-2", "existence"),
        (HERE, "account-setting-blob-mounting"),
    }
