"""Grants for many repositories of a registry at once, in one statement."""

from abc import abstractmethod
from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs.constructs._arguments import checked
from ecr_constructs.constructs._grant_checks import check_actions
from ecr_constructs.constructs._iam import grant_to_principal
from ecr_constructs.constructs._principals import components_of, conditions_of
from ecr_constructs.model.registry_policy import GrantScope
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
from ecr_constructs.model.tags import Tags


@checked
class RegistryGrants(Construct):
    """Grants to roles, users and groups of the registry's account, by prefix or by tag.

    One statement covers every present and future repository, so that no policy grows with the
    number of repositories. Other accounts and services need the repository policy: allow them in
    each repository or creation template.
    """

    def __init__(self, scope: Construct, construct_id: str, *, repositories_arn: str) -> None:
        """Start without grants on the repositories whose ARNs have a prefix."""
        super().__init__(scope, construct_id)
        self._repositories = repositories_arn
        self._pushers: list[tuple[iam.IGrantable, GrantScope]] = []

    def grant(
        self,
        grantee: iam.IGrantable,
        *actions: str,
        prefix: str | None = None,
        tags: Tags | None = None,
    ) -> iam.Grant:
        """Allow a principal actions on the repositories of a prefix, or with these tags.

        Args:
            grantee: A role, user or group of the registry's account.
            actions: The actions, such as ``ecr:DescribeImageScanFindings``.
            prefix: The prefix of the repositories' names, such as ``payments/``; an empty prefix
                is every name. Default: every name, if there are tags.
            tags: Tags of the repositories, values by key; a repository needs all of them. A
                principal that may tag repositories decides what this grants. Default: any.

        Raises:
            ValidationError: Neither prefix nor tags, or one that ECR rejects; or
                ``principal-without-policy``: nothing would be granted.
        """
        check_actions(actions)
        return self._grant(grantee, actions, GrantScope(prefix, tags or {}))

    def grant_read(
        self, grantee: iam.IGrantable, *, prefix: str | None = None, tags: Tags | None = None
    ) -> iam.Grant:
        """Allow a principal to list and describe images; otherwise as `grant`."""
        return self._grant(grantee, READ_ACTIONS, GrantScope(prefix, tags or {}))

    def grant_pull(
        self, grantee: iam.IGrantable, *, prefix: str | None = None, tags: Tags | None = None
    ) -> iam.Grant:
        """Allow a principal to pull and to log in; otherwise as `grant`."""
        return self._grant(grantee, PULL_ACTIONS, GrantScope(prefix, tags or {}), LOGIN_ACTIONS)

    def grant_push(
        self, grantee: iam.IGrantable, *, prefix: str | None = None, tags: Tags | None = None
    ) -> iam.Grant:
        """Allow a principal to push but not pull, to log in and to sign; otherwise as `grant`."""
        return self._grant_push(grantee, PUSH_ONLY_ACTIONS, GrantScope(prefix, tags or {}))

    def grant_pull_push(
        self, grantee: iam.IGrantable, *, prefix: str | None = None, tags: Tags | None = None
    ) -> iam.Grant:
        """Allow a principal to pull and push, to log in and to sign; otherwise as `grant`."""
        return self._grant_push(grantee, PUSH_ACTIONS, GrantScope(prefix, tags or {}))

    def grant_delete_image(
        self, grantee: iam.IGrantable, *, prefix: str | None = None, tags: Tags | None = None
    ) -> iam.Grant:
        """Allow a principal to delete images; otherwise as `grant`."""
        return self._grant(grantee, DELETE_IMAGE_ACTIONS, GrantScope(prefix, tags or {}))

    def grant_manage_lifecycle(
        self, grantee: iam.IGrantable, *, prefix: str | None = None, tags: Tags | None = None
    ) -> iam.Grant:
        """Allow a principal to change, remove and preview lifecycle policies, as `grant`."""
        return self._grant(grantee, LIFECYCLE_ACTIONS, GrantScope(prefix, tags or {}))

    @property
    @abstractmethod
    def signing_rules(self) -> tuple[SigningRule, ...]:
        """The signing rules: which profile signs which images."""

    def _grant(
        self,
        grantee: iam.IGrantable,
        actions: Sequence[str],
        scope: GrantScope,
        login_actions: Sequence[str] | None = (),
    ) -> iam.Grant:
        return grant_to_principal(
            grantee,
            scope=self,
            purpose="access to many repositories",
            actions=actions,
            resource_arn=f"{self._repositories}{scope.pattern}",
            conditions=scope.conditions,
            login_actions=login_actions,
            suggestion=(
                "name it where each repository is defined (pull_accounts, pull_organizations, "
                "push_accounts, or repository.grant_pull), and in the creation templates"
            ),
        )

    def _grant_push(
        self, grantee: iam.IGrantable, actions: Sequence[str], scope: GrantScope
    ) -> iam.Grant:
        grant = self._grant(grantee, actions, scope, LOGIN_ACTIONS)
        self._pushers.append((grantee, scope))
        _grant_signing([(grantee, scope)], self.signing_rules)
        return grant

    def _grant_signing_to_pushers(self, rule: SigningRule) -> None:
        _grant_signing(self._pushers, [rule])


def _grant_signing(
    pushers: Sequence[tuple[iam.IGrantable, GrantScope]], rules: Sequence[SigningRule]
) -> None:
    for grantee, scope in pushers:
        profiles = [r.profile_arn for r in rules if r.may_sign_below(scope.prefix or "")]
        for principal in components_of(grantee) if profiles else ():
            for profile in profiles:
                iam.Grant.add_to_principal(
                    grantee=principal,
                    actions=["signer:SignPayload"],
                    resource_arns=[profile],
                    conditions=conditions_of(principal) or None,
                )
