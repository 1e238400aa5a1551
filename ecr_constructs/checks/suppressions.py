"""Suppressed findings with their reasons, read from the metadata of a template.

The native format is ``{"ecr-constructs": {"suppress": [{"rule": "ECR005", "reason": "…"}]}}``,
on a resource or on the template. Suppressions of cdk-nag and cfn-lint that name these rules are
read too, and so are the acknowledgments of ``cdk.Validations`` in a CDK app.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ecr_constructs.cloudformation.acknowledgments import PLUGIN
from ecr_constructs.cloudformation.graph import Resource, Stack
from ecr_constructs.cloudformation.template import Place

# A plugin name can precede the id, as CDK writes it: EcrChecks::ECR005.
_ID = re.compile(r"(?:[\w -]+::)?(ECR\d{3})", re.ASCII)
# cfn-lint accepts id prefixes in the metadata of a template.
_IDS = re.compile(r"(ECR\d{0,3})", re.ASCII)
# The place of each format below the metadata, and the key of the id; cfn-lint lists plain ids.
_FORMATS = (
    (("ecr-constructs", "suppress"), "rule"),
    (("cdk_nag", "rules_to_suppress"), "id"),
    (("cfn-lint", "config", "ignore_checks"), ""),
)


@dataclass(frozen=True, slots=True)
class Suppression:
    """A rule that is suppressed for a resource.

    Attributes:
        rule: The id of the rule, or a prefix of several ids.
        reason: The reason; ``""`` if there is none.
        resource: The logical id; ``""`` for the whole template.
        path: The place of the suppression, below the resource.
        construct: The construct on which a CDK app acknowledged the rule; ``""`` if the
            suppression is in the template.
    """

    rule: str
    reason: str
    resource: str
    path: Place
    construct: str = ""


def suppressions(stack: Stack, is_selected: Callable[[Resource], bool]) -> Iterator[Suppression]:
    """Yield the suppressions of a template and of its selected resources."""
    yield from _in_metadata("", stack.body.get("Metadata"))
    yield from _acknowledged_for_all(stack)
    for resource in filter(is_selected, stack.resources.values()):
        yield from _in_metadata(resource.id, resource.body.get("Metadata"))
        yield from _acknowledged(resource)


def _acknowledged_for_all(stack: Stack) -> Iterator[Suppression]:
    construct = stack.template.construct
    for item in stack.template.acknowledged if construct is not None else ():
        if item.plugin == PLUGIN and item.covers(str(construct)):
            yield Suppression(item.rule, item.reason, "", (), item.path)


def _acknowledged(resource: Resource) -> Iterator[Suppression]:
    path = _at(resource.body, "Metadata", "aws:cdk:path")
    for item in resource.stack.template.acknowledged:
        covers = item.covers(path) if isinstance(path, str) else resource.id in item.resources
        if item.plugin == PLUGIN and covers:
            yield Suppression(item.rule, item.reason, resource.id, (), item.path)


def _in_metadata(resource: str, metadata: object) -> Iterator[Suppression]:
    if not isinstance(metadata, Mapping):
        return
    for place, key in _FORMATS:
        entries = _at(metadata, *place)
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            is_mapping = isinstance(entry, Mapping)
            rule, reason = (entry.get(key), entry.get("reason")) if is_mapping else (entry, None)
            pattern = _ID if key or resource else _IDS
            match = pattern.fullmatch(rule) if isinstance(rule, str) else None
            if match:
                text = reason.strip() if isinstance(reason, str) else ""
                yield Suppression(match[1], text, resource, ("Metadata", *place, index))


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
