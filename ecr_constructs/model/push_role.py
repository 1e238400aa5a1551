"""What IAM accepts of a role that CI assumes."""

import re
from collections.abc import Iterator

from ecr_constructs.model.tokens import is_unresolved

# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
MIN_SESSION_HOURS = 1
MAX_SESSION_HOURS = 12
NAME_MAX_LENGTH = 64
_NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
# CDK's grant_push has not this one. Clients read the manifest that a tag has before they move it.
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
READ_MANIFEST = "ecr:BatchGetImage"


def push_role_errors(
    *, repositories: int, session_hours: int, role_name: str | None
) -> Iterator[str]:
    """Yield a sentence for each reason why a role for CI cannot be made.

    Args:
        repositories: How many repositories it pushes to.
        session_hours: The longest session, in hours.
        role_name: The role's name, if it is given one.
    """
    if not repositories:
        yield "repositories is empty, so the role could push nothing; name at least one"
    if not MIN_SESSION_HOURS <= session_hours <= MAX_SESSION_HOURS:
        yield (
            f"session_hours must be {MIN_SESSION_HOURS} to {MAX_SESSION_HOURS}, got {session_hours}"
        )
    if role_name is None or is_unresolved(role_name):
        return
    if not _NAME.fullmatch(role_name) or len(role_name) > NAME_MAX_LENGTH:
        yield (
            f"role_name {role_name!r} must be 1 to {NAME_MAX_LENGTH} letters, digits and "
            "characters of '_+=,.@-'"
        )
