"""The AWS::ECR resource types of the embedded CloudFormation, and two related types."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from local_aws import images

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_aws.process import LocalAws

REGION = "us-east-1"
POLICY = {"Version": "2012-10-17", "Statement": []}
KMS = {"EncryptionType": "KMS"}


@dataclass(frozen=True)
class Place:
    """An account of its own, in one Region."""

    aws: LocalAws
    account: str
    region: str = REGION

    def client(self, service: str) -> Any:
        """Return a client."""
        return self.aws.client(service, account=self.account, region=self.region)

    @property
    def ecr(self) -> Any:
        """The client of ECR."""
        return self.client("ecr")

    def deploy(self, resource_type: str, stack: str = "stack", /, **properties: Any) -> str:
        """Create or update a stack of one resource; return its status."""
        policy: dict[str, Any] = {
            name: properties.pop(name)
            for name in ("DeletionPolicy", "UpdateReplacePolicy")
            if name in properties
        }
        resource = {"Type": resource_type, "Properties": properties, **policy}
        body = json.dumps({"Resources": {"R": resource}})
        exists = self.resource(stack) is not None
        cloudformation = self.client("cloudformation")
        change = cloudformation.update_stack if exists else cloudformation.create_stack
        change(StackName=stack, TemplateBody=body)
        return self.settled(stack)

    def destroy(self, stack: str = "stack") -> str:
        """Delete a stack; return its status."""
        cloudformation = self.client("cloudformation")
        (description,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
        cloudformation.delete_stack(StackName=stack)
        # A stack that is gone is found by its id only.
        return self.settled(description["StackId"])

    def settled(self, stack: str) -> str:
        """Wait until nothing is in progress; return the status."""
        for _ in range(200):
            (description,) = self.client("cloudformation").describe_stacks(StackName=stack)[
                "Stacks"
            ]
            if not description["StackStatus"].endswith("_IN_PROGRESS"):
                return str(description["StackStatus"])
            time.sleep(0.02)
        pytest.fail(f"{stack} does not settle")

    def resource(self, stack: str = "stack") -> str | None:
        """Return the physical id of the resource."""
        try:
            answer = self.client("cloudformation").describe_stack_resources(StackName=stack)
        except ClientError:
            return None
        return str(answer["StackResources"][0]["PhysicalResourceId"])

    def reasons(self, stack: str = "stack") -> str:
        """Return why the resource has the states it has."""
        events = self.client("cloudformation").describe_stack_events(StackName=stack)
        return "\n".join(e.get("ResourceStatusReason", "") for e in events["StackEvents"])

    def repositories(self) -> dict[str, dict[str, Any]]:
        """Return the repositories by name."""
        repositories = self.ecr.describe_repositories()["repositories"]
        return {item["repositoryName"]: item for item in repositories}


@pytest.fixture
def place(local_aws: LocalAws, new_account: Callable[[], str]) -> Place:
    return Place(local_aws, new_account())


def test_a_repository_is_what_its_template_says(place: Place) -> None:
    """Every property is read back; an update that leaves one out brings ECR's own value."""
    key = place.client("kms").create_key()["KeyMetadata"]["Arn"]
    encryption = {"EncryptionConfiguration": {"EncryptionType": "KMS", "KmsKey": key}}
    status = place.deploy(
        "AWS::ECR::Repository",
        RepositoryName="api",
        ImageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        ImageTagMutabilityExclusionFilters=[
            {
                "ImageTagMutabilityExclusionFilterType": "WILDCARD",
                "ImageTagMutabilityExclusionFilterValue": "latest",
            }
        ],
        ImageScanningConfiguration={"ScanOnPush": "true"},
        LifecyclePolicy={"LifecyclePolicyText": '{"rules":[]}'},
        RepositoryPolicyText=POLICY,
        Tags=[{"Key": "team", "Value": "a"}],
        **encryption,
    )
    created = place.repositories()["api"]
    name, arn = {"repositoryName": "api"}, {"resourceArn": created["repositoryArn"]}

    assert status == "CREATE_COMPLETE"
    assert created["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert created["imageTagMutabilityExclusionFilters"] == [
        {"filterType": "WILDCARD", "filter": "latest"}
    ]
    assert created["imageScanningConfiguration"] == {"scanOnPush": True}
    assert created["encryptionConfiguration"] == {"encryptionType": "KMS", "kmsKey": key}
    assert place.ecr.get_lifecycle_policy(**name)["lifecyclePolicyText"] == '{"rules":[]}'
    assert json.loads(place.ecr.get_repository_policy(**name)["policyText"]) == POLICY
    assert {"Key": "team", "Value": "a"} in place.ecr.list_tags_for_resource(**arn)["tags"]

    place.aws.registry(place.account, REGION).push("api:v1", images.image(1))
    assert place.deploy("AWS::ECR::Repository", RepositoryName="api", **encryption) == (
        "UPDATE_COMPLETE"
    )
    updated = place.repositories()["api"]
    assert updated["createdAt"] == created["createdAt"]
    assert updated["imageTagMutability"] == "MUTABLE"
    assert "imageTagMutabilityExclusionFilters" not in updated
    assert updated["imageScanningConfiguration"] == {"scanOnPush": False}
    assert len(place.ecr.list_images(**name)["imageIds"]) == 1
    with pytest.raises(ClientError, match="LifecyclePolicyNotFoundException"):
        place.ecr.get_lifecycle_policy(**name)
    with pytest.raises(ClientError, match="RepositoryPolicyNotFoundException"):
        place.ecr.get_repository_policy(**name)


@pytest.mark.parametrize("kept", [True, False])
def test_a_new_name_replaces_a_repository(place: Place, *, kept: bool) -> None:
    """The old one goes, unless UpdateReplacePolicy retains it."""
    policy = {"UpdateReplacePolicy": "Retain"} if kept else {}
    place.deploy("AWS::ECR::Repository", RepositoryName="old")

    status = place.deploy("AWS::ECR::Repository", RepositoryName="new", **policy)
    assert status == "UPDATE_COMPLETE"
    assert sorted(place.repositories()) == (["new", "old"] if kept else ["new"])


def test_other_encryption_replaces_a_repository(place: Place) -> None:
    """The change set says so beforehand, and the new one has a new name."""
    place.deploy("AWS::ECR::Repository")
    old = place.resource()
    assert place.deploy("AWS::ECR::Repository", EncryptionConfiguration=KMS) == "UPDATE_COMPLETE"

    assert list(place.repositories()) == [place.resource()]
    assert place.resource() != old


def test_other_encryption_of_a_named_repository_is_refused(place: Place) -> None:
    """CloudFormation cannot create the replacement next to it."""
    place.deploy("AWS::ECR::Repository", RepositoryName="api")
    status = place.deploy("AWS::ECR::Repository", RepositoryName="api", EncryptionConfiguration=KMS)

    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert "when a custom-named resource requires replacing" in place.reasons()


def test_a_retained_repository_outlives_its_stack(place: Place) -> None:
    """It then blocks a repository of its name."""
    place.deploy("AWS::ECR::Repository", RepositoryName="api", DeletionPolicy="Retain")

    assert place.destroy() == "DELETE_COMPLETE"
    assert list(place.repositories()) == ["api"]
    status = place.deploy("AWS::ECR::Repository", "again", RepositoryName="api")
    assert status == "ROLLBACK_COMPLETE"
    assert "already exists" in place.reasons("again")


@pytest.mark.parametrize(
    ("properties", "expected"),
    [({}, "DELETE_FAILED"), ({"EmptyOnDelete": True}, "DELETE_COMPLETE")],
    ids=["by default", "empty on delete"],
)
def test_a_repository_with_images_is_not_deleted(
    place: Place, properties: dict[str, bool], expected: str
) -> None:
    """Only EmptyOnDelete takes the images with it."""
    place.deploy("AWS::ECR::Repository", RepositoryName="api", **properties)
    place.aws.registry(place.account, REGION).push("api:v1", images.image(1))

    assert place.destroy() == expected


def rules(region: str) -> dict[str, Any]:
    return {
        "Rules": [
            {
                "Destinations": [{"Region": region, "RegistryId": "111122223333"}],
                "RepositoryFilters": [{"Filter": "app", "FilterType": "PREFIX_MATCH"}],
                "DeleteReplication": {"Enabled": True},
            }
        ]
    }


def test_replication_is_one_setting_of_a_registry(place: Place) -> None:
    """The later stack overwrites, and the deletion of any resets."""

    def regions() -> list[str]:
        rules = place.ecr.describe_registry()["replicationConfiguration"]["rules"]
        return [item["destinations"][0]["region"] for item in rules]

    kind = "AWS::ECR::ReplicationConfiguration"
    place.deploy(kind, ReplicationConfiguration=rules("eu-west-1"))
    assert place.resource() == place.account
    assert place.ecr.describe_registry()["replicationConfiguration"]["rules"] == [
        {
            "destinations": [{"region": "eu-west-1", "registryId": "111122223333"}],
            "repositoryFilters": [{"filter": "app", "filterType": "PREFIX_MATCH"}],
            "deleteReplication": {"enabled": True},
        }
    ]
    place.deploy(kind, ReplicationConfiguration=rules("eu-west-2"))
    assert regions() == ["eu-west-2"]
    place.deploy(kind, "other", ReplicationConfiguration=rules("eu-west-3"))
    assert regions() == ["eu-west-3"]
    place.destroy("other")
    assert regions() == []


def test_a_registry_policy_is_created_updated_and_deleted(place: Place) -> None:
    """The document of the template is the text of the policy."""
    for policy in (POLICY, {**POLICY, "Id": "second"}):
        place.deploy("AWS::ECR::RegistryPolicy", PolicyText=policy)
        assert json.loads(place.ecr.get_registry_policy()["policyText"]) == policy
    assert place.destroy() == "DELETE_COMPLETE"
    with pytest.raises(ClientError, match="RegistryPolicyNotFoundException"):
        place.ecr.get_registry_policy()


def test_scanning_is_created_updated_and_reset(place: Place) -> None:
    """Without the stack the registry scans as ECR's own does."""
    for kind, frequency in (("BASIC", "SCAN_ON_PUSH"), ("ENHANCED", "CONTINUOUS_SCAN")):
        chosen = [{"Filter": "*", "FilterType": "WILDCARD"}]
        rule = {"ScanFrequency": frequency, "RepositoryFilters": chosen}
        place.deploy("AWS::ECR::RegistryScanningConfiguration", ScanType=kind, Rules=[rule])
        scanning = place.ecr.get_registry_scanning_configuration()["scanningConfiguration"]
        assert (scanning["scanType"], scanning["rules"][0]["scanFrequency"]) == (kind, frequency)
    place.destroy()
    scanning = place.ecr.get_registry_scanning_configuration()["scanningConfiguration"]
    assert scanning == {"scanType": "BASIC", "rules": []}


def test_signing_is_created_updated_and_deleted(place: Place) -> None:
    """The rules of the template are those of the registry."""
    for name in ("one", "two"):
        arn = f"arn:aws:signer:{REGION}:{place.account}:/signing-profiles/{name}"
        place.deploy("AWS::ECR::SigningConfiguration", Rules=[{"SigningProfileArn": arn}])
        signing = place.ecr.get_signing_configuration()["signingConfiguration"]
        assert signing == {"rules": [{"signingProfileArn": arn}]}
    place.destroy()
    with pytest.raises(ClientError, match="SigningConfigurationNotFoundException"):
        place.ecr.get_signing_configuration()


def test_a_template_is_updated_and_replaced_by_prefix(place: Place) -> None:
    """What an update leaves out is gone; the prefix is the identity."""

    def templates() -> dict[str, dict[str, Any]]:
        templates = place.ecr.describe_repository_creation_templates()[
            "repositoryCreationTemplates"
        ]
        return {item["prefix"]: item for item in templates}

    kind, applied = "AWS::ECR::RepositoryCreationTemplate", {"AppliedFor": ["REPLICATION"]}
    tags = [{"Key": "team", "Value": "a"}]
    place.deploy(
        kind, Prefix="a", Description="A", LifecyclePolicy="{}", ResourceTags=tags, **applied
    )
    created = templates()["a"]
    assert (created["description"], created["lifecyclePolicy"]) == ("A", "{}")
    assert created["resourceTags"] == tags
    place.deploy(kind, Prefix="a", Description="B", **applied)
    updated = templates()["a"]
    assert updated["description"] == "B"
    assert "lifecyclePolicy" not in updated
    assert updated["createdAt"] == created["createdAt"]
    assert place.deploy(kind, Prefix="b", **applied) == "UPDATE_COMPLETE"
    assert list(templates()) == ["b"]
    place.destroy()
    assert templates() == {}


def test_a_cache_rule_is_replaced_by_every_change(place: Place) -> None:
    """A new prefix is a new rule; another upstream for the same prefix is rejected."""

    def upstreams() -> dict[str, str]:
        rules = place.ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"]
        return {item["ecrRepositoryPrefix"]: item["upstreamRegistryUrl"] for item in rules}

    kind, quay = "AWS::ECR::PullThroughCacheRule", {"UpstreamRegistryUrl": "quay.io"}
    place.deploy(kind, EcrRepositoryPrefix="one", **quay)
    assert place.deploy(kind, EcrRepositoryPrefix="two", **quay) == "UPDATE_COMPLETE"
    assert upstreams() == {"two": "quay.io"}
    status = place.deploy(kind, EcrRepositoryPrefix="two", UpstreamRegistryUrl="registry.k8s.io")
    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert upstreams() == {"two": "quay.io"}
    place.destroy()
    assert upstreams() == {}


def test_an_exclusion_is_replaced_by_principal(place: Place) -> None:
    """One principal each."""

    def principals() -> list[str]:
        exclusions: list[str] = place.ecr.list_pull_time_update_exclusions()[
            "pullTimeUpdateExclusions"
        ]
        return exclusions

    for name in ("one", "two"):
        arn = f"arn:aws:iam::{place.account}:role/{name}"
        place.deploy("AWS::ECR::PullTimeUpdateExclusion", PrincipalArn=arn)
        assert principals() == [arn]
    place.destroy()
    assert principals() == []


def test_a_public_repository_keeps_its_catalog(place: Place) -> None:
    """It is read back through the API of ECR Public, and exists in us-east-1 only."""
    public, kind = place.client("ecr-public"), "AWS::ECR::PublicRepository"
    for text in ("First", "Second"):
        catalog = {"RepositoryDescription": text, "OperatingSystems": ["Linux"]}
        place.deploy(kind, RepositoryName="tool", RepositoryCatalogData=catalog)
        catalog = public.get_repository_catalog_data(repositoryName="tool")["catalogData"]
        assert catalog == {"description": text, "operatingSystems": ["Linux"]}
    place.deploy(kind, RepositoryName="tool-2")
    names = [item["repositoryName"] for item in public.describe_repositories()["repositories"]]
    assert names == ["tool-2"]
    place.destroy()
    assert public.describe_repositories()["repositories"] == []


def test_a_public_repository_is_refused_elsewhere(place: Place) -> None:
    """ECR Public has one Region."""
    elsewhere = replace(place, region="eu-central-1")

    assert elsewhere.deploy("AWS::ECR::PublicRepository") == "ROLLBACK_COMPLETE"
    assert "us-east-1 only, not in eu-central-1" in elsewhere.reasons()


def test_an_identity_provider_is_updated_and_replaced_by_url(place: Place) -> None:
    """IAM lists what the template says."""
    iam, kind = place.client("iam"), "AWS::IAM::OIDCProvider"

    def arns() -> list[str]:
        providers = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
        return [item["Arn"] for item in providers]

    place.deploy(kind, Url="https://one.example.com", ClientIdList=["a"])
    place.deploy(kind, Url="https://one.example.com", ClientIdList=["b"])
    (arn,) = arns()
    assert arn == place.resource() == f"arn:aws:iam::{place.account}:oidc-provider/one.example.com"
    provider = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert (provider["Url"], provider["ClientIDList"]) == ("one.example.com", ["b"])
    place.deploy(kind, Url="https://two.example.com")
    assert arns() == [f"arn:aws:iam::{place.account}:oidc-provider/two.example.com"]
    place.destroy()
    assert arns() == []


def test_a_key_is_scheduled_for_deletion_in_its_own_time(place: Place) -> None:
    """Rotation, policy and alias are readable while it lives."""
    kms, policy = place.client("kms"), {**POLICY, "Id": "ours"}
    place.deploy("AWS::KMS::Key", KeyPolicy=policy, EnableKeyRotation=True, PendingWindowInDays=7)
    key = place.resource()
    place.deploy("AWS::KMS::Alias", "alias", AliasName="alias/ours", TargetKeyId=key)

    metadata = kms.describe_key(KeyId="alias/ours")["KeyMetadata"]
    assert metadata["KeyId"] == key
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True
    assert json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]) == policy
    assert [item["AliasName"] for item in kms.list_aliases(KeyId=key)["Aliases"]] == ["alias/ours"]
    place.destroy("alias")
    place.destroy()
    metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert metadata["KeyState"] == "PendingDeletion"
    assert round((metadata["DeletionDate"].timestamp() - time.time()) / 86_400) == 7


def test_the_cli_bootstraps_every_environment(
    local_aws: LocalAws, new_account: Callable[[], str]
) -> None:
    """The real CDK CLI finds two accounts and two Regions, and the first trusted in all."""
    accounts = [new_account(), new_account()]
    places = [(account, region) for account in accounts for region in ("eu-west-1", REGION)]
    local_aws.bootstrap(places, trust=accounts[0])

    for account, region in places:
        client = local_aws.client("cloudformation", account=account, region=region)
        (stack,) = client.describe_stacks(StackName="CDKToolkit")["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
    trusted = {item["ParameterKey"]: item["ParameterValue"] for item in stack["Parameters"]}
    assert trusted["TrustedAccounts"] == accounts[0]
