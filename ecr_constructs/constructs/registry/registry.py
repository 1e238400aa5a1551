"""One registry: what exists once for each account and Region."""

from collections.abc import Mapping, Sequence
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs.constructs._app_registry import RegistryIndex
from ecr_constructs.constructs._stack_env import partition_in
from ecr_constructs.constructs.registry._events import RegistryEvents
from ecr_constructs.constructs.registry._grants import RegistryGrants
from ecr_constructs.constructs.registry._policy import RegistryPolicy
from ecr_constructs.constructs.registry._replication import RegistryReplication
from ecr_constructs.constructs.registry._scanning import RegistryScanning
from ecr_constructs.constructs.registry._signing import RegistrySigning
from ecr_constructs.constructs.registry._signing_grants import grant_signing_to_pushers
from ecr_constructs.model import principals, registry_policy
from ecr_constructs.model.account_settings import MAX_EXCLUSIONS, exclusion_errors
from ecr_constructs.model.replication import Destination, ReplicationRule
from ecr_constructs.model.scanning import Scanning, filters_of
from ecr_constructs.model.signing import SigningRule
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid, require_list


class Registry(RegistryEvents, RegistryGrants):
    """The private registry of one account and Region.

    Replication, policy, scanning and signing exist once for each account and Region, and at
    deploy a second definition silently overwrites the first. So an app has one `Registry` for
    each, which joins what its parts ask for and renders each CloudFormation type once, or not at
    all. Other stacks find it with `Registry.of`.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        """Take the registry of the stack's account and Region.

        Args:
            scope: The stack, or a construct below one.
            construct_id: The construct's id.

        Raises:
            ValueError: The app has a `Registry` for this account and Region already.
        """
        index = RegistryIndex.of(scope)
        index.claim(
            "the registry",
            scope,
            construct_id,
            instead="Find the first one with Registry.of(scope) and ask it for the rest.",
        )
        stack = cdk.Stack.of(scope)
        here = Destination(stack.account, stack.region)
        self._account = here.account
        self._partition = partition_in(here.region)
        arn = f"arn:{self._partition}:ecr:{here.region}:{here.account}:repository/"
        super().__init__(scope, construct_id, repositories_arn=arn)
        self._replication = RegistryReplication(self, here)
        self._policy = RegistryPolicy(self)
        self._scanning = RegistryScanning(self)
        self._signing = RegistrySigning(self)
        self._excluded: list[str] = []
        index.replications.add(self, self._replication)
        index.registries.setdefault(stack.environment, self)

    @staticmethod
    def of(scope: Construct) -> "Registry":
        """Return the app's registry for the account and Region of a construct's stack.

        Raises:
            ValueError: The app has none; define one in a stack that is deployed there.
        """
        environment = cdk.Stack.of(scope).environment
        index = RegistryIndex.find(scope)
        registry = cast("Registry | None", index and index.registries.get(environment))
        if registry is None:
            msg = (
                f"the app defines no Registry for {environment}; write Registry(stack, 'Registry') "
                "in the one stack that is to own it"
            )
            raise ValueError(msg)
        return registry

    def replicate(
        self,
        *,
        to_regions: Sequence[str] = (),
        to_accounts: Mapping[str, Sequence[str]] | None = None,
        prefixes: Sequence[str] = (),
        replicate_deletions: bool = False,
    ) -> None:
        """Copy images to other registries when they are pushed.

        Only images pushed from then on are copied, and nothing but the image: define the same
        repositories there first, with their own settings.

        Args:
            to_regions: Regions of this account.
            to_accounts: Regions of other accounts, by account id. Their registry policies must
                allow it: `allow_replication_from`.
            prefixes: Beginnings of the names of the repositories that are copied, 2 to 256
                characters. Default: every repository, those of pull-through caches too.
            replicate_deletions: Whether an image that is deleted here, by hand or by a lifecycle
                policy, is deleted there too. Default: it stays.

        Raises:
            ValueError: Everything that ECR would refuse: no destination, this registry itself, an
                unknown Region, another partition, more than 25 rules, 25 destinations or 100
                prefixes; or the same is asked for both with and without deletions.
        """
        accounts = to_accounts or {}
        principals.check_each("to_accounts", list(accounts), principals.account_id_errors)
        require_list("to_regions", to_regions)
        for account, regions in accounts.items():
            require_list(f"to_accounts[{account!r}]", regions)
        require_list("prefixes", prefixes)
        destinations = {Destination(self._account, region) for region in to_regions} | {
            Destination(account, region)
            for account, regions in accounts.items()
            for region in regions
        }
        self._replication.add(
            ReplicationRule(frozenset(prefixes), frozenset(destinations), replicate_deletions)
        )

    def allow_replication_from(
        self, accounts: Sequence[str], *, prefixes: Sequence[str], tagging: bool = False
    ) -> None:
        """Let other accounts replicate into this registry.

        Args:
            accounts: Ids of the accounts.
            prefixes: Beginnings of the names of the repositories that images may arrive in.
            tagging: Whether a creation template tags repositories that ECR creates for them.
                Default: none does.

        Raises:
            ValueError: No account or no prefix, or one that ECR refuses; or the policy would be
                longer than 10,240 characters.
        """
        self._policy.add(
            registry_policy.allow_replication(
                self._repositories, self._partition, accounts, prefixes, tagging=tagging
            )
        )

    def allow_create_on_push(self, accounts: Sequence[str], *, prefixes: Sequence[str]) -> None:
        """Let other accounts create a repository by pushing to it.

        What it is created with, a creation template says; without one it is mutable, unscanned
        and keeps everything.

        Args:
            accounts: Ids of the accounts.
            prefixes: Beginnings of the names of the repositories that they may create.

        Raises:
            ValueError: As for `allow_replication_from`.
        """
        self._policy.add(
            registry_policy.allow_create_on_push(
                self._repositories, self._partition, accounts, prefixes
            )
        )

    def add_to_registry_policy(self, statement: iam.PolicyStatement) -> None:
        """Add a statement to the registry policy.

        Args:
            statement: A statement that names principals, actions and resources.

        Raises:
            ValueError: It names no principal, no action or no resource, which ECR refuses; or the
                policy would be longer than 10,240 characters.
        """
        faults = []
        if not statement.has_principal:
            faults.append("names no principal; give the PolicyStatement principals")
        if not (statement.actions or statement.not_actions):
            faults.append("names no action; give the PolicyStatement actions")
        if not (statement.resources or statement.not_resources):
            faults.append("names no resource; give the PolicyStatement resources")
        document = statement.to_statement_json()
        raise_if_invalid("statement of a registry policy", document, faults)
        self._policy.add(document)

    def scan_basic(self, *, on_push: Sequence[str]) -> None:
        """Let ECR's own scanner look at images when they are pushed.

        Args:
            on_push: Repository names, in which ``*`` stands for anything; ``*`` for all.

        Raises:
            ValueError: A filter that ECR refuses, or the app asks for enhanced scanning too.
        """
        self._scanning.add(Scanning("BASIC", on_push=filters_of("on_push", on_push)))

    def scan_enhanced(self, *, on_push: Sequence[str] = (), continuous: Sequence[str] = ()) -> None:
        """Let Amazon Inspector look at images, charged per image.

        Args:
            on_push: Repository names, in which ``*`` stands for anything, to be scanned when an
                image is pushed. Default: none.
            continuous: Repository names to be scanned again whenever a new fault becomes known.
                Default: none.

        Raises:
            ValueError: A filter that ECR refuses or that is in both lists, or the app asks for
                basic scanning too.
        """
        self._scanning.add(
            Scanning(
                "ENHANCED",
                on_push=filters_of("on_push", on_push),
                continuous=filters_of("continuous", continuous),
            )
        )

    def sign(self, signing_profile_arn: str, *, filters: Sequence[str] = ()) -> None:
        """Let ECR sign images with AWS Signer when they are pushed.

        Whoever pushes needs ``signer:SignPayload`` on the profile; push grants of this app's
        repositories include it, whether they are given before or after.

        Args:
            signing_profile_arn: The ARN of a signing profile of this Region.
            filters: Repository names, in which ``*`` stands for anything. Default: all.

        Raises:
            ValueError: An ARN or filter that ECR refuses, more than 10 rules or 100 filters.
        """
        rule = SigningRule(signing_profile_arn, filters_of("filters", filters))
        self._signing.add(rule)
        grant_signing_to_pushers(self, rule)
        self._grant_signing_to_pushers(rule)

    @property
    def signing_rules(self) -> tuple[SigningRule, ...]:
        """Which images are signed, by which profile."""
        return tuple(self._signing.rules)

    def exclude_from_pull_time(self, construct_id: str, principal_arn: str) -> None:
        """Let a role's or user's pulls not count as use, so that they keep no image alive.

        A lifecycle rule that archives what is not pulled would otherwise never see an image at
        rest that a scanner reads every night.

        Args:
            construct_id: An id for the resource; changing it replaces it.
            principal_arn: The ARN of a role or user, at most 200 characters.

        Raises:
            ValueError: An ARN that ECR refuses or that is excluded already, or more than 100 of
                them.
        """
        if not is_unresolved(principal_arn):
            raise_if_invalid("principal ARN", principal_arn, exclusion_errors(principal_arn))
        if principal_arn in self._excluded:
            msg = f"{principal_arn} is excluded from pull time updates already; leave it out"
            raise ValueError(msg)
        if len(self._excluded) == MAX_EXCLUSIONS:
            msg = f"at most {MAX_EXCLUSIONS} principals can be excluded from pull time updates"
            raise ValueError(msg)
        if not self._excluded:
            # A scope of their own, where ids meet none of the registry's.
            self._exclusions = Construct(self, "PullTimeExclusions")
        ecr.CfnPullTimeUpdateExclusion(self._exclusions, construct_id, principal_arn=principal_arn)
        self._excluded.append(principal_arn)
