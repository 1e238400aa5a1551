"""Suppressed findings with their reasons, read from the metadata of a template.

The native format is ``{"ecr-constructs": {"suppress": [{"rule": "ECR005", "reason": "…"}]}}``,
on a resource or on the template. Suppressions of cdk-nag and cfn-lint that name these rules are
read too, and so are the acknowledgments of ``cdk.Validations`` in a CDK app.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from ecr_constructs.checks.rules import RULES
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


@dataclass(frozen=True, slots=True)
class Misunderstood:
    """Metadata of ours that suppresses nothing, because it does not have the documented form.

    Attributes:
        resource: The logical id; ``""`` for the whole template.
        path: The place, below the resource.
        message: What is wrong.
        remedy: What to write instead.
    """

    resource: str
    path: Place
    message: str
    remedy: str


def suppressions(stack: Stack, is_selected: Callable[[Resource], bool]) -> Iterator[Suppression]:
    """Yield the suppressions of a template and of its selected resources."""
    yield from _in_metadata("", stack.body.get("Metadata"))
    yield from _acknowledged_for_all(stack)
    for resource in filter(is_selected, stack.resources.values()):
        yield from _in_metadata(resource.id, resource.body.get("Metadata"))
        yield from _acknowledged(resource)


def misunderstood(stack: Stack, is_selected: Callable[[Resource], bool]) -> Iterator[Misunderstood]:
    """Yield what looks like a suppression of ours, but is not one."""
    yield from _not_understood("", stack.body.get("Metadata"))
    for resource in filter(is_selected, stack.resources.values()):
        yield from _not_understood(resource.id, resource.body.get("Metadata"))


_KEY, _LIST = "ecr-constructs", "suppress"
_FORM = "Write ecr-constructs: {suppress: [{rule: ECR012, reason: …}]}."


def _not_understood(resource: str, metadata: object) -> Iterator[Misunderstood]:
    for key, value in metadata.items() if isinstance(metadata, Mapping) else ():
        path: Place = ("Metadata", str(key))
        if key == _KEY:
            yield from _wrong_forms(resource, path, value)
        elif _RULE.search(str(_suppressed_below(key, value))):
            yield Misunderstood(resource, path, f"{key!r} suppresses nothing", _FORM)


def _suppressed_below(key: object, value: object) -> object:
    """Return what seems to be a list of suppressions under another key than ours."""
    if _is_near(key, _LIST):
        return value
    items = value.items() if isinstance(value, Mapping) else ()
    return [item for name, item in items if _is_near(name, _LIST)]


def _wrong_forms(resource: str, path: Place, value: object) -> Iterator[Misunderstood]:
    if not isinstance(value, Mapping):
        yield Misunderstood(resource, path, f"{_KEY} is not an object", _FORM)
        return
    for key in value:
        if key != _LIST:
            yield Misunderstood(resource, (*path, str(key)), f"unknown key {key!r}", _FORM)
    entries = value.get(_LIST, [])
    path = (*path, _LIST)
    if not isinstance(entries, list):
        yield Misunderstood(resource, path, f"{_LIST} is not a list", _FORM)
        return
    for index, entry in enumerate(entries):
        yield from _wrong_entry(resource, (*path, index), entry)


def _wrong_entry(resource: str, path: Place, entry: object) -> Iterator[Misunderstood]:
    if is_rule(entry):
        # It applies; ECR901 asks for the reason.
        return
    if not isinstance(entry, Mapping):
        yield Misunderstood(resource, path, "the entry is not an object", _FORM)
        return
    unknown = [str(key) for key in entry if key not in ("rule", "reason")]
    if "rule" not in entry:
        keys = f": it has {', '.join(unknown)}" if unknown else ""
        yield Misunderstood(resource, path, f"the entry has no key 'rule'{keys}", _FORM)
        return
    for key in unknown:
        yield Misunderstood(resource, (*path, key), f"unknown key {key!r}", _FORM)
    if not is_rule(rule := entry["rule"]):
        yield Misunderstood(resource, (*path, "rule"), *unknown_rule(rule))


def is_rule(name: object) -> bool:
    """Tell whether a suppression names a rule, with or without the name of the plugin."""
    match = _ID.fullmatch(name) if isinstance(name, str) else None
    return match is not None and match[1] in RULES


def unknown_rule(name: object) -> tuple[str, str]:
    """Return message and remedy for the name of a rule that does not exist."""
    plain = str(name).rpartition("::")[2].strip().upper()
    near = get_close_matches(plain, RULES, n=1, cutoff=_NEARNESS)
    remedy = f"Write {near[0]}." if near else "Write the id of a rule, such as ECR012."
    return f"there is no rule {name!r}", remedy


def _is_near(name: object, wanted: str) -> bool:
    return bool(get_close_matches(str(name).lower(), [wanted], cutoff=_NEARNESS))


_RULE = re.compile(r"ECR\d{3}", re.IGNORECASE)
# 'supress' and 'suppressions' are near to 'suppress'; 'compress' is not.
_NEARNESS = 0.8


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
            if match and (match[1] in RULES or place[0] != _KEY):
                text = reason.strip() if isinstance(reason, str) else ""
                yield Suppression(match[1], text, resource, ("Metadata", *place, index))


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
