"""The JSON Schema that editors use."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from scripts import schema as generator

ENVIRONMENTS = sorted((Path(__file__).parents[2] / "environments").glob("*.yaml"))


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    document = json.loads(generator.PATH.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(document)
    return jsonschema.Draft202012Validator(document)


def test_schema_is_current() -> None:
    """The committed schema is what the models say today; `make update` rewrites it."""
    assert generator.schema() == generator.PATH.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_shipped_files_satisfy_it(path: Path, validator: jsonschema.Draft202012Validator) -> None:
    """An editor marks nothing in the shipped files."""
    assert list(validator.iter_errors(yaml.safe_load(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "change",
    [
        {"account": 111122223333},
        {"region": "Frankfurt"},
        {"profile": "prod"},
        {"organization": "o-*"},
        {"teams": {}},
        {"teams": {"a": {"repositories": ["Payments/API"]}}},
        {"teams": {"a": {"repositories": [{"name": "a/b", "encryption": "rsa"}]}}},
        {"teams": {"Payments": {"repositories": ["a/b"]}}},
        {"unknown": True},
    ],
    ids=str,
)
def test_an_editor_marks_mistakes(
    change: dict[str, Any], validator: jsonschema.Draft202012Validator
) -> None:
    """What a file may not say is already red in the editor."""
    sound = yaml.safe_load(ENVIRONMENTS[0].read_text(encoding="utf-8"))
    assert list(validator.iter_errors({**sound, **change})) != []


def test_every_key_is_described() -> None:
    """Hovering over any key says what it means."""
    document = json.loads(generator.schema())
    schemas = [document, *document["$defs"].values()]
    undescribed = [
        f"{schema['title']}.{key}"
        for schema in schemas
        for key, value in schema.get("properties", {}).items()
        if "description" not in value
    ]
    assert undescribed == []
