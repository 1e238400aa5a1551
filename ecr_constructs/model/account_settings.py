"""Registry settings: account settings, and principals whose pulls are not recorded."""

import re
from collections.abc import Iterator

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid, text_length_errors

# The values that the API accepts, and those that it no longer accepts: registries keep them.
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutAccountSetting.html
_ACCEPTED = {"BASIC_SCAN_TYPE_VERSION": "AWS_NATIVE", "REGISTRY_POLICY_SCOPE": "V2"}
_MOUNTING = {True: "ENABLED", False: "DISABLED"}
_RETIRED = {"BASIC_SCAN_TYPE_VERSION": "CLAIR", "REGISTRY_POLICY_SCOPE": "V1"}
ACCOUNT_SETTINGS = (*_ACCEPTED, "BLOB_MOUNTING")
"""The names of all account settings."""
DEFAULTS = {**_ACCEPTED, "BLOB_MOUNTING": _MOUNTING[False]}
"""The values of a new registry."""

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RegisterPullTimeUpdateExclusion.html
MAX_EXCLUSIONS = 100
EXCLUSION_ARN_MAX_LENGTH = 200
_EXCLUSION_ARN = re.compile(
    r"arn:aws(-[a-z]+)*:iam::[0-9]{12}:(role|user)/[\w+=,.@-]+(/[\w+=,.@-]+)*", re.ASCII
)


def account_settings(
    *, basic_scan_version: str | None, registry_policy_scope: str | None, blob_mounting: bool | None
) -> dict[str, str]:
    """Return the account settings by ECR's names, without those that are None."""
    values = {
        "BASIC_SCAN_TYPE_VERSION": basic_scan_version,
        "REGISTRY_POLICY_SCOPE": registry_policy_scope,
        "BLOB_MOUNTING": None if blob_mounting is None else _MOUNTING[bool(blob_mounting)],
    }
    settings = {name: value for name, value in values.items() if value is not None}
    raise_if_invalid("account settings", settings, _errors(settings, blob_mounting))
    return settings


def _errors(settings: dict[str, str], blob_mounting: object) -> Iterator[Diagnostic]:
    if not settings:
        yield Diagnostic(
            "account-settings-missing",
            "give at least one of basic_scan_version, registry_policy_scope and blob_mounting",
        )
    for name, accepted in _ACCEPTED.items():
        value = settings.get(name, accepted)
        if value == _RETIRED[name]:
            yield Diagnostic(
                "account-setting-retired",
                f"{name} can no longer be set to {value!r}",
                name,
                f"write {accepted!r}",
            )
        elif value != accepted and not is_unresolved(value):
            yield Diagnostic(
                "account-setting-value", f"{name} must be {accepted!r}, got {value!r}", name
            )
    # Any text is true, "DISABLED" too.
    if blob_mounting not in (None, True, False):
        yield Diagnostic(
            "account-setting-type",
            f"blob_mounting must be True or False, got {blob_mounting!r}",
            "blob_mounting",
        )


def exclusion_errors(principal_arn: str) -> Iterator[Diagnostic]:
    """Yield each reason why ECR rejects a principal whose pulls are not to be recorded."""
    yield from text_length_errors(
        "pull-time-exclusion-length", "", principal_arn, EXCLUSION_ARN_MAX_LENGTH
    )
    if not _EXCLUSION_ARN.fullmatch(principal_arn):
        yield Diagnostic(
            "pull-time-exclusion-format",
            "must be the ARN of a role or user, 'arn:aws:iam::ACCOUNT:role/NAME'",
        )
