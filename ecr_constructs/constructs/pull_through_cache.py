"""A cache of another registry."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Unpack

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import region_info
from constructs import Construct

from ecr_constructs.constructs._app_registry import AppRegistry
from ecr_constructs.constructs._arguments import checked
from ecr_constructs.constructs._events import RuleOptions, event_rule
from ecr_constructs.constructs._iam import grant_to_principal, service_role
from ecr_constructs.constructs._policy_text import check_statement
from ecr_constructs.constructs._stack_env import partition_in, region_of
from ecr_constructs.constructs.cached_repository import CachedRepository
from ecr_constructs.constructs.creation_template import (
    RepositoryCreationTemplate,
    check_template,
    claim_template,
)
from ecr_constructs.constructs.role_options import RoleOptions
from ecr_constructs.model.creation_template import CreationTemplate, role_errors
from ecr_constructs.model.encryption import Encryption
from ecr_constructs.model.events import Images, pulled_through
from ecr_constructs.model.lifecycle import LifecyclePolicy
from ecr_constructs.model.mutability import TagMutability
from ecr_constructs.model.names import check_repository_name, namespace_of
from ecr_constructs.model.partitions import regions
from ecr_constructs.model.principals import AccountId, partition_errors
from ecr_constructs.model.pull_through_cache import MAX_RULES, TAG_OR_DIGEST, PullThroughRule
from ecr_constructs.model.references import AnyRole
from ecr_constructs.model.repository_policy import (
    DELETE_IMAGE_ACTIONS,
    LIFECYCLE_ACTIONS,
    LOGIN_ACTIONS,
    READ_ACTIONS,
    Access,
)
from ecr_constructs.model.tags import Tags
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.upstreams import Upstream
from ecr_constructs.model.validation import raise_if_invalid, reject


@checked
class PullThroughCache(Construct):
    """A pull through cache: images of another registry, kept in this one from their first pull.

    It also defines the creation template of its prefix, so that the repositories that ECR creates
    have their settings from the first pull. Once a day ECR checks whether a pulled tag has moved
    upstream.

    Every property of a rule is create-only. CloudFormation creates the new rule before it deletes
    the old one, and a registry has one rule for each prefix. So a change of only the upstream, its
    credential's ARN or its role fails: change ``repository_prefix`` too, or remove the cache in
    one deployment and define it again in the next. The content of the secret can change without a
    deployment. Cached images and their repositories always stay.

    Example::

        cache = PullThroughCache(stack, "Quay", upstream=Upstream.quay())
        cache.grant_pull(task_role)

    Attributes:
        repository_prefix: The prefix of the names of cached repositories, or ``ROOT``.
        template: The creation template of the prefix.
        upstream_role: The role that this cache defines to read another account's registry, or
            None.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        upstream: Upstream,
        repository_prefix: str | None = None,
        upstream_repository_prefix: str | None = None,
        tag_mutability: TagMutability | None = None,
        encryption: Encryption | None = None,
        lifecycle: LifecyclePolicy | None = None,
        pull_organizations: Sequence[str] | None = (),
        pull_organizational_units: Sequence[str] | None = (),
        pull_accounts: Sequence[AccountId] | None = (),
        pull_principals: Sequence[str] | None = (),
        policy_statements: Sequence[iam.PolicyStatement] | None = (),
        tags: Tags | None = None,
        template_role: AnyRole | None = None,
        template_role_options: RoleOptions | None = None,
        upstream_role_options: RoleOptions | None = None,
    ) -> None:
        """Define a cache.

        Args:
            scope: The stack, or a construct below one.
            id: The construct's id. Changing it replaces the rule, which fails while the
                old one exists.
            upstream: The registry to cache, such as ``Upstream.quay()``.
            repository_prefix: The prefix of the names of cached repositories, 2 to 30 characters,
                or ``ROOT`` for every name that no other rule covers. Default: as in the AWS
                Management Console, ``docker-hub``, ``github``, ``quay``…
            upstream_repository_prefix: The prefix of the names of the upstream's repositories:
                with ``team``, ``PREFIX/api`` is the upstream's ``team/api``. Not with ``ROOT``.
                Default: ``PREFIX/NAME`` is ``NAME``.
            tag_mutability: Whether tags may be moved. An immutable cache keeps the first image of
                a tag permanently. Default: mutable, so that tags follow the upstream.
            encryption: How images are encrypted. Default: AES-256.
            lifecycle: Which images expire. Images that are pulled by digest are untagged, and ECR
                does not import a deleted digest again. So a rule for untagged images is rejected;
                limit the cost with ``LifecycleRule.archive(not_pulled_for_days=90)`` and
                ``LifecycleRule.expire_archived(after_days=365)``. Default: all are kept.
            pull_organizations: Ids of organizations whose accounts may pull cached images.
                Default: none.
            pull_organizational_units: Paths of organizational units whose accounts may pull:
                ``o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*``. Default: none.
            pull_accounts: Ids of other accounts that may pull cached images. Default: none.
            pull_principals: ARNs of roles and users that may pull cached images. They must exist
                whenever ECR creates a repository. Default: none.
            policy_statements: Further statements of the policy of cached repositories, without
                resources. Default: none.
            tags: Tags of the cached repositories, values by key. Default: none.
            template_role: The role that ECR assumes to tag and to encrypt; see
                `RepositoryCreationTemplate`. Default: a new one, if it is needed.
            template_role_options: The name and boundary of that new role. Default: a generated
                name, no boundary.
            upstream_role_options: The name, path and boundary of the role that reads another
                account's registry. Default: a generated name, no path, no boundary.

        Raises:
            ValidationError: A value that ECR or CloudFormation rejects; a lifecycle rule that
                would delete images in use; ``pull-through-cache-count``: more than 50 caches; or
                ``defined-twice``: the app has a cache or a creation template for this prefix,
                account and Region already.
        """
        prefix = upstream.default_prefix if repository_prefix is None else repository_prefix
        rule = PullThroughRule(upstream, prefix, upstream_repository_prefix)
        stack, region = cdk.Stack.of(scope), region_of(scope)
        errors = [*rule.errors(), *upstream.errors_from(stack.account, region, regions())]
        if upstream.role_arn is not None:
            errors += role_errors(upstream.role_arn, stack.account, with_path=True)
            errors += partition_errors(upstream.role_arn, partition_in(region))
        raise_if_invalid("pull through cache", prefix, errors)
        access = Access(
            pull_organizations=pull_organizations or (),
            pull_organizational_units=pull_organizational_units or (),
            pull_accounts=pull_accounts or (),
            pull_principals=pull_principals or (),
        )
        settings = CreationTemplate(
            prefix=prefix,
            applied_for=["PULL_THROUGH_CACHE"],
            description=f"Repositories that cache {upstream}",
            tag_mutability=tag_mutability,
            encryption=encryption or Encryption.aes256(),
            lifecycle=lifecycle,
            access=access,
            tags=tags or {},
        )
        check_template(scope, settings, template_role, template_role_options)
        for statement in policy_statements or ():
            check_statement(statement)
        defines_role = upstream.role_arn is None and upstream.needs_role(stack.account)
        if upstream_role_options is not None and not defines_role:
            reject(
                "pull through cache",
                prefix,
                "role-options-unused",
                "this cache defines no role that would have them",
                path="upstream_role_options",
                remedy="leave them out",
            )
        app = AppRegistry.of(scope)
        _check_number(app.caches, stack.environment)
        app.claim(
            f"the pull through cache {prefix.rstrip('/')!r}",
            scope,
            id,
            hint="give one of them another repository_prefix",
        )
        claim_template(scope, f"{id}/Template", prefix)

        super().__init__(scope, id)
        app.caches[stack.environment] += 1
        self.repository_prefix = prefix
        self._rule = rule
        self._tagging = bool(tags)
        partition = partition_in(region)
        self._registry_arn = f"arn:{partition}:ecr:{region}:{stack.account}:repository/"
        self._host = _host(stack.account, region)
        self.template = RepositoryCreationTemplate(
            self,
            "Template",
            prefix=prefix,
            applied_for=settings.applied_for,
            description=settings.description,
            tag_mutability=tag_mutability,
            encryption=encryption,
            lifecycle=lifecycle,
            pull_organizations=pull_organizations,
            pull_organizational_units=pull_organizational_units,
            pull_accounts=pull_accounts,
            pull_principals=pull_principals,
            policy_statements=policy_statements,
            tags=tags,
            role=template_role,
            role_options=template_role_options,
        )
        role_arn = upstream.role_arn
        self.upstream_role: iam.Role | None = None
        if defines_role:
            self.upstream_role = service_role(
                self,
                description=f"Lets Amazon ECR cache images of {upstream}",
                service="pullthroughcache.ecr.amazonaws.com",
                policy_name="Cache",
                statements=rule.upstream_role_statements(self._registry_arn, partition),
                options=upstream_role_options,
            )
            role_arn = self.upstream_role.role_arn
        self._resource = ecr.CfnPullThroughCacheRule(
            self,
            "Resource",
            ecr_repository_prefix=prefix,
            upstream_registry=upstream.registry,
            upstream_registry_url=upstream.url
            or _host(str(upstream.account), str(upstream.region)),
            upstream_repository_prefix=upstream_repository_prefix,
            credential_arn=upstream.credential_arn,
            custom_role_arn=role_arn,
        )
        # A pull before the template exists would create a repository without its settings.
        self._resource.node.add_dependency(self.template)
        self._repositories: dict[str, CachedRepository] = {}

    @property
    def repositories_arn(self) -> str:
        """The ARN pattern of the cached repositories."""
        return f"{self._registry_arn}{namespace_of(self.repository_prefix)}*"

    @property
    def pull_actions(self) -> Sequence[str]:
        """The actions that a pull through the cache needs, including the first of an image."""
        return self._rule.pull_actions(tagging=self._tagging)

    @property
    def repository_statements(self) -> Sequence[Mapping[str, Any]]:
        """The statements of the policy of each cached repository, as they are rendered.

        Raises:
            ValidationError: ``repository-policy-unresolved``: other code wrote the policy on the
                L1, and it is known only at deploy time.
        """
        return self.template.repository_statements

    def repository(self, name: str) -> CachedRepository:
        """Return the repository that caches an upstream repository, as an `ecr.IRepository`.

        Its pull grants include the import with the first pull, so that it can be given to
        constructs such as ``ecs.ContainerImage.from_ecr_repository``.

        Args:
            name: The repository's name in its own registry, as in `uri_for` but without tag and
                digest: ``library/nginx``.

        Raises:
            ValidationError: An invalid name, one that begins with a host, or
                ``upstream-image-tag``: one with a tag or a digest.
        """
        if name not in self._repositories:
            full_name = self._rule.name_for(name)
            if not is_unresolved(name) and TAG_OR_DIGEST.search(name):
                reject(
                    "repository of a cache",
                    name,
                    "upstream-image-tag",
                    "a repository has neither tag nor digest",
                    path="name",
                    remedy=f"write {TAG_OR_DIGEST.split(name)[0]!r}",
                )
            check_repository_name(full_name)
            arn = f"{self._registry_arn}{full_name}"
            self._repositories[name] = CachedRepository(
                self, f"Repository {name.replace('/', ' ')}", arn, full_name, cache=self
            )
        return self._repositories[name]

    def grant_pull_to_lambda(
        self, *, functions: Sequence[str] | None = None, account: AccountId | None = None
    ) -> None:
        """Allow Lambda to pull cached images; as `RepositoryCreationTemplate`'s.

        It allows no imports: pull an image once before a function uses it.
        """
        self.template.grant_pull_to_lambda(functions=functions, account=account)

    def grant_pull_to_code_build(self, *, projects: Sequence[str] | None = None) -> None:
        """Allow CodeBuild to pull cached images; as `RepositoryCreationTemplate`'s."""
        self.template.grant_pull_to_code_build(projects=projects)

    def add_to_repository_policy(self, statement: iam.PolicyStatement) -> None:
        """Add a statement to the policy of cached repositories that ECR creates from now on.

        Raises:
            ValidationError: As `RepositoryCreationTemplate.add_to_repository_policy`.
        """
        self.template.add_to_repository_policy(statement)

    def uri_for(self, image: str) -> str:
        """Return the URI that pulls an image through the cache.

        Args:
            image: The image's name in its own registry, without the registry's host:
                ``library/nginx:1.27``, ``argoproj/argocd@sha256:…``. With an
                ``upstream_repository_prefix``, its name below that.

        Raises:
            ValidationError: An invalid image name, or one that begins with a host.
        """
        return f"{self._host}/{self._rule.name_for(image)}"

    def on_pull_through_cache(
        self, construct_id: str, *, failed: bool | None = False, **options: Unpack[RuleOptions]
    ) -> events.Rule:
        """Match each image that the cache imports; with ``ROOT``, the imports of every cache.

        Args:
            construct_id: The rule's id.
            failed: Whether to match failed imports instead.
            **options: ``target``, ``cross_stack_scope``, ``description``, as in
                `RuleOptions`.
        """
        namespace = namespace_of(self.repository_prefix)
        images = Images(prefixes=[namespace] if namespace else [])
        return event_rule(
            self, construct_id, pulled_through(images, failed=bool(failed)), **options
        )

    def grant_pull(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow a principal to pull cached images, and to import them with their first pull.

        The first pull of an image makes ECR create a repository and import the image, on behalf
        of the principal that pulls.

        Raises:
            ValidationError: ``principal-without-policy``: nothing would be granted. Other accounts
                pull cached images through ``pull_accounts`` and ``pull_organizations``.
        """
        return self._grant(grantee, "pulling through a cache", self.pull_actions, LOGIN_ACTIONS)

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow a principal to list and describe cached images; raises as `grant_pull`."""
        return self._grant(grantee, "reading a cache", READ_ACTIONS)

    def grant_delete_image(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow a principal to delete images, which the next pull caches again; as `grant_pull`."""
        return self._grant(grantee, "deleting cached images", DELETE_IMAGE_ACTIONS)

    def grant_manage_lifecycle(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow a principal to change, remove and preview lifecycle policies, as `grant_pull`."""
        return self._grant(grantee, "managing the lifecycle of a cache", LIFECYCLE_ACTIONS)

    def _grant(
        self,
        grantee: iam.IGrantable,
        purpose: str,
        actions: Sequence[str],
        login_actions: Sequence[str] | None = (),
    ) -> iam.Grant:
        return grant_to_principal(
            grantee,
            scope=self,
            purpose=purpose,
            actions=actions,
            resource_arn=self.repositories_arn,
            login_actions=login_actions,
            suggestion=(
                "name it in pull_accounts, pull_organizations or pull_principals to allow pulls "
                "of cached images, and in the registry policy to allow imports"
            ),
        )


def _check_number(caches: Counter[str], environment: str) -> None:
    # Stacks without account and Region may be deployed to different ones.
    if caches[environment] >= MAX_RULES and "unknown-" not in environment:
        reject(
            "registry",
            environment,
            "pull-through-cache-count",
            f"a registry has at most {MAX_RULES} pull through caches, and {environment} has "
            f"{caches[environment]}",
        )


def _host(account: str, region: str) -> str:
    return f"{account}.dkr.ecr.{region}.{_dns_suffix(region)}"


@cache
def _dns_suffix(region: str) -> str:
    if is_unresolved(region):
        return cdk.Aws.URL_SUFFIX
    return region_info.RegionInfo.get(region).domain_suffix or cdk.Aws.URL_SUFFIX
