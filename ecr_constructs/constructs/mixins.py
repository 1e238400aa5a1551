"""Settings for repositories that other code defines, applied with ``cdk.Mixins``.

A mixin changes the repositories that exist when it is applied, below the scope it is applied to:
those of an L1, an L2 or another library, in nested stacks and stages too. It runs after their
code and overrides it; ``add_property_override`` in turn overrides the mixin.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, cast

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from constructs import Construct, IConstruct

from ecr_constructs.constructs._cfn_properties import (
    LIFECYCLE_TEXT,
    SCANNING,
    encryption_property,
    lifecycle_property,
    lifecycle_text,
    mutability_properties,
)
from ecr_constructs.constructs._lifecycle import (
    current_lifecycle,
    rules_of,
    warn_unread,
    with_untagged,
)
from ecr_constructs.constructs._repository_resource import RepositoryResource
from ecr_constructs.constructs._stack_env import region_of
from ecr_constructs.constructs._validation import AtSynthesis
from ecr_constructs.model.encryption import Encryption
from ecr_constructs.model.lifecycle import LifecyclePolicy, LifecycleRule
from ecr_constructs.model.mutability import TagMutability
from ecr_constructs.model.validation import ValidationError


class RepositoryMixin(cdk.Mixin):
    """A change to every L1 repository, also to the one inside an L2."""

    _kept: str | None = None
    """The attribute of which a repository keeps its own value, if it has one."""

    def supports(self, construct: IConstruct) -> bool:
        """Tell whether a construct is an L1 repository."""
        return isinstance(construct, ecr.CfnRepository)

    def apply_to(self, construct: IConstruct) -> None:
        """Change a repository; `cdk.MixinApplicator.apply` calls this."""
        if self._kept is None or getattr(construct, self._kept) is None:
            self._change(cast("ecr.CfnRepository", construct))

    @abstractmethod
    def _change(self, repository: ecr.CfnRepository) -> None:
        """Change a repository."""


class MakeTagsImmutable(RepositoryMixin):
    """Make tags immutable, so that ECR rejects a second push of a tag.

    Changes ``ImageTagMutability`` and its exclusion filters, in place. Existing images and tags
    stay as they are.

    Example::

        cdk.Mixins.of(app).apply(MakeTagsImmutable(except_for=["latest"]))
    """

    def __init__(self, *, except_for: Sequence[str] = (), only_if_unset: bool = False) -> None:
        """Set the exceptions.

        Args:
            except_for: As for `TagMutability.immutable`. It replaces exceptions of a repository.
                Default: none.
            only_if_unset: Whether a repository that sets its tag mutability keeps it. Default:
                False.

        Raises:
            ValidationError: A filter that ECR rejects.
        """
        super().__init__()
        mutability = TagMutability.immutable(except_for=except_for)
        properties = mutability_properties(ecr.CfnRepository, mutability)
        self._setting = properties["image_tag_mutability"]
        self._filters = properties.get("image_tag_mutability_exclusion_filters")
        self._kept = "image_tag_mutability" if only_if_unset else None

    def _change(self, repository: ecr.CfnRepository) -> None:
        repository.image_tag_mutability = self._setting
        repository.image_tag_mutability_exclusion_filters = self._filters


class ScanOnPush(RepositoryMixin):
    """Scan each image when it is pushed.

    Changes ``ImageScanningConfiguration``, in place. A scanning configuration of the registry
    takes precedence over it. Existing images are not scanned.

    Example::

        cdk.Mixins.of(app).apply(ScanOnPush())
    """

    def __init__(self, *, only_if_unset: bool = False) -> None:
        """Set which repositories change.

        Args:
            only_if_unset: Whether a repository that sets its scanning keeps it. Default: False.
        """
        super().__init__()
        self._kept = "image_scanning_configuration" if only_if_unset else None

    def _change(self, repository: ecr.CfnRepository) -> None:
        repository.image_scanning_configuration = SCANNING[True]


class Retain(RepositoryMixin):
    """Keep the repository and its images when it is removed from its stack or replaced.

    Changes ``DeletionPolicy`` and ``UpdateReplacePolicy`` and removes ``EmptyOnDelete``. From an L2
    with ``auto_delete_images`` it removes the tag without which the Lambda function does not empty
    the repository.

    Example::

        cdk.Mixins.of(app).apply(Retain())
    """

    def _change(self, repository: ecr.CfnRepository) -> None:
        repository.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        if repository.empty_on_delete is not None:
            repository.empty_on_delete = None
        # The function would empty even a retained repository, but only if it has this tag. Both
        # names are those of aws-cdk-lib's `ecr.Repository`.
        parent = repository.node.scope
        if parent is not None and parent.node.try_find_child("AutoDeleteImagesCustomResource"):
            cdk.Tags.of(repository).remove("aws-cdk:auto-delete-images")


class EncryptWithKey(RepositoryMixin):
    """Encrypt with a key of your own.

    Changes ``EncryptionConfiguration``, which ECR cannot change: CloudFormation REPLACES a deployed
    repository with an empty one, or fails if the repository has a name. Apply it only to
    repositories that are not deployed yet.

    Example::

        cdk.Mixins.of(app).apply(EncryptWithKey(key, only_if_unset=True))
    """

    def __init__(self, key: kms.IKey | str, *, only_if_unset: bool = False) -> None:
        """Set the key.

        Args:
            key: A ``kms.IKey`` of the repositories' Region, or its key ARN. Not an alias.
            only_if_unset: Whether a repository that sets its encryption keeps it. Default: False.

        Raises:
            ValidationError: An alias, or a text that is not a key ARN. Applied to a repository of
                another Region than the key's, the mixin raises a RuntimeError.
        """
        super().__init__()
        self._encryption = Encryption.customer_managed(key)
        self._kept = "encryption_configuration" if only_if_unset else None

    def _change(self, repository: ecr.CfnRepository) -> None:
        if self._encryption.needs_region:
            self._encryption.check_region(region_of(cast("Construct", repository.node.scope)))
        repository.encryption_configuration = encryption_property(
            ecr.CfnRepository, self._encryption
        )


class ExpireUntagged(RepositoryMixin):
    """Expire untagged images some days after their push.

    Adds a rule to the lifecycle policy and renumbers its rules in their order. A policy that has a
    rule for untagged images stays as it is, because ECR accepts only one. A policy that is invalid
    or known only at deploy time stays as it is, with a warning.

    Do not apply it to pull through caches: images that are pulled by digest are untagged there and
    in use.

    Example::

        cdk.Mixins.of(app).apply(ExpireUntagged(after_days=14))
    """

    def __init__(self, *, after_days: int) -> None:
        """Set the age.

        Args:
            after_days: Days since the push.

        Raises:
            ValidationError: Less than one day.
        """
        super().__init__()
        self._rule = LifecycleRule.expire_untagged(after_days=after_days)

    def _change(self, repository: ecr.CfnRepository) -> None:
        if isinstance(repository, RepositoryResource):
            repository.mix_in(self._rule)
            return
        self._add_to(repository)
        # Code that runs later may replace the policy.
        repository.node.add_validation(AtSynthesis(partial(self._add_again, repository)))

    def _add_to(self, repository: ecr.CfnRepository) -> None:
        policy = current_lifecycle(repository)
        if policy is None or isinstance(policy, Mapping):
            added = _with_rule(repository, policy or {}, self._rule)
            if added is not None:
                text, registry_id = added[LIFECYCLE_TEXT], added.get("registryId")
                repository.lifecycle_policy = lifecycle_property(text, registry_id)
        else:
            repository.lifecycle_policy = cdk.Lazy.uncached_any(
                _LazyPolicy(repository, policy, self._rule)
            )

    def _add_again(self, repository: ecr.CfnRepository) -> None:
        policy = current_lifecycle(repository)
        if policy is None or isinstance(policy, Mapping):
            self._add_to(repository)


@jsii.implements(cdk.IAnyProducer)
class _LazyPolicy:
    """A policy that CDK renders at synthesis, with one more rule."""

    def __init__(
        self, repository: ecr.CfnRepository, policy: cdk.IResolvable, rule: LifecycleRule
    ) -> None:
        self._repository = repository
        self._policy = policy
        self._rule = rule

    def produce(self, context: cdk.IResolveContext) -> Any:
        """Return the policy, as the L1 takes it; CDK calls this several times."""
        current = context.resolve(self._policy) or {}
        return _with_rule(self._repository, current, self._rule) or self._policy


def _with_rule(
    repository: ecr.CfnRepository, current: Mapping[str, Any], rule: LifecycleRule
) -> dict[str, Any] | None:
    """Return the property with one more rule, or None if it stays as it is."""
    try:
        policy = LifecyclePolicy(*rules_of(current))
    except ValidationError as error:
        warn_unread(repository, error)
        return None
    added = with_untagged(repository, policy, rule)
    if added is policy:
        return None
    return {**current, LIFECYCLE_TEXT: lifecycle_text(repository, added)}
