"""Accounts, organizations, roles and users that a policy may name."""

import re
from typing import Any

import pytest

from ecr_constructs.model.repository_policy import Access
from ecr_constructs.model.validation import ValidationError
from tests.support.errors import codes, rejects

ACCOUNTS = {
    "account-id-format": (
        *("11112222333", "1111222233334", "1111-2222-3333", "", None),
        *("111122223333\n", "١٢٣٤٥٦٧٨٩٠١٢"),
    ),
    "account-id-is-number": (11112222333,),
}
PRINCIPALS = {
    "principal-arn-wildcard": ("arn:aws:iam::111122223333:role/*", "*"),
    "principal-arn-format": (
        "deployer",
        "arn:aws:iam::111122223333:root",
        "arn:aws:iam::111122223333:group/developers",
        "arn:aws:sts::111122223333:assumed-role/deployer/me",
        "arn:aws:iam:::role/deployer",
        None,
    ),
}
REJECTED: dict[str, dict[str, tuple[Any, ...]]] = {
    "pull_accounts": ACCOUNTS,
    "push_accounts": ACCOUNTS,
    "pull_organizations": {
        "organization-id-wildcard": ("o-*", "*"),
        "organization-id-format": (
            *("o-abc", f"o-{'a' * 33}", "o-ABCDEFGHIJ", "ou-abcd-12345678", None),
        ),
    },
    "pull_organizational_units": {
        "organizational-unit-format": (
            "ou-ab12-11111111",
            "o-a1b2c3d4e5/*",
            "o-a1b2c3d4e5/r-ab12/*",
            "o-*/r-ab12/ou-ab12-11111111/*",
            "o-a1b2c3d4e5/*/ou-ab12-11111111/*",
            "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111*",
            "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111",
            None,
        )
    },
    "pull_principals": PRINCIPALS,
    "push_principals": PRINCIPALS,
}
CASES = [
    (keyword, value, code)
    for keyword, values_by_code in REJECTED.items()
    for code, values in values_by_code.items()
    for value in values
]


@pytest.mark.parametrize(("keyword", "value", "code"), CASES)
def test_rejects(keyword: str, value: Any, code: str) -> None:
    """A value that IAM rejects, or that admits too many, raises an error that repeats it."""
    with pytest.raises(ValidationError, match=re.escape(f"{keyword}[0]: {value!r}: ")) as caught:
        Access(**{keyword: [value]})

    assert [(f"{keyword}[0]", code)] == codes(caught.value)


@pytest.mark.parametrize("keyword", REJECTED)
def test_rejects_a_bare_string(keyword: str) -> None:
    with rejects(f"{keyword}: list-is-string"):
        Access(**{keyword: "444455556666"})


def test_lists_every_invalid_value() -> None:
    """One error lists the invalid values of a keyword, and not the valid ones."""
    with rejects("pull_accounts[0]: account-id-format", "pull_accounts[2]: account-id-format"):
        Access(pull_accounts=["1", "444455556666", "2"])


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("pull_accounts", "000000000001"),
        ("pull_accounts", "${Token[AWS.AccountId.4]}"),
        ("pull_organizations", "o-a1b2c3d4e5"),
        ("pull_organizations", f"o-{'z' * 32}"),
        ("pull_organizations", "${Token[Organization.1]}"),
        ("pull_organizational_units", "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"),
        ("pull_organizational_units", "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/ou-ab12-22222222/"),
        ("pull_organizational_units", "${Token[Unit.1]}"),
        ("pull_principals", "arn:aws:iam::111122223333:role/deployer"),
        ("pull_principals", "arn:aws-us-gov:iam::111122223333:user/a/b/c.d@e"),
        ("push_principals", "${Token[Role.1]}"),
    ],
)
def test_accepts(keyword: str, value: str) -> None:
    assert [value] == getattr(Access(**{keyword: [value]}), keyword)
