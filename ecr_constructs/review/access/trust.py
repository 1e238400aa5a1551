"""Who may assume the roles that may do something with images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.resource_types import ROLE
from ecr_constructs.review.access.identities import identity_of
from ecr_constructs.review.access.report import Subject, all_done
from ecr_constructs.review.access.resources import policy_changes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.review.access.identities import Identities
    from ecr_constructs.review.change import Change
    from ecr_constructs.review.comparison import Comparison


def changes(comparison: Comparison, base: Identities, head: Identities) -> Iterator[Change]:
    """Yield what becomes of roles' trust policies.

    Args:
        comparison: Both sides.
        base: Who has which policies in base.
        head: Who has which in head.
    """
    for pair in comparison.of_type(ROLE):
        identity = identity_of(pair.resource)
        before = base.grants(identity_of(pair.before)) if pair.before else []
        grants = (head.grants(identity_of(pair.after)) if pair.after else []) or before
        if grants:
            subject = Subject(
                called=identity.called,
                pair=pair,
                properties=("AssumeRolePolicyDocument",),
                details=(f"Whoever assumes it {all_done(grants)}.",),
            )
            yield from policy_changes(subject, "trust")
