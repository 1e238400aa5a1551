"""Beginnings of repository names: what a rule, a template or a cache applies to."""

import re
from collections.abc import Collection, Iterable, Iterator

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.names import NAME_PATTERN
from ecr_constructs.model.validation import reject, text_length_errors

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

    Args:
        prefix: ``ROOT``, or a namespace: ``payments`` covers ``payments/api`` and all below.
        max_length: Characters; templates and caches differ.
    """
    subject = f"prefix {prefix!r}"
    yield from text_length_errors("namespace-length", subject, prefix, max_length, least=1)
    if not _NAMESPACE.fullmatch(prefix):
        yield Diagnostic(
            "namespace-format",
            f"{subject} must be {ROOT}, or the beginning of a repository name up to a "
            "slash, such as 'payments'",
        )


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

    A repository that no such namespace covers is listed by its own name.

    Raises:
        ValidationError: ``prefix-ambiguous``: a wanted name begins an unwanted one, so that no
            prefix selects one without the other.
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
