"""The repositories of a registry that a grant applies to: by prefix, by tag, or both."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.prefixes import filter_errors
from ecr_constructs.model.tags import tag_errors
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import located, raise_if_invalid


@dataclass(frozen=True, slots=True)
class GrantScope:
    """The repositories that a grant applies to, which need not exist yet.

    Every action on a repository supports conditions on the repository's tags
    (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html#amazonelasticcontainerregistry-repository).

    Attributes:
        prefix: The beginning of their names; an empty one begins every name.
        tags: Tags that they all have, values by key.

    Raises:
        ValidationError: Neither is given, or ECR rejects such names or tags.
    """

    prefix: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Validate both."""
        raise_if_invalid("grant", {"prefix": self.prefix, "tags": dict(self.tags)}, self._errors())

    def _errors(self) -> Iterator[Diagnostic]:
        if self.prefix is None and not self.tags:
            yield Diagnostic(
                "grant-scope-missing",
                "name a prefix, such as prefix='payments/', or tags, such as "
                "tags={'team': 'payments'}; prefix='' includes every present and future repository",
            )
        if self.prefix and not is_unresolved(self.prefix):
            yield from located("prefix", filter_errors(self.prefix))
        yield from tag_errors(self.tags)

    @property
    def pattern(self) -> str:
        """The part of the repositories' ARNs after ``repository/``."""
        return f"{self.prefix or ''}*"

    @property
    def conditions(self) -> dict[str, Any] | None:
        """The condition on the tags, or None."""
        tests = {f"aws:ResourceTag/{key}": value for key, value in sorted(self.tags.items())}
        return {"StringEquals": tests} if tests else None
