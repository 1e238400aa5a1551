"""The former place of `Resource` and `Registry`, which are in `cloudformation.graph`."""

from ecr_constructs.cloudformation.graph import Registry, Resource

__all__ = ["Registry", "Resource"]
