"""Generated files match the libraries and the rules; `make update` rewrites them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from ecr_constructs.checks import RULES, Rule
from ecr_constructs.cloudformation.aws_metadata import schema_of
from ecr_constructs.model import (
    account_settings,
    creation_template,
    mutability,
    names,
    public_catalog,
    pull_through_cache,
    registry_policy,
    replication,
    scanning,
    signing,
    tags,
    upstreams,
)
from ecr_constructs.model.lifecycle import grammar
from ecr_constructs.model.partitions import regions
from scripts import rules, service_data
from tests.support import rule_pages

CATALOG = "PublicRepository.RepositoryCatalogData"
COPIES = "ReplicationConfiguration.ReplicationConfiguration"
SCANS, SIGNS = "RegistryScanningConfiguration.Rules.items", "SigningConfiguration.Rules.items"
FILTERS = "ImageTagMutabilityExclusionFilters"
LIMITS = [
    ("Repository.RepositoryName.minLength", names.NAME_MIN_LENGTH),
    ("Repository.RepositoryName.maxLength", names.NAME_MAX_LENGTH),
    (f"Repository.{FILTERS}.maxItems", mutability.MAX_FILTERS),
    (f"RepositoryCreationTemplate.{FILTERS}.maxItems", mutability.MAX_FILTERS),
    ("Repository.LifecyclePolicy.LifecyclePolicyText.maxLength", grammar.TEXT_MAX_LENGTH),
    ("Repository.Tags.maxItems", tags.MAX_TAGS),
    (f"{CATALOG}.AboutText.maxLength", public_catalog.TEXT_MAX_LENGTH),
    (f"{CATALOG}.RepositoryDescription.maxLength", public_catalog.DESCRIPTION_MAX_LENGTH),
    ("PullThroughCacheRule.EcrRepositoryPrefix.minLength", pull_through_cache.PREFIX_MIN_LENGTH),
    ("PullThroughCacheRule.EcrRepositoryPrefix.maxLength", pull_through_cache.PREFIX_MAX_LENGTH),
    ("PullThroughCacheRule.CredentialArn.maxLength", upstreams.ARN_MAX_LENGTH),
    ("PullTimeUpdateExclusion.PrincipalArn.maxLength", account_settings.EXCLUSION_ARN_MAX_LENGTH),
    ("RegistryPolicy.PolicyText.maxLength", registry_policy.POLICY_MAX_LENGTH),
    (f"{SCANS}.RepositoryFilters.maxItems", scanning.MAX_FILTERS_PER_RULE),
    (f"{COPIES}.Rules.maxItems", replication.MAX_RULES),
    (f"{COPIES}.Rules.items.Destinations.maxItems", replication.MAX_DESTINATIONS_PER_RULE),
    ("RepositoryCreationTemplate.Prefix.maxLength", names.NAMESPACE_MAX_LENGTH),
    ("RepositoryCreationTemplate.Description.maxLength", creation_template.DESCRIPTION_MAX_LENGTH),
    (f"{SIGNS}.RepositoryFilters.maxItems", signing.MAX_FILTERS_PER_RULE),
    (f"{SIGNS}.SigningProfileArn.maxLength", signing.PROFILE_ARN_MAX_LENGTH),
]


def test_service_data_is_current() -> None:
    """Schemas, Regions and actions are those of the installed cfn-lint and botocore."""
    files = service_data.files()
    assert files == {path: path.read_text(encoding="utf-8") for path in files}


def test_the_list_of_rules_is_current() -> None:
    """docs/rules.md has every rule with its severity and summary."""
    assert rules.index() == rules.INDEX.read_text(encoding="utf-8")


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_page_has_the_rule_and_its_examples(rule: Rule) -> None:
    """The page names the remedy and the source, and shows a violation and its correction."""
    page = rule_pages.page(rule)

    assert page.startswith(f"# {rule.id}: ")
    assert rule.source in page
    assert 2 == page.count("```yml\n")


@pytest.mark.parametrize(("place", "ours"), LIMITS, ids=[place for place, _ in LIMITS])
def test_limits_are_cloudformations(place: str, ours: int) -> None:
    """What the model allows is what CloudFormation's schema allows."""
    kind, *path, limit = place.split(".")
    schema: Mapping[str, Any] = schema_of(f"AWS::ECR::{kind}")
    for name in path:
        schema = schema["items"] if name == "items" else _properties(schema)[name]

    assert ours == schema[limit]


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    properties: Mapping[str, Any] = schema["properties"]
    return properties


def test_choices_of_templates_are_cloudformations() -> None:
    """The occasions of creation templates are those of the schema."""
    schema = schema_of("AWS::ECR::RepositoryCreationTemplate")
    assert {*creation_template.OCCASIONS} == {*schema["properties"]["AppliedFor"]["items"]["enum"]}


def _kinds(schema: Mapping[str, Any]) -> Iterator[str]:
    yield from schema["type"]
    for value in schema.get("properties", {}).values():
        yield from _kinds(value)
    if "items" in schema:
        yield from _kinds(schema["items"])


def test_every_kind_is_understood() -> None:
    """CloudFormation has not begun to use a kind of value that is not judged."""
    findings = {
        kind
        for value in json.loads(service_data.PATH.read_text(encoding="utf-8"))["types"].values()
        for kind in _kinds(value)
    }
    assert {"array", "boolean", "object", "string"} == findings
    assert {"eu-central-1", "us-gov-west-1", "cn-north-1"} < regions()
