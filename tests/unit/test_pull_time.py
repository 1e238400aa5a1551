"""Principals whose pulls do not count: what ECR accepts."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model.pull_time import ARN_MAX_LENGTH, MAX_EXCLUSIONS, exclusion_errors
from tests.support.service_models import resource_schema, shape

STEM = "arn:aws:iam::111122223333:"
BY_ARN = "must be the ARN of a role or user, 'arn:aws:iam::ACCOUNT:role/NAME'"


@pytest.mark.parametrize(
    ("arn", "fault"),
    [
        ("scanner", BY_ARN),
        (f"{STEM}root", BY_ARN),
        (f"{STEM}group/scanners", BY_ARN),
        (f"{STEM}role/*", BY_ARN),
        (f"{STEM}role/", BY_ARN),
        (f"{STEM}role/prüfer", BY_ARN),
        ("arn:aws:sts::111122223333:assumed-role/scanner/session", BY_ARN),
        (
            f"{STEM}role/{'s' * (201 - len(STEM) - 5)}",
            "must be at most 200 characters long, is 201",
        ),
    ],
)
def test_refuses(arn: str, fault: str) -> None:
    """A principal that ECR refuses is named with what is allowed."""
    assert [fault] == list(exclusion_errors(arn))


@pytest.mark.parametrize(
    "arn",
    [
        f"{STEM}role/scanner",
        f"{STEM}user/security/scanner+1@example.com",
        f"{STEM}role/{'s' * (200 - len(STEM) - 5)}",
        "arn:aws-us-gov:iam::111122223333:role/scanner",
    ],
)
def test_accepts(arn: str) -> None:
    """A role or user has no fault, whatever its path and partition."""
    assert [] == list(exclusion_errors(arn))


@given(
    st.sampled_from([STEM, STEM.replace("aws", "aws-cn"), STEM.replace("1111", "x")]),
    st.sampled_from(["role/", "user/", "group/", "root", "role"]),
    st.text("aZ0_+=,.@-/* :", max_size=8),
    st.sampled_from([0, 160, 170]),
)
def test_agrees_with_the_service_model(stem: str, kind: str, name: str, pad: int) -> None:
    """An ARN is sound exactly if it fits ECR's own model."""
    arn = stem + kind + name + "s" * pad
    limits = shape("ecr", "PrincipalArn")
    theirs = re.fullmatch(limits["pattern"], arn) is not None and len(arn) <= limits["max"]

    assert theirs == (not any(exclusion_errors(arn)))


def test_limits_are_the_published_ones() -> None:
    """The limits equal those of ECR's API model and of CloudFormation's resource schema."""
    schema = resource_schema("AWS::ECR::PullTimeUpdateExclusion")["definitions"]

    assert shape("ecr", "PrincipalArn")["max"] == ARN_MAX_LENGTH
    assert schema["PrincipalArn"]["maxLength"] == ARN_MAX_LENGTH
    assert shape("ecr", "PullTimeUpdateExclusionList")["max"] == MAX_EXCLUSIONS
