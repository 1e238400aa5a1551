"""A snapshot as a template, so that what reads templates also reads what is live.

A setting that the snapshot does not tell is the mark of an unresolved value: rules are silent
about it, and `LiveResource.not_known` says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ecr_constructs.cloudformation.intrinsics import UNKNOWN
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
from ecr_constructs.cloudformation.template import Template
from ecr_constructs.model.members import part
from ecr_constructs.snapshot.registry_view import RegistryView, Setting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ecr_constructs.model.not_known import NotKnown
    from ecr_constructs.snapshot.document import Snapshot
    from ecr_constructs.snapshot.registry_view import RepositoryView

_NOUNS = {
    REPOSITORY: "",
    CACHE: "cache ",
    CREATION_TEMPLATE: "creation template ",
    PULL_TIME_EXCLUSION: "pull-time exclusion of ",
}
# The attributes that a live resource does not have; rules about them are silent.
_KEPT = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}


@dataclass(frozen=True, slots=True)
class LiveResource:
    """What is live of what a resource of a template configures.

    Attributes:
        type: The resource type.
        key: The name, prefix or principal; ``""`` for what a registry has one of.
        properties: The properties as in a template; unknown ones are marks.
        not_known: Why a property is not known, by its name.
    """

    type: str
    key: str
    properties: Mapping[str, Any]
    not_known: Mapping[str, NotKnown] = field(default_factory=dict)

    @property
    def logical_id(self) -> str:
        """The logical ID in `template_of`: the name of the repository, or a noun and the key."""
        return f"{_NOUNS[self.type]}{self.key}" if self.key else self.type.rpartition("::")[2]

    @property
    def body(self) -> dict[str, Any]:
        """The resource of a template."""
        kept = _KEPT if self.type == REPOSITORY else {}
        return {"Type": self.type, **kept, "Properties": dict(self.properties)}


@dataclass(frozen=True, slots=True)
class LiveRegistry:
    """What is live in a registry.

    Attributes:
        view: The view of the snapshot.
        resources: The resources.
        incomplete: The types of which there may be further resources, and why.
    """

    view: RegistryView
    resources: tuple[LiveResource, ...]
    incomplete: Mapping[str, NotKnown]


def live_registry(snapshot: Snapshot) -> LiveRegistry:
    """Return what is live in the registry of a snapshot."""
    view = RegistryView(snapshot)
    lists: dict[str, Setting[Any]] = {
        REPOSITORY: view.repositories,
        CACHE: view.caches,
        CREATION_TEMPLATE: view.templates,
        PULL_TIME_EXCLUSION: view.exclusions,
    }
    resources = [
        *map(_repository, view.repositories.value.values()),
        *(_cache(prefix, item) for prefix, item in view.caches.value.items()),
        *(_template(prefix, item) for prefix, item in view.templates.value.items()),
        *(
            LiveResource(PULL_TIME_EXCLUSION, principal, {"PrincipalArn": principal})
            for principal in view.exclusions.value
        ),
        *_singletons(view),
    ]
    incomplete = {kind: item.not_known for kind, item in lists.items() if item.not_known}
    return LiveRegistry(view, tuple(resources), incomplete)


def template_of(snapshot: Snapshot) -> Template:
    """Return a registry as a template, whose rules of `check` judge what is live.

    A repository has its name as its logical ID.

    Example:
        >>> from ecr_constructs.checks import check
        >>> from ecr_constructs.snapshot.document import Header, Snapshot
        >>> header = Header("111122223333", "eu-central-1", "arn:…", "2026-11-27T23:05:00Z")
        >>> check([template_of(Snapshot(header, []))])
        []
    """
    live = live_registry(snapshot)
    return template_with(live, live.resources)


def template_with(live: LiveRegistry, resources: Iterable[LiveResource]) -> Template:
    """Return a template with some resources of a registry."""
    registry = live.view.id
    return Template(
        str(registry),
        {"Resources": {item.logical_id: item.body for item in resources}},
        registry.account,
        registry.region,
        stack=str(registry),
        may_have_macros=False,
        may_have_nested_stacks=False,
    )


def _resource(
    kind: str, key: str, known: Mapping[str, Any], settings: Mapping[str, Setting[Any]]
) -> LiveResource:
    """Return a resource with known properties, and with settings that may not be known."""
    properties = {name: value for name, value in known.items() if value is not None}
    for name, setting in settings.items():
        if setting.not_known is not None:
            properties[name] = UNKNOWN
        elif setting.value is not None:
            properties[name] = setting.value
    not_known = {name: item.not_known for name, item in settings.items() if item.not_known}
    return LiveResource(kind, key, properties, not_known)


def _repository(view: RepositoryView) -> LiveResource:
    described = view.description
    lifecycle = view.lifecycle
    policy = None if lifecycle.value is None else {"LifecyclePolicyText": lifecycle.value}
    on_push = part(described, "imageScanningConfiguration", "scanOnPush")
    tags = view.tags
    fixed = {
        "RepositoryName": view.name,
        **_shared(described),
        "ImageScanningConfiguration": {"ScanOnPush": on_push is True},
    }
    settings: dict[str, Setting[Any]] = {
        "RepositoryPolicyText": view.policy,
        "LifecyclePolicy": Setting(policy, lifecycle.not_known),
        "Tags": Setting(_tags(tags.value.items()), tags.not_known),
    }
    return _resource(REPOSITORY, view.name, fixed, settings)


def _shared(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties that repositories and creation templates have."""
    encryption = described.get("encryptionConfiguration")
    filters = described.get("imageTagMutabilityExclusionFilters")
    properties: dict[str, Any] = {
        "ImageTagMutability": described.get("imageTagMutability"),
        "EncryptionConfiguration": _renamed(encryption),
    }
    if isinstance(filters, list) and filters:
        prefix = "ImageTagMutabilityExclusionFilter"
        properties[f"{prefix}s"] = [
            {f"{prefix}Type": item.get("filterType"), f"{prefix}Value": item.get("filter")}
            for item in filters
            if isinstance(item, dict)
        ]
    return properties


def _template(prefix: str, described: Mapping[str, Any]) -> LiveResource:
    listed = described.get("resourceTags")
    tags = [tag for tag in (listed if isinstance(listed, list) else ()) if isinstance(tag, dict)]
    fixed = {
        "Prefix": prefix,
        **_shared(described),
        "Description": described.get("description"),
        "AppliedFor": described.get("appliedFor"),
        "CustomRoleArn": described.get("customRoleArn"),
        "RepositoryPolicy": described.get("repositoryPolicy") or None,
        "LifecyclePolicy": described.get("lifecyclePolicy") or None,
        "ResourceTags": _tags((str(tag.get("Key")), str(tag.get("Value", ""))) for tag in tags),
    }
    return _resource(CREATION_TEMPLATE, prefix, fixed, {})


def _cache(prefix: str, described: Mapping[str, Any]) -> LiveResource:
    properties = {_capitalized(name): value for name, value in described.items()}
    names = (
        *("EcrRepositoryPrefix", "UpstreamRegistry", "UpstreamRegistryUrl"),
        *("UpstreamRepositoryPrefix", "CredentialArn", "CustomRoleArn"),
    )
    return _resource(CACHE, prefix, {name: properties.get(name) for name in names}, {})


def _singletons(view: RegistryView) -> Iterator[LiveResource]:
    replication, scanning = view.replication, view.scanning
    rules = _renamed(replication.value)
    policy, signing = view.policy, view.signing
    if policy.value is not None or policy.not_known:
        yield _resource(REGISTRY_POLICY, "", {}, {"PolicyText": policy})
    if replication.not_known or (rules and rules.get("Rules")):
        setting = Setting(rules, replication.not_known)
        yield _resource(REPLICATION, "", {}, {"ReplicationConfiguration": setting})
    scans = _renamed(scanning.value) or {}
    # The configuration of a new registry scans nothing.
    if scanning.not_known or scans.get("Rules") or scans.get("ScanType") != "BASIC":
        settings = {
            name: Setting(scans.get(name), scanning.not_known) for name in ("ScanType", "Rules")
        }
        yield _resource(SCANNING, "", {}, settings)
    if signing.value is not None or signing.not_known:
        signs = _renamed(signing.value) or {}
        setting = Setting(signs.get("Rules"), signing.not_known)
        yield _resource(SIGNING, "", {}, {"Rules": setting})


def _tags(tags: Iterable[tuple[str, str]]) -> list[dict[str, str]] | None:
    """Return tags as properties; None without any but AWS's own."""
    own = [{"Key": key, "Value": value} for key, value in tags if not key.startswith("aws:")]
    return own or None


def _renamed(value: Any) -> Any:
    """Return an answer with the names of the members that templates use."""
    if isinstance(value, dict):
        return {_capitalized(str(key)): _renamed(item) for key, item in value.items()}
    return [_renamed(item) for item in value] if isinstance(value, list) else value


def _capitalized(name: str) -> str:
    return f"{name[:1].upper()}{name[1:]}"
