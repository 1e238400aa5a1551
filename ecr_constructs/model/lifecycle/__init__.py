"""Lifecycle policies: which images go, and when."""

from ecr_constructs.model.lifecycle.forecast import Forecast
from ecr_constructs.model.lifecycle.image import Image
from ecr_constructs.model.lifecycle.inventory import Inventory
from ecr_constructs.model.lifecycle.lint import Context, Finding, Severity
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.lifecycle.readings import Readings, TieOrder
from ecr_constructs.model.lifecycle.retention import Retention
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.simulation import Fate, Outcome, Simulation

__all__ = [
    "Context",
    "Fate",
    "Finding",
    "Forecast",
    "Image",
    "Inventory",
    "LifecyclePolicy",
    "LifecycleRule",
    "Outcome",
    "Readings",
    "Retention",
    "Severity",
    "Simulation",
    "TieOrder",
]
