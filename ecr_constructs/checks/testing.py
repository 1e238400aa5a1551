"""An assertion for tests of any CDK app or template."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from ecr_constructs.checks.engine import check
from ecr_constructs.checks.finding import Finding
from ecr_constructs.cloudformation.template import Template


class HasJson(Protocol):
    """The part of ``aws_cdk.assertions.Template`` that is used."""

    def to_json(self) -> Mapping[str, Any]:
        """Return the template's content."""


def assert_no_findings(
    template: Template | Mapping[str, Any] | HasJson, *, ignore: Iterable[str] = ()
) -> None:
    """Fail a test if a template has a finding.

    Args:
        template: A `Template`, its content, or an ``aws_cdk.assertions.Template``.
        ignore: Ids of rules to ignore. Default: none.

    Raises:
        AssertionError: There are findings; the message has a line for each.
    """
    ignored = set(ignore)
    findings = [item for item in check([_template(template)]) if item.rule not in ignored]
    if findings:
        lines = "".join(f"\n  - {_line(finding)}" for finding in findings)
        msg = f"{len(findings)} finding{'' if len(findings) == 1 else 's'}:{lines}"
        raise AssertionError(msg)


def _template(value: Template | Mapping[str, Any] | HasJson) -> Template:
    if isinstance(value, Template):
        return value
    return Template("template", value if isinstance(value, Mapping) else value.to_json())


def _line(finding: Finding) -> str:
    place = ".".join(filter(None, (finding.resource, finding.where)))
    return f"{finding.rule} {place}: {finding.message}. {finding.remedy}"
