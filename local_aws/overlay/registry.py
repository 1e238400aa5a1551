"""What a registry, that is one account and Region, holds besides its repositories.

Settings, and what ECR creates by prefix: creation templates and pull-through cache rules.
"""

# ruff: noqa: SLF001 - ministack offers its stores and handlers by private names only

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.core.responses import AccountRegionScopedDict, get_account_id
from ministack.services import ecr

from local_aws.overlay import repositories
from local_aws.overlay.operations import OPERATIONS, RejectedError, now, operation, page

if TYPE_CHECKING:
    from local_aws.overlay.operations import Members

# The default state of a registry in ECR.
_DEFAULTS: dict[str, Any] = {
    "BASIC_SCAN_TYPE_VERSION": "AWS_NATIVE",
    "BLOB_MOUNTING": "DISABLED",
    "REGISTRY_POLICY_SCOPE": "V2",
    "replicationConfiguration": {"rules": []},
    "scanningConfiguration": {"scanType": "BASIC", "rules": []},
}
_settings = AccountRegionScopedDict()
SET_AT = AccountRegionScopedDict()
"""When a setting was set last."""
EXCLUSIONS = AccountRegionScopedDict()
TEMPLATES = AccountRegionScopedDict()
RULES = AccountRegionScopedDict()


def setting(name: str) -> Any:
    """Return a setting of this registry, by default ECR's; None if neither has it."""
    return _settings.get(name, _DEFAULTS.get(name))


def is_set(name: str) -> bool:
    """Whether somebody has set a setting; replication without rules is none, scanning always is."""
    if name == "replicationConfiguration":
        return bool(setting(name)["rules"])
    return setting(name) is not None


def _identified(**members: Any) -> Members:
    return {"registryId": get_account_id(), **members}


def _existing(store: AccountRegionScopedDict, key: str, noun: str) -> Any:
    if key not in store:
        message = f"The {noun} '{key}' does not exist in the registry with id '{get_account_id()}'"
        raise RejectedError(message, f"{noun}NotFoundException")
    return store[key]


def _vacant(store: AccountRegionScopedDict, key: str, noun: str) -> None:
    if key in store:
        message = f"The {noun} '{key}' already exists in the registry with id '{get_account_id()}'"
        raise RejectedError(message, f"{noun}AlreadyExistsException")


def _add_setting(noun: str, member: str) -> None:
    """Add the operations of a setting that a registry may not have."""

    def put(members: Members) -> Members:
        _settings[member] = members[member]
        SET_AT[member] = now()
        return {member: members[member]}

    def get(_: Members) -> Members:
        if member not in _settings:
            message = f"The registry with id '{get_account_id()}' has no {noun}"
            raise RejectedError(message, f"{noun}NotFoundException")
        return _identified(**{member: _settings[member]})

    def delete(members: Members) -> Members:
        answer = get(members)
        del _settings[member]
        return answer

    OPERATIONS.update({f"Put{noun}": put, f"Get{noun}": get, f"Delete{noun}": delete})


_add_setting("RegistryPolicy", "policyText")
_add_setting("SigningConfiguration", "signingConfiguration")


@operation("DescribeRegistry")
def describe(_: Members) -> Members:
    """Describe the replication of the registry."""
    return _identified(replicationConfiguration=setting("replicationConfiguration"))


@operation("PutReplicationConfiguration")
def put_replication(members: Members) -> Members:
    """Replace all replication rules."""
    configuration = members["replicationConfiguration"]
    for rule in configuration["rules"]:
        rule.setdefault("repositoryFilters", [])
    _settings["replicationConfiguration"] = configuration
    return {"replicationConfiguration": configuration}


@operation("PutRegistryScanningConfiguration")
def put_scanning(members: Members) -> Members:
    """Replace the scanning configuration."""
    defaults = _DEFAULTS["scanningConfiguration"]
    scanning = {name: members.get(name, default) for name, default in defaults.items()}
    _settings["scanningConfiguration"] = scanning
    SET_AT["scanningConfiguration"] = now()
    return {"registryScanningConfiguration": scanning}


@operation("GetRegistryScanningConfiguration")
def get_scanning(_: Members) -> Members:
    """Return the scanning configuration."""
    return _identified(scanningConfiguration=setting("scanningConfiguration"))


def _applied_scan_filters(name: str) -> list[tuple[str, Members]]:
    """Return frequency and filter of each scanning rule of the registry for a repository."""
    return [
        (rule["scanFrequency"], item)
        for rule in setting("scanningConfiguration")["rules"]
        for item in rule["repositoryFilters"]
        if repositories.matches(name, item["filter"])
    ]


def scan_frequency(name: str) -> str:
    """Return when a repository is scanned: by the registry's rules, or else its own setting."""
    on_push = repositories.find(name)["imageScanningConfiguration"]["scanOnPush"]
    is_basic = setting("scanningConfiguration")["scanType"] == "BASIC"
    # Inspector knows the registry's rules only.
    own = "SCAN_ON_PUSH" if on_push and is_basic else "MANUAL"
    # CONTINUOUS_SCAN before SCAN_ON_PUSH.
    return min((frequency for frequency, _ in _applied_scan_filters(name)), default=own)


@operation("BatchGetRepositoryScanningConfiguration")
def batch_get_scanning(members: Members) -> Members:
    """Say how each repository is scanned: by the registry's rules, or else its own setting."""
    configurations, failures = [], []
    for name in members["repositoryNames"]:
        record = ecr._repositories.get(name)
        if record is None:
            code, reason = "REPOSITORY_NOT_FOUND", repositories.missing(name)
            failure = {"repositoryName": name, "failureCode": code, "failureReason": reason}
            failures.append(failure)
            continue
        applied = _applied_scan_filters(name)
        frequency = scan_frequency(name)
        configuration = {
            "repositoryArn": record["repositoryArn"],
            "repositoryName": name,
            "scanOnPush": "SCAN_ON_PUSH" in {frequency, *(frequency for frequency, _ in applied)},
            "scanFrequency": frequency,
            "appliedScanFilters": [item for _, item in applied],
        }
        configurations.append(configuration)
    return {"scanningConfigurations": configurations, "failures": failures}


@operation("PutAccountSetting")
def put_account_setting(members: Members) -> Members:
    """Set an account setting."""
    _settings[members["name"]] = members["value"]
    return get_account_setting(members)


@operation("GetAccountSetting")
def get_account_setting(members: Members) -> Members:
    """Return an account setting."""
    return {"name": members["name"], "value": setting(members["name"]) or ""}


@operation("RegisterPullTimeUpdateExclusion")
def register_exclusion(members: Members) -> Members:
    """Leave the pulls of a principal out of an image's last recorded pull."""
    principal = members["principalArn"]
    _vacant(EXCLUSIONS, principal, "Exclusion")
    EXCLUSIONS[principal] = now()
    return {"principalArn": principal, "createdAt": EXCLUSIONS[principal]}


@operation("DeregisterPullTimeUpdateExclusion")
def deregister_exclusion(members: Members) -> Members:
    """Count the pulls of a principal again."""
    principal = members["principalArn"]
    _existing(EXCLUSIONS, principal, "Exclusion")
    del EXCLUSIONS[principal]
    return {"principalArn": principal}


@operation("ListPullTimeUpdateExclusions")
def list_exclusions(members: Members) -> Members:
    """List the principals whose pulls do not count."""
    return page(members, "pullTimeUpdateExclusions", EXCLUSIONS.keys())


def template_for(name: str, reason: str) -> Members | None:
    """Return the template with the longest prefix of a repository, for a reason of `appliedFor`."""
    fitting = [
        (0 if prefix == "ROOT" else len(prefix), template)
        for prefix, template in TEMPLATES.items()
        if reason in template["appliedFor"]
        and (prefix == "ROOT" or name.startswith(prefix.rstrip("/") + "/"))
    ]
    return max(fitting, key=lambda match: match[0])[1] if fitting else None


def create_repository(name: str, template: Members) -> None:
    """Create a repository the way ECR does on its own; what the template omits is ECR's default."""
    tags = template.get("resourceTags", [])
    repositories.create({**template, "repositoryName": name, "tags": tags})
    for store, member in (
        (ecr._lifecycle_policies, "lifecyclePolicy"),
        (ecr._repo_policies, "repositoryPolicy"),
    ):
        if text := template.get(member):
            store[name] = text


def put_template(members: Members) -> Members:
    """Create a template, or replace it by one that keeps its time of creation."""
    time, prefix = now(), members["prefix"]
    TEMPLATES[prefix] = {
        "resourceTags": [],
        "imageTagMutability": "MUTABLE",
        "encryptionConfiguration": {"encryptionType": "AES256"},
        **members,
        "createdAt": TEMPLATES.get(prefix, {}).get("createdAt", time),
        "updatedAt": time,
    }
    return _identified(repositoryCreationTemplate=TEMPLATES[prefix])


@operation("CreateRepositoryCreationTemplate")
def create_template(members: Members) -> Members:
    """Create a template."""
    _vacant(TEMPLATES, members["prefix"], "Template")
    return put_template(members)


@operation("UpdateRepositoryCreationTemplate")
def update_template(members: Members) -> Members:
    """Set the members that are given; the others stay."""
    return put_template({**_existing(TEMPLATES, members["prefix"], "Template"), **members})


@operation("DeleteRepositoryCreationTemplate")
def delete_template(members: Members) -> Members:
    """Delete a template; the repositories made from it stay."""
    template = _existing(TEMPLATES, members["prefix"], "Template")
    del TEMPLATES[members["prefix"]]
    return _identified(repositoryCreationTemplate=template)


@operation("DescribeRepositoryCreationTemplates")
def describe_templates(members: Members) -> Members:
    """Describe the templates with the prefixes given, or a page of all."""
    prefixes = members.get("prefixes") or TEMPLATES
    described = [TEMPLATES[prefix] for prefix in prefixes if prefix in TEMPLATES]
    return _identified(**page(members, "repositoryCreationTemplates", described))


def _rule(members: Members) -> Members:
    rule: Members = _existing(RULES, members["ecrRepositoryPrefix"], "PullThroughCacheRule")
    return rule


def _without(members: Members, *names: str) -> Members:
    return {name: value for name, value in members.items() if name not in names}


@operation("CreatePullThroughCacheRule")
def create_rule(members: Members) -> Members:
    """Create a rule."""
    prefix, created = members["ecrRepositoryPrefix"], now()
    _vacant(RULES, prefix, "PullThroughCacheRule")
    rule = {"upstreamRepositoryPrefix": "ROOT", **members, "createdAt": created}
    RULES[prefix] = _identified(**rule, updatedAt=created)
    return _without(RULES[prefix], "updatedAt")


@operation("UpdatePullThroughCacheRule")
def update_rule(members: Members) -> Members:
    """Set the credential or role of a rule."""
    rule = _rule(members) | members | {"updatedAt": now()}
    RULES[members["ecrRepositoryPrefix"]] = rule
    return _without(rule, "createdAt", "upstreamRegistryUrl", "upstreamRegistry")


@operation("DeletePullThroughCacheRule")
def delete_rule(members: Members) -> Members:
    """Delete a rule; the repositories it filled stay."""
    rule = _rule(members)
    del RULES[members["ecrRepositoryPrefix"]]
    return _without(rule, "updatedAt", "upstreamRegistry")


@operation("DescribePullThroughCacheRules")
def describe_rules(members: Members) -> Members:
    """Describe the rules with the prefixes given, or a page of all."""
    prefixes = members.get("ecrRepositoryPrefixes") or RULES
    rules = [_rule({"ecrRepositoryPrefix": prefix}) for prefix in prefixes]
    return page(members, "pullThroughCacheRules", rules)


@operation("ValidatePullThroughCacheRule")
def validate_rule(members: Members) -> Members:
    """Call every rule valid: the emulator has no upstream to ask."""
    return {
        **_without(_rule(members), "createdAt", "updatedAt", "upstreamRegistry"),
        "isValid": True,
    }
