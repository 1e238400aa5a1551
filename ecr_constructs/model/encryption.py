"""How images are encrypted at rest, and the names of KMS keys."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Literal, Protocol, Self, cast

from ecr_constructs.model.arguments import checked
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.partitions import partition_of
from ecr_constructs.model.references import AnyKey, arn_of
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid, text_length_errors

EncryptionType = Literal["AES256", "KMS", "KMS_DSSE"]

# https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
ALIAS_MAX_LENGTH = 256
_ALIAS = re.compile(r"alias/[a-zA-Z0-9/_-]+")

KEY_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z0-9-]*):kms:(?P<region>[a-z0-9-]+):[0-9]{12}:key/[a-zA-Z0-9-]+"
)


class HasValue(Protocol):
    """The part of ``ecr.RepositoryEncryption`` that the model reads."""

    @property
    def value(self) -> EncryptionType:
        """ECR's name of the encryption type."""


@checked
@dataclass(frozen=True, slots=True)
class Encryption:
    """How the images of a repository are encrypted: AES-256, or KMS to control the key.

    A change replaces the repository, and the images stay behind in the old one.

    Attributes:
        type: ECR's name of the encryption type.
        key_arn: The ARN of the customer managed key, or None.

    Raises:
        ValidationError: The key is an alias or not a key ARN, or the type does not use a key.

    Example:
        >>> str(Encryption.aws_managed())
        'KMS, AWS managed key'
    """

    _REMEDY: ClassVar[str] = "write Encryption.customer_managed(key), .aws_managed() or .aes256()"

    type: EncryptionType
    key_arn: str | None = None
    # The ARN of a key that the app itself defines does not tell its Region.
    _key_region: str | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Validate the key."""
        raise_if_invalid("encryption key", self.key_arn, self._key_errors())

    def _key_errors(self) -> Iterator[Diagnostic]:
        if self.type not in ("AES256", "KMS", "KMS_DSSE"):
            yield Diagnostic(
                "encryption-type-unknown",
                f"encryption type must be AES256, KMS or KMS_DSSE, got {self.type!r}",
            )
        if self.key_arn is None:
            return
        if self.type == "AES256":
            yield Diagnostic(
                "encryption-key-not-used",
                "AES-256 takes no key",
                remedy="write Encryption.customer_managed(key)",
            )
        # ECR answers with the key where the template has an alias, so that every deployment would
        # replace the repository (https://github.com/cloudposse/terraform-aws-ecr/issues/85).
        if "alias/" in self.key_arn:
            yield Diagnostic(
                "encryption-key-is-alias",
                "is an alias",
                remedy="give the key itself: kms.Key, kms.Key.from_key_arn(…) or "
                "'arn:aws:kms:REGION:ACCOUNT:key/ID'",
            )
        elif not is_unresolved(self.key_arn) and not KEY_ARN.fullmatch(self.key_arn):
            yield Diagnostic(
                "encryption-key-format",
                "must be a kms.IKey or a key ARN, 'arn:aws:kms:REGION:ACCOUNT:key/ID'",
            )
        elif (arn := KEY_ARN.fullmatch(self.key_arn)) and (
            partition := partition_of(arn["region"])
        ) != arn["partition"]:
            yield Diagnostic(
                "encryption-key-partition",
                f"is in the partition {arn['partition']}, and the Region {arn['region']} in "
                f"{partition}",
            )

    @classmethod
    def aes256(cls) -> Self:
        """Encrypt with keys that Amazon S3 manages, ECR's free default.

        It renders nothing: declaring AES256 on a repository that already uses it makes
        CloudFormation replace the repository
        (https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2502).
        """
        return cls("AES256")

    @classmethod
    def aws_managed(cls) -> Self:
        """Encrypt with the account's ``aws/ecr`` key: its use is audited, its policy is fixed."""
        return cls("KMS")

    @classmethod
    def customer_managed(cls, key: AnyKey) -> Self:
        """Encrypt with a key of your own, whose policy decides who may use it.

        Args:
            key: A ``kms.IKey`` or ``kms.CfnKey`` of the repository's Region, or its key ARN. Not an
                alias.

        Raises:
            ValidationError: The key is an alias or not a key ARN.
        """
        return cls("KMS", *_arn_and_region(key))

    @classmethod
    def dual_layer(cls, key: AnyKey | None = None) -> Self:
        """Encrypt twice (KMS_DSSE); AWS GovCloud (US) Regions only.

        Args:
            key: As for `customer_managed`. Default: the account's ``aws/ecr`` key.

        Raises:
            ValidationError: The key is an alias or not a key ARN.
        """
        return cls("KMS_DSSE", *(() if key is None else _arn_and_region(key)))

    @classmethod
    def _convert(cls, value: object) -> Self | None:
        """Return the encryption with a key, or that of an ``ecr.RepositoryEncryption``."""
        if not isinstance(value, type) and (hasattr(value, "key_arn") or hasattr(value, "key_ref")):
            return cls("KMS", *_arn_and_region(cast("AnyKey", value)))
        if type(value).__name__ == "RepositoryEncryption":
            return cls(cast("HasValue", value).value)
        return None

    @property
    def needs_region(self) -> bool:
        """Whether `check_region` may reject a Region."""
        return self.type == "KMS_DSSE" or self._region_of_key is not None

    def check_region(self, region: str) -> None:
        """Reject a Region in which a repository cannot be encrypted this way.

        Args:
            region: The repository's Region. A deploy-time value passes.

        Raises:
            ValidationError: The type does not exist in the Region, or the key is in another one.
        """
        raise_if_invalid("encryption", self, self._region_errors(region))

    def _region_errors(self, region: str) -> Iterator[Diagnostic]:
        if is_unresolved(region):
            return
        # https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
        if self.type == "KMS_DSSE" and not region.startswith("us-gov-"):
            yield Diagnostic(
                "encryption-type-region",
                "KMS_DSSE exists only in the AWS GovCloud (US) Regions, this repository is "
                f"in {region}",
                remedy="write Encryption.customer_managed(key)",
            )
        if self._region_of_key not in (None, region):
            yield Diagnostic(
                "encryption-key-region",
                f"the key must be in the repository's Region, {region}; it is in "
                f"{self._region_of_key}",
            )

    @property
    def _region_of_key(self) -> str | None:
        arn = KEY_ARN.fullmatch(self.key_arn or "")
        region = arn["region"] if arn else self._key_region
        return None if is_unresolved(region) else region

    def __str__(self) -> str:
        """Return ``KMS, customer managed key``."""
        if self.type == "AES256":
            return "AES-256"
        return f"{self.type}, {'customer' if self.key_arn else 'AWS'} managed key"


def _arn_and_region(key: AnyKey) -> tuple[str, str | None]:
    if isinstance(key, str):
        return key, None
    # A kms.Alias is a kms.IKey too, whose ARN is the alias's and may be known only at deploy time.
    arn = arn_of(key, "key")
    if hasattr(key, "alias_name"):
        arn = f"alias/ of {arn}"
    environment = getattr(key, "env", None)
    return arn, getattr(environment, "region", None)


def check_key_alias(alias: str) -> None:
    """Reject an alias that KMS rejects; a deploy-time alias passes.

    Limits: ``alias/`` and then letters, digits, ``/``, ``_`` or ``-``, at most 256 characters;
    ``alias/aws/`` is reserved for AWS.
    """
    if not is_unresolved(alias):
        raise_if_invalid("key alias", alias, _alias_errors(alias))


def _alias_errors(alias: str) -> Iterator[Diagnostic]:
    yield from text_length_errors("key-alias-length", "", alias, ALIAS_MAX_LENGTH)
    if alias.lower().startswith("alias/aws/"):
        yield Diagnostic(
            "key-alias-reserved-prefix",
            "begins with 'alias/aws/', which is reserved for AWS managed keys",
        )
    if not _ALIAS.fullmatch(alias):
        yield Diagnostic(
            "key-alias-format", "must be 'alias/' followed by letters, digits, '/', '_' or '-'"
        )
