"""What every repository grants, defined here or imported."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from ecr_constructs.constructs._iam import (
    check_actions,
    grant_in_own_policy,
    grant_login,
    is_elsewhere,
)
from ecr_constructs.constructs._iam_quotas import has_node, watch_size
from ecr_constructs.constructs._resource_policy import ResourcePrincipal, resource_principal
from ecr_constructs.constructs._stack_env import partition_in
from ecr_constructs.model.principals import account_id_errors, check_each
from ecr_constructs.model.repository_policy import (
    DELETE_IMAGE_ACTIONS,
    LIFECYCLE_ACTIONS,
    PULL_ACTIONS,
    PUSH_ACTIONS,
    PUSH_ONLY_ACTIONS,
    READ_ACTIONS,
)
from ecr_constructs.model.services import CODE_BUILD, LAMBDA, Source, check_names


class GrantingRepository(ecr.RepositoryBase):
    """A repository whose grants render what they say, or raise.

    A principal of the repository's account is granted access in its own policy. Others are
    admitted by the repository policy as well, and need the permission of their own account too.
    """

    @property
    def place(self) -> tuple[str, str]:
        """The repository's account and Region."""
        return self.env.account, self.env.region

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Let a principal do something with this repository.

        Args:
            grantee: A role, user or group, an account, an organization, or a service. A role or
                user of another account is admitted through its account, on condition of its ARN,
                so that it need not exist yet (https://github.com/aws/aws-cdk/issues/15070).
            actions: What it may do: ``ecr:DescribeImageScanFindings``.

        Raises:
            ValueError: Nothing would be rendered; the repository is imported and its policy
                would have to name the principal; or a service would be let in for anybody.
        """
        check_actions(actions)
        return self._grant(grantee.grant_principal, actions)

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let a principal see which images there are, but not what is in them.

        Raises:
            ValueError: As for `grant`.
        """
        return self.grant(grantee, *READ_ACTIONS)

    def grant_pull(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let a principal pull, and log in.

        Lambda and CodeBuild, which pull by themselves, are admitted for what is in this account.

        Raises:
            ValueError: As for `grant`.
        """
        return self._grant_with_login(grantee, PULL_ACTIONS)

    def grant_push(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let a principal push but not pull, and log in.

        Raises:
            ValueError: As for `grant`.
        """
        return self._grant_with_login(grantee, PUSH_ONLY_ACTIONS)

    def grant_pull_push(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let a principal pull and push, and log in.

        Raises:
            ValueError: As for `grant`.
        """
        return self._grant_with_login(grantee, PUSH_ACTIONS)

    def grant_delete_image(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let a principal delete images.

        Raises:
            ValueError: As for `grant`.
        """
        return self.grant(grantee, *DELETE_IMAGE_ACTIONS)

    def grant_manage_lifecycle(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let a principal change, remove and preview the lifecycle policy, which deletes images.

        Raises:
            ValueError: As for `grant`.
        """
        return self.grant(grantee, *LIFECYCLE_ACTIONS)

    def grant_pull_to_lambda(
        self, *, functions: Sequence[str] = (), account: str | None = None
    ) -> iam.Grant:
        """Let Lambda pull, for the functions of an account in the repository's Region.

        Args:
            functions: Names of functions, in which ``*`` stands for anything. Default: all.
            account: The id of their account, which may pull as well: whoever creates a function
                there must. Default: the repository's own.

        Raises:
            ValueError: A name or id that AWS refuses, or the repository is imported.
        """
        check_names("functions", functions)
        if account is not None:
            check_each("account", [account], account_id_errors)
        source = self._source(account)
        grant = self.grant_pull(
            iam.ServicePrincipal(LAMBDA, conditions=source.functions(functions))
        )
        if account is not None and account != self.place[0]:
            grant = grant.combine(self.grant_pull(iam.AccountPrincipal(account)))
        return grant

    def grant_pull_to_code_build(self, *, projects: Sequence[str] = ()) -> iam.Grant:
        """Let CodeBuild pull the image that projects of this account and Region run in.

        Only for projects that pull with CodeBuild's own credentials
        (``ImagePullPrincipalType.CODEBUILD``); others pull with their role.

        Args:
            projects: Names of projects, in which ``*`` stands for anything. Default: all.

        Raises:
            ValueError: A name that AWS refuses, or the repository is imported.
        """
        check_names("projects", projects)
        conditions = self._source(None).projects(projects)
        return self.grant_pull(iam.ServicePrincipal(CODE_BUILD, conditions=conditions))

    @abstractmethod
    def _admit(
        self, principal: iam.IPrincipal, admitted: ResourcePrincipal, actions: Sequence[str]
    ) -> iam.Grant:
        """Name a principal in the repository policy, or say why that cannot be done."""

    def _source(self, account: str | None) -> Source:
        own, region = self.place
        return Source(partition_in(region), region, account or own)

    def _grant_with_login(self, grantee: iam.IGrantable, actions: Sequence[str]) -> iam.Grant:
        principal: Any = grantee.grant_principal
        grant = self._grant(principal, actions)
        if not grant_login(principal) and has_node(principal) and not self._is_elsewhere(principal):
            cdk.Annotations.of(self).add_warning_v2(
                "ecr-constructs:loginElsewhere",
                f"{principal.node.path} has no policy that this app adds to, so the repository "
                "policy admits it. Permit it ecr:GetAuthorizationToken on '*' where it is defined.",
            )
        return grant

    def _grant(self, principal: iam.IPrincipal, actions: Sequence[str]) -> iam.Grant:
        elsewhere = self._is_elsewhere(principal)
        if not elsewhere:
            grant = grant_in_own_policy(principal, actions, self.repository_arn)
            if grant is not None:
                watch_size(principal, self)
                return grant
        admitted = resource_principal(
            principal, actions, stack=self.stack, source=self._source(None)
        )
        grant = self._admit(principal, admitted, actions)
        if elsewhere:
            grant_in_own_policy(principal, actions, self.repository_arn)
        return grant

    def _is_elsewhere(self, principal: iam.IPrincipal) -> bool:
        return is_elsewhere(principal, self.place[0])
