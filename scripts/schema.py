"""Write the JSON Schema with which editors check environment files."""

import json
from pathlib import Path

from ecr_constructs.environment.json_schema import schema_of
from ecr_constructs.environment.models import Environment

PATH = Path(__file__).parent.parent / "environments" / "environment.schema.json"


def schema() -> str:
    """Return the content of the schema file."""
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema_of(Environment, with_descriptions=True),
    }
    return json.dumps(document, indent=2) + "\n"


if __name__ == "__main__":
    PATH.write_text(schema(), encoding="utf-8")
    print(f"wrote {PATH.name}")
