"""The tags by which images in use are kept, and the rule that keeps them."""

from ecr_constructs.model.lifecycle.rule import LifecycleRule

PREFIX = "in-use-"
"""What the tags begin with that `ecr-constructs protect` puts on images in use."""


def protect_in_use() -> LifecycleRule:
    """Return the rule that keeps the images in use; it goes before all others.

    Example:
        >>> protect_in_use().protects
        True
    """
    return LifecycleRule.protect(f"{PREFIX}*", description="Protect images in use")
