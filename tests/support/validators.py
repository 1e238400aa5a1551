"""The validators of AWS and of the community, and their findings in a template."""

from collections.abc import Sequence
from functools import cache

from cfnlint.api import ManualArgs, lint
from cfnlint.helpers import REGIONS
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from cloudformation_validate import (
    CelEngine,
    PseudoParameterOverrides,
    Severity,
    TemplateContent,
    ValidateConfig,
)

# Replicated deletions are newer than the schemas of both validators, so this finding is a false
# alarm. ECR's API has them:
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ReplicationRule.html
NEWER_THAN_THE_SCHEMAS = "'DeleteReplication' was unexpected"

# These rules want an ARN that is joined from references; the library renders it as given.
OPINIONS = {"W9002", "W9013"}


def linted(text: str, regions: Sequence[str] = ("ALL_REGIONS",)) -> list[str]:
    """Return the findings of cfn-lint in a template, by default for every Region."""
    findings = lint(text, config=ManualArgs(regions=[*regions]))
    return [
        f"{item.rule.id} {item.path}: {item.message}"
        for item in findings
        if NEWER_THAN_THE_SCHEMAS not in item.message
    ]


def validated(text: str, region: str) -> list[str]:
    """Return the warnings and errors of CloudFormation's own validator in a template."""
    config = ValidateConfig(pseudo_parameter_overrides=PseudoParameterOverrides(region=region))
    findings = CelEngine().validate_template(TemplateContent(text), config).diagnostics
    # Its notes apply to every template of repositories: tags, replacements.
    grave = [
        item
        for item in findings
        if item.severity.value >= Severity.WARN.value and item.rule_id not in OPINIONS
    ]
    return [
        f"{finding.rule_id}: {finding.message}"
        for finding in grave
        if NEWER_THAN_THE_SCHEMAS not in finding.message
    ]


@cache
def regions_with(resource_type: str) -> tuple[str, ...]:
    """Return the Regions that have a resource type, as cfn-lint knows them."""
    manager = PROVIDER_SCHEMA_MANAGER
    return tuple(
        region for region in REGIONS if resource_type in manager.get_resource_types(region)
    )
