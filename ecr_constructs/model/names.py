"""Names of repositories and prefixes that select them."""

import re
from collections.abc import Iterator

from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
NAME_MIN_LENGTH = 2
NAME_MAX_LENGTH = 256
# One path component: letters and digits, between them one '.', one or two '_', any number of '-'.
_PART = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
NAME_PATTERN = rf"{_PART}(?:/{_PART})*"
_COMPONENT = re.compile(_PART)
_FOREIGN = re.compile(r"[^a-z0-9._/-]")
_URI = re.compile(r"^(?:https?://)?[0-9]{12}\.dkr[.-]ecr[^/]*/(?P<name>[^:@]+)")


def repository_name_errors(name: str) -> Iterator[str]:
    """Yield a sentence for each reason why ECR refuses a repository name."""
    if uri := _URI.match(name):
        yield f"is an image URI, not a name; write {uri['name']!r}"
        return
    if not NAME_MIN_LENGTH <= len(name) <= NAME_MAX_LENGTH:
        yield (
            f"must be {NAME_MIN_LENGTH} to {NAME_MAX_LENGTH} characters long, this is {len(name)}"
        )
    if foreign := sorted(set(_FOREIGN.findall(name))):
        found = ", ".join(map(repr, foreign))
        yield f"may hold only a-z, 0-9, '.', '_', '-' and '/', found {found}{_suggestion(name)}"
        return
    for component in name.split("/"):
        if not component:
            yield "must not begin or end with '/' nor hold '//'"
        elif not _COMPONENT.fullmatch(component):
            yield (
                f"each part between slashes must begin and end with a letter or digit and may "
                f"hold a single '.', one or two '_' or any number of '-' between them, "
                f"{component!r} does not"
            )


def _suggestion(name: str) -> str:
    better = name.strip().lower().replace(" ", "-").partition(":")[0]
    sound = better != name and not any(repository_name_errors(better))
    return f"; write {better!r}" if sound else ""


def check_repository_name(name: str) -> None:
    """Raise a ValueError listing every fault of a repository name; deploy-time values pass.

    Limits: 2 to 256 characters, components of lowercase letters and digits joined by ``/``
    (https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html).
    """
    if not is_unresolved(name):
        raise_if_invalid("repository name", name, dict.fromkeys(repository_name_errors(name)))
