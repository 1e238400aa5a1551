"""Check what a resource is for each result of the conditions in it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import wraps

from ecr_constructs.checks.rule import CheckFunction, Problem
from ecr_constructs.cloudformation.graph import Resource, Stack
from ecr_constructs.cloudformation.intrinsics import as_written, atoms_of
from ecr_constructs.cloudformation.references import conditions_in
from ecr_constructs.model.json_text import compact


def each_branch(check: CheckFunction) -> CheckFunction:
    """Let a rule check each branch of ``Fn::If`` whose condition is unknown.

    A branch is reported where the resource itself has no problem: what is wrong whatever the
    condition is, is reported once. One comparison is true at a time, so that the results of
    comparisons never contradict each other.
    """

    @wraps(check)
    def check_branches(resource: Resource) -> Iterator[Problem]:
        problems = list(check(resource))
        yield from problems
        reported = {problem.path for problem in problems}
        for case, branch in _branches_of(resource):
            for problem in check(branch):
                if problem.path not in reported:
                    reported.add(problem.path)
                    yield problem._replace(message=f"{problem.message}, if {case}")

    return check_branches


def _branches_of(resource: Resource) -> Iterator[tuple[str, Resource]]:
    """Yield the resource under each assumption about the comparisons that decide about it."""
    if "Conditions" not in resource.stack.body:
        return
    resolver = resource.stack.resolver
    atoms: dict[str, list[str]] = {}
    for name in dict.fromkeys(conditions_in(resource.body.get("Properties"))):
        expression = resolver.condition_expression(name)
        if not isinstance(expression, bool):
            atoms.update({compact(atom): atom for atom in atoms_of(expression)})
    for key in [None, *atoms] if atoms else ():
        assumed = {other: other == key for other in atoms}
        case = _case([atoms[key]] if key else list(atoms.values()), is_true=key is not None)
        # Without the resource, its loop makes another one.
        yield case, _assuming(resource.stack, assumed).resources.get(resource.id, resource)


def _assuming(stack: Stack, assumed: Mapping[str, bool]) -> Stack:
    key = (_assuming, compact(assumed))
    if key not in stack.memo:
        template = replace(stack.template, assumed={**stack.assumed, **assumed})
        stack.memo[key] = Stack(stack.assembly, stack.number, template)
    variant: Stack = stack.memo[key]
    return variant


def _case(atoms: list[list[str]], *, is_true: bool) -> str:
    verb = "is" if is_true else "is not"
    sides = (map(as_written, (left, right)) for _, left, right in atoms)
    return " and ".join(f"{left} {verb} {right}" for left, right in sides)
