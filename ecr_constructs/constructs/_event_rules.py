"""Rules for events about images, and where they stand."""

from typing import TypedDict

from aws_cdk import aws_events as events
from constructs import Construct

from ecr_constructs.model.events import Pattern


class RuleOptions(TypedDict, total=False):
    """What every rule for events takes, each optional.

    Attributes:
        target: What is told, such as ``targets.SqsQueue(queue)``. Default: nothing, until
            ``add_target`` is called on the rule.
        cross_stack_scope: A scope in the target's stack, if that is another one. The rule then
            stands there, and the stack of the repository knows nothing of it: a function or a
            queue admits the rule that calls it, so that a rule in the repository's stack would
            make each stack wait for the other. Default: the repository or registry itself.
        description: What the rule is for. Default: none.
    """

    target: events.IRuleTarget
    cross_stack_scope: Construct
    description: str


def event_rule(
    scope: Construct,
    construct_id: str,
    pattern: Pattern,
    *,
    target: events.IRuleTarget | None = None,
    cross_stack_scope: Construct | None = None,
    description: str | None = None,
) -> events.Rule:
    """Define a rule.

    Args:
        scope: What the events are about.
        construct_id: The rule's id there, or in ``cross_stack_scope``.
        pattern: Which events.
        target: As in `RuleOptions`.
        cross_stack_scope: As in `RuleOptions`.
        description: As in `RuleOptions`.
    """
    return events.Rule(
        scope,
        construct_id,
        cross_stack_scope=cross_stack_scope,
        description=description,
        event_pattern=events.EventPattern(
            source=[pattern.source], detail_type=[pattern.detail_type], detail=pattern.detail
        ),
        targets=[target] if target else None,
    )
