"""Report what no other analyzer reports, one line per resource."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.resource_types import REPOSITORY
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.review.change import Change
from ecr_constructs.review.comparison import Comparison, Pair
from ecr_constructs.review.phrases import join_names

_ATTRIBUTES = (
    *("DeletionPolicy", "UpdateReplacePolicy"),
    *("Condition", "CreationPolicy", "UpdatePolicy"),
)
# CDK's own record of versions.
_SILENT = ("AWS::CDK::Metadata",)


def changes(comparison: Comparison, reported: Sequence[Change]) -> Iterator[Change]:
    """Yield the changes that are not among the reported ones."""
    handled: dict[tuple[str, str], set[str]] = defaultdict(set)
    for change in reported:
        # A finding reports a problem, not a change.
        if change.kind != "finding":
            handled[change.place].update(change.properties or ("",))
    for pair in comparison.pairs:
        place = pair.stack, pair.resource.id
        if pair.type not in _SILENT and (summary := _summary(pair, handled.get(place, set()))):
            code, sentence = summary
            yield pair.change("other", Severity.NOTE, sentence, codes=(code,))


def _summary(pair: Pair, handled: set[str]) -> tuple[str, str] | None:
    """Return what changes, independent of the wording and in words."""
    if pair.before is None:
        return None if "" in handled else ("new", f"{pair.label} is new{_like(pair)}")
    if pair.after is None:
        return None if handled else ("removed", f"{pair.label} is removed")
    names = [name for name in _changed(pair.before, pair.after) if name not in handled]
    if not names or "" in handled:
        return None
    verb = "changes" if len(names) == 1 else "change"
    return f"changed {', '.join(names)}", f"{pair.label}: {join_names(names)} {verb}"


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
