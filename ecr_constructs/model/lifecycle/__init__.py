"""Lifecycle policies: which images go, and when."""

from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.lifecycle.retention import Retention
from ecr_constructs.model.lifecycle.rule import LifecycleRule

__all__ = ["LifecyclePolicy", "LifecycleRule", "Retention"]
