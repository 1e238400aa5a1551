"""Rules applied to templates."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from ecr_constructs.checks.finding import Finding, Report, Suppressed
from ecr_constructs.checks.rule import Fault, Rule
from ecr_constructs.checks.rules import RULES
from ecr_constructs.checks.rules.suppressions import UNREASONED, UNUSED
from ecr_constructs.checks.suppressions import Suppression, suppressions
from ecr_constructs.cloudformation.graph import Stack, TemplateSet
from ecr_constructs.cloudformation.resource import Resource
from ecr_constructs.cloudformation.template import Template


def check(templates: Sequence[Template]) -> list[Finding]:
    """Return what is wrong in templates that are deployed together.

    Args:
        templates: The templates of one assembly; rules see across them.

    Returns:
        The findings in a stable order, without those that are suppressed: `report` has both.
    """
    return list(report(templates).findings)


def report(templates: Sequence[Template]) -> Report:
    """Return what is wrong in templates that are deployed together, and what was suppressed.

    Args:
        templates: As for `check`.
    """
    return report_on(TemplateSet(templates), lambda _: True)


def report_on(assembly: TemplateSet, is_judged: Callable[[Resource], bool]) -> Report:
    """Return what is wrong with some resources of an assembly, and what was suppressed.

    Args:
        assembly: What rules look at.
        is_judged: Tells whether a resource is judged. A template as a whole is.
    """
    by_type = _by_type(RULES)
    findings: list[Finding] = []
    suppressed: list[Suppressed] = []
    asked: set[tuple[str, str]] = set()
    for stack in assembly.stacks:
        known: dict[tuple[str, str], Suppression] = {}
        unused: dict[Suppression, None] = {}
        for each in suppressions(stack, is_judged):
            known.setdefault((each.resource, each.rule), each)
            # An acknowledgment is for many resources: idle at some, and asked for its reason once.
            asked_before = bool(each.construct) and (each.construct, each.rule) in asked
            asked.add((each.construct, each.rule))
            if not each.construct:
                unused[each] = None
            if not each.reason and not asked_before:
                findings.append(_about(stack, each, UNREASONED))
        wide = [each for each in known.values() if each.rule not in RULES]
        for finding in _found(stack, by_type, is_judged):
            found = known.get((finding.resource, finding.rule)) or known.get(("", finding.rule))
            found = found or next((w for w in wide if finding.rule.startswith(w.rule)), None)
            if found is None:
                findings.append(finding)
                continue
            unused.pop(found, None)
            suppressed.append(Suppressed(finding, found.reason))
        findings += [_about(stack, each, UNUSED) for each in unused]
    names = [each.template.name for each in assembly.stacks]
    order = {name: number for number, name in reversed(list(enumerate(names)))}

    def place(finding: Finding) -> tuple[int, str, str, str, str]:
        where, rule = finding.where, finding.rule
        return order[finding.template], finding.resource, where, rule, finding.message

    return Report(
        tuple(sorted(findings, key=place)),
        tuple(sorted(suppressed, key=lambda each: place(each.finding))),
    )


def _by_type(rules: Mapping[str, Rule]) -> Mapping[str, Sequence[Rule]]:
    found: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules.values():
        for kind in rule.types or ("",):
            found[kind].append(rule)
    return found


def _found(
    stack: Stack, by_type: Mapping[str, Sequence[Rule]], is_judged: Callable[[Resource], bool]
) -> Iterator[Finding]:
    for rule in by_type[""]:
        yield from _of(stack.template_resource, rule)
    for resource in stack.resources.values():
        if resource.is_created and is_judged(resource):
            for rule in by_type.get(resource.type, ()) if resource.type else ():
                yield from _of(resource, rule)


def _of(resource: Resource, rule: Rule) -> Iterator[Finding]:
    # Equal faults come of values that are looked at from two sides.
    for fault in dict.fromkeys(rule.judge(resource)):
        yield _finding(resource.stack, resource.id, rule, fault)


def _about(stack: Stack, suppression: Suppression, rule: Rule) -> Finding:
    what = f"{suppression.rule} is suppressed {_ENDINGS[rule.id]}"
    return _finding(stack, suppression.resource, rule, Fault(suppression.path, what))


_ENDINGS = {
    UNREASONED.id: "without a reason",
    UNUSED.id: "where it finds nothing",
}


def _finding(stack: Stack, resource: str, rule: Rule, fault: Fault) -> Finding:
    template = stack.template
    above = ("Resources", resource) if resource else ()
    return Finding(
        rule=rule.id,
        severity=rule.severity,
        template=template.name,
        resource=resource,
        path=fault.path,
        message=fault.message,
        remedy=fault.remedy or rule.remedy,
        controls=rule.controls,
        file=str(template.path) if template.path else None,
        line=template.line((*above, *fault.path)),
    )
