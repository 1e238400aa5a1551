"""Random environment files, for the validators and for the embedded AWS."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, assume, example, given, settings

from ecr_constructs.environment.inheritance import Settings
from ecr_constructs.environment.resolution import ResolvedEnvironment
from local_aws.process import LocalAws
from tests.support.effort import examples
from tests.support.embedded_aws import deploy_assembly
from tests.support.environment_files.drawing import ACCOUNT, BACKUP, HOMES, Content
from tests.support.environment_files.files import environment_files, mistaken_files
from tests.support.environment_promises import loaded, synthesized
from tests.support.validators import linted, validated

HEALTH = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture]
# Zones and ARNs are those of the file, and the function that CDK adds depends on its role twice.
FALSE_ALARMS = {"W3005", "W3010", "W9002", "W9013"}


@settings(max_examples=examples(300), suppress_health_check=HEALTH)
@given(environment_files())
def test_validators_accept_it(tmp_path: Path, content: Content) -> None:
    """Neither cfn-lint nor CloudFormation's own validator finds anything in what is accepted."""
    environment = loaded(content, tmp_path)
    assume(environment is not None)
    assert environment is not None
    for stack in synthesized(environment):
        text = Path(stack.template_full_path).read_text(encoding="utf-8")
        region = stack.environment.region
        findings = (*linted(text, (region,)), *validated(text, region))
        assert [] == [item for item in findings if item[:5] not in FALSE_ALARMS]


@settings(max_examples=examples(3_000), suppress_health_check=HEALTH)
@given(mistaken_files())
def test_a_mistake_is_refused_at_its_line(tmp_path: Path, content: Content) -> None:
    """What an editor marks is refused, and nothing raises another error."""
    loaded(content, tmp_path)


TYPES = {
    "aes256": "AES256",
    "aws_managed": "KMS",
    "customer_managed": "KMS",
    "dual_layer": "KMS_DSSE",
}


def without_unsupported(node: Any) -> Any:
    """Return a file without what the embedded AWS cannot create, see test_examples_deployed.

    Account settings need the SDK of Lambda's runtime, and alarms of usage are on expressions.
    """
    if not isinstance(node, dict):
        return node
    kept = {key: without_unsupported(value) for key, value in node.items()}
    kept.pop("account_settings", None)
    if "usage" in (kept.get("alarms") or {}):
        del kept["alarms"]
    return kept


@settings(max_examples=examples(60), suppress_health_check=HEALTH)
@example(
    {
        "account": ACCOUNT,
        "region": "eu-central-1",
        "profile": "development",
        "teams": {"payments": {"repositories": ["payments/api"]}},
        "registry": {
            "account_settings": {"basic_scan_version": "AWS_NATIVE"},
            "alarms": {
                "usage": {"repositories": ["payments/api"]},
                "topic": f"arn:aws:sns:eu-central-1:{ACCOUNT}:platform",
            },
        },
    }
)
@given(environment_files(HOMES[:1]))
def test_it_deploys_and_reads_back_equal(
    tmp_path: Path,
    local_aws: LocalAws,
    new_account: Callable[[], str],
    read_back: Callable[[ResolvedEnvironment], dict[str, dict[str, Any]]],
    content: Content,
) -> None:
    """What ECR then has is what the file says."""
    text = json.dumps(without_unsupported(content))
    for account in (ACCOUNT, BACKUP):
        text = text.replace(account, new_account())
    environment = loaded(json.loads(text), tmp_path)
    assume(environment is not None)
    assert environment is not None
    [stage] = {stack.assembly.directory for stack in synthesized(environment)}
    deploy_assembly(local_aws, Path(stage))

    repositories = read_back(environment)
    assert {item.name: declared(item.settings) for item in environment.repositories} == {
        name: existing(repository) for name, repository in repositories.items()
    }
    for item in environment.repositories:
        statements = (repositories[item.name]["policy"] or {"Statement": []})["Statement"]
        sids = {statement.get("Sid") for statement in statements}
        own = item.settings.policy_statements
        assert sids >= {statement["Sid"] for statement in own if "Sid" in statement}
        assert statements or not (own or item.settings.functions or item.settings.deletion_lock)
    for registry, settings_ in environment.registry_settings.items():
        ecr = local_aws.client("ecr", account=registry.account, region=registry.region)
        caches = ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"]
        templates = ecr.describe_repository_creation_templates()["repositoryCreationTemplates"]
        scanning = ecr.get_registry_scanning_configuration()["scanningConfiguration"]
        assert {cache.prefix for cache in settings_.caches} == {
            cache["ecrRepositoryPrefix"] for cache in caches
        }
        assert {template.prefix for template in settings_.templates} <= {
            template["prefix"] for template in templates
        }
        if settings_.scanning is not None:
            assert settings_.scanning.scan_type == scanning["scanType"]


def declared(settings: Settings) -> dict[str, Any]:
    """Return what a file says of a repository."""
    lifecycle = settings.lifecycle
    return {
        "immutable": settings.tag_mutability.is_immutable,
        "exceptions": sorted(settings.tag_mutability.except_for),
        "encryption": TYPES[settings.encryption],
        "scan on push": settings.scan_on_push,
        "lifecycle": lifecycle.to_dict() if lifecycle and lifecycle.enabled else None,
        "tags": dict(settings.tags),
    }


def existing(repository: dict[str, Any]) -> dict[str, Any]:
    """Return the same of a repository as ECR has it."""
    mutability, exceptions = repository["tag mutability"]
    return {
        "immutable": mutability.startswith("IMMUTABLE"),
        "exceptions": sorted(exceptions),
        "encryption": repository["encryption"]["encryptionType"],
        "scan on push": repository["scan on push"],
        "lifecycle": repository["lifecycle"],
        "tags": repository["tags"],
    }
