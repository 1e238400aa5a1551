"""Settings of a registry: one owner each, scanning, signing and pull-time exclusions."""

from collections.abc import Iterator
from typing import get_args

from ecr_constructs.checks.rule import Problem, model_problems, rule
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.resource_types import (
    PULL_TIME_EXCLUSION,
    SCANNING,
    SIGNING,
    SINGLETONS,
)
from ecr_constructs.model.account_settings import MAX_EXCLUSIONS, exclusion_errors
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.scanning import Scanning, ScanType
from ecr_constructs.model.signing import SigningRule, signing_errors
from ecr_constructs.model.validation import ValidationError


@rule(
    "ECR301",
    Severity.ERROR,
    "A setting of the registry is defined once",
    types=SINGLETONS,
    why="Each account and Region has one such setting. A second resource silently overwrites the "
    "first, and deleting either of them deletes the setting.",
    remedy="Merge them into one resource.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html",
)
def one_owner(resource: Resource) -> Iterator[Problem]:
    """Find an earlier resource of the same type in the same registry."""
    first = resource.assembly.first_sibling(resource)
    if first is not resource:
        where = "" if first.stack is resource.stack else f" of {first.stack.template.name}"
        yield Problem((), f"{first.id}{where} already defines this setting of the registry")


_RULES = ("Properties", "Rules")


def _filters(resource: Resource, index: int) -> tuple[str, ...]:
    entries = resource.mappings("Rules", index, "RepositoryFilters")
    return tuple(str(entry["Filter"]) for _, entry in entries if "Filter" in entry)


@rule(
    "ECR320",
    Severity.ERROR,
    "The scanning configuration of a registry is valid",
    types=[SCANNING],
    why="ECR rejects the configuration: BASIC scanning cannot be continuous, and filters have "
    "their own grammar.",
    remedy="Write SCAN_ON_PUSH with BASIC, SCAN_ON_PUSH or CONTINUOUS_SCAN with ENHANCED.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RegistryScanningRule.html",
)
def accepted_scanning(resource: Resource) -> Iterator[Problem]:
    """Validate the type, the frequencies and the filters."""
    scan_type = resource.text("ScanType")
    filters: dict[str, tuple[str, ...]] = {}
    for index, entry in resource.mappings("Rules"):
        frequency = str(entry.get("ScanFrequency"))
        if frequency in filters:
            yield Problem((*_RULES, index), f"{frequency} has two rules", "Merge their filters.")
        filters[frequency] = filters.get(frequency, ()) + _filters(resource, index)
    rules = resource.get("Rules")
    if isinstance(rules, list) and len(rules) > len(_FREQUENCIES):
        yield Problem(_RULES, f"at most {len(_FREQUENCIES)} rules are allowed, got {len(rules)}")
    if scan_type not in get_args(ScanType):
        return
    try:
        Scanning(scan_type, *(filters.get(name, ()) for name in _FREQUENCIES))  # type: ignore[arg-type]
    except ValidationError as error:
        yield from model_problems(_RULES, error.diagnostics)


_FREQUENCIES = ("SCAN_ON_PUSH", "CONTINUOUS_SCAN")


@rule(
    "ECR321",
    Severity.ERROR,
    "The signing configuration of a registry is valid",
    types=[SIGNING],
    why="ECR rejects the configuration; it allows 10 rules, the CloudFormation schema 50.",
    remedy="Name signing profiles by ARN, and merge rules of the same profile.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SigningConfiguration.html",
)
def accepted_signing(resource: Resource) -> Iterator[Problem]:
    """Validate profiles, filters and the number of rules."""
    rules = []
    for index, entry in resource.mappings("Rules"):
        try:
            rules.append(
                SigningRule(str(entry.get("SigningProfileArn", "")), _filters(resource, index))
            )
        except ValidationError as error:
            yield from model_problems((*_RULES, index), error.diagnostics)
    entries = resource.get("Rules")
    if isinstance(entries, list):
        blank = SigningRule("${Token[any]}")
        yield from model_problems(_RULES, signing_errors([blank] * len(entries)))


@rule(
    "ECR322",
    Severity.ERROR,
    "A pull-time exclusion names a role or user",
    types=[PULL_TIME_EXCLUSION],
    why="ECR rejects other principals, and more than 100 exclusions.",
    remedy="Write 'arn:aws:iam::ACCOUNT:role/NAME'.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/APIReference/"
    "API_RegisterPullTimeUpdateExclusion.html",
)
def sound_exclusion(resource: Resource) -> Iterator[Problem]:
    """Validate the ARN and the number of exclusions."""
    arn = resource.text("PrincipalArn")
    path = ("Properties", "PrincipalArn")
    if arn is not None:
        yield from model_problems(path, exclusion_errors(arn), f"{arn!r} ")
        first = resource.assembly.first_of(resource, "PrincipalArn")
        if first is not resource:
            yield Problem(path, f"{first.id} already excludes {arn!r}", "Keep one of them.")
    siblings = resource.assembly.siblings(resource)
    if siblings[0] is resource and len(siblings) > MAX_EXCLUSIONS:
        message = f"a registry has at most {MAX_EXCLUSIONS} exclusions, got {len(siblings)}"
        yield Problem((), message, "Exclude only the roles that pull most often.")
