"""The settings of a registry, that is of one account and Region."""

# ruff: noqa: SLF001 - ministack offers its stores and handlers by private names only

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.core.responses import AccountRegionScopedDict, get_account_id
from ministack.services import ecr

from local_aws.overlay import repositories
from local_aws.overlay.operations import RejectedError, now, operation, page

if TYPE_CHECKING:
    from local_aws.overlay.operations import Members

ACCOUNT_SETTINGS = {
    "BASIC_SCAN_TYPE_VERSION": "AWS_NATIVE",
    "REGISTRY_POLICY_SCOPE": "V2",
    "BLOB_MOUNTING": "DISABLED",
}
# The default state of a registry in ECR.
_NO_REPLICATION: dict[str, Any] = {"rules": []}
_BASIC_SCANNING: dict[str, Any] = {"scanType": "BASIC", "rules": []}

_settings = AccountRegionScopedDict()
_exclusions = AccountRegionScopedDict()


def _required(name: str, code: str) -> Any:
    if name not in _settings:
        message = f"The registry with id '{get_account_id()}' has no {name}"
        raise RejectedError(code, message)
    return _settings[name]


def replication_rules() -> list[Members]:
    """Return the replication rules of this registry."""
    return list(_settings.get("replication configuration", _NO_REPLICATION)["rules"])


def policy() -> str | None:
    """Return the text of the registry policy, if there is one."""
    text: str | None = _settings.get("registry policy")
    return text


@operation("DescribeRegistry")
def describe(_: Members) -> Members:
    """Describe the registry: its replication, that is."""
    rules = {"rules": replication_rules()}
    return {"registryId": get_account_id(), "replicationConfiguration": rules}


@operation("PutReplicationConfiguration")
def put_replication(members: Members) -> Members:
    """Replace all replication rules."""
    configuration = members["replicationConfiguration"]
    for rule in configuration["rules"]:
        rule.setdefault("repositoryFilters", [])
    _settings["replication configuration"] = configuration
    return {"replicationConfiguration": configuration}


@operation("PutRegistryPolicy")
def put_policy(members: Members) -> Members:
    """Replace the registry policy."""
    _settings["registry policy"] = members["policyText"]
    return get_policy(members)


@operation("GetRegistryPolicy")
def get_policy(_: Members) -> Members:
    """Return the registry policy."""
    text = _required("registry policy", "RegistryPolicyNotFoundException")
    return {"registryId": get_account_id(), "policyText": text}


@operation("DeleteRegistryPolicy")
def delete_policy(members: Members) -> Members:
    """Delete the registry policy."""
    answer = get_policy(members)
    del _settings["registry policy"]
    return answer


@operation("PutRegistryScanningConfiguration")
def put_scanning(members: Members) -> Members:
    """Replace the scanning configuration."""
    _settings["scanning configuration"] = {
        "scanType": members.get("scanType", "BASIC"),
        "rules": members.get("rules", []),
    }
    return {"registryScanningConfiguration": _settings["scanning configuration"]}


@operation("GetRegistryScanningConfiguration")
def get_scanning(_: Members) -> Members:
    """Return the scanning configuration."""
    configuration = _settings.get("scanning configuration", _BASIC_SCANNING)
    return {"registryId": get_account_id(), "scanningConfiguration": configuration}


@operation("BatchGetRepositoryScanningConfiguration")
def batch_get_scanning(members: Members) -> Members:
    """Tell how each repository is scanned: by the registry's rules, or else its own setting."""
    rules = get_scanning(members)["scanningConfiguration"]["rules"]
    configurations, failures = [], []
    for name in members["repositoryNames"]:
        record = ecr._repositories.get(name)
        if record is None:
            reason = repositories.missing(name)
            failures.append({"repositoryName": name, "failureCode": "REPOSITORY_NOT_FOUND"})
            failures[-1]["failureReason"] = reason
            continue
        applied = [
            (rule["scanFrequency"], item)
            for rule in rules
            for item in rule["repositoryFilters"]
            if repositories.matches(name, item["filter"])
        ]
        on_push = record["imageScanningConfiguration"]["scanOnPush"]
        frequencies = {frequency for frequency, _ in applied} or (
            {"SCAN_ON_PUSH"} if on_push else {"MANUAL"}
        )
        configurations.append(
            {
                "repositoryArn": record["repositoryArn"],
                "repositoryName": name,
                "scanOnPush": "SCAN_ON_PUSH" in frequencies,
                "scanFrequency": min(frequencies),  # CONTINUOUS_SCAN before SCAN_ON_PUSH.
                "appliedScanFilters": [item for _, item in applied],
            }
        )
    return {"scanningConfigurations": configurations, "failures": failures}


@operation("PutSigningConfiguration")
def put_signing(members: Members) -> Members:
    """Replace the signing configuration."""
    _settings["signing configuration"] = members["signingConfiguration"]
    return {"signingConfiguration": members["signingConfiguration"]}


@operation("GetSigningConfiguration")
def get_signing(_: Members) -> Members:
    """Return the signing configuration."""
    configuration = _required("signing configuration", "SigningConfigurationNotFoundException")
    return {"registryId": get_account_id(), "signingConfiguration": configuration}


@operation("DeleteSigningConfiguration")
def delete_signing(members: Members) -> Members:
    """Delete the signing configuration."""
    answer = get_signing(members)
    del _settings["signing configuration"]
    return answer


@operation("PutAccountSetting")
def put_account_setting(members: Members) -> Members:
    """Set an account setting."""
    _settings[members["name"]] = members["value"]
    return get_account_setting(members)


@operation("GetAccountSetting")
def get_account_setting(members: Members) -> Members:
    """Return an account setting, or ECR's own value of it."""
    name = members["name"]
    return {"name": name, "value": _settings.get(name, ACCOUNT_SETTINGS.get(name, ""))}


@operation("RegisterPullTimeUpdateExclusion")
def register_exclusion(members: Members) -> Members:
    """Leave the pulls of a principal out of an image's last recorded pull."""
    principal = members["principalArn"]
    if principal in _exclusions:
        code = "ExclusionAlreadyExistsException"
        raise RejectedError(code, f"The exclusion for '{principal}' already exists")
    _exclusions[principal] = now()
    return {"principalArn": principal, "createdAt": _exclusions[principal]}


@operation("DeregisterPullTimeUpdateExclusion")
def deregister_exclusion(members: Members) -> Members:
    """Count the pulls of a principal again."""
    principal = members["principalArn"]
    if _exclusions.pop(principal, None) is None:
        code = "ExclusionNotFoundException"
        raise RejectedError(code, f"The exclusion for '{principal}' does not exist")
    return {"principalArn": principal}


@operation("ListPullTimeUpdateExclusions")
def list_exclusions(members: Members) -> Members:
    """List the principals whose pulls do not count."""
    return page(members, "pullTimeUpdateExclusions", _exclusions.keys())
