"""The secrets with which ECR logs in to an upstream registry."""

import re
from collections.abc import Iterator

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import text_length_errors

# ECR's service-linked role may read no other secrets:
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSECRPullThroughCache_ServiceRolePolicy.html
SECRET_PREFIX = "ecr-pullthroughcache/"  # noqa: S105 - the beginning of a name
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html
ARN_MAX_LENGTH = 612
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
NAME_MAX_LENGTH = 512
_NAME = re.compile(r"[a-zA-Z0-9/_+=.@-]+")
# Only some parts of an ARN that CDK builds are deploy-time values.
_ARN = re.compile(
    r"arn:[^:]+:secretsmanager:(?P<region>[^:]+):(?P<account>[^:]+):secret:(?P<name>[^:]+)"
)


def credential_errors(arn: str) -> Iterator[Diagnostic]:
    """Yield each reason why ECR rejects a secret in every account and Region."""
    secret = _ARN.fullmatch(arn)
    if not secret:
        if not is_unresolved(arn):
            yield Diagnostic(
                "credential-format",
                "the credential must be a secretsmanager.ISecret or the ARN of a secret, "
                f"'arn:aws:secretsmanager:REGION:ACCOUNT:secret:{SECRET_PREFIX}NAME-ABCDEF'",
            )
        return
    name = secret["name"]
    if not is_unresolved(name) and not name.startswith(SECRET_PREFIX):
        yield Diagnostic(
            "credential-name-prefix",
            f"the secret's name must begin with {SECRET_PREFIX!r}, ECR can read no other; "
            f"this one is {name!r}",
        )
    if not is_unresolved(arn):
        yield from text_length_errors("credential-length", "the secret's ARN", arn, ARN_MAX_LENGTH)


def place_errors(arn: str, account: str, region: str) -> Iterator[Diagnostic]:
    """Yield a problem if a secret is not in the account and Region of its cache.

    Args:
        arn: The secret's ARN.
        account: The cache's account.
        region: The cache's Region.
    """
    secret = _ARN.fullmatch(arn)
    if not secret:
        return
    for kind, there, here in (
        ("account", secret["account"], account),
        ("Region", secret["region"], region),
    ):
        if there != here and not is_unresolved(there) and not is_unresolved(here):
            yield Diagnostic(
                f"credential-{kind.lower()}",
                f"the secret must be in the cache's {kind}, {here}; it is in {there}",
            )


def secret_name_errors(name: str) -> Iterator[Diagnostic]:
    """Yield each reason why a name cannot follow the prefix."""
    if is_unresolved(name):
        return
    if name.startswith(SECRET_PREFIX):
        yield Diagnostic(
            "secret-name-prefix",
            f"{SECRET_PREFIX!r} is added to the name automatically",
            remedy=f"write {name.removeprefix(SECRET_PREFIX)!r}",
        )
    if not _NAME.fullmatch(name):
        yield Diagnostic(
            "secret-name-characters",
            "the name may hold only letters, digits and '/_+=.@-', at least one of them",
        )
    subject = f"with {SECRET_PREFIX!r} the name"
    yield from text_length_errors(
        "secret-name-length", subject, SECRET_PREFIX + name, NAME_MAX_LENGTH
    )
