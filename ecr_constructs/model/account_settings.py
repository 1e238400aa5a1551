"""The settings of a registry that CloudFormation does not know.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutAccountSetting.html
"""

from collections.abc import Iterator

from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid

# What the API accepts, and what it once accepted too: registries that have it keep it.
_ACCEPTED = {"BASIC_SCAN_TYPE_VERSION": "AWS_NATIVE", "REGISTRY_POLICY_SCOPE": "V2"}
_MOUNTING = {True: "ENABLED", False: "DISABLED"}
_RETIRED = {"BASIC_SCAN_TYPE_VERSION": "CLAIR", "REGISTRY_POLICY_SCOPE": "V1"}


def account_settings(
    *,
    basic_scan_version: str | None,
    registry_policy_scope: str | None,
    blob_mounting: bool | None,
) -> dict[str, str]:
    """Return the settings by ECR's names, without those that are None.

    Args:
        basic_scan_version: ``AWS_NATIVE``.
        registry_policy_scope: ``V2``.
        blob_mounting: Whether a push reuses layers of other repositories.

    Raises:
        ValueError: None of them, or a value that ECR refuses.
    """
    given = {
        "BASIC_SCAN_TYPE_VERSION": basic_scan_version,
        "REGISTRY_POLICY_SCOPE": registry_policy_scope,
        "BLOB_MOUNTING": None if blob_mounting is None else _MOUNTING[bool(blob_mounting)],
    }
    settings = {name: value for name, value in given.items() if value is not None}
    raise_if_invalid("account settings", settings, _errors(settings, blob_mounting))
    return settings


def _errors(settings: dict[str, str], blob_mounting: object) -> Iterator[str]:
    if not settings:
        yield "give at least one of basic_scan_version, registry_policy_scope and blob_mounting"
    for name, accepted in _ACCEPTED.items():
        value = settings.get(name, accepted)
        if value == _RETIRED[name]:
            yield f"{name} can no longer be set to {value!r}; write {accepted!r}"
        elif value != accepted and not is_unresolved(value):
            yield f"{name} must be {accepted!r}, got {value!r}"
    # A text is no truth value, "DISABLED" least of all.
    if blob_mounting not in (None, True, False):
        yield f"blob_mounting must be True or False, got {blob_mounting!r}"
