"""Beginnings of repository names: what a rule, a template or a cache applies to."""

import re
from collections.abc import Collection, Iterable, Iterator

from ecr_constructs.model.names import NAME_PATTERN

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RepositoryFilter.html
FILTER_MIN_LENGTH = 2
FILTER_MAX_LENGTH = 256
_FILTER = re.compile(r"(?:[a-z0-9]+(?:[._-][a-z0-9]*)*/)*[a-z0-9]*(?:[._-][a-z0-9]*)*")

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepositoryCreationTemplate.html
ROOT = "ROOT"
NAMESPACE_MAX_LENGTH = 256
_NAMESPACE = re.compile(rf"{NAME_PATTERN}/?|{ROOT}")


def filter_errors(prefix: str) -> Iterator[str]:
    """Yield a sentence for each reason why ECR refuses a replication rule's prefix."""
    if not FILTER_MIN_LENGTH <= len(prefix) <= FILTER_MAX_LENGTH:
        yield (
            f"prefix {prefix!r} must be {FILTER_MIN_LENGTH} to {FILTER_MAX_LENGTH} characters "
            f"long, is {len(prefix)}"
        )
    if "*" in prefix:
        stem = prefix.partition("*")[0]
        better = f"; write {stem!r}" if len(stem) >= FILTER_MIN_LENGTH else ""
        yield f"prefix {prefix!r} must be no pattern but the beginning of names{better}"
    elif not _FILTER.fullmatch(prefix):
        yield (
            f"prefix {prefix!r} must be the beginning of a repository name: lowercase letters, "
            "digits, '.', '_', '-' and '/'"
        )


def namespace_errors(prefix: str, max_length: int = NAMESPACE_MAX_LENGTH) -> Iterator[str]:
    """Yield a sentence for each reason why ECR refuses the prefix of a template or a cache.

    Args:
        prefix: ``ROOT``, or a namespace: ``payments`` covers ``payments/api`` and all below.
        max_length: Characters; templates and caches differ.
    """
    if not 1 <= len(prefix) <= max_length:
        yield f"prefix {prefix!r} must be 1 to {max_length} characters long, is {len(prefix)}"
    if not _NAMESPACE.fullmatch(prefix):
        yield (
            f"prefix {prefix!r} must be {ROOT}, or the beginning of a repository name up to a "
            "slash, such as 'payments'"
        )


def covers(prefixes: Iterable[str], name: str) -> bool:
    """Tell whether a rule with these prefixes covers a repository; no prefix covers all."""
    listed = list(prefixes)
    return not listed or any(map(name.startswith, listed))


def shared(prefixes: Collection[str], others: Collection[str]) -> set[str]:
    """Return prefixes of the repositories that both cover; no prefix covers all, as ``""`` does."""
    pairs = [(a, b) for a in prefixes or [""] for b in others or [""]]
    return {a for a, b in pairs if a.startswith(b)} | {b for a, b in pairs if b.startswith(a)}


def cover(wanted: Iterable[str], unwanted: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the shortest namespaces that cover the wanted repositories and no unwanted one.

    Where no namespace will do, the repository's own name stands for itself.

    Raises:
        ValueError: A wanted name begins an unwanted one, so that no prefix tells them apart.
    """
    avoided = list(unwanted)
    prefixes: set[str] = set()
    for name in sorted(wanted):
        parts = name.split("/")
        candidates = ["/".join(parts[:end]) + "/" for end in range(1, len(parts))] + [name]
        for prefix in candidates:
            if not any(other.startswith(prefix) for other in avoided):
                prefixes.add(prefix)
                break
        else:
            other = next(other for other in avoided if other.startswith(name))
            msg = (
                f"a replication rule selects by prefix, and {name!r} begins {other!r}, which is "
                "not to be replicated: rename one of them, or treat them alike"
            )
            raise ValueError(msg)
    return tuple(
        p for p in sorted(prefixes) if not any(p != q and p.startswith(q) for q in prefixes)
    )
