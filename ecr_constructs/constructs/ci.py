"""The identity provider and the role with which CI pushes images, without a stored secret."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs.constructs._app_registry import AppRegistry
from ecr_constructs.constructs._arguments import checked
from ecr_constructs.constructs._deprecation import renamed_keyword
from ecr_constructs.constructs._stack_env import partition_in, region_of
from ecr_constructs.constructs.role_options import RoleOptions
from ecr_constructs.model.ci import CiIssuer, CiProject
from ecr_constructs.model.ci.project import READ_MANIFEST, push_role_errors
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid, require_list

OidcProvider = iam.IOpenIdConnectProvider | iam.IOidcProvider | iam.CfnOIDCProvider


@checked
class CiProvider(iam.OidcProviderNative):
    """The OIDC identity provider of a CI system in an account.

    An account has one for each issuer, so it is defined once and outlives its stack: without it,
    every role of the account that trusts the issuer fails. If the account has it already, define
    none: `CiPushRole` derives its ARN. It is a native resource without a Lambda function and needs
    no thumbprint: AWS verifies the issuer by its own certificate authorities.

    Example::

        CiProvider(stack, "GitHub", issuer=CiIssuer.github_actions())
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        issuer: CiIssuer,
        audiences: Sequence[str] | None = (),
    ) -> None:
        """Define a provider.

        Args:
            scope: The stack, or a construct below one.
            id: The construct's id.
            issuer: The issuer and its audience: ``CiIssuer.github_actions()``, or the ``issuer``
                of a project.
            audiences: Further audiences, at most 99, if projects require different ones.
                Default: the issuer's only.

        Raises:
            ValidationError: ``defined-twice``: the app has a `CiProvider` of this issuer already;
                a stock one next to it is found by `EcrChecks` (ECR226). Or an invalid audience.
        """
        audiences = audiences or ()
        require_list("audiences", audiences)
        # Each is valid as an issuer's.
        accepted = [replace(issuer, audience=text).audience for text in audiences]
        AppRegistry.of(scope).claim(
            f"the OIDC provider {issuer.url}",
            scope,
            id,
            hint="use the first one for all roles, or remove the second",
            of_account=True,
            consequence="the second deployment would fail",
        )
        super().__init__(
            scope,
            id,
            url=issuer.url,
            client_ids=list(dict.fromkeys([issuer.audience, *accepted])),
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        self.issuer = issuer
        self.audiences = tuple(dict.fromkeys([issuer.audience, *accepted]))


@checked
class CiPushRole(iam.Role):
    """A role that one CI project assumes to push to certain repositories, and nothing else.

    The jobs of the project authenticate with a token of their CI system, which AWS verifies; no
    access key exists that could leak. The role may log in to the registry, push to the
    repositories and, where the registry signs their images, sign.

    Example::

        github = GitHubActions(repository="acme/payments", branches=["main"])
        CiPushRole(stack, "Push", ci=github, repositories=[api])
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        ci: CiProject,
        repositories: Sequence[ecr.IRepository],
        provider: OidcProvider | None = None,
        allow_pull: bool | None = None,
        session_hours: int | None = 1,
        permissions_boundary: iam.IManagedPolicy | None = None,
        role_name: str | None = None,
        path: str | None = None,
        pull_back: bool | None = None,
    ) -> None:
        """Define a role.

        Args:
            scope: The stack, or a construct below one.
            id: The construct's id. Changing it replaces the role, and its ARN.
            ci: The project and the jobs of it that may push: `GitHubActions`, `GitLabCi`,
                `BitbucketPipelines`, `CircleCi`.
            repositories: The repositories, at least one.
            provider: The account's provider of the project's issuer, if this app defines it; the
                role depends on it: a `CiProvider`, or one of ``aws_iam``, also imported or L1.
                Default: the account has it already.
            allow_pull: Whether it may also pull from the repositories, for example to build on
                the last image or to read a build cache. Default: False.
            session_hours: The longest session that a job may request, 1 to 12 hours. A job that
                requests none gets one hour.
            permissions_boundary: The permissions boundary of the role. It must allow what the
                role does. Default: none.
            role_name: The role's name, 1 to 64 characters. Default: CloudFormation generates one.
            path: The role's path, such as ``/ci/``. Changing it replaces the role. Default: ``/``.
            pull_back: Deprecated name of ``allow_pull``.

        Raises:
            ValidationError: No repository, a session or a name that IAM rejects, or
                ``ci-provider-issuer``: a provider of another issuer, ``ci-provider-account``: of
                another account.
        """
        session_hours = 1 if session_hours is None else session_hours
        pulls = renamed_keyword("allow_pull", allow_pull, "pull_back", pull_back, stacklevel=5)
        raise_if_invalid(
            "push role",
            ci.name,
            push_role_errors(
                repositories=len(repositories), session_hours=session_hours, role_name=role_name
            ),
        )
        # The ARN, not a reference: providers are shared, and an export would tie the stacks.
        provider_arn = ci.issuer.provider_arn(
            partition=partition_in(region_of(scope)), account=cdk.Stack.of(scope).account
        )
        if provider is not None:
            raise_if_invalid("push role", ci.name, _provider_errors(provider, ci, provider_arn))
        super().__init__(
            scope,
            id,
            assumed_by=iam.WebIdentityPrincipal(provider_arn, ci.conditions()),
            description=f"Pushes images from CI of {ci.name}",
            max_session_duration=cdk.Duration.hours(session_hours),
            permissions_boundary=permissions_boundary,
            role_name=role_name,
            path=RoleOptions(path=path).path,
        )
        if provider is not None:
            self.node.add_dependency(provider)
        for repository in repositories:
            repository.grant_push(self)
            repository.grant(self, READ_MANIFEST)
            if pulls:
                repository.grant_pull(self)


def _provider_errors(provider: OidcProvider, ci: CiProject, own_arn: str) -> Iterator[Diagnostic]:
    """Yield each reason why a role cannot trust a provider; deploy-time values pass."""
    arn = provider.oidc_provider_ref.oidc_provider_arn
    url, audiences = _known_settings(provider)
    issuer = "" if is_unresolved(arn) else arn.partition(":oidc-provider/")[2]
    issuer = issuer or url.removeprefix("https://")
    if issuer and not is_unresolved(issuer) and issuer != ci.issuer.path:
        yield Diagnostic(
            "ci-provider-issuer",
            f"the provider trusts {issuer}, and the tokens of {ci.name} are issued by "
            f"{ci.issuer.path}",
            "provider",
            "give a provider of the project's issuer",
        )
    elif not is_unresolved(arn) and not is_unresolved(own_arn) and arn != own_arn:
        yield Diagnostic(
            "ci-provider-account",
            f"a role trusts providers of its own account only, {own_arn}; this one is {arn}",
            "provider",
            "leave provider out, if the account has one",
        )
    elif audiences and ci.issuer.audience not in audiences:
        yield Diagnostic(
            "ci-provider-audience",
            f"the provider accepts {', '.join(audiences)}, and the tokens of {ci.name} are for "
            f"{ci.issuer.audience}",
            "provider",
            "add the audience to the provider",
        )


def _known_settings(provider: object) -> tuple[str, list[str]]:
    """Return URL and audiences of a provider, as far as its construct tells them."""
    if isinstance(provider, iam.OidcProviderNative):
        provider = provider.node.default_child
    if not isinstance(provider, iam.CfnOIDCProvider):
        return "", []
    audiences = provider.client_id_list or []
    return provider.url or "", [] if any(map(is_unresolved, audiences)) else list(audiences)
