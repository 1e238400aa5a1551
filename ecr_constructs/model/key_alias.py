"""Names of KMS keys."""

import re
from collections.abc import Iterator

from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid

# https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
ALIAS_MAX_LENGTH = 256
_ALIAS = re.compile(r"alias/[a-zA-Z0-9/_-]+")


def check_key_alias(alias: str) -> None:
    """Raise a ValueError listing every reason why KMS refuses an alias; tokens pass.

    Limits: ``alias/`` and then letters, digits, ``/``, ``_`` or ``-``, at most 256 characters;
    ``alias/aws/`` is reserved for AWS.
    """
    if not is_unresolved(alias):
        raise_if_invalid("key alias", alias, _errors(alias))


def _errors(alias: str) -> Iterator[str]:
    if len(alias) > ALIAS_MAX_LENGTH:
        yield f"must be at most {ALIAS_MAX_LENGTH} characters long, is {len(alias)}"
    if alias.lower().startswith("alias/aws/"):
        yield "begins with 'alias/aws/', which is reserved for AWS managed keys"
    if not _ALIAS.fullmatch(alias):
        yield "must be 'alias/' followed by letters, digits, '/', '_' or '-'"
