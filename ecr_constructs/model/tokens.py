"""Values that CDK knows only at deploy time.

CDK hands out such values as marked strings, lists and numbers. The model lets them pass:
what they will be cannot be judged yet. The marks are recognised here, without CDK, so that
judging a value costs no call to Node; a test holds this to ``cdk.Token.is_unresolved``.
"""

import struct

_STRING_MARK = "${Token["
_LIST_MARK = "#{Token["
# The top 16 bits of a double that stands for a number token.
# https://github.com/aws/aws-cdk/blob/main/packages/aws-cdk-lib/core/lib/private/encoding.ts
_NUMBER_MARK = b"\xfb\xff"


def is_unresolved(value: object) -> bool:
    """Tell whether a string or a number is, or holds, a deploy-time value."""
    if isinstance(value, str):
        return _STRING_MARK in value
    return isinstance(value, float) and struct.pack(">d", value).startswith(_NUMBER_MARK)


def is_list_mark(value: object) -> bool:
    """Tell whether a string stands for a whole list that is known only at deploy time."""
    return isinstance(value, str) and value.startswith(_LIST_MARK)
