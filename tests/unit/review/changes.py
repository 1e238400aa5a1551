"""Changes and reviews, as analyzers make them."""

from collections.abc import Iterable
from typing import Any

from ecr_constructs.review import Change, Review
from ecr_constructs.review.analyzers.findings import Counts
from ecr_constructs.review.analyzers.replication import Edge

DEFAULTS: dict[str, Any] = {
    "kind": "replaced",
    "severity": "error",
    "stack": "Prod/Payments",
    "resource": "Api",
    "repository": "payments/api",
    "summary": "payments/api is replaced (EncryptionConfiguration): its images are left behind",
}


def change(**fields: Any) -> Change:
    """Return a change; by default a replaced repository."""
    return Change(**{**DEFAULTS, **fields})


def note(number: int, **fields: Any) -> Change:
    """Return one of many notes."""
    name = f"batch/job-{number:05}"
    summary = f"{name} is new: IMMUTABLE, AES256"
    fields_of_a_note = {"kind": "other", "severity": "note", "repository": name, "summary": summary}
    return change(**{**fields_of_a_note, "resource": f"Job{number:05}", **fields})


def reviewed(changes: Iterable[Change], replication: Iterable[Edge] = ()) -> Review:
    """Return a review of changes, the worst first."""
    ordered = tuple(sorted(changes, key=lambda change_: change_.order))
    return Review(ordered, Counts(new=1, known=2, gone=3), tuple(replication))
