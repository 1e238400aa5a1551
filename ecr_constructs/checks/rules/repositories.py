"""Repositories: names, tags, mutability, scanning, encryption, and what deletes their images."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import get_args

from ecr_constructs.checks.rule import (
    CFN_REFERENCE,
    ECR_API,
    ECR_GUIDE,
    Problem,
    error_rule,
    model_problems,
    warning_rule,
    wrong_type_problems,
)
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.resource_types import (
    ALIAS,
    CREATION_TEMPLATE,
    KEY,
    PUBLIC_REPOSITORY,
    REPOSITORY,
    SCANNING,
)
from ecr_constructs.model.encryption import KEY_ARN, Encryption, EncryptionType
from ecr_constructs.model.mutability import TagMutability
from ecr_constructs.model.names import repository_name_errors
from ecr_constructs.model.public_catalog import public_name_errors
from ecr_constructs.model.tags import tag_errors
from ecr_constructs.model.tokens import is_unresolved
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
def _accepted_name(resource: Resource) -> Iterator[Problem]:
    name = resource.text("RepositoryName")
    if name is None:
        return
    errors_of = repository_name_errors if resource.type == REPOSITORY else public_name_errors
    yield from model_problems(_NAME_PATH, errors_of(name), f"the name {name!r} ")


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
    why="CloudFormation rejects the stack.",
    remedy="Write at most 50 tags, keys of 1 to 127 and values of 1 to 255 characters.",
    source=f"{CFN_REFERENCE}/aws-properties-ecr-repository-tag.html",
)
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
    why="ECR rejects filters without a *_WITH_EXCLUSION setting, and that setting without filters.",
    remedy="Write IMMUTABLE_WITH_EXCLUSION or MUTABLE_WITH_EXCLUSION together with 1 to 5 filters.",
    source=_MUTABILITY,
)
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
def _immutable_tags(resource: Resource) -> Iterator[Problem]:
    setting = resource.get("ImageTagMutability")
    if setting is None and resource.is_known:
        message = "tags may be moved: ImageTagMutability is MUTABLE by default"
        yield Problem(("Properties",), message)
    elif setting == "MUTABLE":
        yield Problem(("Properties", "ImageTagMutability"), "every tag may be moved")


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
    # A scanning configuration of the registry decides for every repository.
    if is_off and not resource.assembly.in_registry_of(resource, SCANNING):
        path = ("ImageScanningConfiguration",) if on_push is not None else ()
        yield Problem(("Properties", *path), "images are not scanned on push")


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


_WHEN = {
    "DeletionPolicy": "the stack is deleted",
    "UpdateReplacePolicy": "the resource is replaced",
}


def _unretained(resource: Resource) -> list[str]:
    """Return the attributes that definitely do not retain a resource."""
    resolve = resource.stack.resolver.resolve
    deleting = (None, "Delete", "Snapshot")
    return [name for name in _WHEN if resolve(resource.body.get(name)) in deleting]


def _empties(resource: Resource) -> bool:
    return str(resource.get("EmptyOnDelete")).lower() == "true"


def _when(names: list[str]) -> str:
    return " or ".join(_WHEN[name] for name in names)


def _deletion(resource: Resource, names: list[str], subject: str) -> Problem:
    settings = ", ".join(f"{name} is {resource.body.get(name, 'not set')}" for name in names)
    return Problem((names[0],), f"{settings}: {subject} is deleted when {_when(names)}")


@error_rule(
    "ECR015",
    "The images of a repository are not deleted with its stack",
    types=[REPOSITORY],
    why="EmptyOnDelete deletes every image, in use or not, without confirmation.",
    remedy="Write DeletionPolicy: Retain and UpdateReplacePolicy: Retain, or leave out "
    "EmptyOnDelete.",
    source=f"{CFN_REFERENCE}/aws-resource-ecr-repository.html#cfn-ecr-repository-emptyondelete",
)
def _images_stay(resource: Resource) -> Iterator[Problem]:
    if _empties(resource) and (missing := _unretained(resource)):
        message = f"every image is lost when {_when(missing)}"
        yield Problem(("Properties", "EmptyOnDelete"), message)


@warning_rule(
    "ECR016",
    "A repository is retained",
    types=[REPOSITORY],
    why="CloudFormation deletes a repository when its resource is removed, renamed or replaced; "
    "an empty one is deleted, one with images makes the stack deletion fail.",
    remedy="Write DeletionPolicy: Retain and UpdateReplacePolicy: Retain.",
    source=f"{CFN_REFERENCE}/aws-attribute-deletionpolicy.html",
)
def _repository_retained(resource: Resource) -> Iterator[Problem]:
    """Find missing policies; ECR015 covers repositories that lose images."""
    missing = _unretained(resource)
    if missing and not _empties(resource):
        yield _deletion(resource, missing, "it")


@error_rule(
    "ECR017",
    "A key that encrypts images is retained",
    types=[KEY],
    why="Without its key no image can be read again, even from a retained repository.",
    remedy="Write DeletionPolicy: Retain and UpdateReplacePolicy: Retain.",
    source=f"{ECR_GUIDE}/encryption-at-rest.html",
)
def _key_retained(resource: Resource) -> Iterator[Problem]:
    user, missing = resource.assembly.user_of_key(resource), _unretained(resource)
    if user is not None and missing:
        yield _deletion(resource, missing, f"the key of {user.id}")


_TYPES = (REPOSITORY, CREATION_TEMPLATE)
_AT_REST = f"{ECR_GUIDE}/encryption-at-rest.html"
_PATH = ("Properties", "EncryptionConfiguration")
_KEY_PATH = (*_PATH, "KmsKey")
# https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id-key-id
_KEY_ID = re.compile(r"(?:mrk-)?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")


def _encryption(resource: Resource) -> tuple[EncryptionType | None, str | None]:
    """Return type and key, each None if it is absent or not known."""
    kind = resource.text("EncryptionConfiguration", "EncryptionType")
    key = resource.get("EncryptionConfiguration", "KmsKey")
    literal = kind if kind in get_args(EncryptionType) else None
    return literal, key if isinstance(key, str) else None  # type: ignore[return-value]


@error_rule(
    "ECR020",
    "ECR can use the key of a repository",
    types=_TYPES,
    why="ECR rejects the repository, or the template. A template takes a key by its ARN only.",
    remedy="Write the key's ARN: Fn::GetAtt: [Key, Arn].",
    source=f"{ECR_API}/API_EncryptionConfigurationForRepositoryCreationTemplate.html",
)
def _usable_key(resource: Resource) -> Iterator[Problem]:
    kind, key = _encryption(resource)
    if kind is None or key is None:
        return
    wrong, indirect = resource.assembly.wrong_type_reference(key, KEY), _indirect(resource, key)
    if kind == "AES256":
        yield Problem(_KEY_PATH, "AES256 takes no key", "Write EncryptionType: KMS.")
    elif wrong is not None and wrong.type != ALIAS:
        yield from wrong_type_problems(resource, _KEY_PATH, key, KEY, "key")
    elif indirect is not None and resource.type == CREATION_TEMPLATE:
        yield Problem(_KEY_PATH, indirect)
    elif indirect is None and not is_unresolved(key) and not KEY_ARN.fullmatch(key):
        yield Problem(_KEY_PATH, f"{key!r} is not a key")


@warning_rule(
    "ECR025",
    "The key of a repository is named by its ARN",
    types=[REPOSITORY],
    why="ECR stores the ARN that an alias or id resolves to at creation: the stack permanently "
    "differs from the deployed repository, moving the alias has no effect, and writing the ARN "
    "later replaces the repository, without its images.",
    remedy="Write the key's ARN: Fn::GetAtt: [Key, Arn]. Do not change a deployed repository.",
    source=f"{CFN_REFERENCE}/aws-properties-ecr-repository-encryptionconfiguration.html",
)
def _key_by_arn(resource: Resource) -> Iterator[Problem]:
    kind, key = _encryption(resource)
    indirect = None if key is None else _indirect(resource, key)
    if kind in ("KMS", "KMS_DSSE") and indirect is not None:
        yield Problem(_KEY_PATH, indirect)


def _indirect(resource: Resource, key: str) -> str | None:
    """Describe how a key is named, if by an alias or a bare id."""
    referred = resource.assembly.referred_to(key)
    if referred is not None and referred.type == ALIAS:
        return f"{referred.id} is an alias"
    if referred is not None and referred.type == KEY and key.endswith(".Ref]}"):
        return f"Ref gives the id of {referred.id}, not its ARN"
    if "alias/" in key:
        return f"{key!r} is an alias"
    return f"{key!r} is the id of a key, not its ARN" if _KEY_ID.fullmatch(key) else None


@error_rule(
    "ECR021",
    "The encryption of a repository is available in its Region",
    types=_TYPES,
    why="The key must be in the repository's Region, and KMS_DSSE exists only in AWS GovCloud "
    "(US): ECR rejects the repository.",
    remedy="Name a key of the repository's Region.",
    source=_AT_REST,
)
def _encryption_in_region(resource: Resource) -> Iterator[Problem]:
    kind, key = _encryption(resource)
    region = resource.stack.region
    if kind is None or region is None:
        return
    try:
        encryption = Encryption(kind, key)
    except ValidationError:
        # ECR020 reports what is wrong with it.
        return
    try:
        encryption.check_region(region)
    except ValidationError as error:
        yield from model_problems(_PATH, error.diagnostics)


@warning_rule(
    "ECR022",
    "AES-256 encryption is not declared",
    types=[REPOSITORY],
    why="Adding AES256 to a deployed repository, which uses it by default, makes CloudFormation "
    "replace the repository, without its images.",
    remedy="Omit EncryptionConfiguration: AES-256 is the default. Do not change a deployed "
    "repository.",
    source="https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2502",
)
def _aes256_absent(resource: Resource) -> Iterator[Problem]:
    if _encryption(resource)[0] == "AES256":
        yield Problem(_PATH, "AES256 is the default, and adding it replaces the repository")


@warning_rule(
    "ECR023",
    "KMS encryption uses a customer managed key",
    types=_TYPES,
    why="Without KmsKey ECR uses the aws/ecr key of the account, whose policy cannot be changed, "
    "and the key of a repository cannot be changed later.",
    remedy="Add KmsKey: the ARN of a customer managed key in the repository's Region.",
    source=_AT_REST,
    controls=("Security Hub ECR.5", "CKV_AWS_136", "AVD-AWS-0033"),
)
def _customer_key(resource: Resource) -> Iterator[Problem]:
    configuration = resource.get("EncryptionConfiguration")
    kind, _ = _encryption(resource)
    uses_kms = kind in ("KMS", "KMS_DSSE") and isinstance(configuration, dict)
    if uses_kms and "KmsKey" not in configuration:
        yield Problem(_PATH, f"{kind} without KmsKey uses the key aws/ecr")


@warning_rule(
    "ECR024",
    "A key that encrypts images is rotated",
    types=[KEY],
    why="Rotation limits how many images one version of the key material can decrypt.",
    remedy="Write EnableKeyRotation: true.",
    source="https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html",
    controls=("Security Hub KMS.4", "CKV_AWS_7", "AVD-AWS-0065"),
)
def _key_rotated(resource: Resource) -> Iterator[Problem]:
    rotated = resource.get("EnableKeyRotation")
    if resource.assembly.user_of_key(resource) and str(rotated).lower() in ("none", "false"):
        path = ("Properties", "EnableKeyRotation") if rotated is not None else ("Properties",)
        yield Problem(path, "the key is never rotated")
