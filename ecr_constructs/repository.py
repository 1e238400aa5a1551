"""One repository of a private registry."""

from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct, IValidation

from ecr_constructs.model.encryption import Encryption
from ecr_constructs.model.lifecycle import LifecyclePolicy, LifecycleRule
from ecr_constructs.model.mutability import TagMutability
from ecr_constructs.model.names import check_repository_name
from ecr_constructs.model.partitions import partition_of
from ecr_constructs.model.repository_policy import Access, document
from ecr_constructs.model.tags import check_tags
from ecr_constructs.model.tokens import is_unresolved

DEFAULT_LIFECYCLE = LifecyclePolicy(LifecycleRule.expire_untagged(after_days=14))


class Repository(ecr.RepositoryBase):
    """A repository that is right from the first line.

    Unless told otherwise its tags are immutable, images are scanned when they are pushed,
    untagged images expire after 14 days, and the repository outlives its stack. It serves
    wherever an `ecr.IRepository` does and has the logical id of an `ecr.Repository` with the
    same construct id, so taking its place replaces nothing.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        repository_name: str | None = None,
        tag_mutability: TagMutability | None = None,
        encryption: Encryption | None = None,
        lifecycle: LifecyclePolicy | None = None,
        scan_on_push: bool = True,
        pull_organizations: Sequence[str] = (),
        pull_accounts: Sequence[str] = (),
        pull_principals: Sequence[str] = (),
        push_accounts: Sequence[str] = (),
        push_principals: Sequence[str] = (),
        policy_statements: Sequence[iam.PolicyStatement] = (),
        tags: Mapping[str, str] | None = None,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
        empty_on_delete: bool = False,
    ) -> None:
        """Define a repository.

        Args:
            scope: The stack, or a construct below one.
            construct_id: The construct's id. Changing it replaces the repository.
            repository_name: 2 to 256 characters, lowercase, parts joined by ``/``. Changing it
                replaces the repository. Default: CloudFormation makes one up.
            tag_mutability: Whether tags may be moved. Default: immutable.
            encryption: How images are encrypted. Changing it replaces the repository.
                Default: AES-256, as ECR does by itself.
            lifecycle: Which images go. ``LifecyclePolicy()`` keeps all. Default: untagged images
                expire 14 days after their push.
            scan_on_push: Whether ECR scans an image when it is pushed. A scanning configuration
                of the registry takes precedence. Default: it does.
            pull_organizations: Ids of organizations whose accounts may pull. Default: none.
            pull_accounts: Ids of accounts that may pull. Default: none but this one.
            pull_principals: ARNs of roles and users that may pull. They must exist when this is
                deployed. Default: none.
            push_accounts: Ids of accounts that may push and pull. Default: none but this one.
            push_principals: ARNs of roles and users that may push and pull. They must exist when
                this is deployed. Default: none.
            policy_statements: Further statements of the repository policy, without resources.
                Default: none.
            tags: Tags of the repository, values by key. Default: those of its scopes.
            removal_policy: What becomes of the repository when it leaves the stack. Default: it
                stays, with its images.
            empty_on_delete: Whether a deletion takes the images along. Only with
                ``RemovalPolicy.DESTROY``. Default: a repository that holds images cannot be
                deleted.

        Raises:
            ValueError: A value that ECR or CloudFormation would refuse, or that would lose
                images.
        """
        access = Access(
            pull_organizations=pull_organizations,
            pull_accounts=pull_accounts,
            pull_principals=pull_principals,
            push_accounts=push_accounts,
            push_principals=push_principals,
        )
        encryption = encryption or Encryption.aes256()
        if repository_name is not None:
            check_repository_name(repository_name)
        check_tags(tags or {})
        _check_deletion(removal_policy, empty_on_delete=empty_on_delete)
        # Asking for the Region crosses to Node, so only where the answer matters.
        region = _region(scope) if encryption.needs_region or access.names_anyone else ""
        encryption.check_region(region)

        super().__init__(scope, construct_id, physical_name=repository_name)
        self._lifecycle = DEFAULT_LIFECYCLE if lifecycle is None else lifecycle
        self._statements = access.statements(_partition(region))
        self._document: iam.PolicyDocument | None = None
        self._name: str | None = None
        self._arn: str | None = None
        self._resource = ecr.CfnRepository(
            self,
            "Resource",
            # A marker such as PhysicalName.GENERATE_IF_NEEDED is settled by the base class.
            repository_name=(
                self._physical_name if is_unresolved(repository_name) else repository_name
            ),
            **_mutability_properties(tag_mutability or TagMutability.immutable()),
            encryption_configuration=_encryption_property(encryption),
            image_scanning_configuration=_SCANNING[scan_on_push],
            lifecycle_policy=self._lifecycle_property(),
            repository_policy_text=document(self._statements) if self._statements else None,
            empty_on_delete=empty_on_delete or None,
            tags=[cdk.CfnTag(key=key, value=value) for key, value in (tags or {}).items()] or None,
        )
        self._resource.apply_removal_policy(removal_policy)
        for statement in policy_statements:
            self.add_to_resource_policy(statement)

    @property
    def repository_name(self) -> str:
        """The name, or a reference to it."""
        if self._name is None:
            self._name = self._get_resource_name_attribute(self._resource.ref)
        return self._name

    @property
    def repository_arn(self) -> str:
        """The ARN, or a reference to it."""
        if self._arn is None:
            self._arn = self._get_resource_arn_attribute(
                self._resource.attr_arn,
                service="ecr",
                resource="repository",
                resource_name=self._physical_name,
            )
        return self._arn

    def add_to_resource_policy(
        self, statement: iam.PolicyStatement
    ) -> iam.AddToResourcePolicyResult:
        """Add a statement to the repository policy; grants to other accounts do so too.

        Args:
            statement: A statement that names a principal and no resources: ECR refuses others.

        Raises:
            ValueError: A statement without a principal.
        """
        if not statement.has_principal:
            msg = (
                "a statement of a repository policy says who: give the PolicyStatement principals, "
                "such as [iam.AccountPrincipal('444455556666')]"
            )
            raise ValueError(msg)
        if statement.resources:
            cdk.Annotations.of(self).add_warning_v2(
                "@aws-cdk/aws-ecr:noResourceStatements",
                "ECR resource policy does not allow resource statements.",
            )
        if self._document is None:
            self._document = iam.PolicyDocument.from_json(document(self._statements))
            self.node.add_validation(_PolicyValidation(self._document))
        self._document.add_statements(statement)
        self._resource.repository_policy_text = self._document
        # The repository, not the document: grant.apply_before() needs something in the tree.
        return iam.AddToResourcePolicyResult(statement_added=True, policy_dependable=self)

    def add_lifecycle_rule(self, *rules: LifecycleRule) -> None:
        """Add rules to the lifecycle policy, after those that are there.

        A rule for untagged images takes the place of the default one.

        Raises:
            ValueError: The policy would no longer be one that ECR accepts.
        """
        defaulted = self._lifecycle is DEFAULT_LIFECYCLE
        own = defaulted and any(rule.tag_status == "untagged" for rule in rules)
        self._lifecycle = (LifecyclePolicy() if own else self._lifecycle).with_rules(*rules)
        self._resource.lifecycle_policy = self._lifecycle_property()

    def _lifecycle_property(self) -> ecr.CfnRepository.LifecyclePolicyProperty | None:
        if not self._lifecycle:
            return None
        numbers = [rule.count_number for rule in self._lifecycle.rules]
        # JSON has no deploy-time numbers; CDK splits the text around them.
        text = (
            self.stack.to_json_string(self._lifecycle.to_dict())
            if is_unresolved(numbers)
            else self._lifecycle.to_json()
        )
        return ecr.CfnRepository.LifecyclePolicyProperty(lifecycle_policy_text=text)

    # CDK's own imported repositories: what is not ours to define needs no class of ours.
    @staticmethod
    def from_repository_name(
        scope: Construct, construct_id: str, repository_name: str
    ) -> ecr.IRepository:
        """Import a repository of this account and Region by its name."""
        return ecr.Repository.from_repository_name(scope, construct_id, repository_name)

    @staticmethod
    def from_repository_arn(
        scope: Construct, construct_id: str, repository_arn: str
    ) -> ecr.IRepository:
        """Import a repository by its ARN, which must be known when the app runs."""
        return ecr.Repository.from_repository_arn(scope, construct_id, repository_arn)

    @staticmethod
    def from_repository_attributes(
        scope: Construct, construct_id: str, *, repository_arn: str, repository_name: str
    ) -> ecr.IRepository:
        """Import a repository by ARN and name, either of which may be a deploy-time value."""
        return ecr.Repository.from_repository_attributes(
            scope, construct_id, repository_arn=repository_arn, repository_name=repository_name
        )

    @staticmethod
    def from_lookup(
        scope: Construct,
        construct_id: str,
        *,
        repository_name: str | None = None,
        repository_arn: str | None = None,
    ) -> ecr.IRepository:
        """Import a repository that the CDK command line looks up in the account."""
        return ecr.Repository.from_lookup(
            scope, construct_id, repository_name=repository_name, repository_arn=repository_arn
        )


@jsii.implements(IValidation)
class _PolicyValidation:
    """Reports at synth what is wrong with the statements, as CDK's own repository does."""

    def __init__(self, policy: iam.PolicyDocument) -> None:
        self._policy = policy

    def validate(self) -> list[str]:
        """Return the faults, each a sentence."""
        return self._policy.validate_for_any_policy()


_SCANNING = {
    on: ecr.CfnRepository.ImageScanningConfigurationProperty(scan_on_push=on)
    for on in (True, False)
}


def _mutability_properties(mutability: TagMutability) -> dict[str, Any]:
    if not mutability.except_for:
        return {"image_tag_mutability": mutability.setting}
    return {
        "image_tag_mutability": mutability.setting,
        "image_tag_mutability_exclusion_filters": [
            ecr.CfnRepository.ImageTagMutabilityExclusionFilterProperty(
                image_tag_mutability_exclusion_filter_type="WILDCARD",
                image_tag_mutability_exclusion_filter_value=value,
            )
            for value in mutability.except_for
        ],
    }


def _encryption_property(
    encryption: Encryption,
) -> ecr.CfnRepository.EncryptionConfigurationProperty | None:
    if encryption.type == "AES256":
        return None
    return ecr.CfnRepository.EncryptionConfigurationProperty(
        encryption_type=encryption.type, kms_key=encryption.key_arn
    )


def _check_deletion(removal_policy: cdk.RemovalPolicy, *, empty_on_delete: bool) -> None:
    if empty_on_delete and removal_policy is not cdk.RemovalPolicy.DESTROY:
        msg = (
            "empty_on_delete would delete every image together with the repository, which "
            f"removal_policy {removal_policy.name} is there to prevent; leave it out, or write "
            "removal_policy=RemovalPolicy.DESTROY if that is meant"
        )
        raise ValueError(msg)


# Two calls to Node that most repositories of a scope can share.
_regions: WeakKeyDictionary[Construct, str] = WeakKeyDictionary()


def _region(scope: Construct) -> str:
    if (region := _regions.get(scope)) is None:
        region = _regions[scope] = cdk.Stack.of(scope).region
    return region


def _partition(region: str) -> str:
    return cdk.Aws.PARTITION if is_unresolved(region) else partition_of(region)
