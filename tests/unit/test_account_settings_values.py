"""Registry settings: account settings, and principals whose pulls are not recorded."""

import re
from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model.account_settings import (
    EXCLUSION_ARN_MAX_LENGTH,
    MAX_EXCLUSIONS,
    account_settings,
    exclusion_errors,
)
from tests.support.errors import rejects
from tests.support.service_models import resource_schema, shape

NOTHING: dict[str, Any] = {
    "basic_scan_version": None,
    "registry_policy_scope": None,
    "blob_mounting": None,
}
REJECTED: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "account-settings-missing"),
    "the old scanner": (
        {"basic_scan_version": "CLAIR"},
        "BASIC_SCAN_TYPE_VERSION: account-setting-retired",
    ),
    "another scanner": (
        {"basic_scan_version": "TRIVY"},
        "BASIC_SCAN_TYPE_VERSION: account-setting-value",
    ),
    "the old scope": (
        {"registry_policy_scope": "V1"},
        "REGISTRY_POLICY_SCOPE: account-setting-retired",
    ),
    "a text for a boolean": ({"blob_mounting": "DISABLED"}, "blob_mounting: account-setting-type"),
}


@pytest.mark.parametrize(("values", "problem"), REJECTED.values(), ids=REJECTED)
def test_rejects(values: dict[str, Any], problem: str) -> None:
    """Values that ECR does not accept, or no longer accepts, are rejected."""
    with rejects(problem):
        account_settings(**{**NOTHING, **values})


@pytest.mark.parametrize(
    ("values", "settings"),
    [
        ({"basic_scan_version": "AWS_NATIVE"}, {"BASIC_SCAN_TYPE_VERSION": "AWS_NATIVE"}),
        ({"registry_policy_scope": "V2"}, {"REGISTRY_POLICY_SCOPE": "V2"}),
        ({"blob_mounting": True}, {"BLOB_MOUNTING": "ENABLED"}),
        ({"blob_mounting": False}, {"BLOB_MOUNTING": "DISABLED"}),
        ({"basic_scan_version": "${Token[A.1]}"}, {"BASIC_SCAN_TYPE_VERSION": "${Token[A.1]}"}),
    ],
    ids=["scanner", "scope", "mounting", "no mounting", "deploy-time"],
)
def test_settings(values: dict[str, Any], settings: dict[str, str]) -> None:
    """Settings have ECR's names and values; None leaves a setting unchanged."""
    assert settings == account_settings(**{**NOTHING, **values})


def test_names_and_values_are_those_of_the_service_model() -> None:
    """The model's own words name each setting and each value, and neither CLAIR nor V1."""
    model = botocore.session.get_session().get_service_model("ecr")
    members = model.shape_for("PutAccountSettingRequest").members
    words = {
        name: set(re.findall(r"<code>(\w+)</code>", members[name].documentation))
        for name in ("name", "value")
    }

    assert {"BASIC_SCAN_TYPE_VERSION", "REGISTRY_POLICY_SCOPE", "BLOB_MOUNTING"} == words["name"]
    assert {"AWS_NATIVE", "V2", "ENABLED", "DISABLED"} == words["value"]


STEM = "arn:aws:iam::111122223333:"


@pytest.mark.parametrize(
    ("arn", "problem"),
    [
        ("scanner", "format"),
        (f"{STEM}root", "format"),
        (f"{STEM}group/scanners", "format"),
        (f"{STEM}role/*", "format"),
        (f"{STEM}role/", "format"),
        (f"{STEM}role/prüfer", "format"),
        ("arn:aws:sts::111122223333:assumed-role/scanner/session", "format"),
        (f"{STEM}role/{'s' * (201 - len(STEM) - 5)}", "length"),
    ],
)
def test_rejects_exclusions(arn: str, problem: str) -> None:
    """A principal that ECR rejects has a code."""
    codes = [error.code for error in exclusion_errors(arn)]

    assert [f"pull-time-exclusion-{problem}"] == codes


@pytest.mark.parametrize(
    "arn",
    [
        f"{STEM}role/scanner",
        f"{STEM}user/security/scanner+1@example.com",
        f"{STEM}role/{'s' * (200 - len(STEM) - 5)}",
        "arn:aws-us-gov:iam::111122223333:role/scanner",
    ],
)
def test_accepts_exclusions(arn: str) -> None:
    """A role or user passes, whatever its path and partition."""
    assert [] == list(exclusion_errors(arn))


@given(
    st.sampled_from([STEM, STEM.replace("aws", "aws-cn"), STEM.replace("1111", "x")]),
    st.sampled_from(["role/", "user/", "group/", "root", "role"]),
    st.text("aZ0_+=,.@-/* :", max_size=8),
    st.sampled_from([0, 160, 170]),
)
def test_exclusions_agree_with_the_service_model(stem: str, kind: str, name: str, pad: int) -> None:
    """An ARN is valid exactly if it fits ECR's own model."""
    arn = stem + kind + name + "s" * pad
    limits = shape("ecr", "PrincipalArn")
    theirs = re.fullmatch(limits["pattern"], arn) is not None and len(arn) <= limits["max"]

    assert theirs == (not any(exclusion_errors(arn)))


def test_limits_are_the_published_ones() -> None:
    """The limits equal those of ECR's API model and of CloudFormation's resource schema."""
    schema = resource_schema("AWS::ECR::PullTimeUpdateExclusion")["definitions"]

    assert shape("ecr", "PrincipalArn")["max"] == EXCLUSION_ARN_MAX_LENGTH
    assert schema["PrincipalArn"]["maxLength"] == EXCLUSION_ARN_MAX_LENGTH
    assert shape("ecr", "PullTimeUpdateExclusionList")["max"] == MAX_EXCLUSIONS
