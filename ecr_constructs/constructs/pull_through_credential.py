"""The secret with which ECR logs in to an upstream registry."""

import aws_cdk as cdk
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from ecr_constructs.constructs._arguments import checked
from ecr_constructs.constructs._cfn_properties import json_text
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.upstreams import SECRET_PREFIX, secret_name_errors
from ecr_constructs.model.validation import raise_if_invalid


@checked
class PullThroughCredential(secretsmanager.Secret):
    r"""A user name and an access token for an upstream registry, as ECR reads them.

    No template ever contains the token. Secrets Manager generates a placeholder; replace it with
    the token after the deployment, and whenever the token is renewed::

        aws secretsmanager put-secret-value --secret-id ecr-pullthroughcache/docker-hub \
            --secret-string file://credential.json

    where the file contains ``{"username": "…", "accessToken": "…"}``. Until then a pull of an image
    that is not cached yet fails. Neither this nor a renewal changes the cache's rule.

    It is encrypted with the account's ``aws/secretsmanager`` key, which ECR may use, and outlives
    its stack.

    Example::

        secret = PullThroughCredential(stack, "Hub", name="docker-hub", username="acme")
        PullThroughCache(stack, "Cache", upstream=Upstream.docker_hub(secret))
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        username: str,
    ) -> None:
        """Define a secret.

        Args:
            scope: The stack, or a construct below one; of the account and Region of the cache.
            id: The construct's id. Changing it replaces the secret.
            name: The part after ``ecr-pullthroughcache/`` of its name, such as ``docker-hub``.
                Changing it replaces the secret, and with it the cache's rule.
            username: The user's name in the upstream registry. Changing it makes CloudFormation
                overwrite the token with a new placeholder: put both in the secret afterwards, or
                change the name only there.

        Raises:
            ValidationError: A name that Secrets Manager rejects, or ``username-empty``.
        """
        errors = [*secret_name_errors(name)]
        if not username:
            remedy = "write the user's name in the upstream registry"
            errors.append(
                Diagnostic("username-empty", "the username must not be empty", "username", remedy)
            )
        raise_if_invalid("pull through credential", name, errors)
        super().__init__(
            scope,
            id,
            secret_name=f"{SECRET_PREFIX}{name}",
            description=f"Logs Amazon ECR in to an upstream registry ({name})",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=json_text(scope, {"username": username}),
                generate_string_key="accessToken",
            ),
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
