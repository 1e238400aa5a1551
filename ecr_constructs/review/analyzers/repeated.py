"""Join findings of ``check`` with the changes that have the same cause.

A policy that opens a repository is both a change of access and a violation of a rule. A reader
sees one problem with a detail, not two problems.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ecr_constructs.review.change import Change, Kind

_LIFECYCLE = tuple(f"ECR{number}" for number in (102, 112, 113, 114, 115))
# The rules that may repeat a kind of change. A rule about what AWS rejects never does.
_REPEATS: Mapping[Kind, Sequence[str]] = {
    "access-widened": (
        *("ECR206", "ECR207", "ECR208", "ECR209", "ECR212", "ECR213", "ECR215", "ECR216"),
        *("ECR510", "ECR511", "ECR512", "ECR513", "ECR514", "ECR517"),
    ),
    "unprotected": ("ECR015", "ECR016", "ECR017"),
    "weakened": ("ECR012", "ECR013", "ECR023", "ECR024"),
    "replaced": ("ECR023", "ECR025"),
    "replication": ("ECR314", "ECR315", "ECR316"),
    "images-deleted": _LIFECYCLE,
    "lifecycle": _LIFECYCLE,
}


def joined(changes: Sequence[Change]) -> list[Change]:
    """Return changes with the findings that repeat them as details.

    A finding that is worse than the change stays a finding, so that its severity counts.
    """
    at_place: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, change in enumerate(changes):
        if change.kind in _REPEATS:
            at_place[change.place].append(number)
    repeats: dict[int, list[Change]] = {}
    for number, change in enumerate(changes):
        candidates = at_place.get(change.place, ()) if change.kind == "finding" else ()
        cause = _cause(change, candidates, changes)
        if cause is None:
            repeats.setdefault(number, [])
        else:
            repeats.setdefault(cause, []).append(change)
    return [
        replace(changes[number], findings=tuple(findings)) if findings else changes[number]
        for number, findings in repeats.items()
    ]


def _cause(finding: Change, candidates: Iterable[int], changes: Sequence[Change]) -> int | None:
    """Return the index of the worst change that a finding repeats."""
    causes = [number for number in candidates if _repeats(finding, changes[number])]
    return min(causes, key=lambda number: changes[number].order, default=None)


def _repeats(finding: Change, change: Change) -> bool:
    match finding.after:
        case {"rule": rule, "path": str(path)} if "suppressed" not in finding.codes:
            # A change of the resource as a whole has no properties, an absent property no path.
            name = re.split(r"[.\[]", path.removeprefix("Properties").removeprefix("."))[0]
            is_there = not change.properties or name in ("", *change.properties)
            is_mild = finding.severity <= change.severity
            return is_there and is_mild and rule in _REPEATS[change.kind]
    return False
