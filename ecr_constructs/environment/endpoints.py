"""VPC endpoints in an environment file."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic.fields import FieldInfo

from ecr_constructs.environment.parts import Strict
from ecr_constructs.environment.statements import EndpointStatement
from ecr_constructs.environment.values import AccountId
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.registry_policy import check_pulls
from ecr_constructs.model.validation import duplicate_errors, raise_if_invalid

_BLOCK = re.compile(r"[0-9.]+/[0-9]+")


def _id(kind: str) -> FieldInfo:
    """Return the form of the ids of a kind: ``vpc-0a1b2c3d``, or with 17 digits."""
    field: FieldInfo = Field(pattern=rf"^{kind}-([0-9a-f]{{8}}|[0-9a-f]{{17}})$")
    return field


class Subnet(Strict):
    """A subnet of the VPC, whose instances pull."""

    id: Annotated[str, _id("subnet")]
    """The subnet's id."""
    availability_zone: str
    """The subnet's Availability Zone: `eu-central-1a`."""
    route_table: Annotated[str, _id("rtb")] | None = None
    """The id of the subnet's route table, which gets the route to S3."""


class Endpoint(Strict):
    """The three VPC endpoints of a pull: ECR's API, its registry, and S3 with the layers."""

    vpc: Annotated[str, _id("vpc")]
    """The id of the VPC, which must have DNS support and DNS hostnames."""
    cidr: str | None = None
    """The VPC's block of addresses, from which the new security group allows port 443:
    `10.0.0.0/16`. Not with `security_groups`."""
    subnets: Annotated[list[Subnet], Field(min_length=1)]
    """The subnets that pull, at most one for each Availability Zone."""
    security_groups: list[Annotated[str, _id("sg")]] | None = None
    """Ids of security groups of the interfaces, which must allow port 443. Default: a new one."""
    prefixes: list[str] | None = None
    """Prefixes of the repositories that may be pulled. Default: all."""
    cache_prefixes: list[str] | None = None
    """Prefixes of pull-through caches through which images may be imported. Default: none."""
    further_registries: dict[AccountId, list[str]] | None = None
    """Further registries of the Region: account ids, each with prefixes; `[]` is all."""
    eks_add_ons: bool = False
    """Whether nodes pull the images of EKS and its add-ons."""
    s3_endpoint: bool = True
    """Whether to define the endpoint for S3."""
    s3_statements: list[EndpointStatement] | None = None
    """Further statements of the S3 endpoint's policy, in AWS's own JSON."""
    dual_stack: bool = False
    """Whether the endpoints have IPv6 addresses too."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_pulls(
            "111122223333",
            self.prefixes or (),
            self.cache_prefixes or (),
            self.further_registries or {},
        )
        raise_if_invalid("endpoint", self.vpc, self._errors())
        return self

    def _errors(self) -> Iterator[Diagnostic]:
        if bool(self.cidr) == bool(self.security_groups):
            yield Diagnostic(
                "endpoint-not-one-security",
                "must have exactly one of the keys cidr, security_groups",
                remedy="write the VPC's block as cidr for a new security group",
            )
        if self.cidr and not _is_block(self.cidr):
            message = "must be a block of IPv4 addresses, such as 10.0.0.0/16"
            yield Diagnostic("endpoint-cidr-format", message, "cidr")
        groups = self.security_groups or ()
        yield from duplicate_errors("endpoint-security-group-duplicate", "security_groups", groups)
        if self.s3_statements and not self.s3_endpoint:
            message = "without an endpoint for S3 they would be in no policy"
            yield Diagnostic("statements-without-endpoint", message, "s3_statements")
        zones: set[str] = set()
        ids: set[str] = set()
        for index, subnet in enumerate(self.subnets):
            path = f"subnets[{index}]"
            if self.s3_endpoint and subnet.route_table is None:
                yield Diagnostic(
                    "endpoint-route-table-missing",
                    "the endpoint for S3 needs the route table of each subnet",
                    path,
                    "write route_table: rtb-…, or s3_endpoint: false",
                )
            if subnet.availability_zone in zones:
                message = f"an endpoint has one subnet in {subnet.availability_zone}"
                yield Diagnostic("endpoint-availability-zone-duplicate", message, path)
            elif subnet.id in ids:
                message = f"{subnet.id!r} is listed twice"
                yield Diagnostic("endpoint-subnet-duplicate", message, path)
            zones.add(subnet.availability_zone)
            ids.add(subnet.id)


def _is_block(text: str) -> bool:
    try:
        IPv4Network(text)
    except ValueError:
        return False
    # Python also reads an address by itself, and a mask such as 255.255.0.0.
    return _BLOCK.fullmatch(text) is not None
