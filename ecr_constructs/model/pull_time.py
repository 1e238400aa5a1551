"""Whose pulls do not count as use of an image."""

import re
from collections.abc import Iterator

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RegisterPullTimeUpdateExclusion.html
MAX_EXCLUSIONS = 100
ARN_MAX_LENGTH = 200
_ARN = re.compile(
    r"arn:aws(-[a-z]+)*:iam::[0-9]{12}:(role|user)/[\w+=,.@-]+(/[\w+=,.@-]+)*", re.ASCII
)


def exclusion_errors(principal_arn: str) -> Iterator[str]:
    """Yield a sentence for each reason why ECR refuses to exclude a principal."""
    if len(principal_arn) > ARN_MAX_LENGTH:
        yield f"must be at most {ARN_MAX_LENGTH} characters long, is {len(principal_arn)}"
    if not _ARN.fullmatch(principal_arn):
        yield "must be the ARN of a role or user, 'arn:aws:iam::ACCOUNT:role/NAME'"
