"""Encryption: the types, their keys and Regions, and aliases of keys."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from ecr_constructs.model.encryption import Encryption, check_key_alias
from tests.support.errors import by_code, rejection_test, rejects
from tests.support.service_models import fits

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
TOKEN = "${Token[Value.1]}"
GOV_KEY = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-1234abcd"
REJECTED_KEYS = {
    "an alias": ("alias/ecr", "is-alias"),
    "an alias ARN": ("arn:aws:kms:eu-central-1:111122223333:alias/ecr", "is-alias"),
    "an alias in a deploy-time ARN": ("arn:${Token[AWS.1]}:kms:eu-west-1:1:alias/ecr", "is-alias"),
    "a key id": ("1234abcd-12ab-34cd-56ef-1234567890ab", "format"),
    "nothing": ("", "format"),
    "an ARN of another service": ("arn:aws:s3:::bucket", "format"),
    "an ARN without account": ("arn:aws:kms:eu-central-1::key/1234", "format"),
    "an ARN and more": (f"{KEY}\n", "format"),
    "a Region of another partition": (KEY.replace("arn:aws:", "arn:aws-cn:"), "partition"),
}


@dataclass
class Key:
    """The part of ``kms.IKey`` that the model reads."""

    key_arn: str


@pytest.mark.parametrize(
    "make", [Encryption.customer_managed, Encryption.dual_layer, partial(Encryption, "KMS")]
)
@pytest.mark.parametrize(("arn", "problem"), REJECTED_KEYS.values(), ids=REJECTED_KEYS)
def test_rejects_values_other_than_keys(
    make: Callable[[str], Encryption], arn: str, problem: str
) -> None:
    """An alias, or anything else that is not a key ARN, is rejected."""
    with rejects(f"encryption-key-{problem}"):
        make(arn)


TYPES_REJECTED: dict[str, tuple[Any, ...]] = {
    "AES-256 with a key": (("AES256", KEY), "encryption-key-not-used"),
    "an unknown type": (("RSA", None), "encryption-type-unknown"),
}
test_rejects_types = rejection_test(Encryption, TYPES_REJECTED)


REGIONS_REJECTED = by_code(
    {
        "encryption-type-region": {
            "dual-layer in a commercial Region": (Encryption.dual_layer(), "eu-central-1"),
            "dual-layer in an isolated Region": (Encryption.dual_layer(), "us-iso-east-1"),
        },
        "encryption-key-region": {
            "a key of another Region": (Encryption.customer_managed(KEY), "eu-west-1"),
            "a key of another GovCloud Region": (Encryption.dual_layer(GOV_KEY), "us-gov-east-1"),
        },
    }
) | {
    "both": (
        (Encryption.dual_layer(KEY), "eu-west-1"),
        "encryption-type-region",
        "encryption-key-region",
    )
}
test_rejects_the_wrong_region = rejection_test(Encryption.check_region, REGIONS_REJECTED)


REGIONS: dict[str, tuple[Any, ...]] = {
    "AES-256": ((Encryption.aes256(), "eu-central-1"),),
    "the key of AWS": ((Encryption.aws_managed(), "eu-central-1"),),
    "a key": ((Encryption.customer_managed(KEY), "eu-central-1"),),
    "a key, and a deploy-time Region": ((Encryption.customer_managed(KEY), TOKEN),),
    "a deploy-time key": ((Encryption.customer_managed(TOKEN), "eu-west-1"),),
    "dual-layer": ((Encryption.dual_layer(), "us-gov-east-1"),),
    "dual-layer, and a deploy-time Region": ((Encryption.dual_layer(), TOKEN),),
    "dual-layer with a key": ((Encryption.dual_layer(GOV_KEY), "us-gov-west-1"),),
}
test_accepts_regions = rejection_test(Encryption.check_region, REGIONS)


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


ALIASES_REJECTED: dict[str, tuple[Any, ...]] = {
    "no prefix": ("ecr", "format"),
    "nothing after the prefix": ("alias/", "format"),
    "a space": ("alias/my key", "format"),
    "a dot": ("alias/ecr.prod", "format"),
    "a key ARN": ("arn:aws:kms:eu-central-1:111122223333:key/1", "format"),
    "an alias ARN": ("arn:aws:kms:eu-central-1:111122223333:alias/ecr", "format"),
    "reserved": ("alias/aws/ecr", "reserved-prefix"),
    "too long": (f"alias/{'a' * 251}", "length"),
}
test_rejects_aliases = rejection_test(check_key_alias, ALIASES_REJECTED, prefix="key-alias-")


@pytest.mark.parametrize(
    "alias", ["alias/ecr", "alias/ecr/prod_1-a", "alias/awsome", f"alias/{'a' * 250}"]
)
def test_accepts_aliases(alias: str) -> None:
    check_key_alias(alias)
    assert fits("kms", "AliasNameType", alias)


def test_a_deploy_time_alias_passes() -> None:
    check_key_alias("${Token[Alias.1]}")
