"""Repository creation templates and pull-through cache rules: what ECR creates by prefix."""

# ruff: noqa: SLF001 - ministack offers its stores and handlers by private names only

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.core.responses import AccountRegionScopedDict, get_account_id
from ministack.services import ecr

from local_aws.overlay import repositories
from local_aws.overlay.operations import RejectedError, now, operation, page

if TYPE_CHECKING:
    from local_aws.overlay.operations import Members

_templates = AccountRegionScopedDict()
_rules = AccountRegionScopedDict()


def _existing(store: AccountRegionScopedDict, prefix: str, code: str) -> Members:
    if prefix not in store:
        message = f"There is nothing with the prefix '{prefix}' in the registry with id "
        raise RejectedError(code, f"{message}'{get_account_id()}'")
    return dict(store[prefix])


def _vacant(store: AccountRegionScopedDict, prefix: str, code: str) -> None:
    if prefix in store:
        message = f"The prefix '{prefix}' is already used in the registry with id "
        raise RejectedError(code, f"{message}'{get_account_id()}'")


def _without(members: Members, *names: str) -> Members:
    return {name: value for name, value in members.items() if name not in names}


def template_for(name: str, reason: str) -> Members | None:
    """Return the template with the longest prefix of a repository.

    Args:
        name: The repository; a prefix ends at a slash of it.
        reason: What the template must be applied for, such as REPLICATION.
    """
    fitting = [
        (0 if prefix == "ROOT" else len(prefix), template)
        for prefix, template in _templates.items()
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


@operation("CreateRepositoryCreationTemplate")
def create_template(members: Members) -> Members:
    """Create a template."""
    _vacant(_templates, members["prefix"], "TemplateAlreadyExistsException")
    return put_template(members)


def put_template(members: Members) -> Members:
    """Create a template, or replace it by one that keeps its time of creation."""
    time, prefix = now(), members["prefix"]
    _templates[prefix] = {
        "resourceTags": [],
        "imageTagMutability": "MUTABLE",
        "encryptionConfiguration": {"encryptionType": "AES256"},
        **members,
        "createdAt": _templates.get(prefix, {}).get("createdAt", time),
        "updatedAt": time,
    }
    return _template(prefix)


@operation("UpdateRepositoryCreationTemplate")
def update_template(members: Members) -> Members:
    """Set the members that are given; the others stay."""
    prefix = members["prefix"]
    stored = _existing(_templates, prefix, "TemplateNotFoundException")
    _templates[prefix] = {**stored, **members, "updatedAt": now()}
    return _template(prefix)


@operation("DeleteRepositoryCreationTemplate")
def delete_template(members: Members) -> Members:
    """Delete a template; the repositories made from it stay."""
    answer = _template(members["prefix"])
    del _templates[members["prefix"]]
    return answer


@operation("DescribeRepositoryCreationTemplates")
def describe_templates(members: Members) -> Members:
    """Describe the templates with the prefixes given, or a page of all."""
    prefixes = members.get("prefixes")
    described = [_templates[prefix] for prefix in prefixes or _templates if prefix in _templates]
    return {
        "registryId": get_account_id(),
        **page(members, "repositoryCreationTemplates", described),
    }


def _template(prefix: str) -> Members:
    template = _existing(_templates, prefix, "TemplateNotFoundException")
    return {"registryId": get_account_id(), "repositoryCreationTemplate": template}


@operation("CreatePullThroughCacheRule")
def create_rule(members: Members) -> Members:
    """Create a rule."""
    prefix = members["ecrRepositoryPrefix"]
    _vacant(_rules, prefix, "PullThroughCacheRuleAlreadyExistsException")
    created = now()
    times = {"createdAt": created, "updatedAt": created}
    _rules[prefix] = {
        "upstreamRepositoryPrefix": "ROOT",
        **members,
        "registryId": get_account_id(),
        **times,
    }
    return _without(_rules[prefix], "updatedAt")


@operation("UpdatePullThroughCacheRule")
def update_rule(members: Members) -> Members:
    """Set the credential or role of a rule."""
    prefix = members["ecrRepositoryPrefix"]
    stored = _existing(_rules, prefix, "PullThroughCacheRuleNotFoundException")
    _rules[prefix] = {**stored, **members, "updatedAt": now()}
    return _without(_rules[prefix], "createdAt", "upstreamRegistryUrl", "upstreamRegistry")


@operation("DeletePullThroughCacheRule")
def delete_rule(members: Members) -> Members:
    """Delete a rule; the repositories it filled stay."""
    prefix = members["ecrRepositoryPrefix"]
    rule = _existing(_rules, prefix, "PullThroughCacheRuleNotFoundException")
    del _rules[prefix]
    return _without(rule, "updatedAt", "upstreamRegistry")


@operation("DescribePullThroughCacheRules")
def describe_rules(members: Members) -> Members:
    """Describe the rules with the prefixes given, or a page of all."""
    code = "PullThroughCacheRuleNotFoundException"
    prefixes = members.get("ecrRepositoryPrefixes") or _rules
    rules = [_existing(_rules, prefix, code) for prefix in prefixes]
    return page(members, "pullThroughCacheRules", rules)


@operation("ValidatePullThroughCacheRule")
def validate_rule(members: Members) -> Members:
    """Call every rule valid: there is no upstream to ask on this laptop."""
    prefix = members["ecrRepositoryPrefix"]
    rule = _existing(_rules, prefix, "PullThroughCacheRuleNotFoundException")
    return {**_without(rule, "createdAt", "updatedAt", "upstreamRegistry"), "isValid": True}
