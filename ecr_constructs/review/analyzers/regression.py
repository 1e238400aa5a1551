"""A protection that one side has and the other lacks, reported in both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.review.change import Effect
from ecr_constructs.review.phrases import strip_tokens, subject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ecr_constructs.review.change import Change
    from ecr_constructs.review.comparison import Pair


class Regression(NamedTuple):
    """A protection that one side has and the other lacks.

    Attributes:
        weaker: The sentence if it is lost.
        stronger: The sentence if it is gained.
        properties: The properties that decide it.
        details: Further sentences if it is lost.
        severity: The severity of losing it.
        codes: What the sentences say, independent of their wording. Default: nothing more than
            the properties say.
    """

    weaker: str
    stronger: str
    properties: tuple[str, ...]
    details: tuple[str, ...] = ()
    severity: Severity = Severity.WARNING
    codes: tuple[str, ...] = ()


Regressions: TypeAlias = "Iterator[Regression]"


def regression_changes(
    pair: Pair, regressions: Iterable[Regression], gains: Iterable[Regression]
) -> Iterator[Change]:
    """Yield what is weakened, and what is strengthened."""
    for regression in regressions:
        summary = strip_tokens(f"{subject(pair)}: {regression.weaker}")
        effect = Effect(
            details=tuple(map(strip_tokens, regression.details)), **_values(pair, regression)
        )
        yield pair.change("weakened", regression.severity, summary, **effect)
    for gain in gains:
        summary = strip_tokens(f"{subject(pair)}: {gain.stronger}")
        yield pair.change("strengthened", Severity.NOTE, summary, **_values(pair, gain))


def _values(pair: Pair, regression: Regression) -> Effect:
    values = {name: pair.values(name) for name in regression.properties}
    return Effect(
        before={name: before for name, (before, _) in values.items()},
        after={name: after for name, (_, after) in values.items()},
        # A new or removed resource is reported as a whole.
        properties=regression.properties if pair.sides else (),
        codes=regression.codes,
    )
