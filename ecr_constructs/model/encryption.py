"""How a repository's images are encrypted at rest. It cannot be changed afterwards."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol, Self

from ecr_constructs.model.faults import refuse
from ecr_constructs.model.tokens import is_unresolved

EncryptionType = Literal["AES256", "KMS", "KMS_DSSE"]

_KEY_ARN = re.compile(r"arn:aws[a-z0-9-]*:kms:(?P<region>[a-z0-9-]+):[0-9]{12}:key/[a-zA-Z0-9-]+")


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
    """

    type: EncryptionType
    key_arn: str | None = None

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
        return cls("KMS", _key_arn(key))

    @classmethod
    def dual_layer(cls, key: HasKeyArn | str | None = None) -> Self:
        """Encrypt twice (KMS_DSSE); AWS GovCloud (US) Regions only.

        Args:
            key: As for `customer_managed`. Default: the account's ``aws/ecr`` key.

        Raises:
            ValueError: An alias, or something that is no key ARN.
        """
        return cls("KMS_DSSE", None if key is None else _key_arn(key))

    @property
    def needs_region(self) -> bool:
        """Whether the choice depends on the Region, so that `check_region` can find a fault."""
        return self.type == "KMS_DSSE" or _KEY_ARN.fullmatch(self.key_arn or "") is not None

    def check_region(self, region: str) -> None:
        """Raise a ValueError if a repository of this Region cannot be encrypted this way.

        An unresolved Region passes.
        """
        refuse("encryption", self, self._faults_in(region))

    def _faults_in(self, region: str) -> Iterator[str]:
        if is_unresolved(region):
            return
        # https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
        if self.type == "KMS_DSSE" and not region.startswith("us-gov-"):
            yield (
                f"KMS_DSSE exists only in the AWS GovCloud (US) Regions, this repository is in "
                f"{region}; write Encryption.customer_managed(key)"
            )
        key = _KEY_ARN.fullmatch(self.key_arn or "")
        if key and key["region"] != region:
            yield (
                f"the key must be in the repository's Region, {region}; it is in {key['region']}"
            )

    def __str__(self) -> str:
        """Say it in words: ``KMS, customer managed key``."""
        if self.type == "AES256":
            return "AES-256"
        return f"{self.type}, {'customer' if self.key_arn else 'AWS'} managed key"


def _key_arn(key: HasKeyArn | str) -> str:
    arn = key if isinstance(key, str) else key.key_arn
    refuse("encryption key", arn, _key_faults(arn))
    return arn


def _key_faults(arn: str) -> Iterator[str]:
    # An alias in the template and a key in ECR's answer differ for ever: every deployment
    # would replace the repository (https://github.com/cloudposse/terraform-aws-ecr/issues/85).
    if "alias/" in arn:
        yield (
            "is an alias; give the key itself: kms.Key, kms.Key.from_key_arn(…) or "
            "'arn:aws:kms:REGION:ACCOUNT:key/ID'"
        )
    elif not is_unresolved(arn) and not _KEY_ARN.fullmatch(arn):
        yield "must be a kms.IKey or a key ARN, 'arn:aws:kms:REGION:ACCOUNT:key/ID'"
