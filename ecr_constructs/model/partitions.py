"""Regions, the partition of each, and the host names of registries and consoles."""

import json
import re
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import NamedTuple

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.principals import account_id_errors
from ecr_constructs.model.validation import raise_if_invalid

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


@cache
def regions() -> frozenset[str]:
    """Return all Regions, from the file that `scripts.service_data` keeps current."""
    return frozenset(json.loads(Path(__file__).with_name("regions.json").read_text("utf-8")))


def partition_of(region: str) -> str:
    """Return the partition of a Region: ``aws`` for ``eu-central-1``."""
    matches = (name for prefix, name in _BY_PREFIX.items() if region.startswith(prefix))
    return next(matches, "aws")


def region_errors(region: object) -> Iterator[Diagnostic]:
    """Yield a problem if a value does not have the form of a Region's name."""
    if not isinstance(region, str) or not REGION.fullmatch(region):
        yield Diagnostic("region-format", "a Region is written like 'eu-central-1'")


def known_region_errors(region: str) -> Iterator[Diagnostic]:
    """Yield a problem if a Region is not among those of `regions`, with one that is like it."""
    if region not in regions():
        near = get_close_matches(region, sorted(regions()), n=1)
        remedy = f"did you mean {near[0]!r}?" if near else "write one such as 'eu-central-1'"
        yield Diagnostic("region-unknown", "is not a Region that this version knows", remedy=remedy)


def console_of(partition: str) -> str | None:
    """Return the host of a partition's console; None for a deploy-time or unpublished one."""
    return _CONSOLES.get(partition)


# https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json
DOMAINS = {
    "aws": "amazonaws.com",
    "aws-cn": "amazonaws.com.cn",
    "aws-eusc": "amazonaws.eu",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-iso-e": "cloud.adc-e.uk",
    "aws-iso-f": "csp.hci.ic.gov",
    "aws-us-gov": "amazonaws.com",
}
# https://docs.aws.amazon.com/general/latest/gr/ecr.html, and for China the kubelets' settings:
# https://github.com/awslabs/amazon-eks-ami/blob/main/nodeadm/internal/kubelet/image-credential-provider.go
DUAL_STACK_DOMAINS = {
    "aws": "on.aws",
    "aws-cn": "on.amazonwebservices.com.cn",
    "aws-us-gov": "on.aws",
}
# https://docs.aws.amazon.com/general/latest/gr/ecr.html
FIPS_REGIONS = (
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
)


_HOST = re.compile(
    r"(?P<account>[0-9]{12})\.dkr(?P<dash>[.-])ecr(?P<fips>-fips)?\.(?P<region>[a-z0-9-]+)\."
    r"(?P<domain>.+)"
)


class RegistryHost(NamedTuple):
    """The parts of the host of a registry."""

    account: str
    region: str
    dual_stack: bool
    fips: bool


def read_host(host: str) -> RegistryHost | None:
    """Return the parts of a host that `registry_host` returns; None for another host."""
    match = _HOST.fullmatch(host)
    if match is None:
        return None
    is_dual = match["dash"] == "-"
    domain = (DUAL_STACK_DOMAINS if is_dual else DOMAINS).get(partition_of(match["region"]))
    if domain != match["domain"]:
        return None
    return RegistryHost(match["account"], match["region"], is_dual, bool(match["fips"]))


def registry_host(
    account: str, region: str, *, dual_stack: bool = False, fips: bool = False
) -> str:
    """Return the host name that clients log in to, pull from and push to, if there is one.

    Dual-stack hosts have IPv6 and IPv4 addresses; AWS PrivateLink has none
    (https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html). FIPS hosts use only
    cryptography validated under FIPS 140-3.
    """
    raise_if_invalid("account", account, account_id_errors(account))
    partition = partition_of(region)
    errors = [*region_errors(region)]
    if dual_stack and partition not in DUAL_STACK_DOMAINS:
        partitions = ", ".join(DUAL_STACK_DOMAINS)
        message = f"no registry of partition {partition} is dual-stack; those of {partitions} are"
        errors.append(Diagnostic("region-dual-stack", message))
    if fips and region not in FIPS_REGIONS:
        message = f"there is no FIPS host; the Regions with one are {', '.join(FIPS_REGIONS)}"
        errors.append(Diagnostic("region-fips", message))
    raise_if_invalid("Region", region, errors)
    service = "ecr-fips" if fips else "ecr"
    if dual_stack:
        return f"{account}.dkr-{service}.{region}.{DUAL_STACK_DOMAINS[partition]}"
    return f"{account}.dkr.{service}.{region}.{DOMAINS[partition]}"
