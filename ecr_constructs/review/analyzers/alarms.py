"""Report CloudWatch alarms on metrics of Amazon ECR that are removed, silenced or raised.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ecr_constructs.cloudformation.resource_types import ALARM
from ecr_constructs.cloudformation.uses import is_about_pulls
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

_WHAT = ("Namespace", "MetricName", "Dimensions", "Metrics")
# The properties that let an alarm wait longer if they are larger.
_PATIENCE = ("Period", "EvaluationPeriods", "DatapointsToAlarm")


def changes(comparison: Comparison) -> Iterator[Change]:
    """Yield the alarms that are weakened or strengthened."""
    for pair in comparison.of_type(ALARM):
        if any(side is not None and is_about_pulls(side) for side in (pair.before, pair.after)):
            yield from regression_changes(
                pair,
                _regressions(pair.before, pair.after, comparison.head),
                _regressions(pair.after, pair.before, comparison.base),
            )


def _actions(alarm: Resource) -> frozenset[str]:
    """Return what an alarm notifies; nothing if its actions are off."""
    if str(alarm.get("ActionsEnabled")).lower() == "false":
        return frozenset()
    actions = alarm.get("AlarmActions")
    listed = actions if isinstance(actions, list) else [actions]
    return frozenset(compact(action) for action in listed if action is not None)


def _regressions(
    before: Resource | None, after: Resource | None, other: TemplateSet
) -> Regressions:
    if before is None or not is_about_pulls(before) or not _actions(before):
        return
    metric = format_value(before.get("MetricName") or "metrics of ECR")
    if after is None:
        # The same alarm can be there under another logical ID.
        same = [alarm for alarm in other.of_type(ALARM) if _watches(alarm) == _watches(before)]
        if not any(_actions(alarm) >= _actions(before) for alarm in same):
            yield Regression(
                f"nobody is notified of {metric}",
                f"it notifies of {metric}",
                ("AlarmActions",),
                codes=("stopped",),
            )
        return
    if gone := sorted(_actions(before) - _actions(after)):
        names = join_names(format_value(name.strip('"')) for name in gone)
        yield Regression(
            f"it no longer notifies {names} of {metric}",
            f"it notifies {names} of {metric}",
            ("AlarmActions", "ActionsEnabled"),
            codes=("target",),
        )
    if _watches(before) != _watches(after):
        yield Regression(
            f"it no longer watches the same {metric}",
            f"it watches other {metric}",
            _WHAT,
            codes=("metric",),
        )
    raised = tuple(name for name in ("Threshold", *_PATIENCE) if _is_raised(before, after, name))
    if raised:
        old, new = (
            join_names(f"{name} {format_value(side.get(name))}" for name in raised)
            for side in (before, after)
        )
        yield Regression(
            f"it notifies of {metric} later: {old} becomes {new}",
            f"it notifies of {metric} earlier: {new} becomes {old}",
            raised,
            codes=("raised", *raised),
        )


def _watches(alarm: Resource) -> tuple[Any, ...]:
    """Return what an alarm watches, to compare."""
    return tuple(compact(alarm.get(name)) for name in _WHAT)


def _is_raised(before: Resource, after: Resource, name: str) -> bool:
    """Tell whether a number is worse than before; one that is known only at deploy time may be."""
    old, new = before.get(name), after.get(name)
    if old == new or None in (old, new):
        return False
    if is_unresolved(old) or is_unresolved(new):
        return True
    is_below = name == "Threshold" and "Less" in str(before.get("ComparisonOperator"))
    try:
        return float(new) < float(old) if is_below else float(new) > float(old)
    except (TypeError, ValueError):
        return True
