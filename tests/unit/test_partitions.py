"""Partitions of Regions; tests/unit/test_service_limits.py holds all Regions to botocore."""

import pytest

from ecr_constructs.model.partitions import partition_of


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
