"""CloudFormation properties of a repository or a creation template, from the model's values."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypedDict

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from ecr_constructs.model.encryption import Encryption
from ecr_constructs.model.json_text import compact
from ecr_constructs.model.lifecycle import LifecyclePolicy, LifecycleRule
from ecr_constructs.model.lifecycle.policy import DRY_RUN_METADATA
from ecr_constructs.model.mutability import TagMutability
from ecr_constructs.model.tokens import is_unresolved

# Both have structs of the same names.
_Resource = type[ecr.CfnRepository] | type[ecr.CfnRepositoryCreationTemplate]

LIFECYCLE_TEXT = "lifecyclePolicyText"
# Structs are values, and creating one costs as much as sending it.
SCANNING = {
    on: ecr.CfnRepository.ImageScanningConfigurationProperty(scan_on_push=on)
    for on in (True, False)
}


def mutability_properties(resource: _Resource, mutability: TagMutability) -> dict[str, Any]:
    """Return the keywords for tag mutability and its exceptions."""
    if not mutability.except_for:
        return {"image_tag_mutability": mutability.setting}
    return {
        "image_tag_mutability": mutability.setting,
        "image_tag_mutability_exclusion_filters": [
            resource.ImageTagMutabilityExclusionFilterProperty(
                image_tag_mutability_exclusion_filter_type="WILDCARD",
                image_tag_mutability_exclusion_filter_value=value,
            )
            for value in mutability.except_for
        ],
    }


def filter_properties(resource: Any, kind: str, values: Iterable[str]) -> list[Any]:
    """Return the filters of a registry's configuration that select repositories."""
    return [resource.RepositoryFilterProperty(filter=value, filter_type=kind) for value in values]


def encryption_property(resource: _Resource, encryption: Encryption) -> Any:
    """Return the encryption configuration; None for AES-256, see `Encryption.aes256`."""
    if encryption.type == "AES256":
        return None
    return resource.EncryptionConfigurationProperty(
        encryption_type=encryption.type, kms_key=encryption.key_arn
    )


def json_text(scope: Construct, value: Any) -> str:
    """Return compact JSON; CDK splits it around deploy-time values."""
    text = compact(value)
    return cdk.Stack.of(scope).to_json_string(value) if is_unresolved(text) else text


def tag_properties(tags: Mapping[str, str] | None) -> list[cdk.CfnTag] | None:
    """Return tags; None if there are none."""
    return [cdk.CfnTag(key=key, value=value) for key, value in (tags or {}).items()] or None


class StockRule(TypedDict, total=False):
    """The keywords of CDK's own ``add_lifecycle_rule``."""

    description: str
    max_image_age: cdk.Duration
    max_image_count: float
    rule_priority: float
    tag_pattern_list: Sequence[str]
    tag_prefix_list: Sequence[str]
    tag_status: ecr.TagStatus


def stock_rules(keywords: StockRule) -> list[LifecycleRule]:
    """Return the rule of CDK's keywords, or none if there are none."""
    if not keywords:
        return []
    rule = LifecycleRule._convert(ecr.LifecycleRule(**keywords))  # noqa: SLF001 - of this package
    return [rule] if rule else []


def lifecycle_text(scope: Construct, policy: LifecyclePolicy) -> str | None:
    """Return the lifecycle policy as text, or None if it keeps every image or is a dry run."""
    return _text(scope, policy) if policy and policy.enabled else None


def record_dry_run(resource: cdk.CfnResource, policy: LifecyclePolicy) -> None:
    """Write a policy that is not enabled to the metadata, where `lifecycle preview` reads it."""
    if policy and not policy.enabled:
        resource.add_metadata(DRY_RUN_METADATA, _text(resource, policy))


def _text(scope: Construct, policy: LifecyclePolicy) -> str:
    if any(is_unresolved(rule.count_number) for rule in policy.rules):
        # JSON has no deploy-time numbers; CDK splits the text around them.
        return cdk.Stack.of(scope).to_json_string(policy.to_dict())
    return policy.to_json()


@lru_cache(maxsize=1024)
def lifecycle_property(
    text: str | None, registry_id: str | None = None
) -> ecr.CfnRepository.LifecyclePolicyProperty | None:
    """Return the lifecycle property of a repository, or None without a text."""
    if text is None and registry_id is None:
        return None
    return ecr.CfnRepository.LifecyclePolicyProperty(
        lifecycle_policy_text=text, registry_id=registry_id
    )
