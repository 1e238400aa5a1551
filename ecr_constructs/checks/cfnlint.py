"""The checks as rules of cfn-lint: ``cfn-lint -a ecr_constructs.checks.cfnlint -t template.yaml``.

Editors that run cfn-lint show them where they are written, and cfn-lint's own ways to ignore a
rule hold. A template in a cloud assembly is judged with the others of the assembly.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch

from ecr_constructs.checks.engine import check
from ecr_constructs.checks.finding import Finding
from ecr_constructs.checks.rule import Rule
from ecr_constructs.checks.rules import RULES
from ecr_constructs.cloudformation.cloud_assembly import MANIFEST, top_of
from ecr_constructs.cloudformation.errors import CheckError
from ecr_constructs.cloudformation.loading import load
from ecr_constructs.cloudformation.template import Template


class EcrRule(CloudFormationLintRule):  # type: ignore[misc]  # cfn-lint has no types
    """One of our rules; cfn-lint passes by this class, which has no id."""

    rule: Rule

    @property
    def severity(self) -> str:
        """How bad it is; cfn-lint would tell it from the first letter of the id."""
        return self.rule.severity

    def match(self, cfn: Any) -> Iterator[RuleMatch]:
        """Yield the findings of this rule; cfn-lint calls this for each template."""
        for each in _findings(cfn).get(self.id, ()):
            above = ("Resources", each.resource) if each.resource else ()
            yield RuleMatch([*above, *each.path], f"{each.message}. {each.remedy}")


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
globals().update({each.id: _rule_class(each) for each in RULES.values()})


# Rules ask for the findings of one template one after the other.
@lru_cache(maxsize=1)
def _findings(cfn: Any) -> Mapping[str, list[Finding]]:
    by_rule: dict[str, list[Finding]] = defaultdict(list)
    for each in _judged(cfn):
        by_rule[each.rule].append(each)
    return by_rule


def _judged(cfn: Any) -> list[Finding]:
    path = Path(cfn.filename).resolve() if cfn.filename else None
    if path is not None and (path.parent / MANIFEST).is_file():
        beside = _by_file(top_of(path.parent))
        if path in beside:
            return beside[path]
    return check([Template(cfn.filename or "template", cfn.template)])


@lru_cache(maxsize=1)
def _by_file(assembly: Path) -> Mapping[Path, list[Finding]]:
    try:
        templates = load([assembly])
    except CheckError:
        return {}
    found: dict[Path, list[Finding]] = {Path(each.name).resolve(): [] for each in templates}
    for each in check(templates):
        found[Path(each.template).resolve()].append(each)
    return found
