"""The validators of AWS and of the community, and what they find in a template."""

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

# Replicated deletions are newer than the schemas that both validate with: their one finding that
# is no fault. ECR's API has them:
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ReplicationRule.html
NEWER_THAN_THE_SCHEMAS = "'DeleteReplication' was unexpected"

# An ARN stands in a template as the caller wrote it; these would rather have it put together.
OPINIONS = {"W9002", "W9013"}


def linted(text: str, regions: Sequence[str] = ("ALL_REGIONS",)) -> list[str]:
    """Return what cfn-lint finds in a template, for every Region unless told otherwise."""
    found = lint(text, config=ManualArgs(regions=[*regions]))
    return [
        f"{each.rule.id} {each.path}: {each.message}"
        for each in found
        if NEWER_THAN_THE_SCHEMAS not in each.message
    ]


def validated(text: str, region: str) -> list[str]:
    """Return what CloudFormation's own validator warns of in a template."""
    config = ValidateConfig(pseudo_parameter_overrides=PseudoParameterOverrides(region=region))
    found = CelEngine().validate_template(TemplateContent(text), config).diagnostics
    # Below a warning it says what every template of repositories is told: tags, replacements.
    grave = [
        each
        for each in found
        if each.severity.value >= Severity.WARN.value and each.rule_id not in OPINIONS
    ]
    return [
        f"{each.rule_id}: {each.message}"
        for each in grave
        if NEWER_THAN_THE_SCHEMAS not in each.message
    ]


@cache
def regions_with(resource_type: str) -> tuple[str, ...]:
    """Return the Regions that have a resource type, as cfn-lint knows them."""
    manager = PROVIDER_SCHEMA_MANAGER
    return tuple(each for each in REGIONS if resource_type in manager.get_resource_types(each))
