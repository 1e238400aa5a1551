"""Regions, which partition each belongs to, and where its console is."""

import re
from collections.abc import Iterator

from ecr_constructs.model.diagnostics import Diagnostic

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
# https://docs.aws.amazon.com/general/latest/gr/mgmt-console.html, and those of the partitions.
_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
    "aws-eusc": "console.amazonaws-eusc.eu",
}


def partition_of(region: str) -> str:
    """Return the partition of a Region: ``aws`` for ``eu-central-1``."""
    matches = (name for prefix, name in _BY_PREFIX.items() if region.startswith(prefix))
    return next(matches, "aws")


def region_errors(region: object) -> Iterator[Diagnostic]:
    """Yield a problem if a value does not have the form of a Region's name."""
    if not isinstance(region, str) or not REGION.fullmatch(region):
        yield Diagnostic("region-format", "a Region is written like 'eu-central-1'")


def console_of(partition: str) -> str | None:
    """Return the host of a partition's console; None for a deploy-time or unpublished one."""
    return _CONSOLES.get(partition)
