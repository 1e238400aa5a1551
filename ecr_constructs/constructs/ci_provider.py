"""What makes an account believe a CI system's tokens."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs.constructs._app_registry import RegistryIndex
from ecr_constructs.model.ci import CiIssuer


class CiProvider(iam.OidcProviderNative):
    """The OIDC identity provider of a CI system in an account.

    An account has one for each issuer, whichever team made it, so it is made once and outlives its
    stack: without it, every role of the account that trusts the issuer fails. Where the account
    has it already, make none: `CiPushRole` knows its ARN. It is a native resource without a Lambda
    function, and needs no thumbprint: AWS verifies the issuer by its own certificate authorities.
    """

    def __init__(self, scope: Construct, construct_id: str, *, issuer: CiIssuer) -> None:
        """Define a provider.

        Args:
            scope: The stack, or a construct below one.
            construct_id: The construct's id.
            issuer: The issuer and its audience: ``CiIssuer.github_actions()``, or the ``issuer``
                of a project.

        Raises:
            ValueError: The app has a provider of this issuer in the account already.
        """
        RegistryIndex.of(scope).claim(
            f"the OIDC provider {issuer.url}",
            scope,
            construct_id,
            instead="Give the first one to the roles of both, or leave the second out.",
            of_account=True,
            otherwise="at deploy the later would fail",
        )
        super().__init__(
            scope,
            construct_id,
            url=issuer.url,
            client_ids=[issuer.audience],
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        self.issuer = issuer
