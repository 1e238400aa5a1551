"""The rules as an assertion, for tests of any CDK app or template."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from ecr_constructs.checks.engine import check
from ecr_constructs.checks.finding import Finding
from ecr_constructs.cloudformation.template import Template


class HasJson(Protocol):
    """What is needed of an ``aws_cdk.assertions.Template``."""

    def to_json(self) -> Mapping[str, Any]:
        """Return the template's content."""


def assert_no_findings(
    template: Template | Mapping[str, Any] | HasJson, *, ignore: Iterable[str] = ()
) -> None:
    """Fail a test if a template has a finding.

    Args:
        template: A `Template`, its content, or an ``aws_cdk.assertions.Template``.
        ignore: Ids of rules that are not asked for. Default: every rule is.

    Raises:
        AssertionError: There are findings; a line for each.
    """
    ignored = set(ignore)
    found = [each for each in check([_template(template)]) if each.rule not in ignored]
    if found:
        lines = "".join(f"\n  - {_line(each)}" for each in found)
        msg = f"{len(found)} finding{'' if len(found) == 1 else 's'}:{lines}"
        raise AssertionError(msg)


def _template(given: Template | Mapping[str, Any] | HasJson) -> Template:
    if isinstance(given, Template):
        return given
    return Template("template", given if isinstance(given, Mapping) else given.to_json())


def _line(finding: Finding) -> str:
    place = ".".join(filter(None, (finding.resource, finding.where)))
    return f"{finding.rule} {place}: {finding.message}. {finding.remedy}"
