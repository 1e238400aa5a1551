"""The checks as a plugin of CDK's own validation: each synthesis of an app runs them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import aws_cdk as cdk
import jsii

from ecr_constructs.checks.engine import report
from ecr_constructs.checks.finding import Finding, Severity
from ecr_constructs.checks.rule import Rule
from ecr_constructs.checks.rules import RULES
from ecr_constructs.checks.rules.suppressions import UNREASONED, UNUSED
from ecr_constructs.cloudformation.acknowledgments import (
    PLUGIN,
    Acknowledgment,
    above,
    acknowledged_in,
)
from ecr_constructs.cloudformation.cloud_assembly import StackFile
from ecr_constructs.cloudformation.loading import with_nested

if TYPE_CHECKING:
    from ecr_constructs.cloudformation.template import Template


@jsii.implements(cdk.IPolicyValidationPlugin)
class EcrChecks:
    """Judges what an app says of Amazon ECR, whoever wrote it.

    ``cdk.Validations.of(app).add_plugins(EcrChecks())`` covers all stages, stacks and nested
    stacks of the app, and sees what one stack does to another. An error ends the synthesis, a
    warning is shown.

    To live with a finding, acknowledge it on a construct, with the plugin's name before the id:
    ``cdk.Acknowledgment(id="EcrChecks::ECR101", reason="…")``. What a template's metadata
    suppresses is suppressed here too.
    """

    def __init__(self, *, fail_on: Severity = "error") -> None:
        """Say what ends the synthesis.

        Args:
            fail_on: ``error``, or ``warning`` to take warnings for errors. Default: errors only.

        Raises:
            ValueError: Neither of the two.
        """
        if fail_on not in ("error", "warning"):
            msg = f"fail_on must be 'error' or 'warning', got {fail_on!r}"
            raise ValueError(msg)
        self._fail_on = fail_on

    @property
    def name(self) -> str:
        """The name before our ids in acknowledgments."""
        return PLUGIN

    @property
    def version(self) -> str:
        """The version of this library."""
        return version("ecr-constructs")

    @property
    def rule_ids(self) -> list[str]:
        """The ids of all rules."""
        return [*RULES]

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Judge all templates together; CDK calls this when they are written."""
        owners: dict[str | None, str] = {}
        templates: list[Template] = []
        stacks = context.stack_templates
        acknowledged = [*above(context.app_construct, [s.stack_construct_path for s in stacks])]
        for stack in stacks:
            path = Path(stack.template_path)
            acknowledged += acknowledged_in(path).all
            for template in with_nested(StackFile(path, stack.account_id, stack.region)):
                owners[str(template.path)] = stack.stack_construct_path
                # As messages name it; CDK gives each template of an app a file name of its own.
                templates.append(replace(template, name=Path(template.name).name))
        judged = report(templates)
        violations = [*self._violations(judged.findings, owners), *self._about(acknowledged)]
        return cdk.PolicyValidationPluginReport(
            success=all(each.severity != "error" for each in violations),
            violations=violations,
            # What was acknowledged is listed by CDK.
            metadata={_name(each.finding): each.reason for each in judged.suppressed},
        )

    def _violations(
        self, findings: Sequence[Finding], owners: Mapping[str | None, str]
    ) -> Iterator[cdk.PolicyViolation]:
        alike: dict[tuple[str, str, str], list[cdk.PolicyViolatingResource]] = defaultdict(list)
        for each in findings:
            alike[each.rule, _message(each), each.remedy].append(
                cdk.PolicyViolatingResource(
                    # CDK finds the construct of a resource; the template as a whole is the stack.
                    resource_logical_id=each.resource or None,
                    construct_path=None if each.resource else owners[each.file],
                    template_path=each.file,
                    locations=[each.where],
                )
            )
        for (rule, message, remedy), resources in alike.items():
            yield self._violation(RULES[rule], message, remedy, resources)

    def _about(self, acknowledged: Sequence[Acknowledgment]) -> Iterator[cdk.PolicyViolation]:
        """Yield what is wrong with acknowledgments."""
        for each in acknowledged:
            here = [cdk.PolicyViolatingResource(construct_path=each.path, locations=[])]
            named = f"{PLUGIN}::{each.rule}"
            if each.plugin == PLUGIN and not each.reason:
                message = f"{each.rule} is acknowledged without a reason"
                yield self._violation(UNREASONED, message, "Give the Acknowledgment one.", here)
            elif each.plugin == _NO_PLUGIN and each.rule in RULES:
                message = f"{each.rule} is acknowledged without the plugin's name, to no effect"
                yield self._violation(UNUSED, message, f"Write id={named!r}.", here)

    def _violation(
        self, rule: Rule, message: str, fix: str, resources: Sequence[cdk.PolicyViolatingResource]
    ) -> cdk.PolicyViolation:
        return cdk.PolicyViolation(
            rule_name=rule.id,
            severity="error" if self._fail_on == "warning" else rule.severity,
            description=message,
            fix=fix,
            violating_resources=resources,
            rule_metadata={"source": rule.source, "controls": ", ".join(rule.controls)},
        )


# What CDK writes before an id that has no plugin's name.
_NO_PLUGIN = "Annotation"


def _message(finding: Finding) -> str:
    # As CDK's own plugin does.
    where = finding.where.removeprefix("Properties.")
    return finding.message if where == finding.where else f"{where}: {finding.message}"


def _name(finding: Finding) -> str:
    return " ".join(filter(None, (finding.rule, finding.template, finding.resource)))
