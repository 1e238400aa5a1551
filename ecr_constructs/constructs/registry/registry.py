"""The private registry of an account and Region."""

from collections.abc import Mapping, Sequence
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs.constructs._app_registry import AppRegistry
from ecr_constructs.constructs._arguments import checked
from ecr_constructs.constructs._events import RegistryEvents
from ecr_constructs.constructs._stack_env import partition_in
from ecr_constructs.constructs._validation import AtSynthesis
from ecr_constructs.constructs.registry._grants import RegistryGrants
from ecr_constructs.constructs.registry._policy import RegistryPolicy
from ecr_constructs.constructs.registry._replication import RegistryReplication
from ecr_constructs.constructs.registry._scanning import RegistryScanning
from ecr_constructs.constructs.registry._signing import RegistrySigning
from ecr_constructs.model import principals, registry_policy
from ecr_constructs.model.account_settings import MAX_EXCLUSIONS, exclusion_errors
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.principals import AccountId
from ecr_constructs.model.references import AnyRole, AnySigningProfile, AnyUser, arn_of
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.replication import ReplicationRule
from ecr_constructs.model.scanning import Scanning, filters_of
from ecr_constructs.model.signing import SigningRule, profile_region_errors
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid, reject, require_list


@checked
class Registry(RegistryEvents, RegistryGrants):
    """The private registry of one account and Region.

    Replication, policy, scanning and signing exist once for each account and Region, and a second
    definition silently overwrites the first at deployment. So an app has one `Registry` for each,
    which joins the requests of all stacks and renders each CloudFormation type at most once. Other
    stacks find it with `Registry.of`.

    Example::

        registry = Registry(stack, "Registry")
        registry.replicate(to_regions=["eu-west-1"], prefixes=["payments/"])
        registry.scan_enhanced(continuous=["*"])
    """

    def __init__(self, scope: Construct, id: str) -> None:
        """Define the registry of the stack's account and Region.

        Args:
            scope: The stack, or a construct below one.
            id: The construct's id.

        Raises:
            ValidationError: ``defined-twice``: the app has a `Registry` for this account and
                Region already.
        """
        app = AppRegistry.of(scope)
        app.claim(
            "the registry",
            scope,
            id,
            hint="find the first one with Registry.of(scope) and configure it there",
        )
        stack = cdk.Stack.of(scope)
        here = RegistryId(stack.account, stack.region)
        self._account = here.account
        self._partition = partition_in(here.region)
        arn = f"arn:{self._partition}:ecr:{here.region}:{here.account}:repository/"
        super().__init__(scope, id, repositories_arn=arn)
        self._replication = RegistryReplication(self, here)
        # Each is rendered from its first request on.
        self._policy = RegistryPolicy(self)
        self._scanning = RegistryScanning(self)
        self.node.add_validation(AtSynthesis(self._warn_of_contained_names))
        self._signing = RegistrySigning(self)
        self._excluded: list[str] = []
        self._validator = app.replications
        self._validator.add(self, self._replication)
        app.registries.setdefault(stack.environment, self)

    @staticmethod
    def of(scope: Construct) -> "Registry":
        """Return the app's registry for the account and Region of a construct's stack.

        Raises:
            ValidationError: ``registry-undefined``: the app has none; define it in one stack.
        """
        environment = cdk.Stack.of(scope).environment
        app = AppRegistry.find(scope)
        if app and environment not in app.registries and environment in app.on_demand:
            app.on_demand.pop(environment)()
        registry = app and app.registries.get(environment)
        if registry is None:
            reject(
                "app",
                environment,
                "registry-undefined",
                f"the app defines no Registry for {environment}",
                remedy="write Registry(stack, 'Registry') in the one stack that owns it",
            )
        return cast("Registry", registry)

    def replicate(
        self,
        *,
        to_regions: Sequence[str] | None = (),
        to_accounts: Mapping[AccountId, Sequence[str]] | None = None,
        prefixes: Sequence[str] | None = (),
        replicate_deletions: bool | None = False,
    ) -> None:
        """Copy images to other registries when they are pushed.

        Only later pushes are copied, and only the images: define the same repositories there
        first, with their own settings.

        Args:
            to_regions: Regions of this account.
            to_accounts: Regions of other accounts, by account id. Their registry policies must
                allow it: `allow_replication_from`.
            prefixes: Prefixes of the names of the repositories to copy, 2 to 256 characters.
                Default: every repository, including those of pull-through caches.
            replicate_deletions: Whether an image that a person or a lifecycle policy deletes here
                is deleted there too. Default: False.

        Raises:
            ValidationError: Every problem that ECR would reject: no destination, this registry
                itself, an unknown Region, another partition, more than 25 rules, 25 destinations
                or 100 prefixes; or the same replication both with and without deletions.
        """
        to_regions, prefixes = to_regions or (), prefixes or ()
        accounts = to_accounts or {}
        principals.check_account_keys("to_accounts", accounts)
        require_list("to_regions", to_regions)
        for account, regions in accounts.items():
            require_list(f"to_accounts[{account!r}]", regions)
        require_list("prefixes", prefixes)
        destinations = {RegistryId(self._account, region) for region in to_regions} | {
            RegistryId(account, region)
            for account, regions in accounts.items()
            for region in regions
        }
        self._replication.add(
            ReplicationRule(frozenset(prefixes), frozenset(destinations), bool(replicate_deletions))
        )

    def allow_replication_from(
        self,
        accounts: Sequence[AccountId],
        *,
        prefixes: Sequence[str],
        tagging: bool | None = False,
    ) -> None:
        """Allow the replication of other accounts into this registry.

        Only ECR's replication role of these accounts is allowed, not their users and other roles.

        Args:
            accounts: Ids of the accounts.
            prefixes: Prefixes of the names of the repositories that may receive images.
            tagging: Whether a creation template tags repositories that ECR creates for them.
                Default: False.

        Raises:
            ValidationError: No account or no prefix, or one that ECR rejects; or
                ``registry-policy-length``: the policy has more than 10,240 characters.
        """
        self._policy.add_statements(
            registry_policy.allow_replication(
                self._repositories, self._partition, accounts, prefixes, tagging=bool(tagging)
            )
        )

    def allow_pull_through_from(
        self,
        accounts: Sequence[AccountId],
        *,
        prefixes: Sequence[str],
        tagging: bool | None = False,
    ) -> None:
        """Allow other accounts to import images into pull-through caches with their first pull.

        A pull also needs the cache to admit the account, ``pull_accounts`` or
        ``pull_organizations``, and the puller's own account to allow the same actions.

        Args:
            accounts: Ids of the accounts.
            prefixes: Prefixes of the names of cached repositories: ``docker-hub/``.
            tagging: Whether the cache tags the repositories that ECR creates. Default: False.

        Raises:
            ValidationError: As for `allow_replication_from`.

        Example::

            registry.allow_pull_through_from(["444455556666"], prefixes=["docker-hub/"])
        """
        self._policy.add_statements(
            registry_policy.allow_pull_through(
                self._repositories, self._partition, accounts, prefixes, tagging=bool(tagging)
            )
        )

    def allow_create_on_push(
        self, accounts: Sequence[AccountId], *, prefixes: Sequence[str]
    ) -> None:
        """Allow other accounts to create a repository by pushing to it.

        A creation template has its settings; without one it is mutable, not scanned and keeps
        every image.

        Args:
            accounts: Ids of the accounts.
            prefixes: Prefixes of the names of the repositories that they may create.

        Raises:
            ValidationError: As for `allow_replication_from`.
        """
        self._policy.add_statements(
            registry_policy.allow_create_on_push(
                self._repositories, self._partition, accounts, prefixes
            )
        )

    def add_to_registry_policy(self, statement: iam.PolicyStatement) -> None:
        """Add a statement to the registry policy.

        Args:
            statement: A statement that names principals, actions and resources.

        Raises:
            ValidationError: ``statement-without-principal``, ``statement-without-action`` or
                ``statement-without-resource``, which ECR rejects; or ``registry-policy-length``.
        """
        required = {
            "principal": statement.has_principal,
            "action": statement.actions or statement.not_actions,
            "resource": statement.resources or statement.not_resources,
        }
        document = statement.to_statement_json()
        raise_if_invalid(
            "statement of a registry policy",
            document,
            [
                Diagnostic(
                    f"statement-without-{element}",
                    f"a statement needs at least one {element}",
                    f"{element}s",
                    f"give the PolicyStatement {element}s",
                )
                for element, values in required.items()
                if not values
            ],
        )
        self._policy.add_statements(document)

    def scan_basic(self, *, on_push: Sequence[str] | None = None) -> None:
        """Scan images with ECR's own scanner when they are pushed.

        A filter with ``*`` matches whole names, and ``*`` stands for any text: ``payments/*``. A
        filter without ``*`` matches every name that **contains** it: ``shop/api`` also scans
        ``shop/api-docs`` and ``old/shop/api``
        (https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-filters.html).

        Args:
            on_push: Filters for the names of the repositories. Default: ``["*"]``, all.

        Raises:
            ValidationError: ``scanning-filters-missing``: an empty list; a filter that ECR
                rejects; or the app also requests enhanced scans.

        Example::

            registry.scan_basic(on_push=["payments/*"])
        """
        self._scanning.add(Scanning.requested("BASIC", on_push=on_push))

    def scan_enhanced(
        self, *, on_push: Sequence[str] | None = None, continuous: Sequence[str] | None = None
    ) -> None:
        """Scan images with Amazon Inspector, which charges for each image.

        Filters are as for `scan_basic`. Without any filters it scans all repositories
        continuously, as the AWS Management Console does when enhanced scanning is chosen.

        Args:
            on_push: Filters for the repositories to scan when an image is pushed. Default: none.
            continuous: Filters for the repositories to scan also when a new vulnerability is
                published. Default: none; without ``on_push`` all: ``["*"]``.

        Raises:
            ValidationError: ``scanning-filters-missing``: only empty lists; a filter that ECR
                rejects or that is in both lists; or the app also requests basic scans.

        Example::

            registry.scan_enhanced()
        """
        self._scanning.add(Scanning.requested("ENHANCED", on_push=on_push, continuous=continuous))

    def _warn_of_contained_names(self) -> None:
        """Warn of repositories that a filter without ``*`` selects and does not name."""
        for pattern in self._scanning.containing:
            others = [
                name
                for name in self._validator.names_in(self._replication.environment)
                if name != pattern and pattern in name
            ]
            if others:
                cdk.Annotations.of(self).add_warning_v2(
                    "ecr-constructs:scanFilterContains",
                    f"The scanning filter {pattern!r} has no '*', so it matches every name that "
                    f"contains it, here also {', '.join(sorted(others))}. Write a filter with '*' "
                    "that matches whole names, or acknowledge this warning.",
                )

    def sign(
        self, signing_profile_arn: AnySigningProfile, *, filters: Sequence[str] | None = ()
    ) -> None:
        """Sign images with AWS Signer when they are pushed.

        A principal that pushes needs ``signer:SignPayload`` on the profile; push grants of this
        app's repositories include it, whether they are given before or after.

        Args:
            signing_profile_arn: A signing profile of this Region: a ``signer.ISigningProfile`` or
                ``signer.CfnSigningProfile``, or its ARN.
            filters: Repository names, where ``*`` matches anything. Default: all.

        Raises:
            ValidationError: An ARN or filter that ECR rejects, more than 10 rules or 100 filters.
        """
        arn = arn_of(signing_profile_arn, "signing_profile")
        rule = SigningRule(arn, filters_of("filters", filters))
        errors = [
            *profile_region_errors(arn, cdk.Stack.of(self).region),
            *principals.partition_errors(arn, self._partition),
        ]
        raise_if_invalid("signing rule", arn, errors)
        self._signing.add(rule)
        self._grant_signing_to_pushers(rule)

    @property
    def signing_rules(self) -> tuple[SigningRule, ...]:
        """The signing rules: which profile signs which images."""
        return tuple(self._signing.rules)

    def exclude_from_pull_time(self, construct_id: str, principal_arn: AnyRole | AnyUser) -> None:
        """Ignore the pulls of a role or user when ECR records an image's last pull.

        Otherwise a lifecycle rule that archives images by their last pull never archives an image
        that a scanner pulls every night.

        Args:
            construct_id: An id for the resource; changing it replaces it.
            principal_arn: An ``iam.IRole`` or ``iam.IUser``, its L1, or its ARN of at most 200
                characters.

        Raises:
            ValidationError: An ARN that ECR rejects; ``pull-time-exclusion-duplicate``; or
                ``pull-time-exclusion-count``: more than 100 exclusions.
        """
        kind = "user" if hasattr(principal_arn, "user_ref") else "role"
        principal_arn = arn_of(principal_arn, kind)
        if not is_unresolved(principal_arn):
            errors = (
                *exclusion_errors(principal_arn),
                *principals.partition_errors(principal_arn, self._partition),
            )
            raise_if_invalid("principal ARN", principal_arn, errors)
        if principal_arn in self._excluded:
            reject(
                "pull time exclusion",
                principal_arn,
                "pull-time-exclusion-duplicate",
                f"{principal_arn} is excluded from pull time updates already",
                path=construct_id,
                remedy="remove it",
            )
        if len(self._excluded) == MAX_EXCLUSIONS:
            reject(
                "pull time exclusion",
                principal_arn,
                "pull-time-exclusion-count",
                f"at most {MAX_EXCLUSIONS} principals can be excluded from pull time updates",
                path=construct_id,
            )
        if not self._excluded:
            # A scope of their own, so that their ids cannot collide with the registry's.
            self._exclusions = Construct(self, "PullTimeExclusions")
        ecr.CfnPullTimeUpdateExclusion(self._exclusions, construct_id, principal_arn=principal_arn)
        self._excluded.append(principal_arn)
