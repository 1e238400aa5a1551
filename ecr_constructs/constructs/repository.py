"""One repository of a private registry."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Unpack

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs.constructs import imported_repository
from ecr_constructs.constructs._arguments import checked
from ecr_constructs.constructs._cfn_properties import (
    SCANNING,
    StockRule,
    encryption_property,
    mutability_properties,
    stock_rules,
)
from ecr_constructs.constructs._deletion_lock import deleting_roles
from ecr_constructs.constructs._events import RepositoryEvents
from ecr_constructs.constructs._lambda_access import function_errors
from ecr_constructs.constructs._policy_text import check_statement
from ecr_constructs.constructs._repository_base import RepositoryBase, RepositoryGrants
from ecr_constructs.constructs._repository_resource import RepositoryResource
from ecr_constructs.constructs._resource_policy import CrossAccountGrants, ResourcePrincipal
from ecr_constructs.constructs._stack_env import account_of, partition_in, region_of
from ecr_constructs.constructs._validation import AtSynthesis
from ecr_constructs.constructs.registry._signing import PushAccess, grant_signing
from ecr_constructs.constructs.source import record_caller
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.encryption import Encryption
from ecr_constructs.model.lifecycle import LifecyclePolicy, LifecycleRule
from ecr_constructs.model.mutability import TagMutability
from ecr_constructs.model.names import check_repository_name
from ecr_constructs.model.principals import LAMBDA, AccountId
from ecr_constructs.model.repository_policy import (
    Access,
    deny_deletion,
    document,
    length_errors,
)
from ecr_constructs.model.tags import Tags, check_tags
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid

_AES256 = Encryption.aes256()
_IMMUTABLE = TagMutability.immutable()
NO_SNAPSHOTS = Diagnostic(
    "removal-policy-snapshot",
    "a repository has no snapshots, so removal_policy cannot be SNAPSHOT",
    "removal_policy",
    "write RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE to keep it with its images",
)


@checked
class _Parts(RepositoryGrants):
    """What a repository has and Node never calls; see `RepositoryBase`."""

    _TITLE = "Repository"
    _owns_policy = True

    _scope: Construct
    _resource: RepositoryResource
    _cross_account_grants: CrossAccountGrants
    _checks_functions: bool
    _push_access: PushAccess

    @property
    def _location(self) -> tuple[str, str]:
        """The repository's account and Region, cached for each scope."""
        return account_of(self._scope), region_of(self._scope)

    def _check_by_policy(self, named: ResourcePrincipal) -> None:  # noqa: ARG002 - of others
        # Raised here, an error keeps its type; raised in a callback of CDK it does not.
        self._resource.require_mergeable_policy()

    def _grant_by_policy(
        self, principal: iam.IPrincipal, named: ResourcePrincipal, actions: Sequence[str]
    ) -> iam.Grant:
        self._check_by_policy(named)
        if named.service == LAMBDA:
            self._check_functions()
        return self._cross_account_grants.add(principal, named, actions)

    def _check_functions(self) -> None:
        if not self._checks_functions:
            self._checks_functions = True
            self._repository.node.add_validation(AtSynthesis(self._function_errors))

    def _function_errors(self) -> list[str]:
        stack = cdk.Stack.of(self._repository)
        policy = stack.resolve(self._resource.repository_policy_text) or {}
        statements = policy.get("Statement", ())
        name = str(stack.resolve(self._resource.repository_name))
        return function_errors(
            self._repository, name, statements, self._location, "on this repository"
        )

    def add_lifecycle_rule(self, *rules: LifecycleRule, **stock: Unpack[StockRule]) -> None:
        """Add rules to the lifecycle policy, after the existing ones.

        A rule for untagged images replaces the default one. A policy that other code writes on the
        L1, before or after, takes the place of that of ``lifecycle``, and the rules join it.

        Args:
            rules: The rules.
            **stock: The keywords of ``ecr.Repository.add_lifecycle_rule``, for one more rule:
                ``max_image_count=5``.

        Raises:
            ValidationError: ECR would reject the policy; or ``lifecycle-policy-unresolved``: other
                code wrote one on the L1 that is known only at deploy time.
        """
        self._resource.add_rules(*rules, *stock_rules(stock))

    def _grant_signing(self, grantee: iam.IGrantable) -> None:
        self._push_access.grantees.append(grantee)
        grant_signing(self._repository, grantee)

    from_repository_name = staticmethod(imported_repository.from_repository_name)
    from_repository_arn = staticmethod(imported_repository.from_repository_arn)
    from_repository_attributes = staticmethod(imported_repository.from_repository_attributes)
    from_lookup = staticmethod(imported_repository.from_lookup)
    arn_for_local_repository = staticmethod(ecr.Repository.arn_for_local_repository)


@checked
class Repository(RepositoryBase, _Parts, RepositoryEvents):
    """A private repository with secure defaults.

    By default its tags are immutable, images are scanned when they are pushed, untagged images
    expire after 14 days, and the repository outlives its stack. It is an `ecr.IRepository` and has
    the logical id of an `ecr.Repository` with the same construct id, so replacing one in code does
    not replace the deployed repository.

    Example::

        api = Repository(stack, "Api", repository_name="payments/api")
        api.grant_pull(task_role)
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repository_name: str | None = None,
        tag_mutability: TagMutability | None = None,
        encryption: Encryption | None = None,
        lifecycle: LifecyclePolicy | None = None,
        scan_on_push: bool | None = True,
        pull_organizations: Sequence[str] | None = (),
        pull_organizational_units: Sequence[str] | None = (),
        pull_accounts: Sequence[AccountId] | None = (),
        pull_principals: Sequence[str] | None = (),
        push_accounts: Sequence[AccountId] | None = (),
        push_principals: Sequence[str] | None = (),
        policy_statements: Sequence[iam.PolicyStatement] | None = (),
        tags: Tags | None = None,
        removal_policy: cdk.RemovalPolicy | None = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        empty_on_delete: bool | None = False,
        deletion_lock: bool | Sequence[str] | None = False,
    ) -> None:
        """Define a repository.

        Args:
            scope: The stack, or a construct below one.
            id: The construct's id. Changing it replaces the repository.
            repository_name: 2 to 256 characters, lowercase, parts joined by ``/``. Changing it
                replaces the repository. Default: CloudFormation generates one.
            tag_mutability: Whether tags may be moved. Default: immutable.
            encryption: How images are encrypted. A change replaces the repository; if it has a
                name, CloudFormation rejects the change. Default: AES-256.
            lifecycle: Which images expire. ``LifecyclePolicy()`` keeps all, and
                ``LifecyclePolicy(…, enabled=False)`` too, until it is enabled. Default: untagged
                images expire 14 days after their push.
            scan_on_push: Whether ECR scans an image when it is pushed. A scanning configuration
                of the registry takes precedence. Default: True.
            pull_organizations: Ids of organizations whose accounts may pull. Default: none.
            pull_organizational_units: Paths of organizational units whose accounts may pull:
                ``o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*``. Default: none.
            pull_accounts: Ids of other accounts that may pull. Default: none.
            pull_principals: ARNs of roles and users that may pull. They must exist at deployment.
                Default: none.
            push_accounts: Ids of other accounts that may push and pull. Default: none.
            push_principals: ARNs of roles and users that may push and pull. They must exist at
                deployment. Default: none.
            policy_statements: Further statements of the repository policy, without resources.
                Default: none.
            tags: Tags of the repository, values by key. Default: the tags of its scopes.
            removal_policy: What happens to the repository when it is removed from the stack.
                Default: ``RETAIN_ON_UPDATE_OR_DELETE``, which keeps it with its images; only the
                rollback of the deployment that creates it deletes it, if it is empty.
            empty_on_delete: Whether a deletion deletes the images too. Only with
                ``RemovalPolicy.DESTROY``. Default: False; a repository with images cannot be
                deleted.
            deletion_lock: Whether the repository policy denies ``ecr:DeleteRepository`` to everyone
                but the role with which CDK deploys the stack; or the ARNs, also patterns with
                ``*``, of the roles that may delete it. Whoever may change the policy can lift
                the lock. Default: False.

        Raises:
            ValidationError: A value that ECR or CloudFormation rejects, or that would lose images.
        """
        access = Access(
            pull_organizations=tuple(pull_organizations or ()),
            pull_organizational_units=tuple(pull_organizational_units or ()),
            pull_accounts=tuple(pull_accounts or ()),
            pull_principals=tuple(pull_principals or ()),
            push_accounts=tuple(push_accounts or ()),
            push_principals=tuple(push_principals or ()),
        )
        encryption = encryption or _AES256
        if repository_name is not None:
            check_repository_name(repository_name)
        check_tags(tags or {})
        removal_policy = removal_policy or cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
        _check_deletion(removal_policy, empty_on_delete=bool(empty_on_delete))
        for statement in policy_statements or ():
            check_statement(statement)
        # The Region is a call to Node, so it is asked for only if it matters.
        needs_region = encryption.needs_region or access.names_anyone or deletion_lock is True
        region = region_of(scope) if needs_region else ""
        if encryption.needs_region:
            encryption.check_region(region)
        roles = tuple(deleting_roles(scope, deletion_lock))
        statements = _declared_statements(access, partition_in(region), roles)

        # As `super().__init__`, which would check the types again.
        jsii.create(type(self), self, [scope, id, {"physicalName": repository_name}])
        self._scope = scope
        self._cross_account_grants = CrossAccountGrants(self)
        self._checks_functions = False
        self._push_access = PushAccess(by_policy=bool(push_accounts or push_principals))
        self._literal_name = None if is_unresolved(repository_name) else repository_name
        self._name: str | None = None
        self._arn: str | None = None
        self._resource = RepositoryResource(
            self,
            lifecycle=lifecycle,
            statements=statements,
            removal_policy=removal_policy,
            # The base class resolves a marker such as PhysicalName.GENERATE_IF_NEEDED.
            repository_name=(
                self._physical_name if is_unresolved(repository_name) else repository_name
            ),
            **mutability_properties(ecr.CfnRepository, tag_mutability or _IMMUTABLE),
            encryption_configuration=encryption_property(ecr.CfnRepository, encryption),
            image_scanning_configuration=SCANNING[bool(scan_on_push)],
            empty_on_delete=empty_on_delete or None,
            tags=[{"key": key, "value": value} for key, value in (tags or {}).items()] or None,
        )
        record_caller(self._resource)
        for statement in policy_statements or ():
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

    def grant_push(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow a principal to push but not to pull, and to sign if the registry signs images."""
        grant = super().grant_push(grantee)
        self._grant_signing(grantee)
        return grant

    def grant_pull_push(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow a principal to pull and push, and to sign if the registry signs images."""
        grant = super().grant_pull_push(grantee)
        self._grant_signing(grantee)
        return grant

    def add_to_resource_policy(
        self, statement: iam.PolicyStatement
    ) -> iam.AddToResourcePolicyResult:
        """Add a statement to the repository policy; grants to other accounts do so too.

        Args:
            statement: A statement with principals and without resources; ECR rejects others.

        Raises:
            ValidationError: ``statement-without-principal``, ``statement-without-action`` or
                ``statement-with-resource``, which ECR rejects; or ``repository-policy-unresolved``:
                other code wrote a policy on the L1 that cannot be read.
        """
        check_statement(statement)
        self._resource.add_statement(statement)
        # The repository, not the document: grant.apply_before() needs a construct.
        return iam.AddToResourcePolicyResult(statement_added=True, policy_dependable=self)


# The repositories of a company repeat the same few.
@lru_cache(maxsize=1024)
def _declared_statements(
    access: Access, partition: str, roles: Sequence[str]
) -> Sequence[Mapping[str, Any]]:
    statements = access.statements(partition)
    if roles:
        statements.append(deny_deletion(roles))
    raise_if_invalid("repository policy", access, length_errors(document(statements)))
    return statements


class _ImageUri:
    """A member of CDK's repository with the URI of an image, all that the L1 of a function has.

    Whoever asks for it may run the image, so functions are checked. It is not a function: jsii
    would let Node call it, which costs time at each create.
    """

    def __init__(self, member: str) -> None:
        """Take the name of the member."""
        self._member = member

    def __get__(self, repository: Repository | None, owner: type[Repository]) -> object:
        """Return the member of CDK."""
        if repository is None:
            return getattr(super(Repository, owner), self._member)
        repository._check_functions()  # noqa: SLF001 - of this module
        return getattr(super(Repository, repository), self._member)


for _member in (
    "repository_uri",
    *(f"repository_uri_for_{kind}" for kind in ("tag", "digest", "tag_or_digest")),
):
    setattr(Repository, _member, _ImageUri(_member))


def _check_deletion(removal_policy: cdk.RemovalPolicy, *, empty_on_delete: bool) -> None:
    errors = []
    if removal_policy is cdk.RemovalPolicy.SNAPSHOT:
        errors.append(NO_SNAPSHOTS)
    elif empty_on_delete and removal_policy is not cdk.RemovalPolicy.DESTROY:
        errors.append(
            Diagnostic(
                "empty-on-delete-retained",
                "empty_on_delete would delete every image together with the repository, which "
                f"removal_policy {removal_policy.name} is there to prevent",
                "empty_on_delete",
                "remove it, or write removal_policy=RemovalPolicy.DESTROY",
            )
        )
    raise_if_invalid("deletion of a repository", removal_policy.name, errors)
