"""Host names of registries, held to what AWS publishes of its partitions and endpoints."""

from typing import Any

import botocore.session
import pytest

from ecr_constructs.model.partitions import partition_of
from ecr_constructs.model.registry_host import DOMAINS, FIPS_REGIONS, registry_host

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
        (
            "us-gov-east-1",
            {"dual_stack": True, "fips": True},
            "dkr-ecr-fips.us-gov-east-1.on.aws",
        ),
    ],
)
def test_host(region: str, kinds: dict[str, bool], host: str) -> None:
    """Partition, Region, dual-stack and FIPS each have their place in the name."""
    assert f"{ACCOUNT}.{host}" == registry_host(ACCOUNT, region, **kinds)


@pytest.mark.parametrize(
    ("account", "region", "kinds", "faults"),
    [
        ("123", "eu-central-1", {}, ["an account id has 12 digits"]),
        (ACCOUNT, "Frankfurt", {}, ["a Region is written like 'eu-central-1'"]),
        (
            ACCOUNT,
            "us-iso-east-1",
            {"dual_stack": True, "fips": True},
            [
                "no registry of partition aws-iso is dual-stack; those of aws, aws-cn, aws-us-gov",
                "no registry is there for FIPS; they are in us-east-1, us-east-2,",
            ],
        ),
    ],
    ids=["account", "region", "dual-stack and FIPS"],
)
def test_refuses(account: str, region: str, kinds: dict[str, bool], faults: list[str]) -> None:
    """A host that does not exist is refused, with all reasons and what exists instead."""
    with pytest.raises(ValueError, match="Invalid ") as refused:
        registry_host(account, region, **kinds)

    assert [] == [fault for fault in faults if fault not in str(refused.value)]


def test_domains_are_those_of_the_partitions() -> None:
    """Every partition that botocore knows has its domain."""
    partitions = published("partitions")["partitions"]

    assert DOMAINS == {each["id"]: each["outputs"]["dnsSuffix"] for each in partitions}


def test_fips_regions_are_those_of_the_endpoints() -> None:
    """The Regions with FIPS registries are those that botocore has endpoints for."""
    prefix = "fips-dkr-"
    found = {
        name.removeprefix(prefix)
        for partition in published("endpoints")["partitions"]
        for name in partition["services"].get("api.ecr", {}).get("endpoints", {})
        if name.startswith(prefix)
    }

    assert found == set(FIPS_REGIONS)
    assert {"aws", "aws-us-gov"} == set(map(partition_of, found))
