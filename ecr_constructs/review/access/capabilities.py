"""What actions come to: to pull, to push, to administer.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from ecr_constructs.cloudformation.aws_metadata import actions_of
from ecr_constructs.cloudformation.iam_policy import Statement, matches
from ecr_constructs.model.tokens import is_unresolved


@dataclass(frozen=True, slots=True)
class Capability:
    """Something that can be done.

    Attributes:
        verb: What, after ``may``.
        on: The same before the name of what it is done to; None if it is done to nothing.
        actions: The actions that it takes.
        also: Actions that go along with them. Default: none do.
        is_whole: Whether it takes all of the actions. Default: each of them does it.
    """

    verb: str
    on: str | None
    actions: frozenset[str]
    also: frozenset[str] = frozenset()
    is_whole: bool = False

    def is_in(self, actions: Iterable[str], *, denied: bool) -> bool:
        """Tell whether actions are enough to do it; or enough, if denied, not to do it."""
        common = self.actions.intersection(actions)
        return common == self.actions if self.is_whole and not denied else bool(common)


# Lambda pulls without BatchCheckLayerAvailability: it takes no more than the two.
# https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#gettingstarted-images-permissions
_CHECK = "BatchCheckLayerAvailability"
_WHOLE = {
    "pull": ("pull from", "BatchGetImage GetDownloadUrlForLayer"),
    "push": ("push to", "InitiateLayerUpload UploadLayerPart CompleteLayerUpload PutImage"),
}
_REPOSITORIES = {
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
_KEYS = {
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
_ROLES = {
    "assume the role": (None, "AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity"),
    "tag its sessions": (None, "TagSession SetSourceIdentity SetContext"),
}


SERVICES = ("ecr", "ecr-public", "kms", "sts")


@cache
def _capabilities(service: str) -> tuple[Capability, ...]:
    """Return what can be done with a service."""
    if service not in ("ecr", "ecr-public"):
        table = _KEYS if service == "kms" else _ROLES
        return tuple(_any_of(service, verb, *each) for verb, each in table.items())
    also = frozenset(_of(service, _CHECK))
    known = [
        Capability(verb, on, frozenset(_of(service, names)), also, is_whole=True)
        for verb, (on, names) in _WHOLE.items()
    ]
    known += [_any_of(service, verb, *each) for verb, each in _REPOSITORIES.items()]
    taken = {each.lower() for one in known for each in one.actions | one.also}
    rest = " ".join(e for e in actions_of(service) if f"{service}:{e}".lower() not in taken)
    reading = "read images and settings"
    return (*known, _any_of(service, reading, f"{reading} of", rest))


def _any_of(service: str, verb: str, on: str | None, names: str) -> Capability:
    return Capability(verb, on, frozenset(_of(service, names)))


def _of(service: str, names: str) -> Iterator[str]:
    yield from (f"{service}:{each}" for each in names.split())


@cache
def _universe(service: str) -> frozenset[str]:
    """Return the actions of a service."""
    return frozenset().union(*(each.actions | each.also for each in _capabilities(service)))


def actions_in(statement: Statement, service: str) -> frozenset[str]:
    """Return the actions of a service that a statement speaks of.

    What is no action that is known stands as it is written.

    Args:
        statement: The statement.
        service: ``ecr``, ``ecr-public``, ``kms`` or ``sts``.
    """
    if "NotAction" in statement.body:
        excluded = statement.body["NotAction"]
        patterns = excluded if isinstance(excluded, list) else [excluded]
        return frozenset(
            each
            for each in _universe(service)
            if not any(isinstance(one, str) and matches(one, each) for one in patterns)
        )
    found: set[str] = set()
    for action in statement.actions:
        known = _matched(action, service)
        if not known and (action.lower().startswith(f"{service}:") or is_unresolved(action)):
            found.add(action)
        found |= known
    return frozenset(found)


@lru_cache(maxsize=1024)
def _matched(action: str, service: str) -> frozenset[str]:
    return frozenset(each for each in _universe(service) if matches(action, each))


class Deed(NamedTuple):
    """Something that can be done, in words.

    Attributes:
        verb: As of `Capability`.
        on: As of `Capability`.
        noun: What it is done to: ``repository`` or ``key``.
    """

    verb: str
    on: str | None
    noun: str


@lru_cache(maxsize=1024)
def deeds(
    actions: frozenset[str], had: frozenset[str], has: frozenset[str], *, denied: bool = False
) -> tuple[Deed, ...]:
    """Return what can be done with actions that could not be done with those that were there.

    Args:
        actions: The actions that are new.
        had: All that were there.
        has: All that are there.
        denied: Whether they are denied. Default: they are allowed.
    """
    found: list[Deed] = []
    left = set(actions)
    for service in SERVICES:
        noun = "key" if service == "kms" else "repository"
        every = _universe(service)
        if left >= every and service != "sts":
            all_of_it = f"do {'anything' if denied else 'everything'}"
            found.append(Deed(all_of_it, f"{all_of_it} with", noun))
            left -= every
        for each in _capabilities(service):
            can = each.is_in(has, denied=denied) and not each.is_in(had, denied=denied)
            if can and left & each.actions:
                found.append(Deed(each.verb, each.on, noun))
                left -= each.actions | each.also
    calls = sorted(map(_call, left))
    return (*found, *(Deed(each, f"{each} on", "repository") for each in calls))


def _call(action: str) -> str:
    unknown = "do what is known only at the deployment"
    return unknown if is_unresolved(action) else f"call {action.partition(':')[2]}"
