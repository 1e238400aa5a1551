"""Encryption: which choices there are, and where they can be made."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from ecr_constructs.model.encryption import Encryption, EncryptionType

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
GOV_KEY = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-1234abcd"
NO_KEY = "must be a kms.IKey or a key ARN, 'arn:aws:kms:REGION:ACCOUNT:key/ID'"
ALIAS = "is an alias; give the key itself"
REFUSED_KEYS = {
    "an alias": ("alias/ecr", ALIAS),
    "an alias ARN": ("arn:aws:kms:eu-central-1:111122223333:alias/ecr", ALIAS),
    "an alias in a deploy-time ARN": ("arn:${Token[AWS.1]}:kms:eu-west-1:1:alias/ecr", ALIAS),
    "a key id": ("1234abcd-12ab-34cd-56ef-1234567890ab", NO_KEY),
    "nothing": ("", NO_KEY),
    "an ARN of another service": ("arn:aws:s3:::bucket", NO_KEY),
    "an ARN without account": ("arn:aws:kms:eu-central-1::key/1234", NO_KEY),
    "an ARN and more": (f"{KEY}\n", NO_KEY),
}


@dataclass
class Key:
    """All that is needed of a ``kms.IKey``."""

    key_arn: str


@pytest.mark.parametrize("make", [Encryption.customer_managed, Encryption.dual_layer])
@pytest.mark.parametrize(("arn", "fault"), REFUSED_KEYS.values(), ids=REFUSED_KEYS)
def test_refuses_what_is_no_key(make: Callable[[str], Encryption], arn: str, fault: str) -> None:
    """An alias, or anything else that is no key ARN, raises an error that says what to give."""
    with pytest.raises(ValueError, match=re.escape(fault)):
        make(arn)


@pytest.mark.parametrize(
    ("encryption_type", "key"), [("KMS", "alias/ecr"), ("AES256", KEY)], ids=["alias", "no KMS"]
)
def test_refuses_without_a_factory(encryption_type: EncryptionType, key: str) -> None:
    """The class itself judges its key, so no alias can reach a template."""
    with pytest.raises(ValueError, match="key"):
        Encryption(encryption_type, key)


@pytest.mark.parametrize(
    ("encryption", "region", "fault"),
    [
        (
            Encryption.dual_layer(),
            "eu-central-1",
            (
                "KMS_DSSE exists only in the AWS GovCloud (US) Regions, this repository is in "
                "eu-central-1; write Encryption.customer_managed(key)"
            ),
        ),
        (Encryption.dual_layer(), "us-iso-east-1", "this repository is in us-iso-east-1"),
        (
            Encryption.customer_managed(KEY),
            "eu-west-1",
            "the key must be in the repository's Region, eu-west-1; it is in eu-central-1",
        ),
        (
            Encryption.dual_layer(GOV_KEY),
            "us-gov-east-1",
            "the key must be in the repository's Region, us-gov-east-1; it is in us-gov-west-1",
        ),
    ],
)
def test_refuses_the_wrong_region(encryption: Encryption, region: str, fault: str) -> None:
    """A choice that a Region does not offer raises an error that names both Regions."""
    with pytest.raises(ValueError, match=re.escape(fault)):
        encryption.check_region(region)


def test_lists_both_faults_of_a_region() -> None:
    """A dual layer with a foreign key in a commercial Region is refused for both reasons."""
    with pytest.raises(ValueError, match="Invalid encryption") as refusal:
        Encryption.dual_layer(KEY).check_region("eu-west-1")

    assert str(refusal.value).count("\n  - ") == 2


@pytest.mark.parametrize(
    ("encryption", "region"),
    [
        (Encryption.aes256(), "eu-central-1"),
        (Encryption.aws_managed(), "eu-central-1"),
        (Encryption.customer_managed(KEY), "eu-central-1"),
        (Encryption.customer_managed(KEY), "${Token[AWS.Region.1]}"),
        (Encryption.customer_managed("${Token[Key.1]}"), "eu-west-1"),
        (Encryption.dual_layer(), "us-gov-east-1"),
        (Encryption.dual_layer(), "${Token[AWS.Region.1]}"),
        (Encryption.dual_layer(GOV_KEY), "us-gov-west-1"),
    ],
    ids=str,
)
def test_accepts_where_it_can_be(encryption: Encryption, region: str) -> None:
    """A choice that the Region offers, or a Region that is not known yet, passes."""
    assert encryption.check_region(region) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize("key", [KEY, Key(KEY)], ids=["text", "key"])
def test_takes_the_arn_of_a_key(key: Key | str) -> None:
    """A key may be given as such or as its ARN; the choices are equal."""
    assert Encryption("KMS", KEY) == Encryption.customer_managed(key)
    assert Encryption("KMS_DSSE", KEY) == Encryption.dual_layer(key)


@pytest.mark.parametrize(
    ("encryption", "words", "needs_region"),
    [
        (Encryption.aes256(), "AES-256", False),
        (Encryption.aws_managed(), "KMS, AWS managed key", False),
        (Encryption.customer_managed(KEY), "KMS, customer managed key", True),
        (Encryption.customer_managed("${Token[Key.1]}"), "KMS, customer managed key", False),
        (Encryption.dual_layer(), "KMS_DSSE, AWS managed key", True),
        (Encryption.dual_layer(GOV_KEY), "KMS_DSSE, customer managed key", True),
    ],
    ids=str,
)
def test_says_it_in_words(encryption: Encryption, words: str, *, needs_region: bool) -> None:
    """A choice says what it is, and whether it depends on the Region."""
    assert (words, needs_region) == (str(encryption), encryption.needs_region)


def test_refuses_an_unknown_type() -> None:
    """The type is one of ECR's three."""
    with pytest.raises(ValueError, match=r"must be AES256, KMS or KMS_DSSE, got 'RSA'"):
        Encryption("RSA")  # type: ignore[arg-type]
