"""Lifecycle policies: which images ECR deletes or archives, and when."""

from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.lifecycle.image import Image
from ecr_constructs.model.lifecycle.inventory import Inventory
from ecr_constructs.model.lifecycle.lint import Context, Finding
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy, Retention
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.simulation.engine import (
    Fate,
    FollowUp,
    Outcome,
    PreviewResult,
    Simulation,
)
from ecr_constructs.model.lifecycle.simulation.evaluation import EvaluationOptions, TieOrder
from ecr_constructs.model.lifecycle.simulation.forecast import Forecast
from ecr_constructs.model.lifecycle.simulation.rule_effects import RuleEffect, RuleStep

# The former name of `EvaluationOptions`.
Readings = EvaluationOptions

__all__ = [
    "Context",
    "EvaluationOptions",
    "Fate",
    "Finding",
    "FollowUp",
    "Forecast",
    "Image",
    "Inventory",
    "LifecyclePolicy",
    "LifecycleRule",
    "Outcome",
    "PreviewResult",
    "Readings",
    "Retention",
    "RuleEffect",
    "RuleStep",
    "Severity",
    "Simulation",
    "TieOrder",
]
