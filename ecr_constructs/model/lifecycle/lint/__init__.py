"""What is suspicious about a lifecycle policy that ECR accepts."""

from ecr_constructs.model.lifecycle.lint.finding import UNKNOWN, Context, Finding, Severity
from ecr_constructs.model.lifecycle.lint.observed import observed_findings
from ecr_constructs.model.lifecycle.lint.selections import selection_findings
from ecr_constructs.model.lifecycle.lint.whole import whole_findings

__all__ = [
    "UNKNOWN",
    "Context",
    "Finding",
    "Severity",
    "observed_findings",
    "selection_findings",
    "whole_findings",
]
