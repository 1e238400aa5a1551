"""The secret with which ECR logs in to an upstream registry."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from ecr_constructs.model.lifecycle.json_text import compact
from ecr_constructs.model.pull_through_credential import SECRET_PREFIX, secret_name_errors
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid


class PullThroughCredential(secretsmanager.Secret):
    r"""A user name and an access token for an upstream registry, as ECR reads them.

    No template ever holds the token. Secrets Manager makes up a placeholder, and a person puts the
    token in its place once the stack is deployed, and whenever it is renewed::

        aws secretsmanager put-secret-value --secret-id ecr-pullthroughcache/docker-hub \
            --secret-string file://credential.json

    where the file holds ``{"username": "…", "accessToken": "…"}``. Until then a pull of an image
    that is not cached yet fails. Neither this nor a renewal touches the cache's rule.

    It is encrypted with the account's ``aws/secretsmanager`` key, which ECR may use, and outlives
    its stack.
    """

    def __init__(self, scope: Construct, construct_id: str, *, name: str, username: str) -> None:
        """Define a secret.

        Args:
            scope: The stack, or a construct below one; of the account and Region of the cache.
            construct_id: The construct's id. Changing it replaces the secret.
            name: What follows ``ecr-pullthroughcache/`` in its name, such as ``docker-hub``.
                Changing it replaces the secret, and with it the cache's rule.
            username: The user's name in the upstream registry. Changing it makes CloudFormation
                write a new placeholder over the token: put both in the secret afterwards, or
                change the name there alone.

        Raises:
            ValueError: A name that Secrets Manager refuses, or an empty user name.
        """
        faults: list[Any] = list(secret_name_errors(name))
        if not username:
            faults.append("the username must not be empty; it is the user's in the upstream")
        raise_if_invalid("pull through credential", name, faults)
        content = {"username": username}
        text = compact(content)
        super().__init__(
            scope,
            construct_id,
            secret_name=f"{SECRET_PREFIX}{name}",
            description=f"Logs Amazon ECR in to an upstream registry ({name})",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=(
                    cdk.Stack.of(scope).to_json_string(content) if is_unresolved(text) else text
                ),
                generate_string_key="accessToken",
            ),
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
