"""Texts of files: templates that are filled in, and names in YAML."""

from __future__ import annotations

import json
import re
from pathlib import Path

_TEMPLATES = Path(__file__).parent / "templates"
_FIELD = re.compile("<<([a-z_]+)>>")
# Words that YAML 1.1 does not read as text.
_NOT_TEXT = ("y", "n", "yes", "no", "on", "off", "true", "false", "null")


def filled(template: str, **values: str) -> str:
    """Return a template with its fields filled in; a value may be left out of it."""
    text = (_TEMPLATES / f"{template}.in").read_text("utf-8")
    return _FIELD.sub(lambda field: values[field[1]], text)


def scalar(name: str) -> str:
    """Return a name as YAML that is text, whatever it looks like."""
    is_text = "/" in name or (name[0].isalpha() and name.lower() not in _NOT_TEXT)
    return name if is_text else json.dumps(name)


def joined(names: list[str]) -> str:
    """Return names as a part of a sentence."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if names[1:] else names[0]
