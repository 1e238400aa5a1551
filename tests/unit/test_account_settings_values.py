"""The account settings that CloudFormation does not know: names, values, refusals."""

import re
from typing import Any

import botocore.session
import pytest

from ecr_constructs.model.account_settings import account_settings

NOTHING: dict[str, Any] = {
    "basic_scan_version": None,
    "registry_policy_scope": None,
    "blob_mounting": None,
}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "give at least one of basic_scan_version, registry_policy_scope and blob"),
    "the old scanner": (
        {"basic_scan_version": "CLAIR"},
        "BASIC_SCAN_TYPE_VERSION can no longer be set to 'CLAIR'; write 'AWS_NATIVE'",
    ),
    "another scanner": (
        {"basic_scan_version": "TRIVY"},
        "BASIC_SCAN_TYPE_VERSION must be 'AWS_NATIVE', got 'TRIVY'",
    ),
    "the old scope": (
        {"registry_policy_scope": "V1"},
        "REGISTRY_POLICY_SCOPE can no longer be set to 'V1'; write 'V2'",
    ),
    "a text for a truth value": (
        {"blob_mounting": "DISABLED"},
        "blob_mounting must be True or False, got 'DISABLED'",
    ),
}


@pytest.mark.parametrize(("given", "fault"), REFUSED.values(), ids=REFUSED)
def test_refuses(given: dict[str, Any], fault: str) -> None:
    """What ECR no longer accepts, or never did, is named with what to write."""
    with pytest.raises(ValueError, match=re.escape(fault)):
        account_settings(**{**NOTHING, **given})


@pytest.mark.parametrize(
    ("given", "settings"),
    [
        ({"basic_scan_version": "AWS_NATIVE"}, {"BASIC_SCAN_TYPE_VERSION": "AWS_NATIVE"}),
        ({"registry_policy_scope": "V2"}, {"REGISTRY_POLICY_SCOPE": "V2"}),
        ({"blob_mounting": True}, {"BLOB_MOUNTING": "ENABLED"}),
        ({"blob_mounting": False}, {"BLOB_MOUNTING": "DISABLED"}),
        ({"basic_scan_version": "${Token[A.1]}"}, {"BASIC_SCAN_TYPE_VERSION": "${Token[A.1]}"}),
    ],
    ids=["scanner", "scope", "mounting", "no mounting", "deploy-time"],
)
def test_settings(given: dict[str, Any], settings: dict[str, str]) -> None:
    """Settings have ECR's names and values; those that are not given are left alone."""
    assert settings == account_settings(**{**NOTHING, **given})


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
