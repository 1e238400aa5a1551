"""The checks as rules of cfn-lint: ``cfn-lint -a ecr_constructs.checks.cfnlint -t template.yaml``.

Editors that run cfn-lint show findings in place, and the options of cfn-lint to ignore a rule
apply. A template in a cloud assembly is checked together with the others of the assembly. The
configuration of the current folder applies, as for the command.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch

from ecr_constructs.checks.config import Config
from ecr_constructs.checks.engine import check
from ecr_constructs.checks.finding import Finding
from ecr_constructs.checks.rule import Rule
from ecr_constructs.checks.rules import RULES
from ecr_constructs.cloudformation.cloud_assembly import MANIFEST, top_of
from ecr_constructs.cloudformation.errors import TemplateError
from ecr_constructs.cloudformation.loading import load
from ecr_constructs.cloudformation.template import Template
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.printable import printable


class EcrRule(CloudFormationLintRule):  # type: ignore[misc]  # cfn-lint has no types
    """One of our rules. cfn-lint skips this base class, which has no id."""

    rule: Rule

    @property
    def severity(self) -> str:
        """The severity; cfn-lint would derive it from the first letter of the id."""
        severity = _config().severity.get(self.rule.id, self.rule.severity)
        return "informational" if severity == Severity.NOTE else str(severity)

    def match(self, cfn: Any) -> Iterator[RuleMatch]:
        """Yield the findings of this rule; cfn-lint calls this for each template."""
        for finding in _findings(cfn).get(self.id, ()):
            above = ("Resources", finding.resource) if finding.resource else ()
            # cfn-lint prints messages as they are.
            message = printable(f"{finding.message}. {finding.remedy}")
            yield RuleMatch([*above, *finding.path], message)


@lru_cache(maxsize=1)
def _config() -> Config:
    return Config.find()


def _rule_class(rule: Rule) -> type[EcrRule]:
    members = {
        "id": rule.id,
        "rule": rule,
        "shortdesc": rule.summary,
        "description": rule.why,
        "source_url": rule.source,
        "tags": ["ecr", *rule.controls],
    }
    return type(rule.id, (EcrRule,), members)


# cfn-lint looks for classes in the module.
globals().update({rule.id: _rule_class(rule) for rule in RULES.values()})


# cfn-lint runs all rules on one template before the next.
@lru_cache(maxsize=1)
def _findings(cfn: Any) -> Mapping[str, list[Finding]]:
    by_rule: dict[str, list[Finding]] = defaultdict(list)
    for finding in _checked(cfn):
        by_rule[finding.rule].append(finding)
    return by_rule


def _checked(cfn: Any) -> list[Finding]:
    path = Path(cfn.filename).resolve() if cfn.filename else None
    if path is not None and (path.parent / MANIFEST).is_file():
        by_file = _by_file(top_of(path.parent))
        if path in by_file:
            return by_file[path]
    return check([Template(cfn.filename or "template", cfn.template)], config=_config())


@lru_cache(maxsize=1)
def _by_file(assembly: Path) -> Mapping[Path, list[Finding]]:
    try:
        templates = load([assembly])
    except TemplateError:
        return {}
    by_file: dict[Path, list[Finding]] = {Path(item.name).resolve(): [] for item in templates}
    for finding in check(templates, config=_config()):
        by_file[Path(finding.template).resolve()].append(finding)
    return by_file
