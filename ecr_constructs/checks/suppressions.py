"""Findings that somebody decided to live with, and why: read from a template's metadata.

Ours is ``{"ecr-constructs": {"suppress": [{"rule": "ECR005", "reason": "…"}]}}``, on a resource or
on the template. Those of cdk-nag and cfn-lint are read too, as far as they name our rules, and so
is what ``cdk.Validations`` acknowledged in a CDK app.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ecr_constructs.cloudformation.acknowledgments import PLUGIN
from ecr_constructs.cloudformation.graph import Stack
from ecr_constructs.cloudformation.resource import Resource
from ecr_constructs.cloudformation.template import Place

# A plugin's name may stand before the id, as CDK writes it: EcrChecks::ECR005.
_ID = re.compile(r"(?:[\w -]+::)?(ECR\d{3})", re.ASCII)
# cfn-lint takes the beginning of ids for a template as a whole.
_IDS = re.compile(r"(ECR\d{0,3})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Suppression:
    """A rule that is not to be applied to a resource.

    Attributes:
        rule: The rule's id, or the beginning of the ids of several.
        reason: Why; ``""`` if it is not said.
        resource: The logical id; ``""`` for all of the template.
        path: The place of the suppression, from the resource.
        construct: The construct at which a CDK app acknowledged the rule, for all below it;
            ``""`` if the suppression stands in the template.
    """

    rule: str
    reason: str
    resource: str
    path: Place
    construct: str = ""


def suppressions(
    stack: Stack, is_judged: Callable[[Resource], bool] = lambda _: True
) -> Iterator[Suppression]:
    """Yield the suppressions of a template and of its resources.

    Args:
        stack: The template.
        is_judged: Tells whether those of a resource are asked for. Default: all are.
    """
    yield from _in_metadata("", stack.body.get("Metadata"))
    yield from _acknowledged_for_all(stack)
    for resource in filter(is_judged, stack.resources.values()):
        if "Metadata" in resource.body:
            yield from _in_metadata(resource.id, resource.body["Metadata"])
        yield from _acknowledged(resource)


def _acknowledged_for_all(stack: Stack) -> Iterator[Suppression]:
    construct = stack.template.construct
    for each in stack.template.acknowledged if construct is not None else ():
        if each.plugin == PLUGIN and each.covers(str(construct)):
            yield Suppression(each.rule, each.reason, "", (), each.path)


def _acknowledged(resource: Resource) -> Iterator[Suppression]:
    path = _at(resource.body, "Metadata", "aws:cdk:path")
    for each in resource.stack.template.acknowledged:
        known = isinstance(path, str)
        if each.plugin == PLUGIN and (
            each.covers(path) if known else resource.id in each.resources
        ):
            yield Suppression(each.rule, each.reason, resource.id, (), each.path)


def _in_metadata(resource: str, metadata: object) -> Iterator[Suppression]:
    if not isinstance(metadata, Mapping):
        return
    for place, entries, key in (
        (("ecr-constructs", "suppress"), _at(metadata, "ecr-constructs", "suppress"), "rule"),
        (("cdk_nag", "rules_to_suppress"), _at(metadata, "cdk_nag", "rules_to_suppress"), "id"),
        (
            ("cfn-lint", "config", "ignore_checks"),
            _at(metadata, "cfn-lint", "config", "ignore_checks"),
            "",
        ),
    ):
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            named = entry.get(key) if isinstance(entry, Mapping) else entry
            reason = entry.get("reason") if isinstance(entry, Mapping) else None
            pattern = _ID if key or resource else _IDS
            match = pattern.fullmatch(named) if isinstance(named, str) else None
            if match:
                said = reason.strip() if isinstance(reason, str) else ""
                yield Suppression(match[1], said, resource, ("Metadata", *place, index))


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
