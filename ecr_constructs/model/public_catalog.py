"""The entry of a public repository in the Amazon ECR Public Gallery, and its name."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import (
    count_errors,
    duplicate_errors,
    item_errors,
    located,
    raise_if_invalid,
    require_list,
    text_length_errors,
)

# There is one registry for all Regions:
# https://docs.aws.amazon.com/general/latest/gr/ecr-public.html
PUBLIC_REGION = "us-east-1"
# https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_CreateRepository.html
NAME_MIN_LENGTH = 2
NAME_MAX_LENGTH = 205
_PART = r"[a-z0-9]+(?:[._-][a-z0-9]+)*"
_NAME = re.compile(rf"(?:{_PART}/)*{_PART}")

# CloudFormation allows less text than the API (25,600), and its limit applies:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-ecr-publicrepository-repositorycatalogdata.html
DESCRIPTION_MAX_LENGTH = 1_024
TEXT_MAX_LENGTH = 10_240
MAX_LABELS = 50
LABEL_MAX_LENGTH = 50

# The gallery searches for these; any other label is stored but not searched for.
# https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_RepositoryCatalogDataInput.html
ARCHITECTURES = ("ARM", "ARM 64", "x86", "x86-64")
OPERATING_SYSTEMS = ("Linux", "Windows")


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogData:
    """The entry of a repository in the gallery, which CloudFormation accepts.

    The description is a line or two in search results; `about` and `usage` are Markdown.
    """

    description: str | None = None
    about: str | None = None
    usage: str | None = None
    architectures: Sequence[str] = ()
    operating_systems: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Validate the entry."""
        require_list("architectures", self.architectures)
        require_list("operating_systems", self.operating_systems)
        raise_if_invalid("catalog data", self.description, self._errors())

    def _errors(self) -> Iterator[Diagnostic]:
        for name, text, limit in (
            ("description", self.description, DESCRIPTION_MAX_LENGTH),
            ("about", self.about, TEXT_MAX_LENGTH),
            ("usage", self.usage, TEXT_MAX_LENGTH),
        ):
            if text is not None and not is_unresolved(text):
                yield from located(
                    name, text_length_errors("catalog-text-length", name, text, limit)
                )
        yield from _label_errors("architectures", self.architectures)
        yield from _label_errors("operating_systems", self.operating_systems)

    def unlisted(self) -> list[str]:
        """Return the architectures and operating systems that the gallery does not search for."""
        return [
            label
            for labels, searched in (
                (self.architectures, ARCHITECTURES),
                (self.operating_systems, OPERATING_SYSTEMS),
            )
            for label in labels
            if label not in searched and not is_unresolved(label)
        ]


def public_name_errors(name: str) -> Iterator[Diagnostic]:
    """Yield each reason why ECR Public rejects a repository name."""
    yield from text_length_errors(
        "public-repository-name-length", "", name, NAME_MAX_LENGTH, least=NAME_MIN_LENGTH
    )
    if not _NAME.fullmatch(name):
        yield Diagnostic(
            "public-repository-name-format",
            "may hold only lowercase letters and digits, between them a single '.', '_', "
            "'-' or '/'; the registry's alias is added automatically",
        )


def _label_errors(path: str, labels: Sequence[str]) -> Iterator[Diagnostic]:
    yield from count_errors("catalog-label-count", labels, MAX_LABELS, path, path)
    yield from item_errors(
        path,
        labels,
        lambda label: text_length_errors(
            "catalog-label-length", f"{label!r}", label, LABEL_MAX_LENGTH, least=1
        ),
    )
    yield from duplicate_errors("catalog-label-duplicate", path, labels)
