"""One repository of a private registry."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct, IValidation

from ecr_constructs.constructs import imported_repository
from ecr_constructs.constructs._cfn_properties import (
    SCANNING,
    encryption_property,
    lifecycle_property,
    mutability_properties,
)
from ecr_constructs.constructs._repository_base import GrantingRepository
from ecr_constructs.constructs._repository_events import RepositoryEvents
from ecr_constructs.constructs._resource_policy import Admissions, ResourcePrincipal
from ecr_constructs.constructs._stack_env import account_of, partition_in, region_of
from ecr_constructs.constructs.registry._signing_grants import grant_signing
from ecr_constructs.model.encryption import Encryption
from ecr_constructs.model.lifecycle import LifecyclePolicy, LifecycleRule
from ecr_constructs.model.mutability import TagMutability
from ecr_constructs.model.names import check_repository_name
from ecr_constructs.model.repository_policy import Access, document, length_errors
from ecr_constructs.model.tags import check_tags
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid

DEFAULT_LIFECYCLE = LifecyclePolicy(LifecycleRule.expire_untagged(after_days=14))


class Repository(RepositoryEvents, GrantingRepository):
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
        pull_organizational_units: Sequence[str] = (),
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
            pull_organizational_units: Paths of organizational units whose accounts may pull:
                ``o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*``. Default: none.
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
            pull_organizational_units=pull_organizational_units,
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
        for statement in policy_statements:
            _check_principal(statement)
        # Asking for the Region crosses to Node, so only where the answer matters.
        region = region_of(scope) if encryption.needs_region or access.names_anyone else ""
        encryption.check_region(region)
        statements = access.statements(partition_in(region))
        raise_if_invalid("repository policy", access, length_errors(document(statements)))

        super().__init__(scope, construct_id, physical_name=repository_name)
        self._scope = scope
        self._given_lifecycle = lifecycle
        self._added_rules: tuple[LifecycleRule, ...] = ()
        self._statements = statements
        self._document: iam.PolicyDocument | None = None
        self._admissions = Admissions(self)
        # Whom a signing registry must let sign, and whom only their own account can.
        self.pushers: list[iam.IGrantable] = []
        self.admits_pushers = bool(push_accounts or push_principals)
        self._literal_name = None if is_unresolved(repository_name) else repository_name
        self._name: str | None = None
        self._arn: str | None = None
        self._resource = ecr.CfnRepository(
            self,
            "Resource",
            # A marker such as PhysicalName.GENERATE_IF_NEEDED is settled by the base class.
            repository_name=(
                self._physical_name if is_unresolved(repository_name) else repository_name
            ),
            **mutability_properties(ecr.CfnRepository, tag_mutability or TagMutability.immutable()),
            encryption_configuration=encryption_property(ecr.CfnRepository, encryption),
            image_scanning_configuration=SCANNING[scan_on_push],
            lifecycle_policy=lifecycle_property(self, self._lifecycle_with(())),
            repository_policy_text=document(self._statements) if self._statements else None,
            empty_on_delete=empty_on_delete or None,
            tags=[cdk.CfnTag(key=key, value=value) for key, value in (tags or {}).items()] or None,
        )
        self._resource.apply_removal_policy(removal_policy)
        for statement in policy_statements:
            self.add_to_resource_policy(statement)

    @property
    def place(self) -> tuple[str, str]:
        """The repository's account and Region, asked for once for each scope."""
        return account_of(self._scope), region_of(self._scope)

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

    def grant_push(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let a principal push but not pull; if the registry signs images, let it sign as well."""
        grant = super().grant_push(grantee)
        self._let_sign(grantee)
        return grant

    def grant_pull_push(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let a principal pull and push; if the registry signs images, let it sign as well."""
        grant = super().grant_pull_push(grantee)
        self._let_sign(grantee)
        return grant

    def add_to_resource_policy(
        self, statement: iam.PolicyStatement
    ) -> iam.AddToResourcePolicyResult:
        """Add a statement to the repository policy; grants to other accounts do so too.

        Args:
            statement: A statement that names a principal and no resources: ECR refuses others.

        Raises:
            ValueError: A statement without a principal.
        """
        _check_principal(statement)
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

    def _admit(
        self, principal: iam.IPrincipal, admitted: ResourcePrincipal, actions: Sequence[str]
    ) -> iam.Grant:
        return self._admissions.admit(principal, admitted, actions)

    def add_lifecycle_rule(self, *rules: LifecycleRule) -> None:
        """Add rules to the lifecycle policy, after those that are there.

        A rule for untagged images takes the place of the default one.

        Raises:
            ValueError: The policy would no longer be one that ECR accepts.
        """
        added = (*self._added_rules, *rules)
        self._resource.lifecycle_policy = lifecycle_property(self, self._lifecycle_with(added))
        self._added_rules = added

    def _let_sign(self, grantee: iam.IGrantable) -> None:
        self.pushers.append(grantee)
        grant_signing(self, grantee)

    def _lifecycle_with(self, added: Sequence[LifecycleRule]) -> LifecyclePolicy:
        policy = self._given_lifecycle
        if policy is None:
            # Only one rule of a policy may select untagged images of a storage class.
            own = any(r.tag_status == "untagged" and r.storage_class is None for r in added)
            policy = LifecyclePolicy() if own else DEFAULT_LIFECYCLE
        return policy.with_rules(*added)

    from_repository_name = staticmethod(imported_repository.from_repository_name)
    from_repository_arn = staticmethod(imported_repository.from_repository_arn)
    from_repository_attributes = staticmethod(imported_repository.from_repository_attributes)
    from_lookup = staticmethod(imported_repository.from_lookup)
    arn_for_local_repository = staticmethod(ecr.Repository.arn_for_local_repository)


@jsii.implements(IValidation)
class _PolicyValidation:
    """Reports at synth what is wrong with the statements, as CDK's own repository does."""

    def __init__(self, policy: iam.PolicyDocument) -> None:
        self._policy = policy

    def validate(self) -> list[str]:
        """Return the faults, each a sentence."""
        return [
            *self._policy.validate_for_any_policy(),
            *map(str, length_errors(self._policy.to_json())),
        ]


def _check_principal(statement: iam.PolicyStatement) -> None:
    if not statement.has_principal:
        msg = (
            "a statement of a repository policy says who: give the PolicyStatement principals, "
            "such as [iam.AccountPrincipal('444455556666')]"
        )
        raise ValueError(msg)


def _check_deletion(removal_policy: cdk.RemovalPolicy, *, empty_on_delete: bool) -> None:
    if removal_policy is cdk.RemovalPolicy.SNAPSHOT:
        msg = (
            "a repository has no snapshots, so removal_policy cannot be SNAPSHOT; write "
            "RemovalPolicy.RETAIN to keep it with its images"
        )
        raise ValueError(msg)
    if empty_on_delete and removal_policy is not cdk.RemovalPolicy.DESTROY:
        msg = (
            "empty_on_delete would delete every image together with the repository, which "
            f"removal_policy {removal_policy.name} is there to prevent; leave it out, or write "
            "removal_policy=RemovalPolicy.DESTROY if that is meant"
        )
        raise ValueError(msg)
