"""The AWS::ECR resource types of the embedded CloudFormation, and two related types."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws import images
from local_aws.process import LocalAws
from tests.support.embedded_aws import Place, settled

REGION = "us-east-1"
POLICY = {"Version": "2012-10-17", "Statement": []}
KMS = {"EncryptionType": "KMS"}
FILTER = "ImageTagMutabilityExclusionFilter"


class Stacks(Place):
    """An account of its own, in one Region, and its stacks."""

    def deploy(self, kind: str, stack: str = "stack", /, **properties: Any) -> str:
        """Create or update a stack of one resource, by default of ECR; return its status."""
        policy: dict[str, Any] = {
            name: properties.pop(name)
            for name in ("DeletionPolicy", "UpdateReplacePolicy")
            if name in properties
        }
        resource_type = kind if "::" in kind else f"AWS::ECR::{kind}"
        resource = {"Type": resource_type, "Properties": properties, **policy}
        body = json.dumps({"Resources": {"R": resource}})
        exists = self.resource(stack) is not None
        cloudformation = self.client("cloudformation")
        change = cloudformation.update_stack if exists else cloudformation.create_stack
        change(StackName=stack, TemplateBody=body)
        return settled(cloudformation, stack)

    def destroy(self, stack: str = "stack") -> str:
        """Delete a stack; return its status."""
        cloudformation = self.client("cloudformation")
        (description,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
        cloudformation.delete_stack(StackName=stack)
        # A stack that is gone is found by its id only.
        return settled(cloudformation, description["StackId"])

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
def place(local_aws: LocalAws, new_account: Callable[[], str]) -> Stacks:
    return Stacks(local_aws, new_account(), REGION)


def test_a_repository_is_what_its_template_says(place: Stacks) -> None:
    """Every property is read back; an update that leaves one out brings ECR's own value."""
    key = place.client("kms").create_key()["KeyMetadata"]["Arn"]
    encryption = {"EncryptionConfiguration": {"EncryptionType": "KMS", "KmsKey": key}}
    latest = [{f"{FILTER}Type": "WILDCARD", f"{FILTER}Value": "latest"}]
    status = place.deploy(
        "Repository",
        RepositoryName="api",
        ImageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        ImageTagMutabilityExclusionFilters=latest,
        ImageScanningConfiguration={"ScanOnPush": "true"},
        LifecyclePolicy={"LifecyclePolicyText": '{"rules":[]}'},
        RepositoryPolicyText=POLICY,
        Tags=[{"Key": "team", "Value": "a"}],
        **encryption,
    )
    created = place.repositories()["api"]
    name, arn = {"repositoryName": "api"}, {"resourceArn": created["repositoryArn"]}

    assert status == "CREATE_COMPLETE"
    assert {
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "latest"}],
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": key},
    }.items() <= created.items()
    assert place.ecr.get_lifecycle_policy(**name)["lifecyclePolicyText"] == '{"rules":[]}'
    assert json.loads(place.ecr.get_repository_policy(**name)["policyText"]) == POLICY
    assert {"Key": "team", "Value": "a"} in place.ecr.list_tags_for_resource(**arn)["tags"]

    place.registry().push("api:v1", images.image(1))
    status = place.deploy("Repository", RepositoryName="api", **encryption)
    assert status == "UPDATE_COMPLETE"
    updated = place.repositories()["api"]
    assert updated["createdAt"] == created["createdAt"]
    # What the template does not declare stays, except policies and tags.
    for name_ in ("imageTagMutability", "imageScanningConfiguration"):
        assert updated[name_] == created[name_]
    assert len(place.ecr.list_images(**name)["imageIds"]) == 1
    for kind in ("Lifecycle", "Repository"):
        with pytest.raises(ClientError, match=f"{kind}PolicyNotFoundException"):
            getattr(place.ecr, f"get_{kind.lower()}_policy")(**name)


@pytest.mark.parametrize("kept", [True, False])
def test_a_new_name_replaces_a_repository(place: Stacks, *, kept: bool) -> None:
    """The old one goes, unless UpdateReplacePolicy retains it."""
    policy = {"UpdateReplacePolicy": "Retain"} if kept else {}
    place.deploy("Repository", RepositoryName="old")

    assert place.deploy("Repository", RepositoryName="new", **policy) == "UPDATE_COMPLETE"
    assert sorted(place.repositories()) == (["new", "old"] if kept else ["new"])


def test_other_encryption_replaces_a_repository(place: Stacks) -> None:
    """The new one has a new name; CloudFormation cannot create it next to one with a name."""
    place.deploy("Repository")
    old = place.resource()
    assert place.deploy("Repository", EncryptionConfiguration=KMS) == "UPDATE_COMPLETE"
    assert list(place.repositories()) == [place.resource()] != [old]

    place.deploy("Repository", "named", RepositoryName="api")
    named = {"RepositoryName": "api", "EncryptionConfiguration": KMS}
    assert place.deploy("Repository", "named", **named) == "UPDATE_ROLLBACK_COMPLETE"
    assert "when a custom-named resource requires replacing" in place.reasons("named")


def test_a_retained_repository_outlives_its_stack(place: Stacks) -> None:
    """It then blocks a repository of its name."""
    place.deploy("Repository", RepositoryName="api", DeletionPolicy="Retain")

    assert place.destroy() == "DELETE_COMPLETE"
    assert list(place.repositories()) == ["api"]
    assert place.deploy("Repository", "again", RepositoryName="api") == "ROLLBACK_COMPLETE"
    assert "already exists" in place.reasons("again")


@pytest.mark.parametrize("emptied", [False, True])
def test_a_repository_with_images_is_not_deleted(place: Stacks, *, emptied: bool) -> None:
    """Only EmptyOnDelete takes the images with it."""
    properties = {"EmptyOnDelete": True} if emptied else {}
    place.deploy("Repository", RepositoryName="api", **properties)
    place.registry().push("api:v1", images.image(1))

    assert place.destroy() == ("DELETE_COMPLETE" if emptied else "DELETE_FAILED")


def test_replication_is_one_setting_of_a_registry(place: Stacks) -> None:
    """One stack owns and updates it, another is rejected, and the deletion of the owner resets."""
    kind = "ReplicationConfiguration"
    for region in ("eu-west-1", "eu-west-2"):
        rule = {
            "Destinations": [{"Region": region, "RegistryId": "111122223333"}],
            "RepositoryFilters": [{"Filter": "app", "FilterType": "PREFIX_MATCH"}],
            "DeleteReplication": {"Enabled": True},
        }
        place.deploy(kind, **{kind: {"Rules": [rule]}})
        assert place.resource() == place.account
        [read] = place.ecr.describe_registry()["replicationConfiguration"]["rules"]
        assert read == {
            "destinations": [{"region": region, "registryId": "111122223333"}],
            "repositoryFilters": [{"filter": "app", "filterType": "PREFIX_MATCH"}],
            "deleteReplication": {"enabled": True},
        }
    assert place.deploy(kind, "other", **{kind: {"Rules": []}}) == "ROLLBACK_COMPLETE"
    assert f"'AWS::ECR::{kind}' with identifier '{place.account}' already" in place.reasons("other")
    place.destroy("other")
    assert len(place.ecr.describe_registry()["replicationConfiguration"]["rules"]) == 1
    place.destroy()
    assert place.ecr.describe_registry()["replicationConfiguration"]["rules"] == []


PROFILE, ROLE = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/", "arn:aws:iam::1:role/"
ALL = [{"Filter": "*", "FilterType": "WILDCARD"}]
READ_ALL = [{"filter": "*", "filterType": "WILDCARD"}]
QUAY, K8S = {"UpstreamRegistryUrl": "quay.io"}, {"UpstreamRegistryUrl": "registry.k8s.io"}
UPDATED, ROLLED_BACK = "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"


def scanning(kind: str, frequency: str) -> tuple[dict[str, Any], Any, str]:
    """Return a scanning configuration as it is deployed and as it is read."""
    rule = {"ScanFrequency": frequency, "RepositoryFilters": ALL}
    read = {"scanFrequency": frequency, "repositoryFilters": READ_ALL}
    return {"ScanType": kind, "Rules": [rule]}, {"scanType": kind, "rules": [read]}, UPDATED


def catalog(name: str, text: str) -> tuple[dict[str, Any], Any, str]:
    """Return a public repository as it is deployed and as it is read."""
    data = {"RepositoryDescription": text, "OperatingSystems": ["Linux"]}
    read = {name: {"description": text, "operatingSystems": ["Linux"]}}
    return {"RepositoryName": name, "RepositoryCatalogData": data}, read, UPDATED


def caches(place: Stacks) -> Any:
    """Return the upstream of each cache rule by prefix."""
    rules = place.ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"]
    return {rule["ecrRepositoryPrefix"]: rule["upstreamRegistryUrl"] for rule in rules}


def catalogs(place: Stacks) -> Any:
    """Return the catalog of each public repository by name, through the API of ECR Public."""
    public = place.client("ecr-public")
    names = [item["repositoryName"] for item in public.describe_repositories()["repositories"]]
    return {
        name: public.get_repository_catalog_data(repositoryName=name)["catalogData"]
        for name in names
    }


def providers(place: Stacks) -> Any:
    """Return the clients of each identity provider by URL."""
    iam = place.client("iam")
    return {
        provider["Url"]: provider["ClientIDList"]
        for item in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
        if (provider := iam.get_open_id_connect_provider(OpenIDConnectProviderArn=item["Arn"]))
    }


# How it is read; what is deployed and then read, and the status after an update; what is read after
# the deletion, or the error.
TYPES: dict[str, tuple[Callable[[Stacks], Any], list[tuple[dict[str, Any], Any, str]], Any]] = {
    "RegistryPolicy": (
        lambda place: json.loads(place.ecr.get_registry_policy()["policyText"]),
        [({"PolicyText": policy}, policy, UPDATED) for policy in (POLICY, {**POLICY, "Id": "2"})],
        "RegistryPolicyNotFoundException",
    ),
    "RegistryScanningConfiguration": (
        lambda place: place.ecr.get_registry_scanning_configuration()["scanningConfiguration"],
        [scanning("BASIC", "SCAN_ON_PUSH"), scanning("ENHANCED", "CONTINUOUS_SCAN")],
        {"scanType": "BASIC", "rules": []},
    ),
    "SigningConfiguration": (
        lambda place: place.ecr.get_signing_configuration()["signingConfiguration"]["rules"],
        [
            ({"Rules": [{"SigningProfileArn": arn}]}, [{"signingProfileArn": arn}], UPDATED)
            for arn in (f"{PROFILE}one", f"{PROFILE}two")
        ],
        "SigningConfigurationNotFoundException",
    ),
    # What follows is replaced by its key, which is then the only one.
    "PullTimeUpdateExclusion": (
        lambda place: place.ecr.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"],
        [({"PrincipalArn": ROLE + name}, [ROLE + name], UPDATED) for name in ("one", "two")],
        [],
    ),
    # Another upstream for the same prefix is rejected.
    "PullThroughCacheRule": (
        caches,
        [
            ({"EcrRepositoryPrefix": "one", **QUAY}, {"one": "quay.io"}, UPDATED),
            ({"EcrRepositoryPrefix": "two", **QUAY}, {"two": "quay.io"}, UPDATED),
            ({"EcrRepositoryPrefix": "two", **K8S}, {"two": "quay.io"}, ROLLED_BACK),
        ],
        {},
    ),
    "PublicRepository": (
        catalogs,
        [catalog("tool", "First"), catalog("tool", "Second"), catalog("tool-2", "Second")],
        {},
    ),
    "AWS::IAM::OIDCProvider": (
        providers,
        [
            ({"Url": f"https://{host}", "ClientIdList": [client]}, {host: [client]}, UPDATED)
            for host, client in (("one.example", "a"), ("one.example", "b"), ("two.example", "b"))
        ],
        {},
    ),
}


@pytest.mark.parametrize(
    ("kind", "read", "steps", "after"),
    [(kind, *values) for kind, values in TYPES.items()],
    ids=TYPES,
)
def test_a_resource_is_created_changed_and_deleted(
    place: Stacks, kind: str, read: Callable[[Stacks], Any], steps: list[Any], after: Any
) -> None:
    """What the template says is read back; without the stack, the registry has ECR's own state."""
    for number, (properties, expected, updated) in enumerate(steps):
        status = place.deploy(kind, **properties)
        assert status == (updated if number else "CREATE_COMPLETE")
        assert read(place) == expected
    if kind == "AWS::IAM::OIDCProvider":
        assert place.resource() == f"arn:aws:iam::{place.account}:oidc-provider/two.example"
    assert place.destroy() == "DELETE_COMPLETE"
    if isinstance(after, str):
        with pytest.raises(ClientError, match=after):
            read(place)
    else:
        assert read(place) == after


def test_a_template_is_updated_and_replaced_by_prefix(place: Stacks) -> None:
    """What an update leaves out is gone; the prefix is the identity."""

    def templates() -> dict[str, dict[str, Any]]:
        answer = place.ecr.describe_repository_creation_templates()
        return {item["prefix"]: item for item in answer["repositoryCreationTemplates"]}

    kind, applied = "RepositoryCreationTemplate", {"AppliedFor": ["REPLICATION"]}
    tags = [{"Key": "team", "Value": "a"}]
    more = {"LifecyclePolicy": "{}", "ResourceTags": tags}
    place.deploy(kind, Prefix="a", Description="A", **more, **applied)
    created = templates()["a"]
    expected = {"description": "A", "lifecyclePolicy": "{}", "resourceTags": tags}
    assert expected.items() <= created.items()
    place.deploy(kind, Prefix="a", Description="B", **applied)
    updated = templates()["a"]
    assert (updated["description"], updated["createdAt"]) == ("B", created["createdAt"])
    assert "lifecyclePolicy" not in updated
    assert place.deploy(kind, Prefix="b", **applied) == "UPDATE_COMPLETE"
    assert list(templates()) == ["b"]
    place.destroy()
    assert templates() == {}


def test_a_public_repository_is_rejected_elsewhere(place: Stacks) -> None:
    """ECR Public has one Region."""
    elsewhere = place.at("eu-central-1")

    assert elsewhere.deploy("PublicRepository") == "ROLLBACK_COMPLETE"
    assert "us-east-1 only, not in eu-central-1" in elsewhere.reasons()


def test_a_key_is_scheduled_for_deletion_in_its_own_time(place: Stacks) -> None:
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
    places = [(account, region) for account in accounts for region in ("eu-west-1", "eu-central-1")]
    local_aws.bootstrap(places, trust=accounts[0])

    for account, region in places:
        client = local_aws.client("cloudformation", account=account, region=region)
        (stack,) = client.describe_stacks(StackName="CDKToolkit")["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
    trusted = {item["ParameterKey"]: item["ParameterValue"] for item in stack["Parameters"]}
    assert trusted["TrustedAccounts"] == accounts[0]
