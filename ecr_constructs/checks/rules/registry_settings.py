"""Scanning, signing and pull-time exclusions of a registry."""

from collections.abc import Iterator, Sequence
from typing import get_args

from ecr_constructs.checks.rule import Fault, rule
from ecr_constructs.cloudformation.resource import Resource
from ecr_constructs.cloudformation.resource_types import PULL_TIME_EXCLUSION, SCANNING, SIGNING
from ecr_constructs.model.account_settings import MAX_EXCLUSIONS, exclusion_errors
from ecr_constructs.model.scanning import Scanning, ScanType
from ecr_constructs.model.signing import SigningRule, signing_errors
from ecr_constructs.model.validation import ValidationError

_RULES = ("Properties", "Rules")


def _filters(resource: Resource, index: int) -> tuple[str, ...]:
    entries = resource.mappings("Rules", index, "RepositoryFilters")
    return tuple(str(each["Filter"]) for _, each in entries if "Filter" in each)


def _refused(error: ValidationError) -> Sequence[str]:
    return [problem.text for problem in error.diagnostics]


@rule(
    "ECR320",
    "error",
    "A registry's scanning is one that ECR accepts",
    types=[SCANNING],
    why="ECR refuses the configuration: BASIC scanning is never continuous, and filters have a "
    "grammar of their own.",
    remedy="Write SCAN_ON_PUSH with BASIC, SCAN_ON_PUSH or CONTINUOUS_SCAN with ENHANCED.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RegistryScanningRule.html",
)
def accepted_scanning(resource: Resource) -> Iterator[Fault]:
    """Judge type, frequencies and filters as the constructs do."""
    scan_type = resource.text("ScanType")
    filters: dict[str, tuple[str, ...]] = {}
    for index, each in resource.mappings("Rules"):
        frequency = str(each.get("ScanFrequency"))
        if frequency in filters:
            yield Fault((*_RULES, index), f"{frequency} has a rule already", "Join their filters.")
        filters[frequency] = filters.get(frequency, ()) + _filters(resource, index)
    rules = resource.get("Rules")
    if isinstance(rules, list) and len(rules) > len(_FREQUENCIES):
        yield Fault(
            _RULES, f"at most {len(_FREQUENCIES)} rules are allowed, these are {len(rules)}"
        )
    if scan_type not in get_args(ScanType):
        return
    try:
        Scanning(scan_type, *(filters.get(each, ()) for each in _FREQUENCIES))  # type: ignore[arg-type]
    except ValidationError as error:
        yield from (Fault(_RULES, line) for line in _refused(error))


_FREQUENCIES = ("SCAN_ON_PUSH", "CONTINUOUS_SCAN")


@rule(
    "ECR321",
    "error",
    "A registry's signing is one that ECR accepts",
    types=[SIGNING],
    why="ECR refuses the configuration; it takes 10 rules, though CloudFormation's schema says 50.",
    remedy="Name signing profiles by ARN, and join rules of one profile.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SigningConfiguration.html",
)
def accepted_signing(resource: Resource) -> Iterator[Fault]:
    """Judge profiles, filters and their number as the constructs do."""
    rules = []
    for index, each in resource.mappings("Rules"):
        try:
            rules.append(
                SigningRule(str(each.get("SigningProfileArn", "")), _filters(resource, index))
            )
        except ValidationError as error:
            yield from (Fault((*_RULES, index), line) for line in _refused(error))
    listed = resource.get("Rules")
    if isinstance(listed, list):
        blank = SigningRule("${Token[any]}")
        yield from (
            Fault(_RULES, problem.text) for problem in signing_errors([blank] * len(listed))
        )


@rule(
    "ECR322",
    "error",
    "A pull-time exclusion names a role or user",
    types=[PULL_TIME_EXCLUSION],
    why="ECR refuses anything else, and more than 100 of them.",
    remedy="Write 'arn:aws:iam::ACCOUNT:role/NAME'.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/APIReference/"
    "API_RegisterPullTimeUpdateExclusion.html",
)
def sound_exclusion(resource: Resource) -> Iterator[Fault]:
    """Judge the ARN as the constructs do, and count."""
    arn = resource.text("PrincipalArn")
    path = ("Properties", "PrincipalArn")
    if arn is not None:
        yield from (Fault(path, f"{arn!r} {fault.text}") for fault in exclusion_errors(arn))
        first = resource.assembly.first_of(resource, "PrincipalArn")
        if first is not resource:
            yield Fault(path, f"{first.id} excludes {arn!r} already", "Keep one of them.")
    beside = resource.assembly.siblings(resource)
    if beside[0] is resource and len(beside) > MAX_EXCLUSIONS:
        said = f"a registry has at most {MAX_EXCLUSIONS} exclusions, these are {len(beside)}"
        yield Fault((), said, "Exclude the roles that pull most.")
