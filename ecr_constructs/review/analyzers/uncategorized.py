"""What no other part of a review speaks of, in one line each."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ecr_constructs.cloudformation.resource import Resource
from ecr_constructs.cloudformation.resource_types import REPOSITORY
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.review.change import Change
from ecr_constructs.review.comparison import Comparison, Pair
from ecr_constructs.review.phrases import join_names

_ATTRIBUTES = (
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "Condition",
    "CreationPolicy",
    "UpdatePolicy",
)
# Tells CDK's own which versions an app uses.
_SILENT = ("AWS::CDK::Metadata",)


def changes(comparison: Comparison, said: Sequence[Change]) -> Iterator[Change]:
    """Yield what is left.

    Args:
        comparison: Both sides.
        said: What others said.
    """
    told: dict[tuple[str, str], set[str]] = defaultdict(set)
    for change in said:
        # A finding tells what is wrong, not what is changed.
        if change.kind != "finding":
            told[change.place].update(change.properties or ("",))
    for pair in comparison.pairs:
        place = pair.stack, pair.resource.id
        if pair.type not in _SILENT and (summary := _summary(pair, told.get(place, set()))):
            yield Change(
                kind="other",
                severity=Severity.NOTE,
                stack=pair.stack,
                resource=pair.resource.id,
                repository=pair.name,
                summary=summary,
            )


def _summary(pair: Pair, told: set[str]) -> str | None:
    if pair.before is None:
        return None if "" in told else f"{pair.label} is new{_like(pair)}"
    if pair.after is None:
        return None if told else f"{pair.label} is gone"
    names = [name for name in _changed(pair.before, pair.after) if name not in told]
    if not names or "" in told:
        return None
    return f"{pair.label}: {join_names(names)} {'is' if len(names) == 1 else 'are'} changed"


def _like(pair: Pair) -> str:
    if pair.type != REPOSITORY:
        return ""
    tags = pair.resource.text("ImageTagMutability") or "MUTABLE"
    kind = pair.resource.text("EncryptionConfiguration", "EncryptionType") or "AES256"
    return f": {tags}, {kind}"


def _changed(before: Resource, after: Resource) -> Iterator[str]:
    for name in dict.fromkeys((*before.properties, *after.properties)):
        if before.get(name) != after.get(name):
            yield name
    for name in _ATTRIBUTES:
        if before.body.get(name) != after.body.get(name):
            yield name
