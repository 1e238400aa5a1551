"""The grants of every repository, defined here or imported."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar, cast

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from ecr_constructs.constructs._arguments import checked
from ecr_constructs.constructs._grant_checks import check_actions
from ecr_constructs.constructs._iam import (
    grant_in_own_policy,
    grant_login,
    grant_to_components,
    warn_of_account,
)
from ecr_constructs.constructs._iam_quotas import validate_policy_size
from ecr_constructs.constructs._lambda_access import pull_to_lambda
from ecr_constructs.constructs._principals import (
    is_of_other_account,
    may_be_of_other_account,
    node_of,
    principal_of,
)
from ecr_constructs.constructs._resource_policy import ResourcePrincipal, resource_principal
from ecr_constructs.constructs._stack_env import partition_in
from ecr_constructs.model.principals import (
    CODE_BUILD,
    LAMBDA,
    AccountId,
    Source,
    check_account,
    check_names,
)
from ecr_constructs.model.repository_policy import (
    DELETE_IMAGE_ACTIONS,
    LIFECYCLE_ACTIONS,
    PULL_ACTIONS,
    PUSH_ACTIONS,
    PUSH_ONLY_ACTIONS,
    READ_ACTIONS,
)
from ecr_constructs.model.tokens import is_unresolved


@checked
class RepositoryGrants:
    """The grants that CDK's class does not have, and what all of them share."""

    _TITLE = "RepositoryBase"

    _owns_policy = False
    """Whether grants can add to the repository policy."""

    @property
    def _repository(self) -> "RepositoryBase":
        return cast("RepositoryBase", self)

    @property
    def _location(self) -> tuple[str, str]:
        """The repository's account and Region."""
        env = self._repository.env
        return env.account, env.region

    def grant_delete_image(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow a principal to delete images; raises as `grant`."""
        return self._repository.grant(grantee, *DELETE_IMAGE_ACTIONS)

    def grant_manage_lifecycle(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow a principal to change and preview the lifecycle policy; raises as `grant`."""
        return self._repository.grant(grantee, *LIFECYCLE_ACTIONS)

    def grant_pull_to_lambda(
        self, *, functions: Sequence[str] | None = (), account: AccountId | None = None
    ) -> iam.Grant:
        """Allow Lambda to pull for the functions of an account in the repository's Region.

        Args:
            functions: Names of functions, where ``*`` matches anything. Default: all.
            account: The id of their account, which may pull as well, because the principal that
                creates a function there must. Default: the repository's own.

        Raises:
            ValidationError: A name or id that AWS rejects, or the repository is imported.
        """
        functions = functions or ()
        check_names("functions", functions)
        if account is not None:
            check_account("account", account)
        source = self._source(account)
        grant = self._grant_with_login(
            iam.ServicePrincipal(LAMBDA, conditions=source.functions(functions)),
            PULL_ACTIONS,
            pull_to_lambda(functions=[*functions], account=account),
        )
        if account is not None and account != self._location[0]:
            grant = grant.combine(self._repository.grant_pull(iam.AccountPrincipal(account)))
        return grant

    def grant_pull_to_code_build(self, *, projects: Sequence[str] | None = ()) -> iam.Grant:
        """Allow CodeBuild to pull the image in which projects of this account and Region run.

        Only for projects that pull with CodeBuild's own credentials
        (``ImagePullPrincipalType.CODEBUILD``); others pull with their role.

        Args:
            projects: Names of projects, where ``*`` matches anything. Default: all.

        Raises:
            ValidationError: A name that AWS rejects, or the repository is imported.
        """
        projects = projects or ()
        check_names("projects", projects)
        conditions = self._source(None).projects(projects)
        arguments = f"projects={[*projects]!r}" if projects else ""
        return self._grant_with_login(
            iam.ServicePrincipal(CODE_BUILD, conditions=conditions),
            PULL_ACTIONS,
            f"grant_pull_to_code_build({arguments})",
        )

    @abstractmethod
    def _check_by_policy(self, named: ResourcePrincipal) -> None:
        """Raise if the repository policy cannot allow a principal here."""

    @abstractmethod
    def _grant_by_policy(
        self, principal: iam.IPrincipal, named: ResourcePrincipal, actions: Sequence[str]
    ) -> iam.Grant:
        """Allow a principal in the repository policy; raises as `_check_by_policy`."""

    def _actions_of_identities(self, actions: Sequence[str]) -> Sequence[str]:
        """Return the actions that a principal of the account needs in its own policy."""
        return actions

    def _source(self, account: str | None) -> Source:
        own_account, region = self._location
        return Source(partition_in(region), region, account or own_account)

    def _grant_with_login(
        self, grantee: iam.IGrantable, actions: Sequence[str], suggestion: str | None = None
    ) -> iam.Grant:
        principal = principal_of(grantee)
        if isinstance(principal, iam.CompositePrincipal):
            return self._grant_to_components(
                principal, actions, lambda part: self._grant_with_login(part, actions)
            )
        grant = self._grant(grantee, principal, actions, suggestion)
        account = self._location[0]
        node = node_of(grantee)
        if (
            not grant_login(principal, account=account)
            and node is not None
            and not may_be_of_other_account(principal, account)
        ):
            cdk.Annotations.of(self._repository).add_warning_v2(
                "ecr-constructs:loginElsewhere",
                f"{node.path} has no policy that this app adds to, so the repository "
                "policy allows it. Allow it ecr:GetAuthorizationToken on '*' where it is defined.",
            )
        return grant

    def _grant(
        self,
        grantee: iam.IGrantable,
        principal: iam.IPrincipal,
        actions: Sequence[str],
        suggestion: str | None = None,
    ) -> iam.Grant:
        if isinstance(principal, iam.CompositePrincipal):
            return self._grant_to_components(
                principal, actions, lambda part: self._grant(part, part, actions)
            )
        account = self._location[0]
        may_be_other = may_be_of_other_account(principal, account)
        if not is_of_other_account(principal, account) and not (may_be_other and self._owns_policy):
            own_actions = self._actions_of_identities(actions)
            grant = grant_in_own_policy(
                principal, own_actions, self._repository.repository_arn, account=account
            )
            if grant is not None:
                validate_policy_size(grantee, self._repository)
                warn_of_account(self._repository, principal, account)
                return grant
        named = self._named(principal, actions)
        if suggestion is not None:
            named = replace(named, suggestion=suggestion)
        grant = self._grant_by_policy(principal, named, actions)
        if may_be_other:
            own = grant_in_own_policy(
                principal, actions, self._repository.repository_arn, account=account
            )
            # A role of a stack without an account is the right one, whatever that account is.
            if own is not None and is_unresolved(account):
                warn_of_account(self._repository, principal, account)
        return grant

    def _grant_to_components(
        self,
        composite: iam.CompositePrincipal,
        actions: Sequence[str],
        grant: Callable[[iam.IPrincipal], iam.Grant],
    ) -> iam.Grant:
        account = self._location[0]

        def check(part: iam.IPrincipal, has_policy: bool | None) -> None:
            if has_policy is False or is_of_other_account(part, account):
                self._check_by_policy(self._named(part, actions))

        return grant_to_components(composite, account, check, grant)

    def _named(self, principal: iam.IPrincipal, actions: Sequence[str]) -> ResourcePrincipal:
        """Return how the repository policy names a principal, or raise if it cannot."""
        stack = cdk.Stack.of(self._repository)
        return resource_principal(
            principal, actions, stack=stack, source=self._source(None), consumer=stack.account
        )


@checked
class RepositoryBase(ecr.RepositoryBase, RepositoryGrants):
    """A repository whose grants render completely, or raise.

    A principal of the repository's account gets access in its own policy. The repository policy
    allows other principals, which need the permission of their own account too.

    At each create, jsii searches the classes in front of CDK's, name by name, for members that Node
    must call. So only such members are here, and the others in `RepositoryGrants`.
    """

    # jsii would search the interfaces of each class too, and they are those of CDK's class.
    __jsii_ifaces__: ClassVar[list[type]] = []

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Allow a principal actions on this repository.

        Args:
            grantee: A role, user or group, an IAM policy, an account, an organization, a service,
                or any other ``iam.IGrantable``. A role or user of another account is allowed
                through its account, on condition of its ARN, so that it need not exist yet
                (https://github.com/aws/aws-cdk/issues/15070). The conditions of a principal are
                conditions of the statement, in whichever policy it is; a login has none. Each
                component of a ``CompositePrincipal`` is granted the same.
            actions: The actions, such as ``ecr:DescribeImageScanFindings``; those of the service
                authorization reference at the release of this version. An action that is newer
                needs a statement of your own.

        Raises:
            ValidationError: Nothing would be rendered, or an action is unknown; the repository is
                imported and its policy would have to name the principal; a service would be
                allowed on behalf of anyone; or anyone would be allowed (``principal-is-anyone``).
        """
        check_actions(actions)
        return self._grant(grantee, principal_of(grantee), actions)

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow a principal to list and describe images, not to pull; raises as `grant`."""
        return self.grant(grantee, *READ_ACTIONS)

    def grant_pull(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow a principal to pull and to log in; raises as `grant`.

        Lambda and CodeBuild, which pull by themselves, may do so for resources of this account. If
        a function of another account of the app runs an image of this repository, the synthesis
        fails until `grant_pull_to_lambda` admits that account.
        """
        return self._grant_with_login(grantee, PULL_ACTIONS)

    def grant_push(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow a principal to push but not to pull, and to log in; raises as `grant`."""
        return self._grant_with_login(grantee, PUSH_ONLY_ACTIONS)

    def grant_pull_push(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow a principal to pull, to push and to log in; raises as `grant`."""
        return self._grant_with_login(grantee, PUSH_ACTIONS)
