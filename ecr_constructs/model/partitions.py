"""Regions, and which partition each belongs to."""

import re
from collections.abc import Iterator

REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]+")

_BY_PREFIX = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
    "eu-isoe-": "aws-iso-e",
    "eusc-": "aws-eusc",
}


def partition_of(region: str) -> str:
    """Return the partition of a Region: ``aws`` for ``eu-central-1``."""
    return next((p for prefix, p in _BY_PREFIX.items() if region.startswith(prefix)), "aws")


def region_faults(region: object) -> Iterator[str]:
    """Yield a sentence if this is not written as Regions are."""
    if not isinstance(region, str) or not REGION.fullmatch(region):
        yield "a Region is written like 'eu-central-1'"
