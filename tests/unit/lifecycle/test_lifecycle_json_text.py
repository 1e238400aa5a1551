"""Compact writing and strict reading of JSON."""

import json
import re
from typing import Any

import pytest
from hypothesis import given

from ecr_constructs.model.lifecycle.json_text import compact, parse
from tests.support.strategies import near_miss_json

REJECTED = {
    "nothing": ("", "not JSON: Expecting value at line 1, column 1"),
    "a single quote": ("{'rules': []}", "not JSON: Expecting property name"),
    "a trailing comma": ('{"rules": [],}', "not JSON: "),
    "two documents": ("{} {}", "not JSON: Extra data at line 1, column 4"),
    "the second line": ('{\n"rules" []}', "not JSON: Expecting ':' delimiter at line 2, column 9"),
    "a key twice": ('{"rules": [], "rules": []}', "duplicate key 'rules'"),
    "an inner key twice": ('[{"a": {"b": 1, "c": 2, "b": 1}}]', "duplicate key 'b'"),
    "no end of nesting": ("[" * 100_000, "not a lifecycle policy: nested too deeply"),
}


@pytest.mark.parametrize(("text", "error"), REJECTED.values(), ids=REJECTED)
def test_rejects(text: str, error: str) -> None:
    """The error of a text that is not JSON, or ambiguous, contains the position."""
    with pytest.raises(ValueError, match=re.escape(error)):
        parse(text)


def test_writes_compactly() -> None:
    """White space is omitted; keys keep their order; non-ASCII text is not escaped."""
    assert compact({"b": [1, "ä"], "a": {}}) == '{"b":[1,"ä"],"a":{}}'


@given(near_miss_json())
def test_reads_like_the_standard_library(value: Any) -> None:
    """A text without duplicate keys has the same value."""
    text = json.dumps(value)

    assert repr(json.loads(text)) == repr(parse(text))
