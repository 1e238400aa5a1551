"""Report alerts about images that stop, and those that start.

An alert is an event rule for events of ECR, or of Inspector about images, with targets.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ecr_constructs.cloudformation.resource_types import EVENT_RULE
from ecr_constructs.cloudformation.uses import event_targets, is_about_images, topics_of_events
from ecr_constructs.model.event_pattern import read_pattern
from ecr_constructs.model.json_text import compact
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.review.analyzers.regression import Regression, regression_changes
from ecr_constructs.review.phrases import format_value, join_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.cloudformation.graph import Resource, TemplateSet
    from ecr_constructs.review.analyzers.regression import Regressions
    from ecr_constructs.review.change import Change
    from ecr_constructs.review.comparison import Comparison

SUBSCRIPTION, PERMISSION = "AWS::SNS::Subscription", "AWS::Lambda::Permission"
_DEFAULT_BUS = "default"
_UNNOTIFIED = "nobody is notified of"
# Values by the path of the field: an event matches if each field has one of its values.
_Pattern = Mapping[str, frozenset[str]]


class _Alert(NamedTuple):
    """What an event rule sends where.

    Attributes:
        pattern: The events that it matches.
        targets: The ARNs that it sends them to.
        is_certain: Whether it is definitely enabled.
        bus: The event bus. Events of AWS services arrive at the default one.
    """

    pattern: _Pattern
    targets: frozenset[str]
    is_certain: bool = True
    bus: str = _DEFAULT_BUS

    def covers(self, other: _Alert) -> bool:
        """Tell whether it sends all that another one sends."""
        is_same_bus = self.bus in (other.bus, _DEFAULT_BUS)
        is_wider = self.targets >= other.targets and not _missing(other.pattern, self.pattern)
        return is_same_bus and is_wider


def changes(comparison: Comparison) -> Iterator[Change]:
    """Yield the alerts that are weakened or strengthened."""
    for pair in comparison.of_type(EVENT_RULE):
        if any(
            rule is not None and is_about_images(read_pattern(rule.get("EventPattern")))
            for rule in (pair.before, pair.after)
        ):
            before, after = _alert(pair.before), _alert(pair.after)
            yield from regression_changes(
                pair,
                _regressions(before, after, comparison.head),
                _regressions(after, before, comparison.base),
            )
    for pair in comparison.of_type(SUBSCRIPTION):
        if pair.sides is None:
            yield from regression_changes(
                pair, _unsubscribed(pair.before), _unsubscribed(pair.after)
            )
    for pair in comparison.of_type(PERMISSION):
        if pair.sides is None:
            yield from regression_changes(
                pair,
                _uninvoked(pair.before, comparison.head),
                _uninvoked(pair.after, comparison.base),
            )


def _alert(rule: Resource | None) -> _Alert | None:
    """Return the alert that a rule raises; None if it raises none."""
    pattern = read_pattern(rule.get("EventPattern")) if rule is not None else None
    if rule is None or not is_about_images(pattern):
        return None
    state = rule.get("State")
    targets = frozenset(str(target.get("Arn")) for _, target in rule.mappings("Targets"))
    if str(state) == "DISABLED" or not targets:
        return None
    bus = format_value(rule.get("EventBusName") or _DEFAULT_BUS).rpartition("/")[2]
    return _Alert(dict(_fields(pattern, "")), targets, not is_unresolved(state), bus)


def _fields(pattern: Any, path: str) -> Iterator[tuple[str, frozenset[str]]]:
    if isinstance(pattern, Mapping):
        for name, value in pattern.items():
            yield from _fields(value, f"{path}.{name}".removeprefix("."))
    else:
        values = pattern if isinstance(pattern, list) else [pattern]
        yield path, frozenset(compact(value).strip('"') for value in values)


def _missing(wide: _Pattern, narrow: _Pattern) -> dict[str, list[str]]:
    """Return what the first pattern may match and the second does not, by field."""
    return {
        path: sorted(wide.get(path, frozenset()) - values)
        for path, values in narrow.items()
        if path not in wide or wide[path] - values
    }


def _regressions(before: _Alert | None, after: _Alert | None, other: TemplateSet) -> Regressions:
    if before is None:
        return
    events = _events(before)
    if after is None:
        # The same rule under another logical ID, or another one, can send the same.
        alerts = map(_alert, other.of_type(EVENT_RULE))
        if not any(alert is not None and alert.covers(before) for alert in alerts):
            yield Regression(
                f"{_UNNOTIFIED} {events}",
                f"it sends {events}",
                ("EventPattern", "State", "Targets"),
                codes=("stopped",),
            )
        return
    if before.is_certain and not after.is_certain:
        yield Regression(
            f"{_UNNOTIFIED} {events} if it is disabled, which is known only at deploy time",
            f"it sends {events}",
            ("State",),
            codes=("uncertain",),
        )
    if before.bus == _DEFAULT_BUS != after.bus:
        yield Regression(
            f"{_UNNOTIFIED} {events}, which arrive at the default event bus and not at {after.bus}",
            f"it sends {events}, which arrive at the default event bus",
            ("EventBusName",),
            codes=("bus",),
        )
    if missing := _missing(before.pattern, after.pattern):
        yield Regression(
            f"{_UNNOTIFIED} some {events} ({_in_words(missing)})",
            f"it sends more {events} ({_in_words(missing)})",
            ("EventPattern",),
            codes=("narrowed", *missing),
        )
    if gone := sorted(before.targets - after.targets):
        names = join_names(format_value(target) for target in gone)
        yield Regression(
            f"it no longer sends {events} to {names}",
            f"it sends {events} to {names}",
            ("Targets",),
            codes=("target",),
        )


def _events(alert: _Alert) -> str:
    """Return ``events of type ECR Image Scan``."""
    kinds = sorted(alert.pattern.get("detail-type", ()))
    return f"events of type {join_names(kinds)}" if kinds else "events of ECR"


def _in_words(missing: Mapping[str, list[str]]) -> str:
    return "; ".join(
        f"{path}: {join_names(map(format_value, values)) if values else 'other values'}"
        for path, values in missing.items()
    )


def _unsubscribed(subscription: Resource | None) -> Regressions:
    """Report a subscription to a topic of alerts; its endpoint can be a secret."""
    if subscription is None:
        return
    topic = subscription.assembly.referred_to(subscription.get("TopicArn"))
    if topic is not None and topic in topics_of_events(subscription.assembly):
        protocol = format_value(subscription.get("Protocol"))
        yield Regression(
            f"a subscriber ({protocol}) no longer gets the alerts of topic {topic.id}",
            f"a subscriber ({protocol}) gets the alerts of topic {topic.id}",
            ("Protocol", "TopicArn"),
            codes=("unsubscribed",),
        )


def _uninvoked(permission: Resource | None, other: TemplateSet) -> Regressions:
    """Report the permission to invoke a function with events, unless the other side has one."""
    if permission is None or permission.get("Principal") != "events.amazonaws.com":
        return
    name = permission.get("FunctionName")
    function = permission.assembly.referred_to(name)
    if function is None or function not in [item for _, item in event_targets(function.assembly)]:
        return
    for same in other.of_type(PERMISSION):
        again = other.referred_to(same.get("FunctionName"))
        if again is not None and (again.id, same.get("Principal")) == (
            function.id,
            permission.get("Principal"),
        ):
            return
    yield Regression(
        f"EventBridge may no longer invoke {function.id} with events of ECR",
        f"EventBridge may invoke {function.id} with events of ECR",
        ("FunctionName", "Principal"),
        codes=("uninvoked",),
    )
