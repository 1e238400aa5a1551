"""The model's limits are the ones that AWS publishes: a changed limit is noticed here."""

import re
from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any, get_args

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model import (
    account_settings,
    encryption,
    events,
    mutability,
    names,
    principals,
    registry_policy,
    replication,
    repository_policy,
    scanning,
    signing,
    tags,
)
from ecr_constructs.model.creation_template import CreationTemplate
from ecr_constructs.model.encryption import EncryptionType
from ecr_constructs.model.lifecycle import grammar
from ecr_constructs.model.mutability import TagMutability
from ecr_constructs.model.partitions import partition_of
from ecr_constructs.model.public_catalog import public_name_errors
from ecr_constructs.model.pull_through_cache import PullThroughRule
from ecr_constructs.model.scanning import Scanning, ScanType
from ecr_constructs.model.signing import SigningRule
from ecr_constructs.model.upstreams import Upstream
from tests.support.service_models import fits, resource_schema, shape
from tests.support.strategies import near_miss_filters, near_miss_names, near_misses

FILTERS = "ImageTagMutabilityExclusionFilters"
FILTER = "ImageTagMutabilityExclusionFilterValue"
API_LIMITS = [
    ("ecr", "RepositoryName", "min", names.NAME_MIN_LENGTH),
    ("ecr", "RepositoryName", "max", names.NAME_MAX_LENGTH),
    ("ecr", "RepositoryFilterValue", "min", names.FILTER_MIN_LENGTH),
    ("ecr", "RepositoryFilterValue", "max", names.FILTER_MAX_LENGTH),
    ("ecr", "Prefix", "max", names.NAMESPACE_MAX_LENGTH),
    ("ecr", FILTERS, "max", mutability.MAX_FILTERS),
    ("ecr", FILTER, "max", mutability.FILTER_MAX_LENGTH),
    ("ecr", "LifecyclePolicyText", "max", grammar.TEXT_MAX_LENGTH),
    ("ecr", "RepositoryPolicyText", "max", repository_policy.POLICY_MAX_LENGTH),
    ("ecr", "RegistryPolicyText", "max", registry_policy.POLICY_MAX_LENGTH),
    ("ecr", "ReplicationRuleList", "max", replication.MAX_RULES),
    ("ecr", "ReplicationDestinationList", "max", replication.MAX_DESTINATIONS_PER_RULE),
    ("ecr", "RepositoryFilterList", "max", replication.MAX_FILTERS_PER_RULE),
    ("ecr", "ScanningRepositoryFilterValue", "max", scanning.FILTER_MAX_LENGTH),
    ("ecr", "ScanningRepositoryFilterList", "max", scanning.MAX_FILTERS_PER_RULE),
    ("ecr", "SigningRuleList", "max", signing.MAX_RULES),
    ("ecr", "SigningRepositoryFilterList", "max", signing.MAX_FILTERS_PER_RULE),
    ("ecr", "SigningRepositoryFilterValue", "max", signing.FILTER_MAX_LENGTH),
    ("ecr", "SigningProfileArn", "max", signing.PROFILE_ARN_MAX_LENGTH),
    ("ecr", "PrincipalArn", "max", account_settings.EXCLUSION_ARN_MAX_LENGTH),
    ("ecr", "PullTimeUpdateExclusionList", "max", account_settings.MAX_EXCLUSIONS),
    ("events", "EventPattern", "max", events.PATTERN_MAX_LENGTH),
    ("kms", "AliasNameType", "max", encryption.ALIAS_MAX_LENGTH),
    ("organizations", "OrganizationId", "pattern", f"^{principals.ORGANIZATION_ID.pattern}$"),
]
REPLICATION, SCANNING = "ReplicationConfiguration", "RegistryScanningConfiguration"
SIGNING = "SigningConfiguration"
# Paths in the schemas, without `definitions` and `properties`. Further limits are compared with
# the schemas in tests/unit/checks/test_checks_generated.py.
SCHEMA_LIMITS = [
    ("Repository", f"{FILTER}.maxLength", mutability.FILTER_MAX_LENGTH),
    ("Repository", "Tag.Key.minLength", 1),
    ("Repository", "Tag.Key.maxLength", tags.KEY_MAX_LENGTH),
    ("Repository", "Tag.Value.minLength", 1),
    ("Repository", "Tag.Value.maxLength", tags.VALUE_MAX_LENGTH),
    (REPLICATION, "ReplicationRule.RepositoryFilters.maxItems", replication.MAX_FILTERS_PER_RULE),
    (SCANNING, "Filter.maxLength", scanning.FILTER_MAX_LENGTH),
    # The API allows 10 rules (above), and the API decides.
    (SIGNING, "Rules.maxItems", 50),
    (SIGNING, "Filter.maxLength", signing.FILTER_MAX_LENGTH),
]
CHOICES = {
    "mutability settings": (
        {
            make(except_for=filters).setting
            for make in (TagMutability.immutable, TagMutability.mutable)
            for filters in ([], ["latest"])
        },
        "ecr",
        "ImageTagMutability",
    ),
    "encryption types": (set(get_args(EncryptionType)), "ecr", "EncryptionType"),
    "storage classes": (
        *(set(map(str.upper, grammar.STORAGE_CLASSES)), "ecr", "LifecyclePolicyStorageClass"),
    ),
    "tag statuses": (set(map(str.upper, grammar.TAG_STATUSES)), "ecr", "TagStatus"),
    "actions": (set(map(str.upper, grammar.ACTIONS)), "ecr", "ImageActionType"),
    "scanners": (set(get_args(ScanType)), "ecr", "ScanType"),
    "scan frequencies": ({"SCAN_ON_PUSH", "CONTINUOUS_SCAN", "MANUAL"}, "ecr", "ScanFrequency"),
    # ECR and Inspector rate alike, each with its own word for what is not rated.
    "severities of ECR": ({*events.SEVERITIES, "UNDEFINED"}, "ecr", "FindingSeverity"),
    "severities of Inspector": ({*events.SEVERITIES, "UNTRIAGED"}, "inspector2", "Severity"),
}


@pytest.mark.parametrize(("service", "name", "limit", "ours"), API_LIMITS)
def test_limit_is_the_api_models(service: str, name: str, limit: str, ours: object) -> None:
    assert shape(service, name)[limit] == ours


def below(schema: dict[str, Any], key: str) -> Any:
    """Return a definition, a property or another value of a schema."""
    parts = (schema.get("definitions", {}), schema.get("properties", {}), schema)
    return next(part[key] for part in parts if key in part)


@pytest.mark.parametrize(("resource", "path", "ours"), SCHEMA_LIMITS)
def test_limit_is_the_resource_schemas(resource: str, path: str, ours: int) -> None:
    schema = resource_schema(f"AWS::ECR::{resource}")
    theirs: Any = reduce(below, path.split("."), schema)

    assert ours == theirs


@pytest.mark.parametrize(("ours", "service", "name"), CHOICES.values(), ids=CHOICES)
def test_choices_are_the_api_models(ours: set[str], service: str, name: str) -> None:
    assert set(shape(service, name)["enum"]) == ours


def test_every_region_is_in_its_partition() -> None:
    session = botocore.session.get_session()
    regions = {
        region: partition
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("ecr", partition_name=partition)
    }

    assert regions == {region: partition_of(region) for region in regions}
    assert {"aws", "aws-cn", "aws-us-gov"} < set(regions.values())


# --- values that are nearly valid ---------------------------------------------------------------

STEM = "arn:aws:iam::111122223333:"
PROFILES = "arn:aws:signer:eu-central-1:111122223333:/signing-profiles/"


def raised(make: Callable[[str], object]) -> Callable[[str], Iterator[Exception]]:
    """Return a function that yields the error of a value, if there is one."""

    def errors(value: str) -> Iterator[Exception]:
        try:
            make(value)
        except ValueError as error:
            yield error

    return errors


def arns(stems: list[str], kinds: list[str], pads: list[int]) -> st.SearchStrategy[str]:
    """Texts that are ARNs, or nearly."""
    return st.builds(
        lambda stem, kind, name, pad: stem + kind + name + "p" * pad,
        st.sampled_from([*stems, stems[0].replace("aws", "aws-cn"), stems[0].replace("1111", "x")]),
        st.sampled_from(kinds),
        st.text("aPp0_+=,.@-/* :", max_size=8),
        st.sampled_from(pads),
    )


PREFIXES, SHORT = near_misses(max_size=10, pads=[0, 1, 246, 255]), near_misses(max_size=6, pads=[0])
# Of each: texts, the service, its type, and the errors of the model.
AGREEMENTS: dict[str, tuple[st.SearchStrategy[str], str, str, Callable[[str], Any]]] = {
    "names": (near_miss_names(), "ecr", "RepositoryName", names.repository_name_errors),
    "replication prefixes": (PREFIXES, "ecr", "RepositoryFilterValue", names.filter_errors),
    "namespaces": (PREFIXES, "ecr", "Prefix", names.namespace_errors),
    "template prefixes": (
        *(SHORT, "ecr", "Prefix"),
        raised(lambda text: CreationTemplate(prefix=text, applied_for=["REPLICATION"])),
    ),
    "cache prefixes": (
        *(SHORT, "ecr", "PullThroughCacheRuleRepositoryPrefix"),
        lambda text: PullThroughRule(Upstream.quay(), text).errors(),
    ),
    "public names": (
        near_misses(max_size=8, pads=[0, 205, 206]),
        *("ecr-public", "RepositoryName", public_name_errors),
    ),
    "mutability filters": (
        *(near_miss_filters(), "ecr", FILTER),
        raised(lambda text: TagMutability.immutable(except_for=[text])),
    ),
    # The API's pattern is slow on long texts, so these are short.
    "scanning filters": (
        *(near_misses(max_size=9, pads=[0]), "ecr", "ScanningRepositoryFilterValue"),
        raised(lambda text: Scanning("BASIC", on_push=(text,))),
    ),
    "signing filters": (
        *(near_misses(max_size=9, pads=[0, 247, 256]), "ecr", "SigningRepositoryFilterValue"),
        raised(lambda text: SigningRule(f"{PROFILES}prod", (text,))),
    ),
    "signing profiles": (
        arns([PROFILES, "arn:aws"], [""], [0, 130, 150]),
        *("ecr", "SigningProfileArn", raised(SigningRule)),
    ),
    "pull-time exclusions": (
        arns([STEM], ["role/", "user/", "group/", "root", "role"], [0, 160, 170]),
        *("ecr", "PrincipalArn", account_settings.exclusion_errors),
    ),
}


@pytest.mark.parametrize(
    ("texts", "service", "name", "errors_of"), AGREEMENTS.values(), ids=AGREEMENTS
)
@given(data=st.data())
def test_the_model_agrees_with_the_service(
    data: st.DataObject,
    texts: st.SearchStrategy[str],
    service: str,
    name: str,
    errors_of: Callable[[str], Any],
) -> None:
    """A value is valid exactly if it fits the pattern and lengths of the service's own model."""
    text = data.draw(texts)

    assert fits(service, name, text) == (not any(errors_of(text)))


def test_credentials_are_those_of_the_service() -> None:
    """The longest ARN of a secret, and the prefix of its name."""
    arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:ecr-pullthroughcache/hub-aBcDeF"
    limits = shape("ecr", "CredentialArn")

    assert (612, True) == (limits["max"], re.fullmatch(limits["pattern"], arn) is not None)
