"""Encryption of images, which cannot be changed after creation."""

import re
from collections.abc import Iterator
from typing import get_args

from ecr_constructs.checks.rule import Problem, model_problems, rule
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.resource_types import ALIAS, CREATION_TEMPLATE, KEY, REPOSITORY
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.encryption import KEY_ARN, Encryption, EncryptionType
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import ValidationError

_TYPES = (REPOSITORY, CREATION_TEMPLATE)
_AT_REST = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html"
_PATH = ("Properties", "EncryptionConfiguration")
_KEY_PATH = (*_PATH, "KmsKey")
# https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id-key-id
_KEY_ID = re.compile(r"(?:mrk-)?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")
_CUSTOMER_KEY = (
    "Security Hub ECR.5",
    "CKV_AWS_136",
    "AVD-AWS-0033",
)


def _encryption(resource: Resource) -> tuple[EncryptionType | None, str | None]:
    """Return type and key, each None if it is absent or not known."""
    kind = resource.text("EncryptionConfiguration", "EncryptionType")
    key = resource.get("EncryptionConfiguration", "KmsKey")
    literal = kind if kind in get_args(EncryptionType) else None
    return literal, key if isinstance(key, str) else None  # type: ignore[return-value]


@rule(
    "ECR020",
    Severity.ERROR,
    "ECR can use the key of a repository",
    types=_TYPES,
    why="ECR rejects the repository, or the template. A template takes a key by its ARN only.",
    remedy="Write the key's ARN: Fn::GetAtt: [Key, Arn].",
    source="https://docs.aws.amazon.com/AmazonECR/latest/APIReference/"
    "API_EncryptionConfigurationForRepositoryCreationTemplate.html",
)
def usable_key(resource: Resource) -> Iterator[Problem]:
    """Find values that are definitely not a key, or not valid for this encryption type."""
    kind, key = _encryption(resource)
    if kind is None or key is None:
        return
    wrong, indirect = resource.assembly.wrong_type_reference(key, KEY), _indirect(resource, key)
    if kind == "AES256":
        yield Problem(_KEY_PATH, "AES256 takes no key", "Write EncryptionType: KMS.")
    elif wrong is not None and wrong.type != ALIAS:
        yield Problem(_KEY_PATH, f"{wrong.id} is of type {wrong.type}, not a key")
    elif indirect is not None and resource.type == CREATION_TEMPLATE:
        yield Problem(_KEY_PATH, indirect)
    elif indirect is None and not is_unresolved(key) and not KEY_ARN.fullmatch(key):
        yield Problem(_KEY_PATH, f"{key!r} is not a key")


@rule(
    "ECR025",
    Severity.WARNING,
    "The key of a repository is named by its ARN",
    types=[REPOSITORY],
    why="ECR stores the ARN that an alias or id resolves to at creation: the stack permanently "
    "differs from the deployed repository, moving the alias has no effect, and writing the ARN "
    "later replaces the repository, without its images.",
    remedy="Write the key's ARN: Fn::GetAtt: [Key, Arn]. Do not change a deployed repository.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/"
    "aws-properties-ecr-repository-encryptionconfiguration.html",
)
def key_by_arn(resource: Resource) -> Iterator[Problem]:
    """Find aliases and bare ids."""
    kind, key = _encryption(resource)
    if kind in ("KMS", "KMS_DSSE") and key is not None:
        indirect = _indirect(resource, key)
        yield from [Problem(_KEY_PATH, indirect)] if indirect else []


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


@rule(
    "ECR021",
    Severity.ERROR,
    "The encryption of a repository is available in its Region",
    types=_TYPES,
    why="The key must be in the repository's Region, and KMS_DSSE exists only in AWS GovCloud "
    "(US): ECR rejects the repository.",
    remedy="Name a key of the repository's Region.",
    source=_AT_REST,
)
def encryption_in_region(resource: Resource) -> Iterator[Problem]:
    """Validate what depends on the Region."""
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


@rule(
    "ECR022",
    Severity.WARNING,
    "AES-256 encryption is not declared",
    types=[REPOSITORY],
    why="Adding AES256 to a deployed repository, which uses it by default, makes CloudFormation "
    "replace the repository, without its images.",
    remedy="Omit EncryptionConfiguration: AES-256 is the default. Do not change a deployed "
    "repository.",
    source="https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2502",
)
def aes256_absent(resource: Resource) -> Iterator[Problem]:
    """Find the explicit default, which replaces a repository."""
    if _encryption(resource)[0] == "AES256":
        yield Problem(_PATH, "AES256 is the default, and adding it replaces the repository")


@rule(
    "ECR023",
    Severity.WARNING,
    "KMS encryption uses a customer managed key",
    types=_TYPES,
    why="Without KmsKey ECR uses the aws/ecr key of the account, whose policy cannot be changed, "
    "and the key of a repository cannot be changed later.",
    remedy="Add KmsKey: the ARN of a customer managed key in the repository's Region.",
    source=_AT_REST,
    controls=_CUSTOMER_KEY,
)
def customer_key(resource: Resource) -> Iterator[Problem]:
    """Find KMS encryption without a key."""
    configuration = resource.get("EncryptionConfiguration")
    kind, _ = _encryption(resource)
    uses_kms = kind in ("KMS", "KMS_DSSE") and isinstance(configuration, dict)
    if uses_kms and "KmsKey" not in configuration:
        yield Problem(_PATH, f"{kind} without KmsKey uses the key aws/ecr")


@rule(
    "ECR024",
    Severity.WARNING,
    "A key that encrypts images is rotated",
    types=[KEY],
    why="Rotation limits how many images one version of the key material can decrypt.",
    remedy="Write EnableKeyRotation: true.",
    source="https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html",
    controls=("Security Hub KMS.4", "CKV_AWS_7", "AVD-AWS-0065"),
)
def key_rotated(resource: Resource) -> Iterator[Problem]:
    """Check the symmetric keys that repositories name."""
    rotated = resource.get("EnableKeyRotation")
    if resource.assembly.user_of_key(resource) and str(rotated).lower() in ("none", "false"):
        path = ("Properties", "EnableKeyRotation") if rotated is not None else ("Properties",)
        yield Problem(path, "the key is never rotated")
