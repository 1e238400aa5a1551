"""Check Amazon ECR resources in CloudFormation templates, from any tool.

Importing this package loads neither CDK nor cfn-lint; PyYAML is loaded when YAML is read.
"""

from ecr_constructs.checks.config import Config
from ecr_constructs.checks.engine import check, report
from ecr_constructs.checks.finding import Finding, Report, Suppressed
from ecr_constructs.checks.rule import Rule
from ecr_constructs.checks.rules import RULES
from ecr_constructs.checks.testing import assert_no_findings
from ecr_constructs.cloudformation.errors import CheckError
from ecr_constructs.cloudformation.loading import load
from ecr_constructs.cloudformation.template import Template
from ecr_constructs.model.diagnostics import Severity

__all__ = [
    "RULES",
    "CheckError",
    "Config",
    "Finding",
    "Report",
    "Rule",
    "Severity",
    "Suppressed",
    "Template",
    "assert_no_findings",
    "check",
    "load",
    "report",
]
