"""Adoption of a registry that exists, rehearsed: what an import takes over, and what it loses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from botocore.exceptions import ClientError

from ecr_constructs import Registry, Repository
from local_aws import images, paths
from tests.support import processes
from tests.support.embedded_aws import settled

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.embedded_aws import Place

PULL = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Pull",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
            "Action": "ecr:BatchGetImage",
        }
    ],
}
REPLICATE = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Replicate",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
            "Action": "ecr:ReplicateImage",
            "Resource": "*",
        }
    ],
}
LIFECYCLE = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "imageCountMoreThan",
                    "countNumber": 5,
                },
                "action": {"type": "expire"},
            }
        ]
    }
)
RULES: dict[str, Any] = {"rules": []}


def _make_registry(place: Place) -> str:
    """Make a registry by hand, as somebody did years ago; return the digest of its image."""
    arn = place.ecr.create_repository(
        repositoryName="payments/api", tags=[{"Key": "owner", "Value": "payments"}]
    )["repository"]["repositoryArn"]
    assert arn
    name = {"repositoryName": "payments/api"}
    place.ecr.set_repository_policy(**name, policyText=json.dumps(PULL))
    place.ecr.put_lifecycle_policy(**name, lifecyclePolicyText=LIFECYCLE)
    place.ecr.put_registry_policy(policyText=json.dumps(REPLICATE))
    destination = {"region": "eu-west-1", "registryId": place.account}
    replication = {"rules": [{"destinations": [destination]}]}
    place.ecr.put_replication_configuration(replicationConfiguration=replication)
    return place.registry().push("payments/api:v1", images.image(1))


def _tags(place: Place) -> dict[str, str]:
    arn = f"arn:aws:ecr:{place.region}:{place.account}:repository/payments/api"
    tags = place.ecr.list_tags_for_resource(resourceArn=arn)["tags"]
    return {tag["Key"]: tag["Value"] for tag in tags if tag["Key"][:4] != "aws:"}


def _policy(place: Place) -> Any:
    return json.loads(place.ecr.get_repository_policy(repositoryName="payments/api")["policyText"])


def _template(**properties: Any) -> dict[str, Any]:
    resource = {
        "Type": "AWS::ECR::Repository",
        "DeletionPolicy": "Retain",
        "Properties": {"RepositoryName": "payments/api", **properties},
    }
    return {"Resources": {"Api": resource}}


def _import(place: Place, template: dict[str, Any], entries: list[dict[str, Any]]) -> str:
    """Import into a new stack; return its status, or why its change set failed."""
    stacks = place.client("cloudformation")
    name = {"StackName": "Adopted", "ChangeSetName": "import"}
    body = json.dumps(template)
    stacks.create_change_set(
        **name, TemplateBody=body, ChangeSetType="IMPORT", ResourcesToImport=entries
    )
    described = stacks.describe_change_set(**name)
    if described["ExecutionStatus"] != "AVAILABLE":
        return str(described["StatusReason"])
    stacks.execute_change_set(**name)
    return settled(stacks, "Adopted")


def _entry(kind: str, logical_id: str, key: str, value: str) -> dict[str, Any]:
    return {
        "ResourceType": f"AWS::ECR::{kind}",
        "LogicalResourceId": logical_id,
        "ResourceIdentifier": {key: value},
    }


API = _entry("Repository", "Api", "RepositoryName", "payments/api")


def test_a_complete_import_loses_nothing(place: Place) -> None:
    """The image, both policies and the tags stay; the stack owns the repository."""
    digest = _make_registry(place)
    complete = _template(
        RepositoryPolicyText=PULL,
        LifecyclePolicy={"LifecyclePolicyText": LIFECYCLE},
        Tags=[{"Key": "owner", "Value": "payments"}],
    )
    assert _import(place, complete, [API]) == "IMPORT_COMPLETE"
    assert _policy(place) == PULL
    assert _tags(place) == {"owner": "payments"}
    assert place.registry().pull("payments/api", "v1").digest == digest
    [resource] = place.client("cloudformation").list_stack_resources(StackName="Adopted")[
        "StackResourceSummaries"
    ]
    assert resource["PhysicalResourceId"] == "payments/api"


def test_an_incomplete_import_loses_what_it_leaves_out(place: Place) -> None:
    """As CloudFormation's handler does: policies and tags go, the images stay."""
    digest = _make_registry(place)
    assert _import(place, _template(), [API]) == "IMPORT_COMPLETE"
    for kind in ("Repository", "Lifecycle"):
        with pytest.raises(ClientError, match=f"{kind}PolicyNotFoundException"):
            getattr(place.ecr, f"get_{kind.lower()}_policy")(repositoryName="payments/api")
    assert _tags(place) == {}
    assert place.registry().pull("payments/api", "v1").digest == digest


def _with(kind: str, key: str, value: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    resource = {"Type": f"AWS::ECR::{kind}", "DeletionPolicy": "Retain", "Properties": {}}
    return {"Resources": {"It": resource}}, [_entry(kind, "It", key, value)]


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("Repository", "RepositoryName", "missing"),
        ("PublicRepository", "RepositoryName", "missing"),
        ("PullThroughCacheRule", "EcrRepositoryPrefix", "missing"),
        ("RepositoryCreationTemplate", "Prefix", "missing"),
        ("PullTimeUpdateExclusion", "PrincipalArn", "missing"),
        ("RegistryPolicy", "RegistryId", "{account}"),
        ("ReplicationConfiguration", "RegistryId", "{account}"),
        ("SigningConfiguration", "RegistryId", "{account}"),
        ("RegistryScanningConfiguration", "RegistryId", "999999999999"),
    ],
)
def test_what_does_not_exist_is_not_imported(place: Place, kind: str, key: str, value: str) -> None:
    """The change set fails, and says which."""
    value = value.format(account=place.account)
    reason = _import(place, *_with(kind, key, value))
    assert f"Resource of type 'AWS::ECR::{kind}' with identifier '{value}' was not found." == reason


def test_everything_of_a_registry_is_imported(place: Place) -> None:
    """Each type by its own identifier; settings keep the values that they have."""
    _make_registry(place)
    ecr = place.ecr
    ecr.create_pull_through_cache_rule(ecrRepositoryPrefix="quay", upstreamRegistryUrl="quay.io")
    ecr.create_repository_creation_template(prefix="quay", appliedFor=["PULL_THROUGH_CACHE"])
    principal = f"arn:aws:iam::{place.account}:role/scanner"
    ecr.register_pull_time_update_exclusion(principalArn=principal)
    profile = f"arn:aws:signer:{place.region}:{place.account}:/signing-profiles/one"
    ecr.put_signing_configuration(signingConfiguration={"rules": [{"signingProfileArn": profile}]})
    entries = [
        _entry("PullThroughCacheRule", "Rule", "EcrRepositoryPrefix", "quay"),
        _entry("RepositoryCreationTemplate", "Template", "Prefix", "quay"),
        _entry("PullTimeUpdateExclusion", "Exclusion", "PrincipalArn", principal),
        *(
            _entry(kind, kind, "RegistryId", place.account)
            for kind in (
                "RegistryPolicy",
                "RegistryScanningConfiguration",
                "ReplicationConfiguration",
                "SigningConfiguration",
            )
        ),
    ]
    resources = {
        entry["LogicalResourceId"]: {
            "Type": entry["ResourceType"],
            "DeletionPolicy": "Retain",
            "Properties": {},
        }
        for entry in entries
    }
    assert _import(place, {"Resources": resources}, entries) == "IMPORT_COMPLETE"
    assert json.loads(ecr.get_registry_policy()["policyText"]) == REPLICATE
    assert ecr.describe_registry()["replicationConfiguration"]["rules"]


@pytest.mark.parametrize("kind", ["RegistryPolicy", "ReplicationConfiguration"])
def test_a_setting_has_one_owner(place: Place, kind: str) -> None:
    """A second stack, or one that comes upon a setting made by hand, fails and changes nothing."""
    _make_registry(place)
    declared: dict[str, dict[str, Any]] = {
        "RegistryPolicy": {"PolicyText": PULL},
        "ReplicationConfiguration": {"ReplicationConfiguration": {"Rules": []}},
    }
    properties = declared[kind]
    body = {"Resources": {"It": {"Type": f"AWS::ECR::{kind}", "Properties": properties}}}
    stacks = place.client("cloudformation")
    stacks.create_stack(StackName="Second", TemplateBody=json.dumps(body))
    assert settled(stacks, "Second") == "ROLLBACK_COMPLETE"
    events = stacks.describe_stack_events(StackName="Second")["StackEvents"]
    reasons = [event.get("ResourceStatusReason", "") for event in events]
    expected = f"'AWS::ECR::{kind}' with identifier '{place.account}' already exists"
    assert [reason for reason in reasons if expected in reason]
    assert json.loads(place.ecr.get_registry_policy()["policyText"]) == REPLICATE
    assert place.ecr.describe_registry()["replicationConfiguration"]["rules"]


@pytest.fixture
def assembly(place: Place, tmp_path: Path) -> Path:
    """An app of the constructs that declares what `_make_registry` made, and one more."""
    app = cdk.App(outdir=str(tmp_path / "cdk.out"))
    env = cdk.Environment(account=place.account, region=place.region)
    synthesizer = cdk.LegacyStackSynthesizer()
    stack = cdk.Stack(app, "Payments", env=env, synthesizer=synthesizer)
    for name in ("payments/api", "payments/worker"):
        Repository(stack, name.rpartition("/")[2].title(), repository_name=name)
    settings = cdk.Stack(app, "Registry", env=env, synthesizer=cdk.LegacyStackSynthesizer())
    Registry(settings, "Registry").replicate(to_regions=["eu-west-1"])
    app.synth()
    return tmp_path / "cdk.out"


def test_the_cdk_cli_adopts(place: Place, assembly: Path) -> None:
    """`cdk deploy --import-existing-resources` for repositories, `cdk import` for settings."""
    digest = _make_registry(place)
    env = place.aws.env(account=place.account, region=place.region)

    def run(*arguments: str) -> str:
        command = [paths.CDK, *arguments, "--app", assembly, "--no-color", "--no-notices"]
        done = processes.run(command, assembly.parent, env)
        assert done.returncode == 0, done.stdout
        return str(done.stdout)

    run("deploy", "Payments", "--import-existing-resources", "--require-approval=never")
    names = {item["repositoryName"] for item in place.ecr.describe_repositories()["repositories"]}
    assert names == {"payments/api", "payments/worker"}
    assert place.registry().pull("payments/api", "v1").digest == digest

    template = json.loads((assembly / "Registry.template.json").read_text(encoding="utf-8"))
    [logical_id] = template["Resources"]
    mapping = assembly.parent / "mapping.json"
    mapping.write_text(json.dumps({logical_id: {"RegistryId": place.account}}))
    run("import", "Registry", "--resource-mapping", str(mapping), "--force")
    stacks = place.client("cloudformation")
    assert settled(stacks, "Registry") == "IMPORT_COMPLETE"
    assert place.ecr.describe_registry()["replicationConfiguration"]["rules"]
