"""Tags of resources."""

from typing import Any

from ecr_constructs.model.tags import check_tags
from tests.support.errors import rejection_test

TAGS: dict[str, tuple[Any, ...]] = {
    "no tag": ({},),
    "the longest": ({"k" * 127: "v" * 255},),
    "begins like aws": ({"awesome": "x"},),
    "50 tags": ({f"k{n}": "v" for n in range(50)},),
    "deploy-time": ({"${Token[Key.1]}": "${Token[Value.2]}"},),
    "51 tags": ({f"k{n}": "v" for n in range(51)}, "tags: tag-count"),
    "an empty key": ({"": "v"}, "tags['']: tag-key-length"),
    "a long key": ({"k" * 128: "v"}, f"tags['{'k' * 128}']: tag-key-length"),
    "a reserved key": ({"aws:team": "v"}, "tags['aws:team']: tag-key-reserved-prefix"),
    "reserved in capitals": ({"AWS:team": "v"}, "tags['AWS:team']: tag-key-reserved-prefix"),
    "an empty value": ({"team": ""}, "tags['team']: tag-value-length"),
    "a long value": ({"team": "v" * 256}, "tags['team']: tag-value-length"),
    "a number": ({"cost": 7}, "tags['cost']: tag-value-type"),
    "None": ({"cost": None}, "tags['cost']: tag-value-type"),
    "several problems": (
        {"": "", "aws:a": 1},
        "tags['']: tag-key-length",
        "tags['']: tag-value-length",
        "tags['aws:a']: tag-key-reserved-prefix",
        "tags['aws:a']: tag-value-type",
    ),
}
test_tags = rejection_test(check_tags, TAGS)
