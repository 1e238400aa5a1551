"""An assertion for tests of any CDK app or template."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from os import PathLike
from typing import Any, Protocol

from ecr_constructs.checks.config import Config
from ecr_constructs.checks.engine import check
from ecr_constructs.checks.finding import Finding
from ecr_constructs.cloudformation.template import Template
from ecr_constructs.model.printable import printable


class HasJson(Protocol):
    """The part of ``aws_cdk.assertions.Template`` that is used."""

    def to_json(self) -> Mapping[str, Any]:
        """Return the template's content."""


def assert_no_findings(
    template: Template | Mapping[str, Any] | HasJson,
    *,
    ignore: Iterable[str] = (),
    config: Config | str | PathLike[str] | None = None,
) -> None:
    """Fail a test if a template has a finding.

    Args:
        template: A `Template`, its content, or an ``aws_cdk.assertions.Template``.
        ignore: Ids of rules to ignore. Default: none.
        config: A configuration or its file; ``Config()`` is the default rules. Default: the
            nearest file in the current folder or above, as for the command.

    Raises:
        AssertionError: There are findings; the message has a line for each.
        ConfigError: The configuration has unknown keys, rules or values.
    """
    settings = Config.given(config)
    settings = replace(settings, select=settings.select - set(ignore))
    findings = check([_template(template)], config=settings)
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
    return printable(f"{finding.rule} {place}: {finding.message}. {finding.remedy}")
