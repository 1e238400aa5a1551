"""Names of repositories and tags of images."""

import re
from collections.abc import Iterator

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid, text_length_errors

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
NAME_MIN_LENGTH = 2
NAME_MAX_LENGTH = 256
# One path component: letters and digits, between them one '.', one or two '_', any number of '-'.
_PART = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
NAME_PATTERN = rf"{_PART}(?:/{_PART})*"
_COMPONENT = re.compile(_PART)
_OTHER_CHARACTER = re.compile(r"[^a-z0-9._/-]")
_URI = re.compile(r"^(?:https?://)?[0-9]{12}\.dkr[.-]ecr[^/]*/(?P<name>[^:@]+)")

# https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
TAG_PATTERN = r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}"
_TAG = re.compile(TAG_PATTERN)


def check_repository_name(name: str) -> None:
    """Reject a name that ECR rejects; a deploy-time name passes.

    Limits: 2 to 256 characters, components of lowercase letters and digits joined by ``/``
    (https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html).

    Raises:
        ValidationError: Every problem of the name.
    """
    if not is_unresolved(name):
        raise_if_invalid("repository name", name, dict.fromkeys(repository_name_errors(name)))


def repository_name_errors(name: str) -> Iterator[Diagnostic]:
    """Yield each reason why ECR rejects a repository name."""
    if uri := _URI.match(name):
        yield Diagnostic(
            "repository-name-is-uri", "is an image URI, not a name", remedy=f"write {uri['name']!r}"
        )
        return
    yield from text_length_errors(
        "repository-name-length", "", name, NAME_MAX_LENGTH, least=NAME_MIN_LENGTH
    )
    if characters := sorted(set(_OTHER_CHARACTER.findall(name))):
        yield Diagnostic(
            "repository-name-characters",
            "may hold only a-z, 0-9, '.', '_', '-' and '/', found "
            + ", ".join(map(repr, characters)),
            remedy=_suggestion(name),
        )
        return
    for component in name.split("/"):
        if not component:
            yield Diagnostic(
                "repository-name-slashes", "must not begin or end with '/' nor hold '//'"
            )
        elif not _COMPONENT.fullmatch(component):
            yield Diagnostic(
                "repository-name-separators",
                "each part between slashes must begin and end with a letter or digit and "
                "may hold a single '.', one or two '_' or any number of '-' between them, "
                f"{component!r} does not",
            )


def _suggestion(name: str) -> str:
    candidate = name.strip().lower().replace(" ", "-").partition(":")[0]
    valid = candidate != name and not any(repository_name_errors(candidate))
    return f"write {candidate!r}" if valid else ""


def image_tag_errors(tag: str) -> Iterator[Diagnostic]:
    """Yield a problem if registries and clients reject a tag of an image."""
    if not _TAG.fullmatch(tag):
        yield Diagnostic(
            "image-tag-format",
            "a tag has 1 to 128 letters, digits, '_', '.' and '-', and begins with "
            "neither '.' nor '-'",
        )
