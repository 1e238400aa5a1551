"""Names of repositories, their prefixes, and tags of images."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.partitions import partition_of
from ecr_constructs.model.tokens import filled, is_unresolved, legible, literal_length
from ecr_constructs.model.validation import raise_if_invalid, reject, text_length_errors

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
NAME_MIN_LENGTH = 2
NAME_MAX_LENGTH = 256
# One path component: letters and digits, between them one '.', one or two '_', any number of '-'.
_PART = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
NAME_PATTERN = rf"{_PART}(?:/{_PART})*"
_COMPONENT = re.compile(_PART)
_OTHER_CHARACTER = re.compile(r"[^a-z0-9._/-]")
_URI = re.compile(r"^(?:https?://)?[0-9]{12}\.dkr[.-]ecr[^/]*/(?P<name>[^:@]+)")

_REPOSITORY_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):ecr:(?P<region>[a-z]{2,}(?:-[a-z]+)+-[0-9]+):[0-9]{12}"
    r":repository/(?P<name>.+)"
)

# https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
TAG_PATTERN = r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}"
_TAG = re.compile(TAG_PATTERN)

# A name of an environment or a team is a part of the names of stacks, and of construct ids.
STACK_PART = "[a-z][a-z0-9]*(-[a-z0-9]+)*"


def team_name_errors(name: str) -> Iterator[Diagnostic]:
    """Yield a problem if a text is not the name of a team in an environment file."""
    yield from _stack_part_errors("team-name", "a team name", name)


def environment_name_errors(name: str) -> Iterator[Diagnostic]:
    """Yield a problem if a text is not the name of an environment."""
    yield from _stack_part_errors("environment-name", "an environment name", name)


def _stack_part_errors(code: str, subject: str, name: str) -> Iterator[Diagnostic]:
    if not re.fullmatch(STACK_PART, name):
        message = f"{subject} is lowercase letters and digits, joined by single hyphens"
        yield Diagnostic(code, f"{message}, and begins with a letter")


def construct_id(name: str) -> str:
    """Return the construct id of an environment, team or Region: ``DataPlatform``."""
    return "".join(map(str.capitalize, name.split("-")))


def stack_name(environment: str, part: str) -> str:
    """Return the name of a stack of an environment: of a team, or ``registry``."""
    return f"{environment}-ecr-{part}"


def check_repository_name(name: str) -> None:
    """Reject a name that ECR rejects; a deploy-time name passes.

    Limits: 2 to 256 characters, components of lowercase letters and digits joined by ``/``
    (https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html).
    """
    if not is_unresolved(name):
        raise_if_invalid("repository name", name, dict.fromkeys(repository_name_errors(name)))


def repository_name_errors(name: str) -> Iterator[Diagnostic]:
    """Yield each reason why ECR rejects a repository name."""
    if name.startswith("arn:"):
        own = _REPOSITORY_ARN.fullmatch(name)
        yield Diagnostic(
            "repository-name-is-arn",
            "is an ARN, not a name",
            remedy=f"write {own['name']!r}, or import it with from_repository_arn" if own else "",
        )
        return
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


def repository_arn_errors(arn: str) -> Iterator[Diagnostic]:
    """Yield each reason why a text is not the ARN of a repository."""
    match = _REPOSITORY_ARN.fullmatch(arn)
    if match is None:
        yield Diagnostic(
            "repository-arn-format",
            "must be 'arn:aws:ecr:REGION:ACCOUNT:repository/NAME' with an account of 12 digits",
            "repository_arn",
        )
        return
    if (partition := partition_of(match["region"])) != match["partition"]:
        yield Diagnostic(
            "repository-arn-partition",
            f"is in the partition {match['partition']}, and the Region {match['region']} in "
            f"{partition}",
            "repository_arn",
        )
    for error in repository_name_errors(match["name"]):
        yield replace(error, path="repository_arn")


def partial_name_errors(
    name: str, errors_of: Callable[[str], Iterable[Diagnostic]]
) -> Iterator[Diagnostic]:
    """Yield each reason why ECR rejects a name or prefix, whatever its deploy-time parts are.

    A part can be any text. Letters are valid everywhere: what is still wrong with them in the place
    of each part is wrong with any value. A length is wrong only if the known parts are too long.
    """
    if not is_unresolved(name):
        yield from errors_of(name)
        return
    most = NAME_MAX_LENGTH
    for error in errors_of(filled(name, "aa")) if literal_length(name) else ():
        if not error.code.endswith("-length"):
            # A suggestion would repeat the letters.
            yield replace(
                error, message=error.message.replace(filled(name, "aa"), legible(name)), remedy=""
            )
    if literal_length(name) > most:
        message = f"must be at most {most} characters long, has {literal_length(name)} and more"
        yield Diagnostic("repository-name-length", message)


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


# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RepositoryFilter.html
FILTER_MIN_LENGTH = 2
FILTER_MAX_LENGTH = 256
_FILTER = re.compile(r"(?:[a-z0-9]+(?:[._-][a-z0-9]*)*/)*[a-z0-9]*(?:[._-][a-z0-9]*)*")

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepositoryCreationTemplate.html
ROOT = "ROOT"
NAMESPACE_MAX_LENGTH = 256
_NAMESPACE = re.compile(rf"{NAME_PATTERN}/?|{ROOT}")


def filter_errors(prefix: str) -> Iterator[Diagnostic]:
    """Yield each reason why ECR rejects a replication rule's prefix."""
    subject = f"prefix {prefix!r}"
    yield from text_length_errors(
        "prefix-length", subject, prefix, FILTER_MAX_LENGTH, least=FILTER_MIN_LENGTH
    )
    if "*" in prefix:
        stem = prefix.partition("*")[0]
        yield Diagnostic(
            "prefix-is-pattern",
            f"{subject} must be the beginning of names, not a pattern",
            remedy=f"write {stem!r}" if len(stem) >= FILTER_MIN_LENGTH else "",
        )
    elif not _FILTER.fullmatch(prefix):
        yield Diagnostic(
            "prefix-format",
            f"{subject} must be the beginning of a repository name: lowercase letters, "
            "digits, '.', '_', '-' and '/'",
        )


def namespace_errors(prefix: str, max_length: int = NAMESPACE_MAX_LENGTH) -> Iterator[Diagnostic]:
    """Yield each reason why ECR rejects the prefix of a template or a cache.

    It is ``ROOT`` or a namespace: ``payments`` covers ``payments/api`` and all below. The longest
    prefixes of templates and caches differ.
    """
    subject = f"prefix {prefix!r}"
    yield from text_length_errors("namespace-length", subject, prefix, max_length, least=1)
    if not _NAMESPACE.fullmatch(prefix):
        yield Diagnostic(
            "namespace-format",
            f"{subject} must be {ROOT}, or the beginning of a repository name up to a "
            "slash, such as 'payments'",
        )


def namespace_of(prefix: str) -> str:
    """Return the beginning of the names of a prefix's repositories: ``payments/``, or nothing."""
    return "" if prefix == ROOT else f"{prefix.rstrip('/')}/"


def covers(prefixes: Iterable[str], name: str) -> bool:
    """Return whether a rule with these prefixes covers a repository; no prefix covers all."""
    prefixes = list(prefixes)
    return not prefixes or any(map(name.startswith, prefixes))


def shared(prefixes: Collection[str], others: Collection[str]) -> set[str]:
    """Return prefixes of the repositories that both cover; no prefix covers all, as ``""`` does."""
    pairs = [(a, b) for a in prefixes or [""] for b in others or [""]]
    return {a for a, b in pairs if a.startswith(b)} | {b for a, b in pairs if b.startswith(a)}


def cover(wanted: Iterable[str], unwanted: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the shortest namespaces that cover the wanted repositories and no unwanted one.

    A repository that no such namespace covers is listed by its own name. It is an error if a wanted
    name begins an unwanted one: no prefix selects one without the other.
    """
    avoided = list(unwanted)
    prefixes: set[str] = set()
    for name in sorted(wanted):
        parts = name.split("/")
        candidates = ["/".join(parts[:end]) + "/" for end in range(1, len(parts))] + [name]
        for prefix in candidates:
            if not any(avoided_name.startswith(prefix) for avoided_name in avoided):
                prefixes.add(prefix)
                break
        else:
            longer = next(avoided_name for avoided_name in avoided if avoided_name.startswith(name))
            reject(
                "replication",
                name,
                "prefix-ambiguous",
                f"a replication rule selects by prefix, and {name!r} begins {longer!r}, which is "
                "not to be replicated",
                remedy="rename one of them, or replicate both or neither",
            )
    return tuple(
        prefix
        for prefix in sorted(prefixes)
        if not any(prefix != other and prefix.startswith(other) for other in prefixes)
    )
