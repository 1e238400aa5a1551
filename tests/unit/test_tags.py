"""Tags of resources."""

from typing import Any

import pytest

from ecr_constructs.model.tags import check_tags
from tests.support.errors import rejects

REJECTED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "51 tags": ({f"k{n}": "v" for n in range(51)}, ["tags: tag-count"]),
    "an empty key": ({"": "v"}, ["tags['']: tag-key-length"]),
    "a long key": ({"k" * 128: "v"}, [f"tags['{'k' * 128}']: tag-key-length"]),
    "a reserved key": ({"aws:team": "v"}, ["tags['aws:team']: tag-key-reserved-prefix"]),
    "reserved in capitals": ({"AWS:team": "v"}, ["tags['AWS:team']: tag-key-reserved-prefix"]),
    "an empty value": ({"team": ""}, ["tags['team']: tag-value-length"]),
    "a long value": ({"team": "v" * 256}, ["tags['team']: tag-value-length"]),
    "a number": ({"cost": 7}, ["tags['cost']: tag-value-type"]),
    "None": ({"cost": None}, ["tags['cost']: tag-value-type"]),
    "several problems": (
        {"": "", "aws:a": 1},
        [
            "tags['']: tag-key-length",
            "tags['']: tag-value-length",
            "tags['aws:a']: tag-key-reserved-prefix",
            "tags['aws:a']: tag-value-type",
        ],
    ),
}


@pytest.mark.parametrize(("tags", "problems"), REJECTED.values(), ids=REJECTED)
def test_rejects(tags: dict[str, Any], problems: list[str]) -> None:
    """Tags that CloudFormation rejects raise one error with every problem."""
    with rejects(*problems):
        check_tags(tags)


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
    """Valid and deploy-time tags pass."""
    check_tags(tags)
