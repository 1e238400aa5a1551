"""Lifecycle policies for development, staging and production."""

from collections.abc import Iterator, Sequence

from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.validation import require_list


class Retention:
    """Ready-made lifecycle policies, from short to long retention.

    ECR itself never deletes an image before the index that lists it, and deletes signatures and
    SBOMs together with their image.

    Example:
        >>> Retention.staging().in_words()[0]
        'delete untagged images 7 days after their push'
    """

    @staticmethod
    def development(*, protect_tags: Sequence[str] = ()) -> LifecyclePolicy:
        """Keep the images of current work.

        Deletes untagged images 3 days after their push (in a mutable repository each push of
        ``latest`` leaves one), and all but the newest 50 images. Images are counted, not aged, so
        that a repository without pushes keeps its images.

        Args:
            protect_tags: Tag patterns whose images are never deleted. Default: none.
        """
        return LifecyclePolicy(
            *protect(protect_tags),
            LifecycleRule.expire_untagged(after_days=3),
            LifecycleRule.keep_last(50),
        )

    @staticmethod
    def staging(*, protect_tags: Sequence[str] = ()) -> LifecyclePolicy:
        """Keep the images that may still be promoted or rolled back to.

        Deletes untagged images 7 days after their push, and all but the newest 200 images.

        Args:
            protect_tags: Tag patterns whose images are never deleted. Default: none.
        """
        return LifecyclePolicy(
            *protect(protect_tags),
            LifecycleRule.expire_untagged(after_days=7),
            LifecycleRule.keep_last(200),
        )

    @staticmethod
    def production(*, protect_tags: Sequence[str] = ("v*", "release-*")) -> LifecyclePolicy:
        """Keep releases permanently and other images for a year.

        Deletes untagged images 30 days after their push, and images without a protected tag 365
        days after their push, whether or not they are in use.

        Args:
            protect_tags: Tag patterns whose images are never deleted. Default: ``v*`` and
                ``release-*``.
        """
        return LifecyclePolicy(
            *protect(protect_tags),
            LifecycleRule.expire_untagged(after_days=30),
            LifecycleRule.expire(after_days=365),
        )


def protect(tag_patterns: Sequence[str]) -> Iterator[LifecycleRule]:
    """Yield one protecting rule for each pattern; a single rule would have to match ALL of them."""
    require_list("protect_tags", tag_patterns)
    for pattern in tag_patterns:
        yield LifecycleRule.protect(pattern, description=f"Protect {pattern}")
