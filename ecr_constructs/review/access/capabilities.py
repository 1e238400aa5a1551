"""Map IAM actions to what they enable: pull, push, administer.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from ecr_constructs.cloudformation.aws_metadata import actions_of
from ecr_constructs.cloudformation.iam_policy import Statement, matches
from ecr_constructs.model.tokens import is_unresolved


@dataclass(frozen=True, slots=True)
class Capability:
    """An operation that a set of IAM actions enables.

    Attributes:
        verb: The operation, to follow ``may``.
        on: The operation, to precede the name of a resource; None if it has no resource.
        also: Actions that usually accompany them.
        is_whole: Whether it needs all of the actions, or any of them.
    """

    verb: str
    on: str | None
    actions: frozenset[str]
    also: frozenset[str] = frozenset()
    is_whole: bool = False

    def is_in(self, actions: Iterable[str], *, denied: bool) -> bool:
        """Tell whether actions are enough to enable it or, if denied, to prevent it."""
        common = self.actions.intersection(actions)
        return common == self.actions if self.is_whole and not denied else bool(common)


# Lambda pulls without BatchCheckLayerAvailability: two actions are enough.
# https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#gettingstarted-images-permissions
_CHECK = "BatchCheckLayerAvailability"
_WHOLE = {
    "pull": ("pull from", "BatchGetImage GetDownloadUrlForLayer"),
    "push": ("push to", "InitiateLayerUpload UploadLayerPart CompleteLayerUpload PutImage"),
}
_REPOSITORIES: dict[str, tuple[str | None, str]] = {
    "delete images": ("delete images in", "BatchDeleteImage"),
    "delete the repository": ("delete", "DeleteRepository"),
    "change the policy": ("change the policy of", "SetRepositoryPolicy DeleteRepositoryPolicy"),
    "change the lifecycle policy": (
        "change the lifecycle policy of",
        "PutLifecyclePolicy DeleteLifecyclePolicy",
    ),
    "change the settings": (
        "change the settings of",
        "PutImageTagMutability PutImageScanningConfiguration PutRepositoryCatalogData",
    ),
    "archive and restore images": ("archive and restore images in", "UpdateImageStorageClass"),
    "replicate": ("replicate to", "ReplicateImage"),
    "create repositories": ("create", "CreateRepository"),
    "import upstream images": ("import upstream images to", "BatchImportUpstreamImage"),
    "tag": ("tag", "TagResource UntagResource"),
    "administer the registry": (
        None,
        (
            "PutRegistryPolicy DeleteRegistryPolicy PutReplicationConfiguration PutAccountSetting "
            "PutRegistryScanningConfiguration PutSigningConfiguration DeleteSigningConfiguration "
            "CreatePullThroughCacheRule UpdatePullThroughCacheRule DeletePullThroughCacheRule "
            "CreateRepositoryCreationTemplate UpdateRepositoryCreationTemplate "
            "DeleteRepositoryCreationTemplate RegisterPullTimeUpdateExclusion "
            "DeregisterPullTimeUpdateExclusion PutRegistryCatalogData"
        ),
    ),
    "log in": (None, "GetAuthorizationToken"),
}
_KEYS: dict[str, tuple[str | None, str]] = {
    "use the key": (
        "use",
        (
            "Decrypt Encrypt GenerateDataKey GenerateDataKeyPair "
            "GenerateDataKeyPairWithoutPlaintext GenerateDataKeyWithoutPlaintext "
            "ReEncryptFrom ReEncryptTo"
        ),
    ),
    "grant its use": ("grant the use of", "CreateGrant RetireGrant RevokeGrant"),
    "administer the key": (
        "administer",
        (
            "CancelKeyDeletion CreateAlias DeleteAlias DeleteImportedKeyMaterial DisableKey "
            "DisableKeyRotation EnableKey EnableKeyRotation ImportKeyMaterial PutKeyPolicy "
            "ReplicateKey RotateKeyOnDemand ScheduleKeyDeletion TagResource UntagResource "
            "UpdateAlias UpdateKeyDescription UpdatePrimaryRegion"
        ),
    ),
    "read its settings": (
        "read the settings of",
        (
            "DescribeKey GetKeyPolicy GetKeyRotationStatus GetParametersForImport GetPublicKey "
            "ListGrants ListKeyPolicies ListKeyRotations ListResourceTags"
        ),
    ),
}
_ROLES: dict[str, tuple[str | None, str]] = {
    "assume the role": ("assume", "AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity"),
    "tag its sessions": ("tag the sessions of", "TagSession SetSourceIdentity SetContext"),
}
# Who may change permissions may give itself all others.
_IDENTITIES: dict[str, tuple[str | None, str]] = {
    "pass the role": ("pass", "PassRole"),
    "change the permissions": (
        "change the permissions of",
        (
            "AttachGroupPolicy AttachRolePolicy AttachUserPolicy CreatePolicyVersion "
            "DeleteRolePermissionsBoundary DeleteUserPermissionsBoundary PutGroupPolicy "
            "PutRolePermissionsBoundary PutRolePolicy PutUserPermissionsBoundary PutUserPolicy "
            "SetDefaultPolicyVersion UpdateAssumeRolePolicy"
        ),
    ),
}
_TABLES = {
    "ecr": _REPOSITORIES,
    "ecr-public": _REPOSITORIES,
    "kms": _KEYS,
    "sts": _ROLES,
    "iam": _IDENTITIES,
}

ASSUMPTIONS = frozenset(f"sts:{name}" for name in _ROLES["assume the role"][1].split())
DO_ANYTHING = "do anything"
ASSUME, PASS = "sts:AssumeRole", "iam:PassRole"
CHANGES = frozenset(f"iam:{name}" for name in _IDENTITIES["change the permissions"][1].split())
ON_ROLES = (frozenset({ASSUME}), frozenset({PASS}), CHANGES)
"""The actions of identity policies on roles that lead to access."""
SERVICES = tuple(_TABLES)
_NOUNS = {"ecr": "repository", "ecr-public": "repository", "kms": "key"}


def _actions(service: str, names: str) -> frozenset[str]:
    return frozenset(f"{service}:{name}" for name in names.split())


@cache
def _capabilities(service: str) -> tuple[Capability, ...]:
    """Return the operations of a service."""
    table = _TABLES[service]
    any_of = [Capability(verb, on, _actions(service, names)) for verb, (on, names) in table.items()]
    if table is not _REPOSITORIES:
        return tuple(any_of)
    also = _actions(service, _CHECK)
    whole = [
        Capability(verb, on, _actions(service, names), also, is_whole=True)
        for verb, (on, names) in _WHOLE.items()
    ]
    capabilities = [*whole, *any_of]
    taken = {
        action.lower()
        for capability in capabilities
        for action in capability.actions | capability.also
    }
    rest = frozenset(
        action
        for name in actions_of(service)
        if (action := f"{service}:{name}").lower() not in taken
    )
    reading = "read images and settings"
    return (*capabilities, Capability(reading, f"{reading} of", rest, also))


@cache
def _universe(service: str) -> frozenset[str]:
    """Return the actions of a service."""
    return frozenset().union(
        *(capability.actions | capability.also for capability in _capabilities(service))
    )


def actions_in(statement: Statement, service: str) -> frozenset[str]:
    """Return the actions of a service that a statement names, unknown ones as written."""
    if "NotAction" in statement.body:
        excluded = statement.body["NotAction"]
        patterns = excluded if isinstance(excluded, list) else [excluded]
        return frozenset(
            action
            for action in _universe(service)
            if not any(
                isinstance(pattern, str) and matches(pattern, action) for pattern in patterns
            )
        )
    actions: set[str] = set()
    for action in statement.actions:
        matched = _matched(action, service)
        if not matched and (action.lower().startswith(f"{service}:") or is_unresolved(action)):
            actions.add(action)
        actions |= matched
    return frozenset(actions)


@lru_cache(maxsize=1024)
def _matched(action: str, service: str) -> frozenset[str]:
    return frozenset(name for name in _universe(service) if matches(action, name))


class Action(NamedTuple):
    """The `verb` and `on` of a `Capability`, with the kind of resource that it is about."""

    verb: str
    on: str | None
    noun: str


@lru_cache(maxsize=1024)
def named_actions(
    actions: frozenset[str], had: frozenset[str], has: frozenset[str], *, denied: bool = False
) -> tuple[Action, ...]:
    """Return the operations that new actions enable, or that new denials prevent."""
    operations: list[Action] = []
    left = set(actions)
    for service in SERVICES:
        noun = _NOUNS.get(service, "role")
        every = _universe(service)
        # What was allowed before is left out of the actions, but not of the sentence.
        is_most = len(left & every) * 2 > len(every)
        if noun != "role" and is_most and left | had >= every:
            all_of_it = DO_ANYTHING if denied else "do everything"
            operations.append(Action(all_of_it, f"{all_of_it} with", noun))
            left -= every
        for capability in _capabilities(service):
            can = capability.is_in(has, denied=denied) and not capability.is_in(had, denied=denied)
            if can and left & capability.actions:
                operations.append(Action(capability.verb, capability.on, noun))
                left -= capability.actions | capability.also
    calls = sorted(map(_call, left))
    return (*operations, *(Action(call, f"{call} on", "repository") for call in calls))


def _call(action: str) -> str:
    unknown = "do what is known only at deploy time"
    return unknown if is_unresolved(action) else f"call {action.partition(':')[2]}"
