"""Apply the rules to templates."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from ecr_constructs.checks.baseline import Baseline
from ecr_constructs.checks.config import Config
from ecr_constructs.checks.finding import Finding, Report, Suppressed
from ecr_constructs.checks.rule import Problem, Rule
from ecr_constructs.checks.rules import RULES
from ecr_constructs.checks.rules.template import UNREASONED, UNUSED
from ecr_constructs.checks.suppressions import (
    Suppression,
    misunderstood,
    suppressions,
    unknown_rule,
)
from ecr_constructs.cloudformation.graph import Resource, Stack, TemplateSet
from ecr_constructs.cloudformation.intrinsics import as_written
from ecr_constructs.cloudformation.source_locations import SourceLocations
from ecr_constructs.cloudformation.template import Template
from ecr_constructs.cloudformation.unread import Unread, unread_of


def check(templates: Sequence[Template], *, config: Config | None = None) -> list[Finding]:
    """Return the findings in templates that are deployed together.

    Args:
        templates: All templates of a deployment; rules compare them with each other.
        config: The configuration. Default: every rule that is on by default.

    Returns:
        The findings in a stable order, without suppressed ones; `report` returns both.
    """
    return list(report(templates, config=config).findings)


def report(
    templates: Sequence[Template], *, config: Config | None = None, unread: Iterable[Unread] = ()
) -> Report:
    """Return the findings and the suppressed findings of templates that are deployed together.

    Args:
        templates: As for `check`.
        config: As for `check`.
        unread: What was not read besides parts of the templates.
    """
    config = config or Config()
    assembly = TemplateSet([config.completed(template) for template in templates])
    result = report_on(assembly, lambda _: True, config)
    parts = (item for stack in assembly.stacks for item in unread_of(stack))
    result = replace(result, unread=(*unread, *parts))
    if config.baseline is not None:
        result = Baseline.read(config.baseline).compared(result, templates, config.select)
    return _located(result, assembly, templates)


def _located(result: Report, assembly: TemplateSet, templates: Sequence[Template]) -> Report:
    """Return a report whose findings have their lines in the template and in the app."""
    locations = SourceLocations()
    by_name = {template.name: template for template in templates}
    expanded = {stack.template.name: stack.template for stack in assembly.stacks}

    def located(finding: Finding) -> Finding:
        above = ("Resources", finding.resource) if finding.resource else ()
        return replace(
            finding,
            line=expanded[finding.template].line((*above, *finding.path)),
            source=locations.of(by_name[finding.template], finding.resource),
        )

    return replace(
        result,
        findings=tuple(map(located, result.findings)),
        baselined=tuple(map(located, result.baselined)),
        suppressed=tuple(
            replace(item, finding=located(item.finding)) for item in result.suppressed
        ),
    )


def report_on(
    assembly: TemplateSet, is_selected: Callable[[Resource], bool], config: Config | None = None
) -> Report:
    """Return the findings and suppressed findings of templates and of their selected resources.

    They have no lines: to find the lines of a file takes longer than to check it.
    """
    config = config or Config()
    rules = config.rules
    findings: list[Finding] = []
    suppressed: list[Suppressed] = []
    seen: set[tuple[str, str]] = set()
    by_type = _by_type(tuple(rules.values()))
    for stack in assembly.stacks:
        active, accepted = _report_on_stack(stack, rules, by_type, is_selected, seen)
        suppressed += accepted
        for finding in active:
            reason = config.reason_to_ignore(finding.rule, stack.template)
            if reason is None:
                findings.append(finding)
            else:
                suppressed.append(Suppressed(finding, reason, "configuration"))
    names = [stack.template.name for stack in assembly.stacks]
    order = {name: number for number, name in reversed(list(enumerate(names)))}

    def place(finding: Finding) -> tuple[int, str, str, str, str]:
        where, rule = finding.where, finding.rule
        return order[finding.template], finding.resource, where, rule, finding.message

    return Report(
        tuple(sorted(findings, key=place)),
        tuple(sorted(suppressed, key=lambda item: place(item.finding))),
    )


def _report_on_stack(
    stack: Stack,
    rules: Mapping[str, Rule],
    by_type: Mapping[str, Sequence[Rule]],
    is_selected: Callable[[Resource], bool],
    seen: set[tuple[str, str]],
) -> tuple[list[Finding], list[Suppressed]]:
    """Return the findings of a stack, and those that it suppresses.

    Args:
        stack: The stack.
        rules: The rules by id.
        by_type: The rules by type of resource.
        is_selected: Tells whether a resource is checked.
        seen: The acknowledgments, by construct and rule, that were reported for another stack.
    """
    active: dict[tuple[str, str], Suppression] = {}
    unused: dict[Suppression, None] = {}
    about: list[Finding] = []
    for suppression in suppressions(stack, is_selected):
        active.setdefault((suppression.resource, suppression.rule), suppression)
        # An acknowledgment covers many resources: it may be unused at some of them, and what is
        # wrong with it is reported once.
        key = (suppression.construct, suppression.rule)
        is_reported = bool(suppression.construct) and key in seen
        seen.add(key)
        is_off = _can_match(suppression, RULES) and not _can_match(suppression, rules)
        if not suppression.construct and not is_off:
            unused[suppression] = None
        if not suppression.reason and not is_reported:
            about.append(_about(stack, suppression, UNREASONED, "without a reason"))
        if suppression.construct and not is_reported and suppression.rule not in RULES:
            message, remedy = unknown_rule(suppression.rule)
            problem = Problem(suppression.path, message, remedy)
            about.append(_finding(stack, suppression.resource, UNUSED, problem))
    for item in misunderstood(stack, is_selected):
        problem = Problem(item.path, item.message, item.remedy)
        about.append(_finding(stack, item.resource, UNUSED, problem))
    prefixes = [item for item in active.values() if item.rule not in RULES and not item.construct]
    findings: list[Finding] = []
    suppressed: list[Suppressed] = []
    for finding in _findings(stack, by_type, is_selected):
        match = active.get((finding.resource, finding.rule)) or active.get(("", finding.rule))
        match = match or next((p for p in prefixes if finding.rule.startswith(p.rule)), None)
        if match is None:
            findings.append(finding)
            continue
        unused.pop(match, None)
        suppressed.append(Suppressed(finding, match.reason))
    about += [_about(stack, item, UNUSED, "but has no finding here") for item in unused]
    findings += [
        replace(finding, severity=rules[finding.rule].severity)
        for finding in about
        if finding.rule in rules
    ]
    return findings, suppressed


def _can_match(suppression: Suppression, rules: Collection[str]) -> bool:
    """Tell whether a suppression names one of some rules, or the beginning of their ids."""
    return any(rule.startswith(suppression.rule) for rule in rules)


# A test suite or an editor checks often, with the same rules.
@lru_cache(maxsize=4)
def _by_type(rules: tuple[Rule, ...]) -> Mapping[str, Sequence[Rule]]:
    by_type: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        for kind in rule.types or ("",):
            by_type[kind].append(rule)
    return dict(by_type)


def _findings(
    stack: Stack, by_type: Mapping[str, Sequence[Rule]], is_selected: Callable[[Resource], bool]
) -> Iterator[Finding]:
    for rule in by_type.get("", ()):
        yield from _violations(stack.template_resource, rule)
    for resource in stack.resources.values():
        if resource.is_created and is_selected(resource):
            for rule in by_type.get(resource.type, ()) if resource.type else ():
                yield from _violations(resource, rule)


def _violations(resource: Resource, rule: Rule) -> Iterator[Finding]:
    for problem in rule.problems(resource):
        yield _finding(resource.stack, resource.id, rule, problem)


def _about(stack: Stack, suppression: Suppression, rule: Rule, problem: str) -> Finding:
    message = f"{suppression.rule} is suppressed {problem}"
    return _finding(stack, suppression.resource, rule, Problem(suppression.path, message))


def _finding(stack: Stack, resource: str, rule: Rule, problem: Problem) -> Finding:
    template = stack.template
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
    )
