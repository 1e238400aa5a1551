"""What the Amazon ECR Public Gallery shows of a public repository, and its name there."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid, require_list

# The registry itself exists once for all Regions:
# https://docs.aws.amazon.com/general/latest/gr/ecr-public.html
REGION = "us-east-1"
# https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_CreateRepository.html
NAME_MIN_LENGTH = 2
NAME_MAX_LENGTH = 205
_PART = r"[a-z0-9]+(?:[._-][a-z0-9]+)*"
_NAME = re.compile(rf"(?:{_PART}/)*{_PART}")

# CloudFormation allows less text than the API does (25,600), and decides:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-ecr-publicrepository-repositorycatalogdata.html
DESCRIPTION_MAX_LENGTH = 1_024
TEXT_MAX_LENGTH = 10_240
MAX_LABELS = 50
LABEL_MAX_LENGTH = 50

# The gallery searches for these; any other is kept but never found.
# https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_RepositoryCatalogDataInput.html
ARCHITECTURES = ("ARM", "ARM 64", "x86", "x86-64")
OPERATING_SYSTEMS = ("Linux", "Windows")


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogData:
    """The entry of a repository in the gallery.

    Attributes:
        description: A line or two, shown in search results.
        about: What the images are, in Markdown.
        usage: How they are used, in Markdown.
        architectures: Architectures that they run on.
        operating_systems: Operating systems that they run on.

    Raises:
        ValueError: Everything that CloudFormation would refuse, at once.
    """

    description: str | None = None
    about: str | None = None
    usage: str | None = None
    architectures: Sequence[str] = ()
    operating_systems: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Judge the whole."""
        require_list("architectures", self.architectures)
        require_list("operating_systems", self.operating_systems)
        raise_if_invalid("catalog data", self.description, self._errors())

    def _errors(self) -> Iterator[str]:
        for name, text, longest in (
            ("description", self.description, DESCRIPTION_MAX_LENGTH),
            ("about", self.about, TEXT_MAX_LENGTH),
            ("usage", self.usage, TEXT_MAX_LENGTH),
        ):
            if text is not None and not is_unresolved(text) and len(text) > longest:
                yield f"{name} may be {longest:,} characters long, is {len(text):,}"
        yield from _label_errors("architectures", self.architectures)
        yield from _label_errors("operating_systems", self.operating_systems)

    def unlisted(self) -> list[str]:
        """Return the architectures and operating systems that the gallery does not search for."""
        return [
            each
            for labels, listed in (
                (self.architectures, ARCHITECTURES),
                (self.operating_systems, OPERATING_SYSTEMS),
            )
            for each in labels
            if each not in listed and not is_unresolved(each)
        ]


def public_name_errors(name: str) -> Iterator[str]:
    """Yield a sentence for each reason why ECR Public refuses a repository name."""
    if not NAME_MIN_LENGTH <= len(name) <= NAME_MAX_LENGTH:
        yield (
            f"must be {NAME_MIN_LENGTH} to {NAME_MAX_LENGTH} characters long, this is {len(name)}"
        )
    if not _NAME.fullmatch(name):
        yield (
            "may hold only lowercase letters and digits, between them a single '.', '_', '-' or "
            "'/'; the registry's alias is put before it by itself"
        )


def _label_errors(name: str, labels: Sequence[str]) -> Iterator[str]:
    if len(labels) > MAX_LABELS:
        yield f"at most {MAX_LABELS} {name} are allowed, these are {len(labels)}"
    for index, each in enumerate(labels):
        if is_unresolved(each):
            continue
        if not 1 <= len(each) <= LABEL_MAX_LENGTH:
            yield f"{name}: {each!r} must be 1 to {LABEL_MAX_LENGTH} characters long"
        if each in labels[:index]:
            yield f"{name}: {each!r} is listed twice"
