"""Rules that declare the properties that they read find the same without all others."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ecr_constructs.checks import RULES, Template
from ecr_constructs.checks.rule import Rule
from ecr_constructs.cloudformation.graph import Resource, TemplateSet


def judgments(templates: Sequence[Template]) -> Iterator[tuple[str, bool]]:
    """Yield each pair of a resource and a rule, and whether the declared properties decide."""
    for stack in TemplateSet(templates).stacks:
        for resource in stack.resources.values():
            alone: dict[Sequence[str], Resource] = {}
            for rule in RULES.values():
                if resource.type in rule.types and _is_shared(resource, rule):
                    names = tuple(rule.properties)
                    if names not in alone:
                        alone[names] = _alone(templates, resource, names)
                    decides = rule.problems(resource) == rule.problems(alone[names])
                    yield f"{rule.id} {resource}", decides


def _is_shared(resource: Resource, rule: Rule) -> bool:
    """Tell whether a rule declares its properties, and no condition or parameter decides."""
    text = json.dumps([resource.written(name) for name in rule.properties])
    choices = ("Fn::If", *resource.stack.section("Parameters"))
    return bool(rule.properties) and not any(choice in text for choice in choices)


def _alone(templates: Sequence[Template], resource: Resource, names: Sequence[str]) -> Resource:
    """Return a resource that has only the properties of these names."""
    properties = {
        name: value
        for name, value in resource.body.get("Properties", {}).items()
        # A function in place of a property can add others.
        if name in names or name.startswith("Fn::")
    }
    number, body = resource.stack.number, dict(resource.stack.template.body)
    body["Resources"] = {
        **body["Resources"],
        resource.id: {**resource.body, "Properties": properties},
    }
    changed = [*templates]
    changed[number] = replace(templates[number], body=body)
    return TemplateSet(changed).stacks[number].resources[resource.id]
