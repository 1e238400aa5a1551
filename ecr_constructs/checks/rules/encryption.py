"""How images are encrypted, and the keys that do it."""

import re
from collections.abc import Iterator
from typing import get_args

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
    wrong_type_problems,
)
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.resource_types import (
    ALIAS,
    CREATION_TEMPLATE,
    KEY,
    REPLICA_KEY,
    REPOSITORY,
)
from ecr_constructs.cloudformation.uses import user_of_key
from ecr_constructs.model.encryption import KEY_ARN, Encryption, EncryptionType
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import ValidationError

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
    why="ECR needs an enabled symmetric encryption key, and rejects the repository, or the "
    "template, with any other. A template takes a key by its ARN only.",
    remedy="Write the key's ARN: Fn::GetAtt: [Key, Arn].",
    source=f"{ECR_API}/API_EncryptionConfigurationForRepositoryCreationTemplate.html",
)
@each_choice
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
    elif (target := _key_of(resource)) is not None:
        yield from each_choice(_key_errors)(target)


def _key_of(resource: Resource) -> Resource | None:
    """Return the key of a repository or template that the templates define, also by an alias."""
    key = resource.assembly.referred_to(_encryption(resource)[1])
    if key is not None and key.type == ALIAS:
        key = key.assembly.referred_to(key.get("TargetKeyId"))
    return key if key is not None and key.type in (KEY, REPLICA_KEY) else None


# https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
_NEEDED = {"KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT"}


def _key_errors(key: Resource) -> Iterator[Problem]:
    """Yield why ECR cannot use a key."""
    for name, needed in _NEEDED.items():
        if key.text(name) not in (None, needed):
            message = f"{key.id} has the {name} {key.text(name)}; ECR uses {needed} only"
            remedy = f"Leave KeySpec and KeyUsage out of {key.id}: it is then symmetric. Both "
            yield Problem(_KEY_PATH, message, f"{remedy}cannot be changed later.")
            return
    if str(key.get("Enabled")).lower() == "false":
        remedy = f"Write Enabled: true for {key.id}, or leave it out."
        yield Problem(_KEY_PATH, f"{key.id} is disabled", remedy)


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
    "ECR023",
    "KMS encryption uses a customer managed key",
    types=_TYPES,
    why="Without KmsKey ECR uses the aws/ecr key of the account, whose policy cannot be changed, "
    "and the key of a repository cannot be changed later.",
    remedy="Add KmsKey: the ARN of a customer managed key in the repository's Region.",
    source=_AT_REST,
    controls=("Security Hub ECR.5", "CKV_AWS_136", "AVD-AWS-0033"),
)
@each_condition
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
    """Check keys that KMS can rotate: enabled and symmetric, with material that it generated."""
    rotated = resource.get("EnableKeyRotation")
    can_rotate = resource.get("Origin") in (None, "AWS_KMS") and not [*_key_errors(resource)]
    is_off = str(rotated).lower() in ("none", "false") and resource.is_known
    if is_off and can_rotate and user_of_key(resource):
        path = ("Properties", "EnableKeyRotation") if rotated is not None else ("Properties",)
        yield Problem(path, "the key is never rotated")
