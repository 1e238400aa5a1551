"""The registry of a realistic company, from three files: what each key of a file becomes."""

import json
from collections.abc import Mapping
from copy import deepcopy
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from syrupy.assertion import SnapshotAssertion

from ecr_constructs.checks import Severity, Template, check
from ecr_constructs.environment.loading import load_environments
from ecr_constructs.environment.resolution import ResolvedEnvironment
from scripts import schema
from tests.app.conftest import ROOT, Synth, Templates, of_type
from tests.app.test_snapshots import TemplateFile, readable
from tests.support.handlers import permissions
from tests.support.validators import linted, validated

COMPANY = Path(__file__).parent / "company"
HOME, REGION, BACKUP = "Prod", "Prod/EuWest1", "Prod/Account100000000004/EuCentral1"
# One stack of a team for each kind of setting, and each stack of a registry.
REVIEWED = [
    *("Dev/Registry", "Dev/Alarms", "Dev/Events"),
    *("Staging/Registry", "Staging/Alarms", "Staging/Shop"),
    *(f"{HOME}/{part}" for part in ("Registry", "Settings", "Alarms", "Events", "Endpoints")),
    *(f"{HOME}/{part}" for part in ("Public", "Payments", "Legacy", "Data", "Partners")),
    *(f"{REGION}/{part}" for part in ("Registry", "Settings", "Alarms", "Events", "Payments")),
    *(f"{BACKUP}/{part}" for part in ("Registry", "Settings", "Events", "Payments")),
]


@pytest.fixture(scope="module")
def company() -> Mapping[str, ResolvedEnvironment]:
    """Return the company's environments by name."""
    return load_environments(COMPANY)


@pytest.fixture(scope="module")
def templates(company: Mapping[str, ResolvedEnvironment], synth: Synth) -> Templates:
    """Return the company's templates by path."""
    return synth(*company.values())


@pytest.mark.parametrize("path", sorted(COMPANY.glob("*.yaml")), ids=lambda path: path.stem)
def test_an_editor_marks_nothing(path: Path) -> None:
    """The JSON Schema accepts what the app accepts."""
    document = json.loads(schema.schema())
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert [] == list(jsonschema.Draft202012Validator(document).iter_errors(content))


def test_the_company_is_one_of_some_size(company: Mapping[str, ResolvedEnvironment]) -> None:
    """It is what the other tests take it for."""
    production = company["prod"]
    assert (60, 8, 3) == (
        *(len(production.repositories), len(production.teams)),
        len(production.registries),
    )


def test_template(templates: Templates, snapshot: SnapshotAssertion) -> None:
    """The templates with each key, at home and at replicas, are those that were reviewed."""
    stored = snapshot.use_extension(TemplateFile)
    for path in REVIEWED:
        assert stored(name=path.replace("/", "-")) == readable(deepcopy(templates[path]))


# The function that CDK adds depends on its role twice; zones and ARNs are those of the file; the
# account of an upstream is another one.
FALSE_ALARMS = {"W3005", "W3010", "W9002", "W9013"}


@pytest.mark.parametrize(
    "part", ["Registry", "Settings", "Alarms", "Events", "Endpoints", "Public", "Payments"]
)
def test_validators_accept_it(part: str, templates: Templates) -> None:
    """What the file may say is a valid template, for cfn-lint and for CloudFormation's own."""
    path, region = f"{HOME}/{part}", "us-east-1" if part == "Public" else "eu-central-1"
    text = json.dumps(templates[path])
    findings = (*linted(text, (region,)), *validated(text, region))
    assert [] == [item for item in findings if item[:5] not in FALSE_ALARMS]


def test_no_error_is_left_for_the_checks(templates: Templates) -> None:
    """What `check` calls an error is refused when the file is read."""
    loaded = [Template(path, template) for path, template in templates.items()]
    assert [] == [item for item in check(loaded) if item.severity is Severity.ERROR]


def _statements(template: dict[str, Any]) -> list[dict[str, Any]]:
    [policy] = of_type(template, "AWS::ECR::RegistryPolicy")
    return list(policy["PolicyText"]["Statement"])


def test_a_replica_has_the_statements_about_its_own_repositories(templates: Templates) -> None:
    """A Deny for every Region is there too, a permission for repositories at home is not."""
    denied = [
        [item for item in _statements(templates[f"{path}/Registry"]) if item["Effect"] == "Deny"]
        for path in (HOME, REGION, BACKUP)
    ]
    assert denied[0] == denied[1] == denied[2] != []
    assert ["ecr:BatchDeleteImage", "ecr:DeleteRepository"] == [
        item["Action"] for item in _statements(templates[f"{REGION}/Registry"])
    ]


def test_scanning_is_inherited_and_overridden(templates: Templates) -> None:
    """A replica scans as its home does, unless the file says otherwise for it."""
    kinds = {
        path: of_type(templates[f"{path}/Registry"], "AWS::ECR::RegistryScanningConfiguration")[0][
            "ScanType"
        ]
        for path in (HOME, REGION, BACKUP)
    }
    assert {HOME: "ENHANCED", REGION: "ENHANCED", BACKUP: "BASIC"} == kinds


def test_caches_are_at_home_only(templates: Templates) -> None:
    """A replica has none, and only the registry with a cache has its secrets."""
    kinds = "AWS::ECR::PullThroughCacheRule", "AWS::SecretsManager::Secret"
    counts = {
        path: tuple(len(of_type(templates[f"{path}/Registry"], kind)) for kind in kinds)
        for path in (HOME, REGION, BACKUP)
    }
    assert {HOME: (6, 2), REGION: (0, 0), BACKUP: (0, 0)} == counts


def _keys(templates: Templates, path: str, repository: str) -> Any:
    return next(
        properties["EncryptionConfiguration"]["KmsKey"]
        for properties in of_type(templates[path], "AWS::ECR::Repository")
        if properties["RepositoryName"] == repository
    )


def test_an_existing_key_is_used_where_it_is(templates: Templates) -> None:
    """Where a replica has no key of its own in the file, the environment's key is used."""
    ledger, vault = (
        [_keys(templates, f"{path}/Payments", name) for path in (HOME, REGION, BACKUP)]
        for name in ("payments/ledger", "payments/vault")
    )

    assert ["11111111", "22222222"] == [arn.split("/")[1][:8] for arn in ledger[:2]]
    assert "33333333" in vault[0]
    assert ["Fn::ImportValue"] * 3 == [*ledger[2], *vault[1], *vault[2]]


def test_a_lifecycle_policy_of_aws_is_kept_as_it_is(templates: Templates) -> None:
    """Priorities and descriptions are those of the file, so nothing changes in ECR."""
    [erp] = (
        properties
        for properties in of_type(templates[f"{HOME}/Legacy"], "AWS::ECR::Repository")
        if properties["RepositoryName"] == "legacy/erp"
    )
    content = yaml.safe_load((COMPANY / "prod.yaml").read_text(encoding="utf-8"))
    [declared] = (
        item
        for item in content["teams"]["legacy"]["repositories"]
        if isinstance(item, dict) and item["name"] == "legacy/erp"
    )
    policy = erp["LifecyclePolicy"]["LifecyclePolicyText"]
    text = policy if isinstance(policy, str) else json.dumps(policy)
    assert json.loads(text) == declared["lifecycle"]


def test_an_own_template_replaces_that_of_undeclared_repositories(templates: Templates) -> None:
    """A prefix has one creation template."""
    prefixes = [
        item["Prefix"]
        for item in of_type(templates[f"{BACKUP}/Registry"], "AWS::ECR::RepositoryCreationTemplate")
    ]
    assert sorted(set(prefixes)) == sorted(prefixes)
    assert "base" in prefixes


# What handlers list for settings that the app does not have.
NOT_NEEDED = {
    # Customer managed keys of functions, secrets, queues and log groups.
    *("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"),
    *("logs:AssociateKmsKey", "logs:DisassociateKmsKey"),
    # File systems, capacity providers and aliases of functions.
    *("elasticfilesystem:DescribeMountTargets", "s3files:ListMountTargets"),
    *("lambda:PassCapacityProvider", "lambda:AssociateRuntimeAlias"),
    # Policies of users and groups.
    *(f"iam:{verb}{kind}Policy" for verb in ("Delete", "Get", "Put") for kind in ("User", "Group")),
    # Deliveries, indexes, protection and policies of log groups.
    *("firehose:TagDeliveryStream", "logs:CreateLogDelivery", "s3:REST.PUT.OBJECT"),
    *("logs:DeleteDataProtectionPolicy", "logs:PutDataProtectionPolicy"),
    *("logs:DeleteIndexPolicy", "logs:PutIndexPolicy"),
    *("logs:DeleteResourcePolicy", "logs:PutResourcePolicy"),
    *("logs:PutLogGroupDeletionProtection", "logs:PutBearerTokenAuthentication"),
    # Secrets whose value is read, or copied to other Regions.
    "secretsmanager:GetSecretValue",
    *("secretsmanager:ReplicateSecretToRegions", "secretsmanager:RemoveRegionsFromReplication"),
    # Endpoints of VPC Lattice and of other Regions.
    "vpc-lattice:CreateServiceNetworkVpcEndpointAssociation",
    "vpc-lattice:DescribeServiceNetworkVpcEndpointAssociation",
    "vpce:AllowMultiRegion",
}


def test_the_policy_of_ci_suffices(templates: Templates) -> None:
    """CloudFormation may do what the handlers of every type of the app ask for, and no more."""
    path = ROOT / "examples" / "deploy_role" / "execution_policy.json"
    statements = json.loads(path.read_text(encoding="utf-8"))["Statement"]
    patterns = [action for statement in statements for action in statement["Action"]]
    types = {
        resource["Type"]
        for template in templates.values()
        for resource in template["Resources"].values()
        if "::" in resource["Type"] and not resource["Type"].startswith("Custom::")
    }
    needed = permissions(types)

    allowed = {
        action for action in needed if any(fnmatchcase(action, pattern) for pattern in patterns)
    }
    assert needed - allowed == NOT_NEEDED
    # No pattern is there for nothing; CloudFormation itself invokes functions of custom resources.
    unused = {
        pattern for pattern in patterns if not any(fnmatchcase(item, pattern) for item in needed)
    }
    assert unused == {"lambda:InvokeFunction"}


def test_roles_have_names_that_ci_may_create(templates: Templates) -> None:
    """CloudFormation derives the names of roles and functions from those of their stacks."""
    named = {
        (key, resource["Type"])
        for template in templates.values()
        for resource in template["Resources"].values()
        for key in ("RoleName", "FunctionName")
        if resource["Type"] in ("AWS::IAM::Role", "AWS::Lambda::Function")
        and key in resource["Properties"]
    }
    assert named == set()


def test_each_setting_has_an_origin(company: Mapping[str, ResolvedEnvironment]) -> None:
    """A repository's settings come from it, its team, the defaults and the profile."""
    by_name = {repository.name: repository for repository in company["prod"].repositories}
    origins = by_name["base/python"].origins
    place = ("teams", "platform", "repositories", 0)

    assert {
        "tag_mutability": ("profile",),
        "tag_mutability_exceptions": (*place, "tag_mutability_exceptions"),
        "protect_tags": (*place, "protect_tags"),
        "retention": ("profile",),
        "encryption": ("profile",),
        "deletion_lock": ("defaults", "deletion_lock"),
        "tags.environment": ("defaults", "tags", "environment"),
        "tags.managed-by": ("defaults", "tags", "managed-by"),
        "tags.team": ("teams", "platform", "tags", "team"),
    } == origins
    cache = by_name["ci/build-cache"].origins
    assert "retention" not in cache
    assert cache["lifecycle"] == (*place[:3], 8, "lifecycle")
    assert cache["acknowledge.ECR012"][-2:] == ("acknowledge", "ECR012")


def test_each_key_of_a_registry_has_an_origin(company: Mapping[str, ResolvedEnvironment]) -> None:
    """A replica's own, that of all replicas, or that of the home registry."""
    home, region, backup = company["prod"].registry_settings.values()

    assert ("registry", "scanning") == home.origins["scanning"] == region.origins["scanning"]
    nearest = ("registry", "replicas", "100000000004/eu-central-1", "scanning")
    assert nearest == backup.origins["scanning"]
    assert ("registry", "replica", "events") == backup.origins["events"]
    assert "pull_through_caches" not in region.origins
