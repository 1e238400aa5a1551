"""Host names of registries and partitions of Regions, compared with what AWS publishes."""

from typing import Any

import botocore.session
import pytest

from ecr_constructs.model.partitions import DOMAINS, FIPS_REGIONS, partition_of, registry_host
from tests.support.errors import rejection_test

ACCOUNT = "111122223333"


def published(name: str) -> Any:
    return botocore.session.get_session().get_component("data_loader").load_data(name)


@pytest.mark.parametrize(
    ("region", "kinds", "host"),
    [
        ("eu-central-1", {}, "dkr.ecr.eu-central-1.amazonaws.com"),
        ("cn-north-1", {}, "dkr.ecr.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", {}, "dkr.ecr.us-gov-west-1.amazonaws.com"),
        ("us-iso-east-1", {}, "dkr.ecr.us-iso-east-1.c2s.ic.gov"),
        ("eusc-de-east-1", {}, "dkr.ecr.eusc-de-east-1.amazonaws.eu"),
        ("eu-central-1", {"dual_stack": True}, "dkr-ecr.eu-central-1.on.aws"),
        ("cn-north-1", {"dual_stack": True}, "dkr-ecr.cn-north-1.on.amazonwebservices.com.cn"),
        ("us-east-1", {"fips": True}, "dkr.ecr-fips.us-east-1.amazonaws.com"),
        ("us-gov-east-1", {"dual_stack": True, "fips": True}, "dkr-ecr-fips.us-gov-east-1.on.aws"),
    ],
)
def test_host(region: str, kinds: dict[str, bool], host: str) -> None:
    """Partition, Region, dual-stack and FIPS each have their place in the name."""
    assert f"{ACCOUNT}.{host}" == registry_host(ACCOUNT, region, **kinds)


REJECTED: dict[str, tuple[Any, ...]] = {
    "a short account": (("123", "eu-central-1", {}), "account-id-format"),
    "a city": ((ACCOUNT, "Frankfurt", {}), "region-format"),
    "a host of neither kind": (
        (ACCOUNT, "us-iso-east-1", {"dual_stack": True, "fips": True}),
        "region-dual-stack",
        "region-fips",
    ),
}
test_rejects = rejection_test(
    lambda account, region, kinds: registry_host(account, region, **kinds), REJECTED
)


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("eu-central-1", "aws"),
        ("us-east-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("us-isof-south-1", "aws-iso-f"),
        ("eu-isoe-west-1", "aws-iso-e"),
        ("eusc-de-east-1", "aws-eusc"),
        ("mars-north-1", "aws"),
    ],
)
def test_partition(region: str, partition: str) -> None:
    """A Region's prefix names its partition; an unknown Region is commercial."""
    assert partition == partition_of(region)


def test_domains_are_those_of_the_partitions() -> None:
    partitions = published("partitions")["partitions"]

    assert DOMAINS == {
        partition["id"]: partition["outputs"]["dnsSuffix"] for partition in partitions
    }


def test_fips_regions_are_those_of_the_endpoints() -> None:
    prefix = "fips-dkr-"
    regions = {
        name.removeprefix(prefix)
        for partition in published("endpoints")["partitions"]
        for name in partition["services"].get("api.ecr", {}).get("endpoints", {})
        if name.startswith(prefix)
    }

    assert regions == set(FIPS_REGIONS)
    assert {"aws", "aws-us-gov"} == set(map(partition_of, regions))
