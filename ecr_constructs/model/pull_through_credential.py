"""The secrets with which ECR logs in to an upstream registry."""

import re
from collections.abc import Iterator

from ecr_constructs.model.tokens import is_unresolved

# ECR's own role may read no others:
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSECRPullThroughCache_ServiceRolePolicy.html
SECRET_PREFIX = "ecr-pullthroughcache/"  # noqa: S105 - the beginning of a name
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html
ARN_MAX_LENGTH = 612
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
NAME_MAX_LENGTH = 512
_NAME = re.compile(r"[a-zA-Z0-9/_+=.@-]+")
# Of an ARN that CDK makes, only some parts are deploy-time values.
_ARN = re.compile(
    r"arn:[^:]+:secretsmanager:(?P<region>[^:]+):(?P<account>[^:]+):secret:(?P<name>[^:]+)"
)


def credential_errors(arn: str) -> Iterator[str]:
    """Yield a sentence for each reason why ECR refuses a secret, wherever the cache is."""
    secret = _ARN.fullmatch(arn)
    if not secret:
        if not is_unresolved(arn):
            yield (
                "the credential must be a secretsmanager.ISecret or the ARN of a secret, "
                f"'arn:aws:secretsmanager:REGION:ACCOUNT:secret:{SECRET_PREFIX}NAME-ABCDEF'"
            )
        return
    name = secret["name"]
    if not is_unresolved(name) and not name.startswith(SECRET_PREFIX):
        yield (
            f"the secret's name must begin with {SECRET_PREFIX!r}, ECR can read no other; this "
            f"one is {name!r}"
        )
    if not is_unresolved(arn) and len(arn) > ARN_MAX_LENGTH:
        yield f"the secret's ARN may be {ARN_MAX_LENGTH} characters long, is {len(arn)}"


def place_errors(arn: str, account: str, region: str) -> Iterator[str]:
    """Yield a sentence for each way in which a secret is out of a cache's reach.

    Args:
        arn: The secret's ARN.
        account: The cache's account.
        region: The cache's Region.
    """
    secret = _ARN.fullmatch(arn)
    if not secret:
        return
    for what, there, here in (
        ("account", secret["account"], account),
        ("Region", secret["region"], region),
    ):
        if there != here and not is_unresolved(there) and not is_unresolved(here):
            yield f"the secret must be in the cache's {what}, {here}; it is in {there}"


def secret_name_errors(name: str) -> Iterator[str]:
    """Yield a sentence for each reason why a name cannot follow the prefix."""
    if is_unresolved(name):
        return
    if name.startswith(SECRET_PREFIX):
        bare = name.removeprefix(SECRET_PREFIX)
        yield f"{SECRET_PREFIX!r} is put before the name by itself; write {bare!r}"
    if not _NAME.fullmatch(name):
        yield "the name may hold only letters, digits and '/_+=.@-', at least one of them"
    if (length := len(SECRET_PREFIX + name)) > NAME_MAX_LENGTH:
        yield f"with {SECRET_PREFIX!r} the name may be {NAME_MAX_LENGTH} characters, is {length}"
