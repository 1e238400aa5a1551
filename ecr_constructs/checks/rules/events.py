"""Event rules: patterns that EventBridge accepts and that can match, and their targets."""

import json
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from ecr_constructs.checks.rule import (
    ECR_GUIDE,
    Problem,
    each_choice,
    error_rule,
    warning_rule,
)
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.resource_types import (
    EVENT_RULE,
    QUEUE,
    REPOSITORY,
    SCANNING,
    TOPIC,
)
from ecr_constructs.cloudformation.template import Place
from ecr_constructs.model.enums import enum
from ecr_constructs.model.event_fields import COMPLETE, DETAILS, TOP_FIELDS, Field
from ecr_constructs.model.event_pattern import may_match, pattern_errors, read_pattern
from ecr_constructs.model.events import BASIC_SCAN, DETAIL_TYPES, ECR, FINDING
from ecr_constructs.model.tokens import is_unresolved, legible

_EVENTS = f"{ECR_GUIDE}/ecr-eventbridge.html"
_PATTERN = ("Properties", "EventPattern")
_DETAIL = (*_PATTERN, "detail")
# API calls, and service events such as expiry by lifecycle policies.
_VIA_CLOUDTRAIL = re.compile(r"AWS .* via CloudTrail")
# What a source of ECR's events may have been meant by.
_LIKE_SOURCE = re.compile(
    r"(?:(?:com\.)?(?:aws|amazon|amazonaws)\.)?ecr(?:\.amazonaws\.com)?", re.IGNORECASE
)


_IN_TEXT = re.compile(r"aws\.(?:ecr|inspector2)\b|\bECR ")


def _pattern_of(resource: Resource) -> Any:
    """Return the pattern of an event rule; None if it is text that is not JSON."""
    return read_pattern(resource.get("EventPattern"))


def _items(pattern: Any, name: str) -> list[Any]:
    """Return the values of a field; a single one may lack its list."""
    value = pattern.get(name) if isinstance(pattern, Mapping) else None
    return value if isinstance(value, list) else [] if value is None else [value]


def _listed(pattern: Any, name: str) -> list[str] | None:
    """Return the values of a field if all of them are literal strings."""
    values = _items(pattern, name)
    is_literal = all(isinstance(value, str) and not is_unresolved(value) for value in values)
    return values if values and is_literal else None


def _is_about_images(pattern: Any) -> bool:
    """Tell whether a pattern is, or seems to be, meant for events of ECR or Inspector."""
    sources = [item for item in _items(pattern, "source") if isinstance(item, str)]
    details = [item for item in _items(pattern, "detail-type") if isinstance(item, str)]
    return (
        any(source in DETAIL_TYPES or _LIKE_SOURCE.fullmatch(source) for source in sources)
        or may_match(_items(pattern, "source"), [ECR])
        or any(detail.startswith(("ECR ", "Inspector2 ")) for detail in details)
    ) and not all(map(is_unresolved, [*sources, *details]))


def _events_of(pattern: Any) -> list[str]:
    """Return the events with known details that a pattern may match, by detail-type."""
    sources = _items(pattern, "source") or [*DETAIL_TYPES]
    details = _items(pattern, "detail-type")
    return [
        name
        for source, names in DETAIL_TYPES.items()
        if may_match(sources, [source])
        for name in names
        if not details or may_match(details, [name])
    ]


@error_rule(
    "ECR508",
    "EventBridge accepts an event rule and its pattern",
    types=[EVENT_RULE],
    why="EventBridge rejects the rule: it needs a pattern or a schedule, and each field of a "
    "pattern has a list of values or operators.",
    remedy="Write a list of values for each field.",
    source="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html",
)
@each_choice
def _accepted_pattern(resource: Resource) -> Iterator[Problem]:
    pattern = _pattern_of(resource)
    if _is_about_images(pattern):
        for error in pattern_errors(pattern):
            yield Problem((*_PATTERN, *error.path), legible(error.message), legible(error.remedy))
        state, states = resource.text("State"), enum("events", "RuleState")
        if state is not None and state not in states:
            near = get_close_matches(state.upper(), states, n=1) or states
            message = f"State must be one of {', '.join(states)}, got {state!r}"
            yield Problem(("Properties", "State"), message, f"Write {' or '.join(near)}.")
    elif pattern is None:
        yield from _missing_pattern(resource)


def _missing_pattern(resource: Resource) -> Iterator[Problem]:
    """Find text about ECR that is not JSON, and a rule that nothing triggers."""
    text = resource.text("EventPattern")
    if text is not None and _IN_TEXT.search(text):
        yield Problem(_PATTERN, "the pattern is not JSON", "Write the pattern as an object.")
    is_empty = all(resource.get(name) is None for name in ("EventPattern", "ScheduleExpression"))
    if is_empty and resource.is_known:
        message = "the rule has neither an EventPattern nor a ScheduleExpression"
        yield Problem(("Properties",), message, "Add an EventPattern.")


@warning_rule(
    "ECR501",
    "An event pattern can match events",
    types=[EVENT_RULE],
    why="EventBridge accepts any text; a pattern that no ECR event has never matches.",
    remedy="Write a detail-type that ECR emits; enhanced scanning findings come from "
    "aws.inspector2 as 'Inspector2 Finding'.",
    source=_EVENTS,
)
@each_choice
def _can_match(resource: Resource) -> Iterator[Problem]:
    pattern = _pattern_of(resource)
    if not _is_about_images(pattern):
        return
    yield from _unknown_sources(pattern)
    yield from _unknown_detail_types(pattern)
    for field, value in pattern.items():
        if field not in TOP_FIELDS and field != "$or" and value != [{"exists": False}]:
            message = f"no event has the field {field} beside source and detail"
            yield Problem((*_PATTERN, field), message, f"Move {field} below detail.")


def _unknown_sources(pattern: Any) -> Iterator[Problem]:
    """Find sources that are meant to be those of ECR or Inspector, but are not."""
    details = _items(pattern, "detail-type")
    wanted = [name for name, types in DETAIL_TYPES.items() if any(d in types for d in details)]
    sources = [source for source in _items(pattern, "source") if isinstance(source, str)]
    for source in sources if not may_match(_items(pattern, "source"), [*DETAIL_TYPES]) else ():
        # ECR Public has no events of its own, but its API calls arrive via CloudTrail.
        is_like = _LIKE_SOURCE.fullmatch(source) is not None
        if is_like or (source.startswith("aws.") and wanted):
            message = f"{source!r} is not a source of these events"
            yield Problem(
                (*_PATTERN, "source"), message, f"Write source: [{(wanted or [ECR])[0]}]."
            )


def _unknown_detail_types(pattern: Any) -> Iterator[Problem]:
    sources = [source for source in DETAIL_TYPES if may_match(_items(pattern, "source"), [source])]
    literal = set(_listed(pattern, "source") or ())
    emitted = [detail for source in sources for detail in DETAIL_TYPES[source]]
    for detail in _items(pattern, "detail-type") if sources else ():
        # The events of other sources are not listed here.
        is_open = not literal or literal - set(DETAIL_TYPES)
        text = detail if isinstance(detail, str) else ""
        if (is_open and not text.startswith("ECR")) or _VIA_CLOUDTRAIL.fullmatch(text):
            continue
        operators = "AWS API Call via CloudTrail", "AWS Service Event via CloudTrail"
        if not may_match([detail], emitted if text else [*emitted, *operators]):
            message = f"{detail!r} is not an event of {' or '.join(sources)}"
            yield Problem((*_PATTERN, "detail-type"), message, _detail_remedy(text, emitted))


def _detail_remedy(detail: str, emitted: list[str]) -> str | None:
    for source, details in DETAIL_TYPES.items():
        if detail in details:
            return f"Write source: [{source}]."
    near = get_close_matches(detail, emitted, n=1)
    return f"Write detail-type: [{near[0]}]." if near else None


@warning_rule(
    "ECR502",
    "Scan event patterns fit the scan type of the registry",
    types=[EVENT_RULE],
    why="Only basic scanning emits ECR Image Scan; with ENHANCED the rule never matches.",
    remedy="Write source: [aws.inspector2] and detail-type: [Inspector2 Finding], here or in an "
    "additional rule.",
    source=_EVENTS,
)
def _right_scanner(resource: Resource) -> Iterator[Problem]:
    """Check the scanning of the same registry, and the other event rules in it."""
    if _listed(_pattern_of(resource), "detail-type") != [BASIC_SCAN]:
        return
    assembly = resource.assembly
    for scanning in assembly.in_registry_of(resource, SCANNING):
        if scanning.condition is not None or scanning.get("ScanType") != "ENHANCED":
            continue
        if not any(map(_matches_inspector, assembly.in_registry_of(resource, EVENT_RULE))):
            message = f"{scanning.id} uses ENHANCED scanning, which does not emit {BASIC_SCAN!r}"
            yield Problem((*_PATTERN, "detail-type"), message)


def _matches_inspector(resource: Resource) -> bool:
    return FINDING in _items(_pattern_of(resource), "detail-type")


@warning_rule(
    "ECR503",
    "An event rule delivers events",
    types=[EVENT_RULE],
    why="Without a target, and while the rule is disabled, matched events are discarded.",
    remedy="Add Targets.",
    source="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html",
)
def _has_target(resource: Resource) -> Iterator[Problem]:
    if not _is_about_images(_pattern_of(resource)):
        return
    if resource.is_known and resource.get("Targets") in (None, []):
        yield Problem(("Properties",), "the rule has no Targets")
    if resource.get("State") == "DISABLED":
        yield Problem(("Properties", "State"), "the rule is disabled", "Write State: ENABLED.")


# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
_MAX_TARGETS = 5
_TARGET_ID = re.compile(r"[.\-_A-Za-z0-9]{1,64}")


@error_rule(
    "ECR509",
    "The targets of an event rule are valid",
    types=[EVENT_RULE],
    why="EventBridge rejects a target without an Id, one that is not named by its ARN, a "
    "duplicate Id, and more than 5 targets.",
    remedy="Write the ARN of the target: Fn::GetAtt: [Queue, Arn], or Ref for a topic.",
    source="https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html",
)
def _valid_targets(resource: Resource) -> Iterator[Problem]:
    if not _is_about_images(_pattern_of(resource)):
        return
    ids: set[str] = set()
    for index, target in resource.mappings("Targets"):
        path = ("Properties", "Targets", index)
        for key in ("Arn", "Id") if not any(str(key).startswith("Fn::") for key in target) else ():
            if target.get(key) is None:
                yield Problem(path, f"the target has no {key}", f"Add {key}.")
        arn, name = target.get("Arn"), str(target.get("Id"))
        if "Id" in target and not is_unresolved(name) and not _TARGET_ID.fullmatch(name):
            message = f"an Id has 1 to 64 letters, digits, '.', '-' and '_', got {name!r}"
            yield Problem((*path, "Id"), message, "Write another Id.")
        if isinstance(arn, str) and (reason := _not_an_arn(resource, arn)) is not None:
            yield Problem((*path, "Arn"), reason)
        if name in ids and "Id" in target:
            yield Problem((*path, "Id"), f"duplicate Id {name!r}", "Give each target its own Id.")
        ids |= {name} if not is_unresolved(name) else set()
    targets = resource.get("Targets")
    if isinstance(targets, list) and len(targets) > _MAX_TARGETS:
        message = f"a rule has at most {_MAX_TARGETS} targets, got {len(targets)}"
        remedy = "Divide them between rules, or send to a topic with several subscriptions."
        yield Problem(("Properties", "Targets"), message, remedy)


def _attribute_of(reference: str) -> str:
    """Return the attribute that the mark of a reference is of."""
    return reference.removesuffix("]}").rpartition(".")[2]


# The attributes of targets that are their ARNs.
_ARNS = {
    TOPIC: ("Ref", "TopicArn"),
    QUEUE: ("Arn",),
    "AWS::Lambda::Function": ("Arn",),
    "AWS::StepFunctions::StateMachine": ("Ref", "Arn"),
}


def _not_an_arn(resource: Resource, value: str) -> str | None:
    """Describe the value of a target that is definitely not an ARN."""
    target = resource.assembly.referred_to(value)
    if target is not None and target.type in _ARNS:
        attribute = _attribute_of(value)
        is_arn = attribute in _ARNS[target.type]
        return None if is_arn else f"{attribute} of {target.id} is not its ARN"
    is_literal = not is_unresolved(value) and not value.startswith("arn:")
    return f"{value!r} is not an ARN" if is_literal else None


@warning_rule(
    "ECR506",
    "An event pattern uses existing details of events",
    types=[EVENT_RULE],
    why="EventBridge accepts any field and value and compares them exactly; a pattern with one "
    "that no ECR event has never matches.",
    remedy="Write fields and values exactly as in the events of ECR.",
    source=_EVENTS,
)
@each_choice
def _known_details(resource: Resource) -> Iterator[Problem]:
    """Compare the details with those of the events that a pattern matches, if all are known."""
    pattern = _pattern_of(resource)
    names = _events_of(pattern) if _is_about_images(pattern) else []
    detail = pattern.get("detail") if isinstance(pattern, Mapping) else None
    is_closed = _listed(pattern, "detail-type") is not None and set(names) <= set(DETAILS)
    is_ours = set(_listed(pattern, "source") or [ECR]) <= set(DETAIL_TYPES)
    others = set(_listed(pattern, "detail-type") or ()) - set(names)
    if names and is_closed and is_ours and not others and isinstance(detail, Mapping):
        choices = [Field(fields=DETAILS[name], is_complete=name in COMPLETE) for name in names]
        yield from _field_problems(resource, detail, choices, _DETAIL, _quoted(names))


def _field_problems(
    resource: Resource, pattern: Mapping[str, Any], choices: list[Field], path: Place, events: str
) -> Iterator[Problem]:
    """Yield the problems of the fields of an object, of which events may have several forms."""
    forms = [choice.fields for choice in choices if choice.fields is not None]
    for name, value in pattern.items():
        if name == "$or" and isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, Mapping):
                    place = (*path, name, index)
                    yield from _field_problems(resource, item, choices, place, events)
            continue
        fields = [options[name] for options in forms if name in options]
        if value == [{"exists": False}]:
            continue
        if not fields:
            is_complete = all(choice.is_complete for choice in choices)
            names = sorted({option for options in forms for option in options})
            yield from _unknown_field(name, names, (*path, name), events, is_complete=is_complete)
        elif isinstance(value, Mapping):
            if all(field.fields is not None for field in fields):
                yield from _field_problems(resource, value, fields, (*path, name), events)
        else:
            yield from _value_problems(resource, value, fields, (*path, name), events)


def _unknown_field(
    name: str, names: list[str], path: Place, events: str, *, is_complete: bool
) -> Iterator[Problem]:
    """Report a field; one without a similar name may be newer than our list."""
    plain = {_plain(option): option for option in names}
    near = get_close_matches(_plain(name), plain, n=1, cutoff=0.8) or [
        option
        for option in plain
        if option.startswith(f"{_plain(name)}-") or option.endswith(f"-{_plain(name)}")
    ]
    if near or is_complete:
        remedy = f"Write {plain[near[0]]}." if near else f"Write one of {', '.join(names)}."
        yield Problem(path, f"{events} does not have the field {name!r}", remedy)


def _plain(name: str) -> str:
    return name.replace("_", "-").lower()


def _value_problems(
    resource: Resource, values: Any, fields: list[Field], path: Place, events: str
) -> Iterator[Problem]:
    allowed = sorted({value for field in fields for value in field.values})
    for value in values if isinstance(values, list) else ():
        if all(field.is_name for field in fields):
            if (reason := _not_a_name(resource, value)) is not None:
                yield Problem(
                    path,
                    f"{path[-1]} is the name of a repository, not {reason}",
                    "Write the name: Ref of the repository.",
                )
        elif all(field.values for field in fields) and not may_match([value], allowed):
            text = value if isinstance(value, str) else json.dumps(value)
            near = get_close_matches(text.upper(), allowed, n=1, cutoff=0.7) or allowed
            message = f"no {events} has the {path[-1]} {text!r}"
            yield Problem(path, message, f"Write {' or '.join(near)}.")


def _not_a_name(resource: Resource, value: Any) -> str | None:
    """Return what a value of a pattern is, if it is an ARN or URI of a repository."""
    if isinstance(value, Mapping) and len(value) == 1:
        [(operator, operand)] = value.items()
        value = operand if operator in ("prefix", "equals-ignore-case") else None
    if not isinstance(value, str):
        return None
    target = resource.assembly.referred_to(value)
    if target is not None and target.type == REPOSITORY:
        return {"Arn": "its ARN", "RepositoryUri": "its URI"}.get(_attribute_of(value))
    if value.startswith("arn:"):
        return "its ARN"
    return "its URI" if ".dkr.ecr" in value or ".dkr-ecr" in value else None


def _quoted(names: list[str]) -> str:
    return " or ".join(map(repr, names))
