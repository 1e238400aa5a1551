"""A role that CI assumes to push images, without a secret anywhere."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs.constructs._stack_env import partition_in, region_of
from ecr_constructs.constructs.ci_provider import CiProvider
from ecr_constructs.model.ci import CiProject
from ecr_constructs.model.ci.project import READ_MANIFEST, push_role_errors
from ecr_constructs.model.validation import raise_if_invalid


class CiPushRole(iam.Role):
    """A role that one CI project assumes to push to certain repositories, and nothing else.

    The jobs of the project prove who they are with a token of their CI system, which AWS verifies;
    no access key exists that could leak. The role may log in to the registry, push to the
    repositories and, where the registry signs their images, sign.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        ci: CiProject,
        repositories: Sequence[ecr.IRepository],
        provider: CiProvider | None = None,
        pull_back: bool = False,
        session_hours: int = 1,
        permissions_boundary: iam.IManagedPolicy | None = None,
        role_name: str | None = None,
    ) -> None:
        """Define a role.

        Args:
            scope: The stack, or a construct below one.
            construct_id: The construct's id. Changing it replaces the role, and its ARN.
            ci: The project, and which of its jobs: `GitHubActions`, `GitLabCi`,
                `BitbucketPipelines`, `CircleCi`.
            repositories: What it pushes to, at least one.
            provider: The account's provider of the project's issuer, if this app makes it; the
                role waits for it. Default: the account has it already.
            pull_back: Whether it may pull from the repositories too, to build upon the last image
                or to read a cache. Default: it may not.
            session_hours: The longest session that a job may ask for, 1 to 12 hours. Without
                asking it gets one hour.
            permissions_boundary: The most that the role may ever be allowed. It must allow what
                the role does. Default: none.
            role_name: The role's name, 1 to 64 characters. Default: CloudFormation makes one up.

        Raises:
            ValueError: No repository, a session or a name that IAM refuses, or a provider of
                another issuer.
        """
        faults = push_role_errors(
            repositories=len(repositories), session_hours=session_hours, role_name=role_name
        )
        raise_if_invalid("push role", ci.name, faults)
        if provider is not None and provider.issuer != ci.issuer:
            msg = (
                f"the provider is of {provider.issuer.url} for {provider.issuer.audience}, and the "
                f"tokens of {ci.name} are of {ci.issuer.url} for {ci.issuer.audience}; give a "
                "CiProvider with issuer=ci.issuer"
            )
            raise ValueError(msg)
        # The ARN, not a reference: providers are shared, and an export would tie the stacks.
        provider_arn = ci.issuer.provider_arn(
            partition=partition_in(region_of(scope)), account=cdk.Stack.of(scope).account
        )
        super().__init__(
            scope,
            construct_id,
            assumed_by=iam.WebIdentityPrincipal(provider_arn, ci.conditions()),
            description=f"Pushes images from CI of {ci.name}",
            max_session_duration=cdk.Duration.hours(session_hours),
            permissions_boundary=permissions_boundary,
            role_name=role_name,
        )
        if provider is not None:
            self.node.add_dependency(provider)
        for repository in repositories:
            repository.grant_push(self)
            repository.grant(self, READ_MANIFEST)
            if pull_back:
                repository.grant_pull(self)
