"""The roles with which CI pushes to an environment."""

from typing import Any
from urllib.parse import quote

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs import CiIssuer, CiProvider, CiPushRole
from ecr_constructs.environment.resolution import CiAccess, ResolvedEnvironment


class PushStack(cdk.Stack):
    """A role for each CI project that pushes, and the OIDC providers that the account lacks.

    Repositories are imported by name, so that the stacks of the teams do not wait for this one.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: ResolvedEnvironment,
        **stack_properties: Any,
    ) -> None:
        """Define the stack."""
        super().__init__(scope, construct_id, **stack_properties)
        self._existing = environment.existing_ci_providers
        self._providers: dict[str, CiProvider] = {}
        issuers = [access.project.issuer for access in environment.ci_access]
        # A provider accepts the audiences of all of its projects.
        self._audiences = {
            issuer.url: [other.audience for other in issuers if other.url == issuer.url]
            for issuer in issuers
        }
        for access in environment.ci_access:
            self._role(access)

    def _role(self, access: CiAccess) -> None:
        push, project = access.push, access.project
        construct_id = f"{push.system} {project.name}"
        if self.node.try_find_child(construct_id.replace("/", "--")) is not None:
            # The same name at another issuer, or one that CDK writes in the same way.
            construct_id = f"{push.system} {quote(project.name, safe='')} {project.issuer.path}"
        scope = Construct(self, construct_id)
        boundary = push.permissions_boundary and iam.ManagedPolicy.from_managed_policy_arn(
            scope, "Boundary", push.permissions_boundary
        )
        role = CiPushRole(
            scope,
            "Role",
            ci=project,
            repositories=[
                ecr.Repository.from_repository_name(scope, name, name)
                for name in access.repositories
            ],
            provider=None if push.system in self._existing else self._provider(project.issuer),
            allow_pull=push.pull_back,
            session_hours=push.session_hours,
            permissions_boundary=boundary or None,
        )
        cdk.CfnOutput(
            scope,
            "RoleArn",
            value=role.role_arn,
            description=f"What CI of {project.name} assumes to push images",
        )

    def _provider(self, issuer: CiIssuer) -> CiProvider:
        if issuer.url not in self._providers:
            self._providers[issuer.url] = CiProvider(
                self, issuer.path, issuer=issuer, audiences=self._audiences[issuer.url]
            )
        return self._providers[issuer.url]
