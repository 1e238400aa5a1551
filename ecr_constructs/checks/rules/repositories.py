"""Repositories: names, tags, mutability, scanning."""

from collections import Counter
from collections.abc import Iterator, Mapping

from ecr_constructs.checks.rule import (
    CFN_REFERENCE,
    ECR_API,
    ECR_GUIDE,
    Problem,
    each_choice,
    each_condition,
    error_rule,
    model_problems,
    warning_rule,
)
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.intrinsics import UNKNOWN
from ecr_constructs.cloudformation.resource_types import (
    CREATION_TEMPLATE,
    PUBLIC_REPOSITORY,
    REPOSITORY,
    SCANNING,
)
from ecr_constructs.model.mutability import TagMutability
from ecr_constructs.model.names import partial_name_errors, repository_name_errors
from ecr_constructs.model.public_catalog import public_name_errors
from ecr_constructs.model.scanning import filter_matches
from ecr_constructs.model.tags import tag_errors
from ecr_constructs.model.tokens import is_unresolved, legible
from ecr_constructs.model.validation import ValidationError

_NAME_PATH = ("Properties", "RepositoryName")


@error_rule(
    "ECR002",
    "The name of a repository is valid",
    types=[REPOSITORY, PUBLIC_REPOSITORY],
    why="ECR rejects any other name when the stack is deployed.",
    remedy="Write lowercase letters and digits, separated by '.', '_', '-' or '/'.",
    source=f"{ECR_API}/API_CreateRepository.html",
)
@each_choice
def _accepted_name(resource: Resource) -> Iterator[Problem]:
    name = resource.get("RepositoryName")
    if isinstance(name, str):
        errors_of = repository_name_errors if resource.type == REPOSITORY else public_name_errors
        subject = f"the name {legible(name)!r} "
        yield from model_problems(_NAME_PATH, partial_name_errors(name, errors_of), subject)


@error_rule(
    "ECR003",
    "A repository is defined once",
    types=[REPOSITORY, PUBLIC_REPOSITORY],
    why="A name is unique per account and Region: the second repository fails with 'already "
    "exists'.",
    remedy="Define the repository once, and refer to it elsewhere.",
    source=f"{ECR_API}/API_CreateRepository.html",
)
def _defined_once(resource: Resource) -> Iterator[Problem]:
    name = resource.text("RepositoryName")
    first = resource.assembly.first_of(resource, "RepositoryName") if name else None
    if first is not None and first is not resource:
        yield Problem(_NAME_PATH, f"{name!r} is also the name of {first.name_for(resource)}")


_FILTERS = "ImageTagMutabilityExclusionFilters"
_VALUE = "ImageTagMutabilityExclusionFilterValue"
_EXCLUDING = "_WITH_EXCLUSION"
_MUTABILITY = f"{ECR_GUIDE}/image-tag-mutability.html"


@error_rule(
    "ECR010",
    "Tags are valid",
    types=[REPOSITORY, PUBLIC_REPOSITORY, CREATION_TEMPLATE],
    properties=["Tags", "ResourceTags"],
    why="CloudFormation rejects the stack.",
    remedy="Write at most 50 tags, keys of 1 to 127 and values of 1 to 255 characters.",
    source=f"{CFN_REFERENCE}/aws-properties-ecr-repository-tag.html",
)
@each_choice
def _accepted_tags(resource: Resource) -> Iterator[Problem]:
    name = "ResourceTags" if resource.type == CREATION_TEMPLATE else "Tags"
    entries = [entry for _, entry in resource.mappings(name) if "Key" in entry]
    pairs = [(str(entry["Key"]), entry.get("Value")) for entry in entries]
    path = ("Properties", name)
    # CloudFormation converts numbers and booleans; ECR004 covers lists and objects.
    yield from model_problems(path, tag_errors({key: str(value) for key, value in pairs}))
    for key, uses in Counter(key for key, _ in pairs if not is_unresolved(key)).items():
        if uses > 1:
            yield Problem(path, f"duplicate key {key!r} ({uses} times)", "Keep one of them.")


@error_rule(
    "ECR011",
    "Exclusion filters are valid and match the tag mutability",
    types=[REPOSITORY, CREATION_TEMPLATE],
    properties=["ImageTagMutability", _FILTERS],
    why="ECR rejects filters without a *_WITH_EXCLUSION setting, and that setting without filters.",
    remedy="Write IMMUTABLE_WITH_EXCLUSION or MUTABLE_WITH_EXCLUSION together with 1 to 5 filters.",
    source=_MUTABILITY,
)
@each_choice
def _sound_exclusions(resource: Resource) -> Iterator[Problem]:
    filters, setting = resource.get(_FILTERS), resource.get("ImageTagMutability")
    is_literal = not any(isinstance(v, str) and is_unresolved(v) for v in (filters, setting))
    if filters == []:
        yield Problem(("Properties", _FILTERS), "the list is empty")
    elif is_literal and isinstance(setting, str | None):
        if filters is not None and not str(setting).endswith(_EXCLUDING):
            message = f"ImageTagMutability {setting or 'MUTABLE'} takes no exclusion filters"
            yield Problem(("Properties", _FILTERS), message)
        elif filters is None and str(setting).endswith(_EXCLUDING) and resource.is_known:
            message = f"{setting} requires {_FILTERS}"
            yield Problem(("Properties", "ImageTagMutability"), message)
    values = [str(entry.get(_VALUE, "")) for _, entry in resource.mappings(_FILTERS)]
    try:
        TagMutability.immutable(except_for=values)
    except ValidationError as error:
        yield from model_problems(("Properties", _FILTERS), error.diagnostics)


@warning_rule(
    "ECR012",
    "Tags are immutable",
    types=[REPOSITORY, CREATION_TEMPLATE],
    why="A mutable tag does not identify the tested image: anyone who can push can change what "
    "runs.",
    remedy="Write ImageTagMutability: IMMUTABLE, or IMMUTABLE_WITH_EXCLUSION with filters for the "
    "tags that must move.",
    source=_MUTABILITY,
    controls=(
        "Security Hub ECR.2",
        "CT.ECR.PR.3",
        "CKV_AWS_51",
        "AVD-AWS-0031",
        "prowler ecr_repositories_tag_immutability",
    ),
)
@each_condition
def _immutable_tags(resource: Resource) -> Iterator[Problem]:
    setting = resource.get("ImageTagMutability")
    occasions = resource.get("AppliedFor")
    if resource.type == CREATION_TEMPLATE and (
        not isinstance(occasions, list) or not set(map(str, occasions)) <= _OWN_IMAGES
    ):
        # The tags of a cache move with those of its upstream (ECR410).
        return
    if setting is None and resource.is_known:
        message = "tags may be moved: ImageTagMutability is MUTABLE by default"
        yield Problem(("Properties",), message)
    elif setting == "MUTABLE":
        yield Problem(("Properties", "ImageTagMutability"), "every tag may be moved")
    elif setting == "IMMUTABLE_WITH_EXCLUSION":
        filters = [str(entry.get(_VALUE)) for _, entry in resource.mappings(_FILTERS)]
        if any(pattern and not pattern.strip("*") for pattern in filters):
            message = "every tag may be moved: the filter '*' excludes all tags"
            yield Problem(("Properties", _FILTERS), message)


_OWN_IMAGES = {"REPLICATION", "CREATE_ON_PUSH"}


@warning_rule(
    "ECR013",
    "Images are scanned on push",
    types=[REPOSITORY],
    why="Vulnerabilities in an image that is not scanned are not reported.",
    remedy="Scan by AWS::ECR::RegistryScanningConfiguration, for all repositories, or write "
    "ImageScanningConfiguration: {ScanOnPush: true}.",
    source=f"{ECR_GUIDE}/image-scanning.html",
    controls=(
        "Security Hub ECR.1",
        "CT.ECR.PR.2",
        "CKV_AWS_163",
        "AVD-AWS-0030",
        "prowler ecr_repositories_scan_images_on_push_enabled",
    ),
)
def _scanned(resource: Resource) -> Iterator[Problem]:
    configuration = resource.get("ImageScanningConfiguration")
    on_push = resource.get("ImageScanningConfiguration", "ScanOnPush")
    is_literal = resource.is_known and isinstance(configuration, dict | None)
    is_off = is_literal and str(on_push).lower() in ("none", "false")
    is_off = is_off and not resource.stack.template.scanned_elsewhere
    if is_off and not any(
        _may_scan(item, resource) for item in resource.assembly.of_type(SCANNING)
    ):
        path = ("ImageScanningConfiguration",) if on_push is not None else ()
        yield Problem(("Properties", *path), "images are not scanned on push")


def _may_scan(scanning: Resource, repository: Resource) -> bool:
    """Tell whether a configuration may be that of the registry of a repository, and scan it."""
    here, there = repository.stack, scanning.stack
    for one, other in ((here.account, there.account), (here.region, there.region)):
        if None not in (one, other) and one != other:
            return False
    rules = scanning.get("Rules")
    if not isinstance(rules, list):
        # Without rules nothing is scanned automatically; unresolved rules may be any.
        return rules is not None
    return any(_may_select(scanning, index, repository) for index in range(len(rules)))


def _may_select(scanning: Resource, index: int, repository: Resource) -> bool:
    """Tell whether a rule scans the images of a repository, or may do so."""
    rule = scanning.get("Rules", index)
    filters = rule.get("RepositoryFilters") if isinstance(rule, Mapping) else UNKNOWN
    if not isinstance(filters, list):
        return filters is not None
    if scanning.get("Rules", index, "ScanFrequency") == "MANUAL":
        return False
    name = repository.text("RepositoryName")
    entries = scanning.mappings("Rules", index, "RepositoryFilters")
    patterns = [str(entry.get("Filter")) for _, entry in entries]
    return any(
        name is None or is_unresolved(pattern) or filter_matches(pattern, name)
        for pattern in patterns
    )


@warning_rule(
    "ECR018",
    "A public repository is tagged",
    types=[PUBLIC_REPOSITORY],
    why="Tags identify the owner of images that anyone can pull.",
    remedy="Add Tags.",
    source="https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html#ecr-4",
    controls=("Security Hub ECR.4",),
)
def _public_tagged(resource: Resource) -> Iterator[Problem]:
    if resource.is_known and resource.get("Tags") in (None, []):
        yield Problem(("Properties",), "the repository has no tags")
