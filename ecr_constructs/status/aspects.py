"""The settings of each resource type: what of two values counts as the same.

ECR and CloudFormation do not keep the texts that they are given: policies are sets of statements,
lifecycle policies what they do, tags and filters sets, and an absent setting has a default.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ecr_constructs.cloudformation.attribute_values import ANY_SUFFIX
from ecr_constructs.cloudformation.lifecycle import policy_of
from ecr_constructs.cloudformation.replication_config import rules_of
from ecr_constructs.cloudformation.resource_types import (
    CACHE,
    CREATION_TEMPLATE,
    PULL_TIME_EXCLUSION,
    REGISTRY_POLICY,
    REPLICATION,
    REPOSITORY,
    SCANNING,
    SIGNING,
)
from ecr_constructs.model.json_text import compact
from ecr_constructs.model.names import ROOT
from ecr_constructs.model.tokens import MARK, is_unresolved
from ecr_constructs.review.analyzers.lifecycle import differences
from ecr_constructs.review.spelling import normal_form, parsed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ecr_constructs.cloudformation.graph import Resource

_UNKNOWN_PART = re.compile(rf"{MARK.pattern}|{re.escape(ANY_SUFFIX)}")
_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
# Statements without a version follow the older one.
_VERSION = "2008-10-17"
_FILTERS = "ImageTagMutabilityExclusionFilters"
_FILTER = "ImageTagMutabilityExclusionFilterValue"


@dataclass(frozen=True, slots=True)
class Aspect:
    """One setting of a resource type.

    Attributes:
        name: The name in reports: ``repository-policy``.
        words: The name in sentences: ``repository policy``.
        properties: The properties that hold it.
        effect: Returns a value that is equal for settings with the same effect.
        when_absent: What the update handler does with the live value if the template declares
            none: ``deletes``, ``resets`` or ``leaves``.
        same: Compares two resources, if equal values are not all that is the same; None if it
            does not know.
        absent: The effect without the resource.
    """

    name: str
    words: str
    properties: tuple[str, ...]
    effect: Callable[[Resource], Any]
    when_absent: str = "leaves"
    same: Callable[[Resource, Resource], bool | None] | None = None
    absent: Any = None

    def value(self, resource: Resource | None) -> Any:
        """Return the effect of a resource, or of none."""
        return self.absent if resource is None else self.effect(resource)

    def is_declared(self, resource: Resource | None) -> bool:
        """Tell whether a template has any of the properties."""
        return resource is not None and any(
            resource.get(name) is not None for name in self.properties
        )

    def compare(self, declared: Resource | None, live: Resource | None) -> bool | None:
        """Tell whether a setting is as declared; None if the template does not tell.

        Args:
            declared: The resource of the template. None: it declares none.
            live: What is live, as a resource. None: there is none.
        """
        if self.same is not None and declared is not None and live is not None:
            return self.same(declared, live)
        old, new = self.value(declared), self.value(live)
        if old == new:
            return True
        return None if may_equal(old, new) else False


def may_equal(declared: Any, live: Any) -> bool:
    """Tell whether a value with unresolved parts can be equal to another one."""
    if declared == live:
        return True
    if isinstance(declared, str) and _is_open(declared):
        return _may_be_text(declared, live if isinstance(live, str) else compact(live))
    if isinstance(declared, Mapping) and isinstance(live, Mapping):
        keys = {*declared, *live}
        return all(may_equal(declared.get(key), live.get(key)) for key in keys)
    if isinstance(declared, list) and isinstance(live, list):
        left = list(live)
        for item in sorted(declared, key=lambda item: _is_open(compact(item))):
            match = next((other for other in left if may_equal(item, other)), None)
            if match is None:
                return any(isinstance(item, str) and MARK.fullmatch(item) for item in declared)
            left.remove(match)
        return not left or any(isinstance(item, str) and MARK.fullmatch(item) for item in declared)
    return False


def _is_open(text: str) -> bool:
    return is_unresolved(text) or ANY_SUFFIX in text


def _may_be_text(declared: str, text: str) -> bool:
    """Tell whether a text consists of the known parts of another one, with anything between."""
    first, *inner, last = _UNKNOWN_PART.split(declared)
    if not text.startswith(first) or not text.endswith(last):
        return False
    position, end = len(first), len(text) - len(last)
    for part in inner:
        position = text.find(part, position, end)
        if position < 0:
            return False
        position += len(part)
    return position <= end


def policy_form(value: Any) -> Any:
    """Return a policy that is equal for policies with the same statements."""
    document = parsed(value)
    if not isinstance(document, Mapping):
        return document
    statements = document.get("Statement", [])
    form = normal_form(
        {
            "Version": _VERSION,
            **document,
            "Statement": [
                _statement(statement)
                for statement in (statements if isinstance(statements, list) else [statements])
            ],
        }
    )
    unique = {compact(statement): statement for statement in form["Statement"]}
    return {**form, "Statement": list(unique.values())}


def _statement(statement: Any) -> Any:
    if not isinstance(statement, Mapping):
        return statement
    members = dict(statement)
    for name in ("Principal", "NotPrincipal"):
        principal = members.get(name)
        if principal == "*":
            members[name] = {"AWS": ["*"]}
        elif isinstance(principal, Mapping) and "AWS" in principal:
            accounts = principal["AWS"]
            accounts = accounts if isinstance(accounts, list) else [accounts]
            members[name] = {**principal, "AWS": _unique(map(_account_root, accounts))}
    for name in ("Action", "NotAction"):
        if name in members:
            actions = members[name] if isinstance(members[name], list) else [members[name]]
            members[name] = _unique(str(action).lower() for action in actions)
    return members


def _unique(values: Iterable[Any]) -> list[Any]:
    """Return the values of a set, in the order in which they first appear."""
    return list({compact(value): value for value in values}.values())


def _account_root(principal: Any) -> Any:
    """Return an account as the principal that IAM makes of it."""
    is_account = isinstance(principal, str) and _ACCOUNT.fullmatch(principal)
    return f"arn:aws:iam::{principal}:root" if is_account else principal


def _policy(name: str) -> Callable[[Resource], Any]:
    def value(resource: Resource) -> Any:
        policy = resource.get(name)
        return None if policy is None else policy_form(policy)

    return value


def _tags(name: str) -> Callable[[Resource], Any]:
    def value(resource: Resource) -> Any:
        value = resource.get(name)
        if value is not None and not isinstance(value, list):
            return value
        own = {str(tag.get("Key")): tag.get("Value", "") for _, tag in resource.mappings(name)}
        # CloudFormation gives the tags of a stack to its resources.
        stack = resource.stack.template.tags if name == "Tags" else {}
        tags = {str(key): item for key, item in {**stack, **own}.items()}
        return {key: str(item) for key, item in tags.items() if not key.startswith("aws:")}

    return value


def _mutability(resource: Resource) -> Any:
    setting = resource.get("ImageTagMutability") or "MUTABLE"
    filters = resource.get(_FILTERS)
    if isinstance(filters, list):
        filters = sorted(str(item.get(_FILTER)) for _, item in resource.mappings(_FILTERS))
    return {"setting": setting, "except": filters} if filters else setting


def _scan_on_push(resource: Resource) -> Any:
    value = resource.get("ImageScanningConfiguration", "ScanOnPush")
    return "false" if value is None else str(value).lower()


def _encryption(resource: Resource) -> Any:
    kind = resource.get("EncryptionConfiguration", "EncryptionType")
    key = resource.get("EncryptionConfiguration", "KmsKey")
    return {"EncryptionType": kind or "AES256", "KmsKey": key}


def _same_encryption(declared: Resource, live: Resource) -> bool | None:
    """Compare the keys, of which a template may give the ID only, an alias, or AWS's own."""
    old, new = _encryption(declared), _encryption(live)
    if old == new:
        return True
    key, live_key = old["KmsKey"], new["KmsKey"]
    if not may_equal(old["EncryptionType"], new["EncryptionType"]):
        return False
    if live_key is None or not isinstance(key, str | None):
        return False
    if key is None or "alias/" in key:
        # The answer has the key's ARN, of AWS's own key too.
        return None
    if not is_unresolved(key) and ":" not in key:
        return bool(str(live_key).endswith(f"/{key}"))
    return None if may_equal(key, live_key) else False


def _same_lifecycle(declared: Resource, live: Resource) -> bool | None:
    before, after = policy_of(declared), policy_of(live)
    if before.policy is not None and after.policy is not None:
        return not differences(before.policy, after.policy)
    if before.text == after.text:
        return True
    if before.text is None or after.text is None or before.is_resolved:
        return False
    return None if may_equal(before.text, after.text) else False


def _lifecycle(resource: Resource) -> Any:
    return policy_of(resource).text


def _replication(resource: Resource) -> Any:
    # Rules add up, so each stands for its pairs of a prefix and a destination.
    pairs = {
        (prefix, str(destination), rule.replicate_deletions)
        for rule in rules_of(resource)
        for prefix in rule.prefixes or ("",)
        for destination in rule.destinations
    }
    return [
        {"prefix": prefix, "destination": destination, "deletions": deletes}
        for prefix, destination, deletes in sorted(pairs)
    ]


def _scanning(resource: Resource) -> Any:
    filters: dict[str, list[Any]] = {}
    for index, rule in resource.mappings("Rules"):
        entries = resource.mappings("Rules", index, "RepositoryFilters")
        names = filters.setdefault(str(rule.get("ScanFrequency")), [])
        names += [entry.get("Filter") for _, entry in entries]
    rules = [[name, sorted({*map(str, items)})] for name, items in sorted(filters.items())]
    return {"type": resource.get("ScanType") or "BASIC", "rules": [*filter(_selects, rules)]}


def _selects(rule: Sequence[Any]) -> bool:
    return bool(rule[1])


def _signing(resource: Resource) -> Any:
    profiles: dict[str, set[str]] = {}
    for index, rule in resource.mappings("Rules"):
        entries = resource.mappings("Rules", index, "RepositoryFilters")
        # A rule without filters applies to all repositories.
        names = {str(entry.get("Filter")) for _, entry in entries} or {"*"}
        profiles.setdefault(str(rule.get("SigningProfileArn")), set()).update(names)
    return [[profile, sorted(names)] for profile, names in sorted(profiles.items())]


def _plain(name: str, default: str = "") -> Callable[[Resource], Any]:
    def value(resource: Resource) -> Any:
        setting = resource.get(name)
        return None if setting in ("", default) else normal_form(setting)

    return value


def _same_upstream(declared: Resource, live: Resource) -> bool | None:
    for name in ("UpstreamRegistryUrl", "UpstreamRegistry"):
        old, new = declared.get(name), live.get(name)
        if old is not None and new is not None:
            return True if old == new else None if may_equal(old, new) else False
    return None


_SHARED = (
    Aspect("tag-mutability", "tag mutability", ("ImageTagMutability", _FILTERS), _mutability),
    Aspect(
        "encryption",
        "encryption",
        ("EncryptionConfiguration",),
        _encryption,
        same=_same_encryption,
    ),
)


def _simple(name: str, words: str, key: str, when_absent: str = "resets") -> Aspect:
    return Aspect(name, words, (key,), _plain(key), when_absent)


ASPECTS: Mapping[str, Sequence[Aspect]] = {
    REPOSITORY: (
        Aspect(
            "repository-policy",
            "repository policy",
            ("RepositoryPolicyText",),
            _policy("RepositoryPolicyText"),
            "deletes",
        ),
        Aspect(
            "lifecycle-policy",
            "lifecycle policy",
            ("LifecyclePolicy",),
            _lifecycle,
            "deletes",
            _same_lifecycle,
        ),
        Aspect("tags", "tags", ("Tags",), _tags("Tags"), "deletes"),
        Aspect("scan-on-push", "scan on push", ("ImageScanningConfiguration",), _scan_on_push),
        *_SHARED,
    ),
    CREATION_TEMPLATE: (
        Aspect(
            "repository-policy",
            "repository policy",
            ("RepositoryPolicy",),
            _policy("RepositoryPolicy"),
            "resets",
        ),
        Aspect(
            "lifecycle-policy",
            "lifecycle policy",
            ("LifecyclePolicy",),
            _lifecycle,
            "resets",
            _same_lifecycle,
        ),
        Aspect("tags", "tags of repositories", ("ResourceTags",), _tags("ResourceTags"), "resets"),
        _simple("applied-for", "occasions", "AppliedFor"),
        _simple("description", "description", "Description"),
        _simple("role", "role", "CustomRoleArn"),
        *_SHARED,
    ),
    CACHE: (
        Aspect(
            "upstream",
            "upstream",
            ("UpstreamRegistryUrl", "UpstreamRegistry"),
            _plain("UpstreamRegistryUrl"),
            same=_same_upstream,
        ),
        Aspect(
            "upstream-prefix",
            "upstream prefix",
            ("UpstreamRepositoryPrefix",),
            # The names upstream are those after the prefix of the cache.
            _plain("UpstreamRepositoryPrefix", ROOT),
        ),
        _simple("credential", "credential", "CredentialArn", "leaves"),
        _simple("role", "role", "CustomRoleArn", "leaves"),
    ),
    PULL_TIME_EXCLUSION: (),
    REGISTRY_POLICY: (
        Aspect("registry-policy", "registry policy", ("PolicyText",), _policy("PolicyText")),
    ),
    REPLICATION: (
        Aspect(
            "replication", "replication", ("ReplicationConfiguration",), _replication, absent=[]
        ),
    ),
    SCANNING: (
        Aspect(
            "scanning",
            "scanning configuration",
            ("ScanType", "Rules"),
            _scanning,
            absent={"type": "BASIC", "rules": []},
        ),
    ),
    SIGNING: (Aspect("signing", "signing configuration", ("Rules",), _signing, absent=[]),),
}
"""The settings by resource type."""
