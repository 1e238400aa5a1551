"""Which images ECR signs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.model.lifecycle.tag_match import covers
from ecr_constructs.review.analyzers.settings.loss import Loss, images_of
from ecr_constructs.review.phrases import but_for, format_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.cloudformation.graph import Resource


def lost(had: Resource | None, has: Resource | None) -> Iterator[Loss]:
    """Yield for each signing profile what it no longer signs."""
    signed = _signed(has)
    for profile, patterns in _signed(had).items():
        kept = signed.get(profile, {})
        gone = [each for each in patterns if not any(covers(wide, each) for wide in kept)]
        if gone:
            rest = [each for each in kept if any(covers(wide, each) for wide in gone)]
            images = images_of(gone)
            name = format_value(profile).rpartition("/")[2]
            yield Loss(
                weaker=f"{images} are no longer signed with the profile {name}{but_for(rest)}",
                stronger=f"{images} are signed with the profile {name}",
                properties=("Rules",),
                details=("Who verifies signatures will refuse what is pushed from then on.",),
            )


def _signed(configuration: Resource | None) -> dict[str, dict[str, None]]:
    """Return the patterns of the repositories whose images each profile signs."""
    found: dict[str, dict[str, None]] = {}
    for index, each in configuration.mappings("Rules") if configuration else ():
        assert configuration is not None
        entries = configuration.mappings("Rules", index, "RepositoryFilters")
        filters = [str(entry.get("Filter")) for _, entry in entries]
        patterns = found.setdefault(str(each.get("SigningProfileArn")), {})
        # A rule without filters is for all repositories.
        patterns.update(dict.fromkeys(filters or ["*"]))
    return found
