"""A company's container registry as code: AWS CDK constructs for Amazon ECR.

Importing this package is cheap: CDK and Node start when the first construct is touched.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecr_constructs.checks.plugin import EcrChecks
    from ecr_constructs.constructs.account_settings import AccountSettings
    from ecr_constructs.constructs.alarms import PullAlarms, UsageAlarms
    from ecr_constructs.constructs.alerts import ScanAlerts
    from ecr_constructs.constructs.audit_role import RegistryAuditRole
    from ecr_constructs.constructs.ci import CiProvider, CiPushRole
    from ecr_constructs.constructs.creation_template import RepositoryCreationTemplate
    from ecr_constructs.constructs.defaults import RepositoryDefaults
    from ecr_constructs.constructs.endpoints import RegistryEndpoints
    from ecr_constructs.constructs.key import RegistryKey
    from ecr_constructs.constructs.mixins import (
        EncryptWithKey,
        ExpireUntagged,
        MakeTagsImmutable,
        Retain,
        ScanOnPush,
    )
    from ecr_constructs.constructs.public_repository import PublicRepository
    from ecr_constructs.constructs.pull_through_cache import PullThroughCache
    from ecr_constructs.constructs.pull_through_credential import PullThroughCredential
    from ecr_constructs.constructs.registry.registry import Registry
    from ecr_constructs.constructs.repository import Repository
    from ecr_constructs.constructs.role_options import RoleOptions
    from ecr_constructs.model.ci import (
        BitbucketPipelines,
        CiIssuer,
        CircleCi,
        GitHubActions,
        GitLabCi,
    )
    from ecr_constructs.model.encryption import Encryption
    from ecr_constructs.model.lifecycle import Inventory, LifecyclePolicy, LifecycleRule, Retention
    from ecr_constructs.model.mutability import TagMutability
    from ecr_constructs.model.upstreams import Upstream

__all__ = [
    "AccountSettings",
    "BitbucketPipelines",
    "CiIssuer",
    "CiProvider",
    "CiPushRole",
    "CircleCi",
    "EcrChecks",
    "EncryptWithKey",
    "Encryption",
    "ExpireUntagged",
    "GitHubActions",
    "GitLabCi",
    "Inventory",
    "LifecyclePolicy",
    "LifecycleRule",
    "MakeTagsImmutable",
    "PublicRepository",
    "PullAlarms",
    "PullThroughCache",
    "PullThroughCredential",
    "Registry",
    "RegistryAuditRole",
    "RegistryEndpoints",
    "RegistryKey",
    "Repository",
    "RepositoryCreationTemplate",
    "RepositoryDefaults",
    "Retain",
    "Retention",
    "RoleOptions",
    "ScanAlerts",
    "ScanOnPush",
    "TagMutability",
    "Upstream",
    "UsageAlarms",
]

_HOMES = {
    "AccountSettings": "constructs.account_settings",
    "BitbucketPipelines": "model.ci",
    "CiIssuer": "model.ci",
    "CiProvider": "constructs.ci",
    "CiPushRole": "constructs.ci",
    "CircleCi": "model.ci",
    "EcrChecks": "checks.plugin",
    "EncryptWithKey": "constructs.mixins",
    "Encryption": "model.encryption",
    "ExpireUntagged": "constructs.mixins",
    "GitHubActions": "model.ci",
    "GitLabCi": "model.ci",
    "Inventory": "model.lifecycle",
    "LifecyclePolicy": "model.lifecycle",
    "LifecycleRule": "model.lifecycle",
    "MakeTagsImmutable": "constructs.mixins",
    "PublicRepository": "constructs.public_repository",
    "PullAlarms": "constructs.alarms",
    "PullThroughCache": "constructs.pull_through_cache",
    "PullThroughCredential": "constructs.pull_through_credential",
    "Registry": "constructs.registry.registry",
    "RegistryAuditRole": "constructs.audit_role",
    "RegistryEndpoints": "constructs.endpoints",
    "RegistryKey": "constructs.key",
    "Repository": "constructs.repository",
    "RepositoryCreationTemplate": "constructs.creation_template",
    "RepositoryDefaults": "constructs.defaults",
    "Retain": "constructs.mixins",
    "Retention": "model.lifecycle",
    "RoleOptions": "constructs.role_options",
    "ScanAlerts": "constructs.alerts",
    "ScanOnPush": "constructs.mixins",
    "TagMutability": "model.mutability",
    "Upstream": "model.upstreams",
    "UsageAlarms": "constructs.alarms",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for (PEP 562)."""
    if name == "__version__":
        # Slow to import, and for this only.
        metadata = import_module("importlib.metadata")
        try:
            return metadata.version("ecr-constructs")
        except metadata.PackageNotFoundError:
            return "unknown"
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})
