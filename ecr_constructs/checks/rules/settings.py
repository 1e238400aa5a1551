"""Tags, mutability and scanning of repositories."""

from collections import Counter
from collections.abc import Iterator

from ecr_constructs.checks.rule import Fault, rule
from ecr_constructs.cloudformation.resource import Resource
from ecr_constructs.cloudformation.resource_types import (
    CREATION_TEMPLATE,
    PUBLIC_REPOSITORY,
    REPOSITORY,
    SCANNING,
)
from ecr_constructs.model.mutability import TagMutability
from ecr_constructs.model.tags import tag_errors
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import ValidationError

_FILTERS = "ImageTagMutabilityExclusionFilters"
_VALUE = "ImageTagMutabilityExclusionFilterValue"
_EXCLUDING = "_WITH_EXCLUSION"
_MUTABILITY = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html"


def _tags_of(resource: Resource) -> tuple[str, list[tuple[str, object]]]:
    name = "ResourceTags" if resource.type == CREATION_TEMPLATE else "Tags"
    entries = [each for _, each in resource.mappings(name)]
    pairs = [(str(each["Key"]), each.get("Value")) for each in entries if "Key" in each]
    return name, pairs


@rule(
    "ECR010",
    "error",
    "Tags are those that CloudFormation accepts",
    types=[REPOSITORY, PUBLIC_REPOSITORY, CREATION_TEMPLATE],
    why="CloudFormation refuses the stack.",
    remedy="Write at most 50 tags, keys of 1 to 127 and values of 1 to 255 characters.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/"
    "aws-properties-ecr-repository-tag.html",
)
def accepted_tags(resource: Resource) -> Iterator[Fault]:
    """Judge the tags as the constructs do, and look for keys that stand twice."""
    name, pairs = _tags_of(resource)
    path = ("Properties", name)
    for fault in tag_errors({key: _text(value) for key, value in pairs}):
        yield Fault(path, fault.text)
    for key, uses in Counter(key for key, _ in pairs if not is_unresolved(key)).items():
        if uses > 1:
            yield Fault(path, f"key {key!r} stands {uses} times", "Keep one of them.")


def _text(value: object) -> str:
    # CloudFormation makes texts of numbers and truth values; ECR004 speaks of lists and objects.
    return value if isinstance(value, str) else str(value)


@rule(
    "ECR011",
    "error",
    "Exclusion filters go with a mutability that has exclusions, and are accepted",
    types=[REPOSITORY, CREATION_TEMPLATE],
    why="ECR refuses filters without a *_WITH_EXCLUSION setting, and that setting without filters.",
    remedy="Write IMMUTABLE_WITH_EXCLUSION or MUTABLE_WITH_EXCLUSION together with 1 to 5 filters.",
    source=_MUTABILITY,
)
def sound_exclusions(resource: Resource) -> Iterator[Fault]:
    """Hold setting and filters to each other, and judge the filters."""
    filters, setting = resource.get(_FILTERS), resource.get("ImageTagMutability")
    known = not any(isinstance(each, str) and is_unresolved(each) for each in (filters, setting))
    if filters == []:
        yield Fault(("Properties", _FILTERS), "the list is empty")
    elif known and isinstance(setting, str | None):
        if filters is not None and not str(setting).endswith(_EXCLUDING):
            said = f"ImageTagMutability {setting or 'MUTABLE'} takes no exclusion filters"
            yield Fault(("Properties", _FILTERS), said)
        elif filters is None and str(setting).endswith(_EXCLUDING) and resource.is_known:
            said = f"{setting} needs {_FILTERS}"
            yield Fault(("Properties", "ImageTagMutability"), said)
    values = [str(each.get(_VALUE, "")) for _, each in resource.mappings(_FILTERS)]
    try:
        TagMutability.immutable(except_for=values)
    except ValidationError as error:
        for problem in error.diagnostics:
            said = problem.text
            yield Fault(("Properties", _FILTERS), f"filter {said}" if said[0] in "'\"" else said)


@rule(
    "ECR012",
    "warning",
    "Tags are immutable",
    types=[REPOSITORY],
    why="A tag that can be moved does not name what was tested: whoever may push can change what "
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
def immutable_tags(resource: Resource) -> Iterator[Fault]:
    """Look for tags that may be moved, by default or by intention."""
    setting = resource.get("ImageTagMutability")
    if setting is None and resource.is_known:
        yield Fault(("Properties",), "tags may be moved: ImageTagMutability is MUTABLE by default")
    elif setting == "MUTABLE":
        yield Fault(("Properties", "ImageTagMutability"), "every tag may be moved")


@rule(
    "ECR013",
    "warning",
    "Images are scanned when they are pushed",
    types=[REPOSITORY],
    why="Nobody is told of a known vulnerability in an image that is not scanned.",
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
def scanned(resource: Resource) -> Iterator[Fault]:
    """Look for what neither the repository nor the registry scans, as far as is known."""
    on_push = resource.get("ImageScanningConfiguration", "ScanOnPush")
    known = resource.is_known and isinstance(
        resource.get("ImageScanningConfiguration"), dict | None
    )
    if not known or str(on_push).lower() not in ("none", "false"):
        return
    if resource.assembly.in_registry_of(resource, SCANNING):
        # Which decides for every repository.
        return
    path = ("Properties", "ImageScanningConfiguration")
    yield Fault(path if on_push is not None else ("Properties",), "images are not scanned on push")


@rule(
    "ECR018",
    "warning",
    "A public repository is tagged",
    types=[PUBLIC_REPOSITORY],
    why="Tags say who owns what the whole world can pull.",
    remedy="Add Tags.",
    source="https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html#ecr-4",
    controls=("Security Hub ECR.4",),
)
def public_tagged(resource: Resource) -> Iterator[Fault]:
    """Look for no tag at all."""
    if resource.is_known and resource.get("Tags") in (None, []):
        yield Fault(("Properties",), "the repository has no tags")
