"""What the parts of an environment file have in common: strict keys, and errors at their place."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    WithJsonSchema,
)

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.validation import ValidationError, raise_if_invalid, reject


def valid(errors_of: Callable[[Any], Iterator[Diagnostic]]) -> AfterValidator:
    """Return a validator that rejects a value with every error that the model finds."""

    def validate(value: Any) -> Any:
        # A path of the model begins with its name of the value, which the file has as a key.
        errors = [
            replace(error, path=re.sub(r"^\w+", "", error.path)) for error in errors_of(value)
        ]
        raise_if_invalid("value", value, errors)
        return value

    return AfterValidator(validate)


@contextmanager
def as_written(keys: Mapping[str, str]) -> Iterator[None]:
    """Write the paths of errors as the file does; ``*`` stands for what has no key of its own."""
    try:
        yield
    except ValidationError as error:
        problems = []
        for problem in error.diagnostics:
            [(name, rest)] = re.findall(r"^([\w.]*)(.*)", problem.path)
            path = f"{keys[name]}{rest}" if name in keys else keys.get("*", problem.path)
            problems.append(replace(problem, path=path))
        raise ValidationError(error.subject, "", problems) from None


def pattern(expression: str) -> WithJsonSchema:
    """Return the part of the JSON Schema with which an editor checks a string."""
    return WithJsonSchema({"type": "string", "pattern": f"^(?:{expression})$"})


def schema(**limits: object) -> WithJsonSchema:
    """Return the part of the JSON Schema with which an editor checks a string by its length."""
    return WithJsonSchema({"type": "string", **limits})


TEXT, MAPPING, LIST, FLAG, NUMBER = "<text>", "<mapping>", "<list>", "<flag>", "<number>"
"""The tags of values of several types. No key has such a name, so a place never has one."""
_KINDS = {str: TEXT, dict: MAPPING, list: LIST, bool: FLAG, int: NUMBER}


def _kind_of(value: object) -> str:
    return _KINDS.get(type(value), "<other>")


BY_KIND = Discriminator(_kind_of)
"""Choose a value's type by what is written, so that an error is about the type that is meant."""


class Strict(BaseModel):
    """A part of an environment file: unknown keys and values of another type are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


def given(part: Strict, names: Iterable[str]) -> list[tuple[str, Any]]:
    """Return which of some keys have a value, with the values."""
    values = ((name, getattr(part, name)) for name in names)
    return [(name, value) for name, value in values if value is not None]


def require_one(part: Strict, subject: str, names: Iterable[str]) -> None:
    """Reject a part that has none or several of some keys."""
    keys = [name for name, _ in given(part, names)]
    if len(keys) != 1:
        reject(
            subject,
            " and ".join(keys) or "none",
            f"{subject}-not-one-key",
            f"must have exactly one of the keys {', '.join(names)}, got "
            f"{' and '.join(keys) or 'none'}",
        )
