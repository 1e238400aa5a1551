"""The checks as a CDK policy validation plugin, which runs at each synthesis."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import aws_cdk as cdk
import jsii

from ecr_constructs.checks.config import Config
from ecr_constructs.checks.config_file import NEVER
from ecr_constructs.checks.engine import report
from ecr_constructs.checks.finding import Finding
from ecr_constructs.checks.rule import Rule
from ecr_constructs.checks.rules import RULES
from ecr_constructs.checks.rules.template import UNREASONED, UNUSED
from ecr_constructs.checks.suppressions import unknown_rule
from ecr_constructs.cloudformation.acknowledgments import (
    DECLARED_IN,
    PLUGIN,
    Acknowledgment,
    above,
    acknowledged_in,
)
from ecr_constructs.cloudformation.cloud_assembly import StackFile, stack_files
from ecr_constructs.cloudformation.loading import with_nested
from ecr_constructs.model.arguments import checked
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.printable import printable
from ecr_constructs.model.validation import reject

if TYPE_CHECKING:
    from ecr_constructs.cloudformation.template import Template


@checked
@jsii.implements(cdk.IPolicyValidationPlugin)
class EcrChecks:
    """Checks the Amazon ECR resources of an app, from this or any other library.

    ``cdk.Validations.of(app).add_plugins(EcrChecks())`` covers all stages, stacks and nested
    stacks of the app, and compares stacks with each other. An error fails the synthesis, a
    warning is printed.

    To accept a finding, acknowledge it on a construct, with the plugin name before the id:
    ``cdk.Acknowledgment(id="EcrChecks::ECR101", reason="…")``. Suppressions in the
    metadata of a template apply as well.

    Example:
        >>> import aws_cdk as cdk
        >>> app = cdk.App()
        >>> cdk.Validations.of(app).add_plugins(EcrChecks(fail_on="warning"))
    """

    def __init__(
        self,
        *,
        fail_on: Literal["error", "warning"] | Severity | None = None,
        config: Config | str | PathLike[str] | None = None,
    ) -> None:
        """Set the minimum severity that fails the synthesis, and the configuration.

        Args:
            fail_on: ``error``, or ``warning`` to report warnings as errors. Default: that of the
                configuration, or else ``error``.
            config: A configuration or its file; ``Config()`` is the default rules. Default: the
                nearest ``ecr-constructs.toml``, or ``pyproject.toml`` with a table
                ``tool.ecr-constructs``, in the current folder or above.

        Raises:
            ValidationError: ``fail-on-unknown``: another value.
            ConfigError: The configuration has unknown keys, rules or values.
        """
        if fail_on not in ("error", "warning", None):
            reject(
                "option of EcrChecks",
                fail_on,
                "fail-on-unknown",
                f"must be 'error' or 'warning', got {fail_on!r}",
                path="fail_on",
            )
        self._config = Config.given(config)
        self._fail_on = fail_on or self._config.fail_on or "error"

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
        """Check all templates together; CDK calls this after synthesis."""
        owners: dict[str | None, str] = {}
        templates: list[Template] = []
        stacks = context.stack_templates
        paths = [stack.stack_construct_path for stack in stacks]
        acknowledged = [*above(context.app_construct, paths)]
        # Not every supported version of CDK says here in which account and Region a stack is.
        folders = dict.fromkeys(Path(stack.template_path).parent for stack in stacks)
        files = {file.path: file for folder in folders for file in stack_files(folder)}
        for stack in stacks:
            path = Path(stack.template_path)
            acknowledged += acknowledged_in(path).all
            for template in with_nested(files.get(path, StackFile(path))):
                owners[str(template.path)] = stack.stack_construct_path
                # Messages show the file name, which is unique within an app.
                templates.append(replace(template, name=Path(template.name).name))
        result = report(templates, config=self._config)
        declared = _Declared(context.app_construct)
        violations = [
            *self._violations(result.findings, owners, declared),
            *self._about(acknowledged),
        ]
        return cdk.PolicyValidationPluginReport(
            success=all(violation.severity != "error" for violation in violations),
            violations=violations,
            # CDK itself lists acknowledged findings.
            metadata={
                printable(_name(item.finding)): printable(item.reason) for item in result.suppressed
            },
        )

    def _violations(
        self, findings: Sequence[Finding], owners: Mapping[str | None, str], declared: "_Declared"
    ) -> Iterator[cdk.PolicyViolation]:
        groups: dict[tuple[str, str, str], list[cdk.PolicyViolatingResource]] = defaultdict(list)
        for finding in findings:
            fix = f"{finding.remedy}{declared.how_to_accept(owners.get(finding.file), finding)}"
            groups[finding.rule, _message(finding), fix].append(
                cdk.PolicyViolatingResource(
                    # CDK looks up the construct of a resource; that of a template is the stack.
                    resource_logical_id=finding.resource or None,
                    construct_path=None if finding.resource else owners[finding.file],
                    template_path=finding.file,
                    locations=[printable(finding.where)],
                )
            )
        for (rule, message, fix), resources in groups.items():
            yield self._violation(self._config.rules[rule], message, fix, resources)

    def _about(self, acknowledged: Sequence[Acknowledgment]) -> Iterator[cdk.PolicyViolation]:
        """Yield acknowledgments without a reason or without effect."""
        for item in acknowledged:
            here = [cdk.PolicyViolatingResource(construct_path=item.path, locations=[])]
            for rule, message, remedy in _problems(item):
                if rule.id in self._config.rules:
                    yield self._violation(self._config.rules[rule.id], message, remedy, here)

    def _violation(
        self, rule: Rule, message: str, fix: str, resources: Sequence[cdk.PolicyViolatingResource]
    ) -> cdk.PolicyViolation:
        fails = self._fail_on != NEVER and rule.severity >= Severity(self._fail_on)
        return cdk.PolicyViolation(
            rule_name=rule.id,
            severity="error" if fails else _SEVERITIES[rule.severity],
            # CDK prints both as they are.
            description=printable(message),
            fix=printable(fix),
            violating_resources=resources,
            rule_metadata={"source": rule.source, "controls": ", ".join(rule.controls)},
        )


# CDK's names for what does not fail a synthesis.
_SEVERITIES = {Severity.ERROR: "warning", Severity.WARNING: "warning", Severity.NOTE: "info"}
# CDK's prefix for ids without a plugin name.
_NO_PLUGIN = "Annotation"
_HASH = 8
_LOGICAL_ID = re.compile(rf"(.+)[0-9A-F]{{{_HASH}}}")
# Of the constructs within one that a file declares.
_INNER_IDS = re.compile("([A-Z][A-Za-z]*)?")


def _problems(item: Acknowledgment) -> Iterator[tuple[Rule, str, str]]:
    """Yield the rule, the message and the remedy for each problem of an acknowledgment."""
    if item.plugin == PLUGIN and not item.reason:
        yield UNREASONED, f"{item.rule} is acknowledged without a reason", "Add the reason."
    if item.plugin == PLUGIN and item.rule not in RULES:
        yield UNUSED, *unknown_rule(item.rule)
    elif item.plugin == _NO_PLUGIN and item.rule in RULES:
        message = f"{item.rule} is acknowledged without the plugin name, with no effect"
        yield UNUSED, message, f"Write id={f'{PLUGIN}::{item.rule}'!r}."


class _Declared:
    """Where environment files declare the constructs of an app, if its stacks record that."""

    def __init__(self, app: Any) -> None:
        """Read nothing yet: most apps have no findings."""
        self._app = app
        # By the beginning of the logical ids, for each stack.
        self._lines: dict[str, Mapping[str, str]] = {}

    def how_to_accept(self, stack: str | None, finding: Finding) -> str:
        """Return what to write in the environment file; nothing if no file declares the resource.

        The logical id of a resource is the ids of its constructs, without separators, and a hash.
        """
        if stack is None or not finding.resource:
            return ""
        if stack not in self._lines:
            self._lines[stack] = self._read(stack)
        lines = self._lines[stack]
        ids = _LOGICAL_ID.fullmatch(finding.resource)
        for end in range(len(ids[1]) if ids else 0, 0, -1):
            beginning, rest = finding.resource[:end], finding.resource[end:-_HASH]
            if beginning in lines and _INNER_IDS.fullmatch(rest):
                line = lines[beginning]
                return f" Or write acknowledge: {{{finding.rule}: REASON}} there: {line}."
        return ""

    def _read(self, stack: str) -> Mapping[str, str]:
        construct = self._app
        for name in stack.split("/"):
            construct = construct.node.find_child(name)
        recorded = [item.data for item in construct.node.metadata if item.type == DECLARED_IN]
        lines: dict[str, set[str]] = defaultdict(set)
        for construct_id, line in recorded[0].items() if recorded else ():
            lines[re.sub("[^A-Za-z0-9]", "", construct_id)].add(line)
        # Ids that differ in their separators only are not told apart.
        return {beginning: only for beginning, [only, *more] in lines.items() if not more}


def _message(finding: Finding) -> str:
    # The format of CDK's own plugin.
    where = finding.where.removeprefix("Properties.")
    return finding.message if where == finding.where else f"{where}: {finding.message}"


def _name(finding: Finding) -> str:
    return " ".join(filter(None, (finding.rule, finding.template, finding.resource)))
