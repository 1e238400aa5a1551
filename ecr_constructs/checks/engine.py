"""Apply the rules to templates."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from ecr_constructs.checks.finding import Finding, Report, Suppressed
from ecr_constructs.checks.rule import Problem, Rule
from ecr_constructs.checks.rules import RULES
from ecr_constructs.checks.rules.template import UNREASONED, UNUSED
from ecr_constructs.checks.suppressions import Suppression, suppressions
from ecr_constructs.cloudformation.graph import Resource, Stack, TemplateSet
from ecr_constructs.cloudformation.intrinsics import as_written
from ecr_constructs.cloudformation.template import Template


def check(templates: Sequence[Template]) -> list[Finding]:
    """Return the findings in templates that are deployed together.

    Args:
        templates: All templates of a deployment; rules compare them with each other.

    Returns:
        The findings in a stable order, without suppressed ones; `report` returns both.
    """
    return list(report(templates).findings)


def report(templates: Sequence[Template]) -> Report:
    """Return the findings and the suppressed findings of templates that are deployed together.

    Args:
        templates: As for `check`.
    """
    return report_on(TemplateSet(templates), lambda _: True)


def report_on(assembly: TemplateSet, is_selected: Callable[[Resource], bool]) -> Report:
    """Return the findings and suppressed findings of templates and of their selected resources."""
    by_type = _by_type(RULES)
    findings: list[Finding] = []
    suppressed: list[Suppressed] = []
    seen: set[tuple[str, str]] = set()
    for stack in assembly.stacks:
        active: dict[tuple[str, str], Suppression] = {}
        unused: dict[Suppression, None] = {}
        for suppression in suppressions(stack, is_selected):
            active.setdefault((suppression.resource, suppression.rule), suppression)
            # An acknowledgment covers many resources: it may be unused at some of them, and its
            # missing reason is reported once.
            key = (suppression.construct, suppression.rule)
            is_reported = bool(suppression.construct) and key in seen
            seen.add(key)
            if not suppression.construct:
                unused[suppression] = None
            if not suppression.reason and not is_reported:
                findings.append(_about(stack, suppression, UNREASONED))
        prefixes = [item for item in active.values() if item.rule not in RULES]
        for finding in _findings(stack, by_type, is_selected):
            match = active.get((finding.resource, finding.rule)) or active.get(("", finding.rule))
            match = match or next((p for p in prefixes if finding.rule.startswith(p.rule)), None)
            if match is None:
                findings.append(finding)
                continue
            unused.pop(match, None)
            suppressed.append(Suppressed(finding, match.reason))
        findings += [_about(stack, suppression, UNUSED) for suppression in unused]
    names = [stack.template.name for stack in assembly.stacks]
    order = {name: number for number, name in reversed(list(enumerate(names)))}

    def place(finding: Finding) -> tuple[int, str, str, str, str]:
        where, rule = finding.where, finding.rule
        return order[finding.template], finding.resource, where, rule, finding.message

    return Report(
        tuple(sorted(findings, key=place)),
        tuple(sorted(suppressed, key=lambda item: place(item.finding))),
    )


def _by_type(rules: Mapping[str, Rule]) -> Mapping[str, Sequence[Rule]]:
    by_type: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules.values():
        for kind in rule.types or ("",):
            by_type[kind].append(rule)
    return by_type


def _findings(
    stack: Stack, by_type: Mapping[str, Sequence[Rule]], is_selected: Callable[[Resource], bool]
) -> Iterator[Finding]:
    for rule in by_type[""]:
        yield from _violations(stack.template_resource, rule)
    for resource in stack.resources.values():
        if resource.is_created and is_selected(resource):
            for rule in by_type.get(resource.type, ()) if resource.type else ():
                yield from _violations(resource, rule)


def _violations(resource: Resource, rule: Rule) -> Iterator[Finding]:
    # Two statements or settings can cause the same problem.
    for problem in dict.fromkeys(rule.check(resource)):
        yield _finding(resource.stack, resource.id, rule, problem)


def _about(stack: Stack, suppression: Suppression, rule: Rule) -> Finding:
    message = f"{suppression.rule} is suppressed {_ENDINGS[rule.id]}"
    return _finding(stack, suppression.resource, rule, Problem(suppression.path, message))


_ENDINGS = {UNREASONED.id: "without a reason", UNUSED.id: "but has no finding here"}


def _finding(stack: Stack, resource: str, rule: Rule, problem: Problem) -> Finding:
    template = stack.template
    above = ("Resources", resource) if resource else ()
    return Finding(
        rule=rule.id,
        severity=rule.severity,
        template=template.name,
        resource=resource,
        path=problem.path,
        message=as_written(problem.message),
        remedy=problem.remedy or rule.remedy,
        controls=rule.controls,
        file=str(template.path) if template.path else None,
        line=template.line((*above, *problem.path)),
    )
