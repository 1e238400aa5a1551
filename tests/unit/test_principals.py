"""Accounts, organizations, roles and users that a policy may name."""

import re
from typing import Any

import pytest

from ecr_constructs.model.repository_policy import Access

DIGITS = "an account id has 12 digits"
ORGANIZATION = "an organization id is 'o-' and 10 to 32 lowercase letters or digits"
PRINCIPAL = "must be the ARN of a role or user, 'arn:aws:iam::ACCOUNT:role/NAME'"
REFUSED_ACCOUNTS = {
    "11 digits": ("11112222333", DIGITS),
    "13 digits": ("1111222233334", DIGITS),
    "hyphens": ("1111-2222-3333", DIGITS),
    "nothing": ("", DIGITS),
    "None": (None, DIGITS),
    "a line break": ("111122223333\n", DIGITS),
    "digits of another script": ("١٢٣٤٥٦٧٨٩٠١٢", DIGITS),
    "a number": (
        11112222333,
        "an account id is text, because of its leading zeros; write '011112222333'",
    ),
}
REFUSED_ORGANIZATIONS = {
    "a wildcard": ("o-*", "a wildcard would admit every AWS account there is; write the whole id"),
    "a star": ("*", "a wildcard would admit every AWS account there is"),
    "too short": ("o-abc", ORGANIZATION),
    "too long": (f"o-{'a' * 33}", ORGANIZATION),
    "upper case": ("o-ABCDEFGHIJ", ORGANIZATION),
    "an organizational unit": ("ou-abcd-12345678", ORGANIZATION),
    "None": (None, ORGANIZATION),
}
UNIT = "an organizational unit is given by its whole path from the organization"
REFUSED_UNITS = {
    "an id": ("ou-ab12-11111111", UNIT),
    "a whole organization": ("o-a1b2c3d4e5/*", UNIT),
    "a root": ("o-a1b2c3d4e5/r-ab12/*", UNIT),
    "any organization": ("o-*/r-ab12/ou-ab12-11111111/*", UNIT),
    "a wildcard amid": ("o-a1b2c3d4e5/*/ou-ab12-11111111/*", UNIT),
    "a part of a name": ("o-a1b2c3d4e5/r-ab12/ou-ab12-11111111*", UNIT),
    "no slash": ("o-a1b2c3d4e5/r-ab12/ou-ab12-11111111", UNIT),
    "None": (None, UNIT),
}
REFUSED_PRINCIPALS = {
    "a wildcard": (
        "arn:aws:iam::111122223333:role/*",
        "a principal cannot hold a wildcard; name each role, or admit its account",
    ),
    "a star": ("*", "a principal cannot hold a wildcard"),
    "a name": ("deployer", PRINCIPAL),
    "the root of an account": ("arn:aws:iam::111122223333:root", PRINCIPAL),
    "a group": ("arn:aws:iam::111122223333:group/developers", PRINCIPAL),
    "a session": ("arn:aws:sts::111122223333:assumed-role/deployer/me", PRINCIPAL),
    "no account": ("arn:aws:iam:::role/deployer", PRINCIPAL),
    "None": (None, PRINCIPAL),
}
KEYWORDS: dict[str, dict[str, tuple[Any, str]]] = {
    "pull_accounts": REFUSED_ACCOUNTS,
    "push_accounts": REFUSED_ACCOUNTS,
    "pull_organizations": REFUSED_ORGANIZATIONS,
    "pull_organizational_units": REFUSED_UNITS,
    "pull_principals": REFUSED_PRINCIPALS,
    "push_principals": REFUSED_PRINCIPALS,
}
REFUSED = {
    f"{keyword}: {what}": (keyword, value, fault)
    for keyword, refused in KEYWORDS.items()
    for what, (value, fault) in refused.items()
}


@pytest.mark.parametrize(("keyword", "value", "fault"), REFUSED.values(), ids=REFUSED)
def test_refuses(keyword: str, value: str, fault: str) -> None:
    """A value that IAM refuses, or that admits too many, raises an error that repeats it."""
    with pytest.raises(ValueError, match=re.escape(f"\n  - {value!r}: {fault}")) as refusal:
        Access(**{keyword: [value]})

    assert f"Invalid {keyword} (value: {[value]}):" == str(refusal.value).splitlines()[0]


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_refuses_a_bare_string(keyword: str) -> None:
    """A string where a list is expected is refused, for it would count as its characters."""
    with pytest.raises(ValueError, match=f"{keyword} must be a list of strings, got the string"):
        Access(**{keyword: "444455556666"})


def test_lists_every_faulty_value() -> None:
    """Several faulty values of one keyword are refused in one error; sound ones are not named."""
    with pytest.raises(ValueError, match="Invalid pull_accounts") as refusal:
        Access(pull_accounts=["1", "444455556666", "2"])

    assert [f"  - '1': {DIGITS}", f"  - '2': {DIGITS}"] == str(refusal.value).splitlines()[1:]


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
    """Sound and deploy-time values are taken as they are."""
    assert [value] == getattr(Access(**{keyword: [value]}), keyword)
