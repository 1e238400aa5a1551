"""Accounts, organizations, roles, users and services that a policy may name."""

import re
from typing import Any

import pytest

from ecr_constructs.model.principals import (
    CODE_BUILD,
    LAMBDA,
    Source,
    check_names,
    limits_source,
    service_errors,
)
from ecr_constructs.model.repository_policy import Access
from ecr_constructs.model.validation import ValidationError
from tests.support.errors import by_code, codes, rejection_test, rejects

ACCOUNTS = {
    "account-id-format": (
        *("11112222333", "1111222233334", "1111-2222-3333", "", None),
        *("111122223333\n", "١٢٣٤٥٦٧٨٩٠١٢", True, -1, 1111222233334),
    ),
    "account-id-is-number": (11112222333, 0),
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


HERE = Source("aws-cn", "cn-north-1", "111122223333")
FUNCTIONS = "arn:aws-cn:lambda:cn-north-1:111122223333:function:"
PROJECTS = "arn:aws-cn:codebuild:cn-north-1:111122223333:project/"


@pytest.mark.parametrize(
    ("condition", "operator", "sources"),
    [
        (HERE.functions(), "StringEqualsIfExists", f"{FUNCTIONS}*"),
        (
            HERE.functions(["a", "b-*"]),
            "StringEqualsIfExists",
            [f"{FUNCTIONS}{name}" for name in ("a", "a:*", "b-*", "b-*:*")],
        ),
        (HERE.projects(), "StringEquals", f"{PROJECTS}*"),
        (HERE.projects(["a"]), "StringEquals", f"{PROJECTS}a"),
        (HERE.projects(["a", "b"]), "StringEquals", [f"{PROJECTS}a", f"{PROJECTS}b"]),
    ],
    ids=["all functions", "named functions", "all projects", "a project", "projects"],
)
def test_conditions(condition: dict[str, Any], operator: str, sources: str | list[str]) -> None:
    """Both keys name the account, in the partition and Region of the repository."""
    assert condition == {
        "ArnLike": {"aws:SourceArn": sources},
        operator: {"aws:SourceAccount": "111122223333"},
    }


def test_only_two_services_pull_as_themselves() -> None:
    """Other services have no condition that would admit them."""
    assert HERE.functions() == HERE.conditions_for(LAMBDA)
    assert HERE.projects() == HERE.conditions_for(CODE_BUILD)
    assert {} == HERE.conditions_for("sagemaker.amazonaws.com")


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, False),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}, False),
        ({"StringEquals": {"AWS:SourceAccount": "111122223333"}}, True),
        ({"Bool": {"aws:SecureTransport": "true"}, "ArnLike": {"aws:sourcearn": "arn:x"}}, True),
    ],
)
def test_limits_source(conditions: dict[str, dict[str, str]], *, expected: bool) -> None:
    """Keys are compared whatever their case."""
    assert expected == limits_source(conditions)


NAMES: dict[str, tuple[Any, ...]] = {
    **by_code({"": [["api"], ["payments-*", "Refunds_2"], ["${Token[Name.1]}"], []]}),
    **by_code(
        {
            "functions[1]: source-name-format": [
                ["api", name] for name in ("", "a b", "a/b", "arn:aws:lambda:::function:a", "ä")
            ]
        }
    ),
}
test_names = rejection_test(lambda names: check_names("functions", names), NAMES)


def test_remedy_for_an_unknown_service() -> None:
    """The message shows the whole expression; a service with a role is told apart."""
    [role], [error] = service_errors("ecs.amazonaws.com"), service_errors("ssm.amazonaws.com")

    assert ("service-pulls-with-role", "service-source-missing") == (role.code, error.code)
    assert error.message.endswith(
        "iam.ServicePrincipal('ssm.amazonaws.com', conditions={'StringEquals': "
        "{'aws:SourceAccount': '111122223333'}})"
    )
