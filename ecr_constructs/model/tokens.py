"""Deploy-time values of CDK, called tokens.

CDK represents a value that CloudFormation resolves as a marked string, list or number. The model
accepts such values, since they cannot be validated yet. It detects the marks without CDK, so that
validation needs no call to Node; a test compares it with ``cdk.Token.is_unresolved``.
"""

import re
import struct

_STRING_MARK = "${Token["
_LIST_MARK = "#{Token["
MARK = re.compile(r"\$\{Token\[[^\[\]]*\]\}")
"""A mark in a string: what is around it is known."""
# The top 16 bits of the double that represents a number token.
# https://github.com/aws/aws-cdk/blob/main/packages/aws-cdk-lib/core/lib/private/encoding.ts
_NUMBER_MARK = b"\xfb\xff"


def is_unresolved(value: object) -> bool:
    """Return whether a string or a number is, or contains, a deploy-time value."""
    if isinstance(value, str):
        return _STRING_MARK in value
    return isinstance(value, float) and struct.pack(">d", value).startswith(_NUMBER_MARK)


def is_list_mark(value: object) -> bool:
    """Return whether a string represents a whole list that is resolved at deploy time."""
    return isinstance(value, str) and value.startswith(_LIST_MARK)


def literal_length(text: str) -> int:
    """Return how many characters of a text are known: the least that it can have."""
    return len(MARK.sub("", text))


def filled(text: str, value: str) -> str:
    """Return a text with a value in the place of each deploy-time value."""
    return MARK.sub(value, text)


def legible(text: str) -> str:
    """Return a text for a message, with `${…}` in the place of each deploy-time value."""
    return filled(text, "${…}")
