"""JSON, written compactly and read strictly."""

import json
import re
from typing import Any

import pytest
from hypothesis import given

from ecr_constructs.model.lifecycle.json_text import compact, parse
from tests.support.strategies import near_miss_json

REFUSED = {
    "nothing": ("", "not JSON: Expecting value at line 1, column 1"),
    "a single quote": ("{'rules': []}", "not JSON: Expecting property name"),
    "a trailing comma": ('{"rules": [],}', "not JSON: "),
    "two documents": ("{} {}", "not JSON: Extra data at line 1, column 4"),
    "the second line": ('{\n"rules" []}', "not JSON: Expecting ':' delimiter at line 2, column 9"),
    "a key twice": (
        '{"rules": [], "rules": []}',
        "the key 'rules' stands twice in one object; keep one of them",
    ),
    "an inner key twice": ('[{"a": {"b": 1, "c": 2, "b": 1}}]', "the key 'b' stands twice"),
    "no end of nesting": ("[" * 100_000, "not a lifecycle policy: nested too deeply"),
}


@pytest.mark.parametrize(("text", "fault"), REFUSED.values(), ids=REFUSED)
def test_refuses(text: str, fault: str) -> None:
    """A text that is no JSON, or ambiguous, raises an error that says where."""
    with pytest.raises(ValueError, match=re.escape(fault)):
        parse(text)


def test_writes_compactly() -> None:
    """There is no white space, keys stay in their order, and other scripts stay readable."""
    assert compact({"b": [1, "ä"], "a": {}}) == '{"b":[1,"ä"],"a":{}}'


@given(near_miss_json())
def test_reads_what_json_reads(value: Any) -> None:
    """A text without double keys reads as it does with the standard library."""
    text = json.dumps(value)

    assert repr(json.loads(text)) == repr(parse(text))
