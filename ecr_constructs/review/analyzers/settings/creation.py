"""What ECR creates repositories with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.review.analyzers.settings.loss import Loss
from ecr_constructs.review.phrases import join_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.cloudformation.graph import Resource

# By type, and whether there is a key of one's own: what is said of it, and what it has.
_ENCRYPTIONS = {
    ("AES256", False): ("AES-256", frozenset[str]()),
    ("KMS", False): ("the key of AWS", frozenset({"KMS"})),
    ("KMS", True): ("a customer managed key", frozenset({"KMS", "own"})),
    ("KMS_DSSE", False): ("the key of AWS, twice", frozenset({"KMS", "twice"})),
    ("KMS_DSSE", True): ("a customer managed key, twice", frozenset({"KMS", "own", "twice"})),
}
_WITHOUT = (
    "Without a template ECR creates repositories that are mutable, encrypted with AES-256, without "
    "any policy, and keep every image."
)


def lost_encryption(had: Resource, has: Resource) -> Iterator[Loss]:
    """Tell whether repositories are created with a weaker encryption."""
    one, other = _encryption(had), _encryption(has)
    if one is None or other is None or one[1] <= other[1]:
        return
    said = "repositories that ECR creates will be encrypted with"
    yield Loss(
        weaker=f"{said} {other[0]}, no longer with {one[0]}",
        stronger=f"{said} {one[0]}, no longer with {other[0]}",
        properties=("EncryptionConfiguration",),
        details=("A repository's encryption can never be changed.",),
    )


def _encryption(template: Resource) -> tuple[str, frozenset[str]] | None:
    kind = template.get("EncryptionConfiguration", "EncryptionType")
    key = template.get("EncryptionConfiguration", "KmsKey")
    return _ENCRYPTIONS.get(("AES256" if kind is None else str(kind), key is not None))


def lost_occasions(had: Resource, has: Resource) -> Iterator[Loss]:
    """Tell on which occasions repositories are no longer created with the template."""
    one, other = had.get("AppliedFor"), has.get("AppliedFor")
    if not isinstance(one, list) or not isinstance(other, list):
        return
    if gone := sorted({str(each) for each in one} - {str(each) for each in other}):
        yield Loss(
            weaker=f"it is no longer for {join_names(gone)}",
            stronger=f"it is for {join_names(gone)} too",
            properties=("AppliedFor",),
            details=(_WITHOUT,),
        )
