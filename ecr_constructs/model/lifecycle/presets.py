"""Lifecycle policies for the three usual kinds of environment."""

from collections.abc import Iterator, Sequence

from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.validation import require_list


class Retention:
    """Ready-made lifecycle policies, from short to long.

    Each names what it deletes. An image that an index references, or that a signature or SBOM
    refers to, is never deleted before the other (ECR's own rule).
    """

    @staticmethod
    def development(*, protect_tags: Sequence[str] = ()) -> LifecyclePolicy:
        """Keep what is being worked on.

        Deletes: untagged images 3 days after their push (in a mutable repository each push of
        ``latest`` leaves one), and all but the newest 50 images. A count, not an age: a
        repository that nobody pushes to keeps its images.

        Args:
            protect_tags: Patterns of tags whose images are never deleted. Default: none.
        """
        return LifecyclePolicy(
            *protect(protect_tags),
            LifecycleRule.expire_untagged(after_days=3),
            LifecycleRule.keep_last(50),
        )

    @staticmethod
    def staging(*, protect_tags: Sequence[str] = ()) -> LifecyclePolicy:
        """Keep what may still be promoted or rolled back to.

        Deletes: untagged images 7 days after their push, and all but the newest 200 images.

        Args:
            protect_tags: Patterns of tags whose images are never deleted. Default: none.
        """
        return LifecyclePolicy(
            *protect(protect_tags),
            LifecycleRule.expire_untagged(after_days=7),
            LifecycleRule.keep_last(200),
        )

    @staticmethod
    def production(*, protect_tags: Sequence[str] = ("v*", "release-*")) -> LifecyclePolicy:
        """Keep releases for ever and everything else for a year.

        Deletes: untagged images 30 days after their push, and images without a protected tag
        365 days after their push, in use or not.

        Args:
            protect_tags: Patterns of tags whose images are never deleted. Default: ``v*`` and
                ``release-*``.
        """
        return LifecyclePolicy(
            *protect(protect_tags),
            LifecycleRule.expire_untagged(after_days=30),
            LifecycleRule.expire(after_days=365),
        )


def protect(tag_patterns: Sequence[str]) -> Iterator[LifecycleRule]:
    """Yield one protecting rule for each pattern: a list in one rule would mean ALL of them."""
    require_list("protect_tags", tag_patterns)
    for pattern in tag_patterns:
        yield LifecycleRule.protect(pattern, description=f"Protect {pattern}")
