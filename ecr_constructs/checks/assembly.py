"""The former place of `ecr_constructs.cloudformation.graph`; it goes away with the next release."""

from warnings import warn

from ecr_constructs.cloudformation.graph import Stack
from ecr_constructs.cloudformation.graph import TemplateSet as Assembly

__all__ = ["Assembly", "Stack"]

warn(
    "ecr_constructs.checks.assembly is now ecr_constructs.cloudformation.graph",
    DeprecationWarning,
    stacklevel=2,
)
