"""How many changes of each severity and kind there are, in the words of every format."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ecr_constructs.review.change import SEVERITIES
from ecr_constructs.review.phrases import pluralize

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ecr_constructs.review import Change, Kind, Review

NO_CHANGE = "No change."


def titled(kind: Kind) -> str:
    """Return a kind as a title: ``Access widened``."""
    return kind.replace("-", " ").capitalize()


def grouped(changes: Sequence[Change]) -> Mapping[Kind, Sequence[Change]]:
    """Return the changes of each kind, in the order of the worst of each."""
    groups: dict[Kind, list[Change]] = {}
    for each in changes:
        groups.setdefault(each.kind, []).append(each)
    return groups


def sums(review: Review) -> str:
    """Return how many changes there are: ``1 error, 0 warnings, 12 notes``."""
    counts = Counter(each.severity for each in review.changes)
    return ", ".join(pluralize(counts[each], each) for each in SEVERITIES)


def found(review: Review) -> str:
    """Return what `check` finds in what is touched."""
    counts = review.findings
    return f"Findings of check: {counts.new:,} new, {counts.known:,} known, {counts.gone:,} gone."
