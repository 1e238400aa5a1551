"""The language of event patterns: what EventBridge rejects, and what may match."""

from typing import Any

import pytest

from ecr_constructs.model.event_fields import DETAILS, TOP_FIELDS, Field
from ecr_constructs.model.event_pattern import may_match, pattern_errors
from tests.support.event_patterns import EVENTS, matches

MARK = "${Token[unknown]}"
# A pattern, and the place of its only error.
REJECTED: dict[str, tuple[Any, tuple[str | int, ...]]] = {
    "a text": ("aws.ecr", ()),
    "no field": ({}, ()),
    "a list": ([], ()),
    "a field without a list": ({"source": "aws.ecr"}, ("source",)),
    "a field that is null": ({"source": None}, ("source",)),
    "an empty list": ({"source": []}, ("source",)),
    "an empty object": ({"detail": {}}, ("detail",)),
    "a list in a list": ({"source": [["aws.ecr"]]}, ("source", 0)),
    "a nested field without a list": ({"detail": {"result": "SUCCESS"}}, ("detail", "result")),
    "an operator without a list": ({"source": {"prefix": "aws"}}, ("source",)),
    "an operator that there is not": ({"a": [{"beginsWith": "v"}]}, ("a", 0)),
    "another operator that there is not": ({"a": [{"endswith": "v"}]}, ("a", 0)),
    "an operator in camel case": ({"a": [{"equalsIgnoreCase": "v"}]}, ("a", 0)),
    "no operator": ({"a": [{"regex": "v"}]}, ("a", 0)),
    "an empty operator": ({"a": [{}]}, ("a", 0)),
    "two operators in one object": ({"a": [{"prefix": "v", "suffix": "1"}]}, ("a", 0)),
    "a prefix that is a number": ({"a": [{"prefix": 1}]}, ("a", 0, "prefix")),
    "a prefix of a prefix": ({"a": [{"prefix": {"prefix": "x"}}]}, ("a", 0, "prefix")),
    "two wildcards": ({"a": [{"wildcard": "a**"}]}, ("a", 0, "wildcard")),
    "exists as text": ({"a": [{"exists": "true"}]}, ("a", 0, "exists")),
    "a comparison without a number": ({"a": [{"numeric": [">"]}]}, ("a", 0, "numeric")),
    "a comparison that is none": ({"a": [{"numeric": ["=>", 1]}]}, ("a", 0, "numeric")),
    "a comparison with text": ({"a": [{"numeric": [">", "1"]}]}, ("a", 0, "numeric")),
    "a comparison with a truth": ({"a": [{"numeric": [">", True]}]}, ("a", 0, "numeric")),
    "a number that is too large": ({"a": [{"numeric": [">", 6e9]}]}, ("a", 0, "numeric")),
    "no comparison": ({"a": [{"numeric": 5}]}, ("a", 0, "numeric")),
    "no network": ({"a": [{"cidr": "10.0.0.0"}]}, ("a", 0, "cidr")),
    "anything but nothing": ({"a": [{"anything-but": []}]}, ("a", 0, "anything-but")),
    "anything but an operator": (
        {"a": [{"anything-but": {"numeric": [">", 1]}}]},
        ("a", 0, "anything-but"),
    ),
    "anything but null": ({"a": [{"anything-but": [None]}]}, ("a", 0, "anything-but")),
    "a wrong alternative": ({"$or": [{"a": ["b"]}, {"c": "d"}]}, ("$or", 1, "c")),
}
ACCEPTED: dict[str, Any] = {
    "values of all kinds": {"a": ["b", 1, 1.5, True, None, ""]},
    "operators": {
        "a": [
            {"prefix": "v"},
            {"prefix": {"equals-ignore-case": "v"}},
            {"suffix": "v"},
            {"suffix": {"equals-ignore-case": "v"}},
            {"equals-ignore-case": "v"},
            {"wildcard": "v*.*"},
            {"exists": False},
            {"numeric": [">", 0]},
            {"numeric": [">", 0, "<=", 5.5]},
            {"cidr": "10.0.0.0/24"},
        ]
    },
    "exclusions": {
        "a": [
            {"anything-but": "v"},
            {"anything-but": 1},
            {"anything-but": ["v", 1]},
            {"anything-but": {"prefix": "v"}},
            {"anything-but": {"suffix": ["v", "w"]}},
            {"anything-but": {"wildcard": "v*"}},
        ]
    },
    "alternatives": {"$or": [{"a": ["b"]}, {"c": [{"numeric": ["=", 1]}]}]},
    "one alternative is the name of a field": {"$or": ["a"]},
    "an unresolved pattern": MARK,
    "unresolved parts": {"a": MARK, "b": [MARK, {"prefix": MARK}, {"numeric": [MARK, MARK]}]},
    "a field named like an operator": {"detail": {"prefix": ["a"]}},
}


@pytest.mark.parametrize(("pattern", "path"), REJECTED.values(), ids=REJECTED)
def test_a_pattern_is_rejected(pattern: Any, path: tuple[str | int, ...]) -> None:
    """At the place of the error, with what to write instead."""
    [error] = pattern_errors(pattern)

    assert path == error.path
    assert error.message
    assert error.remedy.endswith(".")


@pytest.mark.parametrize("pattern", ACCEPTED.values(), ids=ACCEPTED)
def test_a_pattern_is_accepted(pattern: Any) -> None:
    """As is a deploy-time value."""
    assert [] == list(pattern_errors(pattern))


# An item of a pattern, and which of PUSH and DELETE it matches.
ITEMS: dict[str, tuple[Any, list[str]]] = {
    "a text": ("PUSH", ["PUSH"]),
    "an unresolved text": (MARK, ["PUSH", "DELETE"]),
    "a prefix": ({"prefix": "PU"}, ["PUSH"]),
    "a prefix in another case": ({"prefix": {"equals-ignore-case": "pu"}}, ["PUSH"]),
    "an unresolved prefix": ({"prefix": MARK}, ["PUSH", "DELETE"]),
    "a suffix": ({"suffix": "ETE"}, ["DELETE"]),
    "a wildcard": ({"wildcard": "*U*"}, ["PUSH"]),
    "another case": ({"equals-ignore-case": "push"}, ["PUSH"]),
    "anything but one": ({"anything-but": "PUSH"}, ["DELETE"]),
    "anything but some": ({"anything-but": ["PUSH", "DELETE"]}, []),
    "anything but a prefix": ({"anything-but": {"prefix": ["PU", "X"]}}, ["DELETE"]),
    "a field": ({"exists": True}, ["PUSH", "DELETE"]),
    "no field": ({"exists": False}, []),
    "a number": ({"numeric": [">", 0]}, []),
    "a number itself": (1, []),
    "a prefix that is a number": ({"prefix": 1}, []),
    "two operators": ({"prefix": "P", "suffix": "H"}, []),
}


@pytest.mark.parametrize(("item", "expected"), ITEMS.values(), ids=ITEMS)
def test_an_item_may_match(item: Any, expected: list[str]) -> None:
    """As EventBridge matches it; a deploy-time value may match any text."""
    matched = [text for text in ("PUSH", "DELETE") if may_match([item], [text])]

    assert expected == matched
    is_nested = isinstance(item, dict) and any(isinstance(value, dict) for value in item.values())
    if MARK not in str(item) and not is_nested and not [*pattern_errors({"a": [item]})]:
        assert matched == [t for t in ("PUSH", "DELETE") if matches({"a": [item]}, {"a": t})]


def _unknown(fields: Any, values: Any, path: str) -> list[str]:
    """Return the fields and values of an event that are not listed."""
    if isinstance(values, list):
        return [name for item in values for name in _unknown(fields, item, path)]
    missing = []
    for name, value in values.items() if isinstance(values, dict) and fields else ():
        field: Field | None = fields.get(name)
        if field is None or (field.values and value not in field.values):
            missing.append(f"{path}.{name}")
        elif field.fields is not None:
            missing += _unknown(field.fields, value, f"{path}.{name}")
    return missing


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_the_fields_of_documented_events_are_listed(event: Any) -> None:
    """With their values, for every event whose details are listed."""
    assert set(event) <= set(TOP_FIELDS)
    details = DETAILS.get(event["detail-type"], {})
    assert [] == _unknown(details, event["detail"], event["detail-type"])
