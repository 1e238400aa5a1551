"""Settings for repositories that other code defines, applied with ``cdk.Mixins``.

A mixin changes the repositories that exist when it is applied, below the scope it is applied to:
those of an L1, an L2 or another library, in nested stacks and stages too. It runs after their
code and overrides it; ``add_property_override`` in turn overrides the mixin. `ExpireUntagged`
adds to the policy that a repository has, also if it is written later.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from constructs import Construct, IConstruct

from ecr_constructs.constructs._arguments import checked
from ecr_constructs.constructs._cfn_properties import (
    SCANNING,
    encryption_property,
    lifecycle_property,
    lifecycle_text,
    mutability_properties,
)
from ecr_constructs.constructs._lifecycle import (
    plain,
    resolved_lifecycle,
    rules_of,
    warn_unread,
    with_untagged,
)
from ecr_constructs.constructs._repository_resource import RepositoryResource
from ecr_constructs.constructs._stack_env import region_of
from ecr_constructs.constructs._validation import AtSynthesis
from ecr_constructs.model.arguments import Days
from ecr_constructs.model.encryption import Encryption
from ecr_constructs.model.lifecycle import LifecyclePolicy, LifecycleRule
from ecr_constructs.model.mutability import TagMutability
from ecr_constructs.model.references import AnyKey
from ecr_constructs.model.validation import ValidationError


@checked
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


@checked
class MakeTagsImmutable(RepositoryMixin):
    """Make tags immutable, so that ECR rejects a second push of a tag.

    Changes ``ImageTagMutability`` and its exclusion filters, in place. Existing images and tags
    stay as they are.

    Example::

        cdk.Mixins.of(app).apply(MakeTagsImmutable(except_for=["latest"]))
    """

    def __init__(
        self, *, except_for: Sequence[str] | None = (), only_if_unset: bool | None = False
    ) -> None:
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
        mutability = TagMutability.immutable(except_for=except_for or ())
        properties = mutability_properties(ecr.CfnRepository, mutability)
        self._setting = properties["image_tag_mutability"]
        self._filters = properties.get("image_tag_mutability_exclusion_filters")
        self._kept = "image_tag_mutability" if only_if_unset else None

    def _change(self, repository: ecr.CfnRepository) -> None:
        repository.image_tag_mutability = self._setting
        repository.image_tag_mutability_exclusion_filters = self._filters


@checked
class ScanOnPush(RepositoryMixin):
    """Scan each image when it is pushed.

    Changes ``ImageScanningConfiguration``, in place. A scanning configuration of the registry
    takes precedence over it. Existing images are not scanned.

    Example::

        cdk.Mixins.of(app).apply(ScanOnPush())
    """

    def __init__(self, *, only_if_unset: bool | None = False) -> None:
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
        repository.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        if repository.empty_on_delete is not None:
            repository.empty_on_delete = None
        # The function would empty even a retained repository, but only if it has this tag. Both
        # names are those of aws-cdk-lib's `ecr.Repository`.
        parent = repository.node.scope
        if parent is not None and parent.node.try_find_child("AutoDeleteImagesCustomResource"):
            cdk.Tags.of(repository).remove("aws-cdk:auto-delete-images")


@checked
class EncryptWithKey(RepositoryMixin):
    """Encrypt with a key of your own.

    Changes ``EncryptionConfiguration``, which ECR cannot change: CloudFormation REPLACES a deployed
    repository with an empty one, or fails if the repository has a name. Apply it only to
    repositories that are not deployed yet.

    Example::

        cdk.Mixins.of(app).apply(EncryptWithKey(key, only_if_unset=True))
    """

    def __init__(self, key: AnyKey, *, only_if_unset: bool | None = False) -> None:
        """Set the key.

        Args:
            key: A ``kms.IKey`` or ``kms.CfnKey`` of the repositories' Region, or its key ARN. Not
                an alias.
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


@checked
class ExpireUntagged(RepositoryMixin):
    """Expire untagged images some days after their push.

    Adds a rule to the lifecycle policy and renumbers its rules in their order. A policy that has a
    rule for untagged images stays as it is, because ECR accepts only one. A policy that is invalid
    or known only at deploy time stays as it is, with a warning. The rule is added to a policy that
    other code writes later, too.

    Do not apply it to pull through caches: images that are pulled by digest are untagged there and
    in use.

    Example::

        cdk.Mixins.of(app).apply(ExpireUntagged(after_days=14))
    """

    def __init__(self, *, after_days: Days) -> None:
        """Set the age.

        Args:
            after_days: Days since the push, or a ``cdk.Duration``.

        Raises:
            ValidationError: Less than one day.
        """
        super().__init__()
        self._rule = LifecycleRule.expire_untagged(after_days=after_days)

    def _change(self, repository: ecr.CfnRepository) -> None:
        if isinstance(repository, RepositoryResource):
            repository.mix_in(self._rule)
            return
        stored = repository._cfn_properties.get("lifecyclePolicy")  # noqa: SLF001
        policy = plain(stored)
        # An L2's rules are a value of synthesis, or a struct without content if code has read it.
        if stored is None or isinstance(policy, Mapping):
            # What cannot be read may be replaced, and is reported at synthesis otherwise.
            with suppress(ValidationError):
                self._add_to(repository, policy)
        # Code that runs later may add rules, or replace the policy.
        repository.node.add_validation(AtSynthesis(partial(self._add_again, repository)))

    def _add_again(self, repository: ecr.CfnRepository) -> None:
        try:
            self._add_to(repository, resolved_lifecycle(repository))
        except ValidationError as error:
            warn_unread(repository, error)

    def _add_to(self, repository: ecr.CfnRepository, policy: Mapping[str, Any] | None) -> None:
        rules = LifecyclePolicy(*rules_of(policy))
        added = with_untagged(repository, rules, self._rule)
        if added is not rules:
            repository.lifecycle_policy = lifecycle_property(
                lifecycle_text(repository, added), (policy or {}).get("registryId")
            )
