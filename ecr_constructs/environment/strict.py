"""The base of every part of an environment file."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A part of an environment file: its keys are known, its values of the stated type."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True
    )
