"""How a repository's images are encrypted at rest. It cannot be changed afterwards."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, Protocol, Self

from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid

EncryptionType = Literal["AES256", "KMS", "KMS_DSSE"]

KEY_ARN = re.compile(r"arn:aws[a-z0-9-]*:kms:(?P<region>[a-z0-9-]+):[0-9]{12}:key/[a-zA-Z0-9-]+")


class HasKeyArn(Protocol):
    """What is needed of a ``kms.IKey``."""

    @property
    def key_arn(self) -> str:
        """The key's ARN."""


@dataclass(frozen=True, slots=True)
class Encryption:
    """An encryption choice: AES-256 where defaults do, KMS where the key must be controlled.

    Changing it replaces the repository, and the images stay behind in the old one.

    Attributes:
        type: ECR's name of the choice.
        key_arn: The ARN of the customer managed key, or None.

    Raises:
        ValueError: An alias, something that is no key ARN, or a key where none is used.
    """

    type: EncryptionType
    key_arn: str | None = None
    # The ARN of a key that the app itself defines does not tell its Region.
    _key_region: str | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Judge the key."""
        raise_if_invalid("encryption key", self.key_arn, self._key_errors())

    def _key_errors(self) -> Iterator[str]:
        if self.type not in ("AES256", "KMS", "KMS_DSSE"):
            yield f"encryption type must be AES256, KMS or KMS_DSSE, got {self.type!r}"
        if self.key_arn is None:
            return
        if self.type == "AES256":
            yield "AES-256 takes no key; write Encryption.customer_managed(key)"
        # An alias in the template and a key in ECR's answer differ for ever: every deployment
        # would replace the repository (https://github.com/cloudposse/terraform-aws-ecr/issues/85).
        if "alias/" in self.key_arn:
            yield (
                "is an alias; give the key itself: kms.Key, kms.Key.from_key_arn(…) or "
                "'arn:aws:kms:REGION:ACCOUNT:key/ID'"
            )
        elif not is_unresolved(self.key_arn) and not KEY_ARN.fullmatch(self.key_arn):
            yield "must be a kms.IKey or a key ARN, 'arn:aws:kms:REGION:ACCOUNT:key/ID'"

    @classmethod
    def aes256(cls) -> Self:
        """Encrypt with keys that Amazon S3 manages. Free, and what ECR does by itself.

        It renders nothing: declaring AES256 on a repository that already uses it makes
        CloudFormation replace the repository
        (https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2502).
        """
        return cls("AES256")

    @classmethod
    def aws_managed(cls) -> Self:
        """Encrypt with the account's ``aws/ecr`` key: audited, but its policy is not yours."""
        return cls("KMS")

    @classmethod
    def customer_managed(cls, key: HasKeyArn | str) -> Self:
        """Encrypt with a key of your own, whose policy decides who may use it.

        Args:
            key: A ``kms.IKey`` of the repository's Region, or its key ARN. Not an alias.

        Raises:
            ValueError: An alias, or something that is no key ARN.
        """
        return cls("KMS", *_arn_and_region(key))

    @classmethod
    def dual_layer(cls, key: HasKeyArn | str | None = None) -> Self:
        """Encrypt twice (KMS_DSSE); AWS GovCloud (US) Regions only.

        Args:
            key: As for `customer_managed`. Default: the account's ``aws/ecr`` key.

        Raises:
            ValueError: An alias, or something that is no key ARN.
        """
        return cls("KMS_DSSE", *(() if key is None else _arn_and_region(key)))

    @property
    def needs_region(self) -> bool:
        """Whether the choice depends on the Region, so that `check_region` can find a fault."""
        return self.type == "KMS_DSSE" or self._region_of_key is not None

    def check_region(self, region: str) -> None:
        """Raise a ValueError if a repository of this Region cannot be encrypted this way.

        An unresolved Region passes.
        """
        raise_if_invalid("encryption", self, self._faults_in(region))

    def _faults_in(self, region: str) -> Iterator[str]:
        if is_unresolved(region):
            return
        # https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
        if self.type == "KMS_DSSE" and not region.startswith("us-gov-"):
            yield (
                f"KMS_DSSE exists only in the AWS GovCloud (US) Regions, this repository is in "
                f"{region}; write Encryption.customer_managed(key)"
            )
        if self._region_of_key not in (None, region):
            yield (
                f"the key must be in the repository's Region, {region}; it is in "
                f"{self._region_of_key}"
            )

    @property
    def _region_of_key(self) -> str | None:
        arn = KEY_ARN.fullmatch(self.key_arn or "")
        region = arn["region"] if arn else self._key_region
        return None if is_unresolved(region) else region

    def __str__(self) -> str:
        """Say it in words: ``KMS, customer managed key``."""
        if self.type == "AES256":
            return "AES-256"
        return f"{self.type}, {'customer' if self.key_arn else 'AWS'} managed key"


def _arn_and_region(key: HasKeyArn | str) -> tuple[str, str | None]:
    if isinstance(key, str):
        return key, None
    # A kms.Alias is a kms.IKey too, whose ARN is the alias's and may be known only at deploy time.
    arn = f"alias/ of {key.key_arn}" if hasattr(key, "alias_name") else key.key_arn
    environment = getattr(key, "env", None)
    return arn, getattr(environment, "region", None)
