"""Names, tags, mutability and scanning of repositories."""

from collections import Counter
from collections.abc import Iterator

from ecr_constructs.checks.rule import Problem, model_problems, rule
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.resource_types import (
    CREATION_TEMPLATE,
    PUBLIC_REPOSITORY,
    REPOSITORY,
    SCANNING,
)
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.mutability import TagMutability
from ecr_constructs.model.names import repository_name_errors
from ecr_constructs.model.public_catalog import public_name_errors
from ecr_constructs.model.tags import tag_errors
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import ValidationError

_NAME_PATH = ("Properties", "RepositoryName")


@rule(
    "ECR002",
    Severity.ERROR,
    "The name of a repository is valid",
    types=[REPOSITORY, PUBLIC_REPOSITORY],
    why="ECR rejects any other name when the stack is deployed.",
    remedy="Write lowercase letters and digits, separated by '.', '_', '-' or '/'.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html",
)
def accepted_name(resource: Resource) -> Iterator[Problem]:
    """Validate the name."""
    name = resource.text("RepositoryName")
    if name is None:
        return
    errors_of = repository_name_errors if resource.type == REPOSITORY else public_name_errors
    yield from model_problems(_NAME_PATH, errors_of(name), f"the name {name!r} ")


@rule(
    "ECR003",
    Severity.ERROR,
    "A repository is defined once",
    types=[REPOSITORY, PUBLIC_REPOSITORY],
    why="A name is unique per account and Region: the second repository fails with 'already "
    "exists'.",
    remedy="Define the repository once, and refer to it elsewhere.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html",
)
def defined_once(resource: Resource) -> Iterator[Problem]:
    """Find an earlier repository with the same name."""
    name = resource.text("RepositoryName")
    first = resource.assembly.first_of(resource, "RepositoryName") if name else None
    if first is not None and first is not resource:
        where = "" if first.stack is resource.stack else f" of {first.stack.template.name}"
        yield Problem(_NAME_PATH, f"{name!r} is also the name of {first.id}{where}")


_FILTERS = "ImageTagMutabilityExclusionFilters"
_VALUE = "ImageTagMutabilityExclusionFilterValue"
_EXCLUDING = "_WITH_EXCLUSION"
_MUTABILITY = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html"


def _tags_of(resource: Resource) -> tuple[str, list[tuple[str, object]]]:
    name = "ResourceTags" if resource.type == CREATION_TEMPLATE else "Tags"
    entries = [entry for _, entry in resource.mappings(name)]
    pairs = [(str(entry["Key"]), entry.get("Value")) for entry in entries if "Key" in entry]
    return name, pairs


@rule(
    "ECR010",
    Severity.ERROR,
    "Tags are valid",
    types=[REPOSITORY, PUBLIC_REPOSITORY, CREATION_TEMPLATE],
    why="CloudFormation rejects the stack.",
    remedy="Write at most 50 tags, keys of 1 to 127 and values of 1 to 255 characters.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/"
    "aws-properties-ecr-repository-tag.html",
)
def accepted_tags(resource: Resource) -> Iterator[Problem]:
    """Validate the tags, and find duplicate keys."""
    name, pairs = _tags_of(resource)
    path = ("Properties", name)
    yield from model_problems(path, tag_errors({key: _text(value) for key, value in pairs}))
    for key, uses in Counter(key for key, _ in pairs if not is_unresolved(key)).items():
        if uses > 1:
            yield Problem(path, f"duplicate key {key!r} ({uses} times)", "Keep one of them.")


def _text(value: object) -> str:
    # CloudFormation converts numbers and booleans; ECR004 covers lists and objects.
    return value if isinstance(value, str) else str(value)


@rule(
    "ECR011",
    Severity.ERROR,
    "Exclusion filters are valid and match the tag mutability",
    types=[REPOSITORY, CREATION_TEMPLATE],
    why="ECR rejects filters without a *_WITH_EXCLUSION setting, and that setting without filters.",
    remedy="Write IMMUTABLE_WITH_EXCLUSION or MUTABLE_WITH_EXCLUSION together with 1 to 5 filters.",
    source=_MUTABILITY,
)
def sound_exclusions(resource: Resource) -> Iterator[Problem]:
    """Compare the setting with the filters, and validate the filters."""
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


@rule(
    "ECR012",
    Severity.WARNING,
    "Tags are immutable",
    types=[REPOSITORY],
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
def immutable_tags(resource: Resource) -> Iterator[Problem]:
    """Find mutable tags, by default or explicitly."""
    setting = resource.get("ImageTagMutability")
    if setting is None and resource.is_known:
        yield Problem(
            ("Properties",), "tags may be moved: ImageTagMutability is MUTABLE by default"
        )
    elif setting == "MUTABLE":
        yield Problem(("Properties", "ImageTagMutability"), "every tag may be moved")


@rule(
    "ECR013",
    Severity.WARNING,
    "Images are scanned on push",
    types=[REPOSITORY],
    why="Vulnerabilities in an image that is not scanned are not reported.",
    remedy="Scan by AWS::ECR::RegistryScanningConfiguration, for all repositories, or write "
    "ImageScanningConfiguration: {ScanOnPush: true}.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html",
    controls=(
        "Security Hub ECR.1",
        "CT.ECR.PR.2",
        "CKV_AWS_163",
        "AVD-AWS-0030",
        "prowler ecr_repositories_scan_images_on_push_enabled",
    ),
)
def scanned(resource: Resource) -> Iterator[Problem]:
    """Find repositories that neither their own settings nor the registry scans."""
    on_push = resource.get("ImageScanningConfiguration", "ScanOnPush")
    is_literal = resource.is_known and isinstance(
        resource.get("ImageScanningConfiguration"), dict | None
    )
    if not is_literal or str(on_push).lower() not in ("none", "false"):
        return
    if resource.assembly.in_registry_of(resource, SCANNING):
        # Which decidesy repository.
        return
    path = ("Properties", "ImageScanningConfiguration")
    yield Problem(
        path if on_push is not None else ("Properties",), "images are not scanned on push"
    )


@rule(
    "ECR018",
    Severity.WARNING,
    "A public repository is tagged",
    types=[PUBLIC_REPOSITORY],
    why="Tags identify the owner of images that anyone can pull.",
    remedy="Add Tags.",
    source="https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html#ecr-4",
    controls=("Security Hub ECR.4",),
)
def public_tagged(resource: Resource) -> Iterator[Problem]:
    """Find repositories without tags."""
    if resource.is_known and resource.get("Tags") in (None, []):
        yield Problem(("Properties",), "the repository has no tags")
