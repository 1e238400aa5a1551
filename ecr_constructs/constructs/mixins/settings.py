"""Mixins that set one property of a repository."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from constructs import Construct, IConstruct

from ecr_constructs.constructs._cfn_properties import (
    SCANNING,
    encryption_property,
    mutability_properties,
)
from ecr_constructs.constructs._stack_env import region_of
from ecr_constructs.model.encryption import Encryption
from ecr_constructs.model.mutability import TagMutability


class RepositoryMixin(cdk.Mixin):
    """A change to every L1 repository, also to the one inside an L2."""

    def supports(self, construct: IConstruct) -> bool:
        """Tell whether a construct is an L1 repository."""
        return isinstance(construct, ecr.CfnRepository)

    def apply_to(self, construct: IConstruct) -> None:
        """Change a repository; `cdk.MixinApplicator.apply` calls this."""
        self._change(cast("ecr.CfnRepository", construct))

    @abstractmethod
    def _change(self, repository: ecr.CfnRepository) -> None:
        """Change a repository."""


class MakeTagsImmutable(RepositoryMixin):
    """Refuse a second push of a tag.

    Changes ``ImageTagMutability`` and its exclusion filters, in place. Images and tags that are
    there stay as they are.
    """

    def __init__(self, *, except_for: Sequence[str] = (), only_if_unset: bool = False) -> None:
        """Say which tags may move all the same.

        Args:
            except_for: As for `TagMutability.immutable`. Default: none, also where a repository
                has exceptions of its own.
            only_if_unset: Whether a repository that states its tag mutability keeps it. Default:
                it does not.

        Raises:
            ValueError: A filter that ECR refuses.
        """
        super().__init__()
        mutability = TagMutability.immutable(except_for=except_for)
        properties = mutability_properties(ecr.CfnRepository, mutability)
        self._setting = properties["image_tag_mutability"]
        self._filters = properties.get("image_tag_mutability_exclusion_filters")
        self._only_if_unset = only_if_unset

    def _change(self, repository: ecr.CfnRepository) -> None:
        if self._only_if_unset and repository.image_tag_mutability is not None:
            return
        repository.image_tag_mutability = self._setting
        repository.image_tag_mutability_exclusion_filters = self._filters


class ScanOnPush(RepositoryMixin):
    """Scan each image when it is pushed.

    Changes ``ImageScanningConfiguration``, in place. A scanning configuration of the registry
    takes precedence over it. Images that are there are not scanned.
    """

    def __init__(self, *, only_if_unset: bool = False) -> None:
        """Say whether to respect what is stated.

        Args:
            only_if_unset: Whether a repository that states its scanning keeps it. Default: it
                does not.
        """
        super().__init__()
        self._only_if_unset = only_if_unset

    def _change(self, repository: ecr.CfnRepository) -> None:
        if self._only_if_unset and repository.image_scanning_configuration is not None:
            return
        repository.image_scanning_configuration = SCANNING[True]


class Retain(RepositoryMixin):
    """Keep the repository, with its images, when it leaves its stack or is replaced.

    Changes ``DeletionPolicy`` and ``UpdateReplacePolicy``, removes ``EmptyOnDelete``, and takes
    from an L2 with ``auto_delete_images`` the tag by which its Lambda function knows what it may
    empty.
    """

    def _change(self, repository: ecr.CfnRepository) -> None:
        repository.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        if repository.empty_on_delete is not None:
            repository.empty_on_delete = None
        # The function would empty the repository with the stack, retained or not. It looks at the
        # tag first; both names are those of aws-cdk-lib's `ecr.Repository`.
        above = repository.node.scope
        if above is not None and above.node.try_find_child("AutoDeleteImagesCustomResource"):
            cdk.Tags.of(repository).remove("aws-cdk:auto-delete-images")


class EncryptWithKey(RepositoryMixin):
    """Encrypt with a key of your own.

    Changes ``EncryptionConfiguration``, which ECR cannot change: a repository that is deployed
    already is REPLACED by an empty one, and if it has a name, CloudFormation refuses the update.
    Apply it to what is not deployed yet.
    """

    def __init__(self, key: kms.IKey | str, *, only_if_unset: bool = False) -> None:
        """Say which key.

        Args:
            key: A ``kms.IKey`` of the repositories' Region, or its key ARN. Not an alias.
            only_if_unset: Whether a repository that states its encryption keeps it. Default: it
                does not.

        Raises:
            ValueError: An alias, or something that is no key ARN. When it is applied, a
                repository of another Region than the key's raises, as a RuntimeError.
        """
        super().__init__()
        self._encryption = Encryption.customer_managed(key)
        self._only_if_unset = only_if_unset

    def _change(self, repository: ecr.CfnRepository) -> None:
        if self._only_if_unset and repository.encryption_configuration is not None:
            return
        if self._encryption.needs_region:
            self._encryption.check_region(region_of(cast("Construct", repository.node.scope)))
        repository.encryption_configuration = encryption_property(
            ecr.CfnRepository, self._encryption
        )
