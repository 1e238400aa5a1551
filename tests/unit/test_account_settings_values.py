"""Registry settings: account settings, and principals whose pulls are not recorded."""

import re
from typing import Any

import botocore.session
import pytest

from ecr_constructs.model.account_settings import account_settings, exclusion_errors
from tests.support.errors import by_code, rejection_test

NOTHING: dict[str, Any] = {
    "basic_scan_version": None,
    "registry_policy_scope": None,
    "blob_mounting": None,
}


SCANNER, SCOPE = "BASIC_SCAN_TYPE_VERSION", "REGISTRY_POLICY_SCOPE"
REJECTED: dict[str, tuple[Any, ...]] = {
    "nothing": ({}, "account-settings-missing"),
    "the old scanner": ({"basic_scan_version": "CLAIR"}, f"{SCANNER}: account-setting-retired"),
    "another scanner": ({"basic_scan_version": "TRIVY"}, f"{SCANNER}: account-setting-value"),
    "the old scope": ({"registry_policy_scope": "V1"}, f"{SCOPE}: account-setting-retired"),
    "a text for a boolean": ({"blob_mounting": "DISABLED"}, "blob_mounting: account-setting-type"),
}
test_rejects = rejection_test(lambda values: account_settings(**{**NOTHING, **values}), REJECTED)


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


EXCLUSIONS = {
    "": [
        f"{STEM}role/scanner",
        f"{STEM}user/security/scanner+1@example.com",
        f"{STEM}role/{'s' * (200 - len(STEM) - 5)}",
        "arn:aws-us-gov:iam::111122223333:role/scanner",
    ],
    "format": [
        *("scanner", f"{STEM}root", f"{STEM}group/scanners"),
        *(f"{STEM}role/*", f"{STEM}role/", f"{STEM}role/prüfer"),
        "arn:aws:sts::111122223333:assumed-role/scanner/session",
    ],
    "length": [f"{STEM}role/{'s' * (201 - len(STEM) - 5)}"],
}
test_exclusions = rejection_test(
    exclusion_errors, by_code(EXCLUSIONS), prefix="pull-time-exclusion-"
)
