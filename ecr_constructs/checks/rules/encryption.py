"""How images are encrypted, which cannot be changed afterwards."""

import re
from collections.abc import Iterator
from typing import get_args

from ecr_constructs.checks.rule import Fault, rule
from ecr_constructs.cloudformation.resource import Resource
from ecr_constructs.cloudformation.resource_types import ALIAS, CREATION_TEMPLATE, KEY, REPOSITORY
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
    known = kind if kind in get_args(EncryptionType) else None
    return known, key if isinstance(key, str) else None  # type: ignore[return-value]


@rule(
    "ECR020",
    "error",
    "The key of a repository is one that ECR can use",
    types=_TYPES,
    why="ECR refuses the repository, or the template. A template takes a key by its ARN only.",
    remedy="Write the key's ARN: Fn::GetAtt: [Key, Arn].",
    source="https://docs.aws.amazon.com/AmazonECR/latest/APIReference/"
    "API_EncryptionConfigurationForRepositoryCreationTemplate.html",
)
def usable_key(resource: Resource) -> Iterator[Fault]:
    """Judge what is surely no key, or none for this type."""
    kind, key = _encryption(resource)
    if kind is None or key is None:
        return
    mistaken, other = resource.assembly.wrong_type_reference(key, KEY), _otherwise(resource, key)
    if kind == "AES256":
        yield Fault(_KEY_PATH, "AES256 takes no key", "Write EncryptionType: KMS.")
    elif mistaken is not None and mistaken.type != ALIAS:
        yield Fault(_KEY_PATH, f"{mistaken.id} is of type {mistaken.type}, not a key")
    elif other is not None and resource.type == CREATION_TEMPLATE:
        yield Fault(_KEY_PATH, other)
    elif other is None and not is_unresolved(key) and not KEY_ARN.fullmatch(key):
        yield Fault(_KEY_PATH, f"{key!r} is no key")


@rule(
    "ECR025",
    "warning",
    "The key of a repository is named by its ARN",
    types=[REPOSITORY],
    why="ECR keeps the ARN of the key that an alias or an id names on that day: the stack differs "
    "from what is deployed for ever, moving the alias changes nothing, and writing the ARN later "
    "replaces the repository, whose images stay behind.",
    remedy="Write the key's ARN: Fn::GetAtt: [Key, Arn]. If it was deployed like this, leave it.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/"
    "aws-properties-ecr-repository-encryptionconfiguration.html",
)
def key_by_arn(resource: Resource) -> Iterator[Fault]:
    """Look for an alias, and for a bare id."""
    kind, key = _encryption(resource)
    if kind in ("KMS", "KMS_DSSE") and key is not None:
        other = _otherwise(resource, key)
        yield from [Fault(_KEY_PATH, other)] if other else []


def _otherwise(resource: Resource, key: str) -> str | None:
    """Say how a key is named, if it is by an alias or a bare id."""
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
    "error",
    "A repository can be encrypted as asked where it is",
    types=_TYPES,
    why="The key must be in the repository's Region, and KMS_DSSE exists only in AWS GovCloud "
    "(US): ECR refuses the repository.",
    remedy="Name a key of the repository's Region.",
    source=_AT_REST,
)
def encryption_in_region(resource: Resource) -> Iterator[Fault]:
    """Judge what depends on the Region, as the constructs do."""
    kind, key = _encryption(resource)
    region = resource.stack.region
    if kind is None or region is None:
        return
    try:
        encryption = Encryption(kind, key)
    except ValueError:
        # ECR020 says what is wrong with it.
        return
    try:
        encryption.check_region(region)
    except ValidationError as error:
        for problem in error.diagnostics:
            yield Fault(_PATH, problem.text)


@rule(
    "ECR022",
    "warning",
    "AES-256 is not declared",
    types=[REPOSITORY],
    why="Adding AES256 to a repository that uses it already, as all do by default, makes "
    "CloudFormation replace the repository, and its images stay behind.",
    remedy="Leave out EncryptionConfiguration: AES-256 is what its absence means. If it was "
    "deployed like this, leave it.",
    source="https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2502",
)
def aes256_absent(resource: Resource) -> Iterator[Fault]:
    """Look for what means nothing and replaces a repository."""
    if _encryption(resource)[0] == "AES256":
        yield Fault(_PATH, "EncryptionType AES256 is the default, and declaring it replaces")


@rule(
    "ECR023",
    "warning",
    "KMS encryption uses a key of your own",
    types=_TYPES,
    why="Without KmsKey it is the account's aws/ecr key, whose policy cannot be changed; and the "
    "key of a repository cannot be changed later.",
    remedy="Add KmsKey: the ARN of a key of yours in the repository's Region.",
    source=_AT_REST,
    controls=_CUSTOMER_KEY,
)
def customer_key(resource: Resource) -> Iterator[Fault]:
    """Look for KMS without a key."""
    configuration = resource.get("EncryptionConfiguration")
    kind, _ = _encryption(resource)
    chosen = kind in ("KMS", "KMS_DSSE") and isinstance(configuration, dict)
    if chosen and "KmsKey" not in configuration:
        yield Fault(_PATH, f"{kind} without KmsKey means the key aws/ecr")


@rule(
    "ECR024",
    "warning",
    "A key that encrypts images is rotated",
    types=[KEY],
    why="New images are encrypted under new key material, so that a leaked one opens less.",
    remedy="Write EnableKeyRotation: true.",
    source="https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html",
    controls=("Security Hub KMS.4", "CKV_AWS_7", "AVD-AWS-0065"),
)
def key_rotated(resource: Resource) -> Iterator[Fault]:
    """Look at the symmetric keys that repositories name."""
    rotated = resource.get("EnableKeyRotation")
    if resource.assembly.user_of_key(resource) and str(rotated).lower() in ("none", "false"):
        path = ("Properties", "EnableKeyRotation") if rotated is not None else ("Properties",)
        yield Fault(path, "the key is never rotated")
