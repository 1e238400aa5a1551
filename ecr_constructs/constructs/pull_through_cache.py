"""A cache before another registry."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Unpack

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import region_info
from constructs import Construct

from ecr_constructs.constructs._app_registry import RegistryIndex
from ecr_constructs.constructs._event_rules import RuleOptions, event_rule
from ecr_constructs.constructs._pull_through_grants import CacheGrants
from ecr_constructs.constructs._stack_env import partition_in, region_of
from ecr_constructs.constructs.creation_template import (
    RepositoryCreationTemplate,
    check_template,
    claim_template,
)
from ecr_constructs.model.creation_template import CreationTemplate, namespace_of, role_errors
from ecr_constructs.model.encryption import Encryption
from ecr_constructs.model.events import Images, pulled_through
from ecr_constructs.model.lifecycle import LifecyclePolicy
from ecr_constructs.model.mutability import TagMutability
from ecr_constructs.model.pull_through_cache import MAX_RULES, PullThroughRule
from ecr_constructs.model.repository_policy import Access, document
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.upstreams import Upstream
from ecr_constructs.model.validation import raise_if_invalid


class PullThroughCache(CacheGrants):
    """A pull through cache: images of another registry, kept in this one from their first pull.

    Beside the rule it defines the creation template of its prefix, so that the repositories that
    ECR creates are what they should be from the first pull. Once a day ECR looks whether a pulled
    tag has moved upstream.

    Every property of a rule is create-only. CloudFormation creates the new rule before it deletes
    the old one, and a registry has one rule for each prefix: a change of the upstream, its
    credential's ARN or its role alone therefore fails. Change ``repository_prefix`` with it, or
    remove the cache in one deployment and define it anew in the next. What is in the secret
    changes without any deployment. Cached images and their repositories always stay.

    Attributes:
        repository_prefix: What the names of cached repositories begin with, or ``ROOT``.
        template: The creation template of the prefix.
        upstream_role: The role that this cache made to read another account's registry, or None.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        upstream: Upstream,
        repository_prefix: str | None = None,
        upstream_repository_prefix: str | None = None,
        tag_mutability: TagMutability | None = None,
        encryption: Encryption | None = None,
        lifecycle: LifecyclePolicy | None = None,
        pull_organizations: Sequence[str] = (),
        pull_organizational_units: Sequence[str] = (),
        pull_accounts: Sequence[str] = (),
        pull_principals: Sequence[str] = (),
        tags: Mapping[str, str] | None = None,
        template_role: iam.IRole | None = None,
    ) -> None:
        """Define a cache.

        Args:
            scope: The stack, or a construct below one.
            construct_id: The construct's id. Changing it replaces the rule, which fails as long
                as the old one is there.
            upstream: The registry whose images are cached, such as ``Upstream.quay()``.
            repository_prefix: What the names of cached repositories begin with, 2 to 30
                characters, or ``ROOT`` for every name that no other rule covers. Default: as in
                the AWS Management Console, ``docker-hub``, ``github``, ``quay``…
            upstream_repository_prefix: What the names of the upstream's repositories begin with;
                ``team`` lets ``PREFIX/api`` stand for ``team/api``. Not with ``ROOT``. Default:
                ``PREFIX/NAME`` stands for ``NAME``.
            tag_mutability: Whether tags may be moved. An immutable cache keeps the first image of
                a tag for ever. Default: mutable, so that tags follow the upstream.
            encryption: How images are encrypted. Default: AES-256, as ECR does by itself.
            lifecycle: Which images go. Images that are pulled by digest are untagged, so a rule
                for untagged images is refused; ``LifecycleRule.expire(after_days=365)`` suits
                where the upstream keeps its images. Default: all are kept.
            pull_organizations: Ids of organizations whose accounts may pull what is cached.
                Default: none.
            pull_organizational_units: Paths of organizational units whose accounts may pull:
                ``o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*``. Default: none.
            pull_accounts: Ids of accounts that may pull what is cached. Default: none but this
                one.
            pull_principals: ARNs of roles and users that may pull what is cached. They must exist
                whenever ECR creates a repository. Default: none.
            tags: Tags of the cached repositories, values by key. Default: none.
            template_role: The role that ECR assumes to tag and to encrypt, as it is; see
                `RepositoryCreationTemplate`. Default: one is made if it is needed.

        Raises:
            ValueError: A value that ECR or CloudFormation would refuse; a lifecycle rule that
                would delete images in use; more than 50 caches; or the app has a cache or a
                creation template for this prefix, account and Region already.
        """
        prefix = upstream.default_prefix if repository_prefix is None else repository_prefix
        rule = PullThroughRule(upstream, prefix, upstream_repository_prefix)
        stack, region = cdk.Stack.of(scope), region_of(scope)
        faults = [*rule.faults(), *upstream.faults_from(stack.account, region, _known_regions())]
        if upstream.role_arn is not None:
            faults += role_errors(upstream.role_arn, stack.account, with_path=True)
        raise_if_invalid("pull through cache", prefix, faults)
        access = {
            "pull_organizations": pull_organizations,
            "pull_organizational_units": pull_organizational_units,
            "pull_accounts": pull_accounts,
            "pull_principals": pull_principals,
        }
        settings = CreationTemplate(
            prefix=prefix,
            applied_for=["PULL_THROUGH_CACHE"],
            description=f"Repositories that cache {upstream}",
            tag_mutability=tag_mutability,
            encryption=encryption or Encryption.aes256(),
            lifecycle=lifecycle,
            access=Access(**access),
            tags=tags or {},
        )
        check_template(scope, settings, template_role)
        index = RegistryIndex.of(scope)
        _check_number(index.caches, stack.environment)
        index.claim(
            f"the pull through cache {prefix.rstrip('/')!r}",
            scope,
            construct_id,
            instead="Give one of them another repository_prefix.",
        )
        claim_template(scope, f"{construct_id}/Template", prefix)

        super().__init__(scope, construct_id)
        index.caches[stack.environment] += 1
        self.repository_prefix = prefix
        self._rule = rule
        self._tagging = bool(tags)
        self._partition = partition_in(region)
        self._registry_arn = f"arn:{self._partition}:ecr:{region}:{stack.account}:repository/"
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
            **access,
            tags=tags,
            role=template_role,
        )
        role_arn = upstream.role_arn
        self.upstream_role: iam.Role | None = None
        if role_arn is None and upstream.needs_role(stack.account):
            self.upstream_role = self._make_upstream_role(stack.account)
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
        # A pull before the template is there would create a repository without its settings.
        self._resource.node.add_dependency(self.template)

    @property
    def repositories_arn(self) -> str:
        """The ARN pattern of the cached repositories."""
        return f"{self._registry_arn}{namespace_of(self.repository_prefix)}*"

    @property
    def pull_actions(self) -> Sequence[str]:
        """What pulling through the cache takes, its first pull of an image included."""
        return self._rule.pull_actions(tagging=self._tagging)

    def uri_for(self, image: str) -> str:
        """Return the URI by which an image is pulled through the cache.

        Args:
            image: The image as its own registry names it, without the registry's host:
                ``library/nginx:1.27``, ``argoproj/argocd@sha256:…``. With an
                ``upstream_repository_prefix``, its name below that.

        Raises:
            ValueError: No name of an image, or one that begins with a host.
        """
        return f"{self._host}/{self._rule.name_for(image)}"

    def on_pull_through_cache(
        self, construct_id: str, *, failed: bool = False, **options: Unpack[RuleOptions]
    ) -> events.Rule:
        """Tell of each image that the cache fetches; of ``ROOT``, whatever cache fetches it.

        Args:
            construct_id: The rule's id.
            failed: Whether to tell of those that it failed to fetch, in their place.
            **options: ``target``, ``cross_stack_scope``, ``description``, as in
                `event_rules.RuleOptions`.
        """
        namespace = namespace_of(self.repository_prefix)
        images = Images(prefixes=[namespace] if namespace else [])
        return event_rule(self, construct_id, pulled_through(images, failed=failed), **options)

    def _make_upstream_role(self, account: str) -> iam.Role:
        statements = self._rule.upstream_role_statements(self._registry_arn, self._partition)
        return iam.Role(
            self,
            "Role",
            description=f"Lets Amazon ECR cache images of {self._rule.upstream}",
            # As for creation templates: AWS does not document whether the key is there.
            assumed_by=iam.ServicePrincipal(
                "pullthroughcache.ecr.amazonaws.com",
                conditions={"StringEqualsIfExists": {"aws:SourceAccount": account}},
            ),
            inline_policies={"Cache": iam.PolicyDocument.from_json(document(statements))},
        )


def _check_number(counted: Counter[str], environment: str) -> None:
    # Stacks without account and Region may be deployed to different ones.
    if counted[environment] >= MAX_RULES and "unknown-" not in environment:
        msg = f"a registry has at most {MAX_RULES} pull through caches, {environment} has them all"
        raise ValueError(msg)


def _host(account: str, region: str) -> str:
    return f"{account}.dkr.ecr.{region}.{_dns_suffix(region)}"


@cache
def _dns_suffix(region: str) -> str:
    if is_unresolved(region):
        return cdk.Aws.URL_SUFFIX
    return region_info.RegionInfo.get(region).domain_suffix or cdk.Aws.URL_SUFFIX


@cache
def _known_regions() -> tuple[str, ...]:
    return tuple(region.name for region in region_info.RegionInfo.regions)
