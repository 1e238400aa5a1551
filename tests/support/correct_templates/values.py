"""What the templates of several families share."""

from typing import Any

UNKNOWN = {"Ref": "Given"}


def one_of_two(content: dict[str, Any]) -> dict[str, Any]:
    """Return two resources, of which a deployment creates one."""
    conditions = {"One": "Perhaps", "Two": "PerhapsNot"}
    return {name: {**content, "Condition": condition} for name, condition in conditions.items()}
