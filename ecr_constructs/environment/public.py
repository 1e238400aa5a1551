"""Repositories of Amazon ECR Public in an environment file."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from ecr_constructs.environment.parts import Strict, schema, valid
from ecr_constructs.environment.values import AccountId, Acknowledgments, PrincipalArn, Tags
from ecr_constructs.model.public_catalog import (
    DESCRIPTION_MAX_LENGTH,
    LABEL_MAX_LENGTH,
    MAX_LABELS,
    NAME_MAX_LENGTH,
    NAME_MIN_LENGTH,
    TEXT_MAX_LENGTH,
    CatalogData,
    public_name_errors,
)

_Text = Annotated[str, schema(maxLength=TEXT_MAX_LENGTH)]
_Label = Annotated[str, schema(minLength=1, maxLength=LABEL_MAX_LENGTH)]
_Labels = Annotated[list[_Label], Field(max_length=MAX_LABELS)]
_Name = Annotated[
    str,
    valid(public_name_errors),
    schema(minLength=NAME_MIN_LENGTH, maxLength=NAME_MAX_LENGTH),
]


class PublicRepository(Strict):
    """A repository that everyone may pull from."""

    name: _Name
    """The name, without the registry's alias. Changing it replaces the repository."""
    description: Annotated[str, schema(maxLength=DESCRIPTION_MAX_LENGTH)] | None = None
    """A description in search results."""
    about: _Text | None = None
    """A description of the images, in Markdown."""
    usage: _Text | None = None
    """Instructions for their use, in Markdown."""
    architectures: _Labels | None = None
    """Architectures that they run on: `ARM`, `ARM 64`, `x86`, `x86-64`."""
    operating_systems: _Labels | None = None
    """Operating systems that they run on: `Linux`, `Windows`."""
    push_accounts: list[AccountId] | None = None
    """Other accounts that may push."""
    push_principals: list[PrincipalArn] | None = None
    """Roles and users that may push. They must already exist."""
    tags: Tags | None = None
    """Tags, in addition to those of the defaults."""
    acknowledge: Acknowledgments | None = None
    """Accepted findings of `ecr-constructs check`: rule ids, each with the reason."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        CatalogData(
            description=self.description,
            about=self.about,
            usage=self.usage,
            architectures=self.architectures or (),
            operating_systems=self.operating_systems or (),
        )
        return self
