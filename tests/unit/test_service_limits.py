"""The model's limits are the ones that AWS publishes: a changed limit is noticed here."""

from functools import reduce
from typing import Any, get_args

import botocore.session
import pytest

from ecr_constructs.model import encryption, mutability, names, principals, repository_policy, tags
from ecr_constructs.model.encryption import EncryptionType
from ecr_constructs.model.lifecycle import grammar
from ecr_constructs.model.mutability import TagMutability
from ecr_constructs.model.partitions import partition_of
from tests.support.service_models import repository_schema, shape

FILTERS = "ImageTagMutabilityExclusionFilters"
FILTER = "ImageTagMutabilityExclusionFilterValue"
API_LIMITS = [
    ("ecr", "RepositoryName", "min", names.NAME_MIN_LENGTH),
    ("ecr", "RepositoryName", "max", names.NAME_MAX_LENGTH),
    ("ecr", FILTERS, "max", mutability.MAX_FILTERS),
    ("ecr", FILTER, "max", mutability.FILTER_MAX_LENGTH),
    ("ecr", "LifecyclePolicyText", "max", grammar.TEXT_MAX_LENGTH),
    ("ecr", "RepositoryPolicyText", "max", repository_policy.POLICY_MAX_LENGTH),
    ("kms", "AliasNameType", "max", encryption.ALIAS_MAX_LENGTH),
    ("organizations", "OrganizationId", "pattern", f"^{principals.ORGANIZATION_ID.pattern}$"),
]
SCHEMA_LIMITS = [
    ("properties.RepositoryName.minLength", names.NAME_MIN_LENGTH),
    ("properties.RepositoryName.maxLength", names.NAME_MAX_LENGTH),
    (f"properties.{FILTERS}.maxItems", mutability.MAX_FILTERS),
    (f"definitions.{FILTER}.maxLength", mutability.FILTER_MAX_LENGTH),
    ("definitions.LifecyclePolicyText.maxLength", grammar.TEXT_MAX_LENGTH),
    ("properties.Tags.maxItems", tags.MAX_TAGS),
    ("definitions.Tag.properties.Key.minLength", 1),
    ("definitions.Tag.properties.Key.maxLength", tags.KEY_MAX_LENGTH),
    ("definitions.Tag.properties.Value.minLength", 1),
    ("definitions.Tag.properties.Value.maxLength", tags.VALUE_MAX_LENGTH),
]
CHOICES = {
    "mutability settings": (
        {
            make(except_for=filters).setting
            for make in (TagMutability.immutable, TagMutability.mutable)
            for filters in ([], ["latest"])
        },
        "ImageTagMutability",
    ),
    "encryption types": (set(get_args(EncryptionType)), "EncryptionType"),
    "storage classes": (
        {storage_class.upper() for storage_class in grammar.STORAGE_CLASSES},
        "LifecyclePolicyStorageClass",
    ),
    "tag statuses": ({tag_status.upper() for tag_status in grammar.TAG_STATUSES}, "TagStatus"),
    "actions": ({action.upper() for action in grammar.ACTIONS}, "ImageActionType"),
}


@pytest.mark.parametrize(("service", "name", "limit", "ours"), API_LIMITS)
def test_limit_is_the_api_models(service: str, name: str, limit: str, ours: object) -> None:
    """A limit equals the one that the service's API model states."""
    assert shape(service, name)[limit] == ours


@pytest.mark.parametrize(("path", "ours"), SCHEMA_LIMITS)
def test_limit_is_the_resource_schemas(path: str, ours: int) -> None:
    """A limit equals the one that CloudFormation's resource schema states."""
    theirs: Any = reduce(dict.__getitem__, path.split("."), repository_schema())

    assert theirs == ours


@pytest.mark.parametrize(("ours", "name"), CHOICES.values(), ids=CHOICES)
def test_choices_are_the_api_models(ours: set[str], name: str) -> None:
    """The values to choose from are the ones that ECR's API model states."""
    assert set(shape("ecr", name)["enum"]) == ours


def test_every_region_is_in_its_partition() -> None:
    """The partition of every Region that botocore knows is the one that botocore states."""
    session = botocore.session.get_session()
    regions = {
        region: partition
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("ecr", partition_name=partition)
    }

    assert regions == {region: partition_of(region) for region in regions}
    assert {"aws", "aws-cn", "aws-us-gov"} < set(regions.values())
