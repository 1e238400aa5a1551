"""Marks of deploy-time values; tests/constructs/test_token_marks.py compares with CDK itself."""

import struct

import pytest

from ecr_constructs.model.tokens import filled, is_list_mark, is_unresolved, legible, literal_length

NUMBER = struct.unpack(">d", bytes.fromhex("fbff000000000007"))[0]
VALUES = {
    "a text": ("latest", False),
    "a marked text": ("prefix-${Token[Name.7]}-suffix", True),
    "a CloudFormation variable": ("${AWS::Region}", False),
    "a mark that is not closed": ("$Token[Name.7]", False),
    "an element of a marked list": ("#{Token[List.7]}", False),
    "a whole number": (7, False),
    "a fraction": (7.5, False),
    "a large negative number": (-1e300, False),
    "infinity": (float("inf"), False),
    "a marked number": (NUMBER, True),
    "nothing": (None, False),
    "an object": (object(), False),
    "a list with a mark": (["a", "${Token[Name.7]}"], False),
}


@pytest.mark.parametrize(("value", "expected"), VALUES.values(), ids=VALUES)
def test_recognises_marks(value: object, *, expected: bool) -> None:
    """A text or number is unresolved if it carries a mark; lists are not looked into."""
    assert expected == is_unresolved(value)


def test_the_rest_of_a_text_is_known() -> None:
    """Its length, and what it is with another text in the place of the marks."""
    text = "a-${Token[Name.7]}-${Token[Other.8]}-b"

    assert len("a---b") == literal_length(text)
    assert "a-x-x-b" == filled(text, "x")
    assert "Token" not in legible(text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("#{Token[List.7]}", True), ("${Token[Name.7]}", False), ("a", False), (7, False)],
)
def test_recognises_lists(value: object, *, expected: bool) -> None:
    """The one element of a list token stands for the whole list."""
    assert expected == is_list_mark(value)
