"""Services that pull as themselves, and those that pull with a role."""

from typing import Any

import pytest

from ecr_constructs.model.principals import (
    CODE_BUILD,
    LAMBDA,
    Source,
    check_names,
    service_errors,
    tells_source,
)
from tests.support.errors import by_code, rejection_test

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
def test_tells_source(conditions: dict[str, dict[str, str]], *, expected: bool) -> None:
    """Keys are compared whatever their case."""
    assert expected == tells_source(conditions)


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
