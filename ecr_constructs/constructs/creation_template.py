"""The settings of repositories that ECR creates."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs.constructs._app_registry import AppRegistry
from ecr_constructs.constructs._arguments import checked
from ecr_constructs.constructs._cfn_properties import (
    encryption_property,
    lifecycle_text,
    mutability_properties,
    record_dry_run,
    tag_properties,
)
from ecr_constructs.constructs._created_policy import CreatedPolicy, TemplateResource
from ecr_constructs.constructs._iam import service_role
from ecr_constructs.constructs._stack_env import partition_in, region_of
from ecr_constructs.constructs.role_options import RoleOptions
from ecr_constructs.model.creation_template import CreationTemplate, Occasion, role_errors
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.encryption import Encryption
from ecr_constructs.model.lifecycle import LifecyclePolicy
from ecr_constructs.model.mutability import TagMutability
from ecr_constructs.model.principals import AccountId, Source, partition_errors
from ecr_constructs.model.references import AnyRole, arn_of
from ecr_constructs.model.repository_policy import Access
from ecr_constructs.model.tags import Tags
from ecr_constructs.model.validation import raise_if_invalid

_Template = ecr.CfnRepositoryCreationTemplate


@checked
class RepositoryCreationTemplate(Construct):
    """The settings of repositories that ECR creates for a replication, a cache or a push.

    Without a template, such a repository is mutable, keeps every image and is accessible to its
    own account only. A template applies to repositories that are created later; existing ones stay
    as they are. If several templates cover a name, the one with the longest prefix applies.

    A template has no scan setting: the registry's scanning configuration scans its repositories,
    `Registry.scan_basic` or `Registry.scan_enhanced`.

    Example::

        RepositoryCreationTemplate(
            stack, "Replicas", prefix="payments", applied_for=["REPLICATION"]
        )

    Attributes:
        prefix: The prefix of the repositories.
        role: The role that ECR assumes to tag and to encrypt, or None if it needs none.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        prefix: str,
        applied_for: Sequence[Occasion],
        description: str | None = None,
        tag_mutability: TagMutability | None = None,
        encryption: Encryption | None = None,
        lifecycle: LifecyclePolicy | None = None,
        pull_organizations: Sequence[str] | None = (),
        pull_organizational_units: Sequence[str] | None = (),
        pull_accounts: Sequence[AccountId] | None = (),
        pull_principals: Sequence[str] | None = (),
        push_accounts: Sequence[AccountId] | None = (),
        push_principals: Sequence[str] | None = (),
        policy_statements: Sequence[iam.PolicyStatement] | None = (),
        tags: Tags | None = None,
        role: AnyRole | None = None,
        role_options: RoleOptions | None = None,
    ) -> None:
        """Define a template.

        Args:
            scope: The stack, or a construct below one.
            id: The construct's id. Changing it replaces the template.
            prefix: ``payments`` covers ``payments/api`` and everything below, 1 to 256 characters;
                ``ROOT`` covers every repository that no other template does. Changing it replaces
                the template. An account and Region has one template for each prefix.
            applied_for: The events for which ECR creates a repository: ``REPLICATION``,
                ``PULL_THROUGH_CACHE``, ``CREATE_ON_PUSH``. Without a template for
                ``CREATE_ON_PUSH`` a push to a repository that does not exist fails.
            description: At most 256 characters. Default: none.
            tag_mutability: Whether tags may be moved. Default: immutable; for
                ``PULL_THROUGH_CACHE`` mutable, so that a tag follows its upstream. A template for
                caches and others must set it.
            encryption: How images are encrypted. The policy of a key of another account must
                allow the role. Default: AES-256.
            lifecycle: Which images expire. ``LifecyclePolicy()`` keeps all. Default: untagged
                images expire 14 days after their push; for ``PULL_THROUGH_CACHE`` all are kept,
                because images that are pulled by digest are untagged there.
            pull_organizations: Ids of organizations whose accounts may pull. Default: none.
            pull_organizational_units: Paths of organizational units whose accounts may pull:
                ``o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*``. Default: none.
            pull_accounts: Ids of other accounts that may pull. Default: none.
            pull_principals: ARNs of roles and users that may pull. They must exist whenever ECR
                creates a repository. Default: none.
            push_accounts: Ids of other accounts that may push and pull. Default: none.
            push_principals: ARNs of roles and users that may push and pull. They must exist
                whenever ECR creates a repository. Default: none.
            policy_statements: Further statements of the repository policy, without resources.
                Default: none. For Lambda and CodeBuild see `grant_pull_to_lambda` and
                `grant_pull_to_code_build`.
            tags: Tags of the repositories, values by key. Tags of the construct's scopes do not
                reach them. A principal whose pull makes ECR create a tagged repository needs
                ``ecr:TagResource`` as well. Default: none.
            role: The role that ECR assumes to tag and to encrypt, without a path: an ``iam.IRole``
                or ``iam.CfnRole``, or its ARN. It must
                trust ``ecr.amazonaws.com`` and be allowed what
                https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-custom.html
                lists. Default: a new one, limited to the prefix and the key, if there are tags or
                a KMS key.
            role_options: The name and the permissions boundary of the new role, not of a given
                one; ECR rejects a path. Default: a generated name, no boundary.

        Raises:
            ValidationError: A value that ECR or CloudFormation rejects; a lifecycle rule that
                would delete a cache's images in use; ``role-options-unused``: no role is defined;
                or ``defined-twice``: the app has a template for this prefix, account and Region
                already.
        """
        access = Access(
            pull_organizations=pull_organizations or (),
            pull_organizational_units=pull_organizational_units or (),
            pull_accounts=pull_accounts or (),
            pull_principals=pull_principals or (),
            push_accounts=push_accounts or (),
            push_principals=push_principals or (),
        )
        settings = CreationTemplate(
            prefix=prefix,
            applied_for=applied_for,
            description=description,
            tag_mutability=tag_mutability,
            encryption=encryption or Encryption.aes256(),
            lifecycle=lifecycle,
            access=access,
            tags=tags or {},
        )
        check_template(scope, settings, role, role_options)
        region = region_of(scope)
        partition = partition_in(region)
        source = Source(partition, region, cdk.Stack.of(scope).account)
        self._policy = CreatedPolicy(scope, source, access.statements(partition))
        for statement in policy_statements or ():
            self._policy.add(statement)
        claim_template(scope, id, prefix)

        super().__init__(scope, id)
        self.prefix = prefix
        if role is None and settings.needs_role:
            role = _role(self, settings, role_options)
        self.role = role
        self._resource = TemplateResource(
            self,
            "Resource",
            prefix=prefix,
            applied_for=sorted(applied_for),
            description=description,
            **mutability_properties(_Template, settings.effective_mutability),
            encryption_configuration=encryption_property(_Template, settings.encryption),
            lifecycle_policy=lifecycle_text(self, settings.effective_lifecycle),
            **self._policy.rendered_properties,
            resource_tags=tag_properties(tags),
            custom_role_arn=None if role is None else arn_of(role, "role"),
        )
        self._policy.attach_to(self, self._resource)
        record_dry_run(self._resource, settings.effective_lifecycle)

    @property
    def repository_statements(self) -> Sequence[Mapping[str, Any]]:
        """The statements of the policy of each created repository, as they are rendered.

        Raises:
            ValidationError: ``repository-policy-unresolved``: other code wrote the policy on the
                L1, and it is known only at deploy time.
        """
        return self._policy.rendered

    def add_to_repository_policy(self, statement: iam.PolicyStatement) -> None:
        """Add a statement to the policy of the repositories that ECR creates from now on.

        Args:
            statement: A statement with principals and without resources.

        Raises:
            ValidationError: ``statement-without-principal``, ``statement-with-resource``, or
                ``repository-policy-length``: more than 10,240 characters.
        """
        self._policy.add(statement)

    def grant_pull_to_lambda(
        self, *, functions: Sequence[str] | None = (), account: AccountId | None = None
    ) -> None:
        """Allow Lambda to pull from created repositories, as `Repository.grant_pull_to_lambda`.

        Args:
            functions: Names of functions, where ``*`` matches anything. Default: all.
            account: The id of their account, which may pull as well. Default: the stack's own.

        Raises:
            ValidationError: A name or id that AWS rejects, or ``repository-policy-length``.

        Example::

            template.grant_pull_to_lambda(functions=["payments-*"])
        """
        self._policy.pull_by_functions(functions or (), account)

    def grant_pull_to_code_build(self, *, projects: Sequence[str] | None = None) -> None:
        """Allow CodeBuild to pull, as `Repository.grant_pull_to_code_build`.

        Args:
            projects: Names of projects, where ``*`` matches anything. Default: all.

        Raises:
            ValidationError: A name that AWS rejects, or ``repository-policy-length``.
        """
        self._policy.pull_by_projects(projects or ())


def check_template(
    scope: Construct,
    settings: CreationTemplate,
    role: AnyRole | None,
    role_options: RoleOptions | None,
) -> None:
    """Raise a ValidationError if the stack's account or Region does not allow these settings."""
    settings.encryption.check_region(region_of(scope))
    if role_options is not None:
        errors = _option_errors(settings, role, role_options)
        raise_if_invalid("role of a creation template", role_options, errors)
    if role is not None:
        account = cdk.Stack.of(scope).account
        arn = arn_of(role, "role")
        partition = partition_in(region_of(scope))
        role_problems = (*role_errors(arn, account), *partition_errors(arn, partition))
        raise_if_invalid("role of a creation template", arn, role_problems)


def _option_errors(
    settings: CreationTemplate, role: AnyRole | None, options: RoleOptions
) -> Iterator[Diagnostic]:
    path = "role_options"
    if role is not None or not settings.needs_role:
        why = "a role is given" if role is not None else "without tags and a KMS key there is none"
        message = f"no role is defined that would have them: {why}"
        yield Diagnostic("role-options-unused", message, path, "leave role_options out")
    if options.path not in (None, "/"):
        remedy = "leave the path out"
        yield Diagnostic("role-arn-path", "ECR rejects a role with a path", f"{path}.path", remedy)


def claim_template(scope: Construct, construct_id: str, prefix: str) -> None:
    """Reserve a prefix of an account and Region for a template, or raise ``defined-twice``."""
    AppRegistry.of(scope).claim(
        f"the creation template for {prefix.rstrip('/')!r}",
        scope,
        construct_id,
        hint="join them into one, or give one of them a longer prefix: the longest applies",
    )


def _role(scope: Construct, settings: CreationTemplate, options: RoleOptions | None) -> iam.Role:
    region, account = region_of(scope), cdk.Stack.of(scope).account
    partition = partition_in(region)
    registry_arn = f"arn:{partition}:ecr:{region}:{account}:repository/"
    statements = settings.role_statements(registry_arn, partition, region, account)
    description = f"Lets Amazon ECR create the repositories of the template {settings.prefix}"
    return service_role(
        scope,
        description=description,
        service="ecr.amazonaws.com",
        policy_name="Create",
        statements=statements,
        options=options,
    )
