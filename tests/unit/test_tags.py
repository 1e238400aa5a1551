"""Tags of resources."""

import re
from typing import Any

import pytest

from ecr_constructs.model.tags import check_tags

REFUSED = {
    "51 tags": ({f"k{n}": "v" for n in range(51)}, "at most 50 tags are allowed, these are 51"),
    "an empty key": ({"": "v"}, "key '' must be 1 to 127 characters long, is 0"),
    "a long key": ({"k" * 128: "v"}, "must be 1 to 127 characters long, is 128"),
    "a reserved key": ({"aws:team": "v"}, "key 'aws:team' begins with 'aws:', which is reserved"),
    "a reserved key in capitals": ({"AWS:team": "v"}, "begins with 'aws:', which is reserved"),
    "an empty value": ({"team": ""}, "the value of 'team' must be 1 to 255 characters long, is 0"),
    "a long value": ({"team": "v" * 256}, "must be 1 to 255 characters long, is 256"),
    "a number": ({"cost": 7}, "the value of 'cost' must be text, got 7; write '7'"),
    "nothing": ({"cost": None}, "the value of 'cost' must be text, got None"),
}


@pytest.mark.parametrize(("tags", "fault"), REFUSED.values(), ids=REFUSED)
def test_refuses(tags: dict[str, Any], fault: str) -> None:
    """Tags that CloudFormation refuses raise an error that names the tag and the limit."""
    with pytest.raises(ValueError, match=re.escape(fault)):
        check_tags(tags)


def test_lists_every_fault() -> None:
    """Several faulty tags are refused in one error."""
    with pytest.raises(ValueError, match="Invalid tags") as refusal:
        check_tags({"": "", "aws:a": 1})  # type: ignore[dict-item]

    assert str(refusal.value).count("\n  - ") == 4


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"k" * 127: "v" * 255},
        {"awesome": "x"},
        {f"k{n}": "v" for n in range(50)},
        {"${Token[Key.1]}": "${Token[Value.2]}"},
    ],
    ids=["none", "longest", "begins like aws", "fifty", "deploy-time"],
)
def test_accepts(tags: dict[str, str]) -> None:
    """Sound and deploy-time tags pass."""
    assert check_tags(tags) is None  # type: ignore[func-returns-value]
