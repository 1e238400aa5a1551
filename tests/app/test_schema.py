"""The JSON Schema that editors use."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from ecr_constructs.environment.loading import load_environment
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
        {"organization": None},
        {"registry": {"account_settings": {"blob_mounting": True, "registry_policy_scope": None}}},
        {"defaults": {"tag_mutability": None, "extra_tags": None}},
    ],
    ids=str,
)
def test_a_key_without_a_value_is_not_written(
    change: dict[str, Any], validator: jsonschema.Draft202012Validator, tmp_path: Path
) -> None:
    """For an editor as for the app, also where only one value is allowed."""
    sound = {**yaml.safe_load(ENVIRONMENTS[0].read_text(encoding="utf-8")), **change}
    (tmp_path / "dev.yaml").write_text(yaml.safe_dump(sound), encoding="utf-8")

    assert load_environment(tmp_path / "dev.yaml").name == "dev"
    assert list(validator.iter_errors(sound)) == []


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


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"registry": {"pull_through_caches": [{"upstream": "docker_hub"}]}},
            [("registry.pull_through_caches.0", "required")],
        ),
        (
            {"registry": {"scanning": {"type": "basic", "continuous": ["*"]}}},
            [("registry.scanning", "additionalProperties")],
        ),
        (
            {"registry": {"events": [{"event": "image_pulled", "target": "arn:aws:sqs:a"}]}},
            [("registry.events.0.event", "enum")],
        ),
        ({"defaults": {"encryption": {"key": 5}}}, [("defaults.encryption.key", "type")]),
        ({"defaults": {"encryption": "rsa"}}, [("defaults.encryption", "enum")]),
        (
            {"defaults": {"admit_lambda": {"functions": []}}},
            [("defaults.admit_lambda.functions", "minItems")],
        ),
        (
            {"defaults": {"lifecycle": [{"keep_last": {"count": 0}}]}},
            [("defaults.lifecycle.0.keep_last.count", "minimum")],
        ),
        ({"registry": None, "defaults": {"tags": None}}, []),
    ],
    ids=str,
)
def test_an_error_is_about_the_branch_that_is_meant(
    change: dict[str, Any],
    expected: list[tuple[str, str]],
    validator: jsonschema.Draft202012Validator,
) -> None:
    """The one that the key or the type chooses: no error says that none of several fits."""
    sound = yaml.safe_load(ENVIRONMENTS[0].read_text(encoding="utf-8"))
    errors = validator.iter_errors({**sound, **change})
    assert expected == [
        (".".join(map(str, error.absolute_path)), error.validator) for error in errors
    ]
