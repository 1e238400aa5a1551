"""What a registry grants: many repositories at once, in one statement."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs.constructs._iam import check_actions, grant_to_principal
from ecr_constructs.model.grant_scope import GrantScope
from ecr_constructs.model.repository_policy import (
    DELETE_IMAGE_ACTIONS,
    LIFECYCLE_ACTIONS,
    LOGIN_ACTIONS,
    PULL_ACTIONS,
    PUSH_ACTIONS,
    PUSH_ONLY_ACTIONS,
    READ_ACTIONS,
)
from ecr_constructs.model.signing import SigningRule


class RegistryGrants(Construct):
    """Grants to roles, users and groups of the registry's account, by prefix or by tag.

    One statement covers every repository that there is and will be, so that no policy grows with
    the number of repositories. Whom only a repository policy can admit, other accounts and
    services, each repository or creation template names.
    """

    def __init__(self, scope: Construct, construct_id: str, *, repositories_arn: str) -> None:
        """Begin with no grants.

        Args:
            scope: The scope of the registry.
            construct_id: The id of the registry.
            repositories_arn: What the ARNs of its repositories begin with.
        """
        super().__init__(scope, construct_id)
        self._repositories = repositories_arn
        self._pushers: list[tuple[iam.IGrantable, GrantScope]] = []

    def grant(
        self,
        grantee: iam.IGrantable,
        *actions: str,
        prefix: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> iam.Grant:
        """Let a principal do something with the repositories of a prefix, or with these tags.

        Args:
            grantee: A role, user or group of the registry's account.
            actions: What it may do: ``ecr:DescribeImageScanFindings``.
            prefix: The beginning of the repositories' names: ``payments/``. An empty one begins
                every name. Default: every name, if there are tags.
            tags: Tags of the repositories, values by key; a repository has all of them. Who may
                tag repositories decides what this grants. Default: whatever their tags.

        Raises:
            ValueError: Neither prefix nor tags, or one that ECR refuses; or the principal has no
                policy here, so that nothing would be granted.
        """
        check_actions(actions)
        return self._grant(grantee, actions, GrantScope(prefix, tags or {}))

    def grant_read(
        self,
        grantee: iam.IGrantable,
        *,
        prefix: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> iam.Grant:
        """Let a principal see which images there are; arguments and errors are as for `grant`."""
        return self._grant(grantee, READ_ACTIONS, GrantScope(prefix, tags or {}))

    def grant_pull(
        self,
        grantee: iam.IGrantable,
        *,
        prefix: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> iam.Grant:
        """Let a principal pull, and log in; arguments and errors are as for `grant`."""
        return self._grant(grantee, PULL_ACTIONS, GrantScope(prefix, tags or {}), LOGIN_ACTIONS)

    def grant_push(
        self,
        grantee: iam.IGrantable,
        *,
        prefix: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> iam.Grant:
        """Let a principal push but not pull, log in and sign; else as for `grant`."""
        return self._grant_push(grantee, PUSH_ONLY_ACTIONS, GrantScope(prefix, tags or {}))

    def grant_pull_push(
        self,
        grantee: iam.IGrantable,
        *,
        prefix: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> iam.Grant:
        """Let a principal pull and push, log in and sign; else as for `grant`."""
        return self._grant_push(grantee, PUSH_ACTIONS, GrantScope(prefix, tags or {}))

    def grant_delete_image(
        self,
        grantee: iam.IGrantable,
        *,
        prefix: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> iam.Grant:
        """Let a principal delete images; arguments and errors are as for `grant`."""
        return self._grant(grantee, DELETE_IMAGE_ACTIONS, GrantScope(prefix, tags or {}))

    def grant_manage_lifecycle(
        self,
        grantee: iam.IGrantable,
        *,
        prefix: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> iam.Grant:
        """Let a principal change, remove and preview lifecycle policies, which delete images.

        Arguments and errors are as for `grant`.
        """
        return self._grant(grantee, LIFECYCLE_ACTIONS, GrantScope(prefix, tags or {}))

    @property
    @abstractmethod
    def signing_rules(self) -> tuple[SigningRule, ...]:
        """Which images are signed, by which profile."""

    def _grant(
        self,
        grantee: iam.IGrantable,
        actions: Sequence[str],
        scope: GrantScope,
        login_actions: Sequence[str] = (),
    ) -> iam.Grant:
        return grant_to_principal(
            grantee,
            scope=self,
            what="access to many repositories",
            actions=actions,
            resource_arn=f"{self._repositories}{scope.pattern}",
            conditions=scope.conditions,
            login_actions=login_actions,
            instead=(
                "Name it where each repository is defined (pull_accounts, pull_organizations, "
                "push_accounts, or repository.grant_pull), and in the creation templates of those "
                "that ECR will create."
            ),
        )

    def _grant_push(
        self, grantee: iam.IGrantable, actions: Sequence[str], scope: GrantScope
    ) -> iam.Grant:
        grant = self._grant(grantee, actions, scope, LOGIN_ACTIONS)
        self._pushers.append((grantee, scope))
        for rule in self.signing_rules:
            self._grant_signing(grantee, scope, rule)
        return grant

    def _grant_signing_to_pushers(self, rule: SigningRule) -> None:
        for grantee, scope in self._pushers:
            self._grant_signing(grantee, scope, rule)

    def _grant_signing(self, grantee: iam.IGrantable, scope: GrantScope, rule: SigningRule) -> None:
        if rule.may_sign_below(scope.prefix or ""):
            iam.Grant.add_to_principal(
                grantee=grantee, actions=["signer:SignPayload"], resource_arns=[rule.profile_arn]
            )
