"""Names of KMS keys."""

import re

import pytest

from ecr_constructs.model.key_alias import check_key_alias
from tests.support.service_models import fits

FORM = "must be 'alias/' followed by letters, digits, '/', '_' or '-'"
REFUSED = {
    "no prefix": ("ecr", FORM),
    "nothing after the prefix": ("alias/", FORM),
    "a space": ("alias/my key", FORM),
    "a dot": ("alias/ecr.prod", FORM),
    "a key ARN": ("arn:aws:kms:eu-central-1:111122223333:key/1", FORM),
    "an alias ARN": ("arn:aws:kms:eu-central-1:111122223333:alias/ecr", FORM),
    "reserved": ("alias/aws/ecr", "begins with 'alias/aws/', which is reserved for AWS managed"),
    "too long": (f"alias/{'a' * 251}", "must be at most 256 characters long, is 257"),
}
SOUND = ["alias/ecr", "alias/ecr/prod_1-a", "alias/awsome", f"alias/{'a' * 250}"]


@pytest.mark.parametrize(("alias", "fault"), REFUSED.values(), ids=REFUSED)
def test_refuses(alias: str, fault: str) -> None:
    """An alias that KMS refuses raises an error that says how one looks."""
    with pytest.raises(ValueError, match=re.escape(fault)):
        check_key_alias(alias)


@pytest.mark.parametrize("alias", SOUND)
def test_accepts(alias: str) -> None:
    """A sound alias passes, and KMS's own model takes it."""
    assert check_key_alias(alias) is None  # type: ignore[func-returns-value]
    assert fits("kms", "AliasNameType", alias)


def test_lets_deploy_time_values_pass() -> None:
    """An alias that is known only at deploy time cannot be judged and passes."""
    assert check_key_alias("${Token[Alias.1]}") is None  # type: ignore[func-returns-value]
